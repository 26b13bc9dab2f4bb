/* Parts of the text on the device: brought there and subsampled, the next one while the one before
 * is trained on. */
#include "word2vec.h"

#include <wordloom/ops.h>

#include <stddef.h>

static wl_tensor first_of(wl_tensor t, int64_t n)
{
    t.shape[0] = n;
    return t;
}

static wl_tensor mark_of(const wl_word2vec_shard *shard, size_t at)
{
    char *base = shard->mark.data;
    return (wl_tensor){ base ? base + at : NULL, WL_I64, 1, { 1 }, { 0 } };
}

static wl_word2vec_subsample_args subsampling(const wl_word2vec *m, const wl_word2vec_shard *shard,
                                              int64_t tokens)
{
    return (wl_word2vec_subsample_args){
        .size = sizeof(wl_word2vec_subsample_args),
        .tokens = first_of(shard->raw, tokens),
        .keep = m->keep,
        .position = mark_of(shard, offsetof(wl_word2vec_mark, position)),
        .kept = first_of(shard->left, tokens),
        .count = mark_of(shard, offsetof(wl_word2vec_mark, count)),
        .seed = m->config.seed,
    };
}

wl_status wl_word2vec_carve_shards(wl_word2vec *m, wl_arena *arena)
{
    size_t bytes = 0;
    for (int i = 0; i < 2; i++) {
        wl_word2vec_shard *shard = &m->shards[i];
        shard->raw = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ m->shard_tokens });
        shard->left = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ m->shard_tokens });
        shard->mark = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ sizeof(wl_word2vec_mark) });
    }
    const wl_word2vec_subsample_args s = subsampling(m, &m->shards[0], m->shard_tokens);
    const wl_status status = wl_word2vec_subsample_workspace(m->ctx, &s, &bytes);
    m->workspaces[1] = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ (int64_t)bytes });
    return status;
}

/* ------------------------------------------------------------------ coming */

/* A part ends where a sentence does, if one does in its second half. */
static int64_t cut(const int32_t *ids, int64_t n)
{
    for (int64_t end = n; end > n / 2; end--)
        if (ids[end - 1] < 0) return end;
    return n;
}

static wl_status read_shard(const wl_word2vec *m, const wl_tokens *text, wl_word2vec_shard *shard,
                            wl_error *error)
{
    int64_t tokens;
    const wl_status status =
        wl_tokens_read(text, shard->first, shard->host, m->shard_tokens, &tokens, error);
    if (status) return status;
    if (shard->first + tokens < wl_tokens_size(text)) tokens = cut(shard->host, tokens);
    shard->words = 0;
    for (int64_t i = 0; i < tokens; i++) shard->words += shard->host[i] >= 0;
    shard->tokens = tokens;
    return WL_OK;
}

/* On the current branch. */
static wl_status queue_shard(wl_word2vec *m, const wl_word2vec_shard *shard)
{
    const wl_word2vec_subsample_args s = subsampling(m, shard, shard->tokens);
    const size_t bytes = (size_t)shard->tokens * sizeof *shard->host;
    wl_ctx_set_workspace(m->ctx, m->workspaces[1].data, (size_t)m->workspaces[1].shape[0]);
    wl_status status = wl_ctx_copy_async(m->ctx, shard->raw.data, shard->host, bytes);
    if (!status)
        status =
            wl_ctx_copy_async(m->ctx, shard->mark.data, shard->host_mark, sizeof *shard->host_mark);
    if (!status) status = wl_word2vec_subsample(m->ctx, &s);
    return status ? status
                  : wl_ctx_copy_async(m->ctx, shard->host_mark, shard->mark.data,
                                      sizeof *shard->host_mark);
}

wl_status wl_word2vec_fetch_shard(wl_word2vec *m, const wl_tokens *text, int64_t epoch,
                                  int64_t first, wl_error *error)
{
    wl_word2vec_shard *shard = &m->shards[!m->current];
    shard->epoch = epoch;
    shard->first = first;
    shard->tokens = 0;
    wl_status status = read_shard(m, text, shard, error);
    if (status) return status;
    shard->host_mark->position = epoch * wl_tokens_size(text) + first;
    status = wl_branch(m->ctx, WL_WORD2VEC_SHARDS);
    if (!status) status = queue_shard(m, shard);
    if (status) shard->tokens = 0;
    wl_branch(m->ctx, WL_WORD2VEC_TRAINING);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

/* ------------------------------------------------------------------ there */

static wl_status await_shards(wl_word2vec *m)
{
    wl_status status = wl_branch(m->ctx, WL_WORD2VEC_SHARDS);
    if (!status) status = wl_ctx_sync(m->ctx);
    wl_branch(m->ctx, WL_WORD2VEC_TRAINING);
    return status ? status : wl_branch_after(m->ctx, WL_WORD2VEC_SHARDS);
}

wl_status wl_word2vec_open_shard(wl_word2vec *m, const wl_tokens *text, int64_t epoch,
                                 int64_t first, wl_error *error)
{
    wl_word2vec_shard *next = &m->shards[!m->current];
    wl_status status = WL_OK;
    if (next->tokens == 0 || next->epoch != epoch || next->first != first)
        status = wl_word2vec_fetch_shard(m, text, epoch, first, error);
    if (status) return status;
    status = await_shards(m);
    next->kept = next->host_mark->count;
    m->current = !m->current;
    if (!status && m->config.loss == WL_WORD2VEC_SOFTMAX)
        status = wl_ctx_copy(m->ctx, next->host, next->left.data,
                             (size_t)next->kept * sizeof *next->host);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

void wl_word2vec_drop_shards(wl_word2vec *m)
{
    await_shards(m);
    m->shards[0].tokens = m->shards[1].tokens = 0;
}
