/* The layers of a pass, forward and backward: one after the other or, where a device may work at
 * several at once, as a wave: the steps in parts, of which a layer has one while the next layer has
 * the one before, each layer on a branch (Appleyard et al. 2016, "Optimizing Performance of
 * Recurrent Neural Networks on GPUs", arXiv 1604.01946, on streams over layers). */
#include "lm.h"

#include <math.h>

/* ------------------------------------------------------------------ parts */

/* A pass of P parts takes as long as P + L - 1 of them. What is predicted of a GPU: a part costs
 * five steps before it begins; fewer than 16 steps are worth none. */
int64_t wl_lm_part_steps(const wl_lm_pass *p)
{
    const wl_lm_config *c = &p->model->config;
    if (p->model->part_steps) return p->model->part_steps;
    if (wl_ctx_device(p->model->ctx) == WL_CPU || c->layers < 2 || c->zoneout > 0 ||
        c->zoneout_c > 0)
        return p->T; /* zoneout counts its draws by the steps of a call */
    const double parts = fmax(1, sqrt((double)((c->layers - 1) * p->T) / 5));
    const int64_t least = (int64_t)ceil((double)p->T / parts), eights = (least + 7) / 8 * 8;
    return eights < 16 ? 16 : eights;
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
    part.data = (char *)t->data + s.first * row;
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

/* ------------------------------------------------------------------ the wave */

int64_t wl_lm_branches(const wl_lm_pass *p)
{
    const int64_t layers = p->model->config.layers;
    return parts(p) == 1 ? 1 : layers < WL_BRANCHES ? layers : WL_BRANCHES;
}

/* What is queued next is of a layer, and waits for all of another; -1: of what was before. */
static wl_status turn_to(const wl_lm_pass *p, int64_t l, int64_t other)
{
    const int64_t branches = wl_lm_branches(p);
    const wl_status status = wl_branch(p->model->ctx, (int)(l % branches));
    return status ? status
                  : wl_branch_after(p->model->ctx, other < 0 ? 0 : (int)(other % branches));
}

/* All branches' work is before what comes next. */
static wl_status end_wave(const wl_lm_pass *p)
{
    wl_status status = wl_branch(p->model->ctx, 0);
    for (int i = 1; i < wl_lm_branches(p) && !status; i++)
        status = wl_branch_after(p->model->ctx, i);
    return status;
}

/* Calls for all layers and parts, from the first on or, `down`, from the last. Of the layers that
 * have a part at the same time, one is queued before the layer that it waits for goes on. */
static wl_status wave(const wl_lm_pass *p,
                      wl_status (*call)(const wl_lm_pass *, int64_t, int64_t, size_t *), bool down,
                      size_t *bytes)
{
    const int64_t L = p->model->config.layers, P = parts(p);
    wl_status status = WL_OK;
    for (int64_t now = 0; now < P + L - 1; now++)
        for (int64_t i = now < L ? now : L - 1; i >= 0 && now - i < P && !status; i--) {
            const int64_t l = down ? L - 1 - i : i, n = down ? P - 1 - (now - i) : now - i;
            const int64_t other = i == 0 ? -1 : down ? l + 1 : l - 1;
            if (!bytes) status = turn_to(p, l, other);
            if (!status) status = call(p, l, n, bytes);
        }
    if (bytes) return status;
    const wl_status ended = end_wave(p);
    return status ? status : ended;
}

wl_status wl_lm_layers_forward(const wl_lm_pass *p, size_t *bytes)
{
    return wave(p, forward_part, false, bytes);
}

wl_status wl_lm_layers_backward(const wl_lm_pass *p, size_t *bytes)
{
    return wave(p, backward_part, true, bytes);
}
