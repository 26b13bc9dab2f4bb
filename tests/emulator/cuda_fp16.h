// Half precision: storage and the conversions in use, with the toolkit's bits. There is no
// arithmetic: kernels compute in float.
#ifndef EMULATOR_CUDA_FP16_H
#define EMULATOR_CUDA_FP16_H

#include "cuda_runtime.h"

struct __half {
    unsigned short bits;
};

struct alignas(4) __half2 {
    __half x, y;
};

typedef __half half;
typedef __half2 half2;

namespace emulator
{

// To nearest, ties to even; NaN becomes 7fff.
inline unsigned short float_to_half(float value)
{
    const unsigned bits = bits_as<unsigned>(value), sign = bits >> 16 & 0x8000,
                   size = bits << 1 >> 1;
    if (size > 0x7f800000) return 0x7fff;
    if (size >= 0x47800000) return static_cast<unsigned short>(sign | 0x7c00);
    if (size >= 0x38800000)
        return static_cast<unsigned short>(sign |
                                           (size - 0x38000000 + 0xfff + (size >> 13 & 1)) >> 13);
    if (size <= 0x33000000) return static_cast<unsigned short>(sign);
    const unsigned shift = 126 - (size >> 23), whole = (size & 0x7fffff) | 0x800000;
    const unsigned rest = whole & ((1u << shift) - 1), tie = 1u << (shift - 1);
    const unsigned kept = whole >> shift;
    return static_cast<unsigned short>(sign | (kept + (rest > tie || (rest == tie && (kept & 1)))));
}

// Exact; NaN becomes 7fffffff.
inline float half_to_float(unsigned short bits)
{
    const unsigned sign = (bits & 0x8000u) << 16, exponent = bits >> 10 & 31, rest = bits & 0x3ff;
    if (exponent == 31) return bits_as<float>(rest ? 0x7fffffffu : sign | 0x7f800000u);
    if (exponent) return bits_as<float>(sign | (exponent + 112) << 23 | rest << 13);
    if (!rest) return bits_as<float>(sign);
    const unsigned up = unsigned(__builtin_clz(rest)) - 21;
    return bits_as<float>(sign | (113 - up) << 23 | (rest << (up + 13) & 0x7fffff));
}

} // namespace emulator

inline __half __ushort_as_half(unsigned short bits) { return { bits }; }
inline unsigned short __half_as_ushort(__half h) { return h.bits; }

inline __half __float2half_rn(float f) { return { emulator::float_to_half(f) }; }
inline __half __float2half(float f) { return __float2half_rn(f); }
inline float __half2float(__half h) { return emulator::half_to_float(h.bits); }

inline __half2 __halves2half2(__half low, __half high) { return { low, high }; }
inline __half __low2half(__half2 h) { return h.x; }
inline __half __high2half(__half2 h) { return h.y; }
inline float __low2float(__half2 h) { return __half2float(h.x); }
inline float __high2float(__half2 h) { return __half2float(h.y); }
inline float2 __half22float2(__half2 h) { return { __half2float(h.x), __half2float(h.y) }; }
inline __half2 __floats2half2_rn(float low, float high)
{
    return { __float2half_rn(low), __float2half_rn(high) };
}
inline __half2 __float22half2_rn(float2 f) { return __floats2half2_rn(f.x, f.y); }

#endif
