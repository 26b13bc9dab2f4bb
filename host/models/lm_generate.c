/* Generation: one id after the other, each the next input. */
#include "lm.h"

#include "../nn/branches.h"
#include "../nn/floats.h"
#include "../nn/queue.h"

#include <math.h>
#include <stdlib.h>

/* The next input, from the last output. */
wl_status wl_lm_draw_next(const wl_lm_pass *p, const wl_lm_draw *draw, size_t *bytes)
{
    const wl_lm *m = p->model;
    const wl_tensor *y = &p->outputs[m->config.layers - 1];
    const wl_linear_forward_args scores = {
        .size = sizeof scores,
        .x = { y->data, y->dtype, 2, { p->B, m->config.hidden }, { 0 } },
        .w = wl_lm_output_weight(m),
        .b = p->drawn_bias,
        .y = p->logits,
    };
    const wl_sampling_categorical_args one = {
        .size = sizeof one,
        .logits = p->logits,
        .position = p->position,
        .ids = { p->inputs.data, WL_I32, 1, { p->B }, { 0 } },
        .seed = draw->seed,
        .top_k = draw->top_k,
        .temperature = draw->temperature,
        .top_p = draw->top_p,
    };
    const wl_status status = wl_queue_linear_forward(m->ctx, &scores, bytes);
    return status ? status : wl_queue_sampling_categorical(m->ctx, &one, bytes);
}

/* The output's bias, but for what is never to be drawn. */
static wl_status ban(const wl_lm_pass *p, const wl_lm_draw *draw, wl_error *error)
{
    const wl_lm *m = p->model;
    const wl_tensor value = wl_lm_output_bias(m);
    float *bias = malloc((size_t)m->V * sizeof *bias + 1);
    if (!bias) return wl_error_set(error, WL_NO_MEMORY, "no memory for the output's bias");
    wl_status status = wl_floats_fetch(m->ctx, &value, bias, error);
    for (int64_t i = 0; i < draw->bans && !status; i++) bias[draw->banned[i]] = -INFINITY;
    if (!status) status = wl_floats_send(m->ctx, &p->drawn_bias, bias, error);
    free(bias);
    return status;
}

static wl_status read_id(wl_lm_pass *p, wl_error *error)
{
    const wl_status status = wl_lm_forward(p, NULL);
    p->from = 1 - p->from;
    return wl_lm_failed(p->model, status, error);
}

static wl_status read_prompt(wl_lm_pass *p, const int32_t *prompt, int64_t length, wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t i = 0; i < length && !status; i++) {
        status = wl_ctx_copy(p->model->ctx, p->inputs.data, &prompt[i], sizeof *prompt);
        status = status ? wl_lm_failed(p->model, status, error) : read_id(p, error);
    }
    return status;
}

/* Draws id number `i`, and tells it. */
static wl_status draw_id(wl_lm_pass *p, const wl_lm_draw *draw, int64_t i, wl_lm_hear *hear,
                         void *user, wl_error *error)
{
    wl_ctx *ctx = p->model->ctx;
    int32_t id;
    wl_status status = wl_ctx_copy(ctx, p->position.data, &i, sizeof i);
    if (!status) status = wl_lm_draw_next(p, draw, NULL);
    if (!status) status = wl_ctx_copy(ctx, &id, p->inputs.data, sizeof id);
    if (status) return wl_lm_failed(p->model, status, error);
    if (id < 0) return wl_error_set(error, WL_OUT_OF_RANGE, "nothing is left that may be drawn");
    return hear(user, id) ? wl_error_set(error, WL_INTERRUPTED, "interrupted") : WL_OK;
}

static wl_status generate(wl_lm_pass *p, const int32_t *prompt, int64_t prompt_length,
                          int64_t length, const wl_lm_draw *draw, wl_lm_hear *hear, void *user,
                          wl_error *error)
{
    wl_status status = wl_lm_failed(p->model, wl_branches_use(p->model->ctx, &p->workspace), error);
    if (!status) status = ban(p, draw, error);
    if (!status) status = read_prompt(p, prompt, prompt_length, error);
    for (int64_t i = 0; i < length && !status; i++) {
        status = draw_id(p, draw, i, hear, user, error);
        if (!status && i + 1 < length) status = read_id(p, error);
    }
    return status;
}

wl_status wl_lm_generate(wl_lm *m, const int32_t *prompt, int64_t prompt_length, int64_t length,
                         const wl_lm_draw *draw, wl_lm_hear *hear, void *user, wl_error *error)
{
    wl_lm_pass *pass;
    if (prompt_length < 1)
        return wl_error_set(error, WL_OUT_OF_RANGE, "an empty prompt: expected a word or more");
    wl_status status = wl_lm_pass_create(&pass, m, 1, 1, NULL, 0, false, error);
    if (status) return status;
    status = generate(pass, prompt, prompt_length, length, draw, hear, user, error);
    wl_lm_pass_destroy(pass);
    return status;
}
