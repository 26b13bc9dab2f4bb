/* Clusters (sm_90): blocks that run together and reach each other's shared memory. What needs sm_90
 * compiles for sm_80 too and traps there: its launcher is not to come that way. None of the nvcc
 * bodies has run on a GPU yet. */
#ifndef WL_CLUSTER_CUH
#define WL_CLUSTER_CUH

#include "device.cuh"

#if !defined(WL_EMULATED)
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define WL_SM90(...) asm volatile(__VA_ARGS__)
#else
#define WL_SM90(...) __trap()
#endif
#endif

namespace wl
{

/* Of the block within its cluster. All threads of all blocks of a cluster call cluster_sync; what
 * they wrote before it, to shared memory of any block, all see after it. cluster_peer is where
 * something in this block's shared memory lies in that of another; no block may end while others
 * reach into it. */
#if defined(WL_EMULATED)

inline unsigned cluster_rank() { return emulator::cluster_rank(); }

inline void cluster_sync(EMULATOR_SITE) { emulator::cluster_barrier(EMULATOR_AT("cluster_sync")); }

template <class T> inline T *cluster_peer(T *mine, unsigned rank)
{
    return static_cast<T *>(emulator::shared_of_rank(mine, rank));
}

#else

__device__ __forceinline__ unsigned cluster_rank()
{
    unsigned rank = 0;
    WL_SM90("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

__device__ __forceinline__ void cluster_sync()
{
    WL_SM90("barrier.cluster.arrive.release.aligned;\n\t"
            "barrier.cluster.wait.acquire.aligned;" ::
                : "memory");
}

template <class T> __device__ __forceinline__ T *cluster_peer(T *mine, unsigned rank)
{
    unsigned long long there = 0;
    WL_SM90("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(mine), "r"(rank));
    return reinterpret_cast<T *>(there);
}

#endif

} // namespace wl

#undef WL_SM90

/* A launch of clusters, each of so many blocks. */
struct cluster_launch {
    cudaLaunchConfig_t config = {};
    cudaLaunchAttribute size = {};

    cluster_launch(wl_ctx *ctx, unsigned clusters, unsigned blocks, unsigned threads, size_t shared)
    {
        size.id = cudaLaunchAttributeClusterDimension;
        size.val.clusterDim.x = blocks;
        size.val.clusterDim.y = size.val.clusterDim.z = 1;
        config.gridDim = dim3(clusters * blocks);
        config.blockDim = dim3(threads);
        config.dynamicSmemBytes = shared;
        config.stream = cudaStream_t(ctx->stream);
        config.attrs = &size;
        config.numAttrs = 1;
    }
};

/* Whether the context's device can run such clusters of a kernel at all. */
template <class... P> bool clusters_run(wl_ctx *ctx, void (*kernel)(P...), const cluster_launch &l)
{
    int major = 0, clusters = 0;
    bool runs = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, ctx->ordinal) ==
                    cudaSuccess &&
                major >= 9;
    if (runs && l.size.val.clusterDim.x > 8) /* what every such device has */
        runs = cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1) ==
               cudaSuccess;
    runs = runs && cudaOccupancyMaxActiveClusters(&clusters, kernel, &l.config) == cudaSuccess &&
           clusters > 0;
    if (!runs) cudaGetLastError(); /* no error: there are other ways */
    return runs;
}

template <class... P>
wl_status launch(wl_ctx *ctx, void (*kernel)(P...), const cluster_launch &l,
                 typename exactly<P>::type... args)
{
    return status_of(ctx, cudaLaunchKernelEx(&l.config, kernel, args...));
}

#endif
