/* Files of the language model: see <docs/architecture.md>, "Files". */
#include "lm.h"

#include "../nn/model_tensors.h"

#include <stdlib.h>

static const char model_name[] = "lm";

static int64_t list_tensors(const wl_lm *m, wl_model_tensor_at list[WL_MODEL_MOST_TENSORS])
{
    return wl_model_list(list, (const wl_lookup *[]){ &m->embedding, NULL }, &m->parameters);
}

wl_status wl_lm_write(wl_lm *m, const char *path, wl_error *error)
{
    wl_model_tensor_at list[WL_MODEL_MOST_TENSORS];
    char *config = wl_lm_json(&m->config);
    const wl_model_contents contents = { .ctx = m->ctx,
                                         .model = model_name,
                                         .config = config,
                                         .list = list,
                                         .count = list_tensors(m, list),
                                         .vocabularies = { { "vocabulary", m->words } } };
    const wl_status status = wl_model_write(&contents, path, error);
    free(config);
    return status;
}

/* ------------------------------------------------------------------ reading */

/* What the tensors tell of the configuration, over what the metadata have. */
static wl_status tell_config(const wl_safetensors *file, wl_lm_config *c, wl_error *error)
{
    const char *json = wl_safetensors_metadata(file, "config");
    const wl_safetensor *embedding;
    wl_error why = { "" };
    wl_status status = wl_model_check(file, model_name, error);
    if (!status && json) status = wl_lm_parse_config(c, json, wl_safetensors_name(file), error);
    if (!status) status = wl_model_tensor(file, "embedding.weight", 2, &embedding, error);
    if (!status) status = wl_model_tell_cell(file, "rnn.0.r", &c->cell, &c->hidden, error);
    if (status) return status;
    c->embed = embedding->shape[1];
    c->dtype = embedding->dtype;
    c->tie = !wl_safetensors_find(file, "output.weight");
    c->norm = wl_safetensors_find(file, "rnn.0.norm.weight") != NULL;
    c->layers = wl_model_count_layers(file, "rnn", WL_LM_MOST_LAYERS);
    if (c->dtype != WL_F32 && c->dtype != WL_F16 && c->dtype != WL_BF16) c->dtype = WL_F32;
    return wl_lm_check_config(c, &why) ? wl_model_bad_config(file, &why, error) : WL_OK;
}

/* Memory is only taken for what the file has. */
static wl_status load_tensors(wl_lm *m, wl_safetensors *file, wl_error *error)
{
    wl_model_tensor_at list[WL_MODEL_MOST_TENSORS];
    wl_status status = wl_model_find_tensors(file, list, list_tensors(m, list), error);
    if (!status) status = wl_lm_allocate(m, error);
    if (!status) status = wl_model_load_tensors(m->ctx, file, list, list_tensors(m, list), error);
    return status ? status : wl_parameters_settle(&m->parameters, error);
}

/* The layers are the file's, how it is trained is told. */
static void take_training(wl_lm_config *c, const wl_lm_config *training)
{
    wl_lm_config all = *training;
    all.level = c->level, all.cell = c->cell, all.layers = c->layers;
    all.embed = c->embed, all.hidden = c->hidden, all.tie = c->tie, all.residual = c->residual;
    all.norm = c->norm;
    *c = all;
}

/* `training` is null for a model that is only used; `dtype` of 0 is the file's. */
static wl_status load(wl_lm **out, wl_ctx *ctx, wl_safetensors *file, const wl_lm_config *training,
                      int32_t dtype, wl_error *error)
{
    wl_lm_config c = wl_lm_defaults();
    wl_vocabulary *words = NULL;
    wl_status status = tell_config(file, &c, error);
    if (training) take_training(&c, training);
    if (dtype) c.dtype = dtype;
    if (!status) status = wl_model_words(&words, file, "vocabulary", error);
    if (!status)
        status = wl_lm_announce(out, ctx, &c, words, training ? c.optimizer : WL_NO_RULE, error);
    if (status) {
        wl_vocabulary_destroy(words);
        return status;
    }
    (*out)->own = words;
    status = load_tensors(*out, file, error);
    if (!status) return WL_OK;
    wl_lm_destroy(*out);
    *out = NULL;
    return status;
}

static wl_status open_file(wl_lm **out, wl_ctx *ctx, const char *path, const wl_lm_config *training,
                           int32_t dtype, wl_error *error)
{
    wl_safetensors *file;
    *out = NULL;
    wl_status status = wl_safetensors_open(&file, path, error);
    if (status) return status;
    status = load(out, ctx, file, training, dtype, error);
    wl_safetensors_close(file);
    return status;
}

wl_status wl_lm_open(wl_lm **out, wl_ctx *ctx, const char *path, int32_t dtype, wl_error *error)
{
    return open_file(out, ctx, path, NULL, dtype, error);
}

wl_status wl_lm_create_from(wl_lm **out, wl_ctx *ctx, const char *path,
                            const wl_lm_config *training, wl_error *error)
{
    return open_file(out, ctx, path, training, training->dtype, error);
}
