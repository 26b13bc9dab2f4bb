/* Reference of the linear pair of <wordloom/softmax_xent.h>: some hundred rows of logits at a
 * time. */
#include "../host/ops/softmax_xent.h"
#include "gemm.h"
#include "softmax_xent.h"

/* A row of logits, to which b is added, becomes its gradient where that is asked for; answers the
 * loss. The passes find the row in the cache. */
static real work_row(real *z, const real *b, int64_t label, const wl_xent *n, real factor)
{
    const int64_t V = n->V;
    const real smoothing = (real)n->smoothing, spread = smoothing / (real)V;
    extremes e = { -INFINITY, 0 };
    real sum = 0;
    if (label < 0) {
        memset(z, 0, (size_t)V * sizeof *z);
        return 0;
    }
    for (int64_t i = 0; i < V && b; i++) z[i] += b[i];
    add_extremes(&e, z, V);
    const real target = z[label];
    sum = exponentials(z, e.most, V);
    const real lse = e.most + logarithm(sum), scale = factor / sum;
    if (n->dw) {
        const real at_label = z[label] * scale - factor * (spread + (1 - smoothing));
#pragma omp simd
        for (int64_t i = 0; i < V; i++) z[i] = z[i] * scale - factor * spread;
        z[label] = at_label;
    }
    return row_loss(lse, target, e.sum, V, smoothing);
}

/* `rows` rows of x from `from` on. */
static void work_rows(const wl_xent *n, const wl_xent_space *at, matrix x, matrix w, int64_t from,
                      int64_t rows, real factor)
{
    const int64_t V = n->V, D = n->D;
    const real *b = n->b ? n->b->data : NULL;
    real *z = at->z, *losses = at->losses;
    const real *part = x.data + from * x.pitch;
    WL_REF(gemm)(false, true, rows, V, D, part, x.pitch, w.data, w.pitch, 0, z, V);
#pragma omp parallel for schedule(static) if (rows * V > 16384)
    for (int64_t i = 0; i < rows; i++) {
        losses[from + i] = work_row(z + i * V, b, id_at(n->labels, from + i, V), n, factor);
        if (n->dw) round_row(z + i * V, n->x->dtype, V);
    }
    if (!n->dw) return;
    if (n->dx) {
        real *dx = at->dx ? at->dx : (real *)n->dx->data + from * pitch_of(n->dx);
        WL_REF(gemm)
        (false, false, rows, D, V, z, V, w.data, w.pitch, 0, dx, at->dx ? D : pitch_of(n->dx));
        for (int64_t i = 0; i < rows && at->dx; i++)
            store_row(row_of(n->dx, from + i, 0), dx + i * D, D);
    }
    WL_REF(gemm)(true, false, V, D, rows, z, V, part, x.pitch, 1, n->dw->data, D);
    if (n->db) WL_REF(add_columns)(n->db->data, z, V, rows, V);
}

static void work(wl_ctx *ctx, const wl_xent *n, uint32_t where)
{
    wl_xent_space at;
    wl_xent_carve(&at, ctx->workspace, ctx->backend, n);
    const int64_t count = count_labels(ctx, where, n->labels, n->N, n->V);
    const real factor = n->dw ? gradient_scale(n->dloss, count, n->reduction) : 0;
    const matrix x = widened(n->x, at.x), w = widened(n->w, at.w);
    for (int64_t from = 0; from < n->N; from += at.rows)
        work_rows(n, &at, x, w, from, least(at.rows, n->N - from), factor);
    if (n->losses) memcpy(n->losses->data, at.losses, (size_t)n->N * sizeof(real));
    if (n->count) *(int64_t *)n->count->data = count;
    *(real *)n->loss->data = total_loss(at.losses, n->N, count, n->reduction);
}

wl_status WL_REF(softmax_xent_linear_forward)(wl_ctx *ctx, const wl_dims *d,
                                              const wl_softmax_xent_linear_forward_args *a)
{
    const wl_xent n = wl_xent_of_forward(d, a);
    work(ctx, &n, WL_ID_ROW(softmax_xent_linear_forward, labels));
    return WL_OK;
}

wl_status WL_REF(softmax_xent_linear_backward)(wl_ctx *ctx, const wl_dims *d,
                                               const wl_softmax_xent_linear_backward_args *a)
{
    const wl_xent n = wl_xent_of_backward(d, a);
    work(ctx, &n, WL_ID_ROW(softmax_xent_linear_backward, labels));
    return WL_OK;
}
