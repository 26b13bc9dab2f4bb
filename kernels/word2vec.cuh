/* What the kernels of <wordloom/word2vec.h> share: a call, the text with its windows, the vectors
 * of words, and what is drawn. A warp works on one thing at a time; its lanes own the features. */
#ifndef WL_WORD2VEC_CUH
#define WL_WORD2VEC_CUH

#include "../host/ops/tree_path.h"
#include "../host/ops/word2vec_draws.h"
#include "../host/ops/word2vec_workspace.h"
#include "races.cuh"
#include "rounding.cuh"

template <class T> struct word2vec {
    rows_of<T> input, output;
    ids_of tokens;
    const int64_t *begin, *position;
    const float *lr;
    const wl_alias_column *noise;
    const int32_t *spans, *pieces; /* null: none */
    const int32_t *paths, *nodes;  /* null: none */
    int64_t N, V, R, G, E, D, centres, longest, deepest;
    int64_t window, contexts, negative, samples, sets, units, slots, rows;
    bool cbow, sum, corrected, stochastic;
    uint64_t seed;

    __device__ int32_t token(int64_t i) const
    {
        const int32_t id = ((const int32_t *)tokens.data)[i];
        return id >= 0 && id < V ? id : -1;
    }
    __device__ int64_t end() const { return min(N, begin[0] + centres); }
    __device__ uint64_t place(int64_t i) const { return uint64_t(position[0]) + uint64_t(i); }
    __device__ float rate(int64_t i) const
    {
        return lr[0] + (lr[1] - lr[0]) / float(centres) * float(i - begin[0]);
    }
    /* the factor of a gradient on its way from a mean of n to each of them */
    __device__ float share(int64_t n) const { return corrected ? 1.0f / float(n) : 1.0f; }
};

template <class T>
word2vec<T> word2vec_of(const wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a,
                        uint32_t where)
{
    const wl_word2vec_sizes s = wl_word2vec_sizes_of(a, d->D, sizeof(float));
    return { rows<T>(a->input),
             rows<T>(a->output),
             ids(ctx, a->tokens, d->V, where, true),
             (const int64_t *)a->begin.data,
             (const int64_t *)a->position.data,
             (const float *)a->lr.data,
             (const wl_alias_column *)a->noise.data,
             (const int32_t *)a->spans.data,
             (const int32_t *)a->pieces.data,
             (const int32_t *)a->paths.data,
             (const int32_t *)a->nodes.data,
             d->N,
             d->V,
             d->R,
             d->G,
             d->E,
             d->D,
             a->centres,
             a->longest,
             a->deepest,
             a->window,
             s.contexts,
             s.negative,
             1 + s.negative,
             s.sets,
             s.units,
             s.slots,
             s.rows,
             a->method == WL_CBOW,
             a->context == WL_CONTEXT_SUM,
             a->context == WL_CONTEXT_MEAN_CORRECTED,
             a->rounding == WL_ROUND_STOCHASTIC,
             a->seed };
}

inline bool word2vec_packed(const wl_word2vec_args *a)
{
    return in_packs(a->input) && in_packs(a->output);
}

/* ------------------------------------------------------------------ windows */

/* A centre with its contexts: first..last but for itself. */
struct window {
    int64_t at, first, last;
    int32_t target;       /* the first sample; -1: no centre */
    int32_t samples, yes; /* of a set; how many of them, from the first, are to be told yes */
    const int32_t *nodes; /* the others with hierarchical softmax, else null */

    __device__ int64_t contexts() const { return last - first; }
    __device__ int64_t context(int64_t i) const { return first + i + (first + i >= at); }
};

/* How many words lie between `at` and the sentence's end on the side of `step`, `most` at most:
 * lanes look at 32 tokens at once. */
template <class T>
__device__ int64_t words_beside(const word2vec<T> &c, int64_t at, int64_t step, int64_t most)
{
    for (int64_t n = 0; n < most; n += WARP) {
        const int64_t i = at + step * (n + lane_index() + 1);
        const bool ends = n + lane_index() >= most || i < 0 || i >= c.N || c.token(i) < 0;
        const unsigned found = __ballot_sync(~0u, ends);
        if (found) return n + __ffs(int(found)) - 1;
    }
    return most;
}

/* The nodes on a word's way through the tree, in the place of samples. */
template <class T> __device__ void walk_path(const word2vec<T> &c, int32_t word, window *w)
{
    const wl_tree_path path = wl_tree_path_of(c.paths, c.nodes, word, c.E, c.deepest, c.V);
    w->target = path.length > 0 ? path.node[0] : -1;
    w->samples = path.length;
    w->yes = path.left;
    w->nodes = path.node + 1;
}

template <class T> __device__ window window_of(const word2vec<T> &c, int64_t at)
{
    window w = { at, at, at, c.token(at), int32_t(c.samples), 1, nullptr };
    if (lane_index() == 0) c.tokens.check(at);
    if (w.target < 0) return w;
    const int64_t reach = wl_word2vec_reach(c.seed, c.place(at), c.window);
    w.first = at - words_beside(c, at, -1, reach);
    w.last = at + words_beside(c, at, 1, reach);
    if (c.paths) walk_path(c, w.target, &w);
    return w;
}

/* drawn [sets,negative]: lanes draw two each, or copy the way to the centre */
template <class T>
__device__ void list_samples(const word2vec<T> &c, const window &w, int32_t *drawn)
{
    if (w.nodes) {
        for (int64_t i = lane_index(); i < w.samples - 1; i += WARP) drawn[i] = w.nodes[i];
        __syncwarp();
        return;
    }
    const int64_t K = c.negative, pairs = (K + 1) / 2;
    const int64_t sets = c.sets == 1 ? 1 : w.contexts();
    for (int64_t i = lane_index(); i < sets * pairs; i += WARP) {
        const wl_random r = wl_word2vec_negatives_draw(c.seed, c.place(w.at), uint32_t(i));
        int32_t *to = drawn + i / pairs * K + i % pairs * 2;
        to[0] = wl_word2vec_negative(c.noise, c.V, r.word[0], r.word[1], w.target);
        if (i % pairs * 2 + 1 < K)
            to[1] = wl_word2vec_negative(c.noise, c.V, r.word[2], r.word[3], w.target);
    }
    __syncwarp();
}

/* ------------------------------------------------------------------ vectors of words */

/* The rows of a word: its own, then those of its pieces. */
struct word_rows {
    const int32_t *pieces;
    int64_t word, n, R;

    __device__ int64_t at(int64_t i) const /* -1: none */
    {
        if (i == 0) return word;
        return pieces[i - 1] >= 0 && pieces[i - 1] < R ? pieces[i - 1] : -1;
    }
};

template <class T> __device__ word_rows rows_of_word(const word2vec<T> &c, int64_t id)
{
    if (!c.spans) return { nullptr, id, 1, c.R };
    const int32_t first = c.spans[2 * id], n = c.spans[2 * id + 1];
    const bool good = first >= 0 && n >= 0 && n <= c.longest && n <= c.G - first;
    return { c.pieces + (good ? first : 0), id, 1 + int64_t(good ? n : 0), c.R };
}

/* to = W features of the vector of a word: the mean of its rows */
template <int W, class T>
__device__ void load_word(float (&to)[W], const word2vec<T> &c, int64_t id, int64_t feature)
{
    const word_rows r = rows_of_word(c, id);
    if (r.n == 1) {
        race_load<W>(to, c.input.at(id, feature));
        return;
    }
    for (int j = 0; j < W; j++) to[j] = 0;
    for (int64_t i = 0; i < r.n; i++) {
        float x[W];
        if (r.at(i) < 0) continue;
        race_load<W>(x, c.input.at(r.at(i), feature));
        for (int j = 0; j < W; j++) to[j] += x[j] / float(r.n);
    }
}

/* to = W features of CBOW's input: the mean, or the sum, of the contexts' vectors, which `load`
 * gives by their number */
template <int W, class T, class F>
__device__ void load_window(float (&to)[W], const word2vec<T> &c, const window &w, F load)
{
    const float weight = c.sum ? 1.0f : 1.0f / float(w.contexts());
    for (int j = 0; j < W; j++) to[j] = 0;
#pragma unroll 4
    for (int64_t i = 0; i < w.contexts(); i++) {
        float x[W];
        load(x, i);
        for (int j = 0; j < W; j++) to[j] += weight * x[j];
    }
}

/* Stores W features, 16 bits rounded by what they and `step` draw. */
template <int W, class T>
__device__ void store_rounded(T *to, const float (&x)[W], bool stochastic, int64_t element,
                              uint64_t seed, uint32_t step)
{
    if (stochastic)
        store_pack_stochastic<W>(to, x, uint64_t(element), seed, step);
    else
        store_pack<W>(to, x);
}

/* ------------------------------------------------------------------ what a call adds up */

/* What each worker, or each centre of a batch, has. */
struct tallies {
    double *loss;
    int64_t *pairs, *skipped;
};

/* Writes the sums over n of them, or adds them. */
wl_status add_tallies(wl_ctx *ctx, const wl_word2vec_args *a, const tallies &t, int64_t n,
                      bool more);

#endif
