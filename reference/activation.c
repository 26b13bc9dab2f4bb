/* Reference of <wordloom/activation.h>. */
#include "activation.h"

static bool is_dense(const wl_tensor *t) { return wl_stride(t, 0) == t->shape[1]; }

/* Where every tensor is dense, all the elements are one row. */
static void flatten(int64_t *N, int64_t *D)
{
    *D *= *N;
    *N = 1;
}

wl_status WL_REF(activation_forward)(wl_ctx *ctx, const wl_dims *d,
                                     const wl_activation_forward_args *a)
{
    int64_t N = d->N, D = d->D;
    (void)ctx;
    if (is_dense(&a->x) && is_dense(&a->y)) flatten(&N, &D);
    const int64_t blocks = (D + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) if (N * D > 8192)
    for (int64_t i = 0; i < N * blocks; i++) {
        const int64_t n = i / blocks, from = i % blocks * BLOCK, width = least(BLOCK, D - from);
        real x[BLOCK];
        load_row(x, row_of(&a->x, n, from), width);
        activate(a->kind, x, width);
        store_row(row_of(&a->y, n, from), x, width);
    }
    return WL_OK;
}

wl_status WL_REF(activation_backward)(wl_ctx *ctx, const wl_dims *d,
                                      const wl_activation_backward_args *a)
{
    int64_t N = d->N, D = d->D;
    (void)ctx;
    if (is_dense(&a->x) && is_dense(&a->dy) && is_dense(&a->dx)) flatten(&N, &D);
    const int64_t blocks = (D + BLOCK - 1) / BLOCK;
#pragma omp parallel for schedule(static) if (N * D > 8192)
    for (int64_t i = 0; i < N * blocks; i++) {
        const int64_t n = i / blocks, from = i % blocks * BLOCK, width = least(BLOCK, D - from);
        real x[BLOCK], dx[BLOCK];
        load_row(x, row_of(&a->x, n, from), width);
        load_row(dx, row_of(&a->dy, n, from), width);
        times_slope_at(a->kind, dx, x, width);
        store_row(row_of(&a->dx, n, from), dx, width);
    }
    return WL_OK;
}
