/* All blocks of a grid that meet, or tell each other data, round after round. All must run at
 * once. */
#ifndef WL_RENDEZVOUS_GRID_CUH
#define WL_RENDEZVOUS_GRID_CUH

#include "../kernels/grid.cuh"
#include "../kernels/pipe.cuh"
#include "rendezvous_stopwatch.cuh"

#include <cooperative_groups.h>

constexpr int GRID_THREADS = 256;

/* ------------------------------------------------------------------ words that carry their flag
 *
 * 32 bits and the step that they are of, in one aligned 64-bit word, which is loaded and stored
 * whole: who sees the step has the data, and nothing else need be ordered. */
struct flagged_word {
    unsigned long long bits;

    __host__ __device__ static flagged_word of(unsigned data, unsigned step)
    {
        return { (unsigned long long)step << 32 | data };
    }
    __host__ __device__ unsigned data() const { return unsigned(bits); }
    __host__ __device__ unsigned step() const { return unsigned(bits >> 32); }
};

#if defined(WL_EMULATED)

inline flagged_word load_flagged(const flagged_word *p)
{
    return { __atomic_load_n(&p->bits, __ATOMIC_RELAXED) };
}

inline void store_flagged(flagged_word *p, flagged_word word)
{
    __atomic_store_n(&p->bits, word.bits, __ATOMIC_RELAXED);
}

inline void spin(EMULATOR_SITE) { emulator::yield(EMULATOR_AT("spin")); }

#else

__device__ __forceinline__ flagged_word load_flagged(const flagged_word *p)
{
    flagged_word word;
    asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];"
                 : "=l"(word.bits)
                 : "l"(__cvta_generic_to_global(p))
                 : "memory");
    return word;
}

__device__ __forceinline__ void store_flagged(flagged_word *p, flagged_word word)
{
    asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(__cvta_generic_to_global(p)),
                 "l"(word.bits)
                 : "memory");
}

__device__ __forceinline__ void spin() {}

#endif

__device__ inline unsigned await_flagged(const flagged_word *p, unsigned step)
{
    flagged_word word = load_flagged(p);
    while (word.step() != step) {
        spin();
        word = load_flagged(p);
    }
    return word.data();
}

/* ------------------------------------------------------------------ meetings */

__global__ void __launch_bounds__(GRID_THREADS, 1) meet_by_grid_sync(int rounds, round_times *out)
{
    stopwatch watch;
    cooperative_groups::this_grid().sync();
    watch.start();
    for (int r = 0; r < rounds; r++) cooperative_groups::this_grid().sync();
    watch.stop(out);
}

/* The library's own; count is 0. */
__global__ void __launch_bounds__(GRID_THREADS, 1)
    meet_by_counter(int rounds, unsigned *count, round_times *out)
{
    stopwatch watch;
    wl::grid_meet(count, 1);
    watch.start();
    for (int r = 0; r < rounds; r++) wl::grid_meet(count, unsigned(r + 2));
    watch.stop(out);
}

/* ------------------------------------------------------------------ data
 *
 * A block owns a piece of what all have. Each round it takes over the next block's piece, and adds
 * 1 to each word: word i of block b is b * 4096 + i before the first round. */
__device__ inline unsigned piece_word(unsigned block, int i) { return block * 4096 + unsigned(i); }

__device__ inline bool piece_is_right(unsigned word, int i, int rounds)
{
    const unsigned first = (blockIdx.x + unsigned(rounds)) % gridDim.x;
    return word == piece_word(first, i) + unsigned(rounds);
}

/* A meeting a round, after which all pieces, [2,blocks,packs] in turn, come to every block from L2.
 * count is 0. */
__global__ void __launch_bounds__(GRID_THREADS, 1)
    exchange_by_counter(int rounds, int packs, uint4 *rows, unsigned *count, round_times *out)
{
    WL_DYN_SHARED(uint4, all); /* [blocks,packs] */
    const int i = int(threadIdx.x), total = int(gridDim.x) * packs;
    uint4 own = make_uint4(piece_word(blockIdx.x, i), 0, 0, 0);
    stopwatch watch;
    wl::grid_meet(count, 1);
    watch.start();
    for (int r = 0; r < rounds; r++) {
        uint4 *now = rows + r % 2 * total;
        if (i < packs) now[int(blockIdx.x) * packs + i] = own;
        wl::grid_meet(count, unsigned(r + 2));
        for (int n = i; n < total; n += GRID_THREADS) wl::copy_async<16>(all + n, now + n);
        wl::wait_all_copies();
        __syncthreads();
        if (i < packs) own = all[int((blockIdx.x + 1) % gridDim.x) * packs + i];
        own.x++;
        __syncthreads();
    }
    watch.stop(out);
    if (i < packs && !piece_is_right(own.x, i, rounds)) atomicAdd(&out->wrong, 1u);
}

/* One thread of block 0 tells one of block `partner`, and that one tells back: a round is there and
 * back. slots: [2], a line apart, 0. */
__global__ void __launch_bounds__(GRID_THREADS, 1)
    tell_and_answer(int rounds, unsigned partner, flagged_word *slots, round_times *out)
{
    flagged_word *there = slots, *back = slots + 16;
    stopwatch watch;
    if (threadIdx.x) return;
    watch.start();
    if (blockIdx.x == partner)
        for (int r = 1; r <= rounds; r++) {
            const unsigned heard = await_flagged(there, unsigned(r));
            store_flagged(back, flagged_word::of(heard + 1, unsigned(r)));
        }
    unsigned word = 0;
    if (blockIdx.x == 0)
        for (int r = 1; r <= rounds; r++) {
            store_flagged(there, flagged_word::of(word, unsigned(r)));
            word = await_flagged(back, unsigned(r)) + 1;
        }
    watch.stop(out);
    if (blockIdx.x == 0 && word != 2 * unsigned(rounds)) atomicAdd(&out->wrong, 1u);
}

/* Awaits the words of a step from `first` on, GRID_THREADS apart, and puts their data at `to`. So
 * many loads are on their way at once; what was not yet there is loaded again with all others. */
template <int AT_ONCE>
__device__ void await_words(unsigned *to, const flagged_word *from, int first, int total,
                            unsigned step)
{
    flagged_word word[AT_ONCE];
    bool here = false;
    while (!here) {
        here = true;
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) {
            word[k] = flagged_word::of(0, step);
            if (first + k * GRID_THREADS < total)
                word[k] = load_flagged(from + first + k * GRID_THREADS);
        }
#pragma unroll
        for (int k = 0; k < AT_ONCE; k++) here = here && word[k].step() == step;
        if (!here) spin();
    }
#pragma unroll
    for (int k = 0; k < AT_ONCE; k++)
        if (first + k * GRID_THREADS < total) to[first + k * GRID_THREADS] = word[k].data();
}

/* No meeting: a block has the words of all once their flags say so. slots: [2,blocks,words] in
 * turn, 0: who writes a step's has read all of the step before, and so the others are done with the
 * one that it replaces. */
template <int AT_ONCE>
__global__ void __launch_bounds__(GRID_THREADS, 1)
    exchange_by_flags(int rounds, int words, flagged_word *slots, round_times *out)
{
    WL_DYN_SHARED(unsigned, all); /* [2,blocks,words] */
    const int i = int(threadIdx.x), total = int(gridDim.x) * words;
    unsigned own = piece_word(blockIdx.x, i);
    stopwatch watch;
    watch.start();
    for (int r = 1; r <= rounds; r++) {
        flagged_word *now = slots + r % 2 * total;
        unsigned *seen = all + r % 2 * total;
        if (i < words)
            store_flagged(now + int(blockIdx.x) * words + i, flagged_word::of(own, unsigned(r)));
        for (int first = i; first < total; first += AT_ONCE * GRID_THREADS)
            await_words<AT_ONCE>(seen, now, first, total, unsigned(r));
        __syncthreads();
        if (i < words) own = seen[int((blockIdx.x + 1) % gridDim.x) * words + i] + 1;
    }
    watch.stop(out);
    if (i < words && !piece_is_right(own, i, rounds)) atomicAdd(&out->wrong, 1u);
}

#endif
