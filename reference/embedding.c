/* Reference of <wordloom/embedding.h>. */
#include "grouping.h"
#include "update_rule.h"

wl_status WL_REF(embedding_gather)(wl_ctx *ctx, const wl_dims *d, const wl_embedding_gather_args *a)
{
    const size_t bytes = (size_t)d->D * wl_dtype_size(a->table.dtype);
#pragma omp parallel for schedule(static) if (d->N * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        const int64_t id =
            checked_id(ctx, WL_ID_ROW(embedding_gather, ids), &a->ids, n, d->V, false);
        void *y = row_of(&a->y, n, 0).data;
        if (id < 0)
            memset(y, 0, bytes);
        else
            memcpy(y, row_of(&a->table, id, 0).data, bytes);
    }
    return WL_OK;
}

wl_status WL_REF(embedding_gather_pooled)(wl_ctx *ctx, const wl_dims *d,
                                          const wl_embedding_gather_pooled_args *a)
{
    const real *weights = a->weights.data;
    const int64_t K = d->K;
#pragma omp parallel for schedule(static) if (d->N * K * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        const real share = slot_share(&a->ids, n, K, d->V, a->mean);
        for (int64_t k = 0; k < K; k++)
            checked_id(ctx, WL_ID_ROW(embedding_gather_pooled, ids), &a->ids, n * K + k, d->V,
                       true);
        for (int64_t from = 0; from < d->D; from += BLOCK) {
            const int64_t width = least(BLOCK, d->D - from);
            real sum[BLOCK] = { 0 };
            for (int64_t i = 0; i < K; i++) {
                const int64_t slot = n * K + nth(i, K), id = id_at(&a->ids, slot, d->V);
                if (id < 0) continue;
                add(sum, weights ? weights[slot] : 1, row_of(&a->table, id, from), width);
            }
            for (int64_t i = 0; i < width; i++) sum[i] *= share;
            store_row(row_of(&a->y, n, from), sum, width);
        }
    }
    return WL_OK;
}

/* What a scatter reads, whichever operator it is. */
typedef struct scatter_inputs {
    uint32_t where;
    const wl_tensor *ids, *weights, *dy;
    int32_t mean;
} scatter_inputs;

/* Each thread owns the rows whose number is its own modulo the team's size, and takes their slots
 * in order: the same sums for any number of threads. */
static void scatter(wl_ctx *ctx, const wl_dims *d, const scatter_inputs *in,
                    const wl_tensor *dtable)
{
    const real *weights = in->weights->data;
    const int64_t K = d->K;
#pragma omp parallel if (d->N * K * d->D > 16384)
    for (int64_t i = 0; i < d->N; i++) {
        const int64_t n = nth(i, d->N);
        const real share = slot_share(in->ids, n, K, d->V, in->mean);
        for (int64_t j = 0; j < K; j++) {
            const int64_t slot = n * K + nth(j, K);
            if (slot % team_size() == team_rank())
                checked_id(ctx, in->where, in->ids, slot, d->V, true);
            const int64_t id = id_at(in->ids, slot, d->V);
            if (id < 0 || id % team_size() != team_rank()) continue;
            add(row_of(dtable, id, 0).data, (weights ? weights[slot] : 1) * share,
                row_of(in->dy, n, 0), d->D);
        }
    }
}

wl_status WL_REF(embedding_scatter)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_embedding_scatter_args *a)
{
    const scatter_inputs in = { WL_ID_ROW(embedding_scatter, ids), &a->ids, &a->weights, &a->dy,
                                a->mean };
    scatter(ctx, d, &in, &a->dtable);
    return WL_OK;
}

wl_status WL_REF(embedding_scatter_atomic)(wl_ctx *ctx, const wl_dims *d,
                                           const wl_embedding_scatter_atomic_args *a)
{
    const scatter_inputs in = { WL_ID_ROW(embedding_scatter_atomic, ids), &a->ids, &a->weights,
                                &a->dy, a->mean };
    scatter(ctx, d, &in, &a->dtable);
    return WL_OK;
}

/* The capped sum of one group's contributions to features from..from+width-1. */
static void sum_group(real *sum, const wl_dims *d, const scatter_inputs *in, const grouping *by,
                      int64_t group, int64_t from, int64_t width, double cap)
{
    const real *weights = in->weights->data;
    const int64_t start = by->start[group], slots = by->start[group + 1] - start;
    memset(sum, 0, BLOCK * sizeof *sum);
    for (int64_t i = 0; i < slots; i++) {
        const int64_t slot = by->slot[start + nth(i, slots)], n = slot / d->K;
        const real share = slot_share(in->ids, n, d->K, d->V, in->mean);
        add(sum, (weights ? weights[slot] : 1) * share, row_of(in->dy, n, from), width);
    }
    if (cap > 0 && (double)slots > cap)
        for (int64_t i = 0; i < width; i++) sum[i] *= (real)(cap / (double)slots);
}

wl_status WL_REF(embedding_compact)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_embedding_compact_args *a)
{
    const scatter_inputs in = { WL_ID_ROW(embedding_compact, ids), &a->ids, &a->weights, &a->dy,
                                a->mean };
    const grouping by = WL_REF(group)(ctx, in.where, in.ids, d->N * d->K, d->V, ctx->workspace);
    *(int64_t *)a->count.data = by.groups;
#pragma omp parallel for schedule(dynamic, 32) if (d->N * d->K * d->D > 16384)
    for (int64_t group = 0; group < by.groups; group++) {
        ((int64_t *)a->rows.data)[group] = (int64_t)by.row[by.start[group]];
        for (int64_t from = 0; from < d->D; from += BLOCK) {
            const int64_t width = least(BLOCK, d->D - from);
            real sum[BLOCK];
            sum_group(sum, d, &in, &by, group, from, width, a->cap);
            store_row(row_of(&a->sums, group, from), sum, width);
        }
    }
    return WL_OK;
}

wl_status WL_REF(embedding_update)(wl_ctx *ctx, const wl_dims *d, const wl_embedding_update_args *a)
{
    const scatter_inputs in = { WL_ID_ROW(embedding_update, ids), &a->ids, &a->weights, &a->dy,
                                a->mean };
    const grouping by = WL_REF(group)(ctx, in.where, in.ids, d->N * d->K, d->V, ctx->workspace);
    const rule r = rule_of(&a->rule);
    if (r.skip) return WL_OK;
#pragma omp parallel for schedule(dynamic, 32) if (d->N * d->K * d->D > 16384)
    for (int64_t group = 0; group < by.groups; group++) {
        if (group + 4 < by.groups)
            prefetch(row_of(&a->table, (int64_t)by.row[by.start[group + 4]], 0), d->D);
        for (int64_t from = 0; from < d->D; from += BLOCK) {
            const int64_t width = least(BLOCK, d->D - from);
            real sum[BLOCK];
            sum_group(sum, d, &in, &by, group, from, width, a->cap);
            update_row(&r, &a->table, &a->m, &a->v, (int64_t)by.row[by.start[group]], from, width,
                       d->D, sum);
        }
    }
    return WL_OK;
}
