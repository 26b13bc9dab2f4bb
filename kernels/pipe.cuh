/* Copies that go on while a kernel computes, and barriers for those who wait for them. What needs
 * sm_90 compiles for sm_80 too and traps there: its launcher is not to come that way. None of the
 * nvcc bodies has run on a GPU yet. */
#ifndef WL_PIPE_CUH
#define WL_PIPE_CUH

#include "simt.cuh"

#if defined(WL_EMULATED)
#include <pipes.h>
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define WL_SM90(...) asm volatile(__VA_ARGS__)
#else
#define WL_SM90(...) __trap()
#endif

namespace wl
{

/* ------------------------------------------------------------------ copies by threads
 *
 * copy_async copies 4, 8 or 16 bytes from global to shared memory, both aligned to as many;
 * copy_async_padded only the first source_bytes, 0 to all, with zeros for the rest. commit_copies
 * makes a group, perhaps an empty one, of the thread's copies since the last. wait_copies waits for
 * all groups but the newest so many, wait_all_copies for all copies, committed or not. Then they
 * are there for this thread; for others after a barrier besides. */
#if defined(WL_EMULATED)

template <int bytes>
inline void copy_async_padded(void *to, const void *from, int source_bytes, EMULATOR_SITE)
{
    static_assert(bytes == 4 || bytes == 8 || bytes == 16, "a copy moves 4, 8 or 16 bytes");
    emulator::issue_copy(emulator::copies_of::threads,
                         { to, from, bytes, size_t(source_bytes), EMULATOR_AT("copy_async") });
}

template <int bytes> inline void copy_async(void *to, const void *from, EMULATOR_SITE)
{
    copy_async_padded<bytes>(to, from, bytes, site_file, site_line);
}

inline void commit_copies() { emulator::commit_copies(emulator::copies_of::threads); }

template <int newest> inline void wait_copies()
{
    emulator::land_copies(emulator::copies_of::threads, newest);
}

inline void wait_all_copies()
{
    commit_copies();
    wait_copies<0>();
}

#else

template <int bytes>
__device__ __forceinline__ void copy_async_padded(void *to, const void *from, int source_bytes)
{
    static_assert(bytes == 4 || bytes == 8 || bytes == 16, "a copy moves 4, 8 or 16 bytes");
    if constexpr (bytes == 16)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)),
                     "l"(__cvta_generic_to_global(from)), "r"(source_bytes)
                     : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(to)),
                     "l"(__cvta_generic_to_global(from)), "n"(bytes), "r"(source_bytes)
                     : "memory");
}

template <int bytes> __device__ __forceinline__ void copy_async(void *to, const void *from)
{
    static_assert(bytes == 4 || bytes == 8 || bytes == 16, "a copy moves 4, 8 or 16 bytes");
    if constexpr (bytes == 16)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)),
                     "l"(__cvta_generic_to_global(from))
                     : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], %2;" ::"r"(shared_address(to)),
                     "l"(__cvta_generic_to_global(from)), "n"(bytes)
                     : "memory");
}

__device__ __forceinline__ void commit_copies()
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int newest> __device__ __forceinline__ void wait_copies()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(newest) : "memory");
}

__device__ __forceinline__ void wait_all_copies()
{
    asm volatile("cp.async.wait_all;" ::: "memory");
}

#endif

/* ------------------------------------------------------------------ mbarriers (sm_90)
 *
 * An mbarrier ends a phase when `count` arrivals, and all the bytes that they announced, have come:
 * WL_SHARED(wl::mbarrier, full, [2]); Phases alternate in parity, the first has 0.
 *
 * One thread calls mbarrier_init, then mbarrier_init_fence; others may use it after a barrier of
 * the block. mbarrier_arrive_expect also announces bytes of bulk copies. mbarrier_wait returns when
 * the phase of that parity, the current or the last one, is over, also for what other blocks of the
 * cluster stored before; mbarrier_try_wait says whether it is, perhaps after a while.
 * mbarrier_inval frees the memory of one that nobody uses any more. */
struct alignas(8) mbarrier {
    unsigned long long bits;
};

#if defined(WL_EMULATED)

inline void mbarrier_init(mbarrier *bar, unsigned count, EMULATOR_SITE)
{
    bar->bits = emulator::new_mbarrier(&bar->bits, count, EMULATOR_AT("mbarrier_init"));
}

inline void mbarrier_init_fence() {}

inline void mbarrier_inval(mbarrier *bar, EMULATOR_SITE)
{
    const auto seen = emulator::bits_of(&bar->bits);
    emulator::end_mbarrier(&bar->bits, seen, EMULATOR_AT("mbarrier_inval"));
    bar->bits = 0;
}

inline void mbarrier_arrive(mbarrier *bar, EMULATOR_SITE)
{
    const auto seen = emulator::bits_of(&bar->bits);
    emulator::arrive_at_mbarrier(&bar->bits, seen, 0, EMULATOR_AT("mbarrier_arrive"));
}

inline void mbarrier_arrive_expect(mbarrier *bar, unsigned bytes, EMULATOR_SITE)
{
    const auto seen = emulator::bits_of(&bar->bits);
    emulator::arrive_at_mbarrier(&bar->bits, seen, bytes, EMULATOR_AT("mbarrier_arrive_expect"));
}

inline bool mbarrier_try_wait(mbarrier *bar, unsigned parity, EMULATOR_SITE)
{
    const auto seen = emulator::bits_of(&bar->bits);
    return emulator::try_mbarrier(&bar->bits, seen, parity, EMULATOR_AT("mbarrier_try_wait"));
}

inline void mbarrier_wait(mbarrier *bar, unsigned parity, EMULATOR_SITE)
{
    const emulator::location at = EMULATOR_AT("mbarrier_wait");
    while (!emulator::try_mbarrier(&bar->bits, emulator::bits_of(&bar->bits), parity, at)) {
    }
}

#else

__device__ __forceinline__ void mbarrier_init(mbarrier *bar, unsigned count)
{
    WL_SM90("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(bar)), "r"(count)
            : "memory");
}

__device__ __forceinline__ void mbarrier_init_fence()
{
    WL_SM90("fence.mbarrier_init.release.cluster;" ::: "memory");
}

__device__ __forceinline__ void mbarrier_inval(mbarrier *bar)
{
    WL_SM90("mbarrier.inval.shared::cta.b64 [%0];" ::"r"(shared_address(bar)) : "memory");
}

__device__ __forceinline__ void mbarrier_arrive(mbarrier *bar)
{
    WL_SM90("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(bar)) : "memory");
}

__device__ __forceinline__ void mbarrier_arrive_expect(mbarrier *bar, unsigned bytes)
{
    WL_SM90("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(bar)),
            "r"(bytes)
            : "memory");
}

__device__ __forceinline__ bool mbarrier_try_wait(mbarrier *bar, unsigned parity)
{
    unsigned over = 0;
    WL_SM90("{\n\t"
            ".reg .pred over;\n\t"
            "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 over, [%1], %2;\n\t"
            "selp.u32 %0, 1, 0, over;\n\t"
            "}"
            : "=r"(over)
            : "r"(shared_address(bar)), "r"(parity)
            : "memory");
    return over;
}

__device__ __forceinline__ void mbarrier_wait(mbarrier *bar, unsigned parity)
{
    while (!mbarrier_try_wait(bar, parity)) {
    }
}

#endif

/* ------------------------------------------------------------------ bulk copies (sm_90)
 *
 * One thread copies a whole piece; addresses and bytes are multiples of 16. bulk_load, from global
 * to shared memory, brings its bytes to the current phase of an mbarrier that expects them.
 * bulk_store goes the other way, in groups as above: wait_bulk_stores waits until all groups but
 * the newest so many are written, wait_bulk_reads until their shared memory may change, and no
 * thread exits before. Whoever wrote to shared memory that a bulk copy is to read or replace calls
 * bulk_fence before the barrier that lets the copy start. */
#if defined(WL_EMULATED)

inline void bulk_load(void *to, const void *from, unsigned bytes, mbarrier *bar, EMULATOR_SITE)
{
    emulator::issue_bulk_load(&bar->bits, { to, from, bytes, bytes, EMULATOR_AT("bulk_load") });
}

inline void bulk_store(void *to, const void *from, unsigned bytes, EMULATOR_SITE)
{
    emulator::issue_copy(emulator::copies_of::bulk,
                         { to, from, bytes, bytes, EMULATOR_AT("bulk_store") });
}

inline void commit_bulk_stores() { emulator::commit_copies(emulator::copies_of::bulk); }

template <int newest> inline void wait_bulk_stores()
{
    emulator::land_copies(emulator::copies_of::bulk, newest);
}

template <int newest> inline void wait_bulk_reads() { wait_bulk_stores<newest>(); }

inline void bulk_fence() {}

#else

__device__ __forceinline__ void bulk_load(void *to, const void *from, unsigned bytes, mbarrier *bar)
{
    WL_SM90("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
            "[%0], [%1], %2, [%3];" ::"r"(shared_address(to)),
            "l"(__cvta_generic_to_global(from)), "r"(bytes), "r"(shared_address(bar))
            : "memory");
}

__device__ __forceinline__ void bulk_store(void *to, const void *from, unsigned bytes)
{
    WL_SM90("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(
                __cvta_generic_to_global(to)),
            "r"(shared_address(from)), "r"(bytes)
            : "memory");
}

__device__ __forceinline__ void commit_bulk_stores()
{
    WL_SM90("cp.async.bulk.commit_group;" ::: "memory");
}

template <int newest> __device__ __forceinline__ void wait_bulk_stores()
{
    WL_SM90("cp.async.bulk.wait_group %0;" ::"n"(newest) : "memory");
}

template <int newest> __device__ __forceinline__ void wait_bulk_reads()
{
    WL_SM90("cp.async.bulk.wait_group.read %0;" ::"n"(newest) : "memory");
}

__device__ __forceinline__ void bulk_fence() { WL_SM90("fence.proxy.async;" ::: "memory"); }

#endif

/* ------------------------------------------------------------------ named barriers
 *
 * Barriers 1 to 15 of a block (0 is that of __syncthreads), for `count` threads that are whole
 * warps. barrier_sync waits for all of them; barrier_arrive counts and goes on. */
#if defined(WL_EMULATED)

inline void barrier_sync(unsigned id, unsigned count, EMULATOR_SITE)
{
    emulator::named_barrier(id, count, true, EMULATOR_AT("barrier_sync"));
}

inline void barrier_arrive(unsigned id, unsigned count, EMULATOR_SITE)
{
    emulator::named_barrier(id, count, false, EMULATOR_AT("barrier_arrive"));
}

#else

__device__ __forceinline__ void barrier_sync(unsigned id, unsigned count)
{
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(count) : "memory");
}

__device__ __forceinline__ void barrier_arrive(unsigned id, unsigned count)
{
    asm volatile("bar.arrive %0, %1;" ::"r"(id), "r"(count) : "memory");
}

#endif

} // namespace wl

#undef WL_SM90

#endif
