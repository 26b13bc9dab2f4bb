/* Reference of <wordloom/negative_sampling.h>. */
#include "gemm.h"
#include "samples.h"

wl_status WL_REF(negative_sampling_forward)(wl_ctx *ctx, const wl_dims *d,
                                            const wl_negative_sampling_forward_args *a)
{
    real *losses = (real *)(void *)ctx->workspace;
    const scoring s = {
        &a->h, &a->table, &a->samples, &a->dh, a->g.data, losses, (real)a->scale,
    };
#pragma omp parallel for schedule(static) if (d->N * d->K * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        for (int64_t k = n * d->K; k < (n + 1) * d->K; k++)
            checked_id(ctx, WL_ID_ROW(negative_sampling_forward, samples), &a->samples, k, d->V,
                       true);
        if (n + 2 < d->N) prefetch_samples(&s, d, n + 2);
        score_row(&s, d, n, 1);
    }
    sum_losses(&a->loss, losses, d->N);
    return WL_OK;
}

wl_status WL_REF(negative_sampling_backward)(wl_ctx *ctx, const wl_dims *d,
                                             const wl_negative_sampling_backward_args *a)
{
    return samples_backward(ctx, d, a, WL_ID_ROW(negative_sampling_backward, samples));
}

/* The rows that ids name as REAL, zero where there is none; all ids must be good or absent. */
static void gather_real(real *out, const wl_tensor *table, const wl_tensor *ids, int64_t n,
                        const wl_dims *d)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t id = id_at(ids, i, d->V);
        memset(out + i * d->D, 0, (size_t)d->D * sizeof *out);
        if (id >= 0) load_row(out + i * d->D, row_of(table, id, 0), d->D);
    }
}

wl_status
WL_REF(negative_sampling_shared_forward)(wl_ctx *ctx, const wl_dims *d,
                                         const wl_negative_sampling_shared_forward_args *a)
{
    const int64_t N = d->N, K = d->K, D = d->D;
    real *rows = (real *)(void *)ctx->workspace;
    real *h = (real *)(void *)((char *)rows + wl_part(K * D, sizeof *rows));
    real *losses = (real *)(void *)((char *)h + wl_part(N * D, sizeof *h));
    real *gt = a->gt.data, *gn = a->gn.data;
    for (int64_t k = 0; k < K; k++)
        checked_id(ctx, WL_ID_ROW(negative_sampling_shared_forward, negatives), &a->negatives, k,
                   d->V, true);
    gather_real(rows, &a->table, &a->negatives, K, d);
    load_row(h, row_of(&a->h, 0, 0), N * D);
    WL_REF(gemm)(false, true, N, K, D, h, D, rows, D, 0, gn, K);
#pragma omp parallel for schedule(static) if (N * K > 16384)
    for (int64_t n = 0; n < N; n++) {
        const int64_t id = checked_id(ctx, WL_ID_ROW(negative_sampling_shared_forward, targets),
                                      &a->targets, n, d->V, true);
        gt[n] = id < 0 ? 0 : dot(row_of(&a->h, n, 0), row_of(&a->table, id, 0), D);
        losses[n] = logistic(gt + n, &a->targets, n, 1, d->V, 1, (real)a->scale) +
                    logistic(gn + n * K, &a->negatives, 0, K, d->V, 0, (real)a->scale);
    }
    sum_losses(&a->loss, losses, N);
    return WL_OK;
}

wl_status
WL_REF(negative_sampling_shared_backward)(wl_ctx *ctx, const wl_dims *d,
                                          const wl_negative_sampling_shared_backward_args *a)
{
    const int64_t N = d->N, K = d->K, D = d->D;
    real *rows = (real *)(void *)ctx->workspace;
    real *h = (real *)(void *)((char *)rows + wl_part(K * D, sizeof *rows));
    real *dh = (real *)(void *)((char *)h + wl_part(N * D, sizeof *h));
    const real *gt = a->gt.data, *gn = a->gn.data, factor = factor_of(&a->dloss);
    real *dnegatives = a->dnegatives.data;
    for (int64_t k = 0; k < K; k++)
        checked_id(ctx, WL_ID_ROW(negative_sampling_shared_backward, negatives), &a->negatives, k,
                   d->V, true);
    for (int64_t n = 0; n < N; n++)
        checked_id(ctx, WL_ID_ROW(negative_sampling_shared_backward, targets), &a->targets, n, d->V,
                   true);
    gather_real(rows, &a->table, &a->negatives, K, d);
    load_row(h, row_of(&a->h, 0, 0), N * D);
    WL_REF(gemm)(false, false, N, D, K, gn, K, rows, D, 0, dh, D);
    WL_REF(gemm)(true, false, K, D, N, gn, K, h, D, 0, dnegatives, D);
    for (int64_t i = 0; i < K * D; i++) dnegatives[i] *= factor;
#pragma omp parallel for schedule(static) if (N * D > 16384)
    for (int64_t n = 0; n < N; n++) {
        const int64_t id = id_at(&a->targets, n, d->V);
        if (id >= 0) add(dh + n * D, gt[n], row_of(&a->table, id, 0), D);
        for (int64_t i = 0; i < D; i++) dh[n * D + i] *= factor;
        store_row(row_of(&a->dh, n, 0), dh + n * D, D);
    }
    if (!wl_present(&a->dtable)) return WL_OK;
    const wl_tensor drows = { dnegatives, REAL_DTYPE, 2, { K, D }, { 0 } };
    add_rows(&a->dtable, &a->targets, gt, factor, &a->h, N, 1, d);
    add_rows(&a->dtable, &a->negatives, NULL, 1, &drows, K, 1, d);
    return WL_OK;
}
