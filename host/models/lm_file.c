/* Model files of the language model: <docs/architecture.md>, "Files". */
#include "lm.h"

#include "../data/model_file.h"
#include "../nn/floats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char model_name[] = "lm";

/* A tensor of the model, as files have it: f32, its name, and where it is on the device. */
typedef struct named {
    const char *name;
    wl_tensor tensor;
} named;

/* Number i of what a file has, in the order of the file; the name is null after the last. */
static named nth_tensor(const wl_lm *m, int32_t i)
{
    const wl_parameters *p = &m->parameters;
    if (!m->config.tie && i-- == 0) return (named){ "embedding.weight", m->embedding.table };
    if (i >= p->count) return (named){ 0 };
    return (named){ p->list[i].name, wl_parameters_value(p, i) };
}

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the model", path);
}

/* ------------------------------------------------------------------ writing */

/* The tensor as floats, all of them finite; the caller frees them. */
static wl_status fetch_finite(wl_lm *m, const named *t, const char *path, float **out,
                              wl_error *error)
{
    const int64_t count = wl_floats_count(&t->tensor);
    *out = malloc((size_t)count * sizeof **out + 1);
    if (!*out) return no_memory(path, error);
    wl_status status = wl_floats_fetch(m->ctx, &t->tensor, *out, error);
    for (int64_t i = 0; i < count && !status; i++)
        if (!isfinite((*out)[i]))
            status =
                wl_error_set(error, WL_NOT_FINITE, "%s: not written: %s has %g among its numbers",
                             path, t->name, (double)(*out)[i]);
    if (status) free(*out);
    return status;
}

static wl_status append_all(wl_lm *m, wl_safetensors_writer *writer, const char *path,
                            wl_error *error)
{
    for (int32_t i = 0;; i++) {
        const named t = nth_tensor(m, i);
        float *values;
        if (!t.name) return WL_OK;
        wl_status status = fetch_finite(m, &t, path, &values, error);
        if (status) return status;
        status = wl_safetensors_writer_append(
            writer, values, (size_t)wl_floats_count(&t.tensor) * sizeof *values, error);
        free(values);
        if (status) return status;
    }
}

static wl_status write_file(wl_lm *m, const char *config, const char *words, size_t length,
                            const char *path, wl_error *error)
{
    const wl_safetensors_pair metadata[] = { { "format", "wordloom" },
                                             { "model", model_name },
                                             { "config", config } };
    wl_safetensors_entry entries[WL_MOST_PARAMETERS + 2];
    wl_safetensors_writer *writer = NULL;
    int32_t n = 0;
    for (named t; (t = nth_tensor(m, n)).name; n++)
        entries[n] = (wl_safetensors_entry){
            t.name, WL_F32, t.tensor.ndim, { t.tensor.shape[0], t.tensor.shape[1] }
        };
    entries[n++] = (wl_safetensors_entry){ "vocabulary", WL_U8, 1, { (int64_t)length } };
    wl_status status = wl_safetensors_writer_open(&writer, path, entries, n, metadata, 3, error);
    if (!status) status = append_all(m, writer, path, error);
    if (!status) status = wl_safetensors_writer_append(writer, words, length, error);
    if (!status) status = wl_safetensors_writer_commit(writer, error);
    wl_safetensors_writer_close(writer);
    return status;
}

wl_status wl_lm_write(wl_lm *m, const char *path, wl_error *error)
{
    char *words = NULL, *config = wl_lm_json(&m->config);
    size_t length;
    wl_status status = !config || wl_vocabulary_encode(m->words, &words, &length)
                           ? no_memory(path, error)
                           : write_file(m, config, words, length, path, error);
    free(words);
    free(config);
    return status;
}

/* ------------------------------------------------------------------ reading */

static wl_status bad_shape(const wl_safetensors *file, const wl_safetensor *t, const char *wanted,
                           wl_error *error)
{
    return wl_error_set(
        error, WL_BAD_FILE, "%s: tensor %s: expected %s, found the shape [%" PRId64 ",%" PRId64 "]",
        wl_safetensors_name(file), t->name, wanted, t->shape[0], t->ndim > 1 ? t->shape[1] : 1);
}

/* The cell by its recurrent weights [GH,H]. */
static wl_status tell_cell(const wl_safetensors *file, wl_lm_config *c, wl_error *error)
{
    const wl_safetensor *r;
    const wl_status status = wl_model_tensor(file, "rnn.0.r", 2, &r, error);
    if (status) return status;
    if (r->shape[1] > r->shape[0]) return bad_shape(file, r, "no more columns than rows", error);
    c->hidden = r->shape[1];
    for (c->cell = 0; wl_cells[c->cell]; c->cell++)
        if (c->hidden > 0 && r->shape[0] == wl_cell_gates((wl_cell)c->cell) * c->hidden)
            return WL_OK;
    return bad_shape(file, r, "GH rows of H numbers, G of 1 (rnn), 3 (gru) or 4 (lstm)", error);
}

/* What the tensors tell of the configuration, over what the metadata have. */
static wl_status tell_config(const wl_safetensors *file, wl_lm_config *c, wl_error *error)
{
    const char *json = wl_safetensors_metadata(file, "config");
    const wl_safetensor *embedding;
    char name[32];
    wl_status status = wl_model_check(file, model_name, error);
    if (!status && json) status = wl_lm_parse_config(c, json, wl_safetensors_name(file), error);
    if (!status) status = wl_model_tensor(file, "embedding.weight", 2, &embedding, error);
    if (!status) status = tell_cell(file, c, error);
    if (status) return status;
    c->embed = embedding->shape[1];
    c->dtype = embedding->dtype;
    c->tie = !wl_safetensors_find(file, "output.weight");
    c->norm = wl_safetensors_find(file, "rnn.0.norm.weight") != NULL;
    for (c->layers = 0; c->layers <= WL_LM_MOST_LAYERS; c->layers++) {
        snprintf(name, sizeof name, "rnn.%d.r", (int)c->layers);
        if (!wl_safetensors_find(file, name)) break;
    }
    if (c->dtype != WL_F32 && c->dtype != WL_F16 && c->dtype != WL_BF16) c->dtype = WL_F32;
    return WL_OK;
}

/* The file has the tensor, in its shape. */
static wl_status find_tensor(const wl_safetensors *file, const named *to, const wl_safetensor **out,
                             wl_error *error)
{
    const wl_tensor *want = &to->tensor;
    char wanted[64];
    const wl_status status = wl_model_tensor(file, to->name, want->ndim, out, error);
    if (status) return status;
    const bool fits = (*out)->shape[0] == want->shape[0] &&
                      (want->ndim == 1 || (*out)->shape[1] == want->shape[1]);
    snprintf(wanted, sizeof wanted, want->ndim > 1 ? "[%" PRId64 ",%" PRId64 "]" : "[%" PRId64 "]",
             want->shape[0], want->shape[1]);
    return fits ? WL_OK : bad_shape(file, *out, wanted, error);
}

static wl_status load_tensor(wl_lm *m, wl_safetensors *file, const named *to, wl_error *error)
{
    const wl_safetensor *t;
    wl_status status = find_tensor(file, to, &t, error);
    float *values = status ? NULL : malloc((size_t)wl_safetensors_elements(t) * sizeof *values + 1);
    if (status) return status;
    if (!values) return no_memory(wl_safetensors_name(file), error);
    status = wl_safetensors_read_f32(file, t, values, error);
    for (int64_t i = 0; i < wl_safetensors_elements(t) && !status; i++)
        if (!isfinite(values[i]))
            status = wl_error_set(error, WL_BAD_FILE,
                                  "%s: tensor %s: element %" PRId64
                                  ": expected a finite number, found %g",
                                  wl_safetensors_name(file), to->name, i, (double)values[i]);
    if (!status) status = wl_floats_send(m->ctx, &to->tensor, values, error);
    free(values);
    return status;
}

/* Memory is only taken for what the file has. */
static wl_status load_tensors(wl_lm *m, wl_safetensors *file, wl_error *error)
{
    const wl_safetensor *found;
    named t;
    wl_status status = WL_OK;
    for (int32_t i = 0; !status && (t = nth_tensor(m, i)).name; i++)
        status = find_tensor(file, &t, &found, error);
    if (!status) status = wl_lm_allocate(m, error);
    for (int32_t i = 0; !status && (t = nth_tensor(m, i)).name; i++)
        status = load_tensor(m, file, &t, error);
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
        return status == WL_OUT_OF_RANGE && !training ? WL_BAD_FILE : status;
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
