/* Conversions between f32 and the 16-bit storage types, by bits alone: the same results in C and
 * in CUDA, on any machine. To nearest even, or stochastically: up with the probability of the
 * part that is cut off (Gupta et al. 2015, "Deep Learning with Limited Numerical Precision"). */
#ifndef WL_STORAGE_H
#define WL_STORAGE_H

#include <stdint.h>
#include <string.h>

/* Marks what both the host's and the device's compiler take. */
#if defined(__CUDACC__)
#define WL_BOTH static __host__ __device__ inline
#else
#define WL_BOTH static inline
#endif

WL_BOTH uint32_t wl_bits_of_f32(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

WL_BOTH float wl_f32_of_bits(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

WL_BOTH float wl_f32_of_bf16(uint16_t h) { return wl_f32_of_bits((uint32_t)h << 16); }

WL_BOTH uint16_t wl_bf16_of_f32(float x)
{
    const uint32_t u = wl_bits_of_f32(x);
    const uint32_t rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    return (uint16_t)((u & 0x7fffffff) > 0x7f800000 ? 0x7fff : rounded);
}

WL_BOTH float wl_f32_of_f16(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, u = h & 0x7fffu;
    const uint32_t normal = (u << 13) + (u >= 0x7c00 ? 0x70000000u : 0x38000000u);
    const uint32_t tiny = wl_bits_of_f32((float)(int32_t)u * 0x1p-24f);
    return wl_f32_of_bits(sign | (u < 0x400 ? tiny : normal));
}

WL_BOTH uint16_t wl_f16_of_f32(float x)
{
    const uint32_t bits = wl_bits_of_f32(x), sign = bits >> 16 & 0x8000, u = bits & 0x7fffffff;
    const uint32_t normal = (u + 0xfff + (u >> 13 & 1) - 0x38000000u) >> 13;
    /* adding 0.5 leaves multiples of 2^-24, the least subnormal, in the low bits */
    const uint32_t tiny = wl_bits_of_f32(wl_f32_of_bits(u) + 0.5f) - wl_bits_of_f32(0.5f);
    const uint32_t finite = u < 0x38800000 ? tiny : normal;
    if (u > 0x7f800000) return 0x7fff;
    return (uint16_t)(sign | (u >= 0x477ff000 ? 0x7c00 : finite));
}

/* Stochastic rounding by 16 random bits. */
WL_BOTH uint16_t wl_bf16_stochastic(float x, uint32_t random)
{
    const uint32_t u = wl_bits_of_f32(x);
    if ((u & 0x7fffffff) >= 0x7f800000) return wl_bf16_of_f32(x);
    return (uint16_t)((u + (random & 0xffff)) >> 16);
}

WL_BOTH uint16_t wl_f16_stochastic(float x, uint32_t random)
{
    const uint32_t bits = wl_bits_of_f32(x), sign = bits >> 16 & 0x8000, u = bits & 0x7fffffff;
    if (u >= 0x477ff000) return wl_f16_of_f32(x);
    if (u < 0x38800000) { /* below 2^-14: multiples of 2^-24 */
        const float scaled = wl_f32_of_bits(u) * 0x1p24f;
        const uint32_t whole = (uint32_t)scaled;
        const float part = (scaled - (float)whole) * 65536.0f;
        return (uint16_t)(sign | (whole + ((float)(random & 0xffff) < part)));
    }
    const uint32_t rounded = (u + (random >> 3 & 0x1fff) - 0x38000000u) >> 13;
    return (uint16_t)(sign | (rounded > 0x7bff ? 0x7bff : rounded));
}

#endif
