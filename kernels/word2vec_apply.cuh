/* What word2vec_sync adds to its tables after a batch.
 *   apply   a warp a row that is updated, of either table, or a block where the batch has many
 * slots of one: the sum of its gradients */
#ifndef WL_WORD2VEC_APPLY_CUH
#define WL_WORD2VEC_APPLY_CUH

#include "word2vec_plan.cuh"

/* A batch's updates of one table: of a slot the gradient, the updates in it and the weight. */
template <class T> struct side {
    rows_of<T> table;
    const float *gradients;
    const int32_t *counts;
    const float *weights;   /* null: 1 */
    int64_t share, weighed; /* slots that have a gradient and a count, or a weight, in common */
    grouping by;
    const int64_t *first;
    int64_t slots, V, planned;
    double cap;
    uint64_t seed;

    __device__ int64_t slot(int64_t place) const { return by.slot(place) - planned * slots; }
    __device__ int32_t count(int64_t place) const { return counts[quotient(slot(place), share)]; }
    __device__ float weight(int64_t place) const
    {
        return weights ? weights[quotient(slot(place), weighed)] : 1.0f;
    }
};

/* The updates in a warp's slots from `place` on, and in each `step` places on: a lane counts one.
 */
template <class T>
__device__ double updates_of(const side<T> &s, int64_t place, int64_t step, int64_t key)
{
    double updates = 0;
    for (bool more = true; more; place += step) {
        const bool mine = s.by.continues(place + lane_index(), key);
        updates += mine ? s.count(place + lane_index()) : 0;
        more = __all_sync(~0u, mine);
    }
    return wl::warp_sum(updates);
}

/* sum += the gradients of a warp's slots at most: what a lane knows of one, all lanes add */
template <int W, class T>
__device__ void add_slots(float (&sum)[W], const side<T> &s, int64_t place, int some, int64_t k,
                          int64_t D)
{
    const bool mine = lane_index() < some && s.count(place + lane_index()) > 0;
    const int64_t gradient = mine ? quotient(s.slot(place + lane_index()), s.share) : int64_t(-1);
    const float weight = mine ? s.weight(place + lane_index()) : 0.0f;
    constexpr int AHEAD = W == 8 ? 4 : 8;
    for (int at = 0; at < some; at += AHEAD) {
        float x[AHEAD][W];
#pragma unroll
        for (int a = 0; a < AHEAD; a++) { /* past `some` lanes have no gradient */
            const int64_t row = __shfl_sync(~0u, gradient, at + a);
            for (int e = 0; e < W; e++) x[a][e] = 0;
            if (row >= 0 && k < D) load_floats<W>(x[a], s.gradients + row * D + k);
        }
#pragma unroll
        for (int a = 0; a < AHEAD; a++) {
            const float of = __shfl_sync(~0u, weight, at + a);
            for (int e = 0; e < W; e++) sum[e] += of * x[a][e];
        }
    }
}

/* sum += the gradients of the slots that updates_of() counts */
template <int W, class T>
__device__ void add_group(float (&sum)[W], const side<T> &s, int64_t place, int64_t step,
                          int64_t key, int64_t k, int64_t D)
{
    for (int some = WARP; some == WARP; place += step) {
        some = __popc(__ballot_sync(~0u, s.by.continues(place + lane_index(), key)));
        add_slots<W>(sum, s, place, some, k, D);
    }
}

/* Adds W features of a sum to the row, kept to the cap. */
template <int W, class T>
__device__ void add_to_row(const batch_of<T> &b, const side<T> &s, int64_t row, int64_t k,
                           double updates, const float (&sum)[W])
{
    const float scale = s.cap > 0 && updates > s.cap ? float(s.cap / updates) : 1.0f;
    float p[W];
    if (k >= b.c.D) return;
    load_pack<W>(p, s.table.at(row, k));
    for (int e = 0; e < W; e++) p[e] += scale * sum[e];
    store_rounded<W>(s.table.at(row, k), p, b.c.stochastic, row * b.c.D + k, s.seed,
                     uint32_t(b.c.place(b.from())));
}

/* The group that begins at a place, by the warp. */
template <int W, class T>
__device__ void apply_group(const batch_of<T> &b, const side<T> &s, int64_t place)
{
    const int64_t key = s.by.row(place);
    const double updates = updates_of(s, place, WARP, key);
    for (int64_t from = 0; updates > 0 && from < b.c.D; from += WARP * W) {
        float sum[W] = {};
        add_group<W>(sum, s, place, WARP, key, from + lane_index() * W, b.c.D);
        add_to_row<W>(b, s, key - s.planned * s.V, from + lane_index() * W, updates, sum);
    }
}

/* One of a warp's slots or more, by the block: its warps take a warp's slots each in turn, then
 * warp 0 adds what they have. */
template <int W, class T>
__device__ void apply_long(const batch_of<T> &b, const side<T> &s, int64_t place)
{
    WL_SHARED(float, parts, [WARPS][WARP * W]);
    WL_SHARED(double, counts, [WARPS]);
    const int warp = int(threadIdx.x) / WARP;
    const int64_t key = s.by.row(place), mine = place + warp * WARP, step = WARPS * WARP;
    const double some = updates_of(s, mine, step, key);
    double updates = 0;
    if (lane_index() == 0) counts[warp] = some;
    __syncthreads();
    for (int w = 0; w < WARPS; w++) updates += counts[w];
    for (int64_t from = 0; updates > 0 && from < b.c.D; from += WARP * W) {
        const int64_t k = from + lane_index() * W;
        float sum[W] = {};
        add_group<W>(sum, s, mine, step, key, k, b.c.D);
        for (int e = 0; e < W; e++) parts[warp][e * WARP + lane_index()] = sum[e];
        __syncthreads();
        for (int w = 1; w < WARPS && warp == 0; w++)
            for (int e = 0; e < W; e++) sum[e] += parts[w][e * WARP + lane_index()];
        if (warp == 0) add_to_row<W>(b, s, key - s.planned * s.V, k, updates, sum);
        __syncthreads();
    }
}

/* The groups that begin at a block's places in the batch, one a warp; no two of a warp's slots
 * begin so near. All threads of the block call. */
template <class T, int W>
__device__ void apply_side(const batch_of<T> &b, const side<T> &s, int64_t turn)
{
    WL_SHARED(int64_t, longest, [1]);
    const int64_t i = turn * WARPS + int(threadIdx.x) / WARP, first = s.first[s.planned];
    const int64_t place = first + i;
    const bool begins = first >= 0 && i < s.slots && place < s.by.slots && s.by.begins(place) &&
                        quotient(s.by.row(place), s.V) == s.planned;
    const int64_t key = begins ? s.by.row(place) : s.by.V;
    const int some =
        __popc(__ballot_sync(~0u, begins && s.by.continues(place + lane_index(), key)));
    if (some > 0 && some < WARP) apply_group<W>(b, s, place);
    if (some == WARP && lane_index() == 0) longest[0] = place;
    if (!__syncthreads_or(some == WARP)) return;
    apply_long<W>(b, s, longest[0]);
    __syncthreads();
}

template <class T> int64_t turns_of(const side<T> &s) { return (s.slots + WARPS - 1) / WARPS; }

template <class T, int W>
__global__ void apply(batch_of<T> b, side<T> out, side<T> in, int64_t outs, int64_t turns)
{
    wl::await_earlier();
    for (int64_t turn = blockIdx.x; turn < turns; turn += gridDim.x)
        if (turn < outs)
            apply_side<T, W>(b, out, turn);
        else
            apply_side<T, W>(b, in, turn - outs);
}

#endif
