/* Conversions between f32 and the 16-bit types.
 *
 *   WL_ROUND_NEAREST     to nearest, ties to even; a NaN becomes 0x7fff, overflow infinity
 *                        (IEEE 754)
 *   WL_ROUND_STOCHASTIC  up with the probability of the part cut off, so that the mean over many
 *                        draws is the value itself (Gupta et al. 2015, "Deep Learning with Limited
 *                        Numerical Precision", section 3); f16 stays finite below 65520
 *
 * The draws are those of stochastic rounding everywhere: Philox4x32-10 keyed by seed, counted by
 * element and step. Where STORED is f32 both calls copy. */
#ifndef WORDLOOM_HALF_H
#define WORDLOOM_HALF_H

#include <wordloom/context.h>

WL_BEGIN

/* y = x, rounded. */
typedef struct wl_half_narrow_args {
    size_t size;
    wl_tensor x;      /* in  REAL   [N]                                        */
    wl_tensor step;   /* in  I64    [1] optional: counts the draws; absent is 0 */
    wl_tensor y;      /* out STORED [N]                                        */
    uint64_t seed;    /* host: of stochastic rounding                          */
    int32_t rounding; /* host: WL_ROUND_NEAREST, WL_ROUND_STOCHASTIC           */
} wl_half_narrow_args;

WL_API wl_status wl_half_narrow(wl_ctx *ctx, const wl_half_narrow_args *args);
WL_API wl_status wl_half_narrow_workspace(wl_ctx *ctx, const wl_half_narrow_args *args,
                                          size_t *bytes);

/* y = x, exactly. */
typedef struct wl_half_widen_args {
    size_t size;
    wl_tensor x; /* in  STORED [N] */
    wl_tensor y; /* out REAL   [N] */
} wl_half_widen_args;

WL_API wl_status wl_half_widen(wl_ctx *ctx, const wl_half_widen_args *args);
WL_API wl_status wl_half_widen_workspace(wl_ctx *ctx, const wl_half_widen_args *args,
                                         size_t *bytes);

WL_END
#endif
