/* What a kernel that goes round and round tells of itself: how long it took, by two clocks, and
 * whether the data that went round are right. */
#ifndef WL_RENDEZVOUS_STOPWATCH_CUH
#define WL_RENDEZVOUS_STOPWATCH_CUH

#include "../kernels/simt.cuh"

struct round_times {
    long long cycles, nanoseconds; /* of block 0, for all rounds */
    unsigned wrong;                /* words that are not what they should be; of all blocks */
};

/* The multiprocessor's cycles, and the device's own nanoseconds, which may tick as slowly as once a
 * microsecond. The emulator has no clocks. */
#if defined(WL_EMULATED)

inline long long cycles_now() { return 0; }
inline long long nanoseconds_now() { return 0; }

#else

__device__ __forceinline__ long long cycles_now()
{
    long long now;
    asm volatile("mov.u64 %0, %%clock64;" : "=l"(now)::"memory");
    return now;
}

__device__ __forceinline__ long long nanoseconds_now()
{
    long long now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now)::"memory");
    return now;
}

#endif

struct stopwatch {
    long long cycles, nanoseconds;

    __device__ void start()
    {
        nanoseconds = nanoseconds_now();
        cycles = cycles_now();
    }
    __device__ void stop(round_times *out) const
    {
        const long long c = cycles_now(), n = nanoseconds_now();
        if (blockIdx.x || threadIdx.x) return;
        out->cycles = c - cycles;
        out->nanoseconds = n - nanoseconds;
    }
};

#endif
