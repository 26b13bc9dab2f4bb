/* Kernels of <wordloom/half.h>.
 * Moves: every element once each way, in packs of 16 bytes of STORED where pointers allow it, two
 * of them on their way a thread.
 * Bound by: memory; without packs, stochastic rounding by its draws. */
#include "rounding.cuh"

namespace
{

/* How a kernel is to round; the step is still in memory. */
struct rounding {
    bool stochastic;
    uint64_t seed;
    const int64_t *step;
};

constexpr int AHEAD = 2; /* packs whose reads a thread has on their way at once */

/* Stores W neighbours from element i on. */
template <int W, class T>
__device__ inline void store_rounded(T *y, const float (&v)[W], int64_t i, const rounding &r,
                                     uint32_t step)
{
    if (r.stochastic)
        store_pack_stochastic<W>(y + i, v, uint64_t(i), r.seed, step);
    else
        store_pack<W>(y + i, v);
}

/* A thread owns two packs, a block's width apart, and what is left of one at the end. */
template <class T, int W> __global__ void narrow(T *y, const float *x, rounding r, int64_t N)
{
    wl::await_earlier();
    const int64_t part = AHEAD * THREADS * W;
    const uint32_t step = r.step ? uint32_t(r.step[0]) : 0;
    for (int64_t from = blockIdx.x * part; from < N; from += gridDim.x * part) {
        float v[AHEAD][W];
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int64_t i = from + (u * THREADS + int(threadIdx.x)) * W;
            if (i + W <= N) load_floats<W>(v[u], x + i);
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int64_t i = from + (u * THREADS + int(threadIdx.x)) * W;
            if (i + W <= N) store_rounded<W>(y, v[u], i, r, step);
            for (int64_t j = i; i + W > N && j < N; j++) store_rounded<1>(y, { x[j] }, j, r, step);
        }
    }
}

/* A thread owns two packs, a block's width apart, and what is left of one at the end. */
template <class T, int W> __global__ void widen(float *y, const T *x, int64_t N)
{
    wl::await_earlier();
    const int64_t part = AHEAD * THREADS * W;
    for (int64_t from = blockIdx.x * part; from < N; from += gridDim.x * part) {
        float v[AHEAD][W];
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int64_t i = from + (u * THREADS + int(threadIdx.x)) * W;
            if (i + W <= N) load_pack<W>(v[u], x + i);
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            const int64_t i = from + (u * THREADS + int(threadIdx.x)) * W;
            if (i + W <= N) store_floats<W>(y + i, v[u]);
            for (int64_t j = i; i + W > N && j < N; j++) y[j] = to_float(x[j]);
        }
    }
}

} // namespace

wl_status wl_cuda_half_narrow(wl_ctx *ctx, const wl_dims *d, const wl_half_narrow_args *a)
{
    const bool stochastic = a->rounding == WL_ROUND_STOCHASTIC && a->y.dtype != WL_F32;
    const rounding r = { stochastic, a->seed, (const int64_t *)a->step.data };
    return with_packs(a->y.dtype, in_packs(a->x) && in_packs(a->y), 0, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, narrow<T, A::width>, blocks_for(d->N, THREADS * A::width * AHEAD),
                      THREADS, (T *)a->y.data, (const float *)a->x.data, r, d->N);
    });
}

wl_status wl_cuda_half_widen(wl_ctx *ctx, const wl_dims *d, const wl_half_widen_args *a)
{
    return with_packs(a->x.dtype, in_packs(a->x) && in_packs(a->y), 0, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, widen<T, A::width>, blocks_for(d->N, THREADS * A::width * AHEAD),
                      THREADS, (float *)a->y.data, (const T *)a->x.data, d->N);
    });
}
