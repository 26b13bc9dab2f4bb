/* The numbers of models to and from files: see model_tensors.h. */
#include "model_tensors.h"

#include <wordloom/nn/recurrent.h>

#include "floats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the model", path);
}

int64_t wl_model_list(wl_model_tensor_at list[WL_MODEL_MOST_TENSORS],
                      const wl_lookup *const *tables, const wl_parameters *parameters)
{
    int64_t n = 0;
    for (; *tables; tables++)
        if ((*tables)->number < 0)
            list[n++] = (wl_model_tensor_at){ (*tables)->name, (*tables)->table };
    for (int32_t i = 0; i < parameters->count; i++)
        list[n++] =
            (wl_model_tensor_at){ parameters->list[i].name, wl_parameters_value(parameters, i) };
    return n;
}

/* ------------------------------------------------------------------ writing */

/* The tensor as floats, all of them finite; the caller frees them. */
static wl_status fetch_finite(wl_ctx *ctx, const wl_model_tensor_at *t, const char *path,
                              float **out, wl_error *error)
{
    const int64_t count = wl_floats_count(&t->tensor);
    *out = malloc((size_t)count * sizeof **out + 1);
    if (!*out) return no_memory(path, error);
    wl_status status = wl_floats_fetch(ctx, &t->tensor, *out, error);
    for (int64_t i = 0; i < count && !status; i++)
        if (!isfinite((*out)[i]))
            status =
                wl_error_set(error, WL_NOT_FINITE, "%s: not written: %s has %g among its numbers",
                             path, t->name, (double)(*out)[i]);
    if (status) free(*out);
    return status;
}

static wl_status append(const wl_model_contents *c, const wl_model_tensor_at *t,
                        wl_safetensors_writer *writer, const char *path, wl_error *error)
{
    float *values;
    wl_status status = fetch_finite(c->ctx, t, path, &values, error);
    if (status) return status;
    status = wl_safetensors_writer_append(
        writer, values, (size_t)wl_floats_count(&t->tensor) * sizeof *values, error);
    free(values);
    return status;
}

/* A vocabulary in the form of files. */
typedef struct encoded {
    char *bytes;
    size_t length;
} encoded;

static wl_status write_file(const wl_model_contents *c, const encoded *words, int64_t vocabularies,
                            const char *path, wl_error *error)
{
    const wl_safetensors_pair metadata[] = { { "format", "wordloom" },
                                             { "model", c->model },
                                             { "config", c->config } };
    wl_safetensors_entry entries[WL_MODEL_MOST_TENSORS + WL_MODEL_MOST_VOCABULARIES];
    wl_safetensors_writer *writer = NULL;
    for (int64_t i = 0; i < c->count; i++) {
        const wl_tensor *t = &c->list[i].tensor;
        entries[i] = (wl_safetensors_entry){
            c->list[i].name, WL_F32, t->ndim, { t->shape[0], t->shape[1] }
        };
    }
    for (int64_t i = 0; i < vocabularies; i++)
        entries[c->count + i] = (wl_safetensors_entry){
            c->vocabularies[i].name, WL_U8, 1, { (int64_t)words[i].length }
        };
    wl_status status = wl_safetensors_writer_open(&writer, path, entries, c->count + vocabularies,
                                                  metadata, 3, error);
    for (int64_t i = 0; i < c->count && !status; i++)
        status = append(c, &c->list[i], writer, path, error);
    for (int64_t i = 0; i < vocabularies && !status; i++)
        status = wl_safetensors_writer_append(writer, words[i].bytes, words[i].length, error);
    if (!status) status = wl_safetensors_writer_commit(writer, error);
    wl_safetensors_writer_close(writer);
    return status;
}

wl_status wl_model_write(const wl_model_contents *c, const char *path, wl_error *error)
{
    encoded words[WL_MODEL_MOST_VOCABULARIES] = { { NULL, 0 } };
    int64_t n = 0;
    wl_status status = c->config ? WL_OK : no_memory(path, error);
    for (; n < WL_MODEL_MOST_VOCABULARIES && c->vocabularies[n].name && !status; n++)
        if (wl_vocabulary_encode(c->vocabularies[n].words, &words[n].bytes, &words[n].length))
            status = no_memory(path, error);
    if (!status) status = write_file(c, words, n, path, error);
    for (int64_t i = 0; i < n; i++) free(words[i].bytes);
    return status;
}

/* ------------------------------------------------------------------ reading */

wl_status wl_model_bad_shape(const wl_safetensors *file, const wl_safetensor *t, const char *wanted,
                             wl_error *error)
{
    return wl_error_set(
        error, WL_BAD_FILE, "%s: tensor %s: expected %s, found the shape [%" PRId64 ",%" PRId64 "]",
        wl_safetensors_name(file), t->name, wanted, t->shape[0], t->ndim > 1 ? t->shape[1] : 1);
}

wl_status wl_model_bad_config(const wl_safetensors *file, const wl_error *why, wl_error *error)
{
    return wl_error_set(error, WL_BAD_FILE, "%s: %s", wl_safetensors_name(file), why->text);
}

static wl_status find(const wl_safetensors *file, const wl_model_tensor_at *to,
                      const wl_safetensor **out, wl_error *error)
{
    const wl_tensor *want = &to->tensor;
    char wanted[64];
    const wl_status status = wl_model_tensor(file, to->name, want->ndim, out, error);
    if (status) return status;
    const bool fits = (*out)->shape[0] == want->shape[0] &&
                      (want->ndim == 1 || (*out)->shape[1] == want->shape[1]);
    snprintf(wanted, sizeof wanted, want->ndim > 1 ? "[%" PRId64 ",%" PRId64 "]" : "[%" PRId64 "]",
             want->shape[0], want->shape[1]);
    return fits ? WL_OK : wl_model_bad_shape(file, *out, wanted, error);
}

wl_status wl_model_find_tensors(const wl_safetensors *file, const wl_model_tensor_at *list,
                                int64_t count, wl_error *error)
{
    const wl_safetensor *found;
    wl_status status = WL_OK;
    for (int64_t i = 0; i < count && !status; i++) status = find(file, &list[i], &found, error);
    return status;
}

static wl_status load(wl_ctx *ctx, wl_safetensors *file, const wl_model_tensor_at *to,
                      wl_error *error)
{
    const wl_safetensor *t;
    wl_status status = find(file, to, &t, error);
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
    if (!status) status = wl_floats_send(ctx, &to->tensor, values, error);
    free(values);
    return status;
}

wl_status wl_model_load_tensors(wl_ctx *ctx, wl_safetensors *file, const wl_model_tensor_at *list,
                                int64_t count, wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t i = 0; i < count && !status; i++) status = load(ctx, file, &list[i], error);
    return status;
}

/* ------------------------------------------------------------------ recurrent layers */

wl_status wl_model_tell_cell(const wl_safetensors *file, const char *name, int32_t *cell,
                             int64_t *hidden, wl_error *error)
{
    const wl_safetensor *r;
    const wl_status status = wl_model_tensor(file, name, 2, &r, error);
    if (status) return status;
    if (r->shape[1] > r->shape[0])
        return wl_model_bad_shape(file, r, "no more columns than rows", error);
    *hidden = r->shape[1];
    for (*cell = 0; wl_cells[*cell]; ++*cell)
        if (*hidden > 0 && r->shape[0] == wl_cell_gates((wl_cell)*cell) * *hidden) return WL_OK;
    return wl_model_bad_shape(file, r, "GH rows of H numbers, G of 1 (rnn), 3 (gru) or 4 (lstm)",
                              error);
}

int64_t wl_model_count_layers(const wl_safetensors *file, const char *prefix, int64_t most)
{
    char name[64];
    int64_t layers = 0;
    for (; layers <= most; layers++) {
        snprintf(name, sizeof name, "%s.%d.r", prefix, (int)layers);
        if (!wl_safetensors_find(file, name)) break;
    }
    return layers;
}
