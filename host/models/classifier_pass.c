/* A pass of the classifier: its memory, and its operators in their order. */
#include "classifier.h"

#include "../nn/queue.h"
#include "../nn/replay.h"

static wl_tensor at(const wl_classifier_pass *p, int32_t number)
{
    return wl_parameters_at(&p->model->parameters, number);
}

static wl_tensor gradient(const wl_classifier_pass *p, int32_t number)
{
    return wl_parameters_gradient(&p->model->parameters, number);
}

/* ------------------------------------------------------------------ calls */

/* As calls of a pass do, these queue operators or, where `bytes` is not null, only raise it to the
 * workspace that they need. */
static wl_status activate(const wl_classifier_pass *p, size_t *bytes)
{
    const wl_classifier *m = p->model;
    const wl_linear_forward_args a = { .size = sizeof a,
                                       .x = p->x,
                                       .w = at(p, m->weight[0]),
                                       .b = at(p, m->bias[0]),
                                       .y = p->h,
                                       .sum = p->sum,
                                       .activation = m->config.activation };
    return wl_queue_linear_forward(m->ctx, &a, bytes);
}

static wl_status score(const wl_classifier_pass *p, size_t *bytes)
{
    const wl_classifier *m = p->model;
    const wl_linear_forward_args a = { .size = sizeof a,
                                       .x = p->h,
                                       .w = at(p, m->weight[1]),
                                       .b = at(p, m->bias[1]),
                                       .y = p->logits };
    return wl_queue_linear_forward(m->ctx, &a, bytes);
}

/* The loss, and the gradients of both layers. */
static wl_status descend(const wl_classifier_pass *p, size_t *bytes)
{
    const wl_classifier *m = p->model;
    const wl_softmax_xent_linear_backward_args last = { .size = sizeof last,
                                                        .x = p->h,
                                                        .w = at(p, m->weight[1]),
                                                        .b = at(p, m->bias[1]),
                                                        .labels = p->labels,
                                                        .dloss = p->descent->loss_scale,
                                                        .loss = p->descent->loss,
                                                        .dx = p->dh,
                                                        .dw = gradient(p, m->weight[1]),
                                                        .db = gradient(p, m->bias[1]) };
    const wl_linear_backward_args first = { .size = sizeof first,
                                            .x = p->x,
                                            .w = at(p, m->weight[0]),
                                            .y = p->h,
                                            .sum = p->sum,
                                            .dy = p->dh,
                                            .dw = gradient(p, m->weight[0]),
                                            .db = gradient(p, m->bias[0]),
                                            .activation = m->config.activation };
    const wl_status status = wl_queue_softmax_xent_linear_backward(m->ctx, &last, bytes);
    return status ? status : wl_queue_linear_backward(m->ctx, &first, bytes);
}

static wl_status make(const wl_classifier_pass *p, size_t *bytes)
{
    wl_status status = activate(p, bytes);
    if (!status && !p->descent) return score(p, bytes);
    if (!status) status = wl_descent_clear(p->descent, bytes);
    if (!status) status = descend(p, bytes);
    return status ? status
                  : wl_descent_update(p->descent, (const wl_lookup_pass *[]){ NULL }, bytes);
}

static wl_status queue(const void *owner) { return make(owner, NULL); }

wl_status wl_classifier_step(wl_classifier_pass *p, wl_error *error)
{
    wl_ctx *ctx = p->model->ctx;
    wl_ctx_set_workspace(ctx, p->workspace.data, (size_t)p->workspace.shape[0]);
    return wl_classifier_failed(p->model, wl_replay(ctx, &p->graph, &p->steps, queue, p), error);
}

/* ------------------------------------------------------------------ memory */

static wl_status carve(void *owner, wl_arena *arena)
{
    wl_classifier_pass *p = owner;
    const wl_classifier *m = p->model;
    const int32_t dtype = m->config.dtype;
    const int64_t inputs[4] = { p->B, m->D }, units[4] = { p->B, m->config.hidden };
    size_t bytes = 0;
    p->x = wl_arena_take(arena, dtype, 2, inputs);
    p->h = wl_arena_take(arena, dtype, 2, units);
    if (p->descent) {
        p->labels = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ p->B });
        p->dh = wl_arena_take(arena, dtype, 2, units);
        if (m->config.activation == WL_GELU) p->sum = wl_arena_take(arena, dtype, 2, units);
    } else
        p->logits = wl_arena_take(arena, dtype, 2, (int64_t[4]){ p->B, m->C });
    const wl_status status = make(p, &bytes);
    p->workspace = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ (int64_t)bytes });
    return wl_classifier_failed(m, status, p->why);
}

wl_status wl_classifier_pass_create(wl_classifier_pass *p, wl_error *error)
{
    p->why = error;
    return wl_arena_create(&p->arena, p->model->ctx, carve, p, error);
}

void wl_classifier_pass_destroy(wl_classifier_pass *p)
{
    if (p->model) wl_graph_destroy(p->model->ctx, p->graph);
    wl_arena_destroy(&p->arena);
}
