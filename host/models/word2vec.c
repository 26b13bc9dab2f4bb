/* The word2vec model: its memory, made and freed. */
#include "word2vec.h"

#include <stdlib.h>

enum {
    SYNC_SLICE = 8192,
    HOGWILD_SLICE = 16384,
    PER_WORKER = 64,
    ROW_BYTES = 64,
    LEAST_SHARD = 1 << 14,
};

wl_status wl_word2vec_failed(const wl_word2vec *m, wl_status status, wl_error *error)
{
    return wl_error_set(error, status, "%s", wl_ctx_error(m->ctx));
}

static wl_status carve_parameters(void *model, wl_arena *arena)
{
    wl_word2vec *m = model;
    m->input = wl_arena_take(arena, m->config.dtype, 2, (int64_t[4]){ m->R, m->D });
    m->output = wl_arena_take(arena, m->config.dtype, 2, (int64_t[4]){ m->V, m->D });
    m->columns = wl_arena_take(arena, WL_I32, 2, (int64_t[4]){ m->V, 2 });
    m->keep = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ m->V });
    if (m->tree) {
        const int64_t entries = wl_huffman_entries(m->tree);
        m->paths = wl_arena_take(arena, WL_I32, 2, (int64_t[4]){ m->V, 3 });
        m->nodes = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ entries });
    }
    if (m->G == 0) return WL_OK;
    m->spans = wl_arena_take(arena, WL_I32, 2, (int64_t[4]){ m->V, 2 });
    m->pieces = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ m->G });
    return WL_OK;
}

static wl_status carve_activations(void *model, wl_arena *arena)
{
    const wl_status status = wl_word2vec_carve_shards(model, arena);
    return status ? status : wl_word2vec_carve_groups(model, arena);
}

/* The host's sides of shards and groups, all of whose sizes are multiples of 8. */
static wl_status pin(wl_word2vec *m, wl_error *error)
{
    const size_t shard = ((size_t)m->shard_tokens * sizeof(int32_t) + 7) / 8 * 8;
    const size_t one =
        shard + sizeof(wl_word2vec_mark) + sizeof(wl_word2vec_orders) + sizeof(wl_word2vec_results);
    const wl_status status = wl_ctx_alloc_host(m->ctx, &m->pinned, 2 * one);
    if (status) return wl_word2vec_failed(m, status, error);
    char *to = m->pinned;
    for (int i = 0; i < 2; i++) {
        m->shards[i].host = (int32_t *)to;
        m->shards[i].host_mark = (wl_word2vec_mark *)(to += shard);
        m->groups[i].host_orders = (wl_word2vec_orders *)(to += sizeof(wl_word2vec_mark));
        m->groups[i].host_results = (wl_word2vec_results *)(to += sizeof(wl_word2vec_orders));
        to += sizeof(wl_word2vec_results);
    }
    return WL_OK;
}

static wl_status build(wl_word2vec *m, wl_error *error)
{
    wl_status status = wl_word2vec_list_pieces(m, error);
    if (!status) status = wl_noise_create(&m->noise, m->words, m->config.power, error);
    if (!status && m->config.loss == WL_WORD2VEC_HIERARCHICAL)
        status = wl_huffman_create(&m->tree, m->words, error);
    if (!status) status = wl_arena_create(&m->parameters, m->ctx, carve_parameters, m, error);
    if (!status) status = wl_arena_create(&m->activations, m->ctx, carve_activations, m, error);
    if (!status) status = pin(m, error);
    if (!status) status = wl_word2vec_initialise(m, error);
    if (status || m->config.loss != WL_WORD2VEC_SOFTMAX) return status;
    return wl_word2vec_prepare_lesson(m, error);
}

/* A text of so many words has at most as many ends of sentences. (Where the vocabulary was counted
 * from another text, shards are only shorter or longer than they had to be.) */
static int64_t shard_tokens(int64_t words)
{
    if (words > WL_WORD2VEC_SHARD / 2) return WL_WORD2VEC_SHARD;
    return words > LEAST_SHARD / 2 ? 2 * words : LEAST_SHARD;
}

/* What follows from the configuration and the vocabulary. */
static void settle(wl_word2vec *m)
{
    wl_word2vec_config *c = &m->config;
    wl_word2vec_settle_config(c);
    const int64_t unit = ROW_BYTES / (int64_t)wl_dtype_size(c->dtype);
    if (c->subword.max == 0 || c->subword.max < c->subword.min || c->subword.buckets == 0)
        c->subword = (wl_subword){ 0 };
    m->V = wl_vocabulary_size(m->words);
    m->R = m->V + c->subword.buckets;
    m->D = (c->dim + unit - 1) / unit * unit;
    m->group = WL_WORD2VEC_GROUP;
    m->shard_tokens = shard_tokens(wl_vocabulary_kept_tokens(m->words));
    m->slice = c->loss == WL_WORD2VEC_SOFTMAX ? c->batch : SYNC_SLICE;
    if (c->hogwild) m->slice = HOGWILD_SLICE;
    if (c->hogwild && c->workers * PER_WORKER > m->slice) m->slice = c->workers * PER_WORKER;
}

wl_status wl_word2vec_create(wl_word2vec **out, wl_ctx *ctx, const wl_word2vec_config *config,
                             const wl_vocabulary *words, wl_error *error)
{
    *out = NULL;
    wl_status status = wl_word2vec_check_config(config, error);
    if (status) return status;
    wl_word2vec *m = calloc(1, sizeof *m);
    if (!m) return wl_error_set(error, WL_NO_MEMORY, "no memory for a model");
    m->ctx = ctx;
    m->config = *config;
    m->words = words;
    settle(m);
    status = build(m, error);
    free(m->host_spans);
    free(m->host_pieces);
    m->host_spans = m->host_pieces = NULL;
    if (status)
        wl_word2vec_destroy(m);
    else
        *out = m;
    return status;
}

void wl_word2vec_destroy(wl_word2vec *m)
{
    if (!m) return;
    wl_arena_destroy(&m->activations);
    wl_arena_destroy(&m->parameters);
    wl_noise_destroy(m->noise);
    wl_huffman_destroy(m->tree);
    free(m->lesson.host_contexts);
    free(m->lesson.host_targets);
    wl_ctx_free_host(m->ctx, m->pinned);
    free(m);
}
