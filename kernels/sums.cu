/* The sum of many floats in an order that no device changes. */
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

} // namespace

wl_status sum_floats(wl_ctx *ctx, float *to, const float *from, int64_t n, bool add)
{
    return launch(ctx, sum_in_one_block, 1, THREADS, to, from, n, add);
}
