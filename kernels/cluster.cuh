/* Clusters (sm_90): blocks that run together and reach each other's shared memory. What needs sm_90
 * compiles for sm_80 too and traps there: its launcher is not to come that way. None of the nvcc
 * bodies has run on a GPU yet. */
#ifndef WL_CLUSTER_CUH
#define WL_CLUSTER_CUH

#include "device.cuh"
#include "pipe.cuh"

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
 * they wrote before it, to shared memory of any block, all see after it.
 *
 * store_async stores 16 bytes in the shared memory of block `rank`, where `to` lies in this
 * block's, and brings its bytes to the current phase of the mbarrier that lies there where `bar`
 * does here: who waits for that phase sees them. No block may end while others store in its memory.
 */
#if defined(WL_EMULATED)

inline unsigned cluster_rank() { return emulator::cluster_rank(); }

inline void cluster_sync(EMULATOR_SITE) { emulator::cluster_barrier(EMULATOR_AT("cluster_sync")); }

template <class V>
inline void store_async(void *to, const V &value, mbarrier *bar, unsigned rank, EMULATOR_SITE)
{
    static_assert(sizeof value == 16, "a store moves 16 bytes");
    emulator::store_to_rank(to, &value, &bar->bits, rank, EMULATOR_AT("store_async"));
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

template <class V>
__device__ __forceinline__ void store_async(void *to, const V &value, mbarrier *bar, unsigned rank)
{
    static_assert(sizeof value == 16, "a store moves 16 bytes");
    const uint4 v = *reinterpret_cast<const uint4 *>(&value);
    WL_SM90("{\n\t"
            ".reg .b32 there, told;\n\t"
            "mapa.shared::cluster.u32 there, %0, %2;\n\t"
            "mapa.shared::cluster.u32 told, %1, %2;\n\t"
            "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 "
            "[there], {%3, %4, %5, %6}, [told];\n\t"
            "}" ::"r"(shared_address(to)),
            "r"(shared_address(bar)), "r"(rank), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w)
            : "memory");
}

#endif

} // namespace wl

#undef WL_SM90

/* A launch of clusters, each of so many blocks; at once: all run together, or it fails, and after
 * all that was queued before. */
struct cluster_launch {
    cudaLaunchConfig_t config = {};
    cudaLaunchAttribute how[2] = {};

    cluster_launch(wl_ctx *ctx, unsigned clusters, unsigned blocks, unsigned threads, size_t shared,
                   bool at_once = false)
    {
        how[0].id = cudaLaunchAttributeClusterDimension;
        how[0].val.clusterDim.x = blocks;
        how[0].val.clusterDim.y = how[0].val.clusterDim.z = 1;
        how[1] = come_early(ctx);
        if (at_once) {
            how[1].id = cudaLaunchAttributeCooperative;
            how[1].val.cooperative = 1;
        }
        config.gridDim = dim3(clusters * blocks);
        config.blockDim = dim3(threads);
        config.dynamicSmemBytes = shared;
        config.stream = cudaStream_t(ctx->stream);
        config.attrs = how;
        config.numAttrs = 2;
    }
};

/* How many such clusters of a kernel the context's device runs at once; 0: it cannot. */
template <class... P>
int clusters_at_once(wl_ctx *ctx, void (*kernel)(P...), const cluster_launch &l)
{
    int major = 0, clusters = 0;
    cudaLaunchConfig_t config = l.config;
    config.numAttrs = 1; /* the clusters' size */
    bool runs = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, ctx->ordinal) ==
                    cudaSuccess &&
                major >= 9;
    if (runs && l.how[0].val.clusterDim.x > 8) /* what every such device has */
        runs = cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1) ==
               cudaSuccess;
    if (runs && l.config.dynamicSmemBytes > 48 * 1024) /* what needs no asking */
        runs = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    int(l.config.dynamicSmemBytes)) == cudaSuccess;
    runs = runs && cudaOccupancyMaxActiveClusters(&clusters, kernel, &config) == cudaSuccess;
    if (!runs) cudaGetLastError(); /* no error: there are other ways */
    return runs ? clusters : 0;
}

template <class... P>
wl_status launch(wl_ctx *ctx, void (*kernel)(P...), const cluster_launch &l,
                 typename exactly<P>::type... args)
{
    return status_of(ctx, cudaLaunchKernelEx(&l.config, kernel, args...));
}

#endif
