/* The layers of a pass, forward and backward: one after the other or, where a device may work at
 * several at once, as a wave, each by parts of the steps. */
#include "lm.h"

#include "../nn/wave.h"

/* ------------------------------------------------------------------ parts */

int64_t wl_lm_part_steps(const wl_lm_pass *p)
{
    const wl_lm_config *c = &p->model->config;
    const bool zoneout = c->zoneout > 0 || c->zoneout_c > 0; /* its draws count a call's steps */
    if (p->model->part_steps) return p->model->part_steps;
    if (wl_ctx_device(p->model->ctx) == WL_CPU || zoneout) return p->T;
    return wl_wave_steps(p->T, c->layers);
}

static int64_t parts(const wl_lm_pass *p) { return (p->T + p->part_steps - 1) / p->part_steps; }

static wl_lm_span span_of(const wl_lm_pass *p, int64_t part)
{
    const int64_t first = part * p->part_steps, left = p->T - first;
    return (wl_lm_span){ first, left < p->part_steps ? left : p->part_steps };
}

static bool is_last(const wl_lm_pass *p, wl_lm_span s) { return s.first + s.count == p->T; }

wl_tensor wl_lm_steps(const wl_tensor *t, wl_lm_span s)
{
    wl_tensor part = *t;
    int64_t row = (int64_t)wl_dtype_size(t->dtype);
    if (!t->ndim) return part;
    for (int i = 1; i < t->ndim; i++) row *= t->shape[i];
    if (t->data) part.data = (char *)t->data + s.first * row; /* null while memory is measured */
    part.shape[0] = s.count;
    return part;
}

/* One step of a [T,B,X] as [B,X]. */
static wl_tensor step_of(const wl_tensor *t, int64_t step)
{
    const wl_tensor one = wl_lm_steps(t, (wl_lm_span){ step, 1 });
    return (wl_tensor){ one.data, one.dtype, 2, { t->shape[1], t->shape[2] }, { 0 } };
}

static wl_norm_pass norm_part(const wl_lm_pass *p, int64_t l, wl_lm_span s)
{
    const wl_lm_span rows = { s.first * p->B, s.count * p->B };
    wl_norm_pass part = p->norms[l];
    part.x = wl_lm_steps(&part.x, s);
    part.y = wl_lm_steps(&part.y, s);
    part.mean = wl_lm_steps(&part.mean, rows);
    part.rstd = wl_lm_steps(&part.rstd, rows);
    return part;
}

/* The states that enter and leave a pass do so by its first and its last part. */
static wl_recurrent_pass layer_part(const wl_lm_pass *p, int64_t l, wl_lm_span s)
{
    const wl_recurrent_pass *whole = &p->layers[l];
    const wl_tensor none = { 0 };
    wl_recurrent_pass part = *whole;
    part.x = wl_lm_steps(&whole->x, s);
    part.h = wl_lm_steps(&whole->h, s);
    part.cells = wl_lm_steps(&whole->cells, s);
    part.gates = wl_lm_steps(&whole->gates, s);
    if (s.first > 0) {
        part.state[p->from] = step_of(&whole->h, s.first - 1);
        if (whole->cells.ndim) part.cell_state[p->from] = step_of(&whole->cells, s.first - 1);
    }
    if (!is_last(p, s)) part.state[1 - p->from] = part.cell_state[1 - p->from] = none;
    return part;
}

/* ------------------------------------------------------------------ a layer's part */

static wl_status forward_part(const wl_lm_pass *p, int64_t l, int64_t n, size_t *bytes)
{
    const wl_lm_span s = span_of(p, n);
    const wl_recurrent_pass layer = layer_part(p, l, s);
    wl_status status = WL_OK;
    if (p->model->config.norm) {
        const wl_norm_pass norm = norm_part(p, l, s);
        status = wl_norm_forward(&norm, bytes);
    }
    if (!status && n == 0) status = wl_lm_drop_weights(p, l, bytes);
    if (!status) status = wl_recurrent_forward(&layer, p->from, bytes);
    return status ? status : wl_lm_drop_output(p, l, s, bytes);
}

/* From the gradient at the layer's output to that at its input, and from that at the states after
 * the part to that at those before. */
static wl_status backward_part(const wl_lm_pass *p, int64_t l, int64_t n, size_t *bytes)
{
    const wl_lm_span s = span_of(p, n);
    const wl_tensor dx = wl_lm_gradient(p, l);
    wl_recurrent_pass layer = layer_part(p, l, s);
    wl_status status = wl_lm_undrop_output(p, l, s, &layer.dh, bytes);
    layer.dx = wl_lm_steps(&dx, s);
    if (!is_last(p, s)) layer.dhT = p->dstate[l][n % 2], layer.dcT = p->dcell[l][n % 2];
    if (n > 0) layer.dh0 = p->dstate[l][1 - n % 2], layer.dc0 = p->dcell[l][1 - n % 2];
    if (!status) status = wl_recurrent_backward(&layer, p->from, bytes);
    if (!status && p->model->config.norm) {
        const wl_norm_pass norm = norm_part(p, l, s);
        status = wl_norm_backward(&norm, &layer.dx, bytes);
    }
    if (!status && n == 0) status = wl_lm_undrop_weights(p, l, bytes);
    return status ? status : wl_lm_add_residual(p, l, s, bytes);
}

/* ------------------------------------------------------------------ all of them */

int64_t wl_lm_branches(const wl_lm_pass *p)
{
    return wl_wave_branches(p->model->config.layers, parts(p));
}

typedef wl_status part_call(const wl_lm_pass *p, int64_t l, int64_t n, size_t *bytes);

typedef struct part_calls {
    const wl_lm_pass *pass;
    part_call *call;
} part_calls;

static wl_status queue_part(void *user, int64_t l, int64_t n)
{
    const part_calls *all = user;
    return all->call(all->pass, l, n, NULL);
}

static wl_status all_parts(const wl_lm_pass *p, part_call *call, bool down, size_t *bytes)
{
    part_calls all = { p, call };
    const wl_wave wave = { p->model->config.layers, parts(p), down, queue_part, &all };
    wl_status status = WL_OK;
    if (!bytes) return wl_wave_run(p->model->ctx, &wave);
    for (int64_t i = 0; i < wave.layers * wave.parts && !status; i++)
        status = call(p, i / wave.parts, i % wave.parts, bytes);
    return status;
}

wl_status wl_lm_layers_forward(const wl_lm_pass *p, size_t *bytes)
{
    return all_parts(p, forward_part, false, bytes);
}

wl_status wl_lm_layers_backward(const wl_lm_pass *p, size_t *bytes)
{
    return all_parts(p, backward_part, true, bytes);
}
