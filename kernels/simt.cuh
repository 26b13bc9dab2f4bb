/* Where nvcc and the emulated build differ: shared memory, the begin of a kernel, warp reductions,
 * reductions to memory, a short power of two. Kernels reach such things through this header alone.
 */
#ifndef WL_SIMT_CUH
#define WL_SIMT_CUH

#include <cuda_runtime.h>

/* Shared memory of the block, within a kernel: WL_SHARED(float, tile, [32][33]); and, for what the
 * launch asked for, WL_DYN_SHARED(float, rows); which is aligned to 128 bytes. */
#if defined(WL_EMULATED)
#define WL_SHARED(T, name, ...)                                                                    \
    static ::emulator::shared_site name##_site = {                                                 \
        #name, sizeof(T __VA_ARGS__), alignof(T), __FILE__, __LINE__, 0, 0, 0                      \
    };                                                                                             \
    auto &name = *reinterpret_cast<T(*) __VA_ARGS__>(::emulator::static_shared(name##_site))
#define WL_DYN_SHARED(T, name) T *name = static_cast<T *>(::emulator::dynamic_shared())
#else
#define WL_SHARED(T, name, ...) __shared__ T name __VA_ARGS__
#define WL_DYN_SHARED(T, name)                                                                     \
    extern __shared__ __align__(128) unsigned char wl_dynamic_shared[];                            \
    T *name = reinterpret_cast<T *>(wl_dynamic_shared)
#endif

namespace wl
{

/* The first statement of every kernel. A kernel may have been brought onto the multiprocessors
 * while what was queued before it still ran (programmatic dependent launch): it waits until that
 * has ended and is to be seen, and lets the next one come. */
#if defined(WL_EMULATED)
inline void await_earlier() { emulator::await_earlier(); }
#else
__device__ __forceinline__ void await_earlier()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;\n\t"
                 "griddepcontrol.launch_dependents;" ::
                     : "memory");
#endif
}
#endif

/* Reductions over a whole warp: all 32 lanes must call, and all get the result. The order of the
 * additions is the same in every build. */
#if defined(WL_EMULATED)

inline float warp_sum(float v, EMULATOR_SITE)
{
    return emulator::reduce_lanes(emulator::butterfly<float, emulator::sum_of<float>>, ~0u, v,
                                  EMULATOR_AT("warp_sum"));
}

inline double warp_sum(double v, EMULATOR_SITE)
{
    return emulator::reduce_lanes(emulator::butterfly<double, emulator::sum_of<double>>, ~0u, v,
                                  EMULATOR_AT("warp_sum"));
}

#else

__device__ __forceinline__ float warp_sum(float v)
{
#pragma unroll
    for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
}

__device__ __forceinline__ double warp_sum(double v)
{
#pragma unroll
    for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
    return v;
}

#endif

#if !defined(WL_EMULATED)
/* What instructions on shared memory take for a pointer to it. */
__device__ __forceinline__ unsigned shared_address(const void *p)
{
    return unsigned(__cvta_generic_to_shared(p));
}
#endif

/* 2^x within 2^-21 of itself, in one instruction; what is under 2^-126 may be 0. */
#if defined(WL_EMULATED)
inline float power_of_two(float x) { return x < -126 ? 0.0f : __builtin_exp2f(x); }
#else
__device__ __forceinline__ float power_of_two(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
#endif

/* Asks for the memory at p to come nearer; it is global and there. */
__device__ __forceinline__ void prefetch(const void *p)
{
#if defined(WL_EMULATED)
    (void)*static_cast<const volatile char *>(p);
#else
    asm volatile("prefetch.global.L2 [%0];" ::"l"(__cvta_generic_to_global(p)));
#endif
}

/* p[0..3] = v by one instruction, of which nvcc now and then makes four; p is shared memory and a
 * multiple of 16 bytes. */
__device__ __forceinline__ void store_shared4(float *p, float4 v)
{
#if defined(WL_EMULATED)
    *reinterpret_cast<float4 *>(p) = v;
#else
    asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(shared_address(p)), "f"(v.x),
                 "f"(v.y), "f"(v.z), "f"(v.w)
                 : "memory");
#endif
}

/* *p += v, atomically and without reading back. */
__device__ __forceinline__ void red_add(float *p, float v) { (void)atomicAdd(p, v); }

/* p[0..3] += v, each atomically; p is global memory and a multiple of 16 bytes. */
__device__ __forceinline__ void red_add4(float *p, float4 v)
{
#if defined(WL_EMULATED)
    (void)atomicAdd(reinterpret_cast<float4 *>(p), v);
#elif __CUDA_ARCH__ >= 900
    asm volatile("red.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(p)),
                 "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w)
                 : "memory");
#else
    for (int i = 0; i < 4; i++) (void)atomicAdd(p + i, (&v.x)[i]);
#endif
}

} // namespace wl

#endif
