/* The end of a training step: see descent.h. */
#include "descent.h"

#include "queue.h"

#include <math.h>

static wl_status failed(const wl_descent *d, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(d->parameters->ctx)) : WL_OK;
}

void wl_descent_carve(wl_descent *d, wl_arena *arena)
{
    const int64_t one[4] = { 1 };
    wl_tensor *const reals[] = { &d->lr, &d->sum, &d->scale, &d->total };
    wl_tensor *const counts[] = { &d->step, &d->skipped, &d->in_a_row };
    for (int i = 0; i < 4; i++) *reals[i] = wl_arena_take(arena, WL_F32, 1, one);
    for (int i = 0; i < 3; i++) *counts[i] = wl_arena_take(arena, WL_I64, 1, one);
    if (d->parameters->dtype != WL_F16) return;
    d->loss_scale = wl_arena_take(arena, WL_F32, 1, one);
    d->clean = wl_arena_take(arena, WL_I64, 1, one);
}

wl_status wl_descent_begin(const wl_descent *d, wl_error *error)
{
    const int64_t zero = 0;
    const float loss_scale = 65536;
    const wl_tensor *const counts[] = { &d->step, &d->skipped, &d->in_a_row, &d->clean };
    wl_ctx *ctx = d->parameters->ctx;
    wl_status status = wl_ctx_copy(ctx, d->total.data, &zero, sizeof(float));
    for (int i = 0; i < 4 && !status; i++)
        if (counts[i]->ndim) status = wl_ctx_copy(ctx, counts[i]->data, &zero, sizeof zero);
    if (d->loss_scale.ndim && !status)
        status = wl_ctx_copy(ctx, d->loss_scale.data, &loss_scale, sizeof loss_scale);
    return failed(d, status, error);
}

wl_status wl_descent_set_rate(const wl_descent *d, double lr, wl_error *error)
{
    const float rounded = (float)lr;
    return failed(d, wl_ctx_copy(d->parameters->ctx, d->lr.data, &rounded, sizeof rounded), error);
}

wl_status wl_descent_clear(const wl_descent *d, size_t *bytes)
{
    const wl_optimizer_clear_args a = { .size = sizeof a, .x = d->parameters->gradient };
    return wl_queue_optimizer_clear(d->parameters->ctx, &a, bytes);
}

/* ------------------------------------------------------------------ the update */

static wl_update_rule rule_of(const wl_descent *d)
{
    const wl_parameters *p = d->parameters;
    wl_update_rule r = { .lr = d->lr,
                         .scale = d->scale,
                         .kind = p->rule,
                         .beta1 = 0.9,
                         .beta2 = p->rule == WL_ADAM ? 0.999 : 0.99,
                         .eps = 1e-8,
                         .rounding = p->dtype == WL_F32 ? WL_ROUND_NEAREST : WL_ROUND_STOCHASTIC,
                         .seed = d->seed };
    if (p->rule == WL_ADAM || p->dtype != WL_F32) r.step = d->step;
    return r;
}

/* sum = the squares of all gradients. */
static wl_status sum_squares(const wl_descent *d, const wl_lookup_pass *const *tables,
                             size_t *bytes)
{
    const wl_tensor *g = &d->parameters->gradient;
    wl_ctx *ctx = d->parameters->ctx;
    const wl_optimizer_clear_args clear = { .size = sizeof clear, .x = d->sum };
    const wl_optimizer_sum_squares_args dense = {
        .size = sizeof dense,
        .x = { g->data, WL_F32, 2, { 1, g->shape[0] }, { 0 } },
        .sum = d->sum,
    };
    wl_status status = wl_queue_optimizer_clear(ctx, &clear, bytes);
    if (!status) status = wl_queue_optimizer_sum_squares(ctx, &dense, bytes);
    for (; *tables && !status; tables++) {
        const wl_optimizer_sum_squares_args rows = {
            .size = sizeof rows, .x = (*tables)->sums, .count = (*tables)->count, .sum = d->sum
        };
        if (rows.x.ndim) status = wl_queue_optimizer_sum_squares(ctx, &rows, bytes);
    }
    return status;
}

static wl_status decide(const wl_descent *d, size_t *bytes)
{
    const wl_optimizer_clip_args a = { .size = sizeof a,
                                       .sum = d->sum,
                                       .scale = d->scale,
                                       .step = d->step,
                                       .skipped = d->skipped,
                                       .max_norm = d->clip > 0 ? d->clip : HUGE_VAL,
                                       .in_a_row = d->in_a_row,
                                       .loss = d->loss,
                                       .total = d->total,
                                       .loss_scale = d->loss_scale,
                                       .clean = d->clean };
    return wl_queue_optimizer_clip(d->parameters->ctx, &a, bytes);
}

static wl_status update_dense(const wl_descent *d, size_t *bytes)
{
    const wl_parameters *all = d->parameters;
    wl_optimizer_update_args a = { .size = sizeof a,
                                   .p = all->value,
                                   .m = all->m,
                                   .v = all->v,
                                   .g = all->gradient,
                                   .copy = all->copy,
                                   .rule = rule_of(d) };
    a.rule.rounding = WL_ROUND_NEAREST; /* of a copy: nothing is lost, p has it all */
    return wl_queue_optimizer_update(all->ctx, &a, bytes);
}

static wl_status update_table(const wl_descent *d, const wl_lookup_pass *p, size_t *bytes)
{
    const wl_lookup *l = p->lookup;
    const wl_optimizer_update_rows_args a = { .size = sizeof a,
                                              .table = l->table,
                                              .m = l->m,
                                              .v = l->v,
                                              .rows = p->rows,
                                              .count = p->count,
                                              .g = p->sums,
                                              .rule = rule_of(d) };
    return p->sums.ndim ? wl_queue_optimizer_update_rows(d->parameters->ctx, &a, bytes) : WL_OK;
}

wl_status wl_descent_update(const wl_descent *d, const wl_lookup_pass *const *tables, size_t *bytes)
{
    wl_status status = sum_squares(d, tables, bytes);
    if (!status) status = decide(d, bytes);
    if (!status) status = update_dense(d, bytes);
    for (; *tables && !status; tables++) status = update_table(d, *tables, bytes);
    return status;
}

/* ------------------------------------------------------------------ counts */

wl_status wl_descent_fetch(const wl_descent *d, wl_descent_tally *out, wl_error *error)
{
    wl_ctx *ctx = d->parameters->ctx;
    const float zero = 0;
    wl_status status = wl_ctx_copy(ctx, &out->total, d->total.data, sizeof out->total);
    if (!status) status = wl_ctx_copy(ctx, &out->skipped, d->skipped.data, sizeof out->skipped);
    if (!status) status = wl_ctx_copy(ctx, &out->in_a_row, d->in_a_row.data, sizeof out->in_a_row);
    if (!status) status = wl_ctx_copy(ctx, d->total.data, &zero, sizeof zero);
    if (!status) status = wl_ctx_sync(ctx);
    return failed(d, status, error);
}
