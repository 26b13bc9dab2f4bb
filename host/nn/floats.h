/* Floats of the host to and from dense tensors of f32, f16 or bf16 on a device. */
#ifndef WL_FLOATS_H
#define WL_FLOATS_H

#include <wordloom/context.h>
#include <wordloom/nn/error.h>

WL_BEGIN

/* Rounds to nearest. Both wait for the device. WL_NO_MEMORY. WL_DEVICE_ERROR. */
wl_status wl_floats_send(wl_ctx *ctx, const wl_tensor *to, const float *from, wl_error *error);
wl_status wl_floats_fetch(wl_ctx *ctx, const wl_tensor *from, float *to, wl_error *error);

int64_t wl_floats_count(const wl_tensor *tensor);

/* Fills a tensor from a normal distribution of mean 0: Philox keyed by the seed and counted by
 * `number` and element. */
wl_status wl_floats_draw(wl_ctx *ctx, const wl_tensor *to, uint32_t number, double deviation,
                         uint64_t seed, wl_error *error);

WL_END
#endif
