// bfloat16: storage and the conversions in use, with the toolkit's bits. There is no arithmetic:
// kernels compute in float.
#ifndef EMULATOR_CUDA_BF16_H
#define EMULATOR_CUDA_BF16_H

#include "cuda_runtime.h"

struct __nv_bfloat16 {
    unsigned short bits;
};

struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;

namespace emulator
{

// To nearest, ties to even; NaN becomes 7fff.
inline unsigned short float_to_bfloat16(float value)
{
    const unsigned bits = bits_as<unsigned>(value);
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return static_cast<unsigned short>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

} // namespace emulator

inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return { bits }; }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 b) { return b.bits; }

inline __nv_bfloat16 __float2bfloat16_rn(float f) { return { emulator::float_to_bfloat16(f) }; }
inline __nv_bfloat16 __float2bfloat16(float f) { return __float2bfloat16_rn(f); }
inline float __bfloat162float(__nv_bfloat16 b)
{
    return emulator::bits_as<float>(unsigned(b.bits) << 16);
}

inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 low, __nv_bfloat16 high)
{
    return { low, high };
}
inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 b) { return b.x; }
inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 b) { return b.y; }
inline float __low2float(__nv_bfloat162 b) { return __bfloat162float(b.x); }
inline float __high2float(__nv_bfloat162 b) { return __bfloat162float(b.y); }
inline float2 __bfloat1622float2(__nv_bfloat162 b)
{
    return { __bfloat162float(b.x), __bfloat162float(b.y) };
}
inline __nv_bfloat162 __floats2bfloat162_rn(float low, float high)
{
    return { __float2bfloat16_rn(low), __float2bfloat16_rn(high) };
}
inline __nv_bfloat162 __float22bfloat162_rn(float2 f) { return __floats2bfloat162_rn(f.x, f.y); }

#endif
