/* Rows of contexts that a worker of hogwild keeps where tables have 16 bits: what is added to them
 * waits in f32, and is rounded when no token of their word can be a context any more. */
#ifndef WL_WORD2VEC_KEPT_CUH
#define WL_WORD2VEC_KEPT_CUH

#include "word2vec.cuh"

/* A worker's part of the workspace. Lane 0 writes the integers, each lane its features. */
struct kept_rows {
    float *change; /* [1+contexts,D] */
    int64_t *last; /* [1+contexts]: the last place of the word as a context */
    int32_t *word; /* [1+contexts], -1: none */
    int32_t *slot; /* [contexts]: where the centre's contexts are among these */
};

template <class T> __device__ bool keeps(const word2vec<T> &c)
{
    return sizeof(T) < sizeof(float) && !c.spans;
}

template <class T> __device__ void keep_nothing(const word2vec<T> &c, const kept_rows &kept)
{
    for (int64_t i = lane_index(); i < 1 + c.contexts; i += WARP) kept.word[i] = -1;
    __syncwarp();
}

/* Adds to the rows of words whose last place as a context lies before `first`; `centre`, whose
 * units write no other rows of contexts, counts the draws. */
template <int W, class T>
__device__ void release_rows(const word2vec<T> &c, const kept_rows &kept, int64_t first,
                             int64_t centre)
{
    const uint32_t step = wl_word2vec_rounding_step(c.place(centre), c.units, 0);
    for (int64_t i = 0; i < 1 + c.contexts; i++) {
        const int64_t id = kept.word[i];
        if (id < 0 || kept.last[i] >= first) continue;
        for (int64_t k = lane_index() * W; k < c.D; k += WARP * W) {
            float change[W];
            load_floats<W>(change, kept.change + i * c.D + k);
            race_add<W>(c.input.at(id, k), change, [&](T *to, const float(&x)[W]) {
                store_rounded<W>(to, x, c.stochastic, id * c.D + k, c.seed, step);
            });
        }
        __syncwarp();
        if (lane_index() == 0) kept.word[i] = -1;
        __syncwarp();
    }
}

/* The slot of a word, or else a free one. */
template <class T>
__device__ int64_t slot_of(const word2vec<T> &c, const kept_rows &kept, int32_t id)
{
    int64_t free = 0;
    for (int64_t n = 0; n < 1 + c.contexts; n += WARP) {
        const int64_t i = n + lane_index();
        const int32_t word = i < 1 + c.contexts ? kept.word[i] : -2;
        const unsigned same = __ballot_sync(~0u, word == id);
        const unsigned none = __ballot_sync(~0u, word == -1);
        if (same) return n + __ffs(int(same)) - 1;
        if (none) free = n + __ffs(int(none)) - 1;
    }
    return free;
}

/* Finds a centre's contexts a slot each; two places of one word share it. */
template <int W, class T>
__device__ void keep_contexts(const word2vec<T> &c, const window &w, const kept_rows &kept)
{
    for (int64_t i = 0; i < w.contexts(); i++) {
        const int64_t place = w.context(i);
        const int32_t id = c.token(place);
        const int64_t slot = slot_of(c, kept, id);
        const bool fresh = kept.word[slot] != id;
        const float zero[W] = {};
        for (int64_t k = lane_index() * W; fresh && k < c.D; k += WARP * W)
            store_floats<W>(kept.change + slot * c.D + k, zero);
        __syncwarp();
        if (lane_index() == 0) {
            kept.last[slot] = fresh ? place : max(kept.last[slot], place);
            kept.word[slot] = id;
            kept.slot[i] = int32_t(slot);
        }
        __syncwarp();
    }
}

/* to = W features of the row of context number i */
template <int W, class T>
__device__ void load_kept(float (&to)[W], const word2vec<T> &c, const kept_rows &kept, int64_t i,
                          int64_t feature)
{
    float change[W];
    const int64_t slot = kept.slot[i];
    race_load<W>(to, c.input.at(kept.word[slot], feature));
    load_floats<W>(change, kept.change + slot * c.D + feature);
    for (int j = 0; j < W; j++) to[j] += change[j];
}

/* W features of the row of context number i += delta */
template <int W, class T>
__device__ void add_to_kept(const word2vec<T> &c, const kept_rows &kept, int64_t i, int64_t feature,
                            const float (&delta)[W])
{
    float *to = kept.change + kept.slot[i] * c.D + feature, change[W];
    load_floats<W>(change, to);
    for (int j = 0; j < W; j++) change[j] += delta[j];
    store_floats<W>(to, change);
}

#endif
