/* Reference of <wordloom/negative_sampling.h>. */
#include "gemm.h"

/* Scores of the n slots from ids[from] on in, gradients at them out; returns the loss. The first
 * slot is the target if `target` says so. An empty slot has neither loss nor gradient. */
static real logistic(real *s, const wl_tensor *ids, int64_t from, int64_t n, int64_t V, bool target,
                     real scale)
{
    enum { SLOTS = 64 };
    real loss = 0;
    for (int64_t first = 0; first < n; first += SLOTS) {
        const int64_t slots = least(SLOTS, n - first);
        real weight[SLOTS];
        for (int64_t i = 0; i < slots; i++)
            weight[i] = id_at(ids, from + first + i, V) < 0 ? 0 : scale;
#pragma omp simd reduction(+ : loss)
        for (int64_t i = 0; i < slots; i++) {
            const bool positive = target && first + i == 0;
            const real x = positive ? -s[first + i] : s[first + i]; /* loss log(1 + exp x) */
            const real e = exponential(x < 0 ? x : -x);
            const real sigmoid = (x < 0 ? e : 1) / (1 + e);
            loss += weight[i] * ((x > 0 ? x : 0) + log_one_plus(e));
            s[first + i] = weight[i] * (positive ? -sigmoid : sigmoid);
        }
    }
    return loss;
}

static void sum_losses(const wl_tensor *loss, const real *rows, int64_t n)
{
    wide total = 0;
    for (int64_t i = 0; i < n; i++) total += rows[nth(i, n)];
    *(real *)loss->data = (real)total;
}

/* dh[n] = factor sum_k g[n,k] table[samples[n,k]] */
static void hidden_gradient(const wl_tensor *dh, const wl_tensor *table, const wl_tensor *samples,
                            const real *g, int64_t n, const wl_dims *d, real factor)
{
    for (int64_t from = 0; from < d->D; from += BLOCK) {
        const int64_t width = least(BLOCK, d->D - from);
        real sum[BLOCK] = { 0 };
        for (int64_t i = 0; i < d->K; i++) {
            const int64_t k = nth(i, d->K), id = id_at(samples, n * d->K + k, d->V);
            if (id >= 0) add(sum, factor * g[n * d->K + k], row_of(table, id, from), width);
        }
        store_row(row_of(dh, n, from), sum, width);
    }
}

wl_status WL_REF(negative_sampling_forward)(wl_ctx *ctx, const wl_dims *d,
                                            const wl_negative_sampling_forward_args *a)
{
    real *g = a->g.data, *losses = (real *)(void *)ctx->workspace;
    const int64_t K = d->K;
#pragma omp parallel for schedule(static) if (d->N * K * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        const row h = row_of(&a->h, n, 0);
        for (int64_t k = (n + 2) * K; n + 2 < d->N && k < (n + 3) * K; k++) {
            const int64_t id = id_at(&a->samples, k, d->V);
            if (id >= 0) prefetch(row_of(&a->table, id, 0), d->D);
        }
        for (int64_t k = 0; k < K; k++) {
            const int64_t id = checked_id(ctx, WL_ID_ROW(negative_sampling_forward, samples),
                                          &a->samples, n * K + k, d->V, true);
            g[n * K + k] = id < 0 ? 0 : dot(h, row_of(&a->table, id, 0), d->D);
        }
        losses[n] = logistic(g + n * K, &a->samples, n * K, K, d->V, true, (real)a->scale);
        if (wl_present(&a->dh)) hidden_gradient(&a->dh, &a->table, &a->samples, g, n, d, 1);
    }
    sum_losses(&a->loss, losses, d->N);
    return WL_OK;
}

/* dtable[ids[i]] += factor weights[i] x[i / K], each thread its own rows, in order. */
static void add_rows(const wl_tensor *dtable, const wl_tensor *ids, const real *weights,
                     real factor, const wl_tensor *x, int64_t slots, int64_t K, const wl_dims *d)
{
#pragma omp parallel if (slots * d->D > 16384)
    for (int64_t i = 0; i < slots; i++) {
        const int64_t slot = nth(i, slots), id = id_at(ids, slot, d->V);
        if (id < 0 || id % team_size() != team_rank()) continue;
        add(row_of(dtable, id, 0).data, factor * (weights ? weights[slot] : 1),
            row_of(x, slot / K, 0), d->D);
    }
}

static real factor_of(const wl_tensor *dloss)
{
    return wl_present(dloss) ? *(const real *)dloss->data : 1;
}

wl_status WL_REF(negative_sampling_backward)(wl_ctx *ctx, const wl_dims *d,
                                             const wl_negative_sampling_backward_args *a)
{
    const real *g = a->g.data, factor = factor_of(&a->dloss);
    for (int64_t i = 0; i < d->N * d->K; i++)
        checked_id(ctx, WL_ID_ROW(negative_sampling_backward, samples), &a->samples, i, d->V, true);
    if (wl_present(&a->dh)) {
#pragma omp parallel for schedule(static) if (d->N * d->K * d->D > 16384)
        for (int64_t n = 0; n < d->N; n++)
            hidden_gradient(&a->dh, &a->table, &a->samples, g, n, d, factor);
    }
    if (wl_present(&a->dtable))
        add_rows(&a->dtable, &a->samples, g, factor, &a->h, d->N * d->K, d->K, d);
    return WL_OK;
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
        losses[n] = logistic(gt + n, &a->targets, n, 1, d->V, true, (real)a->scale) +
                    logistic(gn + n * K, &a->negatives, 0, K, d->V, false, (real)a->scale);
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
