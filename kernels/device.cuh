/* What every kernel file shares: launching, status, elements of STORED, ids. */
#ifndef WL_DEVICE_CUH
#define WL_DEVICE_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <math.h>

#include "../host/core/op.h"
#include "../host/core/storage.h"
#include "simt.cuh"

#define WL_OP(op)                                                                                  \
    extern "C" wl_status wl_cuda_##op(wl_ctx *, const wl_dims *, const wl_##op##_args *);
#include "../host/core/ops.def"
#undef WL_OP

constexpr int WARP = 32;
constexpr int THREADS = 256; /* of a block, where a kernel has no reason for another number */
constexpr int WARPS = THREADS / WARP;

/* Blocks for n items of work. Kernels step through what a capped grid leaves over. */
inline unsigned blocks_for(int64_t n, int per_block)
{
    const int64_t blocks = (n + per_block - 1) / per_block, most = 1 << 20;
    return unsigned(blocks < most ? blocks : most);
}

inline wl_status status_of(wl_ctx *ctx, cudaError_t error)
{
    if (error == cudaSuccess) return WL_OK;
    cudaGetLastError(); /* told here: the next call is not to meet it again */
    return wl_fail(ctx, error == cudaErrorMemoryAllocation ? WL_NO_MEMORY : WL_DEVICE_ERROR,
                   "CUDA: %s", cudaGetErrorString(error));
}

template <class T> struct exactly {
    using type = T;
};

/* Lets a kernel come before what was queued before it has ended, for which it waits itself: see
 * wl::await_earlier(). */
inline cudaLaunchAttribute come_early(const wl_ctx *ctx)
{
    cudaLaunchAttribute early = {};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = ctx->early;
    return early;
}

/* Queues a kernel on the context's stream; a grid of nothing is no launch. */
template <class... P>
wl_status launch(wl_ctx *ctx, void (*kernel)(P...), unsigned grid, unsigned block,
                 typename exactly<P>::type... args)
{
    cudaLaunchAttribute early = come_early(ctx);
    cudaLaunchConfig_t config = {};
    config.attrs = &early;
    config.numAttrs = 1;
    config.gridDim = dim3(grid);
    config.blockDim = dim3(block);
    config.stream = cudaStream_t(ctx->stream);
    return grid ? status_of(ctx, cudaLaunchKernelEx(&config, kernel, args...)) : WL_OK;
}

/* ------------------------------------------------------------------ elements of STORED */

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(__half x) { return __half2float(x); }
__device__ inline float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }

__device__ inline void from_float(float *to, float x) { *to = x; }
__device__ inline void from_float(__half *to, float x) { *to = __float2half_rn(x); }
__device__ inline void from_float(__nv_bfloat16 *to, float x) { *to = __float2bfloat16_rn(x); }

__device__ inline void from_float_stochastic(float *to, float x, uint32_t) { *to = x; }
__device__ inline void from_float_stochastic(__half *to, float x, uint32_t random)
{
    *to = __ushort_as_half(wl_f16_stochastic(x, random));
}
__device__ inline void from_float_stochastic(__nv_bfloat16 *to, float x, uint32_t random)
{
    *to = __ushort_as_bfloat16(wl_bf16_stochastic(x, random));
}

/* W neighbours in a row, moved by one instruction: 16 bytes of them, or a single one. */
template <class T, int W> struct alignas(sizeof(T) * W) pack {
    T v[W];
};

template <int W, class T> __device__ inline void load_pack(float (&out)[W], const T *from)
{
    const pack<T, W> p = *reinterpret_cast<const pack<T, W> *>(from);
    for (int i = 0; i < W; i++) out[i] = to_float(p.v[i]);
}

template <int W, class T> __device__ inline void store_pack(T *to, const float (&in)[W])
{
    pack<T, W> p;
    for (int i = 0; i < W; i++) from_float(&p.v[i], in[i]);
    *reinterpret_cast<pack<T, W> *>(to) = p;
}

/* W floats beside a pack of STORED: in fours, since 32 bytes at once is no instruction. */
template <int W> __device__ inline void load_floats(float (&out)[W], const float *from)
{
    if constexpr (W % 4 == 0)
        for (int i = 0; i < W; i += 4)
            load_pack<4>(reinterpret_cast<float(&)[4]>(out[i]), from + i);
    else
        for (int i = 0; i < W; i++) out[i] = from[i];
}

template <int W> __device__ inline void store_floats(float *to, const float (&in)[W])
{
    if constexpr (W % 4 == 0)
        for (int i = 0; i < W; i += 4)
            store_pack<4>(to + i, reinterpret_cast<const float(&)[4]>(in[i]));
    else
        for (int i = 0; i < W; i++) to[i] = in[i];
}

/* ------------------------------------------------------------------ rows */

/* Rows of STORED or f32, `pitch` elements apart. */
template <class T> struct rows_of {
    T *data;
    int64_t pitch;
    __device__ T *at(int64_t row, int64_t feature) const { return data + row * pitch + feature; }
};

template <class T> rows_of<T> rows(const wl_tensor &t)
{
    return { (T *)t.data, wl_present(&t) ? wl_stride(&t, 0) : 0 };
}

/* A [T,B,X] of STORED, T and B at any distance. */
template <class T> struct steps_of {
    T *data;
    int64_t step, sequence;
    __device__ T *at(int64_t t, int64_t b, int64_t i) const
    {
        return data + t * step + b * sequence + i;
    }
};

template <class T> steps_of<T> steps(const wl_tensor *t)
{
    if (!t || !wl_present(t)) return { nullptr, 0, 0 };
    return { (T *)t->data, wl_stride(t, 0), wl_stride(t, 1) };
}

/* Whether every row of a tensor consists of whole 16-byte packs of STORED. */
inline bool in_packs(const wl_tensor &t)
{
    if (!wl_present(&t)) return true;
    bool apart = true;
    for (int axis = 0; axis < t.ndim - 1; axis++)
        apart = apart && size_t(wl_stride(&t, axis)) * wl_dtype_size(t.dtype) % 16 == 0;
    return uintptr_t(t.data) % 16 == 0 && apart;
}

/* How a kernel moves STORED: its type, and the neighbours that one access takes. */
template <class T, int W> struct packs {
    using type = T;
    static constexpr int width = W;
};

/* Calls f with the packs for a dtype and for rows of D features. */
template <class F> wl_status with_packs(int32_t dtype, bool packed, int64_t D, F f)
{
    packed = packed && D % int64_t(16 / wl_dtype_size(dtype)) == 0;
    switch (dtype) {
    case WL_F16: return packed ? f(packs<__half, 8>()) : f(packs<__half, 1>());
    case WL_BF16: return packed ? f(packs<__nv_bfloat16, 8>()) : f(packs<__nv_bfloat16, 1>());
    default: return packed ? f(packs<float, 4>()) : f(packs<float, 1>());
    }
}

/* a / b of what is not negative: in 32 bits where both fit, since 64 take a long routine */
__device__ inline int64_t quotient(int64_t a, int64_t b)
{
    return (a | b) >> 32 ? a / b : int64_t(uint32_t(a) / uint32_t(b));
}

/* A warp's number in the grid, and how many there are: "a warp owns row warp_index(), then every
 * warp_count()-th after it". */
__device__ inline int64_t warp_index()
{
    return int64_t(blockIdx.x) * (blockDim.x / WARP) + threadIdx.x / WARP;
}
__device__ inline int64_t warp_count() { return int64_t(gridDim.x) * (blockDim.x / WARP); }
__device__ inline int lane_index() { return int(threadIdx.x) % WARP; }

/* ------------------------------------------------------------------ ids */

/* Ids of either width, their bounds, and where to report those beyond. */
struct ids_of {
    const void *data;
    int64_t V;
    wl_bad_ids *bad; /* null: report none */
    uint32_t where;
    bool wide, absent;

    __device__ int64_t raw(int64_t position) const
    {
        return wide ? ((const int64_t *)data)[position] : ((const int32_t *)data)[position];
    }
    /* the id, or -1 for an empty slot and for one out of bounds */
    __device__ int64_t at(int64_t position) const
    {
        const int64_t id = raw(position);
        return id >= 0 && id < V ? id : -1;
    }
    /* counts an id out of bounds; one thread calls it for each position */
    __device__ void check(int64_t position) const
    {
        using word = unsigned long long;
        const int64_t id = raw(position);
        if (!bad || (id >= 0 && id < V) || (id == -1 && absent)) return;
        const uint32_t first = atomicCAS(&bad->where, 0u, where);
        if (first == 0 || first == where) atomicMin((word *)&bad->first, (word)position);
        atomicAdd((word *)&bad->count, (word)1);
    }
    /* the same ids where another kernel has reported them already */
    ids_of reported() const { return { data, V, nullptr, where, wide, absent }; }
    /* what each present slot of row n counts: 1, or 1 over their number */
    __device__ float share(int64_t n, int64_t K, bool mean) const
    {
        int present = 0;
        if (!mean) return 1;
        for (int64_t k = 0; k < K; k++) present += at(n * K + k) >= 0;
        return present ? 1.0f / float(present) : 0.0f;
    }
};

inline ids_of ids(const wl_ctx *ctx, const wl_tensor &t, int64_t V, uint32_t where, bool absent)
{
    return { t.data, V, ctx->bad_ids, where, t.dtype == WL_I64, absent };
}

#endif
