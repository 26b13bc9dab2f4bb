/* Reference of <wordloom/sigmoid_xent.h>. */
#include "softmax_xent.h"

static real part_loss(const real *x, const real *t, int64_t n)
{
    real sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = nth(k, n);
        const real e = exponential(x[i] < 0 ? x[i] : -x[i]);
        sum += (x[i] > 0 ? x[i] : 0) - x[i] * t[i] + log_one_plus(e);
    }
    return sum;
}

wl_status WL_REF(sigmoid_xent_forward)(wl_ctx *ctx, const wl_dims *d,
                                       const wl_sigmoid_xent_forward_args *a)
{
    real *losses = (real *)(void *)ctx->workspace;
#pragma omp parallel for schedule(static) if (d->N * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        losses[n] = 0;
        for (int64_t from = 0; from < d->D; from += BLOCK) {
            const int64_t width = least(BLOCK, d->D - from);
            real x[BLOCK], t[BLOCK];
            load_row(x, row_of(&a->x, n, from), width);
            load_row(t, row_of(&a->targets, n, from), width);
            losses[n] += part_loss(x, t, width);
        }
    }
    *(real *)a->loss.data = total_loss(losses, d->N, d->N, a->reduction);
    return WL_OK;
}

wl_status WL_REF(sigmoid_xent_backward)(wl_ctx *ctx, const wl_dims *d,
                                        const wl_sigmoid_xent_backward_args *a)
{
    const real factor = gradient_scale(wl_if_present(&a->dloss), d->N, a->reduction);
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++)
        for (int64_t from = 0; from < d->D; from += BLOCK) {
            const int64_t width = least(BLOCK, d->D - from);
            real x[BLOCK], t[BLOCK];
            load_row(x, row_of(&a->x, n, from), width);
            load_row(t, row_of(&a->targets, n, from), width);
#pragma omp simd
            for (int64_t i = 0; i < width; i++) x[i] = factor * (logistic_function(x[i]) - t[i]);
            store_row(row_of(&a->dx, n, from), x, width);
        }
    return WL_OK;
}
