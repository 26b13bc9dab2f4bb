/* A pass of one layer of the encoder or the decoder: what enters it, its recurrence one way or
 * both, dropout and the residual. */
#include "seq2seq.h"

#include "../nn/queue.h"

static int64_t width(const wl_tensor *t) { return t->shape[t->ndim - 1]; }

static int64_t rows_of(const wl_tensor *t)
{
    return t->ndim == 3 ? t->shape[0] * t->shape[1] : t->shape[0];
}

wl_tensor wl_seq2seq_rows(const wl_tensor *t)
{
    return (wl_tensor){ t->data, t->dtype, 2, { rows_of(t), width(t) }, { 0 } };
}

/* All elements in one row, which dropout counts. */
static wl_tensor in_one(const wl_tensor *t)
{
    return (wl_tensor){ t->data, t->dtype, 2, { 1, rows_of(t) * width(t) }, { 0 } };
}

/* ------------------------------------------------------------------ dropout, sums and halves */

static wl_status dropped(const wl_seq2seq *m, const wl_tensor *step, int32_t mask, double p,
                         const wl_tensor *x, const wl_tensor *residual, const wl_tensor *y,
                         size_t *bytes)
{
    const wl_dropout_forward_args a = { .size = sizeof a,
                                        .x = in_one(x),
                                        .residual = residual ? in_one(residual) : (wl_tensor){ 0 },
                                        .y = in_one(y),
                                        .step = *step,
                                        .p = p,
                                        .seed = m->config.seed,
                                        .layer = mask };
    return wl_queue_dropout_forward(m->ctx, &a, bytes);
}

wl_status wl_seq2seq_add(const wl_seq2seq *m, const wl_tensor *step, const wl_tensor *x,
                         const wl_tensor *y, const wl_tensor *to, size_t *bytes)
{
    return dropped(m, step, 0, 0, x, y, to, bytes);
}

wl_status wl_seq2seq_drop(const wl_seq2seq *m, const wl_tensor *step, int32_t mask,
                          const wl_tensor *x, const wl_tensor *y, size_t *bytes)
{
    return dropped(m, step, mask, m->config.dropout, x, NULL, y, bytes);
}

wl_status wl_seq2seq_undrop(const wl_seq2seq *m, const wl_tensor *step, int32_t mask,
                            const wl_tensor *dy, const wl_tensor *dx, size_t *bytes)
{
    const wl_dropout_backward_args a = { .size = sizeof a,
                                         .dy = in_one(dy),
                                         .dx = in_one(dx),
                                         .step = *step,
                                         .p = m->config.dropout,
                                         .seed = m->config.seed,
                                         .layer = mask };
    return wl_queue_dropout_backward(m->ctx, &a, bytes);
}

static wl_status concat(const wl_seq2seq *m, const wl_tensor *a, const wl_tensor *b,
                        const wl_tensor *y, size_t *bytes)
{
    const wl_rearrange_concat_args args = { .size = sizeof args,
                                            .a = wl_seq2seq_rows(a),
                                            .b = wl_seq2seq_rows(b),
                                            .y = wl_seq2seq_rows(y) };
    return wl_queue_rearrange_concat(m->ctx, &args, bytes);
}

static wl_status split(const wl_seq2seq *m, const wl_tensor *y, const wl_tensor *a,
                       const wl_tensor *b, size_t *bytes)
{
    const wl_rearrange_concat_backward_args args = { .size = sizeof args,
                                                     .dy = wl_seq2seq_rows(y),
                                                     .da = wl_seq2seq_rows(a),
                                                     .db = wl_seq2seq_rows(b) };
    return wl_queue_rearrange_concat_backward(m->ctx, &args, bytes);
}

/* ------------------------------------------------------------------ memory */

static bool has_residual(const wl_seq2seq_layer_pass *p)
{
    const wl_seq2seq_config *c = &p->model->config;
    return c->residual && width(&p->below) == c->hidden;
}

static bool drops(const wl_seq2seq_layer_pass *p)
{
    return p->training && p->model->config.dropout > 0;
}

static bool changes_output(const wl_seq2seq_layer_pass *p) { return drops(p) || has_residual(p); }

static void carve_gradients(wl_seq2seq_layer_pass *p, wl_arena *arena)
{
    const int32_t dtype = p->model->config.dtype;
    const bool both = p->layer->ways == 2;
    if (drops(p)) p->dh = wl_arena_take(arena, dtype, 3, p->h.shape);
    for (int i = 0; i < p->layer->ways; i++) {
        p->dx[i] = wl_arena_take(arena, dtype, 3, p->x.shape);
        if (both) p->dhalf[i] = wl_arena_take(arena, dtype, 3, p->way[i].h.shape);
        if (both) p->dlast_half[i] = wl_arena_take(arena, dtype, 2, p->way[i].state[1].shape);
    }
    p->dbelow = p->dx[0];
    if (p->encoded.ndim) p->dencoded = wl_arena_take(arena, dtype, 2, p->encoded.shape);
    if (!p->context.ndim) return;
    p->dcontext = wl_arena_take(arena, dtype, 3, p->context.shape);
    p->dbelow = wl_arena_take(arena, dtype, 3, p->below.shape);
}

void wl_seq2seq_layer_carve(wl_seq2seq_layer_pass *p, const wl_seq2seq_layer *layer,
                            wl_arena *arena, int64_t T, int64_t B)
{
    const wl_seq2seq_config *c = &p->model->config;
    const int64_t X = width(&p->below), C = p->context.ndim ? width(&p->context) : 0;
    p->layer = layer;
    p->x = C ? wl_arena_take(arena, c->dtype, 3, (int64_t[4]){ T, B, C + X }) : p->below;
    for (int i = 0; i < layer->ways; i++) {
        wl_recurrent_carve(&p->way[i], &layer->way[i], arena, T, B);
        p->way[i].x = p->x;
        p->way[i].s = p->encoded;
        p->way[i].reverse = i;
    }
    p->h = p->way[0].h, p->last = p->way[0].state[1];
    if (layer->ways == 2) {
        p->h = wl_arena_take(arena, c->dtype, 3, (int64_t[4]){ T, B, c->hidden });
        p->last = wl_arena_take(arena, c->dtype, 2, (int64_t[4]){ B, c->hidden });
    }
    p->output = changes_output(p) ? wl_arena_take(arena, c->dtype, 3, p->h.shape) : p->h;
    if (p->training) carve_gradients(p, arena);
}

/* The layer's recurrences by `run`, two beside each other. */
static wl_status run_ways(const wl_seq2seq_layer_pass *p, const wl_recurrent_pass way[2],
                          wl_status (*run)(const wl_recurrent_pass *, int, size_t *), size_t *bytes)
{
    wl_ctx *ctx = p->model->ctx;
    wl_status status = WL_OK;
    if (p->layer->ways == 1) return run(&way[0], 0, bytes);
    if (!bytes) {
        status = wl_branch(ctx, 1);
        if (!status) status = wl_branch_after(ctx, 0);
    }
    if (!status) status = run(&way[1], 0, bytes);
    if (bytes) return status ? status : run(&way[0], 0, bytes);
    wl_branch(ctx, 0); /* which is there */
    if (!status) status = run(&way[0], 0, bytes);
    const wl_status joined = wl_branch_after(ctx, 1);
    return status ? status : joined;
}

/* ------------------------------------------------------------------ forward */

/* The outputs and the last states of both ways beside each other. */
static wl_status join_ways(const wl_seq2seq_layer_pass *p, size_t *bytes)
{
    const wl_recurrent_pass *one = &p->way[0], *other = &p->way[1];
    const wl_status status = concat(p->model, &one->h, &other->h, &p->h, bytes);
    return status ? status : concat(p->model, &one->state[1], &other->state[1], &p->last, bytes);
}

wl_status wl_seq2seq_layer_forward(const wl_seq2seq_layer_pass *p, size_t *bytes)
{
    wl_status status =
        p->context.ndim ? concat(p->model, &p->context, &p->below, &p->x, bytes) : WL_OK;
    if (!status) status = run_ways(p, p->way, wl_recurrent_forward, bytes);
    if (!status && p->layer->ways == 2) status = join_ways(p, bytes);
    if (status || !changes_output(p)) return status;
    return dropped(p->model, &p->step, p->mask, drops(p) ? p->model->config.dropout : 0, &p->h,
                   has_residual(p) ? &p->below : NULL, &p->output, bytes);
}

/* ------------------------------------------------------------------ backward */

/* Gradients at h and at the last states, of a way or of both; either may be null or none. */
static wl_status give_ways(const wl_seq2seq_layer_pass *p, const wl_tensor *dh,
                           wl_recurrent_pass way[2], size_t *bytes)
{
    wl_status status = WL_OK;
    if (p->layer->ways == 1) {
        if (dh) way[0].dh = *dh;
        way[0].dhT = p->dlast;
        way[0].dh0 = p->dfirst;
        return WL_OK;
    }
    if (dh) status = split(p->model, dh, &p->dhalf[0], &p->dhalf[1], bytes);
    if (!status) status = split(p->model, &p->dlast, &p->dlast_half[0], &p->dlast_half[1], bytes);
    for (int i = 0; i < 2; i++) {
        if (dh) way[i].dh = p->dhalf[i];
        way[i].dhT = p->dlast_half[i];
    }
    return status;
}

/* dbelow has what came through the layer; a residual adds what went round it. */
static wl_status give_below(const wl_seq2seq_layer_pass *p, const wl_tensor *doutput, size_t *bytes)
{
    wl_status status = WL_OK;
    if (p->layer->ways == 2)
        status = wl_seq2seq_add(p->model, &p->step, &p->dx[0], &p->dx[1], &p->dx[0], bytes);
    if (!status && p->context.ndim)
        status = split(p->model, &p->dx[0], &p->dcontext, &p->dbelow, bytes);
    if (status || !doutput || !has_residual(p)) return status;
    return wl_seq2seq_add(p->model, &p->step, &p->dbelow, doutput, &p->dbelow, bytes);
}

wl_status wl_seq2seq_layer_backward(const wl_seq2seq_layer_pass *p, const wl_tensor *doutput,
                                    size_t *bytes)
{
    wl_recurrent_pass way[2] = { p->way[0], p->way[1] };
    const wl_tensor *dh = doutput;
    wl_status status = WL_OK;
    if (doutput && drops(p)) {
        dh = &p->dh;
        status = wl_seq2seq_undrop(p->model, &p->step, p->mask, doutput, dh, bytes);
    }
    if (!status) status = give_ways(p, dh, way, bytes);
    for (int i = 0; i < p->layer->ways; i++) way[i].dx = p->dx[i], way[i].ds = p->dencoded;
    if (!status) status = run_ways(p, way, wl_recurrent_backward, bytes);
    return status ? status : give_below(p, doutput, bytes);
}
