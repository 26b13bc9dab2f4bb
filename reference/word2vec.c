/* Reference of <wordloom/word2vec.h>. */
#include "../host/ops/word2vec_draws.h"
#include "grouping.h"
#include "word2vec_unit.h"

/* ------------------------------------------------------------------ subsampling */

wl_status WL_REF(word2vec_subsample)(wl_ctx *ctx, const wl_dims *d,
                                     const wl_word2vec_subsample_args *a)
{
    const uint64_t position = *(const uint64_t *)a->position.data;
    const uint32_t *keep = a->keep.data;
    int32_t *kept = a->kept.data;
    int64_t count = 0;
    wl_random drawn = { { 0 } };
    for (int64_t i = 0; i < d->N; i++) {
        const uint64_t place = position + (uint64_t)i;
        const int64_t id =
            checked_id(ctx, WL_ID_ROW(word2vec_subsample, tokens), &a->tokens, i, d->V, true);
        if (i == 0 || place % 4 == 0) drawn = wl_word2vec_survival_draw(a->seed, place);
        if (id < 0 || wl_word2vec_survives(drawn, place, keep[id])) kept[count++] = (int32_t)id;
    }
    *(int64_t *)a->count.data = count;
    return WL_OK;
}

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
    int32_t target;          /* -1: no centre */
    int32_t *drawn;          /* [sets,negative] */
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

static centre centre_of(const call *c, int64_t at, int32_t *drawn)
{
    centre out = { .at = at, .target = -1, .drawn = drawn };
    if (at >= c->end) return out;
    out.target = (int32_t)checked_id(c->ctx, c->where, &c->a->tokens, at, c->d->V, true);
    if (out.target < 0) return out;
    const int64_t reach = wl_word2vec_reach(c->a->seed, c->position + (uint64_t)at, c->s.window);
    out.first = at - words_beside(c, at, -1, reach);
    out.last = at + words_beside(c, at, 1, reach);
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
    for (int64_t k = 0; k < c->s.negative; k++)
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

/* ------------------------------------------------------------------ units */

/* What works through neighbouring centres. In sync it reads and adds to buffers: x and dx of the
 * tokens from `first` on, dout of the centre's slots, and the rows that these are meant for. */
typedef struct run {
    const call *c;
    wl_word2vec_scratch at;
    unit u;
    loss_sum loss;
    int64_t pairs, skipped;
    bool sync;
    int64_t first;
    real *x, *dx, *dout;
    int32_t *input_rows, *input_counts, *output_rows, *output_counts;
} run;

static run run_of(const call *c, char *memory)
{
    run r = { .c = c, .loss = { 0, 0, 1 } };
    wl_word2vec_carve(&r.at, memory, &c->s);
    r.u = (unit){ .D = c->d->D,
                  .x = (real **)r.at.x_at,
                  .dx = (real **)r.at.dx_at,
                  .o = (real **)r.at.o_at,
                  .dout = (real **)r.at.dout_at,
                  .g = r.at.g,
                  .quads = r.at.quads };
    memset(r.at.spare, 0, (size_t)c->d->D * sizeof(real));
    return r;
}

static real *nth_row(void *rows, int64_t i, int64_t D) { return (real *)rows + i * D; }

static real *cleared(void *rows, int64_t i, int64_t D)
{
    return memset(nth_row(rows, i, D), 0, (size_t)D * sizeof(real));
}

/* Rows may be read and added to in place. */
static bool in_place(const run *r)
{
    return r->c->direct && !r->sync && one_tile(r->u.inputs, r->u.padded);
}

/* Input i of the unit is the word at a place. */
static void bind_input(run *r, int64_t i, int64_t place)
{
    const call *c = r->c;
    const int64_t D = c->d->D, id = token_at(c, place);
    const bool direct = c->direct && c->own_rows;
    real *row = row_of(&c->a->input, id, 0).data;
    if (r->sync) {
        r->u.x[i] = direct ? row : nth_row(r->x, place - r->first, D);
        r->u.dx[i] = nth_row(r->dx, place - r->first, D);
        return;
    }
    const bool here = direct && in_place(r);
    r->u.x[i] = here ? row : nth_row(r->at.x, i, D);
    if (!here) word_vector(c, id, r->u.x[i]);
    r->u.dx[i] = direct ? row : cleared(r->at.dx, i, D);
}

/* Sample j of the unit is a word, or -1; in sync its gradient goes to a slot. */
static void bind_sample(run *r, int64_t j, int32_t id, int64_t slot)
{
    const call *c = r->c;
    const int64_t D = c->d->D;
    if (id < 0) {
        r->u.o[j] = r->u.o[0];
        r->u.dout[j] = r->at.spare;
        return;
    }
    const row at = row_of(&c->a->output, id, 0);
    const bool here = c->direct && (r->sync || in_place(r));
    r->u.o[j] = here ? at.data : nth_row(r->at.o, j, D);
    if (!here) load_row(r->u.o[j], at, D);
    r->u.dout[j] = r->sync     ? nth_row(r->dout, slot, D)
                   : c->direct ? at.data
                               : cleared(r->at.dout, j, D);
}

/* The target and a set of negatives. */
static void bind_samples(run *r, const centre *m, int64_t set)
{
    const int64_t K = r->c->s.negative;
    const int32_t *drawn = m->drawn + set * K;
    bind_sample(r, 0, m->target, 0);
    for (int64_t k = 0; k < K; k++) bind_sample(r, 1 + k, drawn[k], 1 + set * K + k);
    for (int64_t j = 1 + K; j < r->u.padded; j++) bind_sample(r, j, -1, 0);
}

static uint32_t step_of(const run *r, const centre *m, int64_t set)
{
    return wl_word2vec_rounding_step(r->c->position + (uint64_t)m->at, r->c->s.sets, set);
}

static void store_samples(const run *r, const centre *m, int64_t set)
{
    const call *c = r->c;
    if (c->direct) return;
    for (int64_t j = 0; j < r->u.samples; j++) {
        const int32_t id = j ? m->drawn[set * c->s.negative + j - 1] : m->target;
        if (id >= 0) add_to_row(c, &c->a->output, id, r->u.dout[j], 1, step_of(r, m, set));
    }
}

/* In sync, contexts first..first + n - 1 and a set of samples have gradients meant for their rows.
 */
static void count_rows(run *r, const centre *m, int64_t first, int64_t n, int64_t set)
{
    const int64_t rows = r->c->s.rows, K = r->c->s.negative;
    for (int64_t i = first; i < first + n; i++) {
        const int64_t place = context_at(m, i), id = token_at(r->c, place), at = place - r->first;
        const int32_t *pieces;
        if (r->input_counts[at]++) continue;
        const int64_t some = 1 + pieces_of(r->c, id, &pieces);
        for (int64_t k = 0; k < some; k++)
            r->input_rows[at * rows + k] = (int32_t)input_row(r->c, id, pieces, k);
    }
    for (int64_t j = 0; j < r->u.samples; j++) {
        const int64_t slot = j ? set * K + j : 0;
        r->output_rows[slot] = j ? m->drawn[slot - 1] : m->target;
        r->output_counts[slot] += (int32_t)r->u.inputs;
    }
}

/* Runs the unit of contexts first..first + n - 1 and a set of samples; false: nothing came of it.
 */
static bool run_unit(run *r, const centre *m, int64_t first, int64_t n, int64_t set, real lr)
{
    if (compute(&r->u, lr, m->drawn + set * r->c->s.negative, &r->loss)) {
        r->pairs += r->u.inputs;
        if (r->sync)
            count_rows(r, m, first, n, set);
        else
            store_samples(r, m, set);
        return true;
    }
    r->skipped++;
    return false;
}

/* Contexts first..first + inputs - 1 of a centre with one set of negatives. */
static void skipgram_unit(run *r, const centre *m, int64_t first, int64_t inputs, int64_t set,
                          real lr)
{
    const call *c = r->c;
    r->u.inputs = inputs;
    for (int64_t i = 0; i < inputs; i++) bind_input(r, i, context_at(m, first + i));
    bind_samples(r, m, set);
    if (!run_unit(r, m, first, inputs, set, lr) || r->sync || (c->direct && c->own_rows)) return;
    for (int64_t i = 0; i < inputs; i++)
        add_to_word(c, token_at(c, context_at(m, first + i)), r->u.dx[i], 1, step_of(r, m, set));
}

/* Lists in x_at where the contexts' vectors are read, and in dx_at, where that is memory to add to,
 * where their gradients go. */
static void list_contexts(run *r, const centre *m)
{
    const call *c = r->c;
    const int64_t D = c->d->D, n = contexts_of(m);
    const bool direct = c->direct && c->own_rows;
    for (int64_t i = 0; i < n; i++) {
        const int64_t place = context_at(m, i), id = token_at(c, place), at = place - r->first;
        r->u.x[i] = direct    ? row_of(&c->a->input, id, 0).data
                    : r->sync ? nth_row(r->x, at, D)
                              : nth_row(r->at.x, i, D);
        if (!direct && !r->sync) word_vector(c, id, r->u.x[i]);
        r->u.dx[i] = r->sync ? nth_row(r->dx, at, D) : r->u.x[i];
    }
}

/* The unit's one input is the mean, or the sum, of the contexts. */
static void cbow_unit(run *r, const centre *m, real lr)
{
    const call *c = r->c;
    const int64_t D = c->d->D, n = contexts_of(m);
    const bool listed = r->sync || (c->direct && c->own_rows);
    real *x = memset(r->at.mean, 0, (size_t)D * sizeof *x);
    real *dx = memset(r->at.dmean, 0, (size_t)D * sizeof *dx);
    list_contexts(r, m);
    add_sum(x, c->a->context == WL_CONTEXT_SUM ? 1 : 1 / (real)n, r->u.x, n, D);
    unit whole = r->u;
    r->u.inputs = 1;
    r->u.x = &x;
    r->u.dx = &dx;
    bind_samples(r, m, 0);
    const bool good = run_unit(r, m, 0, n, 0, lr);
    r->u.x = whole.x;
    r->u.dx = whole.dx;
    if (!good) return;
    if (listed) add_to_each(r->u.dx, n, share(c, n), dx, D);
    for (int64_t i = 0; !listed && i < n; i++)
        add_to_word(c, token_at(c, context_at(m, i)), dx, share(c, n), step_of(r, m, 0));
}

/* A unit a context. Meanwhile as many sets of the next centre's negatives are fetched. */
static void pair_units(run *r, const centre *m, const centre *next, real lr)
{
    const int64_t n = contexts_of(m), sets = next->target < 0 ? 0 : contexts_of(next);
    for (int64_t i = 0; i < n; i++) {
        if (i < sets) prefetch_set(r->c, next, i);
        skipgram_unit(r, m, i, 1, i, lr);
    }
    for (int64_t i = n; i < sets; i++) prefetch_set(r->c, next, i);
}

static void train_centre(run *r, const centre *m, const centre *next, real lr)
{
    const int64_t n = contexts_of(m);
    r->u.samples = 1 + r->c->s.negative;
    r->u.padded = r->c->s.samples;
    if (m->target < 0 || n == 0) return;
    if (r->c->a->method == WL_CBOW)
        cbow_unit(r, m, lr);
    else if (r->c->s.sets == 1)
        skipgram_unit(r, m, 0, n, 0, lr);
    else
        pair_units(r, m, next, lr);
}

static void write_tallies(const call *c, const wl_word2vec_tally *tally, int64_t n, bool more)
{
    wide loss = 0;
    int64_t pairs = more ? *(int64_t *)c->a->pairs.data : 0;
    int64_t skipped = more ? *(int64_t *)c->a->skipped.data : 0;
    for (int64_t i = 0; i < n; i++) {
        loss += (wide)tally[nth(i, n)].loss;
        pairs += tally[i].pairs;
        skipped += tally[i].skipped;
    }
    *(int64_t *)c->a->pairs.data = pairs;
    *(int64_t *)c->a->skipped.data = skipped;
    if (!wl_present(&c->a->loss)) return;
    real *out = c->a->loss.data;
    *out = (real)(loss + (more ? (wide)*out : 0));
}

/* In sync the slots of a centre's gradients are next to those of the centre before. */
static void next_slots(run *r, bool first)
{
    const int64_t slots = r->c->s.slots, D = r->c->d->D;
    if (!first) {
        r->dout += slots * D;
        r->output_rows += slots;
        r->output_counts += slots;
    }
    r->u.fresh = r->c->s.sets == 1;
    if (!r->u.fresh) memset(r->dout, 0, (size_t)(slots * D) * sizeof(real));
}

/* ------------------------------------------------------------------ hogwild */

/* Trains on centres from..to-1, planning and fetching one ahead. */
static wl_word2vec_tally train_centres(run *r, int64_t from, int64_t to, real lr, real slope)
{
    centre next = centre_of(r->c, from, r->at.drawn[0]);
    for (int64_t i = from; i < to; i++) {
        const centre now = next;
        next = centre_of(r->c, i + 1 < to ? i + 1 : r->c->end, r->at.drawn[(i + 1 - from) % 2]);
        prefetch_centre(r->c, &next);
        if (r->sync) next_slots(r, i == from);
        train_centre(r, &now, &next, lr + slope * (real)(i - r->c->begin));
    }
    return (wl_word2vec_tally){ (double)loss_of(&r->loss), r->pairs, r->skipped };
}

/* One run of centres: here threads race, on the rows of the tables and on nothing else. */
__attribute__((no_sanitize("thread"))) static wl_word2vec_tally race(const call *c, int64_t from,
                                                                     int64_t to, char *memory)
{
    run r = run_of(c, memory);
    return train_centres(&r, from, to, c->lr, c->slope);
}

wl_status WL_REF(word2vec_hogwild)(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a)
{
    const call c = call_of(ctx, d, a, WL_ID_ROW(word2vec_hogwild, tokens));
    const int64_t n = c.end > c.begin ? c.end - c.begin : 0, workers = a->workers;
    wl_word2vec_hogwild_space space;
    wl_word2vec_hogwild_carve(&space, ctx->workspace, &c.s, workers);
#pragma omp parallel for schedule(static, 1) if (workers > 1)
    for (int64_t w = 0; w < workers; w++)
        space.tally[w] = race(&c, c.begin + n * w / workers, c.begin + n * (w + 1) / workers,
                              space.scratch + (size_t)w * space.scratch_bytes);
    write_tallies(&c, space.tally, workers, false);
    return WL_OK;
}

/* ------------------------------------------------------------------ sync */

enum { PART = WL_WORD2VEC_PART };

/* The vectors of the tokens around a part, where they are not rows of the table as it is. */
static void part_vectors(const run *r, int64_t reach)
{
    const call *c = r->c;
    if (c->direct && c->own_rows) return;
    for (int64_t i = 0; i < reach; i++) {
        const int64_t place = r->first + i;
        const int32_t id = place >= 0 && place < c->d->N ? token_at(c, place) : -1;
        if (id >= 0) word_vector(c, id, nth_row(r->x, i, c->d->D));
    }
}

/* A mean's gradient goes to the pieces of a word whole, unless it is to be corrected. */
static void correct_gradients(const run *r, int64_t reach)
{
    const call *c = r->c;
    if (c->own_rows || c->a->context != WL_CONTEXT_MEAN_CORRECTED) return;
    for (int64_t i = 0; i < reach; i++) {
        const int32_t *pieces, id = r->input_rows[i * c->s.rows];
        real *dx = nth_row(r->dx, i, c->d->D);
        const real part = id < 0 ? 0 : share(c, 1 + pieces_of(c, id, &pieces));
        for (int64_t k = 0; k < c->d->D; k++) dx[k] *= part;
    }
}

/* Part number `p` of the batch from..to-1: its gradients, and the rows that they are meant for. */
static void compute_part(const call *c, const wl_word2vec_sync_space *space, int64_t p,
                         int64_t from, int64_t to, real lr)
{
    const int64_t D = c->d->D, begin = from + p * PART, slots = c->s.slots;
    const int64_t reach = space->reach;
    run r = run_of(c, space->scratch + (size_t)p * space->scratch_bytes);
    r.sync = true;
    r.first = begin - c->s.window;
    r.x = nth_row(space->x, p * reach, D);
    r.dx = nth_row(space->dx, p * reach, D);
    r.dout = nth_row(space->dout, p * PART * slots, D);
    r.input_rows = space->input_rows + p * reach * c->s.rows;
    r.input_counts = space->input_counts + p * reach;
    r.output_rows = space->output_rows + p * PART * slots;
    r.output_counts = space->output_counts + p * PART * slots;
    memset(r.dx, 0, (size_t)(reach * D) * sizeof(real));
    memset(r.input_rows, 0xff, (size_t)(reach * c->s.rows) * sizeof(int32_t));
    memset(r.output_rows, 0xff, (size_t)(PART * slots) * sizeof(int32_t));
    memset(r.input_counts, 0, (size_t)reach * sizeof(int32_t));
    memset(r.output_counts, 0, (size_t)(PART * slots) * sizeof(int32_t));
    part_vectors(&r, reach);
    space->tally[p] = train_centres(&r, begin, least(to, begin + PART), lr, 0);
    correct_gradients(&r, reach);
}

/* One table's side of a batch: gradients, each of so many updates and meant for `share` slots; and
 * the slots ordered by row. */
typedef struct side {
    const wl_tensor *table;
    real *gradients;
    const int32_t *counts;
    int64_t share;
    double cap;
    grouping by;
} side;

static side output_side(const call *c, const wl_word2vec_sync_space *space, int64_t parts)
{
    const int64_t slots = parts * PART * c->s.slots;
    const wl_tensor ids = { space->output_rows, WL_I32, 1, { slots }, { 0 } };
    return (side){ &c->a->output,
                   space->dout,
                   space->output_counts,
                   1,
                   2 * c->a->cap,
                   WL_REF(group)(c->ctx, c->where, &ids, slots, c->d->V, space->output_grouping) };
}

static side input_side(const call *c, const wl_word2vec_sync_space *space, int64_t parts)
{
    const int64_t slots = parts * space->reach * c->s.rows;
    const wl_tensor ids = { space->input_rows, WL_I32, 1, { slots }, { 0 } };
    return (side){ &c->a->input,
                   space->dx,
                   space->input_counts,
                   c->s.rows,
                   c->a->cap,
                   WL_REF(group)(c->ctx, c->where, &ids, slots, c->d->R, space->input_grouping) };
}

/* The factor that keeps a row's updates to the cap. */
static real capped(const side *s, int64_t group)
{
    int64_t n = 0;
    for (int64_t i = s->by.start[group]; i < s->by.start[group + 1]; i++)
        n += s->counts[s->by.slot[i] / s->share];
    return s->cap > 0 && (double)n > s->cap ? (real)(s->cap / (double)n) : 1;
}

/* to += scale (the sum over a group's slots, from some feature on) */
static void add_slots(const side *s, int64_t group, int64_t feature, int64_t width, int64_t D,
                      real scale, real *to)
{
    enum { SOME = 32 };
    const int64_t from = s->by.start[group], n = s->by.start[group + 1] - from;
    for (int64_t first = 0; first < n; first += SOME) {
        real *rows[SOME];
        const int64_t some = least(SOME, n - first);
        for (int64_t i = 0; i < some; i++) {
            const int64_t slot = s->by.slot[from + nth(first + i, n)];
            rows[i] = nth_row(s->gradients, slot / s->share, D) + feature;
        }
        add_sum(to, scale, rows, some, width);
    }
}

/* table[row] += the capped sum over the slots of one group */
static void apply_group(const call *c, const side *s, int64_t group, uint32_t step)
{
    const int64_t D = c->d->D, index = (int64_t)s->by.row[s->by.start[group]];
    const real scale = capped(s, group);
    if (c->direct) {
        add_slots(s, group, 0, D, D, scale, row_of(s->table, index, 0).data);
        return;
    }
    for (int64_t k = 0; k < D; k += BLOCK) {
        real sum[BLOCK] = { 0 };
        add_slots(s, group, k, least(BLOCK, D - k), D, scale, sum);
        add_block(c, s->table, index, k, least(BLOCK, D - k), sum, 1, step);
    }
}

/* The centres from..to-1 as one batch; every thread of a team calls it. */
static void train_batch(const call *c, const wl_word2vec_sync_space *space, side sides[2],
                        int64_t from, int64_t to)
{
    const real lr = c->lr + c->slope * (real)(from - c->begin);
    const uint32_t step = (uint32_t)(c->position + (uint64_t)from);
    const int64_t parts = (to - from + PART - 1) / PART;
#pragma omp for schedule(static, 1)
    for (int64_t p = 0; p < parts; p++) compute_part(c, space, p, from, to, lr);
#pragma omp single nowait
    sides[0] = output_side(c, space, parts);
#pragma omp single
    {
        sides[1] = input_side(c, space, parts);
        write_tallies(c, space->tally, parts, true);
    }
#pragma omp for schedule(dynamic, 16) nowait
    for (int64_t i = 0; i < sides[0].by.groups; i++) apply_group(c, &sides[0], i, step);
#pragma omp for schedule(dynamic, 16)
    for (int64_t i = 0; i < sides[1].by.groups; i++) apply_group(c, &sides[1], i, step);
}

wl_status WL_REF(word2vec_sync)(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a)
{
    const call c = call_of(ctx, d, a, WL_ID_ROW(word2vec_sync, tokens));
    wl_word2vec_sync_space space;
    side sides[2];
    wl_word2vec_sync_carve(&space, ctx->workspace, &c.s, a->batch, ctx->backend->grouping_bytes);
    write_tallies(&c, NULL, 0, false);
#pragma omp parallel if (a->batch > PART)
    for (int64_t from = c.begin; from < c.end; from += a->batch)
        train_batch(&c, &space, sides, from, least(c.end, from + a->batch));
    return WL_OK;
}
