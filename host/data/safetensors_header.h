/* What a safetensors file holds in memory while it is open, and the reader of its header. */
#ifndef WORDLOOM_HOST_SAFETENSORS_HEADER_H
#define WORDLOOM_HOST_SAFETENSORS_HEADER_H

#include <wordloom/nn/file.h>
#include <wordloom/nn/safetensors.h>

struct wl_safetensors {
    wl_reader *reader;
    char *header; /* names, keys and values are unescaped in place: they all point into it */
    size_t header_length;
    wl_safetensor *tensors; /* [count], in the order of their bytes */
    uint32_t *by_name;      /* [count] indices of tensors, in the order of their names */
    int64_t count;
    wl_safetensors_pair *metadata; /* [metadata_count], in the order of their keys */
    int64_t metadata_count;
};

/* Fills `tensors` and `metadata` from `header`, as they come and with their offsets from the
 * start of the tensors' bytes. WL_BAD_FILE, WL_NO_MEMORY. */
wl_status wl_safetensors_parse(wl_safetensors *file, wl_error *error);

/* As wl_safetensors_open, of a source that is open already. The reader belongs to the file, or
 * after an error is closed. */
wl_status wl_safetensors_take(wl_safetensors **out, wl_reader *reader, wl_error *error);

#endif
