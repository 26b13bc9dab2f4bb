/* What each file format of word vectors provides. A reader fills an empty wl_vectors, and what it
 * leaves there after an error is destroyed by its caller; a writer may trust what it is given. */
#ifndef WORDLOOM_HOST_VECTORS_FORMAT_H
#define WORDLOOM_HOST_VECTORS_FORMAT_H

#include <wordloom/nn/file.h>
#include <wordloom/nn/vectors.h>

/* The reader stands at byte 0. */
wl_status wl_vectors_read_text(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                               wl_error *error);
wl_status wl_vectors_write_text(const wl_vectors *vectors, const char *path, wl_error *error);

/* The reader is closed, also after an error. */
wl_status wl_vectors_read_safetensors(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                                      wl_error *error);
wl_status wl_vectors_write_safetensors(const wl_vectors *vectors, const char *path,
                                       wl_error *error);

/* The place of the first number in [V,D] that is NaN or infinite, or -1. */
int64_t wl_vectors_nonfinite(const float *table, int64_t V, int64_t D);

#endif
