/* Kernels of <wordloom/linear.h>: products by gemm, and what cuBLASLt does not end them with. It
 * has a bias in f32 alone; its ReLU turns NaN into 0, and its GELU is not ours to know, so
 * activations are one pass of their own. Bound by: the products; the passes by memory. */
#include "activation.cuh"
#include "gemm.cuh"
#include "sums.cuh"

namespace
{

/* A thread owns W neighbours of a row: y and, where it is wanted, sum, of a product that may lie in
 * y's own place. */
template <class T, int W>
__global__ void finish(rows_of<T> y, rows_of<T> sum, rows_of<const float> from, const float *bias,
                       int64_t N, int64_t H, int32_t activation)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; p < N * packs; p += stride) {
        const int64_t n = quotient(p, packs), h = (p - n * packs) * W;
        float v[W], b[W] = {};
        load_floats<W>(v, from.at(n, h));
        if (bias) load_floats<W>(b, bias + h);
        for (int j = 0; j < W; j++) v[j] += b[j];
        if (sum.data) store_pack<W>(sum.at(n, h), v);
        for (int j = 0; j < W; j++) v[j] = activation_value(activation, v[j]);
        store_pack<W>(y.at(n, h), v);
    }
}

/* dsum = dy times the slope: a thread owns W neighbours of a row. Of GELU `of` holds the sum, of
 * the others y. */
template <class T, int W>
__global__ void at_the_sum(rows_of<T> dsum, rows_of<const T> dy, rows_of<const T> of, int64_t N,
                           int64_t H, int32_t activation)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t p = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; p < N * packs; p += stride) {
        const int64_t n = quotient(p, packs), h = (p - n * packs) * W;
        float v[W], x[W];
        load_pack<W>(v, dy.at(n, h));
        load_pack<W>(x, of.at(n, h));
        for (int j = 0; j < W; j++)
            v[j] *= activation == WL_GELU ? activation_slope_at(WL_GELU, x[j])
                                          : activation_slope_of(activation, x[j]);
        store_pack<W>(dsum.at(n, h), v);
    }
}

/* Where the parts of the workspace begin: the product's own first. */
char *after_gemm(const wl_ctx *ctx) { return ctx->workspace + GEMM_BYTES; }

wl_status finish_product(wl_ctx *ctx, const wl_dims *d, const wl_linear_forward_args *a,
                         const product &from)
{
    const bool packed = in_packs(a->y) && in_packs(a->sum) && uintptr_t(a->b.data) % 16 == 0;
    return with_packs(a->y.dtype, packed, d->H, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const rows_of<const float> product = { (const float *)from.data, from.pitch };
        return launch(ctx, finish<T, A::width>, blocks_for(d->N * (d->H / A::width), THREADS),
                      THREADS, rows<T>(a->y), rows<T>(a->sum), product, (const float *)a->b.data,
                      d->N, d->H, a->activation);
    });
}

/* The gradient at the sum: dy itself, or in the workspace. */
wl_status slopes(wl_ctx *ctx, const wl_dims *d, const wl_linear_backward_args *a, matrix *dsum,
                 char **at)
{
    const wl_tensor &of = a->activation == WL_GELU ? a->sum : a->y;
    *dsum = matrix_of(a->dy, false);
    if (a->activation == WL_IDENTITY) return WL_OK;
    *dsum = { *at, d->H, false };
    *at += wl_part(d->N * d->H, wl_dtype_size(a->dy.dtype));
    return with_packs(a->dy.dtype, in_packs(a->dy) && in_packs(of), d->H, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const rows_of<T> to = { (T *)const_cast<void *>(dsum->data), d->H };
        return launch(ctx, at_the_sum<T, A::width>, blocks_for(d->N * (d->H / A::width), THREADS),
                      THREADS, to, rows<const T>(a->dy), rows<const T>(of), d->N, d->H,
                      a->activation);
    });
}

} // namespace

wl_status wl_cuda_linear_forward(wl_ctx *ctx, const wl_dims *d, const wl_linear_forward_args *a)
{
    const bool bare = a->activation == WL_IDENTITY && !wl_present(&a->sum);
    const bool whole = bare && (!wl_present(&a->b) || takes_bias(a->y.dtype, a->b.data));
    product to = { a->y.data, pitch_of(a->y), a->y.dtype, 0,
                   whole ? (const float *)a->b.data : nullptr };
    if (!whole && a->y.dtype != WL_F32) to = { after_gemm(ctx), d->H, WL_F32, 0, nullptr };
    const wl_status status = gemm(ctx, d->N, d->H, d->D, a->x.dtype, matrix_of(a->x, false),
                                  matrix_of(a->w, true), to, ctx->workspace);
    return status || whole ? status : finish_product(ctx, d, a, to);
}

wl_status wl_cuda_linear_backward(wl_ctx *ctx, const wl_dims *d, const wl_linear_backward_args *a)
{
    const int32_t dtype = a->x.dtype;
    char *at = after_gemm(ctx);
    matrix dsum;
    wl_status status = slopes(ctx, d, a, &dsum, &at);
    if (!status && wl_present(&a->db))
        status = add_columns(ctx, (float *)a->db.data, dsum.data, dtype, dsum.pitch, d->N, d->H,
                             (float *)(void *)at);
    if (!status)
        status = gemm(ctx, d->H, d->D, d->N, dtype, { dsum.data, dsum.pitch, true },
                      matrix_of(a->x, false), 1, (float *)a->dw.data, d->D, ctx->workspace);
    if (status || !wl_present(&a->dx)) return status;
    const product dx = { a->dx.data, pitch_of(a->dx), dtype, 0, nullptr };
    return gemm(ctx, d->N, d->D, d->H, dtype, dsum, matrix_of(a->w, false), dx, ctx->workspace);
}
