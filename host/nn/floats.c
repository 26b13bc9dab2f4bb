/* Floats to and from tensors: see floats.h. */
#include "floats.h"

#include "../core/normal.h"
#include "../core/philox.h"

#include <stdbool.h>
#include <stdlib.h>

int64_t wl_floats_count(const wl_tensor *t)
{
    int64_t count = 1;
    for (int32_t i = 0; i < t->ndim; i++) count *= t->shape[i];
    return count;
}

static wl_status copied(wl_ctx *ctx, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(ctx)) : WL_OK;
}

static uint16_t *halves(int64_t count, wl_error *error)
{
    uint16_t *made = malloc((size_t)count * sizeof *made + 1);
    if (!made)
        wl_error_set(error, WL_NO_MEMORY, "no memory to move %lld numbers", (long long)count);
    return made;
}

wl_status wl_floats_send(wl_ctx *ctx, const wl_tensor *to, const float *from, wl_error *error)
{
    const int64_t count = wl_floats_count(to);
    if (to->dtype == WL_F32)
        return copied(ctx, wl_ctx_copy(ctx, to->data, from, (size_t)count * 4), error);
    uint16_t *rounded = halves(count, error);
    if (!rounded) return WL_NO_MEMORY;
    for (int64_t i = 0; i < count; i++)
        rounded[i] = to->dtype == WL_F16 ? wl_f16_of_f32(from[i]) : wl_bf16_of_f32(from[i]);
    const wl_status status = wl_ctx_copy(ctx, to->data, rounded, (size_t)count * 2);
    free(rounded);
    return copied(ctx, status, error);
}

wl_status wl_floats_fetch(wl_ctx *ctx, const wl_tensor *from, float *to, wl_error *error)
{
    const int64_t count = wl_floats_count(from);
    if (from->dtype == WL_F32)
        return copied(ctx, wl_ctx_copy(ctx, to, from->data, (size_t)count * 4), error);
    uint16_t *stored = halves(count, error);
    if (!stored) return WL_NO_MEMORY;
    const wl_status status = wl_ctx_copy(ctx, stored, from->data, (size_t)count * 2);
    for (int64_t i = 0; i < count && !status; i++)
        to[i] = from->dtype == WL_F16 ? wl_f32_of_f16(stored[i]) : wl_f32_of_bf16(stored[i]);
    free(stored);
    return copied(ctx, status, error);
}

wl_status wl_floats_draw(wl_ctx *ctx, const wl_tensor *to, uint32_t number, double deviation,
                         uint64_t seed, wl_error *error)
{
    const int64_t count = wl_floats_count(to);
    float *drawn = malloc((size_t)(count + 4) * sizeof *drawn);
    if (!drawn)
        return wl_error_set(error, WL_NO_MEMORY, "no memory to draw %lld numbers",
                            (long long)count);
    for (int64_t i = 0; i < count; i += 4) {
        const wl_random r = wl_philox(seed, (uint64_t)i / 4, number, WL_PURPOSE_INITIAL);
        wl_two_normals(drawn + i, r.word, deviation);
        wl_two_normals(drawn + i + 2, r.word + 2, deviation);
    }
    const wl_status status = wl_floats_send(ctx, to, drawn, error);
    free(drawn);
    return status;
}
