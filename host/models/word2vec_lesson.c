/* word2vec by the softmax over all words: mini-batches, whose windows are drawn on the host, step
 * by step of public operators. */
#include "word2vec.h"

#include "../nn/queue.h"
#include "../ops/word2vec_draws.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

static wl_tensor take(wl_arena *arena, int32_t dtype, int64_t n)
{
    return wl_arena_take(arena, dtype, 1, (int64_t[4]){ n });
}

static wl_tensor first_of(wl_tensor t, int64_t rows)
{
    t.shape[0] = rows;
    return t;
}

/* ------------------------------------------------------------------ calls */

/* x, the loss, and both gradients of the first `rows` inputs. */
static wl_status learn(const wl_word2vec *m, int64_t rows, size_t *bytes)
{
    const wl_word2vec_lesson *l = &m->lesson;
    const wl_embedding_gather_pooled_args gather = {
        .size = sizeof gather,
        .table = m->input,
        .ids = first_of(l->contexts, rows),
        .y = first_of(l->x, rows),
        .mean = m->config.context != WL_CONTEXT_SUM,
    };
    const wl_optimizer_clear_args clear = {
        .size = sizeof clear,
        .x = { l->dw.data, l->dw.dtype, 1, { m->V * m->D }, { 0 } },
    };
    const wl_softmax_xent_linear_backward_args softmax = {
        .size = sizeof softmax,
        .x = first_of(l->x, rows),
        .w = m->output,
        .labels = first_of(l->targets, rows),
        .loss = l->loss,
        .dx = first_of(l->dx, rows),
        .dw = l->dw,
        .reduction = WL_LOSS_SUM,
    };
    wl_status status = wl_queue_embedding_gather_pooled(m->ctx, &gather, bytes);
    if (!status) status = wl_queue_optimizer_clear(m->ctx, &clear, bytes);
    return status ? status : wl_queue_softmax_xent_linear_backward(m->ctx, &softmax, bytes);
}

static wl_update_rule rule_of(const wl_word2vec *m, uint64_t seed)
{
    return (wl_update_rule){ .lr = m->lesson.lr,
                             .step = m->lesson.step,
                             .kind = WL_SGD,
                             .rounding = WL_ROUND_STOCHASTIC,
                             .seed = seed };
}

/* Both tables, by the gradients of the first `rows` inputs. */
static wl_status update(const wl_word2vec *m, int64_t rows, size_t *bytes)
{
    const wl_word2vec_lesson *l = &m->lesson;
    const wl_embedding_update_args input = {
        .size = sizeof input,
        .table = m->input,
        .ids = first_of(l->contexts, rows),
        .dy = first_of(l->dx, rows),
        .rule = rule_of(m, m->config.seed),
        .cap = m->config.cap,
        .mean = m->config.context == WL_CONTEXT_MEAN_CORRECTED,
    };
    const wl_optimizer_update_rows_args output = {
        .size = sizeof output,
        .table = m->output,
        .rows = l->words,
        .g = l->dw,
        .rule = rule_of(m, ~m->config.seed),
    };
    const wl_status status = wl_queue_embedding_update(m->ctx, &input, bytes);
    return status ? status : wl_queue_optimizer_update_rows(m->ctx, &output, bytes);
}

/* ------------------------------------------------------------------ memory */

wl_status wl_word2vec_carve_lesson(wl_word2vec *m, wl_arena *arena, size_t *bytes)
{
    const wl_word2vec_config *c = &m->config;
    wl_word2vec_lesson *l = &m->lesson;
    const bool cbow = c->method == WL_CBOW;
    l->rows = cbow ? c->batch : 2 * c->window * c->batch;
    l->slots = cbow ? 2 * c->window : 1;
    l->contexts = wl_arena_take(arena, WL_I32, 2, (int64_t[4]){ l->rows, l->slots });
    l->targets = take(arena, WL_I32, l->rows);
    l->x = wl_arena_take(arena, c->dtype, 2, (int64_t[4]){ l->rows, m->D });
    l->dx = wl_arena_take(arena, c->dtype, 2, (int64_t[4]){ l->rows, m->D });
    l->dw = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ m->V, m->D });
    l->words = take(arena, WL_I64, m->V);
    l->loss = take(arena, WL_F32, 1);
    l->lr = take(arena, WL_F32, 1);
    l->step = take(arena, WL_I64, 1);
    *bytes = 0;
    const wl_status status = learn(m, l->rows, bytes);
    return status ? status : update(m, l->rows, bytes);
}

wl_status wl_word2vec_prepare_lesson(wl_word2vec *m, wl_error *error)
{
    wl_word2vec_lesson *l = &m->lesson;
    int64_t *words = malloc((size_t)m->V * sizeof *words + 1);
    l->host_contexts = malloc((size_t)(l->rows * l->slots) * sizeof *l->host_contexts);
    l->host_targets = malloc((size_t)l->rows * sizeof *l->host_targets);
    if (!words || !l->host_contexts || !l->host_targets) {
        free(words);
        return wl_error_set(error, WL_NO_MEMORY, "no memory for a mini-batch");
    }
    for (int64_t i = 0; i < m->V; i++) words[i] = i;
    const wl_status status =
        wl_ctx_copy(m->ctx, l->words.data, words, (size_t)m->V * sizeof *words);
    free(words);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

/* ------------------------------------------------------------------ windows */

/* The part of a shard that is a mini-batch. */
typedef struct batch {
    const wl_word2vec_shard *shard;
    int64_t position; /* of the shard in the run */
    int64_t from, to; /* its centres, in what is kept of the shard */
    int64_t rows;     /* inputs so far */
} batch;

/* Words of the sentence on the side of `step`, `most` at most. */
static int64_t words_beside(const batch *b, int64_t at, int64_t step, int64_t most)
{
    int64_t n = 0;
    for (int64_t i = at + step; n < most && i >= 0 && i < b->shard->kept; i += step, n++)
        if (b->shard->host[i] < 0) break;
    return n;
}

static void draw_window(const wl_word2vec *m, batch *b, int64_t at)
{
    const wl_word2vec_lesson *l = &m->lesson;
    const int32_t *ids = b->shard->host;
    const int64_t reach =
        wl_word2vec_reach(m->config.seed, (uint64_t)(b->position + at), m->config.window);
    const int64_t first = at - words_beside(b, at, -1, reach);
    const int64_t last = at + words_beside(b, at, 1, reach);
    const bool cbow = m->config.method == WL_CBOW;
    if (ids[at] < 0 || first == last) return;
    int32_t *to = l->host_contexts + b->rows * l->slots;
    for (int64_t i = first; i <= last; i++) {
        if (i == at) continue;
        *to++ = ids[i];
        if (!cbow) l->host_targets[b->rows++] = ids[at];
    }
    if (!cbow) return;
    l->host_targets[b->rows++] = ids[at];
    while (to < l->host_contexts + b->rows * l->slots) *to++ = -1;
}

/* ------------------------------------------------------------------ a mini-batch */

static wl_status send(const wl_word2vec *m, const batch *b, float lr)
{
    const wl_word2vec_lesson *l = &m->lesson;
    const int64_t step = b->position + b->from + 1;
    const size_t row = sizeof *l->host_targets;
    wl_status status =
        wl_ctx_copy(m->ctx, l->contexts.data, l->host_contexts, (size_t)(b->rows * l->slots) * row);
    if (!status)
        status = wl_ctx_copy(m->ctx, l->targets.data, l->host_targets, (size_t)b->rows * row);
    if (!status) status = wl_ctx_copy(m->ctx, l->lr.data, &lr, sizeof lr);
    return status ? status : wl_ctx_copy(m->ctx, l->step.data, &step, sizeof step);
}

/* What came of a slice. */
typedef struct outcome {
    float loss;
    int64_t pairs, skipped;
} outcome;

static wl_status train_batch(const wl_word2vec *m, batch *b, float lr, outcome *sum)
{
    float loss = 0;
    for (int64_t at = b->from; at < b->to; at++) draw_window(m, b, at);
    if (b->rows == 0) return WL_OK;
    wl_status status = send(m, b, lr);
    if (!status) status = learn(m, b->rows, NULL);
    if (!status) status = wl_ctx_copy(m->ctx, &loss, m->lesson.loss.data, sizeof loss);
    if (!status) status = wl_ctx_sync(m->ctx);
    if (status) return status;
    if (!isfinite(loss)) {
        sum->skipped += b->rows;
        return WL_OK;
    }
    sum->loss += loss;
    sum->pairs += b->rows;
    return update(m, b->rows, NULL);
}

/* The outcome of slice number i to where those of the fused steps lie. */
static wl_status note(const wl_word2vec *m, const wl_word2vec_group *group, int64_t i,
                      const outcome *o)
{
    const size_t n = (size_t)i;
    char *to = group->results.data;
    wl_status status = wl_ctx_copy(m->ctx, to + offsetof(wl_word2vec_results, loss) + n * 4,
                                   &o->loss, sizeof o->loss);
    if (!status)
        status = wl_ctx_copy(m->ctx, to + offsetof(wl_word2vec_results, pairs) + n * 8, &o->pairs,
                             sizeof o->pairs);
    if (status) return status;
    return wl_ctx_copy(m->ctx, to + offsetof(wl_word2vec_results, skipped) + n * 8, &o->skipped,
                       sizeof o->skipped);
}

wl_status wl_word2vec_teach(wl_word2vec *m, const wl_word2vec_shard *shard,
                            const wl_word2vec_group *group, int64_t i, int64_t centres,
                            wl_error *error)
{
    const wl_word2vec_orders *orders = group->host_orders;
    const int64_t begin = orders->begin[i], end = begin + centres, size = m->config.batch;
    const float first = orders->lr[i][0], slope = (orders->lr[i][1] - first) / (float)centres;
    outcome sum = { 0 };
    wl_status status = WL_OK;
    for (int64_t from = begin; from < end && !status; from += size) {
        batch b = { shard, orders->position, from, from + size < end ? from + size : end, 0 };
        status = train_batch(m, &b, first + slope * (float)(from - begin), &sum);
    }
    if (!status) status = note(m, group, i, &sum);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}
