/* A part of the text on the device: brought there, subsampled, and trained on slice by slice. */
#include "word2vec.h"

#include <wordloom/ops.h>

#include <stddef.h>

/* An epoch over a small text is cut into some so many slices, which are no smaller than that. */
enum { SLICES = 50, LEAST = 64 };

/* `n` elements of a struct that lies on the device. */
static wl_tensor member(const wl_tensor *block, size_t at, int32_t dtype, int64_t n)
{
    char *base = block->data;
    return (wl_tensor){ base ? base + at : NULL, dtype, 1, { n }, { 0 } };
}

static wl_tensor first_of(wl_tensor t, int64_t n)
{
    t.shape[0] = n;
    return t;
}

static wl_word2vec_subsample_args subsampling(const wl_word2vec *m, int64_t tokens)
{
    return (wl_word2vec_subsample_args){
        .size = sizeof(wl_word2vec_subsample_args),
        .tokens = first_of(m->raw, tokens),
        .keep = m->keep,
        .position = member(&m->orders, offsetof(wl_word2vec_orders, position), WL_I64, 1),
        .kept = first_of(m->kept, tokens),
        .count = member(&m->results, offsetof(wl_word2vec_results, count), WL_I64, 1),
        .seed = m->config.seed,
    };
}

/* Slice number i of the orders. */
static wl_word2vec_args training(const wl_word2vec *m, int64_t kept, int64_t i, int64_t centres)
{
    const wl_word2vec_config *c = &m->config;
    const size_t n = (size_t)i;
    return (wl_word2vec_args){
        .size = sizeof(wl_word2vec_args),
        .input = m->input,
        .output = m->output,
        .tokens = first_of(m->kept, kept),
        .begin = member(&m->orders, offsetof(wl_word2vec_orders, begin) + n * 8, WL_I64, 1),
        .position = member(&m->orders, offsetof(wl_word2vec_orders, position), WL_I64, 1),
        .noise = m->columns,
        .lr = member(&m->orders, offsetof(wl_word2vec_orders, lr) + n * 8, WL_F32, 2),
        .spans = m->spans,
        .pieces = m->pieces,
        .paths = m->paths,
        .nodes = m->nodes,
        .loss = member(&m->results, offsetof(wl_word2vec_results, loss) + n * 4, WL_F32, 1),
        .pairs = member(&m->results, offsetof(wl_word2vec_results, pairs) + n * 8, WL_I64, 1),
        .skipped = member(&m->results, offsetof(wl_word2vec_results, skipped) + n * 8, WL_I64, 1),
        .centres = centres,
        .window = c->window,
        .negative = c->negative,
        .workers = c->workers,
        .batch = c->batch,
        .longest = m->longest,
        .deepest = m->tree ? wl_huffman_deepest(m->tree) : 0,
        .method = c->method,
        .negatives = c->negatives,
        .context = c->context,
        .rounding = WL_ROUND_STOCHASTIC,
        .cap = c->cap,
        .seed = c->seed,
    };
}

wl_status wl_word2vec_carve_shard(void *model, wl_arena *arena)
{
    wl_word2vec *m = model;
    size_t one, other;
    m->raw = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ m->shard_tokens });
    m->kept = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ m->shard_tokens });
    m->orders = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ sizeof(wl_word2vec_orders) });
    m->results = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ sizeof(wl_word2vec_results) });
    const wl_word2vec_subsample_args s = subsampling(m, m->shard_tokens);
    const wl_word2vec_args a = training(m, m->shard_tokens, 0, m->slice + m->config.batch);
    wl_status status = wl_word2vec_subsample_workspace(m->ctx, &s, &one);
    if (status) return status;
    if (m->config.loss == WL_WORD2VEC_SOFTMAX)
        status = wl_word2vec_carve_lesson(m, arena, &other);
    else
        status = m->config.hogwild ? wl_word2vec_hogwild_workspace(m->ctx, &a, &other)
                                   : wl_word2vec_sync_workspace(m->ctx, &a, &other);
    if (status) return status;
    const int64_t workspace = (int64_t)(one > other ? one : other);
    m->workspace = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ workspace });
    return WL_OK;
}

/* ------------------------------------------------------------------ opening */

/* A part ends where a sentence does, if one does in its second half. */
static int64_t cut(const int32_t *ids, int64_t n)
{
    for (int64_t end = n; end > n / 2; end--)
        if (ids[end - 1] < 0) return end;
    return n;
}

static wl_status read_shard(wl_word2vec *m, const wl_tokens *text, wl_word2vec_shard *shard,
                            wl_error *error)
{
    const wl_status status =
        wl_tokens_read(text, shard->first, m->shard, m->shard_tokens, &shard->tokens, error);
    if (status) return status;
    if (shard->first + shard->tokens < wl_tokens_size(text))
        shard->tokens = cut(m->shard, shard->tokens);
    shard->words = 0;
    for (int64_t i = 0; i < shard->tokens; i++) shard->words += m->shard[i] >= 0;
    return WL_OK;
}

wl_status wl_word2vec_open_shard(wl_word2vec *m, const wl_tokens *text, int64_t epoch,
                                 int64_t first, wl_word2vec_shard *shard, wl_error *error)
{
    *shard = (wl_word2vec_shard){ .first = first };
    wl_status status = read_shard(m, text, shard, error);
    if (status) return status;
    const wl_word2vec_orders orders = { .position = epoch * wl_tokens_size(text) + first };
    const wl_word2vec_subsample_args s = subsampling(m, shard->tokens);
    const size_t bytes = (size_t)shard->tokens * sizeof *m->shard;
    wl_word2vec_results results;
    wl_ctx_set_workspace(m->ctx, m->workspace.data, (size_t)m->workspace.shape[0]);
    status = wl_ctx_copy(m->ctx, m->raw.data, m->shard, bytes);
    if (!status) status = wl_ctx_copy(m->ctx, m->orders.data, &orders, sizeof orders);
    if (!status) status = wl_word2vec_subsample(m->ctx, &s);
    if (status) return wl_word2vec_failed(m, status, error);
    status = wl_word2vec_fetch(m, &results, error);
    shard->kept = results.count;
    if (status || m->config.loss != WL_WORD2VEC_SOFTMAX) return status;
    status = wl_ctx_copy(m->ctx, m->shard, m->kept.data, (size_t)shard->kept * sizeof *m->shard);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

int64_t wl_word2vec_slice(const wl_word2vec *m, const wl_word2vec_shard *shard)
{
    const int64_t part = shard->kept / SLICES, batch = m->config.batch;
    int64_t centres = part < LEAST ? LEAST : part;
    if (centres > m->slice) centres = m->slice;
    return m->config.hogwild ? centres : (centres + batch - 1) / batch * batch;
}

/* ------------------------------------------------------------------ training */

wl_status wl_word2vec_send(wl_word2vec *m, const wl_word2vec_orders *orders, wl_error *error)
{
    const wl_status status = wl_ctx_copy(m->ctx, m->orders.data, orders, sizeof *orders);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

wl_status wl_word2vec_queue(wl_word2vec *m, const wl_word2vec_shard *shard,
                            const wl_word2vec_orders *orders, int64_t i, int64_t centres,
                            wl_error *error)
{
    const wl_word2vec_args a = training(m, shard->kept, i, centres);
    if (m->config.loss == WL_WORD2VEC_SOFTMAX)
        return wl_word2vec_teach(m, shard, orders, i, centres, error);
    wl_ctx_set_workspace(m->ctx, m->workspace.data, (size_t)m->workspace.shape[0]);
    const wl_status status =
        m->config.hogwild ? wl_word2vec_hogwild(m->ctx, &a) : wl_word2vec_sync(m->ctx, &a);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

wl_status wl_word2vec_fetch(wl_word2vec *m, wl_word2vec_results *out, wl_error *error)
{
    wl_status status = wl_ctx_copy(m->ctx, out, m->results.data, sizeof *out);
    if (!status) status = wl_ctx_sync(m->ctx);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}
