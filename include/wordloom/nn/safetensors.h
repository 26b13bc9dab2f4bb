/* safetensors files: a JSON header that names the tensors, then their bytes, little-endian and
 * without gaps. A reader that trusts nothing, and a writer that streams and replaces atomically. */
#ifndef WORDLOOM_NN_SAFETENSORS_H
#define WORDLOOM_NN_SAFETENSORS_H

#include <wordloom/nn/error.h>

WL_BEGIN

enum { WL_SAFETENSORS_MAX_DIMS = 8 };

/* One tensor of a file that is open for reading. */
typedef struct wl_safetensor {
    const char *name;       /* UTF-8, never null, lives as long as the file is open */
    const char *dtype_name; /* as in the file: "F32", "F8_E4M3", ... */
    int32_t dtype;          /* a wl_dtype; 0: an element type that wordloom does not compute with */
    int32_t ndim;           /* 0 (one element) to WL_SAFETENSORS_MAX_DIMS */
    int64_t shape[WL_SAFETENSORS_MAX_DIMS];
    int64_t offset; /* of the first byte, from the start of the file */
    int64_t bytes;
} wl_safetensor;

typedef struct wl_safetensors wl_safetensors;

/* Opens a file, and reads and checks its whole header: its length is at most 100,000,000 bytes
 * and lies within the file; it is UTF-8 and strict JSON without duplicate keys; dtypes are known;
 * shape times element size is the span of the offsets; spans fill the rest of the file without
 * hole or overlap; __metadata__ maps strings to strings. Of our own limits, a tensor has at most
 * 8 axes, its description takes at most 65,536 bytes and a string 1,048,576. Values are not read.
 * WL_BAD_FILE names the byte or the tensor, and what was expected. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_safetensors_open(wl_safetensors **out, const char *path, wl_error *error);
WL_API void wl_safetensors_close(wl_safetensors *file); /* takes null */

/* How messages name the file. Lives as long as the file is open. */
WL_API const char *wl_safetensors_name(const wl_safetensors *file);

/* How many tensors there are; tensor number `index` in the order of their bytes (null: there is
 * none); the tensor of a name (null: there is none). All live as long as the file is open. */
WL_API int64_t wl_safetensors_count(const wl_safetensors *file);
WL_API const wl_safetensor *wl_safetensors_at(const wl_safetensors *file, int64_t index);
WL_API const wl_safetensor *wl_safetensors_find(const wl_safetensors *file, const char *name);

/* The string that __metadata__ has under `key`; null: none. Lives as long as the file is open. */
WL_API const char *wl_safetensors_metadata(const wl_safetensors *file, const char *key);

/* The bytes of a tensor of this file into `to`, which has room for tensor->bytes.
 * WL_BAD_FILE: the file has shrunk. WL_IO_ERROR. */
WL_API wl_status wl_safetensors_read(wl_safetensors *file, const wl_safetensor *tensor, void *to,
                                     wl_error *error);

/* The elements of an F32, F16, BF16 or F64 tensor of this file as floats into `to`, which has
 * room for all of them (wl_safetensors_elements); F64 is rounded to nearest. WL_BAD_FILE: the
 * tensor has another dtype, or the file has shrunk. WL_IO_ERROR. */
WL_API wl_status wl_safetensors_read_f32(wl_safetensors *file, const wl_safetensor *tensor,
                                         float *to, wl_error *error);

/* The product of the shape. */
WL_API int64_t wl_safetensors_elements(const wl_safetensor *tensor);

/* XXH3 (64 bits) of all bytes of the file that lie before a tensor of it: of the header and of
 * other tensors. WL_BAD_FILE: the file has shrunk. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_safetensors_checksum(wl_safetensors *file, const wl_safetensor *before,
                                         uint64_t *out, wl_error *error);

/* A tensor that will be written, and a pair of __metadata__. */
typedef struct wl_safetensors_entry {
    const char *name; /* UTF-8, not empty, unlike all others and "__metadata__" */
    int32_t dtype;    /* a wl_dtype */
    int32_t ndim;     /* 0 to WL_SAFETENSORS_MAX_DIMS */
    int64_t shape[WL_SAFETENSORS_MAX_DIMS];
} wl_safetensors_entry;

typedef struct wl_safetensors_pair {
    const char *key, *value; /* UTF-8; keys unlike each other */
} wl_safetensors_pair;

typedef struct wl_safetensors_writer wl_safetensors_writer;

/* Begins to replace the file at `path` and writes the header, padded with spaces so that the
 * first tensor lies at a multiple of 8 bytes. The tensors lie in the order of `entries`: put
 * those with the greatest elements first to have all aligned. WL_OUT_OF_RANGE: an entry or a pair
 * breaks the rules above, or the header would be one that wl_safetensors_open refuses; the
 * message names it. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_safetensors_writer_open(wl_safetensors_writer **out, const char *path,
                                            const wl_safetensors_entry *entries, int64_t count,
                                            const wl_safetensors_pair *metadata,
                                            int64_t metadata_count, wl_error *error);

/* Appends bytes of the tensors, in order and in pieces of any size. WL_OUT_OF_RANGE: more than
 * the entries announced. WL_IO_ERROR. */
WL_API wl_status wl_safetensors_writer_append(wl_safetensors_writer *writer, const void *data,
                                              size_t bytes, wl_error *error);

/* XXH3 (64 bits) of all bytes of the file so far, header included. */
WL_API uint64_t wl_safetensors_writer_checksum(const wl_safetensors_writer *writer);

/* Puts the file in place, as wl_writer_commit does. WL_OUT_OF_RANGE: fewer bytes were appended
 * than the entries announced. WL_IO_ERROR. In both cases the old file stays. */
WL_API wl_status wl_safetensors_writer_commit(wl_safetensors_writer *writer, wl_error *error);

/* Frees the writer; what was not committed is removed. Takes null. */
WL_API void wl_safetensors_writer_close(wl_safetensors_writer *writer);

WL_END
#endif
