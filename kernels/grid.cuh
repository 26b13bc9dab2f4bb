/* A whole grid whose blocks wait for each other: it must be launched so that all of them run at
 * once. None of the nvcc bodies has run on a GPU yet. */
#ifndef WL_GRID_CUH
#define WL_GRID_CUH

#include "device.cuh"

namespace wl
{

/* One more has come: what this thread wrote, or saw, those who wait for it see too. */
#if defined(WL_EMULATED)

inline void count_arrival(unsigned *count) { __atomic_fetch_add(count, 1u, __ATOMIC_RELEASE); }

inline unsigned arrivals(const unsigned *count) { return __atomic_load_n(count, __ATOMIC_ACQUIRE); }

inline void await_arrivals(const unsigned *count, unsigned all, EMULATOR_SITE)
{
    while (int(arrivals(count) - all) < 0) emulator::yield(EMULATOR_AT("await_arrivals"));
}

#else

__device__ __forceinline__ void count_arrival(unsigned *count)
{
    asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(__cvta_generic_to_global(count))
                 : "memory");
}

__device__ __forceinline__ unsigned arrivals(const unsigned *count)
{
    unsigned seen;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
                 : "=r"(seen)
                 : "l"(__cvta_generic_to_global(count))
                 : "memory");
    return seen;
}

__device__ __forceinline__ void await_arrivals(const unsigned *count, unsigned all)
{
    while (int(arrivals(count) - all) < 0) {
    }
}

#endif

/* All threads of all blocks meet; `count` was 0 before the launch, and this is meeting number n,
 * from 1 on. */
__device__ inline void grid_meet(unsigned *count, unsigned n)
{
    __syncthreads();
    if (threadIdx.x == 0) {
        count_arrival(count);
        await_arrivals(count, n * gridDim.x);
    }
    __syncthreads();
}

} // namespace wl

#endif
