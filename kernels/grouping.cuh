/* Ids ordered by row, and the sums of the rows that slots contribute to them: what a
 * deterministic scatter, a compact gradient and a row-sparse update have in common. */
#ifndef WL_GROUPING_CUH
#define WL_GROUPING_CUH

#include "device.cuh"

/* The slots in ascending order of row, then of slot; absent ones come last, with row V. */
struct grouping {
    const void *row_at, *slot_at; /* 32 bits each, or 64 where rows or slots need them */
    const int64_t *number;        /* of groups that begin before a place; null: not asked for */
    int64_t slots, V;
    bool wide;

    __device__ int64_t row(int64_t place) const
    {
        return wide ? ((const int64_t *)row_at)[place] : int64_t(((const uint32_t *)row_at)[place]);
    }
    __device__ int64_t slot(int64_t place) const
    {
        return wide ? ((const int64_t *)slot_at)[place]
                    : int64_t(((const uint32_t *)slot_at)[place]);
    }
    /* whether a place in the order begins a group */
    __device__ bool begins(int64_t place) const
    {
        const int64_t r = row(place);
        return r < V && (place == 0 || r != row(place - 1));
    }
    __device__ bool continues(int64_t place, int64_t of) const
    {
        return place < slots && row(place) == of;
    }
};

/* Bytes of workspace for n ids. SIZE_MAX: the device failed. */
size_t grouping_bytes(int64_t n);

/* Orders n ids and reports those out of bounds. With `count`, on the device, groups are numbered
 * and it receives how many there are. */
wl_status group(wl_ctx *ctx, const ids_of &ids, int64_t n, void *workspace, grouping *out,
                int64_t *count = nullptr);

/* What a slot contributes: factor[0] weights[slot] share(n) x[n], n = slot / K. */
template <class T> struct contribution {
    rows_of<const T> x;
    const float *weights; /* null: 1 */
    const float *factor;  /* null: 1 */
    ids_of ids;
    int64_t K;
    bool mean;
    double cap; /* of slots that count in full; 0 for none */

    __device__ float weight(int64_t slot) const
    {
        return (weights ? weights[slot] : 1.0f) * ids.share(quotient(slot, K), K, mean) *
               (factor ? factor[0] : 1.0f);
    }
};

/* ------------------------------------------------------------------ sums of groups */

constexpr int HELD = 8;           /* features that a lane sums, in packs a warp's width apart */
constexpr int SPAN = HELD * WARP; /* those of a warp */

/* Calls f(feature, its pack of the sum) for those of a lane's packs that are there. */
template <int W, class F>
__device__ inline void each_pack(const float (&sum)[HELD], int64_t from, int64_t D, F f)
{
#pragma unroll
    for (int u = 0; u < HELD / W; u++) {
        const int64_t i = from + (u * WARP + lane_index()) * W;
        float x[W];
        for (int j = 0; j < W; j++) x[j] = sum[u * W + j];
        if (i < D) f(i, x);
    }
}

/* Adds the slots that the warp's first lanes have, in order, with a few rows of them on their way
 * at once. All lanes call. */
template <int W, class T>
__device__ inline void add_slots(float (&sum)[HELD], const contribution<T> &c, int64_t slot,
                                 int slots, int64_t from, int64_t D)
{
    constexpr int AHEAD = W == 8 ? 4 : 2;
    const int64_t n = lane_index() < slots ? quotient(slot, c.K) : 0;
    const float weight = lane_index() < slots ? c.weight(slot) : 0.0f;
    for (int first = 0; first < slots; first += AHEAD) {
        pack<T, W> x[AHEAD][HELD / W];
#pragma unroll
        for (int s = 0; s < AHEAD; s++) {
            const T *row = c.x.at(__shfl_sync(~0u, n, first + s), from + lane_index() * W);
#pragma unroll
            for (int u = 0; u < HELD / W; u++) {
                x[s][u] = {};
                if (first + s < slots && from + (u * WARP + lane_index()) * W < D)
                    x[s][u] = *reinterpret_cast<const pack<T, W> *>(row + u * WARP * W);
            }
        }
#pragma unroll
        for (int s = 0; s < AHEAD; s++) {
            const float w = __shfl_sync(~0u, weight, first + s);
#pragma unroll
            for (int i = 0; i < HELD; i++) sum[i] += w * to_float(x[s][i / W].v[i % W]);
        }
    }
}

/* The group at `at`, of a warp's slots or more, by the whole block: its warps take a warp's slots
 * each in turn, then warp 0 adds what they have. It gets the number of slots; others 0. */
template <int W, class T>
__device__ inline int64_t sum_long(float (&sum)[HELD], const grouping &by, const contribution<T> &c,
                                   int64_t at, int64_t row, int64_t from, int64_t D)
{
    WL_SHARED(float, parts, [WARPS][SPAN]);
    WL_SHARED(int64_t, counts, [WARPS]);
    const int warp = int(threadIdx.x) / WARP;
    int64_t all = 0;
    int some = WARP;
    for (int64_t first = at + warp * WARP; some == WARP; first += WARPS * WARP) {
        const bool mine = by.continues(first + lane_index(), row);
        some = __popc(__ballot_sync(~0u, mine));
        add_slots<W>(sum, c, mine ? by.slot(first + lane_index()) : 0, some, from, D);
        all += some;
    }
    for (int i = 0; i < HELD; i++) parts[warp][i * WARP + lane_index()] = sum[i];
    if (lane_index() == 0) counts[warp] = all;
    __syncthreads();
    if (warp > 0) return 0;
    for (int w = 1; w < WARPS; w++) {
        for (int i = 0; i < HELD; i++) sum[i] += parts[w][i * WARP + lane_index()];
        all += counts[w];
    }
    return all;
}

template <class T>
__device__ inline void keep_to_cap(float (&sum)[HELD], const contribution<T> &c, int64_t slots)
{
    if (c.cap > 0 && double(slots) > c.cap)
        for (int i = 0; i < HELD; i++) sum[i] *= float(c.cap / double(slots));
}

/* The groups that begin at a block's places, from `first` on one a warp, for features
 * from..from+SPAN-1: f.expect(row, from) when one is found and f.take(place, row, from, sum) when
 * it is summed. One of a warp's slots or more is the whole block's; no two begin so near. The order
 * of additions depends on the order of slots alone. All threads of the block call. */
template <int W, class T, class F>
__device__ inline void sum_groups(const grouping &by, const contribution<T> &c, int64_t first,
                                  int64_t from, int64_t D, const F &f)
{
    WL_SHARED(int64_t, longest, [1]);
    const int64_t place = first + int(threadIdx.x) / WARP, mine = place + lane_index();
    const int64_t mine_row = mine < by.slots ? by.row(mine) : by.V;
    const int64_t last_row = place > 0 && place <= by.slots ? by.row(place - 1) : -1;
    const int64_t slot = mine < by.slots ? by.slot(mine) : 0;
    const int64_t row = __shfl_sync(~0u, mine_row, 0);
    const bool begins = row < by.V && row != last_row;
    const int slots = begins ? __popc(__ballot_sync(~0u, mine_row == row)) : 0;
    float sum[HELD] = {};
    if (begins) f.expect(row, from);
    if (slots > 0 && slots < WARP) {
        add_slots<W>(sum, c, slot, slots, from, D);
        keep_to_cap(sum, c, slots);
        f.take(place, row, from, sum);
    }
    if (slots == WARP && lane_index() == 0) longest[0] = place;
    if (!__syncthreads_or(slots == WARP)) return;
    const int64_t at = longest[0], of = by.row(at);
    for (int i = 0; i < HELD; i++) sum[i] = 0;
    const int64_t all = sum_long<W>(sum, by, c, at, of, from, D);
    keep_to_cap(sum, c, all);
    if (all > 0) f.take(at, of, from, sum);
}

/* Spans of D features: at least one, so that rows without any are looked at too. */
WL_BOTH int64_t spans_of(int64_t D) { return D > SPAN ? (D + SPAN - 1) / SPAN : 1; }

/* All groups: a block owns the places of its warps, and a span of the features. */
template <int W, class T, class F>
__device__ inline void sum_all_groups(const grouping &by, const contribution<T> &c, int64_t D,
                                      const F &f)
{
    const int64_t spans = spans_of(D), turns = (by.slots + WARPS - 1) / WARPS * spans;
    for (int64_t turn = blockIdx.x; turn < turns; turn += gridDim.x) {
        const int64_t places = quotient(turn, spans), from = (turn - places * spans) * SPAN;
        sum_groups<W>(by, c, places * WARPS, from, D, f);
    }
}
inline unsigned blocks_for_groups(int64_t slots, int64_t D)
{
    return blocks_for((slots + WARPS - 1) / WARPS * spans_of(D), 1);
}

/* Asks for the packs of a row that a lane will need. */
template <int W, class T>
__device__ inline void expect_row(rows_of<T> rows, int64_t row, int64_t from, int64_t D)
{
#pragma unroll
    for (int u = 0; u < HELD / W; u++) {
        const int64_t i = from + (u * WARP + lane_index()) * W;
        if (i < D) wl::prefetch(rows.at(row, i));
    }
}

template <int W> struct addition {
    rows_of<float> target;
    int64_t D;
    __device__ void expect(int64_t row, int64_t from) const { expect_row<W>(target, row, from, D); }
    __device__ void take(int64_t, int64_t row, int64_t from, const float (&sum)[HELD]) const
    {
        each_pack<W>(sum, from, D, [&](int64_t i, const float(&x)[W]) {
            float old[W];
            load_floats<W>(old, target.at(row, i));
            for (int j = 0; j < W; j++) old[j] += x[j];
            store_floats<W>(target.at(row, i), old);
        });
    }
};

/* target[row] += the sum of each group. Reads every contribution and the target's rows once; bound
 * by memory. */
template <class T, int W>
__global__ void add_groups(rows_of<float> target, grouping by, contribution<T> c, int64_t D)
{
    wl::await_earlier();
    sum_all_groups<W>(by, c, D, addition<W>{ target, D });
}

#endif
