/* Kernels of <wordloom/rearrange.h>.
 * Moves: every element once each way, in packs of 16 bytes where pointers, rows and features allow
 * it; what is broadcast comes from cache but for the first step.
 * Bound by: memory. */
#include "device.cuh"

namespace
{

template <int W, class T> __device__ inline void move_pack(T *to, const T *from)
{
    *reinterpret_cast<pack<T, W> *>(to) = *reinterpret_cast<const pack<T, W> *>(from);
}

/* ------------------------------------------------------------------ features */

/* A thread owns a pack of y, which is of a or of b. */
template <class T, int W>
__global__ void concat(rows_of<T> y, rows_of<const T> a, rows_of<const T> b, int64_t N, int64_t D,
                       int64_t F)
{
    wl::await_earlier();
    const int64_t packs = F / W, step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < N * packs; i += step) {
        const int64_t n = quotient(i, packs), f = (i - n * packs) * W;
        move_pack<W>(y.at(n, f), f < D ? a.at(n, f) : b.at(n, f - D));
    }
}

/* A thread owns a pack of dy, and moves it to da or to db; null: not wanted. */
template <class T, int W>
__global__ void split(rows_of<T> da, rows_of<T> db, rows_of<const T> dy, int64_t N, int64_t D,
                      int64_t F)
{
    wl::await_earlier();
    const int64_t packs = F / W, step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < N * packs; i += step) {
        const int64_t n = quotient(i, packs), f = (i - n * packs) * W;
        if (f < D && da.data) move_pack<W>(da.at(n, f), dy.at(n, f));
        if (f >= D && db.data) move_pack<W>(db.at(n, f - D), dy.at(n, f));
    }
}

/* ------------------------------------------------------------------ steps */

/* Which step of x a step of y is. */
struct order {
    const int32_t *lengths; /* null: all steps */
    int64_t T;
    bool reversed;
    /* under 0: none */
    __device__ int64_t source(int64_t t, int64_t b) const
    {
        if (!reversed) return t;
        const int64_t length = lengths ? lengths[b] : T;
        return (length < T ? length : T) - 1 - t;
    }
};

/* A thread owns a pack of y. */
template <class T, int W>
__global__ void move(steps_of<T> y, steps_of<const T> x, order o, int64_t B, int64_t D)
{
    wl::await_earlier();
    const int64_t packs = D / W, items = o.T * B * packs, step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < items; i += step) {
        const int64_t row = quotient(i, packs), d = (i - row * packs) * W;
        const int64_t t = quotient(row, B), b = row - t * B, from = o.source(t, b);
        pack<T, W> p = {};
        if (from >= 0) p = *reinterpret_cast<const pack<T, W> *>(x.at(from, b, d));
        *reinterpret_cast<pack<T, W> *>(y.at(t, b, d)) = p;
    }
}

/* A thread owns a pack of dx, and walks the steps. */
template <class T, int W>
__global__ void sum_steps(rows_of<T> dx, steps_of<const T> dy, int64_t steps, int64_t B, int64_t D)
{
    wl::await_earlier();
    const int64_t packs = D / W, step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < B * packs; i += step) {
        const int64_t b = quotient(i, packs), d = (i - b * packs) * W;
        float sum[W] = {};
#pragma unroll 4
        for (int64_t t = 0; t < steps; t++) {
            float v[W];
            load_pack<W>(v, dy.at(t, b, d));
            for (int j = 0; j < W; j++) sum[j] += v[j];
        }
        store_pack<W>(dx.at(b, d), sum);
    }
}

/* A tensor as a [T,B,D] of other strides. */
wl_tensor view(const wl_tensor &t, const wl_dims *d, int64_t step, int64_t sequence)
{
    return { t.data, t.dtype, 3, { d->T, d->B, d->D }, { step, sequence, 1 } };
}

/* y [T,B,D] from x, both views. */
wl_status move_steps(wl_ctx *ctx, const wl_dims *d, const wl_tensor &y, const wl_tensor &x,
                     const order &o)
{
    return with_packs(y.dtype, in_packs(y) && in_packs(x), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, move<T, A::width>, blocks_for(d->T * d->B * (d->D / A::width), THREADS),
                      THREADS, steps<T>(&y), steps<const T>(&x), o, d->B, d->D);
    });
}

} // namespace

/* Both parts consist of packs if the lower bits of D and of F are 0. */
wl_status wl_cuda_rearrange_concat(wl_ctx *ctx, const wl_dims *d, const wl_rearrange_concat_args *a)
{
    const bool packed = in_packs(a->a) && in_packs(a->b) && in_packs(a->y);
    return with_packs(a->y.dtype, packed, d->D | d->F, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, concat<T, A::width>, blocks_for(d->N * (d->F / A::width), THREADS),
                      THREADS, rows<T>(a->y), rows<const T>(a->a), rows<const T>(a->b), d->N, d->D,
                      d->F);
    });
}

wl_status wl_cuda_rearrange_concat_backward(wl_ctx *ctx, const wl_dims *d,
                                            const wl_rearrange_concat_backward_args *a)
{
    const bool packed = in_packs(a->dy) && in_packs(a->da) && in_packs(a->db);
    const int64_t D = wl_present(&a->da) ? d->D : d->F - d->E;
    return with_packs(a->dy.dtype, packed, D | d->F, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, split<T, A::width>, blocks_for(d->N * (d->F / A::width), THREADS),
                      THREADS, rows<T>(a->da), rows<T>(a->db), rows<const T>(a->dy), d->N, D, d->F);
    });
}

wl_status wl_cuda_rearrange_broadcast(wl_ctx *ctx, const wl_dims *d,
                                      const wl_rearrange_broadcast_args *a)
{
    return move_steps(ctx, d, a->y, view(a->x, d, 0, wl_stride(&a->x, 0)),
                      { nullptr, d->T, false });
}

wl_status wl_cuda_rearrange_broadcast_backward(wl_ctx *ctx, const wl_dims *d,
                                               const wl_rearrange_broadcast_backward_args *a)
{
    return with_packs(a->dy.dtype, in_packs(a->dy) && in_packs(a->dx), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, sum_steps<T, A::width>, blocks_for(d->B * (d->D / A::width), THREADS),
                      THREADS, rows<T>(a->dx), steps<const T>(&a->dy), d->T, d->B, d->D);
    });
}

wl_status wl_cuda_rearrange_reverse(wl_ctx *ctx, const wl_dims *d,
                                    const wl_rearrange_reverse_args *a)
{
    return move_steps(ctx, d, a->y, a->x, { (const int32_t *)a->lengths.data, d->T, true });
}

wl_status wl_cuda_rearrange_transpose(wl_ctx *ctx, const wl_dims *d,
                                      const wl_rearrange_transpose_args *a)
{
    const wl_tensor y = view(a->y, d, wl_stride(&a->y, 1), wl_stride(&a->y, 0));
    return move_steps(ctx, d, y, a->x, { nullptr, d->T, false });
}
