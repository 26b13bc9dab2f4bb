/* A batch's pass: its memory, its way to the device, and its operators in their order. */
#include "seq2seq.h"

#include "../nn/branches.h"
#include "../nn/replay.h"

#include <stdlib.h>

enum { MOST_SHAPES = 256 };

/* A shape of batches, and its recorded step: calls are the same for all of that shape. */
typedef struct wl_seq2seq_shape {
    int64_t S, T, B, runs;
    wl_graph *graph;
} wl_seq2seq_shape;

/* ------------------------------------------------------------------ operators */

static wl_status backward(const wl_seq2seq_pass *p, size_t *bytes)
{
    const wl_seq2seq *m = p->model;
    const wl_seq2seq_encoder *e = &p->encoder;
    const wl_tensor *dlast = &e->dlast[m->config.layers - 1];
    wl_status status = wl_descent_clear(p->descent, bytes);
    if (!status) status = wl_seq2seq_decoder_backward(&p->decoder, bytes);
    if (!status && m->config.model == WL_SEQ2SEQ_PEEKY)
        status = wl_seq2seq_add(m, &p->step, dlast, &p->decoder.context.dencoded, dlast, bytes);
    return status ? status : wl_seq2seq_encoder_backward(e, bytes);
}

static wl_status update(const wl_seq2seq_pass *p, size_t *bytes)
{
    const wl_lookup_pass *tables[] = { &p->encoder.embedded, &p->decoder.embedded, NULL };
    return wl_descent_update(p->descent, tables, bytes);
}

static wl_status run(const wl_seq2seq_pass *p, size_t *bytes)
{
    wl_status status = wl_seq2seq_encoder_forward(&p->encoder, bytes);
    if (!status) status = wl_seq2seq_decoder_forward(&p->decoder, bytes);
    if (!status && !p->training) status = wl_seq2seq_decoder_loss(&p->decoder, bytes);
    if (status || !p->training) return status;
    status = backward(p, bytes);
    return status ? status : update(p, bytes);
}

static wl_status queue_step(const void *owner) { return run(owner, NULL); }

/* ------------------------------------------------------------------ memory */

/* The next rows x columns of the ids. */
static wl_tensor take_ids(const wl_seq2seq_pass *p, int64_t *at, int64_t rows, int64_t columns)
{
    int32_t *data = p->ids.data;
    const wl_tensor t = { data ? data + *at : NULL, WL_I32, 2, { rows, columns }, { 0 } };
    *at += rows * columns;
    return t;
}

static void carve_ids(wl_seq2seq_pass *p, wl_arena *arena)
{
    wl_seq2seq_encoder *e = &p->encoder;
    wl_seq2seq_decoder *d = &p->decoder;
    int64_t at = 0;
    p->step = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ 1 });
    p->ids = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ (p->S + 1 + 2 * p->T) * p->B });
    p->loss = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ 1 });
    e->source = take_ids(p, &at, p->S, p->B);
    e->lengths = take_ids(p, &at, 1, p->B);
    e->lengths = (wl_tensor){ e->lengths.data, WL_I32, 1, { p->B }, { 0 } };
    d->inputs = take_ids(p, &at, p->T, p->B);
    d->labels = take_ids(p, &at, p->T, p->B);
    e->step = d->step = p->step;
    d->loss = p->loss;
}

static wl_status carve(void *owner, wl_arena *arena)
{
    wl_seq2seq_pass *p = owner;
    const int64_t layers = p->model->config.layers;
    wl_seq2seq_encoder *e = &p->encoder;
    wl_seq2seq_decoder *d = &p->decoder;
    const wl_tensor *first[WL_SEQ2SEQ_MOST_LAYERS];
    size_t bytes = 0;
    *e = (wl_seq2seq_encoder){ .model = p->model, .S = p->S, .B = p->B, .training = p->training };
    *d = (wl_seq2seq_decoder){ .model = p->model, .T = p->T, .B = p->B, .training = p->training };
    carve_ids(p, arena);
    wl_seq2seq_encoder_carve(e, arena);
    for (int64_t l = 0; l < layers; l++) {
        first[l] = &e->layers[l].last;
        d->layers[l].dfirst = e->dlast[l];
    }
    if (p->training) p->descent->loss = p->loss, d->loss_scale = p->descent->loss_scale;
    d->context = (wl_seq2seq_context){ .model = p->model,
                                       .step = p->step,
                                       .memory = e->memory,
                                       .keys = e->keys,
                                       .lengths = e->lengths,
                                       .encoded = e->layers[layers - 1].last,
                                       .dmemory = e->dmemory,
                                       .dkeys = e->dkeys };
    wl_seq2seq_decoder_carve(d, first, arena, p->weights);
    const wl_status status = run(p, &bytes);
    p->workspace = wl_branches_take(arena, wl_seq2seq_branches(p->model), bytes);
    return wl_seq2seq_failed(p->model, status, p->why);
}

static void forget_graphs(wl_seq2seq_pass *p)
{
    for (int64_t i = 0; i < p->shape_count; i++)
        wl_graph_destroy(p->model->ctx, p->shapes[i].graph);
    p->shape_count = 0;
}

void wl_seq2seq_pass_destroy(wl_seq2seq_pass *p)
{
    if (p->shapes) forget_graphs(p);
    free(p->shapes);
    free(p->host);
    wl_arena_destroy(&p->arena);
    *p = (wl_seq2seq_pass){ 0 };
}

static wl_status make_room(wl_seq2seq_pass *p, wl_error *error)
{
    const int64_t room = (p->S + 1 + 2 * p->T) * p->B;
    if (!p->shapes) p->shapes = calloc(MOST_SHAPES, sizeof *p->shapes);
    if (room > p->host_room) {
        free(p->host);
        p->host = malloc((size_t)room * sizeof *p->host);
        p->host_room = p->host ? room : 0;
    }
    return p->shapes && p->host ? WL_OK
                                : wl_error_set(error, WL_NO_MEMORY, "no memory for a batch");
}

/* Makes the pass one of batches of a shape. */
static wl_status fit(wl_seq2seq_pass *p, int64_t S, int64_t T, int64_t B, wl_error *error)
{
    int moved;
    if (p->S == S && p->T == T && p->B == B) return WL_OK;
    p->S = S, p->T = T, p->B = B;
    p->why = error;
    p->arena.ctx = p->model->ctx;
    wl_status status = make_room(p, error);
    if (!status) status = wl_arena_fit(&p->arena, carve, p, &moved, error);
    if (status)
        p->S = p->T = p->B = 0;
    else if (moved)
        forget_graphs(p);
    return status;
}

/* ------------------------------------------------------------------ a batch */

void wl_seq2seq_lay_sources(const wl_seq2seq *m, const wl_seq2seq_pair *pairs, int64_t S, int64_t B,
                            int32_t *ids, int32_t *lengths)
{
    for (int64_t b = 0; b < B; b++) {
        const int64_t n = pairs[b].source_length;
        for (int64_t s = 0; s < S; s++) {
            const int64_t from = m->config.reverse ? n - 1 - s : s;
            ids[s * B + b] = s < n ? pairs[b].source[from] : 0; /* what pads is read by nobody */
        }
        lengths[b] = (int32_t)n;
    }
}

/* The targets as the decoder reads them, and as it is to say them. */
static void lay_targets(const wl_seq2seq_pass *p, const wl_seq2seq_pair *pairs, int32_t *inputs,
                        int32_t *labels)
{
    const int64_t B = p->B;
    for (int64_t b = 0; b < B; b++) {
        const int64_t n = pairs[b].target_length;
        for (int64_t t = 0; t < p->T; t++) {
            inputs[t * B + b] = t > 0 && t <= n ? pairs[b].target[t - 1] : p->model->start;
            labels[t * B + b] = t < n ? pairs[b].target[t] : t == n ? p->model->end : -1;
        }
    }
}

static wl_status send(wl_seq2seq_pass *p, const wl_seq2seq_pair *pairs, int64_t step,
                      wl_error *error)
{
    const int64_t S = p->S, T = p->T, B = p->B;
    wl_ctx *ctx = p->model->ctx;
    int32_t *ids = p->host;
    wl_seq2seq_lay_sources(p->model, pairs, S, B, ids, ids + S * B);
    lay_targets(p, pairs, ids + (S + 1) * B, ids + (S + 1 + T) * B);
    wl_status status = wl_ctx_copy(ctx, p->ids.data, ids, (size_t)p->ids.shape[0] * sizeof *ids);
    if (!status) status = wl_ctx_copy(ctx, p->step.data, &step, sizeof step);
    return wl_seq2seq_failed(p->model, status, error);
}

/* The recorded step of this shape; null where there are too many already. */
static wl_seq2seq_shape *shape_of(wl_seq2seq_pass *p)
{
    for (int64_t i = 0; i < p->shape_count; i++) {
        wl_seq2seq_shape *s = &p->shapes[i];
        if (s->S == p->S && s->T == p->T && s->B == p->B) return s;
    }
    if (p->shape_count == MOST_SHAPES) return NULL;
    p->shapes[p->shape_count] = (wl_seq2seq_shape){ .S = p->S, .T = p->T, .B = p->B };
    return &p->shapes[p->shape_count++];
}

wl_status wl_seq2seq_step(wl_seq2seq_pass *p, const wl_seq2seq_pair *pairs, int64_t count,
                          int64_t step, wl_error *error)
{
    wl_ctx *ctx = p->model->ctx;
    int64_t S = 0, T = 1;
    p->labels = 0;
    for (int64_t b = 0; b < count; b++) {
        const wl_seq2seq_pair *one = &pairs[b];
        if (one->source_length > S) S = one->source_length;
        if (one->target_length >= T) T = one->target_length + 1;
        p->labels += one->target_length + 1;
    }
    wl_status status = fit(p, S, T, count, error);
    if (!status) status = send(p, pairs, step, error);
    if (status) return status;
    wl_seq2seq_shape *shape = shape_of(p);
    status = wl_branches_use(p->model->ctx, &p->workspace);
    if (status) return wl_seq2seq_failed(p->model, status, error);
    status = shape ? wl_replay(ctx, &shape->graph, &shape->runs, queue_step, p) : queue_step(p);
    return wl_seq2seq_failed(p->model, status, error);
}
