/* Kernels of the linear pair of <wordloom/softmax_xent.h>: some hundred rows of logits at a time by
 * one product, then a block a row, which leaves the gradient in their place (or, of 16 bits, beside
 * them) for the products of the gradients.
 * Moves: the logits twice each way, through memory; w three times for each part.
 * Bound by: the products. */
#include "../host/ops/softmax_xent.h"
#include "gemm.cuh"
#include "softmax_xent.cuh"
#include "sums.cuh"

namespace
{

/* A block owns a row: its loss and, where dz is there, its gradient. */
template <class T, int W>
__global__ void loss_rows(float *losses, const float *z, const float *bias, T *dz, xent x,
                          int64_t from, int64_t rows)
{
    for (int64_t i = blockIdx.x; i < rows; i += gridDim.x) {
        const int64_t label = x.labels.at(from + i);
        const float *row = z + i * x.V;
        const bool first = threadIdx.x == 0 && label >= 0;
        const float target = first ? row[label] + (bias ? bias[label] : 0.0f) : 0.0f;
        const seen s = look<W>(row, bias, x.V);
        const float lse = s.most + logf(s.exps);
        if (threadIdx.x == 0) losses[from + i] = label < 0 ? 0.0f : row_loss(s, lse, target, x);
        if (dz) write_gradient<W>(dz + i * x.V, row, bias, lse, label, x);
    }
}

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
        status = gemm(ctx, rows, n->D, n->V, dtype, { dz, n->V, false }, matrix_of(*n->w, false),
                      dx, at->gemm);
    }
    if (!status)
        status = gemm(ctx, n->V, n->D, rows, dtype, { dz, n->V, true }, { x, pitch, false }, 1,
                      (float *)n->dw->data, n->D, at->gemm);
    if (status || !n->db) return status;
    return add_columns(ctx, (float *)n->db->data, dz, dtype, n->V, rows, n->V,
                       (float *)at->columns);
}

wl_status work_rows(wl_ctx *ctx, const wl_xent *n, const wl_xent_space *at, const xent &x,
                    int64_t from, int64_t rows)
{
    const int32_t dtype = n->x->dtype;
    const int64_t pitch = pitch_of(*n->x);
    const void *part = (const char *)n->x->data + size_t(from * pitch) * wl_dtype_size(dtype);
    float *z = (float *)at->z;
    const float *bias = n->b ? (const float *)n->b->data : nullptr;
    void *dz = !n->dw ? nullptr : at->dz ? at->dz : at->z;
    wl_status status = gemm(ctx, rows, n->V, n->D, dtype, { part, pitch, false },
                            matrix_of(*n->w, true), 0, z, n->V, at->gemm);
    const bool packed = !n->b || in_packs(*n->b);
    if (!status)
        status = with_packs(dtype, packed, n->V, [&](auto how) {
            using A = decltype(how);
            using T = typename A::type;
            return launch(ctx, loss_rows<T, A::width>, blocks_for(rows, 1), THREADS,
                          (float *)at->losses, z, bias, (T *)dz, x, from, rows);
        });
    return status || !n->dw ? status : products(ctx, n, at, dz, from, rows);
}

wl_status work(wl_ctx *ctx, const wl_xent *n, uint32_t where)
{
    const ids_of labels = ids(ctx, *n->labels, n->V, where, true);
    wl_xent_space at;
    wl_xent_carve(&at, ctx->workspace, ctx->backend, n);
    const xent x = { labels.reported(),
                     n->V,
                     float(n->smoothing),
                     n->reduction == WL_LOSS_MEAN,
                     n->dloss ? (const float *)n->dloss->data : nullptr,
                     (const int64_t *)at.count };
    wl_status status = count_labels(ctx, (int64_t *)at.count,
                                    n->count ? (int64_t *)n->count->data : nullptr, labels, n->N);
    for (int64_t from = 0; from < n->N && !status; from += at.rows) {
        const int64_t left = n->N - from;
        status = work_rows(ctx, n, &at, x, from, left < at.rows ? left : at.rows);
    }
    if (!status)
        status = total_loss(ctx, (float *)n->loss->data, (const float *)at.losses, n->N, x);
    if (status || !n->losses || n->N == 0) return status;
    return status_of(ctx, cudaMemcpyAsync(n->losses->data, at.losses, size_t(n->N) * sizeof(float),
                                          cudaMemcpyDeviceToDevice, cudaStream_t(ctx->stream)));
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
