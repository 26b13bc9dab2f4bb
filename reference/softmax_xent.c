/* Reference of the logits' pair of <wordloom/softmax_xent.h>. */
#include "softmax_xent.h"

/* The greatest of a row's elements, and their sum. */
static extremes look(row z, int64_t V)
{
    extremes e = { -INFINITY, 0 };
    for (int64_t i = 0; i < V; i += BLOCK) {
        real x[BLOCK];
        const int64_t from = nth(i / BLOCK, (V + BLOCK - 1) / BLOCK) * BLOCK;
        const int64_t width = least(BLOCK, V - from);
        load_row(x, part_of(z, from), width);
        add_extremes(&e, x, width);
    }
    return e;
}

static real log_sum_exp(row z, int64_t V, real most)
{
    real sum = 0;
    for (int64_t i = 0; i < V; i += BLOCK) {
        real x[BLOCK];
        const int64_t from = nth(i / BLOCK, (V + BLOCK - 1) / BLOCK) * BLOCK;
        const int64_t width = least(BLOCK, V - from);
        load_row(x, part_of(z, from), width);
        sum += exponentials(x, most, width);
    }
    return most + logarithm(sum);
}

wl_status WL_REF(softmax_xent_forward)(wl_ctx *ctx, const wl_dims *d,
                                       const wl_softmax_xent_forward_args *a)
{
    real *losses = wl_present(&a->losses) ? a->losses.data : (void *)ctx->workspace;
    real *lse = a->lse.data;
    const int64_t count =
        count_labels(ctx, WL_ID_ROW(softmax_xent_forward, labels), &a->labels, d->N, d->V);
#pragma omp parallel for schedule(static) if (d->N * d->V > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        const row z = row_of(&a->logits, n, 0);
        const int64_t label = id_at(&a->labels, n, d->V);
        const extremes e = look(z, d->V);
        lse[n] = d->V ? log_sum_exp(z, d->V, e.most) : 0;
        losses[n] = label < 0 ? 0
                              : row_loss(lse[n], load(z.data, z.dtype, label), e.sum, d->V,
                                         (real)a->smoothing);
    }
    *(int64_t *)a->count.data = count;
    *(real *)a->loss.data = total_loss(losses, d->N, count, a->reduction);
    return WL_OK;
}

wl_status WL_REF(softmax_xent_backward)(wl_ctx *ctx, const wl_dims *d,
                                        const wl_softmax_xent_backward_args *a)
{
    const real factor =
        gradient_scale(wl_if_present(&a->dloss), *(const int64_t *)a->count.data, a->reduction);
    const real *lse = a->lse.data, spread = (real)a->smoothing / (real)d->V;
    count_labels(ctx, WL_ID_ROW(softmax_xent_backward, labels), &a->labels, d->N, d->V);
#pragma omp parallel for schedule(static) if (d->N * d->V > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        const row z = row_of(&a->logits, n, 0), dz = row_of(&a->dlogits, n, 0);
        const int64_t label = id_at(&a->labels, n, d->V);
        for (int64_t from = 0; from < d->V; from += BLOCK) {
            const int64_t width = least(BLOCK, d->V - from);
            real x[BLOCK];
            load_row(x, part_of(z, from), width);
            exponentials(x, lse[n], width);
            for (int64_t i = 0; i < width; i++) x[i] = label < 0 ? 0 : factor * (x[i] - spread);
            if (label >= from && label < from + width)
                x[label - from] -= factor * (1 - (real)a->smoothing);
            store_row(part_of(dz, from), x, width);
        }
    }
    return WL_OK;
}
