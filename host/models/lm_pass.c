/* A pass of the language model: its memory, and its operators in their order. */
#include "lm.h"

#include "../nn/branches.h"
#include "../nn/queue.h"

#include <stdlib.h>

/* A tensor's elements in another shape. */
static wl_tensor as_matrix(const wl_tensor *t, int64_t rows, int64_t columns)
{
    return (wl_tensor){ t->data, t->dtype, 2, { rows, columns }, { 0 } };
}

static wl_tensor as_row(const wl_tensor *t, int64_t n)
{
    return (wl_tensor){ t->data, t->dtype, 1, { n }, { 0 } };
}

/* ------------------------------------------------------------------ forward */

wl_status wl_lm_read(const wl_lm_pass *p, size_t *bytes)
{
    const wl_stream_batch_args a = { .size = sizeof a,
                                     .ids = p->ids,
                                     .position = p->position,
                                     .inputs = p->inputs,
                                     .labels = p->labels };
    return wl_queue_stream_batch(p->model->ctx, &a, bytes);
}

static wl_status embed(const wl_lm_pass *p, size_t *bytes)
{
    const wl_status status = wl_lookup_forward(&p->embedded, bytes);
    return status ? status : wl_lm_drop_embedded(p, bytes);
}

const wl_tensor *wl_lm_input(const wl_lm_pass *p, int64_t l)
{
    return l ? &p->outputs[l - 1] : &p->embedded.y;
}

wl_status wl_lm_forward(const wl_lm_pass *p, size_t *bytes)
{
    const wl_status status = embed(p, bytes);
    return status ? status : wl_lm_layers_forward(p, bytes);
}

/* ------------------------------------------------------------------ the loss, and backward */

static wl_tensor last_output(const wl_lm_pass *p)
{
    const wl_lm_config *c = &p->model->config;
    return as_matrix(&p->outputs[c->layers - 1], p->T * p->B, c->hidden);
}

wl_status wl_lm_loss(const wl_lm_pass *p, size_t *bytes)
{
    const wl_softmax_xent_linear_forward_args a = { .size = sizeof a,
                                                    .x = last_output(p),
                                                    .w = wl_lm_output_weight(p->model),
                                                    .b = wl_lm_output_bias(p->model),
                                                    .labels = as_row(&p->labels, p->T * p->B),
                                                    .loss = p->loss };
    return wl_queue_softmax_xent_linear_forward(p->model->ctx, &a, bytes);
}

/* The loss, and the gradients at the last output, the output's weights and its bias. */
static wl_status output_gradients(const wl_lm_pass *p, size_t *bytes)
{
    const wl_lm *m = p->model;
    const wl_tensor dy = wl_lm_gradient(p, m->config.layers);
    const wl_softmax_xent_linear_backward_args a = {
        .size = sizeof a,
        .x = last_output(p),
        .w = wl_lm_output_weight(m),
        .b = wl_lm_output_bias(m),
        .labels = as_row(&p->labels, p->T * p->B),
        .dloss = p->descent.loss_scale,
        .loss = p->loss,
        .dx = as_matrix(&dy, p->T * p->B, m->config.hidden),
        .dw = wl_parameters_gradient(&m->parameters, m->weight),
        .db = wl_parameters_gradient(&m->parameters, m->bias),
    };
    return wl_queue_softmax_xent_linear_backward(m->ctx, &a, bytes);
}

wl_tensor wl_lm_gradient(const wl_lm_pass *p, int64_t l)
{
    return l ? p->gradients[l % 2] : p->dembedded;
}

wl_status wl_lm_backward(const wl_lm_pass *p, size_t *bytes)
{
    const wl_tensor d = wl_lm_gradient(p, 0);
    wl_status status = wl_descent_clear(&p->descent, bytes);
    if (!status) status = output_gradients(p, bytes);
    if (!status) status = wl_lm_layers_backward(p, bytes);
    if (!status) status = wl_lm_undrop_embedded(p, bytes);
    return status ? status : wl_lookup_backward(&p->embedded, &d, bytes);
}

/* ------------------------------------------------------------------ memory */

/* Gradients at the states between parts. */
static void carve_between(wl_lm_pass *p, wl_arena *arena)
{
    for (int64_t l = 0; l < p->model->config.layers; l++)
        for (int i = 0; i < 2; i++) {
            const wl_recurrent_pass *layer = &p->layers[l];
            p->dstate[l][i] = wl_arena_take(arena, layer->h.dtype, 2, layer->state[0].shape);
            if (layer->cells.ndim)
                p->dcell[l][i] = wl_arena_take(arena, WL_F32, 2, layer->state[0].shape);
        }
}

static void carve_training(wl_lm_pass *p, wl_arena *arena)
{
    const wl_lm_config *c = &p->model->config;
    const int64_t wide[4] = { p->T, p->B, c->hidden }, narrow[4] = { p->T, p->B, c->embed };
    for (int i = 0; i < 2; i++) p->gradients[i] = wl_arena_take(arena, c->dtype, 3, wide);
    p->dembedded = wl_arena_take(arena, c->dtype, 3, narrow);
    if (c->residual) p->dropped = wl_arena_take(arena, c->dtype, 3, wide);
    if (p->part_steps < p->T) carve_between(p, arena);
    p->descent = (wl_descent){
        .parameters = &p->model->parameters, .clip = c->clip, .seed = c->seed, .loss = p->loss
    };
    wl_descent_carve(&p->descent, arena);
}

static void carve_layers(wl_lm_pass *p, wl_arena *arena)
{
    const wl_lm_config *c = &p->model->config;
    for (int64_t l = 0; l < c->layers; l++) {
        wl_recurrent_pass *layer = &p->layers[l];
        wl_recurrent_carve(layer, &p->model->layers[l], arena, p->T, p->B);
        layer->zoneout = wl_lm_zoneout(p, l);
        layer->x = *wl_lm_input(p, l);
        if (c->norm) {
            p->norms[l].x = layer->x;
            wl_norm_carve(&p->norms[l], &p->model->norms[l], arena, p->T, p->B);
            layer->x = p->norms[l].y;
        }
        if (p->training && c->weight_drop > 0)
            layer->r = wl_arena_take(
                arena, c->dtype, 2, wl_parameters_at(&p->model->parameters, layer->layer->r).shape);
        p->outputs[l] = wl_lm_changes_output(p, l)
                            ? wl_arena_take(arena, c->dtype, 3, layer->h.shape)
                            : layer->h;
    }
}

/* The workspace that any call of the pass needs. */
static wl_status measure(const wl_lm_pass *p, size_t *bytes)
{
    wl_status status = p->N ? wl_lm_read(p, bytes) : WL_OK;
    if (!status) status = wl_lm_forward(p, bytes);
    if (p->N && !p->training && !status) status = wl_lm_loss(p, bytes);
    if (p->training && !status) status = wl_lm_backward(p, bytes);
    if (p->training && !status) status = wl_lm_update(p, bytes);
    if (!p->N && !status) status = wl_lm_draw_next(p, &(wl_lm_draw){ .top_p = 1 }, bytes);
    return status;
}

static wl_status carve(void *owner, wl_arena *arena)
{
    wl_lm_pass *p = owner;
    const wl_lm_config *c = &p->model->config;
    const int64_t shape[4] = { p->T, p->B }, one[4] = { 1 };
    size_t bytes = 0;
    p->part_steps = wl_lm_part_steps(p);
    p->ids = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ p->N });
    p->position = wl_arena_take(arena, WL_I64, 1, one);
    p->inputs = wl_arena_take(arena, WL_I32, 2, shape);
    p->labels = wl_arena_take(arena, WL_I32, 2, shape);
    p->loss = wl_arena_take(arena, WL_F32, 1, one);
    wl_lookup_carve(&p->embedded, &p->model->embedding, arena, p->T, p->B, p->training);
    p->embedded.ids = p->inputs;
    carve_layers(p, arena);
    if (p->training) carve_training(p, arena);
    if (!p->N) {
        p->logits = wl_arena_take(arena, c->dtype, 2, (int64_t[4]){ p->B, p->model->V });
        p->drawn_bias = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ p->model->V });
    }
    const wl_status status = measure(p, &bytes);
    p->workspace = wl_branches_take(arena, wl_lm_branches(p), bytes);
    return wl_lm_failed(p->model, status, p->why);
}

wl_status wl_lm_pass_reset(wl_lm_pass *p, wl_error *error)
{
    const int64_t zero = 0;
    wl_status status = wl_ctx_copy(p->model->ctx, p->position.data, &zero, sizeof zero);
    if (status) return wl_lm_failed(p->model, status, error);
    p->from = 0;
    for (int64_t l = 0; l < p->model->config.layers && !status; l++)
        status = wl_recurrent_reset(&p->layers[l], 0, error);
    return status;
}

static wl_status begin(wl_lm_pass *p, const int32_t *ids, wl_error *error)
{
    wl_status status = wl_arena_create(&p->arena, p->model->ctx, carve, p, error);
    if (!status && p->training) status = wl_descent_begin(&p->descent, error);
    if (status) return status;
    status = wl_ctx_copy(p->model->ctx, p->ids.data, ids, (size_t)p->N * sizeof *ids);
    return status ? wl_lm_failed(p->model, status, error) : wl_lm_pass_reset(p, error);
}

wl_status wl_lm_pass_create(wl_lm_pass **out, wl_lm *m, int64_t T, int64_t B, const int32_t *ids,
                            int64_t N, bool training, wl_error *error)
{
    wl_lm_pass *p = calloc(1, sizeof *p);
    *out = NULL;
    if (!p) return wl_error_set(error, WL_NO_MEMORY, "no memory for a pass");
    p->model = m, p->T = T, p->B = B, p->N = N, p->training = training;
    p->why = error;
    const wl_status status = begin(p, ids, error);
    if (status)
        wl_lm_pass_destroy(p);
    else
        *out = p;
    return status;
}

void wl_lm_pass_destroy(wl_lm_pass *p)
{
    if (!p) return;
    for (int i = 0; i < 2; i++) wl_graph_destroy(p->model->ctx, p->graphs[i]);
    wl_arena_destroy(&p->arena);
    free(p);
}
