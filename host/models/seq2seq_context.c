/* What the decoder sees of the source: the encoder's last output (peeky), or attention. */
#include "seq2seq.h"

#include "../nn/queue.h"

static bool peeks(const wl_seq2seq_context *c)
{
    return c->model->config.model == WL_SEQ2SEQ_PEEKY;
}

static bool adds(const wl_seq2seq_context *c) { return c->model->key >= 0; }
static bool projects(const wl_seq2seq_context *c) { return c->model->query >= 0; }

void wl_seq2seq_context_carve(wl_seq2seq_context *c, wl_arena *arena, int64_t T, int64_t B,
                              bool training, bool weights)
{
    const int32_t dtype = c->model->config.dtype;
    const int64_t shape[4] = { T, B, c->model->config.hidden };
    c->y = wl_arena_take(arena, dtype, 3, shape);
    if (training) c->dy = wl_arena_take(arena, dtype, 3, shape);
    if (peeks(c)) {
        if (training) c->dencoded = wl_arena_take(arena, dtype, 2, c->encoded.shape);
        return;
    }
    c->projected = projects(c) ? wl_arena_take(arena, dtype, 3, shape) : c->query;
    c->lse = wl_arena_take(arena, WL_F32, 2, shape);
    if (weights)
        c->weights = wl_arena_take(arena, WL_F32, 3, (int64_t[4]){ T, B, c->memory.shape[0] });
    if (!training) return;
    c->dquery = wl_arena_take(arena, dtype, 3, shape);
    c->dprojected = projects(c) ? wl_arena_take(arena, dtype, 3, shape) : c->dquery;
}

/* ------------------------------------------------------------------ forward */

static wl_status project(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_seq2seq *m = c->model;
    const wl_linear_forward_args a = { .size = sizeof a,
                                       .x = wl_seq2seq_rows(&c->query),
                                       .w = wl_parameters_at(&m->parameters, m->query),
                                       .y = wl_seq2seq_rows(&c->projected) };
    return wl_queue_linear_forward(m->ctx, &a, bytes);
}

static wl_status attend_additive(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_seq2seq *m = c->model;
    const wl_attention_additive_forward_args a = {
        .size = sizeof a,
        .q = c->projected,
        .k = c->keys,
        .u = wl_parameters_at(&m->parameters, m->score),
        .v = c->memory,
        .lengths = c->lengths,
        .y = c->y,
        .weights = c->weights,
        .lse = c->lse,
    };
    return wl_queue_attention_additive_forward(m->ctx, &a, bytes);
}

static wl_status attend(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_attention_forward_args a = { .size = sizeof a,
                                          .q = c->projected,
                                          .k = c->memory,
                                          .lengths = c->lengths,
                                          .y = c->y,
                                          .weights = c->weights,
                                          .lse = c->lse,
                                          .scale = 1 };
    return wl_queue_attention_forward(c->model->ctx, &a, bytes);
}

wl_status wl_seq2seq_context_forward(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_rearrange_broadcast_args encoded = { .size = sizeof encoded,
                                                  .x = c->encoded,
                                                  .y = c->y };
    if (peeks(c)) return wl_queue_rearrange_broadcast(c->model->ctx, &encoded, bytes);
    const wl_status status = projects(c) ? project(c, bytes) : WL_OK;
    if (status) return status;
    return adds(c) ? attend_additive(c, bytes) : attend(c, bytes);
}

/* ------------------------------------------------------------------ backward */

static wl_status unattend_additive(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_seq2seq *m = c->model;
    const wl_attention_additive_backward_args a = {
        .size = sizeof a,
        .q = c->projected,
        .k = c->keys,
        .u = wl_parameters_at(&m->parameters, m->score),
        .v = c->memory,
        .lengths = c->lengths,
        .y = c->y,
        .lse = c->lse,
        .dy = c->dy,
        .dq = c->dprojected,
        .dk = c->dkeys,
        .du = wl_parameters_gradient(&m->parameters, m->score),
        .dv = c->dmemory,
    };
    return wl_queue_attention_additive_backward(m->ctx, &a, bytes);
}

static wl_status unattend(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_attention_backward_args a = { .size = sizeof a,
                                           .q = c->projected,
                                           .k = c->memory,
                                           .lengths = c->lengths,
                                           .y = c->y,
                                           .lse = c->lse,
                                           .dy = c->dy,
                                           .dq = c->dprojected,
                                           .dk = c->dmemory,
                                           .scale = 1 };
    return wl_queue_attention_backward(c->model->ctx, &a, bytes);
}

static wl_status unproject(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_seq2seq *m = c->model;
    const wl_linear_backward_args a = { .size = sizeof a,
                                        .dy = wl_seq2seq_rows(&c->dprojected),
                                        .x = wl_seq2seq_rows(&c->query),
                                        .w = wl_parameters_at(&m->parameters, m->query),
                                        .dx = wl_seq2seq_rows(&c->dquery),
                                        .dw = wl_parameters_gradient(&m->parameters, m->query) };
    return wl_queue_linear_backward(m->ctx, &a, bytes);
}

wl_status wl_seq2seq_context_backward(const wl_seq2seq_context *c, size_t *bytes)
{
    const wl_rearrange_broadcast_backward_args encoded = { .size = sizeof encoded,
                                                           .dy = c->dy,
                                                           .dx = c->dencoded };
    if (peeks(c)) return wl_queue_rearrange_broadcast_backward(c->model->ctx, &encoded, bytes);
    const wl_status status = adds(c) ? unattend_additive(c, bytes) : unattend(c, bytes);
    return status || !projects(c) ? status : unproject(c, bytes);
}
