/* Translation: batches of sources are encoded, and a beam of hypotheses of each is decoded token
 * by token. */
#include "seq2seq.h"
#include "seq2seq_search.h"

#include "../nn/branches.h"
#include "../nn/floats.h"
#include "../nn/queue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A batch of B sources in S steps, of which each has W rows in the decoder: R in all. */
typedef struct translator {
    wl_seq2seq *model;
    const wl_seq2seq_search *search;
    int64_t width;   /* W: of the search, or 1 */
    int64_t S, B, R; /* as its memory is carved */
    wl_arena arena;
    wl_tensor step;          /* I64 [1] */
    wl_tensor ids;           /* I32 [S B + B + R + S R + R]: what follows */
    wl_tensor origin;        /* I32 [R]: the source of each row, */
    wl_tensor memory_origin; /* I32 [S R]: and its row in the encoder's memory for each of S */
    wl_tensor lengths;       /* I32 [R] */
    wl_tensor moves;         /* I32 [2 R]: parents, then inputs */
    wl_seq2seq_encoder encoder;
    wl_seq2seq_decoder decoder;
    wl_tensor memory, keys; /* STORED [S,R,H], with attention */
    wl_tensor encoded;      /* STORED [R,H], with peeky */
    wl_tensor logits;       /* STORED [R,V] */
    wl_tensor workspace;    /* U8 [branches, bytes] */
    wl_beam beam;
    int32_t *host; /* ids on their way */
    float *scores; /* [R,V] on the host */
    int64_t host_room, scores_room;
    wl_error *why; /* while it is carved */
} translator;

/* ------------------------------------------------------------------ operators */

/* to[i] = from[ids[i]], of rows, where there is such a tensor. */
static wl_status pick(const translator *t, const wl_tensor *from, wl_tensor ids,
                      const wl_tensor *to, size_t *bytes)
{
    if (!to->ndim) return WL_OK;
    const wl_embedding_gather_args a = {
        .size = sizeof a, .table = wl_seq2seq_rows(from), .ids = ids, .y = wl_seq2seq_rows(to)
    };
    return wl_queue_embedding_gather(t->model->ctx, &a, bytes);
}

static wl_status clear(const translator *t, const wl_tensor *x, size_t *bytes)
{
    const wl_optimizer_clear_args a = {
        .size = sizeof a, .x = { x->data, x->dtype, 1, { wl_floats_count(x) }, { 0 } }
    };
    return x->ndim ? wl_queue_optimizer_clear(t->model->ctx, &a, bytes) : WL_OK;
}

/* The encoder, and what the decoder's rows begin with. */
static wl_status start(const translator *t, size_t *bytes)
{
    const wl_seq2seq_config *c = &t->model->config;
    const wl_seq2seq_encoder *e = &t->encoder;
    wl_status status = wl_seq2seq_encoder_forward(e, bytes);
    if (!status) status = pick(t, &e->memory, t->memory_origin, &t->memory, bytes);
    if (!status && t->model->key >= 0)
        status = pick(t, &e->keys, t->memory_origin, &t->keys, bytes);
    if (!status) status = pick(t, &e->layers[c->layers - 1].last, t->origin, &t->encoded, bytes);
    for (int64_t l = 0; l < c->layers && !status; l++) {
        const wl_recurrent_pass *layer = &t->decoder.layers[l].way[0];
        status = pick(t, &e->layers[l].last, t->origin, &layer->state[0], bytes);
        if (!status) status = clear(t, &layer->cell_state[0], bytes);
    }
    return status;
}

/* A step of all rows, to the scores of what comes next. */
static wl_status advance(const translator *t, size_t *bytes)
{
    const wl_seq2seq *m = t->model;
    const wl_linear_forward_args scores = { .size = sizeof scores,
                                            .x = wl_seq2seq_rows(&t->decoder.x),
                                            .w = wl_parameters_at(&m->parameters, m->weight),
                                            .b = wl_parameters_at(&m->parameters, m->bias),
                                            .y = t->logits };
    const wl_status status = wl_seq2seq_decoder_forward(&t->decoder, bytes);
    return status ? status : wl_queue_linear_forward(m->ctx, &scores, bytes);
}

/* Each row's states become those of its parent, after the step. */
static wl_status follow_parents(const translator *t, size_t *bytes)
{
    const wl_tensor parents = { t->moves.data, WL_I32, 1, { t->R }, { 0 } };
    wl_status status = WL_OK;
    for (int64_t l = 0; l < t->model->config.layers && !status; l++) {
        const wl_recurrent_pass *layer = &t->decoder.layers[l].way[0];
        status = pick(t, &layer->state[1], parents, &layer->state[0], bytes);
        if (!status) status = pick(t, &layer->cell_state[1], parents, &layer->cell_state[0], bytes);
    }
    return status;
}

/* ------------------------------------------------------------------ memory */

/* The next n of a row of ids. */
static wl_tensor take_ids(const wl_tensor *all, int64_t *at, int64_t n)
{
    int32_t *data = all->data;
    const wl_tensor t = { data ? data + *at : NULL, WL_I32, 1, { n }, { 0 } };
    *at += n;
    return t;
}

static void carve_ids(translator *t, wl_arena *arena)
{
    const int64_t S = t->S, B = t->B, R = t->R;
    int64_t at = 0;
    t->step = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ 1 });
    t->ids = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ S * B + B + R + S * R + R });
    t->moves = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ 2 * R });
    const wl_tensor source = take_ids(&t->ids, &at, S * B);
    t->encoder = (wl_seq2seq_encoder){ .model = t->model, .S = S, .B = B, .step = t->step };
    t->encoder.source = (wl_tensor){ source.data, WL_I32, 2, { S, B }, { 0 } };
    t->encoder.lengths = take_ids(&t->ids, &at, B);
    t->origin = take_ids(&t->ids, &at, R);
    t->memory_origin = take_ids(&t->ids, &at, S * R);
    t->lengths = take_ids(&t->ids, &at, R);
    at = R;
    const wl_tensor inputs = take_ids(&t->moves, &at, R);
    t->decoder = (wl_seq2seq_decoder){ .model = t->model, .T = 1, .B = R, .step = t->step };
    t->decoder.inputs = (wl_tensor){ inputs.data, WL_I32, 2, { 1, R }, { 0 } };
}

/* What of the source the decoder's rows see. */
static void carve_context(translator *t, wl_arena *arena)
{
    const wl_seq2seq *m = t->model;
    const wl_seq2seq_config *c = &m->config;
    const int64_t shape[4] = { t->S, t->R, c->hidden };
    t->memory = t->keys = t->encoded = (wl_tensor){ 0 };
    if (c->model == WL_SEQ2SEQ_ATTENTION)
        t->memory = t->keys = wl_arena_take(arena, c->dtype, 3, shape);
    if (m->key >= 0) t->keys = wl_arena_take(arena, c->dtype, 3, shape);
    if (c->model == WL_SEQ2SEQ_PEEKY)
        t->encoded = wl_arena_take(arena, c->dtype, 2, (int64_t[4]){ t->R, c->hidden });
    t->decoder.context = (wl_seq2seq_context){ .model = m,
                                               .step = t->step,
                                               .memory = t->memory,
                                               .keys = t->keys,
                                               .lengths = t->lengths,
                                               .encoded = t->encoded };
}

static wl_status carve(void *owner, wl_arena *arena)
{
    translator *t = owner;
    size_t bytes = 0;
    carve_ids(t, arena);
    wl_seq2seq_encoder_carve(&t->encoder, arena);
    carve_context(t, arena);
    wl_seq2seq_decoder_carve(&t->decoder, NULL, arena, false);
    t->logits =
        wl_arena_take(arena, t->model->config.dtype, 2, (int64_t[4]){ t->R, t->model->target_V });
    wl_status status = start(t, &bytes);
    if (!status) status = advance(t, &bytes);
    if (!status) status = follow_parents(t, &bytes);
    t->workspace = wl_branches_take(arena, wl_seq2seq_branches(t->model), bytes);
    return wl_seq2seq_failed(t->model, status, t->why);
}

/* Room for n elements of a size, which replaces what was there. */
static void *make_room(void *old, int64_t *room, int64_t n, size_t size)
{
    if (n <= *room) return old;
    free(old);
    void *made = malloc((size_t)n * size);
    *room = made ? n : 0;
    return made;
}

static wl_status fit(translator *t, int64_t S, int64_t B, wl_error *error)
{
    int moved;
    const int64_t R = B * t->width, V = t->model->target_V;
    t->S = S, t->B = B, t->R = R;
    t->why = error;
    t->host = make_room(t->host, &t->host_room, S * B + B + R + S * R + R, sizeof *t->host);
    t->scores = make_room(t->scores, &t->scores_room, R * V, sizeof *t->scores);
    if (!t->host || !t->scores) return wl_error_set(error, WL_NO_MEMORY, "no memory to translate");
    t->arena.ctx = t->model->ctx;
    return wl_arena_fit(&t->arena, carve, t, &moved, error);
}

static void translator_free(translator *t)
{
    wl_arena_destroy(&t->arena);
    wl_beam_destroy(&t->beam);
    free(t->host);
    free(t->scores);
}

/* ------------------------------------------------------------------ a batch */

static wl_status send(translator *t, const wl_seq2seq_pair *pairs, wl_error *error)
{
    const int64_t S = t->S, B = t->B, R = t->R, zero = 0;
    wl_ctx *ctx = t->model->ctx;
    int32_t *ids = t->host, *origin = ids + S * B + B, *memory = origin + R, *ends = memory + S * R;
    wl_seq2seq_lay_sources(t->model, pairs, S, B, ids, ids + S * B);
    for (int64_t r = 0; r < R; r++) {
        const int64_t b = r / t->width;
        origin[r] = (int32_t)b;
        ends[r] = (int32_t)pairs[b].source_length;
        for (int64_t s = 0; s < S; s++) memory[s * R + r] = (int32_t)(s * B + b);
    }
    wl_status status = wl_ctx_copy(ctx, t->ids.data, ids, (size_t)t->ids.shape[0] * sizeof *ids);
    if (!status) status = wl_ctx_copy(ctx, t->step.data, &zero, sizeof zero);
    return wl_seq2seq_failed(t->model, status, error);
}

/* The beam's choice goes to the device. */
static wl_status send_moves(const translator *t, wl_error *error)
{
    wl_ctx *ctx = t->model->ctx;
    const size_t bytes = (size_t)t->R * sizeof(int32_t);
    wl_status status = wl_ctx_copy(ctx, t->moves.data, t->beam.parents, bytes);
    if (!status) status = wl_ctx_copy(ctx, t->decoder.inputs.data, t->beam.ids, bytes);
    return wl_seq2seq_failed(t->model, status, error);
}

static wl_status decode(translator *t, const volatile sig_atomic_t *stop, wl_error *error)
{
    wl_seq2seq *m = t->model;
    int64_t live = t->B;
    for (int64_t r = 0; r < t->R; r++) t->beam.parents[r] = (int32_t)r, t->beam.ids[r] = m->start;
    wl_status status = send_moves(t, error);
    while (!status && live > 0) {
        status = wl_seq2seq_failed(m, advance(t, NULL), error);
        if (!status) status = wl_floats_fetch(m->ctx, &t->logits, t->scores, error);
        if (!status) status = wl_beam_extend(&t->beam, t->scores, &live, error);
        if (!status) status = send_moves(t, error);
        if (!status) status = wl_seq2seq_failed(m, follow_parents(t, NULL), error);
        if (!status && stop && *stop) return wl_error_set(error, WL_INTERRUPTED, "interrupted");
    }
    return status;
}

/* What is better than what `out` has gets its place. */
static wl_status take_best(const translator *t, const int64_t *numbers, wl_translation *out,
                           wl_error *error)
{
    for (int64_t b = 0; b < t->B; b++) {
        wl_translation one, *old = &out[numbers[b]];
        const wl_status status = wl_beam_best(&t->beam, b, &one, error);
        if (status) return status;
        const bool wins = !old->ids || one.score > old->score;
        free(wins ? old->ids : one.ids);
        if (wins) *old = one;
    }
    return WL_OK;
}

/* Sources in order of length, and which they are. */
static wl_status translate_batch(translator *t, const wl_seq2seq_pair *pairs,
                                 const int64_t *numbers, int64_t B,
                                 const volatile sig_atomic_t *stop, wl_translation *out,
                                 wl_error *error)
{
    wl_seq2seq *m = t->model;
    int64_t *most = malloc((size_t)B * sizeof *most);
    if (!most) return wl_error_set(error, WL_NO_MEMORY, "no memory to translate");
    for (int64_t b = 0; b < B; b++)
        most[b] = t->search->most ? t->search->most : 2 * pairs[b].source_length + 20;
    wl_beam_destroy(&t->beam);
    wl_status status =
        wl_beam_create(&t->beam, t->width, B, m->target_V, t->search->length_penalty, most, error);
    free(most);
    if (status) return status;
    t->beam.start = m->start, t->beam.end = m->end;
    t->beam.unknown = (int32_t)wl_vocabulary_find(m->target, "<unk>", strlen("<unk>"));
    status = fit(t, pairs[B - 1].source_length, B, error);
    if (!status) status = send(t, pairs, error);
    if (status) return status;
    status = wl_branches_use(m->ctx, &t->workspace);
    status = wl_seq2seq_failed(m, status ? status : start(t, NULL), error);
    if (!status) status = decode(t, stop, error);
    return status ? status : take_best(t, numbers, out, error);
}

/* ------------------------------------------------------------------ all */

/* Sources in order of length. */
typedef struct ordered {
    int64_t *numbers;
    wl_seq2seq_pair *pairs;
} ordered;

static int by_length(const void *one, const void *other, void *lengths)
{
    const int64_t *n = lengths, a = *(const int64_t *)one, b = *(const int64_t *)other;
    if (n[a] != n[b]) return n[a] < n[b] ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void ordered_free(ordered *o)
{
    free(o->numbers);
    free(o->pairs);
}

static wl_status put_in_order(ordered *o, const int32_t *const *sources, const int64_t *lengths,
                              int64_t count, wl_error *error)
{
    o->numbers = malloc((size_t)count * sizeof *o->numbers + 1);
    o->pairs = malloc((size_t)count * sizeof *o->pairs + 1);
    if (!o->numbers || !o->pairs) {
        ordered_free(o);
        return wl_error_set(error, WL_NO_MEMORY, "no memory to translate %lld lines",
                            (long long)count);
    }
    for (int64_t i = 0; i < count; i++) o->numbers[i] = i;
    qsort_r(o->numbers, (size_t)count, sizeof *o->numbers, by_length, (void *)(uintptr_t)lengths);
    for (int64_t i = 0; i < count; i++)
        o->pairs[i] = (wl_seq2seq_pair){ .source = sources[o->numbers[i]],
                                         .source_length = lengths[o->numbers[i]] };
    return WL_OK;
}

static wl_status translate_all(translator *t, const ordered *o, int64_t count,
                               const volatile sig_atomic_t *stop, wl_translation *out,
                               wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t i = 0; i < count && !status; i += t->search->batch) {
        const int64_t left = count - i, B = left < t->search->batch ? left : t->search->batch;
        status = translate_batch(t, o->pairs + i, o->numbers + i, B, stop, out, error);
    }
    return status;
}

static wl_status check_search(const wl_seq2seq_search *s, wl_error *error)
{
    if (s->beam < 1 || s->beam > WL_BEAM_MOST)
        return wl_error_set(error, WL_OUT_OF_RANGE, "beam is %lld, expected 1 to %d",
                            (long long)s->beam, WL_BEAM_MOST);
    if (!(s->length_penalty >= 0 && s->length_penalty <= 4))
        return wl_error_set(error, WL_OUT_OF_RANGE, "length-penalty is %g, expected 0 to 4",
                            s->length_penalty);
    if (s->most < 0 || s->most > INT32_MAX)
        return wl_error_set(error, WL_OUT_OF_RANGE, "most is %lld, expected 0 to 2^31 - 1",
                            (long long)s->most);
    if (s->batch >= 1 && s->batch <= 65536) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE, "batch is %lld, expected 1 to 65536",
                        (long long)s->batch);
}

wl_seq2seq_search wl_seq2seq_search_defaults(void)
{
    return (wl_seq2seq_search){ .beam = 1, .length_penalty = 0.6, .batch = 128 };
}

wl_status wl_seq2seq_translate(wl_seq2seq *m, const int32_t *const *sources, const int64_t *lengths,
                               int64_t count, const wl_seq2seq_search *search,
                               const volatile sig_atomic_t *stop, wl_translation *out,
                               wl_error *error)
{
    translator t = { .model = m, .search = search, .width = 1 };
    ordered o;
    memset(out, 0, (size_t)count * sizeof *out);
    wl_status status = check_search(search, error);
    if (!status) status = put_in_order(&o, sources, lengths, count, error);
    if (status) return status;
    /* the greedy one first, so that a wider beam never ends below it */
    status = translate_all(&t, &o, count, stop, out, error);
    t.width = search->beam;
    if (!status && search->beam > 1) status = translate_all(&t, &o, count, stop, out, error);
    translator_free(&t);
    ordered_free(&o);
    return status;
}

void wl_translations_free(wl_translation *translations, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        free(translations[i].ids);
        translations[i] = (wl_translation){ 0 };
    }
}
