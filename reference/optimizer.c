/* Reference of <wordloom/optimizer.h>. */
#include "../host/ops/step_decision.h"
#include "update_rule.h"

/* The entries that a device count leaves of N. */
static int64_t counted(const wl_tensor *count, int64_t N)
{
    if (!wl_present(count)) return N;
    const int64_t c = *(const int64_t *)count->data;
    return c < 0 ? 0 : least(c, N);
}

/* Partial sums, then their sum: the same for any number of threads. */
wl_status WL_REF(optimizer_sum_squares)(wl_ctx *ctx, const wl_dims *d,
                                        const wl_optimizer_sum_squares_args *a)
{
    enum { PART = WL_SQUARES_PART };
    const int64_t n = counted(&a->count, d->N) * d->D, parts = (n + PART - 1) / PART;
    real *part = (real *)(void *)ctx->workspace;
    wide total = 0;
#pragma omp parallel for schedule(static) if (parts > 4)
    for (int64_t i = 0; i < parts; i++) {
        const int64_t width = least(PART, n - i * PART);
        const row x = { (real *)a->x.data + i * PART, REAL_DTYPE };
        part[i] = dot(x, x, width);
    }
    for (int64_t i = 0; i < parts; i++) total += part[nth(i, parts)];
    *(real *)a->sum.data += (real)total;
    return WL_OK;
}

wl_status WL_REF(optimizer_clip)(wl_ctx *ctx, const wl_dims *d, const wl_optimizer_clip_args *a)
{
    const real *loss = a->loss.data;
    real *total = a->total.data, *loss_scale = a->loss_scale.data;
    int64_t *step = a->step.data, *skipped = a->skipped.data, *in_a_row = a->in_a_row.data;
    int64_t *clean = a->clean.data;
    const double scale = wl_step_scale((double)*(const real *)a->sum.data, loss ? (double)*loss : 0,
                                       a->max_norm, loss_scale ? (double)*loss_scale : 1);
    const bool good = scale > 0;
    (void)ctx, (void)d;
    *(real *)a->scale.data = (real)scale;
    if (step) *step += good;
    if (skipped) *skipped += !good;
    if (in_a_row) *in_a_row = good ? 0 : *in_a_row + 1;
    if (total && good) *total += *loss;
    if (!loss_scale) return WL_OK;
    *clean = good ? *clean + 1 : 0;
    *loss_scale = (real)wl_next_loss_scale((double)*loss_scale, *clean);
    return WL_OK;
}

wl_status WL_REF(optimizer_clear)(wl_ctx *ctx, const wl_dims *d, const wl_optimizer_clear_args *a)
{
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N > 65536)
    for (int64_t from = 0; from < d->N; from += BLOCK)
        memset((real *)a->x.data + from, 0, (size_t)least(BLOCK, d->N - from) * sizeof(real));
    return WL_OK;
}

wl_status WL_REF(optimizer_update)(wl_ctx *ctx, const wl_dims *d, const wl_optimizer_update_args *a)
{
    const rule r = rule_of(&a->rule);
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N > 65536)
    for (int64_t from = 0; from < d->N; from += BLOCK) {
        const int64_t width = least(BLOCK, d->N - from);
        real *p = (real *)a->p.data + from;
        if (!r.skip)
            apply_rule(&r, p, wl_present(&a->m) ? (real *)a->m.data + from : NULL,
                       wl_present(&a->v) ? (real *)a->v.data + from : NULL,
                       (const real *)a->g.data + from, width);
        if (wl_present(&a->copy)) store_by_rule(&r, row_of(&a->copy, 0, from), p, width, from);
    }
    return WL_OK;
}

wl_status WL_REF(optimizer_update_rows)(wl_ctx *ctx, const wl_dims *d,
                                        const wl_optimizer_update_rows_args *a)
{
    const rule r = rule_of(&a->rule);
    const int64_t rows = counted(&a->count, d->N);
    if (r.skip) return WL_OK;
#pragma omp parallel for schedule(static) if (rows * d->D > 16384)
    for (int64_t n = 0; n < rows; n++) {
        const int64_t id =
            checked_id(ctx, WL_ID_ROW(optimizer_update_rows, rows), &a->rows, n, d->V, false);
        for (int64_t from = 0; id >= 0 && from < d->D; from += BLOCK)
            update_row(&r, &a->table, &a->m, &a->v, id, from, least(BLOCK, d->D - from), d->D,
                       (const real *)a->g.data + n * d->D + from);
    }
    return WL_OK;
}
