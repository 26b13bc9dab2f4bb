/* Sums of many elements in an order that no device changes. */
#include "sums.cuh"

namespace
{

/* The only block adds everything. */
__global__ void sum_in_one_block(float *to, const float *from, int64_t n, bool add)
{
    wl::await_earlier();
    WL_SHARED(double, part, [THREADS]);
    double sum = 0;
    for (int64_t i = threadIdx.x; i < n; i += THREADS) sum += double(from[i]);
    part[threadIdx.x] = sum;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    if (threadIdx.x == 0) to[0] = (add ? to[0] : 0.0f) + float(part[0]);
}

/* A block owns 32 columns of a part's rows: its warps take every 8th row, its lanes a column each.
 * to[part,h] = the sum. */
template <class T>
__global__ void sum_column_parts(float *to, const T *x, int64_t pitch, int64_t N, int64_t H,
                                 int64_t rows, int64_t parts)
{
    wl::await_earlier();
    WL_SHARED(float, sums, [WARPS][WARP]);
    const int64_t tiles = (H + WARP - 1) / WARP;
    const int warp = int(threadIdx.x) / WARP;
    for (int64_t i = blockIdx.x; i < tiles * parts; i += gridDim.x) {
        const int64_t part = i / tiles, h = i % tiles * WARP + lane_index();
        const int64_t end = part * rows + rows < N ? part * rows + rows : N;
        float sum = 0;
        for (int64_t n = part * rows + warp; n < end && h < H; n += WARPS)
            sum += to_float(x[n * pitch + h]);
        sums[warp][lane_index()] = sum;
        __syncthreads();
        if (warp == 0 && h < H) {
            for (int w = 1; w < WARPS; w++) sum += sums[w][lane_index()];
            to[part * H + h] = sum;
        }
        __syncthreads();
    }
}

/* A thread owns a column. */
__global__ void add_column_parts(float *to, const float *from, int64_t parts, int64_t H)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t h = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; h < H; h += step) {
        float sum = 0;
        for (int64_t part = 0; part < parts; part++) sum += from[part * H + h];
        to[h] += sum;
    }
}

} // namespace

wl_status sum_floats(wl_ctx *ctx, float *to, const float *from, int64_t n, bool add)
{
    return launch(ctx, sum_in_one_block, 1, THREADS, to, from, n, add);
}

wl_status add_columns(wl_ctx *ctx, float *to, const void *x, int32_t dtype, int64_t pitch,
                      int64_t N, int64_t H, float *parts)
{
    const int64_t least = 64, most = (N + WL_COLUMN_PARTS - 1) / WL_COLUMN_PARTS;
    const int64_t rows = most > least ? most : least, n_parts = (N + rows - 1) / rows;
    const int64_t tiles = (H + WARP - 1) / WARP;
    const wl_status status = with_packs(dtype, false, 0, [&](auto how) {
        using T = typename decltype(how)::type;
        return launch(ctx, sum_column_parts<T>, blocks_for(tiles * n_parts, 1), THREADS, parts,
                      (const T *)x, pitch, N, H, rows, n_parts);
    });
    return status ? status : add_parts(ctx, to, parts, n_parts, H);
}

wl_status add_parts(wl_ctx *ctx, float *to, const float *parts, int64_t n_parts, int64_t H)
{
    if (n_parts == 0) return WL_OK;
    return launch(ctx, add_column_parts, blocks_for(H, THREADS), THREADS, to, parts, n_parts, H);
}
