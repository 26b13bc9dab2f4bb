// Device functions that concern one thread alone: atomics, cached loads and stores, bits, floats.
#ifndef EMULATOR_INTRINSICS_H
#define EMULATOR_INTRINSICS_H

#include <cmath>
#include <cstring>

#include "emulator.h"

namespace emulator
{

template <class To, class From> inline To bits_as(From from)
{
    static_assert(sizeof(To) == sizeof(From), "a reinterpretation keeps the size");
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

template <class T> inline void need_aligned(const T *p, location at)
{
    if (reinterpret_cast<std::uintptr_t>(p) % sizeof(T))
        fail(at, "%s: misaligned address %p, a multiple of %zu is needed", at.what,
             static_cast<const void *>(p), sizeof(T));
}

// ---- atomics

template <class T> inline T load_atomic(const T *p) { return __atomic_load_n(p, __ATOMIC_RELAXED); }

// Swaps *p from the returned value to update(that value), in one step.
template <class T, class Update> inline T atomic_update(T *p, Update update)
{
    T old = load_atomic(p);
    while (!__atomic_compare_exchange_n(p, &old, update(old), true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
    }
    return old;
}

template <class Bits, class T> inline T atomic_add_float(T *p, T value)
{
    auto *bits = reinterpret_cast<Bits *>(p);
    if (loses_atomic()) return bits_as<T>(load_atomic(bits));
    return bits_as<T>(
        atomic_update(bits, [=](Bits old) { return bits_as<Bits>(bits_as<T>(old) + value); }));
}

template <class T> inline T atomic_add_integer(T *p, T value)
{
    if (loses_atomic()) return load_atomic(p);
    return __atomic_fetch_add(p, value, __ATOMIC_RELAXED);
}

template <class T> inline T atomic_max(T *p, T value)
{
    return atomic_update(p, [=](T old) { return old > value ? old : value; });
}

template <class T> inline T atomic_min(T *p, T value)
{
    return atomic_update(p, [=](T old) { return old < value ? old : value; });
}

} // namespace emulator

inline float atomicAdd(float *p, float value)
{
    return emulator::atomic_add_float<unsigned>(p, value);
}

inline double atomicAdd(double *p, double value)
{
    return emulator::atomic_add_float<unsigned long long>(p, value);
}

// Vectors are atomic by element, not as a whole, as on the GPU.
inline float2 atomicAdd(float2 *p, float2 v, EMULATOR_SITE)
{
    emulator::need_aligned(p, EMULATOR_AT("atomicAdd(float2)"));
    return { atomicAdd(&p->x, v.x), atomicAdd(&p->y, v.y) };
}

inline float4 atomicAdd(float4 *p, float4 v, EMULATOR_SITE)
{
    emulator::need_aligned(p, EMULATOR_AT("atomicAdd(float4)"));
    return { atomicAdd(&p->x, v.x), atomicAdd(&p->y, v.y), atomicAdd(&p->z, v.z),
             atomicAdd(&p->w, v.w) };
}

#define EMULATOR_ATOMICS(type)                                                                     \
    inline type atomicExch(type *p, type v)                                                        \
    {                                                                                              \
        return __atomic_exchange_n(p, v, __ATOMIC_RELAXED);                                        \
    }                                                                                              \
    inline type atomicCAS(type *p, type expected, type v)                                          \
    {                                                                                              \
        __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);   \
        return expected;                                                                           \
    }                                                                                              \
    inline type atomicAnd(type *p, type v) { return __atomic_fetch_and(p, v, __ATOMIC_RELAXED); }  \
    inline type atomicOr(type *p, type v) { return __atomic_fetch_or(p, v, __ATOMIC_RELAXED); }    \
    inline type atomicXor(type *p, type v) { return __atomic_fetch_xor(p, v, __ATOMIC_RELAXED); }
EMULATOR_ATOMICS(int)
EMULATOR_ATOMICS(unsigned)
EMULATOR_ATOMICS(unsigned long long)
#undef EMULATOR_ATOMICS

inline int atomicAdd(int *p, int v) { return emulator::atomic_add_integer(p, v); }
inline unsigned atomicAdd(unsigned *p, unsigned v) { return emulator::atomic_add_integer(p, v); }
inline unsigned long long atomicAdd(unsigned long long *p, unsigned long long v)
{
    return emulator::atomic_add_integer(p, v);
}
inline int atomicSub(int *p, int v) { return emulator::atomic_add_integer(p, -v); }
inline unsigned atomicSub(unsigned *p, unsigned v)
{
    return emulator::atomic_add_integer(p, 0 - v);
}

inline int atomicMax(int *p, int v) { return emulator::atomic_max(p, v); }
inline unsigned atomicMax(unsigned *p, unsigned v) { return emulator::atomic_max(p, v); }
inline long long atomicMax(long long *p, long long v) { return emulator::atomic_max(p, v); }
inline unsigned long long atomicMax(unsigned long long *p, unsigned long long v)
{
    return emulator::atomic_max(p, v);
}
inline int atomicMin(int *p, int v) { return emulator::atomic_min(p, v); }
inline unsigned atomicMin(unsigned *p, unsigned v) { return emulator::atomic_min(p, v); }
inline long long atomicMin(long long *p, long long v) { return emulator::atomic_min(p, v); }
inline unsigned long long atomicMin(unsigned long long *p, unsigned long long v)
{
    return emulator::atomic_min(p, v);
}

inline float atomicExch(float *p, float v)
{
    auto *bits = reinterpret_cast<unsigned *>(p);
    return emulator::bits_as<float>(atomicExch(bits, emulator::bits_as<unsigned>(v)));
}

// ---- loads and stores with a cache hint: plain ones, of aligned addresses only

#define EMULATOR_LOAD(name)                                                                        \
    template <class T> inline T name(const T *p, EMULATOR_SITE)                                    \
    {                                                                                              \
        emulator::need_aligned(p, EMULATOR_AT(#name));                                             \
        return *p;                                                                                 \
    }
EMULATOR_LOAD(__ldg)
EMULATOR_LOAD(__ldcs)
EMULATOR_LOAD(__ldcg)
EMULATOR_LOAD(__ldca)
EMULATOR_LOAD(__ldlu)
EMULATOR_LOAD(__ldcv)
#undef EMULATOR_LOAD

#define EMULATOR_STORE(name)                                                                       \
    template <class T> inline void name(T *p, T value, EMULATOR_SITE)                              \
    {                                                                                              \
        emulator::need_aligned(p, EMULATOR_AT(#name));                                             \
        *p = value;                                                                                \
    }
EMULATOR_STORE(__stcs)
EMULATOR_STORE(__stcg)
EMULATOR_STORE(__stwb)
EMULATOR_STORE(__stwt)
#undef EMULATOR_STORE

// ---- bits and integers

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }

inline unsigned __brev(unsigned x)
{
    x = (x & 0x55555555u) << 1 | (x >> 1 & 0x55555555u);
    x = (x & 0x33333333u) << 2 | (x >> 2 & 0x33333333u);
    x = (x & 0x0f0f0f0fu) << 4 | (x >> 4 & 0x0f0f0f0fu);
    return __builtin_bswap32(x);
}

inline unsigned __umulhi(unsigned a, unsigned b)
{
    return unsigned((unsigned long long)a * b >> 32);
}

inline int __mulhi(int a, int b) { return int((long long)a * b >> 32); }

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    __extension__ typedef unsigned __int128 wide;
    return (unsigned long long)((wide)a * b >> 64);
}

inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift)
{
    shift &= 31;
    return shift ? high << shift | low >> (32 - shift) : high;
}

inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift)
{
    shift &= 31;
    return shift ? high << (32 - shift) | low >> shift : low;
}

// ---- floats

inline unsigned __float_as_uint(float x) { return emulator::bits_as<unsigned>(x); }
inline int __float_as_int(float x) { return emulator::bits_as<int>(x); }
inline float __uint_as_float(unsigned x) { return emulator::bits_as<float>(x); }
inline float __int_as_float(int x) { return emulator::bits_as<float>(x); }
inline long long __double_as_longlong(double x) { return emulator::bits_as<long long>(x); }
inline double __longlong_as_double(long long x) { return emulator::bits_as<double>(x); }

inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }
inline int __float2int_rn(float x) { return int(__builtin_rintf(x)); }
inline int __float2int_rd(float x) { return int(__builtin_floorf(x)); }
inline int __float2int_rz(float x) { return int(x); }

namespace emulator
{

inline float inverse_sqrt(float x) { return float(1.0 / __builtin_sqrt(double(x))); }
inline float exp_float(float x) { return __builtin_expf(x); }
inline float log_float(float x) { return __builtin_logf(x); }
inline float log2_float(float x) { return __builtin_log2f(x); }
inline float sin_float(float x) { return __builtin_sinf(x); }
inline float cos_float(float x) { return __builtin_cosf(x); }
inline float pow_float(float x, float y) { return __builtin_powf(x, y); }

} // namespace emulator

// Macros, since the C library declares these names itself (rsqrtf in newer ones).
#define rsqrtf(x) ::emulator::inverse_sqrt(x)
#define __frsqrt_rn(x) ::emulator::inverse_sqrt(x)
#define __expf(x) ::emulator::exp_float(x)
#define __logf(x) ::emulator::log_float(x)
#define __log2f(x) ::emulator::log2_float(x)
#define __sinf(x) ::emulator::sin_float(x)
#define __cosf(x) ::emulator::cos_float(x)
#define __powf(x, y) ::emulator::pow_float(x, y)

// CUDA's whole set of min and max, without which mixed calls are ambiguous.
#define EMULATOR_MIN_MAX(result, first, second)                                                    \
    inline result min(first a, second b)                                                           \
    {                                                                                              \
        const result x = static_cast<result>(a), y = static_cast<result>(b);                       \
        return x < y ? x : y;                                                                      \
    }                                                                                              \
    inline result max(first a, second b)                                                           \
    {                                                                                              \
        const result x = static_cast<result>(a), y = static_cast<result>(b);                       \
        return x > y ? x : y;                                                                      \
    }
EMULATOR_MIN_MAX(int, int, int)
EMULATOR_MIN_MAX(unsigned, unsigned, unsigned)
EMULATOR_MIN_MAX(unsigned, int, unsigned)
EMULATOR_MIN_MAX(unsigned, unsigned, int)
EMULATOR_MIN_MAX(long, long, long)
EMULATOR_MIN_MAX(unsigned long, unsigned long, unsigned long)
EMULATOR_MIN_MAX(unsigned long, long, unsigned long)
EMULATOR_MIN_MAX(unsigned long, unsigned long, long)
EMULATOR_MIN_MAX(long long, long long, long long)
EMULATOR_MIN_MAX(unsigned long long, unsigned long long, unsigned long long)
EMULATOR_MIN_MAX(unsigned long long, long long, unsigned long long)
EMULATOR_MIN_MAX(unsigned long long, unsigned long long, long long)
#undef EMULATOR_MIN_MAX

inline float min(float a, float b) { return __builtin_fminf(a, b); }
inline float max(float a, float b) { return __builtin_fmaxf(a, b); }
inline double min(double a, double b) { return __builtin_fmin(a, b); }
inline double max(double a, double b) { return __builtin_fmax(a, b); }
inline double min(float a, double b) { return __builtin_fmin(a, b); }
inline double max(float a, double b) { return __builtin_fmax(a, b); }
inline double min(double a, float b) { return __builtin_fmin(a, b); }
inline double max(double a, float b) { return __builtin_fmax(a, b); }

inline void emulator_trap(EMULATOR_SITE)
{
    emulator::fail(EMULATOR_AT("__trap"), "the kernel called __trap()");
}
#define __trap() emulator_trap()

#endif
