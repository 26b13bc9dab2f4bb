/* Sums of many numbers in an order that no device changes. */
#include "sums.cuh"

namespace
{

/* The only block adds everything. */
__global__ void sum_in_one_block(float *to, const float *from, int64_t n, bool add)
{
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

/* A block owns 32 columns at a time, a lane one of them. */
template <class T>
__global__ void sum_columns(float *to, const T *from, int64_t rows, int64_t columns, int64_t pitch)
{
    WL_SHARED(float, part, [WARPS][WARP]);
    const int lane = lane_index(), warp = int(threadIdx.x) / WARP;
    for (int64_t first = int64_t(blockIdx.x) * WARP; first < columns;
         first += int64_t(gridDim.x) * WARP) {
        const int64_t column = first + lane;
        float sum = 0;
        for (int64_t row = warp; row < rows && column < columns; row += WARPS)
            sum += to_float(from[row * pitch + column]);
        part[warp][lane] = sum;
        for (int half = WARPS / 2; half > 0; half /= 2) {
            __syncthreads();
            if (warp < half) part[warp][lane] += part[warp + half][lane];
        }
        if (warp == 0 && column < columns) to[column] += part[0][lane];
        __syncthreads();
    }
}

} // namespace

wl_status sum_floats(wl_ctx *ctx, float *to, const float *from, int64_t n, bool add)
{
    return launch(ctx, sum_in_one_block, 1, THREADS, to, from, n, add);
}

wl_status add_columns(wl_ctx *ctx, float *to, int32_t dtype, const void *from, int64_t rows,
                      int64_t columns, int64_t pitch)
{
    return with_packs(dtype, false, columns, [&](auto how) {
        using T = typename decltype(how)::type;
        return launch(ctx, sum_columns<T>, blocks_for(columns, WARP), THREADS, to, (const T *)from,
                      rows, columns, pitch);
    });
}
