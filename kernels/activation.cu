/* Kernels of <wordloom/activation.h>.
 * Moves: every element once each way, in packs of 16 bytes where pointers and rows allow it.
 * Bound by: memory. */
#include "activation.cuh"

namespace
{

/* y = f(x), or x times the slope at `at`, for W neighbours */
template <int W, class T> __device__ inline void value_pack(T *y, const T *x, int32_t kind)
{
    float v[W];
    load_pack<W>(v, x);
    for (int j = 0; j < W; j++) v[j] = activation_value(kind, v[j]);
    store_pack<W>(y, v);
}
template <int W, class T>
__device__ inline void slope_pack(T *dx, const T *dy, const T *x, int32_t kind)
{
    float v[W], at[W];
    load_pack<W>(v, dy);
    load_pack<W>(at, x);
    for (int j = 0; j < W; j++) v[j] *= activation_slope_at(kind, at[j]);
    store_pack<W>(dx, v);
}

/* A thread owns W neighbours of a row, fewer at the end of the only one. */
template <class T, int W>
__global__ void forward(rows_of<T> y, rows_of<const T> x, int64_t N, int64_t D, int32_t kind)
{
    wl::await_earlier();
    const int64_t packs = (D + W - 1) / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; p < N * packs; p += stride) {
        const int64_t n = quotient(p, packs), i = (p - n * packs) * W;
        if (i + W <= D)
            value_pack<W>(y.at(n, i), x.at(n, i), kind);
        else
            for (int64_t j = i; j < D; j++) value_pack<1>(y.at(n, j), x.at(n, j), kind);
    }
}

/* The same ownership. */
template <class T, int W>
__global__ void backward(rows_of<T> dx, rows_of<const T> dy, rows_of<const T> x, int64_t N,
                         int64_t D, int32_t kind)
{
    wl::await_earlier();
    const int64_t packs = (D + W - 1) / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; p < N * packs; p += stride) {
        const int64_t n = quotient(p, packs), i = (p - n * packs) * W;
        if (i + W <= D)
            slope_pack<W>(dx.at(n, i), dy.at(n, i), x.at(n, i), kind);
        else
            for (int64_t j = i; j < D; j++)
                slope_pack<1>(dx.at(n, j), dy.at(n, j), x.at(n, j), kind);
    }
}

/* Tensors as rows, all of one if every one of them is dense. */
struct extent {
    int64_t N, D;
    bool packed;
};

template <class... Tensors> extent extent_of(const wl_dims *d, const Tensors &...t)
{
    if (((wl_stride(&t, 0) == d->D) && ...))
        return { 1, d->N * d->D, ((uintptr_t(t.data) % 16 == 0) && ...) };
    return { d->N, d->D, (in_packs(t) && ...) };
}

/* Calls f with packs for rows of that extent; the only one may end within a pack. */
template <class F> wl_status with_extent(int32_t dtype, const extent &e, F f)
{
    return with_packs(dtype, e.packed, e.N == 1 ? 0 : e.D, f);
}

unsigned blocks_of(const extent &e, int width)
{
    return blocks_for(e.N * ((e.D + width - 1) / width), THREADS);
}

} // namespace

wl_status wl_cuda_activation_forward(wl_ctx *ctx, const wl_dims *d,
                                     const wl_activation_forward_args *a)
{
    const extent e = extent_of(d, a->x, a->y);
    return with_extent(a->x.dtype, e, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, forward<T, A::width>, blocks_of(e, A::width), THREADS, rows<T>(a->y),
                      rows<const T>(a->x), e.N, e.D, a->kind);
    });
}

wl_status wl_cuda_activation_backward(wl_ctx *ctx, const wl_dims *d,
                                      const wl_activation_backward_args *a)
{
    const extent e = extent_of(d, a->x, a->dy, a->dx);
    return with_extent(a->x.dtype, e, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, backward<T, A::width>, blocks_of(e, A::width), THREADS, rows<T>(a->dx),
                      rows<const T>(a->dy), rows<const T>(a->x), e.N, e.D, a->kind);
    });
}
