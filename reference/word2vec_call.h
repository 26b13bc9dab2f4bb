/* What a call of <wordloom/word2vec.h> works on: its text with the windows and what is drawn for
 * them, and the rows of words. */
#ifndef WL_REF_WORD2VEC_CALL_H
#define WL_REF_WORD2VEC_CALL_H

#include "../host/ops/tree_path.h"
#include "../host/ops/word2vec_draws.h"
#include "../host/ops/word2vec_workspace.h"
#include "ref.h"

/* ------------------------------------------------------------------ a call and its centres */

/* A call, with what does not change during it at hand. */
typedef struct call {
    wl_ctx *ctx;
    const wl_word2vec_args *a;
    const wl_dims *d;
    wl_word2vec_sizes s;
    const int32_t *tokens;
    const wl_alias_column *noise;
    int64_t begin, end; /* the centres */
    uint64_t position;
    real lr, slope; /* of the first centre; and a centre */
    bool direct;    /* rows are REAL: read and, in hogwild, added to where they are */
    bool own_rows;  /* a word's vector is its row: no pieces */
    uint32_t where; /* of tokens that are no ids */
} call;

static call call_of(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a, uint32_t where)
{
    const int64_t begin = *(const int64_t *)a->begin.data;
    const real *lr = a->lr.data;
    return (call){
        .ctx = ctx,
        .a = a,
        .d = d,
        .s = wl_word2vec_sizes_of(a, d->D, sizeof(real)),
        .tokens = a->tokens.data,
        .noise = a->noise.data,
        .begin = begin,
        .end = least(d->N, begin + a->centres),
        .position = *(const uint64_t *)a->position.data,
        .lr = lr[0],
        .slope = a->centres ? (lr[1] - lr[0]) / (real)a->centres : 0,
        .direct = a->input.dtype == REAL_DTYPE,
        .own_rows = !wl_present(&a->spans),
        .where = where,
    };
}

/* A centre and what was drawn for it. */
typedef struct centre {
    int64_t at, first, last; /* its place; its contexts are first..last but for itself */
    int32_t target;          /* the first sample; -1: no centre */
    int64_t samples, yes;    /* of a set; how many of them, from the first, are to be told yes */
    int32_t *drawn;          /* [sets,negative]: the others */
} centre;

static int32_t token_at(const call *c, int64_t i)
{
    const int32_t id = c->tokens[i];
    return id >= 0 && id < c->d->V ? id : -1;
}

/* How many words lie between `at` and the sentence's end on the side of `step`, `most` at most. */
static int64_t words_beside(const call *c, int64_t at, int64_t step, int64_t most)
{
    int64_t n = 0;
    for (int64_t i = at + step; n < most && i >= 0 && i < c->d->N; i += step, n++)
        if (token_at(c, i) < 0) break;
    return n;
}

/* Some of a centre's draws at once, so that they are made in vectors: numbers first..first+n-1. */
enum { DRAWS = 32 };
static void draw_some(const call *c, uint64_t place, int64_t first, int n, uint32_t (*words)[DRAWS])
{
#pragma omp simd
    for (int i = 0; i < n; i++) {
        const wl_random r = wl_word2vec_negatives_draw(c->a->seed, place, (uint32_t)(first + i));
        words[0][i] = r.word[0];
        words[1][i] = r.word[1];
        words[2][i] = r.word[2];
        words[3][i] = r.word[3];
    }
}

static void draw_negatives(const call *c, centre *to)
{
    const int64_t K = c->s.negative, pairs = (K + 1) / 2;
    const uint64_t place = c->position + (uint64_t)to->at;
    const int64_t sets = c->s.sets == 1 ? 1 : to->last - to->first, all = sets * pairs;
    int64_t set = 0, pair = 0;
    for (int64_t first = 0; first < all; first += DRAWS) {
        uint32_t words[4][DRAWS];
        const int n = (int)least(DRAWS, all - first);
        draw_some(c, place, first, n, words);
        for (int i = 0; i < n; i++) {
            int32_t *drawn = to->drawn + set * K + 2 * pair;
            drawn[0] =
                wl_word2vec_negative(c->noise, c->d->V, words[0][i], words[1][i], to->target);
            if (2 * pair + 1 < K)
                drawn[1] =
                    wl_word2vec_negative(c->noise, c->d->V, words[2][i], words[3][i], to->target);
            if (++pair == pairs) pair = 0, set++;
        }
    }
}

/* The samples of hierarchical softmax. */
static void follow_path(const call *c, centre *to)
{
    const wl_tree_path path = wl_tree_path_of(c->a->paths.data, c->a->nodes.data, to->target,
                                              c->d->E, c->a->deepest, c->d->V);
    to->target = path.length > 0 ? path.node[0] : -1;
    to->samples = path.length;
    to->yes = path.left;
    for (int64_t i = 1; i < path.length; i++) to->drawn[i - 1] = path.node[i];
}

static centre centre_of(const call *c, int64_t at, int32_t *drawn)
{
    centre out = { .at = at, .target = -1, .samples = 1 + c->s.negative, .yes = 1, .drawn = drawn };
    if (at >= c->end) return out;
    out.target = (int32_t)checked_id(c->ctx, c->where, &c->a->tokens, at, c->d->V, true);
    if (out.target < 0) return out;
    const int64_t reach = wl_word2vec_reach(c->a->seed, c->position + (uint64_t)at, c->s.window);
    out.first = at - words_beside(c, at, -1, reach);
    out.last = at + words_beside(c, at, 1, reach);
    if (wl_present(&c->a->paths))
        follow_path(c, &out);
    else
        draw_negatives(c, &out);
    return out;
}

static int64_t contexts_of(const centre *m) { return m->last - m->first; }
static int64_t context_at(const centre *m, int64_t i)
{
    return m->first + i + (m->first + i >= m->at);
}

static void prefetch_set(const call *c, const centre *m, int64_t set)
{
    const int32_t *drawn = m->drawn + set * c->s.negative;
    for (int64_t k = 0; k < m->samples - 1; k++)
        if (drawn[k] >= 0) prefetch(row_of(&c->a->output, drawn[k], 0), c->d->D);
}

/* What a centre reads, but for its negatives a pair: the target, the word that is new in its
 * window. */
static void prefetch_centre(const call *c, const centre *m)
{
    if (m->target < 0) return;
    prefetch(row_of(&c->a->output, m->target, 0), c->d->D);
    if (c->s.sets == 1) prefetch_set(c, m, 0);
    if (m->last > m->at) prefetch(row_of(&c->a->input, token_at(c, m->last), 0), c->d->D);
}

/* ------------------------------------------------------------------ words and their rows */

/* The pieces of a word. */
static int64_t pieces_of(const call *c, int64_t id, const int32_t **pieces)
{
    *pieces = NULL;
    if (c->own_rows) return 0;
    const int32_t *span = (const int32_t *)c->a->spans.data + 2 * id;
    const bool good =
        span[0] >= 0 && span[1] >= 0 && span[1] <= c->a->longest && span[1] <= c->d->G - span[0];
    *pieces = (const int32_t *)c->a->pieces.data + (good ? span[0] : 0);
    return good ? span[1] : 0;
}

/* Row number i of a word in the input table: its own first; -1: none. */
static int64_t input_row(const call *c, int64_t id, const int32_t *pieces, int64_t i)
{
    if (i == 0) return id;
    return pieces[i - 1] >= 0 && pieces[i - 1] < c->d->R ? pieces[i - 1] : -1;
}

/* to = the vector of a word: the mean of its rows */
static void word_vector(const call *c, int64_t id, real *to)
{
    const int32_t *pieces;
    const int64_t n = 1 + pieces_of(c, id, &pieces), D = c->d->D;
    if (n == 1) {
        load_row(to, row_of(&c->a->input, id, 0), D);
        return;
    }
    memset(to, 0, (size_t)D * sizeof *to);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = input_row(c, id, pieces, nth(i, n));
        if (row >= 0) add(to, 1 / (real)n, row_of(&c->a->input, row, 0), D);
    }
}

/* The factor of a gradient on its way from a mean of n to each of them. */
static real share(const call *c, int64_t n)
{
    return c->a->context == WL_CONTEXT_MEAN_CORRECTED ? 1 / (real)n : 1;
}

/* Features from..from+n-1 of a row += factor gradient, rounded by what they and `step` draw. */
static void add_block(const call *c, const wl_tensor *table, int64_t index, int64_t from, int64_t n,
                      const real *gradient, real factor, uint32_t step)
{
    const uint64_t seed = table == &c->a->input ? c->a->seed : ~c->a->seed;
    const row at = row_of(table, index, from);
    real p[BLOCK];
    load_row(p, at, n);
    for (int64_t i = 0; i < n; i++) p[i] += factor * gradient[i];
    if (c->a->rounding == WL_ROUND_STOCHASTIC)
        store_row_stochastic(at, p, n, (uint64_t)(index * c->d->D + from), seed, step);
    else
        store_row(at, p, n);
}

static void add_to_row(const call *c, const wl_tensor *table, int64_t index, const real *gradient,
                       real factor, uint32_t step)
{
    const int64_t D = c->d->D;
    if (c->direct) {
        add(row_of(table, index, 0).data, factor, (row){ (real *)gradient, REAL_DTYPE }, D);
        return;
    }
    for (int64_t k = 0; k < D; k += BLOCK)
        add_block(c, table, index, k, least(BLOCK, D - k), gradient + k, factor, step);
}

static void add_to_word(const call *c, int64_t id, const real *gradient, real factor, uint32_t step)
{
    const int32_t *pieces;
    const int64_t n = 1 + pieces_of(c, id, &pieces);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = input_row(c, id, pieces, i);
        if (row >= 0) add_to_row(c, &c->a->input, row, gradient, factor * share(c, n), step);
    }
}

#endif
