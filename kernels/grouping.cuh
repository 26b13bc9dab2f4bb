/* Ids ordered by row, and the sums of the rows that slots contribute to them: what a
 * deterministic scatter, a compact gradient and a row-sparse update have in common. */
#ifndef WL_GROUPING_CUH
#define WL_GROUPING_CUH

#include "device.cuh"

/* The slots in ascending order of row, then of slot; absent ones come last, with row V. */
struct grouping {
    const uint64_t *row;
    const int64_t *slot;
    int64_t slots, V;

    /* whether a place in the order begins a group */
    __device__ bool begins(int64_t place) const
    {
        return row[place] < uint64_t(V) && (place == 0 || row[place] != row[place - 1]);
    }
    __device__ bool continues(int64_t place, uint64_t of) const
    {
        return place < slots && row[place] == of;
    }
};

/* Bytes of workspace for n ids. SIZE_MAX: the device failed. */
size_t grouping_bytes(int64_t n);

/* Orders n ids and reports those out of bounds. */
wl_status group(wl_ctx *ctx, const ids_of &ids, int64_t n, void *workspace, grouping *out);

/* Lists the places where groups begin, in order, in the same workspace; count[0], on the device,
 * receives how many there are. */
wl_status list_groups(wl_ctx *ctx, const grouping &by, void *workspace, const int64_t **begins,
                      int64_t *count);

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
        return (weights ? weights[slot] : 1.0f) * ids.share(slot / K, K, mean) *
               (factor ? factor[0] : 1.0f);
    }
};

/* The capped sum over the group that begins at `place`, for W features from `feature` on, in the
 * order of its slots. */
template <int W, class T>
__device__ inline void sum_group(float (&sum)[W], const grouping &by, const contribution<T> &c,
                                 int64_t place, int64_t feature)
{
    const uint64_t row = by.row[place];
    int64_t at = place;
    for (int i = 0; i < W; i++) sum[i] = 0;
    for (; by.continues(at, row); at++) {
        const int64_t slot = by.slot[at];
        const float weight = c.weight(slot);
        float x[W];
        load_pack<W>(x, c.x.at(slot / c.K, feature));
        for (int i = 0; i < W; i++) sum[i] += weight * x[i];
    }
    const double slots = double(at - place);
    if (c.cap > 0 && slots > c.cap)
        for (int i = 0; i < W; i++) sum[i] *= float(c.cap / slots);
}

/* target[row] += the sum of each group: a warp owns a group, its lanes the features. Reads every
 * contribution and the target's rows once; bound by memory, and by the longest group. */
template <class T, int W>
__global__ void add_groups(rows_of<float> target, grouping by, contribution<T> c, int64_t D)
{
    for (int64_t place = warp_index(); place < by.slots; place += warp_count()) {
        if (!by.begins(place)) continue;
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float sum[W], old[W];
            float *to = target.at(int64_t(by.row[place]), i);
            sum_group<W>(sum, by, c, place, i);
            load_floats<W>(old, to);
            for (int j = 0; j < W; j++) old[j] += sum[j];
            store_floats<W>(to, old);
        }
    }
}

#endif
