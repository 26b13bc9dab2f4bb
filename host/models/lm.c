/* The language model: its parameters, made, drawn and freed. */
#include "lm.h"

#include "../nn/floats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

wl_status wl_lm_failed(const wl_lm *m, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(m->ctx)) : WL_OK;
}

/* The order is that of the files. */
static void add_parameters(wl_lm *m)
{
    const wl_lm_config *c = &m->config;
    wl_parameters *p = &m->parameters;
    wl_lookup_add(&m->embedding, p, m->V, c->embed, c->tie, "embedding.weight");
    for (int64_t l = 0; l < c->layers; l++) {
        char name[32];
        snprintf(name, sizeof name, "rnn.%d", (int)l);
        const int64_t D = l ? c->hidden : c->embed;
        wl_recurrent_add(&m->layers[l], p, (wl_cell)c->cell, D, c->hidden, name);
        if (c->norm) wl_norm_add(&m->norms[l], p, D, name);
    }
    m->weight =
        c->tie ? m->embedding.number : wl_parameters_add(p, m->V, c->hidden, "output.weight");
    m->bias = wl_parameters_add(p, m->V, 0, "output.bias");
}

wl_status wl_lm_announce(wl_lm **out, wl_ctx *ctx, const wl_lm_config *config,
                         const wl_vocabulary *words, int32_t rule, wl_error *error)
{
    const wl_status status = wl_lm_check_config(config, error);
    wl_lm *m = status ? NULL : calloc(1, sizeof *m);
    *out = m;
    if (status) return status;
    if (!m) return wl_error_set(error, WL_NO_MEMORY, "no memory for a model");
    m->ctx = ctx;
    m->config = *config;
    m->words = words;
    m->V = wl_vocabulary_size(words);
    m->parameters.ctx = ctx;
    m->parameters.dtype = config->dtype;
    m->parameters.rule = rule;
    m->at.lr = config->lr;
    m->at.best = INFINITY;
    add_parameters(m);
    return WL_OK;
}

wl_status wl_lm_allocate(wl_lm *m, wl_error *error)
{
    const wl_status status = wl_parameters_create(&m->parameters, error);
    return status ? status : wl_lookup_create(&m->embedding, error);
}

/* As the book draws: the embedding with a deviation of 0.01, weights with 1 / sqrt(inputs), biases
 * 0; weights of a norm are 1. What is drawn counts by the parameter's number, the table after the
 * last. */
static wl_status draw(wl_lm *m, wl_error *error)
{
    const wl_lm_config *c = &m->config;
    wl_parameters *p = &m->parameters;
    wl_status status = wl_lookup_draw(&m->embedding, p->count, c->seed, error);
    for (int64_t l = 0; l < c->layers && !status; l++)
        status = wl_recurrent_draw(&m->layers[l], c->seed, error);
    for (int64_t l = 0; l < c->layers && c->norm && !status; l++)
        status = wl_norm_begin(&m->norms[l], error);
    if (!status && !c->tie) {
        const wl_tensor weight = wl_parameters_value(p, m->weight);
        status = wl_floats_draw(m->ctx, &weight, (uint32_t)m->weight, 1 / sqrt((double)c->hidden),
                                c->seed, error);
    }
    return status ? status : wl_parameters_settle(p, error);
}

wl_status wl_lm_create(wl_lm **out, wl_ctx *ctx, const wl_lm_config *config,
                       const wl_vocabulary *words, wl_error *error)
{
    wl_status status = wl_lm_announce(out, ctx, config, words, config->optimizer, error);
    if (!status) status = wl_lm_allocate(*out, error);
    if (!status) status = draw(*out, error);
    if (!status) return WL_OK;
    wl_lm_destroy(*out);
    *out = NULL;
    return status;
}

void wl_lm_destroy(wl_lm *m)
{
    if (!m) return;
    wl_lm_pass_destroy(m->run);
    free(m->epochs);
    wl_lookup_destroy(&m->embedding);
    wl_parameters_destroy(&m->parameters);
    wl_vocabulary_destroy(m->own);
    free(m);
}

const wl_lm_config *wl_lm_configuration(const wl_lm *m) { return &m->config; }
const wl_vocabulary *wl_lm_vocabulary(const wl_lm *m) { return m->words; }

int64_t wl_lm_parameters(const wl_lm *m)
{
    int64_t count = m->config.tie ? 0 : m->V * m->config.embed;
    for (int32_t i = 0; i < m->parameters.count; i++) count += m->parameters.list[i].count;
    return count;
}

wl_tensor wl_lm_output_weight(const wl_lm *m)
{
    return wl_parameters_at(&m->parameters, m->weight);
}

wl_tensor wl_lm_output_bias(const wl_lm *m) { return wl_parameters_at(&m->parameters, m->bias); }
