/* The linear pair of <wordloom/softmax_xent.h>: logits of some hundred rows at a time by one
 * product, then what the logits' pair does with rows, and the products of the gradients.
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
    if (!n->b || n->V == 0 || takes_bias(WL_F32, *bias)) return WL_OK;
    *bias = (const float *)at->b;
    return status_of(ctx, cudaMemcpyAsync(at->b, n->b->data, size_t(n->V) * sizeof(float),
                                          cudaMemcpyDeviceToDevice, cudaStream_t(ctx->stream)));
}

/* `rows` rows from `from` on: their losses and, with dw, all gradients. */
wl_status work_rows(wl_ctx *ctx, const wl_xent *n, const wl_xent_space *at, const xent &x,
                    const float *bias, float *losses, int64_t from, int64_t rows)
{
    const int32_t dtype = n->x->dtype;
    const int64_t pitch = pitch_of(*n->x);
    const void *part = (const char *)n->x->data + size_t(from * pitch) * wl_dtype_size(dtype);
    const product logits = { at->z, at->pitch, WL_F32, 0, bias };
    const logits_at z = { at->z, at->pitch, WL_F32 };
    const logits_at dz = { at->dz ? at->dz : at->z, at->pitch, dtype };
    const xent here = x.from(from);
    wl_status status = gemm(ctx, rows, n->V, n->D, dtype, { part, pitch, false },
                            matrix_of(*n->w, true), logits, at->gemm);
    if (!status)
        status = forward_rows(ctx, losses + from, (float *)at->lse, at->parts, z, here, rows);
    if (status || !n->dw) return status;
    status = backward_rows(ctx, dz, z, (const float *)at->lse, here, rows);
    return status ? status : products(ctx, n, at, dz.data, from, rows);
}

wl_status work(wl_ctx *ctx, const wl_xent *n, uint32_t where)
{
    const ids_of labels = ids(ctx, *n->labels, n->V, where, true);
    wl_xent_space at;
    wl_xent_carve(&at, ctx->workspace, ctx->backend, n);
    float *losses = (float *)(n->losses ? n->losses->data : at.losses);
    int64_t *count = (int64_t *)at.count;
    const xent x = { labels.reported(),
                     n->V,
                     float(n->smoothing),
                     n->reduction == WL_LOSS_MEAN,
                     n->dloss ? (const float *)n->dloss->data : nullptr,
                     count };
    const float *bias = nullptr;
    wl_status status = align_bias(ctx, n, &at, &bias);
    if (!status && n->dw && x.mean) /* which gradients are divided by */
        status = total_rows(ctx, { nullptr, count, nullptr, true }, nullptr, labels.reported(),
                            n->N, at.groups);
    for (int64_t from = 0; from < n->N && !status; from += at.rows) {
        const int64_t left = n->N - from;
        status = work_rows(ctx, n, &at, x, bias, losses, from, left < at.rows ? left : at.rows);
    }
    const total_at out = { (float *)n->loss->data, count,
                           n->count ? (int64_t *)n->count->data : nullptr, x.mean };
    return status ? status : total_rows(ctx, out, losses, labels, n->N, at.groups);
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
