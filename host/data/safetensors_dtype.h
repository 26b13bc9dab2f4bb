/* The element types that safetensors files know, and how wordloom sees them. */
#ifndef WORDLOOM_HOST_SAFETENSORS_DTYPE_H
#define WORDLOOM_HOST_SAFETENSORS_DTYPE_H

#include <stddef.h>
#include <stdint.h>

enum { WL_SAFETENSORS_MAX_HEADER = 100000000, WL_SAFETENSORS_MAX_STRING = 1 << 20 };

typedef struct wl_safetensors_dtype {
    const char *name;
    int bits;                                             /* of one element */
    int32_t dtype;                                        /* a wl_dtype, or 0 */
    void (*widen)(float *to, const void *from, size_t n); /* to floats; null: not done */
} wl_safetensors_dtype;

/* By the name in a file, or by wl_dtype. Null: there is none. */
const wl_safetensors_dtype *wl_safetensors_dtype_named(const char *name);
const wl_safetensors_dtype *wl_safetensors_dtype_of(int32_t dtype);

#endif
