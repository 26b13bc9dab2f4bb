/* Dropout, zoneout and residual connections of the language model. */
#include "lm.h"

#include "../nn/queue.h"

/* Masks of one step are drawn apart: of the embedding, of the layers' outputs from 1 on, and of
 * their recurrent weights. */
enum { EMBEDDED = 0, FIRST_OUTPUT = 1, FIRST_WEIGHT = FIRST_OUTPUT + WL_LM_MOST_LAYERS };

/* The part of what enters and leaves layers that the pass drops. */
static double dropout_of(const wl_lm_pass *p) { return p->training ? p->model->config.dropout : 0; }

/* Layers whose input is as wide as their output are gone round. */
static bool has_residual(const wl_lm_pass *p, int64_t l)
{
    const wl_recurrent *layer = &p->model->layers[l];
    return p->model->config.residual && layer->D == layer->H;
}

bool wl_lm_changes_output(const wl_lm_pass *p, int64_t l)
{
    return dropout_of(p) > 0 || has_residual(p, l);
}

/* A [T,B,X] as T rows. */
static wl_tensor as_rows(const wl_tensor *t)
{
    return (wl_tensor){ t->data, t->dtype, 2, { t->shape[0], t->shape[1] * t->shape[2] }, { 0 } };
}

/* y = x, of steps from `first` on, dropped with probability `part`, and the residual, if it is not
 * null. */
static wl_status drop(const wl_lm_pass *p, const wl_tensor *x, const wl_tensor *residual,
                      const wl_tensor *y, double part, int64_t mask, int64_t first, size_t *bytes)
{
    const wl_lm_config *c = &p->model->config;
    const wl_dropout_forward_args a = { .size = sizeof a,
                                        .x = as_rows(x),
                                        .residual = residual ? as_rows(residual) : (wl_tensor){ 0 },
                                        .y = as_rows(y),
                                        .step = p->position,
                                        .p = part,
                                        .seed = c->seed,
                                        .layer = (int32_t)mask,
                                        .locked = c->variational,
                                        .skipped = (int32_t)(first / 8) };
    return wl_queue_dropout_forward(p->model->ctx, &a, bytes);
}

/* The gradient of that; nothing where nothing was dropped. */
static wl_status undrop(const wl_lm_pass *p, const wl_tensor *dy, const wl_tensor *dx, double part,
                        int64_t mask, int64_t first, size_t *bytes)
{
    const wl_lm_config *c = &p->model->config;
    const wl_dropout_backward_args a = { .size = sizeof a,
                                         .dy = as_rows(dy),
                                         .dx = as_rows(dx),
                                         .step = p->position,
                                         .p = part,
                                         .seed = c->seed,
                                         .layer = (int32_t)mask,
                                         .locked = c->variational,
                                         .skipped = (int32_t)(first / 8) };
    return part > 0 ? wl_queue_dropout_backward(p->model->ctx, &a, bytes) : WL_OK;
}

/* ------------------------------------------------------------------ the embedding */

wl_status wl_lm_drop_embedded(const wl_lm_pass *p, size_t *bytes)
{
    const wl_tensor *x = &p->embedded.y;
    const double part = dropout_of(p);
    return part > 0 ? drop(p, x, NULL, x, part, EMBEDDED, 0, bytes) : WL_OK;
}

wl_status wl_lm_undrop_embedded(const wl_lm_pass *p, size_t *bytes)
{
    const wl_tensor d = wl_lm_gradient(p, 0);
    return undrop(p, &d, &d, dropout_of(p), EMBEDDED, 0, bytes);
}

/* ------------------------------------------------------------------ a layer's output */

wl_status wl_lm_drop_output(const wl_lm_pass *p, int64_t l, wl_lm_span s, size_t *bytes)
{
    const wl_tensor h = wl_lm_steps(&p->layers[l].h, s), y = wl_lm_steps(&p->outputs[l], s);
    const wl_tensor input = wl_lm_steps(wl_lm_input(p, l), s);
    if (!wl_lm_changes_output(p, l)) return WL_OK;
    return drop(p, &h, has_residual(p, l) ? &input : NULL, &y, dropout_of(p), FIRST_OUTPUT + l,
                s.first, bytes);
}

wl_status wl_lm_undrop_output(const wl_lm_pass *p, int64_t l, wl_lm_span s, wl_tensor *dh,
                              size_t *bytes)
{
    const wl_tensor all = wl_lm_gradient(p, l + 1), dy = wl_lm_steps(&all, s);
    /* a residual has need of the gradient as it was */
    *dh = dropout_of(p) > 0 && has_residual(p, l) ? wl_lm_steps(&p->dropped, s) : dy;
    return undrop(p, &dy, dh, dropout_of(p), FIRST_OUTPUT + l, s.first, bytes);
}

wl_status wl_lm_add_residual(const wl_lm_pass *p, int64_t l, wl_lm_span s, size_t *bytes)
{
    const wl_tensor out = wl_lm_gradient(p, l + 1), in = wl_lm_gradient(p, l);
    const wl_tensor dy = wl_lm_steps(&out, s), dx = wl_lm_steps(&in, s);
    return has_residual(p, l) ? drop(p, &dx, &dy, &dx, 0, 0, 0, bytes) : WL_OK;
}

/* ------------------------------------------------------------------ recurrent weights */

/* Weights as one step of one sequence, whose mask is the same locked or not. */
static wl_tensor as_step(wl_tensor t)
{
    return (wl_tensor){ t.data, t.dtype, 3, { 1, t.shape[0], t.shape[1] }, { 0 } };
}

wl_status wl_lm_drop_weights(const wl_lm_pass *p, int64_t l, size_t *bytes)
{
    const wl_recurrent_pass *layer = &p->layers[l];
    const wl_tensor r = as_step(wl_parameters_at(&p->model->parameters, layer->layer->r));
    const wl_tensor dropped = as_step(layer->r);
    if (!layer->r.ndim) return WL_OK;
    return drop(p, &r, NULL, &dropped, p->model->config.weight_drop, FIRST_WEIGHT + l, 0, bytes);
}

wl_status wl_lm_undrop_weights(const wl_lm_pass *p, int64_t l, size_t *bytes)
{
    const wl_parameters *all = &p->model->parameters;
    const wl_tensor dr = as_step(wl_parameters_gradient(all, p->layers[l].layer->r));
    return undrop(p, &dr, &dr, p->model->config.weight_drop, FIRST_WEIGHT + l, 0, bytes);
}

/* ------------------------------------------------------------------ states */

/* Training draws what holds of them; all else takes the mean. */
wl_recurrent_zoneout wl_lm_zoneout(const wl_lm_pass *p, int64_t l)
{
    const wl_lm_config *c = &p->model->config;
    return (wl_recurrent_zoneout){ .step = p->position,
                                   .h = c->zoneout,
                                   .c = c->zoneout_c,
                                   .seed = c->seed,
                                   .layer = (int32_t)l,
                                   .expected = !p->training };
}
