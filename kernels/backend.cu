/* The CUDA backend: the device, its memory, and the kernels. */
#include "algorithms.cuh"
#include "gemm.cuh"
#include "grouping.cuh"

#include <stdlib.h>
#include <string.h>

namespace
{

__global__ void nothing() { wl::await_earlier(); }

/* Whether kernels may come before earlier ones have ended: they were compiled for what can wait
 * itself, and WORDLOOM_EARLY=0 does not forbid it. */
bool may_come_early()
{
    const char *wanted = getenv("WORDLOOM_EARLY");
    cudaFuncAttributes of;
    if (wanted && !strcmp(wanted, "0")) return false;
    return cudaFuncGetAttributes(&of, nothing) == cudaSuccess && of.ptxVersion >= 90;
}

/* Devices, where the driver, a GPU and cuBLASLt are all there. */
int device_count()
{
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess) {
        cudaGetLastError(); /* no driver is no error of ours: leave none behind */
        return 0;
    }
    return devices > 0 && gemm_available() ? devices : 0;
}

wl_status device_describe(int ordinal, wl_device_info *out)
{
    cudaDeviceProp p;
    if (cudaGetDeviceProperties(&p, ordinal) != cudaSuccess) {
        cudaGetLastError();
        return WL_DEVICE_ERROR;
    }
    static_assert(sizeof p.name <= sizeof out->name, "a device's name fits");
    memcpy(out->name, p.name, sizeof p.name);
    out->memory = int64_t(p.totalGlobalMem);
    out->processors = p.multiProcessorCount;
    out->capability = 10 * p.major + p.minor;
    return WL_OK;
}

wl_status device_enter(wl_ctx *ctx, int *previous)
{
    wl_status status = status_of(ctx, cudaGetDevice(previous));
    if (!status && *previous != ctx->ordinal) status = status_of(ctx, cudaSetDevice(ctx->ordinal));
    return status;
}

void device_leave(wl_ctx *ctx, int previous)
{
    if (previous != ctx->ordinal) status_of(ctx, cudaSetDevice(previous));
}

wl_status device_open(wl_ctx *ctx)
{
    int previous = 0;
    wl_status status = device_enter(ctx, &previous);
    if (status) return status;
    ctx->early = may_come_early();
    status = gemm_open(ctx);
    if (!status) status = algorithms_open(ctx);
    device_leave(ctx, previous);
    return status;
}

void device_close(wl_ctx *ctx)
{
    int previous = 0;
    if (device_enter(ctx, &previous)) return;
    gemm_close(ctx);
    device_leave(ctx, previous);
}

wl_status device_alloc(wl_ctx *ctx, void **out, size_t bytes)
{
    return status_of(ctx, cudaMalloc(out, bytes));
}

void device_free(wl_ctx *ctx, void *ptr) { status_of(ctx, cudaFree(ptr)); }

wl_status pinned_alloc(wl_ctx *ctx, void **out, size_t bytes)
{
    return status_of(ctx, cudaMallocHost(out, bytes));
}

void pinned_free(wl_ctx *ctx, void *ptr) { status_of(ctx, cudaFreeHost(ptr)); }

wl_status device_sync(wl_ctx *ctx)
{
    return status_of(ctx, cudaStreamSynchronize(cudaStream_t(ctx->stream)));
}

wl_status device_copy_async(wl_ctx *ctx, void *to, const void *from, size_t bytes)
{
    return status_of(
        ctx, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, cudaStream_t(ctx->stream)));
}

wl_status device_copy(wl_ctx *ctx, void *to, const void *from, size_t bytes)
{
    const wl_status status = device_copy_async(ctx, to, from, bytes);
    return status ? status : device_sync(ctx);
}

wl_status stream_open(wl_ctx *ctx, void **stream)
{
    cudaStream_t made = nullptr;
    const wl_status status =
        status_of(ctx, cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    *stream = made;
    return status;
}

void stream_close(wl_ctx *ctx, void *stream)
{
    status_of(ctx, cudaStreamDestroy(cudaStream_t(stream)));
}

wl_status stream_after(wl_ctx *ctx, void *stream, void *other)
{
    cudaEvent_t reached = nullptr;
    wl_status status = status_of(ctx, cudaEventCreateWithFlags(&reached, cudaEventDisableTiming));
    if (status) return status;
    status = status_of(ctx, cudaEventRecord(reached, cudaStream_t(other)));
    if (!status) status = status_of(ctx, cudaStreamWaitEvent(cudaStream_t(stream), reached, 0));
    cudaEventDestroy(reached); /* which keeps it until it has been reached */
    return status;
}

/* A wl_graph is a graph that can be launched. */
wl_status graph_begin(wl_ctx *ctx, void **stream)
{
    wl_status status = stream_open(ctx, stream); /* the null stream cannot be captured */
    if (status) return status;
    const cudaStream_t made = cudaStream_t(*stream);
    status = status_of(ctx, cudaStreamBeginCapture(made, cudaStreamCaptureModeThreadLocal));
    if (status) cudaStreamDestroy(made);
    return status;
}

wl_status graph_end(wl_ctx *ctx, void *stream, wl_graph **out)
{
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    wl_status status = status_of(ctx, cudaStreamEndCapture(cudaStream_t(stream), &graph));
    if (!status) status = status_of(ctx, cudaGraphInstantiate(&executable, graph, 0));
    if (graph) cudaGraphDestroy(graph);
    cudaStreamDestroy(cudaStream_t(stream));
    *out = (wl_graph *)executable;
    return status;
}

wl_status graph_launch(wl_ctx *ctx, wl_graph *graph)
{
    return status_of(ctx, cudaGraphLaunch((cudaGraphExec_t)graph, cudaStream_t(ctx->stream)));
}

/* One that still runs must not be destroyed. */
void graph_destroy(wl_ctx *ctx, wl_graph *graph)
{
    device_sync(ctx);
    status_of(ctx, cudaGraphExecDestroy((cudaGraphExec_t)graph));
}

} // namespace

extern "C" const wl_backend wl_backend_cuda = {
    "cuda",
    WL_CUDA,
    WL_F32,
    device_count,
    device_describe,
    device_open,
    device_close,
    device_enter,
    device_leave,
    device_alloc,
    device_free,
    pinned_alloc,
    pinned_free,
    device_copy,
    device_copy_async,
    device_sync,
    stream_open,
    stream_close,
    stream_after,
    graph_begin,
    graph_end,
    graph_launch,
    graph_destroy,
    grouping_bytes,
    selection_bytes,
    GEMM_BYTES,
    {
#define WL_OP(op) wl_cuda_##op,
#include "../host/core/ops.def"
#undef WL_OP
    },
};
