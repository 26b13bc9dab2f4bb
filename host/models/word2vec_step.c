/* One mini-batch of word2vec as the public operators compute it. */
#include "word2vec.h"

#include <wordloom/ops.h>

#include <math.h>
#include <string.h>

/* What the host sends for a batch, in one copy: the head, the inputs [N], the samples [N,K], each
 * at a multiple of 256 bytes. That copy waits for the device, which meanwhile has had the batch
 * before it to compute; so the host prepares one batch while the device works on another. */
enum { ALIGNMENT = 256 };

typedef struct head {
    float lr;
    float sum; /* sent as 0; the step leaves the square of the loss there */
} head;

static size_t part(int64_t n, size_t size)
{
    return ((size_t)n * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t inputs_at(void) { return part(1, sizeof(head)); }
static size_t samples_at(int64_t N) { return inputs_at() + part(N, sizeof(int32_t)); }
static size_t staged_bytes(const wl_word2vec *m, int64_t N)
{
    return samples_at(N) + part(N * m->K, sizeof(int32_t));
}

static wl_tensor staged(const wl_word2vec *m, size_t at, int32_t dtype, int32_t ndim, int64_t rows,
                        int64_t columns)
{
    char *base = m->staged.data;
    return (wl_tensor){ base ? base + at : NULL, dtype, ndim, { rows, columns }, { 0 } };
}

static wl_tensor first_rows(wl_tensor t, int64_t N)
{
    t.shape[0] = N;
    return t;
}

/* Every call of a step, in order. */
typedef struct calls {
    wl_embedding_gather_args gather;
    wl_negative_sampling_forward_args forward;
    wl_optimizer_sum_squares_args square; /* of the loss: not finite where the loss is not */
    wl_optimizer_clip_args check;         /* clips nothing: makes the scale 1, or 0 to skip */
    wl_embedding_update_args output, input;
} calls;

static wl_update_rule rule_of(const wl_word2vec *m, uint64_t seed)
{
    return (wl_update_rule){
        .lr = staged(m, offsetof(head, lr), WL_F32, 1, 1, 0),
        .scale = m->scale,
        .step = m->step,
        .kind = m->config.optimizer,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .eps = 1e-8,
        .rounding = WL_ROUND_STOCHASTIC,
        .seed = seed,
    };
}

static calls calls_of(const wl_word2vec *m, int64_t N, int64_t slot)
{
    const wl_tensor h = first_rows(m->h, N), dh = first_rows(m->dh, N), g = first_rows(m->g, N);
    const wl_tensor samples = staged(m, samples_at(N), WL_I32, 2, N, m->K);
    const wl_tensor sum = staged(m, offsetof(head, sum), WL_F32, 1, 1, 0);
    wl_tensor loss = {
        m->losses.data ? (float *)m->losses.data + slot : NULL, WL_F32, 1, { 1 }, { 0 }
    };
    wl_tensor square = loss;
    square.ndim = 2;
    square.shape[1] = 1;
    calls c = { .gather = { sizeof c.gather, m->input.rows, staged(m, inputs_at(), WL_I32, 1, N, 0),
                            h } };
    c.forward = (wl_negative_sampling_forward_args){
        sizeof c.forward, h, m->output.rows, samples, loss, g, dh, 1
    };
    c.square = (wl_optimizer_sum_squares_args){ .size = sizeof c.square, .x = square, .sum = sum };
    c.check = (wl_optimizer_clip_args){
        .size = sizeof c.check, .sum = sum, .scale = m->scale, .step = m->step, .max_norm = HUGE_VAL
    };
    /* the two tables round by draws of their own */
    c.output = (wl_embedding_update_args){ .size = sizeof c.output,
                                           .table = m->output.rows,
                                           .m = m->output.m,
                                           .v = m->output.v,
                                           .ids = samples,
                                           .weights = g,
                                           .dy = h,
                                           .rule = rule_of(m, ~m->config.seed),
                                           .cap = m->config.cap };
    c.input = (wl_embedding_update_args){ .size = sizeof c.input,
                                          .table = m->input.rows,
                                          .m = m->input.m,
                                          .v = m->input.v,
                                          .ids = staged(m, inputs_at(), WL_I32, 2, N, 1),
                                          .dy = dh,
                                          .rule = rule_of(m, m->config.seed),
                                          .cap = m->config.cap };
    return c;
}

static wl_status most_workspace(const wl_word2vec *m, size_t *most)
{
    const calls c = calls_of(m, m->max_pairs, 0);
    size_t bytes[6] = { 0 };
    wl_status status = wl_embedding_gather_workspace(m->ctx, &c.gather, &bytes[0]);
    if (!status) status = wl_negative_sampling_forward_workspace(m->ctx, &c.forward, &bytes[1]);
    if (!status) status = wl_optimizer_sum_squares_workspace(m->ctx, &c.square, &bytes[2]);
    if (!status) status = wl_optimizer_clip_workspace(m->ctx, &c.check, &bytes[3]);
    if (!status) status = wl_embedding_update_workspace(m->ctx, &c.output, &bytes[4]);
    if (!status) status = wl_embedding_update_workspace(m->ctx, &c.input, &bytes[5]);
    *most = 0;
    for (int i = 0; i < 6; i++)
        if (bytes[i] > *most) *most = bytes[i];
    return status;
}

wl_status wl_word2vec_carve_step(void *model, wl_arena *arena)
{
    wl_word2vec *m = model;
    const int64_t N = m->max_pairs, D = m->config.dim;
    const int64_t bytes = (int64_t)staged_bytes(m, N);
    m->staged = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ bytes });
    m->h = wl_arena_take_rows(arena, m->config.dtype, N, D, 64);
    m->dh = wl_arena_take_rows(arena, m->config.dtype, N, D, 64);
    m->g = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ N, m->K });
    m->losses = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ WL_WORD2VEC_LOSSES });
    m->scale = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ 1 });
    size_t workspace;
    const wl_status status = most_workspace(m, &workspace);
    m->workspace = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ (int64_t)workspace });
    return status;
}

static wl_status queue(wl_ctx *ctx, const calls *c)
{
    wl_status status = wl_embedding_gather(ctx, &c->gather);
    if (!status) status = wl_negative_sampling_forward(ctx, &c->forward);
    if (!status) status = wl_optimizer_sum_squares(ctx, &c->square);
    if (!status) status = wl_optimizer_clip(ctx, &c->check);
    if (!status) status = wl_embedding_update(ctx, &c->output);
    return status ? status : wl_embedding_update(ctx, &c->input);
}

wl_status wl_word2vec_step(wl_word2vec *m, const wl_skipgram_batch *batch, double lr, int64_t slot,
                           wl_error *error)
{
    const int64_t N = batch->pairs;
    const head first = { (float)lr, 0 };
    memcpy(m->staging, &first, sizeof first);
    wl_skipgram_fill(m->batches, (int32_t *)(void *)(m->staging + inputs_at()),
                     (int32_t *)(void *)(m->staging + samples_at(N)));
    wl_ctx_set_workspace(m->ctx, m->workspace.data, (size_t)m->workspace.shape[0]);
    /* one copy a batch, which waits: the fused training step will draw on the device instead */
    wl_status status = wl_ctx_copy(m->ctx, m->staged.data, m->staging, staged_bytes(m, N));
    const calls c = calls_of(m, N, slot);
    if (!status) status = queue(m->ctx, &c);
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}
