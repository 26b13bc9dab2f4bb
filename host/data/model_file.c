/* Reading what model files have in common. */
#include "model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static wl_status no_memory(const wl_safetensors *file, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the vocabulary",
                        wl_safetensors_name(file));
}

static wl_status check_metadata(const wl_safetensors *file, const char *key, const char *wanted,
                                wl_error *error)
{
    const char *found = wl_safetensors_metadata(file, key);
    if (found && strcmp(found, wanted) == 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE, "%s: __metadata__ %s: expected \"%s\", found %s%.64s%s",
                        wl_safetensors_name(file), key, wanted, found ? "\"" : "nothing",
                        found ? found : "", found ? "\"" : "");
}

wl_status wl_model_check(const wl_safetensors *file, const char *model, wl_error *error)
{
    const wl_status status = check_metadata(file, "format", "wordloom", error);
    return status ? status : check_metadata(file, "model", model, error);
}

wl_status wl_model_tensor(const wl_safetensors *file, const char *name, int ndim,
                          const wl_safetensor **out, wl_error *error)
{
    *out = wl_safetensors_find(file, name);
    if (!*out)
        return wl_error_set(error, WL_BAD_FILE, "%s: expected a tensor %s, found none",
                            wl_safetensors_name(file), name);
    if ((*out)->ndim == ndim) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE, "%s: tensor %s: expected %d axes, found %d",
                        wl_safetensors_name(file), name, ndim, (*out)->ndim);
}

/* The bytes of the tensor, which the caller frees. */
static wl_status read_bytes(wl_safetensors *file, const wl_safetensor *tensor, char **out,
                            wl_error *error)
{
    if (tensor->dtype != WL_U8)
        return wl_error_set(error, WL_BAD_FILE, "%s: tensor %s: expected U8, found %s",
                            wl_safetensors_name(file), tensor->name, tensor->dtype_name);
    *out = malloc((size_t)tensor->bytes + 1);
    if (!*out) return no_memory(file, error);
    const wl_status status = wl_safetensors_read(file, tensor, *out, error);
    if (status) free(*out);
    return status;
}

wl_status wl_model_words(wl_vocabulary **out, wl_safetensors *file, const char *name,
                         wl_error *error)
{
    const wl_safetensor *tensor;
    char *bytes, *source;
    wl_status status = wl_model_tensor(file, name, 1, &tensor, error);
    if (!status) status = read_bytes(file, tensor, &bytes, error);
    if (status) return status;
    if (asprintf(&source, "%s: tensor %s", wl_safetensors_name(file), name) < 0) {
        free(bytes);
        return no_memory(file, error);
    }
    status = wl_vocabulary_decode(out, bytes, (size_t)tensor->bytes, source, error);
    free(source);
    free(bytes);
    return status;
}
