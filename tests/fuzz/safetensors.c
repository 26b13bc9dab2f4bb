/* Any bytes as safetensors: a file whose tensors fill it and can all be read, or a bad file. Then
 * the same bytes as a model of word vectors. */
#include "memory_file.h"

#include <string.h>
#include <wordloom/nn/safetensors.h>
#include <wordloom/nn/vectors.h>

static void read_tensor(wl_safetensors *file, const wl_safetensor *tensor)
{
    wl_error error;
    must(tensor->ndim >= 0 && tensor->ndim <= WL_SAFETENSORS_MAX_DIMS);
    must(wl_safetensors_find(file, tensor->name) == tensor);
    int64_t elements = wl_safetensors_elements(tensor);
    char *bytes = malloc((size_t)tensor->bytes + 1);
    float *floats = malloc((size_t)elements * sizeof *floats + 1);
    must(bytes && floats);
    must(wl_safetensors_read(file, tensor, bytes, &error) == WL_OK);
    wl_status status = wl_safetensors_read_f32(file, tensor, floats, &error);
    must(status == WL_OK || status == WL_BAD_FILE);
    free(floats);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *path = memory_file(bytes, length);
    wl_safetensors *file;
    wl_error error = { "" };
    wl_status status = wl_safetensors_open(&file, path, &error);
    if (status) {
        must(status == WL_BAD_FILE && strstr(error.text, "expected") != NULL);
        return 0;
    }
    int64_t all = 0;
    for (int64_t i = 0; i < wl_safetensors_count(file); i++) {
        const wl_safetensor *tensor = wl_safetensors_at(file, i);
        all += tensor->bytes;
        read_tensor(file, tensor);
    }
    must((size_t)all < length);
    wl_safetensors_metadata(file, "format");
    wl_safetensors_close(file);
    wl_vectors *vectors;
    status = wl_vectors_read(&vectors, path, WL_VECTORS_ALLOW_NONFINITE, &error);
    must(status == WL_OK || status == WL_BAD_FILE);
    wl_vectors_destroy(vectors);
    return 0;
}
