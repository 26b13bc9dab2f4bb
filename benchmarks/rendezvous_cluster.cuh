/* Clusters that meet, or tell each other data, round after round. */
#ifndef WL_RENDEZVOUS_CLUSTER_CUH
#define WL_RENDEZVOUS_CLUSTER_CUH

#include "../kernels/cluster.cuh"
#include "rendezvous_stopwatch.cuh"

constexpr int CLUSTER_THREADS = 256;

/* All threads of a cluster meet. */
__global__ void __launch_bounds__(CLUSTER_THREADS, 1) meet_in_cluster(int rounds, round_times *out)
{
    stopwatch watch;
    wl::cluster_sync();
    watch.start();
    for (int r = 0; r < rounds; r++) wl::cluster_sync();
    watch.stop(out);
}

/* Bytes of shared memory that gather_in_cluster takes. */
inline size_t gather_bytes(int blocks, int bytes)
{
    return size_t(2) * size_t(blocks) * size_t(bytes) + 2 * sizeof(wl::mbarrier);
}

/* What word x of a block's pack is before the first round. Each round a block takes over what the
 * next block of the cluster had, and adds 1. */
__device__ inline unsigned gather_word(int block, int pack)
{
    return unsigned(block * 4096 + pack);
}

/* Of packs that all blocks of a cluster hold in round r, how many are wrong. */
__device__ inline unsigned wrong_packs(const uint4 *all, int blocks, int packs, int round)
{
    unsigned wrong = 0;
    for (int i = int(threadIdx.x); i < blocks * packs; i += int(blockDim.x)) {
        const int first = (i / packs + round) % blocks;
        wrong += all[i].x != gather_word(first, i % packs) + unsigned(round);
    }
    return wrong;
}

/* A block owns packs of 16 bytes, as the cells of forward own units of h: it has everybody's of one
 * round, makes its own of the next, and stores them in the other blocks' memory, which an mbarrier
 * of each counts. Two buffers and two mbarriers in turn: who sends a round's has received all of
 * the round before, so the others are done with what it replaces. */
__global__ void __launch_bounds__(CLUSTER_THREADS, 1)
    gather_in_cluster(int rounds, int blocks, int packs, round_times *out)
{
    WL_DYN_SHARED(uint4, shared); /* [2,blocks,packs], then the mbarriers */
    wl::mbarrier *full = reinterpret_cast<wl::mbarrier *>(shared + 2 * blocks * packs);
    const int mine = int(wl::cluster_rank()), i = int(threadIdx.x);
    const unsigned told = unsigned((blocks - 1) * packs) * 16;
    stopwatch watch;

    if (i == 0) {
        for (int n = 0; n < 2; n++) wl::mbarrier_init(&full[n], 1);
        wl::mbarrier_init_fence();
    }
    for (int n = i; n < blocks * packs; n += int(blockDim.x))
        shared[n] = make_uint4(gather_word(n / packs, n % packs), 0, 0, 0);
    wl::cluster_sync();

    watch.start();
    for (int r = 0; r <= rounds; r++) { /* the last only receives */
        const uint4 *now = shared + r % 2 * blocks * packs;
        uint4 *next = shared + (1 - r % 2) * blocks * packs;
        if (i == 0 && r < rounds) wl::mbarrier_arrive_expect(&full[1 - r % 2], told);
        if (r > 0) wl::mbarrier_wait(&full[r % 2], unsigned((r - 1) / 2 % 2));
        if (r == rounds) break;
        if (i < packs) {
            uint4 own = now[(mine + 1) % blocks * packs + i];
            own.x++;
            next[mine * packs + i] = own;
        }
        __syncthreads();
        for (int n = i; n < packs * (blocks - 1); n += int(blockDim.x)) {
            const int peer = n / packs + (n / packs >= mine);
            uint4 *here = next + mine * packs + n % packs;
            wl::store_async(here, *here, &full[1 - r % 2], unsigned(peer));
        }
    }
    watch.stop(out);
    const unsigned wrong = wrong_packs(shared + rounds % 2 * blocks * packs, blocks, packs, rounds);
    if (wrong) atomicAdd(&out->wrong, wrong);
    wl::cluster_sync();
}

#endif
