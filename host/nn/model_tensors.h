/* The numbers of a model, to and from its file: see "Files" in docs/architecture.md. */
#ifndef WL_MODEL_TENSORS_H
#define WL_MODEL_TENSORS_H

#include "lookup.h"

#include "../data/model_file.h"

WL_BEGIN

/* A tensor as files have it: its name, and where its numbers are on the device. */
typedef struct wl_model_tensor_at {
    const char *name;
    wl_tensor tensor;
} wl_model_tensor_at;

/* A vocabulary, and the name that it has in the file. */
typedef struct wl_model_vocabulary {
    const char *name;
    const wl_vocabulary *words;
} wl_model_vocabulary;

enum { WL_MODEL_MOST_TENSORS = WL_MOST_PARAMETERS + 2, WL_MODEL_MOST_VOCABULARIES = 2 };

/* All tensors of a model in the order of its file: the tables, of which the list ends with null,
 * then the parameters. Answers how many. */
int64_t wl_model_list(wl_model_tensor_at list[WL_MODEL_MOST_TENSORS],
                      const wl_lookup *const *tables, const wl_parameters *parameters);

/* A file of metadata and tensors. */
typedef struct wl_model_contents {
    wl_ctx *ctx;
    const char *model;  /* of the metadata */
    const char *config; /* JSON; null: there was no memory for it */
    const wl_model_tensor_at *list;
    int64_t count;
    wl_model_vocabulary vocabularies[WL_MODEL_MOST_VOCABULARIES]; /* end with a null name */
} wl_model_contents;

/* Replaces the file at `path`. WL_NOT_FINITE: a number is NaN or infinite; nothing is written.
 * WL_IO_ERROR. WL_NO_MEMORY. */
wl_status wl_model_write(const wl_model_contents *contents, const char *path, wl_error *error);

/* The file has all tensors of the list, each in its shape. WL_BAD_FILE. */
wl_status wl_model_find_tensors(const wl_safetensors *file, const wl_model_tensor_at *list,
                                int64_t count, wl_error *error);
/* Reads them. WL_BAD_FILE: a number is not finite, or the file is cut short. */
wl_status wl_model_load_tensors(wl_ctx *ctx, wl_safetensors *file, const wl_model_tensor_at *list,
                                int64_t count, wl_error *error);

/* WL_BAD_FILE: the tensor is not what was wanted. */
wl_status wl_model_bad_shape(const wl_safetensors *file, const wl_safetensor *tensor,
                             const char *wanted, wl_error *error);

/* WL_BAD_FILE: `why` says what the configuration that the file tells cannot be. */
wl_status wl_model_bad_config(const wl_safetensors *file, const wl_error *why, wl_error *error);

/* The cell and its units H by its recurrent weights [GH,H], which the file has under a name. */
wl_status wl_model_tell_cell(const wl_safetensors *file, const char *name, int32_t *cell,
                             int64_t *hidden, wl_error *error);
/* How many names "PREFIX.L.r" the file has for L from 0 on; at most `most` + 1. */
int64_t wl_model_count_layers(const wl_safetensors *file, const char *prefix, int64_t most);

WL_END
#endif
