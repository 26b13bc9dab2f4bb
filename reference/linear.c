/* Reference of <wordloom/linear.h>. */
#include "activation.h"
#include "gemm.h"

/* The next part of the workspace. */
static real *carve(char **at, int64_t count)
{
    real *part = (real *)(void *)*at;
    *at += wl_part(count, sizeof *part);
    return part;
}

/* y and sum of a product: what follows it, in one pass. */
static void finish(const wl_linear_forward_args *a, const wl_dims *d, matrix product)
{
    const int64_t blocks = (d->H + BLOCK - 1) / BLOCK;
    const real *b = a->b.data;
#pragma omp parallel for schedule(static) if (d->N * d->H > 16384)
    for (int64_t i = 0; i < d->N * blocks; i++) {
        const int64_t n = i / blocks, h = i % blocks * BLOCK, width = least(BLOCK, d->H - h);
        real sum[BLOCK];
        memcpy(sum, product.data + n * product.pitch + h, (size_t)width * sizeof *sum);
        for (int64_t k = 0; k < width && b; k++) sum[k] += b[h + k];
        if (wl_present(&a->sum)) store_row(row_of(&a->sum, n, h), sum, width);
        activate(a->activation, sum, width);
        store_row(row_of(&a->y, n, h), sum, width);
    }
}

wl_status WL_REF(linear_forward)(wl_ctx *ctx, const wl_dims *d, const wl_linear_forward_args *a)
{
    const bool is_real = a->x.dtype == REAL_DTYPE;
    char *at = ctx->workspace;
    real *room = is_real ? NULL : carve(&at, d->N * d->H);
    const matrix x = widened(&a->x, is_real ? NULL : carve(&at, d->N * d->D));
    const matrix w = widened(&a->w, is_real ? NULL : carve(&at, d->H * d->D));
    const matrix y = is_real ? (matrix){ a->y.data, pitch_of(&a->y) } : (matrix){ room, d->H };
    WL_REF(gemm)
    (false, true, d->N, d->H, d->D, x.data, x.pitch, w.data, w.pitch, 0, y.data, y.pitch);
    const bool more = wl_present(&a->b) || wl_present(&a->sum) || a->activation != WL_IDENTITY;
    if (more || !is_real) finish(a, d, y);
    return WL_OK;
}

/* dy times the slope, as STORED has it. */
static matrix at_the_sum(const wl_linear_backward_args *a, const wl_dims *d, real *room)
{
    const int64_t blocks = (d->H + BLOCK - 1) / BLOCK;
    const bool gelu = a->activation == WL_GELU;
    if (a->activation == WL_IDENTITY) return widened(&a->dy, room);
#pragma omp parallel for schedule(static) if (d->N * d->H > 16384)
    for (int64_t i = 0; i < d->N * blocks; i++) {
        const int64_t n = i / blocks, h = i % blocks * BLOCK, width = least(BLOCK, d->H - h);
        real *dsum = room + n * d->H + h, of[BLOCK];
        load_row(dsum, row_of(&a->dy, n, h), width);
        load_row(of, row_of(gelu ? &a->sum : &a->y, n, h), width);
        if (gelu)
            times_slope_at(WL_GELU, dsum, of, width);
        else
            times_slope_of(a->activation, dsum, of, width);
        round_row(dsum, a->dy.dtype, width);
    }
    return (matrix){ room, d->H };
}

/* dx = dsum w, by way of `room` where it is not REAL. */
static void input_gradient(const wl_tensor *dx, const wl_dims *d, matrix dsum, matrix w, real *room)
{
    const bool is_real = dx->dtype == REAL_DTYPE;
    const matrix to = is_real ? (matrix){ dx->data, pitch_of(dx) } : (matrix){ room, d->D };
    WL_REF(gemm)
    (false, false, d->N, d->D, d->H, dsum.data, dsum.pitch, w.data, w.pitch, 0, to.data, to.pitch);
    if (is_real) return;
#pragma omp parallel for schedule(static) if (d->N * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) store_row(row_of(dx, n, 0), room + n * d->D, d->D);
}

wl_status WL_REF(linear_backward)(wl_ctx *ctx, const wl_dims *d, const wl_linear_backward_args *a)
{
    const bool is_real = a->x.dtype == REAL_DTYPE;
    const bool copied = !is_real || a->activation != WL_IDENTITY;
    char *at = ctx->workspace;
    const matrix dsum = at_the_sum(a, d, copied ? carve(&at, d->N * d->H) : NULL);
    real *room = is_real ? NULL : carve(&at, d->N * d->D);
    const matrix x = widened(&a->x, room);
    if (wl_present(&a->db)) WL_REF(add_columns)(a->db.data, dsum.data, dsum.pitch, d->N, d->H);
    WL_REF(gemm)
    (true, false, d->H, d->D, d->N, dsum.data, dsum.pitch, x.data, x.pitch, 1, a->dw.data, d->D);
    if (!wl_present(&a->dx)) return WL_OK;
    const matrix w = widened(&a->w, is_real ? NULL : carve(&at, d->H * d->D));
    input_gradient(&a->dx, d, dsum, w, room); /* x has done its part: dx takes its place */
    return WL_OK;
}
