/* Kernels of <wordloom/spmm.h>.
 * Moves: of each entry a row of x; the entries once a tile of columns.
 * Bound by: rows of x from L2, or from memory where x is larger. */
#include "device.cuh"

namespace
{

struct entries_of {
    const int64_t *offsets;
    ids_of columns;
    const float *values;
    int64_t M;
};

__device__ inline int64_t within(int64_t offset, int64_t low, int64_t high)
{
    return offset < low ? low : offset < high ? offset : high;
}

/* A warp owns a row of y, 32 W columns of it; a lane W of these. */
template <int W>
__global__ void multiply(rows_of<float> y, entries_of a, rows_of<const float> x, int64_t N,
                         int64_t K)
{
    wl::await_earlier();
    const int lane = int(threadIdx.x % WARP);
    const int64_t tiles = (K + WARP * W - 1) / (WARP * W);
    for (int64_t w = warp_index(); w < N * tiles; w += warp_count()) {
        const int64_t n = quotient(w, tiles), tile = w - n * tiles, k = (tile * WARP + lane) * W;
        const int64_t from = within(a.offsets[n], 0, a.M), to = within(a.offsets[n + 1], from, a.M);
        float sum[W] = {};
        for (int64_t e = from; e < to; e++) {
            const int64_t c = a.columns.at(e);
            const float value = a.values[e];
            if (tile == 0 && lane == 0) a.columns.check(e);
            if (c < 0 || k >= K) continue;
            float v[W];
            load_floats<W>(v, x.at(c, k));
            for (int i = 0; i < W; i++) sum[i] += value * v[i];
        }
        if (k < K) store_floats<W>(y.at(n, k), sum);
    }
}

} // namespace

wl_status wl_cuda_spmm(wl_ctx *ctx, const wl_dims *d, const wl_spmm_args *a)
{
    const entries_of entries = { (const int64_t *)a->offsets.data,
                                 ids(ctx, a->columns, d->C, WL_ID_ROW(spmm, columns), false),
                                 (const float *)a->values.data, d->M };
    if (d->N * d->K == 0) return WL_OK;
    return with_packs(WL_F32, in_packs(a->x) && in_packs(a->y), d->K, [&](auto how) {
        constexpr int W = decltype(how)::width;
        const int64_t warps = d->N * ((d->K + WARP * W - 1) / (WARP * W));
        return launch(ctx, multiply<W>, blocks_for(warps * WARP, THREADS), THREADS,
                      rows<float>(a->y), entries, rows<const float>(a->x), d->N, d->K);
    });
}
