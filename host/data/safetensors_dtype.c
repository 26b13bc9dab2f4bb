/* The table of element types, and the conversions to float. */
#include "safetensors_dtype.h"

#include <wordloom/types.h>

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold little-endian numbers");

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Normal numbers move their exponent from bias 15 to bias 127; subnormal ones are mantissa/2^24,
 * which is exact in float; infinity and NaN keep theirs full. */
static float half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff;
    if (rest >= 0x7c00) return float_of(sign | 0x7f800000 | (rest & 0x3ff) << 13);
    if (rest >= 0x400) return float_of(sign | ((rest << 13) + ((127u - 15u) << 23)));
    float magnitude = (float)rest * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

static void widen_f16(float *to, const void *from, size_t n)
{
    const uint16_t *half = from;
    for (size_t i = 0; i < n; i++) to[i] = half_to_float(half[i]);
}

static void widen_bf16(float *to, const void *from, size_t n)
{
    const uint16_t *upper = from;
    for (size_t i = 0; i < n; i++) to[i] = float_of((uint32_t)upper[i] << 16);
}

static void widen_f64(float *to, const void *from, size_t n)
{
    const double *wide = from;
    for (size_t i = 0; i < n; i++) to[i] = (float)wide[i];
}

static const wl_safetensors_dtype dtypes[] = {
    { "F32", 32, WL_F32, NULL },
    { "F64", 64, WL_F64, widen_f64 },
    { "F16", 16, WL_F16, widen_f16 },
    { "BF16", 16, WL_BF16, widen_bf16 },
    { "I32", 32, WL_I32, NULL },
    { "I64", 64, WL_I64, NULL },
    { "U8", 8, WL_U8, NULL },
    { "BOOL", 8, 0, NULL },
    { "I8", 8, 0, NULL },
    { "I16", 16, 0, NULL },
    { "U16", 16, 0, NULL },
    { "U32", 32, 0, NULL },
    { "U64", 64, 0, NULL },
    { "C64", 64, 0, NULL },
    { "F8_E4M3", 8, 0, NULL },
    { "F8_E5M2", 8, 0, NULL },
    { "F8_E8M0", 8, 0, NULL },
    { "F6_E2M3", 6, 0, NULL },
    { "F6_E3M2", 6, 0, NULL },
    { "F4", 4, 0, NULL },
};

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

const wl_safetensors_dtype *wl_safetensors_dtype_named(const char *name)
{
    for (int i = 0; i < DTYPES; i++)
        if (strcmp(dtypes[i].name, name) == 0) return &dtypes[i];
    return NULL;
}

const wl_safetensors_dtype *wl_safetensors_dtype_of(int32_t dtype)
{
    for (int i = 0; i < DTYPES && dtype; i++)
        if (dtypes[i].dtype == dtype) return &dtypes[i];
    return NULL;
}
