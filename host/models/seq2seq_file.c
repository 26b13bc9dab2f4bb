/* Files of the sequence-to-sequence model: see docs/architecture.md, "Files". */
#include "seq2seq.h"

#include "../nn/model_tensors.h"

#include <stdlib.h>
#include <string.h>

static const char model_name[] = "seq2seq";

enum { UNTOLD = -1 };

static int64_t list_tensors(const wl_seq2seq *m, wl_model_tensor_at list[WL_MODEL_MOST_TENSORS])
{
    const wl_seq2seq_tables tables = wl_seq2seq_list_tables(m);
    return wl_model_list(list, tables.list, &m->parameters);
}

wl_status wl_seq2seq_write(wl_seq2seq *m, const char *path, wl_error *error)
{
    wl_model_tensor_at list[WL_MODEL_MOST_TENSORS];
    char *config = wl_seq2seq_json(&m->config);
    wl_model_contents contents = { .ctx = m->ctx,
                                   .model = model_name,
                                   .config = config,
                                   .list = list,
                                   .count = list_tensors(m, list),
                                   .vocabularies = { { "source.vocabulary", m->source },
                                                     { "target.vocabulary", m->target } } };
    if (m->config.shared)
        contents.vocabularies[0] = (wl_model_vocabulary){ "vocabulary", m->target },
        contents.vocabularies[1] = (wl_model_vocabulary){ 0 };
    const wl_status status = wl_model_write(&contents, path, error);
    free(config);
    return status;
}

/* ------------------------------------------------------------------ reading */

static bool has(const wl_safetensors *file, const char *name)
{
    return wl_safetensors_find(file, name) != NULL;
}

/* As many as the longer side has: what the other lacks of them is missed by its name. */
static wl_status tell_layers(const wl_safetensors *file, wl_seq2seq_config *c, wl_error *error)
{
    static const char *const sides[] = { "encoder.rnn", "decoder.rnn" };
    c->layers = 0;
    for (int i = 0; i < 2; i++) {
        const int64_t layers = wl_model_count_layers(file, sides[i], WL_SEQ2SEQ_MOST_LAYERS);
        if (layers > WL_SEQ2SEQ_MOST_LAYERS)
            return wl_error_set(error, WL_BAD_FILE,
                                "%s: tensor %s.%d.r: expected at most %d layers, found more",
                                wl_safetensors_name(file), sides[i], WL_SEQ2SEQ_MOST_LAYERS,
                                WL_SEQ2SEQ_MOST_LAYERS);
        if (layers > c->layers) c->layers = layers;
    }
    return WL_OK;
}

/* What the metadata say is so; and so is what has a tensor. */
static void tell_choices(const wl_safetensors *file, wl_seq2seq_config *c)
{
    if (has(file, "vocabulary")) c->shared = 1;
    if (has(file, "decoder.output.weight")) c->tie = 0;
    if (has(file, "encoder.rnn.0.backward.r")) c->bidirectional = 1;
    if (has(file, "decoder.attention.key.weight") || has(file, "decoder.attention.score.weight"))
        c->score = WL_SCORE_ADDITIVE;
    else if (has(file, "decoder.attention.query.weight") && c->score == WL_SCORE_DOT)
        c->score = WL_SCORE_GENERAL;
}

static wl_status tell_units(const wl_safetensors *file, wl_seq2seq_config *c, wl_error *error)
{
    const char *name = "decoder.rnn.0.r";
    const wl_status status = wl_model_tell_cell(file, name, &c->cell, &c->hidden, error);
    if (status || !c->bidirectional || c->hidden % 2 == 0) return status;
    return wl_model_bad_shape(file, wl_safetensors_find(file, name),
                              "an even number of columns, for half the units of the encoder's "
                              "first layer read backwards",
                              error);
}

/* The model, where the metadata have not told it, by what the output reads: more than the last
 * layer's output, or not; and by whether the first layer reads more than the embedding. */
static wl_status tell_model(const wl_safetensors *file, wl_seq2seq_config *c,
                            const wl_safetensor *output, wl_error *error)
{
    const int64_t read = output->shape[1];
    const wl_safetensor *w;
    if (read != c->hidden && read != 2 * c->hidden)
        return wl_model_bad_shape(file, output,
                                  "as many columns as decoder.rnn.0.r has (plain), or twice as "
                                  "many (peeky, attention)",
                                  error);
    const wl_status status = wl_model_tensor(file, "decoder.rnn.0.w", 2, &w, error);
    if (status || c->model != UNTOLD) return status;
    c->model = c->score != WL_SCORE_DOT  ? WL_SEQ2SEQ_ATTENTION
               : read == c->hidden       ? WL_SEQ2SEQ_PLAIN
               : w->shape[1] == c->embed ? WL_SEQ2SEQ_ATTENTION
                                         : WL_SEQ2SEQ_PEEKY;
    return WL_OK;
}

/* What the tensors tell of the configuration, beside what the metadata have. */
static wl_status tell_tensors(const wl_safetensors *file, wl_seq2seq_config *c, wl_error *error)
{
    const wl_safetensor *embedding, *output;
    tell_choices(file, c);
    const char *looked_up =
        wl_seq2seq_has_one_table(c) ? "embedding.weight" : "decoder.embedding.weight";
    wl_status status = tell_layers(file, c, error);
    if (!status) status = wl_model_tensor(file, looked_up, 2, &embedding, error);
    if (!status)
        status =
            wl_model_tensor(file, c->tie ? looked_up : "decoder.output.weight", 2, &output, error);
    if (!status) status = tell_units(file, c, error);
    if (status) return status;
    c->embed = embedding->shape[1];
    c->dtype = embedding->dtype;
    if (c->dtype != WL_F32 && c->dtype != WL_F16 && c->dtype != WL_BF16) c->dtype = WL_F32;
    return tell_model(file, c, output, error);
}

static wl_status tell_config(const wl_safetensors *file, wl_seq2seq_config *c, wl_error *error)
{
    const char *json = wl_safetensors_metadata(file, "config");
    wl_error why = { "" };
    wl_status status = wl_model_check(file, model_name, error);
    c->model = UNTOLD;
    c->tie = 1; /* where it is not told: the output's weight may be missing */
    if (!status && json)
        status = wl_seq2seq_parse_config(c, json, wl_safetensors_name(file), error);
    if (!status) status = tell_tensors(file, c, error);
    if (status || !wl_seq2seq_check_config(c, &why)) return status;
    return wl_model_bad_config(file, &why, error);
}

/* Memory is only taken for what the file has. */
static wl_status load_tensors(wl_seq2seq *m, wl_safetensors *file, wl_error *error)
{
    wl_model_tensor_at list[WL_MODEL_MOST_TENSORS];
    wl_status status = wl_model_find_tensors(file, list, list_tensors(m, list), error);
    if (!status) status = wl_seq2seq_allocate(m, error);
    if (!status) status = wl_model_load_tensors(m->ctx, file, list, list_tensors(m, list), error);
    return status ? status : wl_parameters_settle(&m->parameters, error);
}

/* The layers are the file's, how it is trained is told. */
static void take_training(wl_seq2seq_config *c, const wl_seq2seq_config *training)
{
    wl_seq2seq_config all = *training;
    all.model = c->model, all.score = c->score, all.level = c->level, all.cell = c->cell;
    all.reverse = c->reverse, all.bidirectional = c->bidirectional, all.layers = c->layers;
    all.residual = c->residual, all.embed = c->embed, all.hidden = c->hidden;
    all.shared = c->shared, all.tie = c->tie;
    *c = all;
}

/* The decoder's vocabulary, which has the marks of a target. */
static wl_status read_target(wl_vocabulary **out, wl_safetensors *file, const char *name,
                             wl_error *error)
{
    static const char *const marks[] = { "<s>", "</s>" };
    const wl_status status = wl_model_words(out, file, name, error);
    for (int i = 0; i < 2 && !status; i++)
        if (wl_vocabulary_find(*out, marks[i], strlen(marks[i])) < 0)
            return wl_error_set(error, WL_BAD_FILE,
                                "%s: tensor %s: expected the words <s> and </s>, found no %s",
                                wl_safetensors_name(file), name, marks[i]);
    return status;
}

/* The vocabularies: one where they are shared. */
static wl_status read_words(wl_vocabulary *own[2], wl_safetensors *file, bool shared,
                            wl_error *error)
{
    if (shared) return read_target(&own[0], file, "vocabulary", error);
    const wl_status status = wl_model_words(&own[0], file, "source.vocabulary", error);
    return status ? status : read_target(&own[1], file, "target.vocabulary", error);
}

/* `training` is null for a model that is only used; `dtype` of 0 is the file's. */
static wl_status load(wl_seq2seq **out, wl_ctx *ctx, wl_safetensors *file,
                      const wl_seq2seq_config *training, int32_t dtype, wl_error *error)
{
    wl_seq2seq_config c = wl_seq2seq_defaults();
    wl_vocabulary *own[2] = { NULL, NULL };
    wl_status status = tell_config(file, &c, error);
    if (training) take_training(&c, training);
    if (dtype) c.dtype = dtype;
    if (!status) status = read_words(own, file, c.shared, error);
    if (!status)
        status = wl_seq2seq_announce(out, ctx, &c, own[0], own[c.shared ? 0 : 1],
                                     training ? c.optimizer : WL_NO_RULE, error);
    if (status) {
        for (int i = 0; i < 2; i++) wl_vocabulary_destroy(own[i]);
        return status;
    }
    for (int i = 0; i < 2; i++) (*out)->own[i] = own[i];
    status = load_tensors(*out, file, error);
    if (!status) return WL_OK;
    wl_seq2seq_destroy(*out);
    *out = NULL;
    return status;
}

static wl_status open_file(wl_seq2seq **out, wl_ctx *ctx, const char *path,
                           const wl_seq2seq_config *training, int32_t dtype, wl_error *error)
{
    wl_safetensors *file;
    *out = NULL;
    wl_status status = wl_safetensors_open(&file, path, error);
    if (status) return status;
    status = load(out, ctx, file, training, dtype, error);
    wl_safetensors_close(file);
    return status;
}

wl_status wl_seq2seq_open(wl_seq2seq **out, wl_ctx *ctx, const char *path, int32_t dtype,
                          wl_error *error)
{
    return open_file(out, ctx, path, NULL, dtype, error);
}

wl_status wl_seq2seq_create_from(wl_seq2seq **out, wl_ctx *ctx, const char *path,
                                 const wl_seq2seq_config *training, wl_error *error)
{
    return open_file(out, ctx, path, training, training->dtype, error);
}
