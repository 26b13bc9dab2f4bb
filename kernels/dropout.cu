/* Kernels of <wordloom/dropout.h>: forward and backward are the same map of different tensors.
 * Moves: every element, and a residual's, once each way, in packs of 16 bytes where pointers and
 * rows allow it. Bound by: memory; a draw, some 100 integer instructions for 8 elements, comes near
 * it in 16 bits.
 */
#include "../host/core/philox.h"
#include "device.cuh"

namespace
{

constexpr int SHARE = 8; /* elements of a draw */

/* What decides which elements are kept. */
struct dropout {
    const uint8_t *mask; /* null: draws */
    const int64_t *step;
    uint64_t seed;
    int32_t layer;
    uint64_t before;    /* elements of which the draws come before; eights */
    uint32_t threshold; /* bits of a draw from here on keep their element */
    float scale;

    /* bit j: whether element n + j is kept, of those that are there */
    __device__ uint32_t given(int64_t n, int64_t some) const
    {
        uint32_t kept = 0;
        for (int j = 0; j < SHARE; j++)
            if (j < some && mask[n + j]) kept |= 1u << j;
        return kept;
    }
    __device__ uint32_t drawn(int64_t n) const
    {
        uint32_t kept = 0;
        if (threshold == 0) return ~kept;
        const wl_random r = wl_dropout_draw(seed, before + uint64_t(n), uint32_t(step[0]), layer);
        for (int j = 0; j < SHARE; j++)
            if (wl_drawn_bits(r, uint64_t(j)) >= threshold) kept |= 1u << j;
        return kept;
    }
};

/* y = x where kept, and the residual where there is one, for 8 neighbours from number `at` on, all
 * of which are asked for before a draw. */
template <int W, class T, class F>
__device__ inline void drop_share(T *y, const T *x, const T *residual, int64_t at, float scale,
                                  F keep)
{
    float v[SHARE / W][W], r[SHARE / W][W] = {};
#pragma unroll
    for (int u = 0; u < SHARE / W; u++) load_pack<W>(v[u], x + at + u * W);
#pragma unroll
    for (int u = 0; residual && u < SHARE / W; u++) load_pack<W>(r[u], residual + at + u * W);
    const uint32_t kept = keep();
#pragma unroll
    for (int u = 0; u < SHARE / W; u++) {
        for (int j = 0; j < W; j++) {
            v[u][j] = kept >> (u * W + j) & 1 ? scale * v[u][j] : 0.0f;
            if (residual) v[u][j] += r[u][j];
        }
        store_pack<W>(y + at + u * W, v[u]);
    }
}

/* A thread owns 8 neighbours of a row, fewer at its end, which share a draw with those of every
 * other row. */
template <class T, int W>
__global__ void drop(T *y, const T *x, const T *residual, dropout o, int64_t rows, int64_t N)
{
    wl::await_earlier();
    const int64_t shares = (N + SHARE - 1) / SHARE, stride = int64_t(gridDim.x) * blockDim.x;
    const int64_t first = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
    for (int64_t i = first; i < rows * shares; i += stride) {
        const int64_t row = quotient(i, shares), n = (i - row * shares) * SHARE;
        const int64_t at = row * N + n;
        const auto keep = [&] { return o.mask ? o.given(at, N - n) : o.drawn(n); };
        if (n + SHARE <= N) {
            drop_share<W>(y, x, residual, at, o.scale, keep);
            continue;
        }
        const uint32_t kept = keep();
        for (int j = 0; j < N - n; j++) {
            const float v = kept >> j & 1 ? o.scale * to_float(x[at + j]) : 0.0f;
            from_float(y + at + j, residual ? v + to_float(residual[at + j]) : v);
        }
    }
}

/* Without one mask for all T, all the elements are one row. */
wl_status drop_all(wl_ctx *ctx, const wl_dims *d, const wl_tensor &to, const wl_tensor &from,
                   const void *residual, const dropout &o, bool locked)
{
    const int64_t rows = locked && !o.mask ? d->T : 1, N = rows == 1 ? d->T * d->N : d->N;
    const int64_t items = rows * ((N + SHARE - 1) / SHARE);
    const bool packed = (uintptr_t(to.data) | uintptr_t(from.data) | uintptr_t(residual)) % 16 == 0;
    return with_packs(to.dtype, packed, rows == 1 ? 0 : N, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, drop<T, A::width>, blocks_for(items, THREADS), THREADS, (T *)to.data,
                      (const T *)from.data, (const T *)residual, o, rows, N);
    });
}

dropout dropout_of(const wl_tensor &mask, const wl_tensor &step, double p, uint64_t seed,
                   int32_t layer, int64_t before)
{
    return { (const uint8_t *)mask.data, (const int64_t *)step.data, seed, layer, uint64_t(before),
             wl_dropout_threshold(p),    float(1 / (1 - p)) };
}

/* Elements that the draws of a call's own come after. */
template <class Args> int64_t before(const wl_dims *d, const Args &a)
{
    return a.locked == 1 ? 0 : int64_t(8) * a.skipped * d->N;
}

} // namespace

wl_status wl_cuda_dropout_forward(wl_ctx *ctx, const wl_dims *d, const wl_dropout_forward_args *a)
{
    const dropout o = dropout_of(a->mask, a->step, a->p, a->seed, a->layer, before(d, *a));
    return drop_all(ctx, d, a->y, a->x, a->residual.data, o, a->locked == 1);
}

wl_status wl_cuda_dropout_backward(wl_ctx *ctx, const wl_dims *d, const wl_dropout_backward_args *a)
{
    const dropout o = dropout_of(a->mask, a->step, a->p, a->seed, a->layer, before(d, *a));
    return drop_all(ctx, d, a->dx, a->dy, nullptr, o, a->locked == 1);
}
