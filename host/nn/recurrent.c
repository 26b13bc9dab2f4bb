/* Layers of <wordloom/nn/recurrent.h>: their parameters, their memory, and for each cell the calls
 * of its operators. */
#include <wordloom/nn/recurrent.h>

#include "floats.h"
#include "queue.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* As wl_queue_OP does it: see queue.h. */
typedef wl_status cell_call(const wl_recurrent_pass *p, int from, size_t *bytes);

static wl_tensor weight(const wl_recurrent_pass *p, int32_t number)
{
    return number < 0 ? (wl_tensor){ 0 } : wl_parameters_at(p->layer->parameters, number);
}

static wl_tensor recurrent_weight(const wl_recurrent_pass *p)
{
    return p->r.ndim ? p->r : weight(p, p->layer->r);
}

static wl_tensor gradient(const wl_recurrent_pass *p, int32_t number)
{
    return number < 0 ? (wl_tensor){ 0 } : wl_parameters_gradient(p->layer->parameters, number);
}

/* ------------------------------------------------------------------ rnn */

static wl_status rnn_forward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    const wl_recurrent *l = p->layer;
    const wl_rnn_forward_args a = { .size = sizeof a,
                                    .x = p->x,
                                    .s = p->s,
                                    .h0 = p->state[from],
                                    .w = weight(p, l->w),
                                    .r = recurrent_weight(p),
                                    .b = weight(p, l->b),
                                    .h = p->h,
                                    .lengths = p->lengths,
                                    .hT = p->state[1 - from],
                                    .reverse = p->reverse,
                                    .step = p->zoneout.step,
                                    .zoneout = p->zoneout.h,
                                    .seed = p->zoneout.seed,
                                    .layer = p->zoneout.layer,
                                    .expected = p->zoneout.expected };
    return wl_queue_rnn_forward(l->parameters->ctx, &a, bytes);
}

static wl_status rnn_backward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    const wl_recurrent *l = p->layer;
    const wl_rnn_backward_args a = { .size = sizeof a,
                                     .x = p->x,
                                     .s = p->s,
                                     .h0 = p->state[from],
                                     .w = weight(p, l->w),
                                     .r = recurrent_weight(p),
                                     .h = p->h,
                                     .lengths = p->lengths,
                                     .dh = p->dh,
                                     .dhT = p->dhT,
                                     .dx = p->dx,
                                     .ds = p->ds,
                                     .dh0 = p->dh0,
                                     .reverse = p->reverse,
                                     .dw = gradient(p, l->w),
                                     .dr = gradient(p, l->r),
                                     .db = gradient(p, l->b),
                                     .step = p->zoneout.step,
                                     .zoneout = p->zoneout.h,
                                     .seed = p->zoneout.seed,
                                     .layer = p->zoneout.layer };
    return wl_queue_rnn_backward(l->parameters->ctx, &a, bytes);
}

/* ------------------------------------------------------------------ gru */

static wl_status gru_forward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    const wl_recurrent *l = p->layer;
    const wl_gru_forward_args a = { .size = sizeof a,
                                    .x = p->x,
                                    .s = p->s,
                                    .h0 = p->state[from],
                                    .w = weight(p, l->w),
                                    .r = recurrent_weight(p),
                                    .b = weight(p, l->b),
                                    .bn = weight(p, l->bn),
                                    .h = p->h,
                                    .gates = p->gates,
                                    .lengths = p->lengths,
                                    .hT = p->state[1 - from],
                                    .reverse = p->reverse,
                                    .reset = WL_RESET_AFTER,
                                    .step = p->zoneout.step,
                                    .zoneout = p->zoneout.h,
                                    .seed = p->zoneout.seed,
                                    .layer = p->zoneout.layer,
                                    .expected = p->zoneout.expected };
    return wl_queue_gru_forward(l->parameters->ctx, &a, bytes);
}

static wl_status gru_backward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    const wl_recurrent *l = p->layer;
    const wl_gru_backward_args a = { .size = sizeof a,
                                     .x = p->x,
                                     .s = p->s,
                                     .h0 = p->state[from],
                                     .w = weight(p, l->w),
                                     .r = recurrent_weight(p),
                                     .h = p->h,
                                     .gates = p->gates,
                                     .lengths = p->lengths,
                                     .dh = p->dh,
                                     .dhT = p->dhT,
                                     .dx = p->dx,
                                     .ds = p->ds,
                                     .dh0 = p->dh0,
                                     .reverse = p->reverse,
                                     .dw = gradient(p, l->w),
                                     .dr = gradient(p, l->r),
                                     .db = gradient(p, l->b),
                                     .dbn = gradient(p, l->bn),
                                     .reset = WL_RESET_AFTER,
                                     .step = p->zoneout.step,
                                     .zoneout = p->zoneout.h,
                                     .seed = p->zoneout.seed,
                                     .layer = p->zoneout.layer };
    return wl_queue_gru_backward(l->parameters->ctx, &a, bytes);
}

/* ------------------------------------------------------------------ lstm */

static wl_status lstm_forward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    const wl_recurrent *l = p->layer;
    const wl_lstm_forward_args a = { .size = sizeof a,
                                     .x = p->x,
                                     .s = p->s,
                                     .h0 = p->state[from],
                                     .c0 = p->cell_state[from],
                                     .w = weight(p, l->w),
                                     .r = recurrent_weight(p),
                                     .b = weight(p, l->b),
                                     .h = p->h,
                                     .c = p->cells,
                                     .gates = p->gates,
                                     .lengths = p->lengths,
                                     .hT = p->state[1 - from],
                                     .cT = p->cell_state[1 - from],
                                     .reverse = p->reverse,
                                     .step = p->zoneout.step,
                                     .zoneout = p->zoneout.h,
                                     .zoneout_c = p->zoneout.c,
                                     .seed = p->zoneout.seed,
                                     .layer = p->zoneout.layer,
                                     .expected = p->zoneout.expected };
    return wl_queue_lstm_forward(l->parameters->ctx, &a, bytes);
}

static wl_status lstm_backward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    const wl_recurrent *l = p->layer;
    const wl_lstm_backward_args a = { .size = sizeof a,
                                      .x = p->x,
                                      .s = p->s,
                                      .h0 = p->state[from],
                                      .c0 = p->cell_state[from],
                                      .w = weight(p, l->w),
                                      .r = recurrent_weight(p),
                                      .h = p->h,
                                      .c = p->cells,
                                      .gates = p->gates,
                                      .lengths = p->lengths,
                                      .dh = p->dh,
                                      .dhT = p->dhT,
                                      .dcT = p->dcT,
                                      .dx = p->dx,
                                      .ds = p->ds,
                                      .dh0 = p->dh0,
                                      .dc0 = p->dc0,
                                      .reverse = p->reverse,
                                      .dw = gradient(p, l->w),
                                      .dr = gradient(p, l->r),
                                      .db = gradient(p, l->b),
                                      .step = p->zoneout.step,
                                      .zoneout = p->zoneout.h,
                                      .zoneout_c = p->zoneout.c,
                                      .seed = p->zoneout.seed,
                                      .layer = p->zoneout.layer };
    return wl_queue_lstm_backward(l->parameters->ctx, &a, bytes);
}

/* ------------------------------------------------------------------ any cell */

static const struct cell {
    int64_t gates, kept; /* rows of the weights over H; numbers a step and unit that are kept */
    bool has_state;      /* of its own, beside h */
    cell_call *forward, *backward;
} cells[] = {
    [WL_CELL_RNN] = { 1, 0, false, rnn_forward, rnn_backward },
    [WL_CELL_GRU] = { 3, 4, false, gru_forward, gru_backward },
    [WL_CELL_LSTM] = { 4, 4, true, lstm_forward, lstm_backward },
};

const char *const wl_cells[] = {
    [WL_CELL_RNN] = "rnn", [WL_CELL_GRU] = "gru", [WL_CELL_LSTM] = "lstm", NULL
};

int64_t wl_cell_gates(wl_cell cell) { return cells[cell].gates; }

void wl_recurrent_add(wl_recurrent *l, wl_parameters *parameters, wl_cell cell, int64_t D,
                      int64_t H, const char *name)
{
    const int64_t gates = cells[cell].gates * H;
    *l = (wl_recurrent){ .parameters = parameters, .cell = cell, .D = D, .H = H };
    l->w = wl_parameters_add(parameters, gates, D, "%s.w", name);
    l->r = wl_parameters_add(parameters, gates, H, "%s.r", name);
    l->b = wl_parameters_add(parameters, gates, 0, "%s.b", name);
    l->bn = cell == WL_CELL_GRU ? wl_parameters_add(parameters, H, 0, "%s.bn", name) : -1;
}

static wl_status draw(const wl_recurrent *l, int32_t number, int64_t inputs, uint64_t seed,
                      wl_error *error)
{
    const wl_tensor value = wl_parameters_value(l->parameters, number);
    return wl_floats_draw(l->parameters->ctx, &value, (uint32_t)number, 1 / sqrt((double)inputs),
                          seed, error);
}

wl_status wl_recurrent_draw(const wl_recurrent *l, uint64_t seed, wl_error *error)
{
    const wl_status status = draw(l, l->w, l->D, seed, error);
    return status ? status : draw(l, l->r, l->H, seed, error);
}

void wl_recurrent_carve(wl_recurrent_pass *p, const wl_recurrent *l, wl_arena *arena, int64_t T,
                        int64_t B)
{
    const struct cell *c = &cells[l->cell];
    const int32_t dtype = l->parameters->dtype;
    const int64_t steps[4] = { T, B, l->H }, state[4] = { B, l->H };
    p->layer = l;
    p->h = wl_arena_take(arena, dtype, 3, steps);
    if (c->kept) p->gates = wl_arena_take(arena, dtype, 3, (int64_t[4]){ T, B, c->kept * l->H });
    if (c->has_state) p->cells = wl_arena_take(arena, WL_F32, 3, steps);
    for (int i = 0; i < 2; i++) {
        p->state[i] = wl_arena_take(arena, dtype, 2, state);
        if (c->has_state) p->cell_state[i] = wl_arena_take(arena, WL_F32, 2, state);
    }
}

wl_status wl_recurrent_forward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    return cells[p->layer->cell].forward(p, from, bytes);
}

wl_status wl_recurrent_backward(const wl_recurrent_pass *p, int from, size_t *bytes)
{
    return cells[p->layer->cell].backward(p, from, bytes);
}

static wl_status clear(wl_ctx *ctx, const wl_tensor *t, wl_error *error)
{
    const size_t bytes = (size_t)(t->shape[0] * t->shape[1]) * wl_dtype_size(t->dtype);
    if (t->ndim == 0) return WL_OK;
    void *zeros = calloc(bytes + 1, 1);
    if (!zeros)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for a state of %zu bytes", bytes);
    const wl_status status = wl_ctx_copy(ctx, t->data, zeros, bytes);
    free(zeros);
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(ctx)) : WL_OK;
}

wl_status wl_recurrent_reset(const wl_recurrent_pass *p, int which, wl_error *error)
{
    wl_ctx *ctx = p->layer->parameters->ctx;
    const wl_status status = clear(ctx, &p->state[which], error);
    return status ? status : clear(ctx, &p->cell_state[which], error);
}
