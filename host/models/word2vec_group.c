/* Slices of the current shard: queued in groups, of which the device has one while the host waits
 * for what came of the one before. */
#include "word2vec.h"

#include <wordloom/ops.h>

#include <math.h>
#include <stddef.h>

/* An epoch over a small text is cut into some so many slices, which are no smaller than that (with
 * hogwild for each worker). */
enum { SLICES = 50, LEAST = 64 };

/* `n` elements of a struct that lies on the device. */
static wl_tensor member(const wl_tensor *block, size_t at, int32_t dtype, int64_t n)
{
    char *base = block->data;
    return (wl_tensor){ base ? base + at : NULL, dtype, 1, { n }, { 0 } };
}

/* Slice number i of the orders. */
static wl_word2vec_args training(const wl_word2vec *m, const wl_word2vec_shard *shard,
                                 const wl_word2vec_group *group, int64_t i, int64_t centres)
{
    const wl_word2vec_config *c = &m->config;
    const size_t n = (size_t)i;
    wl_tensor tokens = shard->left;
    tokens.shape[0] = shard->kept;
    return (wl_word2vec_args){
        .size = sizeof(wl_word2vec_args),
        .input = m->input,
        .output = m->output,
        .tokens = tokens,
        .begin = member(&group->orders, offsetof(wl_word2vec_orders, begin) + n * 8, WL_I64, 1),
        .position = member(&group->orders, offsetof(wl_word2vec_orders, position), WL_I64, 1),
        .noise = m->columns,
        .lr = member(&group->orders, offsetof(wl_word2vec_orders, lr) + n * 8, WL_F32, 2),
        .spans = m->spans,
        .pieces = m->pieces,
        .paths = m->paths,
        .nodes = m->nodes,
        .loss = member(&group->results, offsetof(wl_word2vec_results, loss) + n * 4, WL_F32, 1),
        .pairs = member(&group->results, offsetof(wl_word2vec_results, pairs) + n * 8, WL_I64, 1),
        .skipped =
            member(&group->results, offsetof(wl_word2vec_results, skipped) + n * 8, WL_I64, 1),
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

static wl_status workspace(const wl_word2vec *m, size_t *bytes)
{
    const wl_word2vec_shard whole = { .kept = m->shard_tokens, .left = m->shards[0].left };
    const wl_word2vec_args a = training(m, &whole, &m->groups[0], 0, m->slice + m->config.batch);
    return m->config.hogwild ? wl_word2vec_hogwild_workspace(m->ctx, &a, bytes)
                             : wl_word2vec_sync_workspace(m->ctx, &a, bytes);
}

wl_status wl_word2vec_carve_groups(wl_word2vec *m, wl_arena *arena)
{
    size_t bytes = 0;
    for (int i = 0; i < 2; i++) {
        wl_word2vec_group *group = &m->groups[i];
        const int64_t orders = sizeof *group->host_orders, results = sizeof *group->host_results;
        group->orders = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ orders });
        group->results = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ results });
    }
    const wl_status status = m->config.loss == WL_WORD2VEC_SOFTMAX
                                 ? wl_word2vec_carve_lesson(m, arena, &bytes)
                                 : workspace(m, &bytes);
    m->workspaces[0] = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ (int64_t)bytes });
    return status;
}

int64_t wl_word2vec_slice(const wl_word2vec *m)
{
    const int64_t part = m->shards[m->current].kept / SLICES, batch = m->config.batch;
    const int64_t least = m->config.hogwild ? LEAST * m->config.workers : LEAST;
    int64_t centres = part < least ? least : part;
    if (centres > m->slice) centres = m->slice;
    return m->config.hogwild ? centres : (centres + batch - 1) / batch * batch;
}

/* ------------------------------------------------------------------ queued */

wl_word2vec_group *wl_word2vec_next_group(wl_word2vec *m) { return &m->groups[!m->latest]; }

wl_status wl_word2vec_send(wl_word2vec *m, const wl_word2vec_group *group, wl_error *error)
{
    const wl_status status = wl_ctx_copy_async(m->ctx, group->orders.data, group->host_orders,
                                               sizeof *group->host_orders);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

wl_status wl_word2vec_queue(wl_word2vec *m, const wl_word2vec_group *group, int64_t i,
                            int64_t centres, wl_error *error)
{
    const wl_word2vec_shard *shard = &m->shards[m->current];
    const wl_word2vec_args a = training(m, shard, group, i, centres);
    wl_ctx_set_workspace(m->ctx, m->workspaces[0].data, (size_t)m->workspaces[0].shape[0]);
    if (m->config.loss == WL_WORD2VEC_SOFTMAX)
        return wl_word2vec_teach(m, shard, group, i, centres, error);
    const wl_status status =
        m->config.hogwild ? wl_word2vec_hogwild(m->ctx, &a) : wl_word2vec_sync(m->ctx, &a);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

/* Its results come back when it has been worked. */
wl_status wl_word2vec_close_group(wl_word2vec *m, wl_error *error)
{
    wl_status status = wl_branch(m->ctx, WL_WORD2VEC_RESULTS);
    m->latest = !m->latest;
    const wl_word2vec_group *group = &m->groups[m->latest];
    if (!status) status = wl_branch_after(m->ctx, WL_WORD2VEC_TRAINING);
    if (!status)
        status = wl_ctx_copy_async(m->ctx, group->host_results, group->results.data,
                                   sizeof *group->host_results);
    wl_branch(m->ctx, WL_WORD2VEC_TRAINING);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

/* ------------------------------------------------------------------ collected */

static void account(wl_word2vec *m, float loss, int64_t pairs, int64_t skipped)
{
    wl_word2vec_place *at = &m->at;
    at->pairs += pairs;
    at->skipped += skipped;
    if (pairs + skipped > 0 && at->bad < WL_WORD2VEC_MOST_BAD)
        at->bad = skipped > pairs ? at->bad + 1 : 0;
    if (!isfinite(loss)) return;
    m->recent += (double)loss;
    m->recent_pairs += pairs;
    at->epoch_loss += (double)loss;
    at->epoch_pairs += pairs;
}

wl_status wl_word2vec_collect(wl_word2vec *m, wl_error *error)
{
    wl_word2vec_group *group = &m->groups[m->latest];
    const wl_word2vec_results *results = group->host_results;
    if (group->slices == 0) return WL_OK;
    wl_status status = wl_branch(m->ctx, WL_WORD2VEC_RESULTS);
    if (!status) status = wl_ctx_sync(m->ctx);
    wl_branch(m->ctx, WL_WORD2VEC_TRAINING);
    if (status) return wl_word2vec_failed(m, status, error);
    for (int64_t i = 0; i < group->slices; i++)
        account(m, results->loss[i], results->pairs[i], results->skipped[i]);
    group->slices = 0;
    m->at.first = group->first;
    m->at.words = group->words;
    m->at.centre = group->centre;
    m->done = group->done;
    m->lr = group->lr;
    return WL_OK;
}
