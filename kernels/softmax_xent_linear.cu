/* The linear pair of <wordloom/softmax_xent.h>, some hundred rows at a time: logits by one product,
 * then what the logits' pair does with rows, or both in tiles (softmax_xent_tiles.cu); and the
 * products of the gradients.
 * Moves: the logits four times, through memory; w three times for each part.
 * Bound by: the products. */
#include "gemm.cuh"
#include "softmax_xent.cuh"
#include "sums.cuh"

namespace
{

/* The gradients at x and w of `rows` rows from `from` on, whose gradients at the logits are dz. */
wl_status products(wl_ctx *ctx, const wl_xent *n, const wl_xent_space *at, const void *dz,
                   int64_t from, int64_t rows)
{
    const int32_t dtype = n->x->dtype;
    const size_t size = wl_dtype_size(dtype);
    const int64_t pitch = pitch_of(*n->x);
    const void *x = (const char *)n->x->data + size_t(from * pitch) * size;
    wl_status status = WL_OK;
    if (n->dx) {
        const int64_t to = pitch_of(*n->dx);
        const product dx = { (char *)n->dx->data + size_t(from * to) * size, to, dtype, 0,
                             nullptr };
        status = gemm(ctx, rows, n->D, n->V, dtype, { dz, at->pitch, false },
                      matrix_of(*n->w, false), dx, at->gemm);
    }
    if (!status)
        status = gemm(ctx, n->V, n->D, rows, dtype, { dz, at->pitch, true }, { x, pitch, false }, 1,
                      (float *)n->dw->data, n->D, at->gemm);
    if (status || !n->db) return status;
    return add_columns(ctx, (float *)n->db->data, dz, dtype, at->pitch, rows, n->V,
                       (float *)at->columns);
}

/* The bias as a product takes it: a copy where it is not aligned. */
wl_status align_bias(wl_ctx *ctx, const wl_xent *n, const wl_xent_space *at, const float **bias)
{
    *bias = n->b ? (const float *)n->b->data : nullptr;
    if (!at->b || n->V == 0 || takes_bias(WL_F32, *bias)) return WL_OK;
    *bias = (const float *)at->b;
    return status_of(ctx, cudaMemcpyAsync(at->b, n->b->data, size_t(n->V) * sizeof(float),
                                          cudaMemcpyDeviceToDevice, cudaStream_t(ctx->stream)));
}

/* A call, and where its results are made. */
struct linear_call {
    const wl_xent *n;
    wl_xent_space at;
    xent x;
    const float *bias;
    float *losses;
};

/* Losses of `rows` rows from `from` on and, with dw, gradients at their logits. */
wl_status work_logits(wl_ctx *ctx, const linear_call &c, const matrix &x, const logits_at &dz,
                      int64_t from, int64_t rows)
{
    const wl_xent *n = c.n;
    const product sums = { c.at.z, c.at.pitch, WL_F32, 0, c.bias };
    const logits_at z = { c.at.z, c.at.pitch, WL_F32 };
    const xent here = c.x.from(from);
    float *lse = (float *)c.at.lse;
    wl_status status =
        gemm(ctx, rows, n->V, n->D, n->x->dtype, x, matrix_of(*n->w, true), sums, c.at.gemm);
    if (!status) status = forward_rows(ctx, c.losses + from, lse, c.at.parts, z, here, rows);
    return status || !n->dw ? status : backward_rows(ctx, dz, z, lse, here, rows);
}

/* The same without logits. */
wl_status work_tiles(wl_ctx *ctx, const linear_call &c, const matrix &x, const logits_at &dz,
                     int64_t from, int64_t rows)
{
    const wl_xent *n = c.n;
    const linear_at l = { x.data,
                          n->w->data,
                          x.pitch,
                          pitch_of(*n->w),
                          n->D,
                          n->x->dtype,
                          n->b ? (const float *)n->b->data : nullptr };
    const xent here = c.x.from(from);
    float *lse = (float *)c.at.lse;
    const wl_status status = forward_tiles(ctx, c.losses + from, lse, c.at.parts, l, here, rows);
    return status || !n->dw ? status : backward_tiles(ctx, dz, l, lse, here, rows);
}

wl_status work_rows(wl_ctx *ctx, const linear_call &c, int64_t from, int64_t rows)
{
    const wl_xent *n = c.n;
    const int64_t pitch = pitch_of(*n->x);
    const size_t before = size_t(from * pitch) * wl_dtype_size(n->x->dtype);
    const matrix x = { (const char *)n->x->data + before, pitch, false };
    const logits_at dz = { c.at.dz ? c.at.dz : c.at.z, c.at.pitch, n->x->dtype };
    const wl_status status = wl_xent_in_tiles(n, false) ? work_tiles(ctx, c, x, dz, from, rows)
                                                        : work_logits(ctx, c, x, dz, from, rows);
    return status || !n->dw ? status : products(ctx, n, &c.at, dz.data, from, rows);
}

wl_status work(wl_ctx *ctx, const wl_xent *n, uint32_t where)
{
    const ids_of labels = ids(ctx, *n->labels, n->V, where, true);
    const bool mean = n->reduction == WL_LOSS_MEAN;
    linear_call c = { n, {}, {}, nullptr, nullptr };
    wl_xent_carve(&c.at, ctx->workspace, ctx->backend, n);
    int64_t *count = (int64_t *)c.at.count;
    const float *dloss = n->dloss ? (const float *)n->dloss->data : nullptr;
    c.x = { labels.reported(), n->V, float(n->smoothing), mean, dloss, count };
    c.losses = (float *)(n->losses ? n->losses->data : c.at.losses);
    wl_status status = align_bias(ctx, n, &c.at, &c.bias);
    if (!status && n->dw && mean) /* which gradients are divided by */
        status = total_rows(ctx, { nullptr, count, nullptr, true }, nullptr, c.x.labels, n->N,
                            c.at.groups);
    for (int64_t from = 0; from < n->N && !status; from += c.at.rows) {
        const int64_t left = n->N - from;
        status = work_rows(ctx, c, from, left < c.at.rows ? left : c.at.rows);
    }
    const total_at out = { (float *)n->loss->data, count,
                           n->count ? (int64_t *)n->count->data : nullptr, mean };
    return status ? status : total_rows(ctx, out, c.losses, labels, n->N, c.at.groups);
}

} // namespace

wl_status wl_cuda_softmax_xent_linear_forward(wl_ctx *ctx, const wl_dims *d,
                                              const wl_softmax_xent_linear_forward_args *a)
{
    const wl_xent n = wl_xent_of_forward(d, a);
    return work(ctx, &n, WL_ID_ROW(softmax_xent_linear_forward, labels));
}

wl_status wl_cuda_softmax_xent_linear_backward(wl_ctx *ctx, const wl_dims *d,
                                               const wl_softmax_xent_linear_backward_args *a)
{
    const wl_xent n = wl_xent_of_backward(d, a);
    return work(ctx, &n, WL_ID_ROW(softmax_xent_linear_backward, labels));
}
