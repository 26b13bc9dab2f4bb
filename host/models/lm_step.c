/* Steps of training and of evaluation. */
#include "lm.h"

#include "../nn/queue.h"

#include <math.h>
#include <stdbool.h>

/* The rule of the configuration, as a step applies it. */
static wl_update_rule rule_of(const wl_lm_pass *p)
{
    const wl_lm_config *c = &p->model->config;
    wl_update_rule r = { .lr = p->lr,
                         .scale = p->scale,
                         .kind = c->optimizer,
                         .beta1 = 0.9,
                         .beta2 = c->optimizer == WL_ADAM ? 0.999 : 0.99,
                         .eps = 1e-8,
                         .rounding = c->dtype == WL_F32 ? WL_ROUND_NEAREST : WL_ROUND_STOCHASTIC,
                         .seed = c->seed };
    if (c->optimizer == WL_ADAM || c->dtype != WL_F32) r.step = p->step;
    return r;
}

/* sum = the squares of all gradients. */
static wl_status sum_squares(const wl_lm_pass *p, size_t *bytes)
{
    const wl_lm *m = p->model;
    const wl_tensor *g = &m->parameters.gradient;
    const wl_optimizer_clear_args clear = { .size = sizeof clear, .x = p->sum };
    const wl_optimizer_sum_squares_args dense = {
        .size = sizeof dense,
        .x = { g->data, WL_F32, 2, { 1, g->shape[0] }, { 0 } },
        .sum = p->sum,
    };
    const wl_optimizer_sum_squares_args rows = {
        .size = sizeof rows, .x = p->sums, .count = p->row_count, .sum = p->sum
    };
    wl_status status = wl_queue_optimizer_clear(m->ctx, &clear, bytes);
    if (!status) status = wl_queue_optimizer_sum_squares(m->ctx, &dense, bytes);
    if (status || m->config.tie) return status;
    return wl_queue_optimizer_sum_squares(m->ctx, &rows, bytes);
}

static wl_status decide(const wl_lm_pass *p, size_t *bytes)
{
    const double clip = p->model->config.clip;
    const wl_optimizer_clip_args a = { .size = sizeof a,
                                       .sum = p->sum,
                                       .scale = p->scale,
                                       .step = p->step,
                                       .skipped = p->skipped,
                                       .max_norm = clip > 0 ? clip : HUGE_VAL,
                                       .in_a_row = p->in_a_row,
                                       .loss = p->loss,
                                       .total = p->total,
                                       .loss_scale = p->loss_scale,
                                       .clean = p->clean };
    return wl_queue_optimizer_clip(p->model->ctx, &a, bytes);
}

static wl_status update_dense(const wl_lm_pass *p, size_t *bytes)
{
    const wl_parameters *all = &p->model->parameters;
    const wl_optimizer_update_args a = { .size = sizeof a,
                                         .p = all->value,
                                         .m = all->m,
                                         .v = all->v,
                                         .g = all->gradient,
                                         .copy = all->copy,
                                         .rule = rule_of(p) };
    return wl_queue_optimizer_update(p->model->ctx, &a, bytes);
}

static wl_status update_table(const wl_lm_pass *p, size_t *bytes)
{
    const wl_lm_table *t = &p->model->table;
    const wl_optimizer_update_rows_args a = { .size = sizeof a,
                                              .table = t->value,
                                              .m = t->m,
                                              .v = t->v,
                                              .rows = p->rows,
                                              .count = p->row_count,
                                              .g = p->sums,
                                              .rule = rule_of(p) };
    return wl_queue_optimizer_update_rows(p->model->ctx, &a, bytes);
}

wl_status wl_lm_update(const wl_lm_pass *p, size_t *bytes)
{
    wl_status status = sum_squares(p, bytes);
    if (!status) status = decide(p, bytes);
    if (!status) status = update_dense(p, bytes);
    return status || p->model->config.tie ? status : update_table(p, bytes);
}

static wl_status queue_step(const wl_lm_pass *p)
{
    wl_status status = wl_lm_read(p, NULL);
    if (!status) status = wl_lm_forward(p, NULL);
    if (!status) status = p->training ? wl_lm_backward(p, NULL) : wl_lm_loss(p, NULL);
    return status || !p->training ? status : wl_lm_update(p, NULL);
}

static wl_status record_step(const wl_lm_pass *p, wl_graph **out)
{
    wl_ctx *ctx = p->model->ctx;
    wl_status status = wl_graph_begin(ctx);
    if (status) return status;
    status = queue_step(p);
    const wl_status ended = wl_graph_end(ctx, out);
    return status ? status : ended;
}

static wl_status replay_step(wl_lm_pass *p)
{
    wl_graph **graph = &p->graphs[p->from];
    const wl_status status = *graph ? WL_OK : record_step(p, graph);
    return status ? status : wl_graph_launch(p->model->ctx, *graph);
}

wl_status wl_lm_step(wl_lm_pass *p, wl_error *error)
{
    wl_ctx *ctx = p->model->ctx;
    wl_ctx_set_workspace(ctx, p->workspace.data, (size_t)p->workspace.shape[0]);
    const bool replays = wl_ctx_device(ctx) == WL_CUDA && p->steps >= 2;
    const wl_status status = replays ? replay_step(p) : queue_step(p);
    p->from = 1 - p->from;
    p->steps++;
    return wl_lm_failed(p->model, status, error);
}
