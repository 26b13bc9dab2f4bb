/* The sequence-to-sequence model: its parameters, made, drawn and freed. */
#include "seq2seq.h"

#include "../nn/floats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

wl_status wl_seq2seq_failed(const wl_seq2seq *m, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(m->ctx)) : WL_OK;
}

int64_t wl_seq2seq_branches(const wl_seq2seq *m) { return m->config.bidirectional ? 2 : 1; }

int64_t wl_seq2seq_context_width(const wl_seq2seq_config *c)
{
    return c->model == WL_SEQ2SEQ_PLAIN ? 0 : c->hidden;
}

/* The first layer's output is what attention asks with. */
bool wl_seq2seq_reads_context(const wl_seq2seq_config *c, int64_t l)
{
    return c->model == WL_SEQ2SEQ_PEEKY || (c->model == WL_SEQ2SEQ_ATTENTION && l > 0);
}

bool wl_seq2seq_has_one_table(const wl_seq2seq_config *c) { return c->shared && c->tie; }

const wl_lookup *wl_seq2seq_target_embedding(const wl_seq2seq *m)
{
    return &m->embedding[wl_seq2seq_has_one_table(&m->config) ? 0 : 1];
}

wl_seq2seq_tables wl_seq2seq_list_tables(const wl_seq2seq *m)
{
    const bool one = wl_seq2seq_has_one_table(&m->config);
    return (wl_seq2seq_tables){ { &m->embedding[0], one ? NULL : &m->embedding[1], NULL } };
}

/* ------------------------------------------------------------------ parameters */

static void add_layers(wl_seq2seq *m, const char *side, wl_seq2seq_layer *layers)
{
    const wl_seq2seq_config *c = &m->config;
    const bool decodes = layers == m->decoder;
    for (int64_t l = 0; l < c->layers; l++) {
        const int ways = !decodes && l == 0 && c->bidirectional ? 2 : 1;
        int64_t D = l ? c->hidden : c->embed;
        if (decodes && wl_seq2seq_reads_context(c, l)) D += wl_seq2seq_context_width(c);
        layers[l].ways = ways;
        for (int i = 0; i < ways; i++) {
            char name[64];
            snprintf(name, sizeof name, "%s.rnn.%d%s", side, (int)l, i ? ".backward" : "");
            wl_recurrent_add(&layers[l].way[i], &m->parameters, (wl_cell)c->cell, D,
                             c->hidden / ways, name);
        }
    }
}

static void add_attention(wl_seq2seq *m)
{
    const wl_seq2seq_config *c = &m->config;
    wl_parameters *p = &m->parameters;
    const int64_t H = c->hidden;
    m->query = m->key = m->score = -1;
    if (c->model != WL_SEQ2SEQ_ATTENTION || c->score == WL_SCORE_DOT) return;
    m->query = wl_parameters_add(p, H, H, "decoder.attention.query.weight");
    if (c->score == WL_SCORE_GENERAL) return;
    m->key = wl_parameters_add(p, H, H, "decoder.attention.key.weight");
    m->score = wl_parameters_add(p, H, 0, "decoder.attention.score.weight");
}

/* The order is that of the files. */
static void add_parameters(wl_seq2seq *m)
{
    const wl_seq2seq_config *c = &m->config;
    wl_parameters *p = &m->parameters;
    const int64_t read = c->hidden + wl_seq2seq_context_width(c);
    const bool one = wl_seq2seq_has_one_table(c);
    wl_lookup_add(&m->embedding[0], p, m->source_V, c->embed, one,
                  one ? "embedding.weight" : "encoder.embedding.weight");
    add_layers(m, "encoder", m->encoder);
    if (!one)
        wl_lookup_add(&m->embedding[1], p, m->target_V, c->embed, c->tie,
                      "decoder.embedding.weight");
    add_layers(m, "decoder", m->decoder);
    add_attention(m);
    m->weight = c->tie ? wl_seq2seq_target_embedding(m)->number
                       : wl_parameters_add(p, m->target_V, read, "decoder.output.weight");
    m->bias = wl_parameters_add(p, m->target_V, 0, "decoder.output.bias");
}

/* ------------------------------------------------------------------ making */

static wl_status find_mark(const wl_vocabulary *words, const char *mark, int32_t *out,
                           wl_error *error)
{
    *out = (int32_t)wl_vocabulary_find(words, mark, strlen(mark));
    if (*out >= 0) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "seq2seq: the target's vocabulary has no %s, which %s a target", mark,
                        mark[1] == '/' ? "ends" : "begins");
}

wl_status wl_seq2seq_announce(wl_seq2seq **out, wl_ctx *ctx, const wl_seq2seq_config *config,
                              const wl_vocabulary *source, const wl_vocabulary *target,
                              int32_t rule, wl_error *error)
{
    int32_t start, end;
    *out = NULL;
    wl_status status = wl_seq2seq_check_config(config, error);
    if (!status) status = find_mark(target, "<s>", &start, error);
    if (!status) status = find_mark(target, "</s>", &end, error);
    if (status) return status;
    wl_seq2seq *m = calloc(1, sizeof *m);
    if (!m) return wl_error_set(error, WL_NO_MEMORY, "no memory for a model");
    m->ctx = ctx;
    m->config = *config;
    m->source = source, m->target = target;
    m->source_V = wl_vocabulary_size(source), m->target_V = wl_vocabulary_size(target);
    m->start = start, m->end = end;
    m->parameters.ctx = ctx;
    m->parameters.dtype = config->dtype;
    m->parameters.rule = rule;
    m->at.lr = config->lr;
    m->at.best = INFINITY;
    add_parameters(m);
    *out = m;
    return WL_OK;
}

wl_status wl_seq2seq_allocate(wl_seq2seq *m, wl_error *error)
{
    wl_status status = wl_parameters_create(&m->parameters, error);
    if (!status) status = wl_lookup_create(&m->embedding[0], error);
    return status || wl_seq2seq_has_one_table(&m->config)
               ? status
               : wl_lookup_create(&m->embedding[1], error);
}

static wl_status draw_one(wl_seq2seq *m, int32_t number, int64_t inputs, wl_error *error)
{
    if (number < 0) return WL_OK;
    const wl_tensor value = wl_parameters_value(&m->parameters, number);
    return wl_floats_draw(m->ctx, &value, (uint32_t)number, 1 / sqrt((double)inputs),
                          m->config.seed, error);
}

static wl_status draw_layers(wl_seq2seq *m, const wl_seq2seq_layer *layers, wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t l = 0; l < m->config.layers; l++)
        for (int i = 0; i < layers[l].ways && !status; i++)
            status = wl_recurrent_draw(&layers[l].way[i], m->config.seed, error);
    return status;
}

/* As the book draws: embeddings with a deviation of 0.01, weights with 1 / sqrt(inputs), biases 0.
 * What is drawn counts by the parameter's number, tables after the last. */
static wl_status draw(wl_seq2seq *m, wl_error *error)
{
    const wl_seq2seq_config *c = &m->config;
    const int32_t count = m->parameters.count;
    wl_status status = wl_lookup_draw(&m->embedding[0], count, c->seed, error);
    if (!status && !wl_seq2seq_has_one_table(c))
        status = wl_lookup_draw(&m->embedding[1], count + 1, c->seed, error);
    if (!status) status = draw_layers(m, m->encoder, error);
    if (!status) status = draw_layers(m, m->decoder, error);
    if (!status) status = draw_one(m, m->query, c->hidden, error);
    if (!status) status = draw_one(m, m->key, c->hidden, error);
    if (!status) status = draw_one(m, m->score, c->hidden, error);
    if (!status && !c->tie)
        status = draw_one(m, m->weight, c->hidden + wl_seq2seq_context_width(c), error);
    return status ? status : wl_parameters_settle(&m->parameters, error);
}

wl_status wl_seq2seq_create(wl_seq2seq **out, wl_ctx *ctx, const wl_seq2seq_config *config,
                            const wl_vocabulary *source, const wl_vocabulary *target,
                            wl_error *error)
{
    wl_status status =
        wl_seq2seq_announce(out, ctx, config, source, target, config->optimizer, error);
    if (!status) status = wl_seq2seq_allocate(*out, error);
    if (!status) status = draw(*out, error);
    if (!status) return WL_OK;
    wl_seq2seq_destroy(*out);
    *out = NULL;
    return status;
}

void wl_seq2seq_destroy(wl_seq2seq *m)
{
    if (!m) return;
    wl_seq2seq_run_destroy(m->run);
    free(m->epochs);
    for (int i = 0; i < 2; i++) {
        wl_lookup_destroy(&m->embedding[i]);
        wl_vocabulary_destroy(m->own[i]);
    }
    wl_parameters_destroy(&m->parameters);
    free(m);
}

const wl_seq2seq_config *wl_seq2seq_configuration(const wl_seq2seq *m) { return &m->config; }
const wl_vocabulary *wl_seq2seq_source(const wl_seq2seq *m) { return m->source; }
const wl_vocabulary *wl_seq2seq_target(const wl_seq2seq *m) { return m->target; }

int64_t wl_seq2seq_parameters(const wl_seq2seq *m)
{
    int64_t count = 0;
    const wl_seq2seq_tables tables = wl_seq2seq_list_tables(m);
    for (const wl_lookup *const *l = tables.list; *l; l++)
        if ((*l)->number < 0) count += (*l)->V * (*l)->E;
    for (int32_t i = 0; i < m->parameters.count; i++) count += m->parameters.list[i].count;
    return count;
}

int64_t wl_seq2seq_epochs(const wl_seq2seq *m, const wl_training_epoch **out)
{
    *out = m->epochs;
    return m->at.epoch;
}

int wl_seq2seq_at_best(const wl_seq2seq *m)
{
    return m->at.epoch > 0 && m->at.step == 0 && m->at.stale == 0;
}
