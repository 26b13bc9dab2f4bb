/* A context binds calls to a device, a stream and a workspace. It belongs to one device, which
 * is made current for the length of a call and then restored, and to one thread at a time;
 * contexts run in parallel. */
#ifndef WORDLOOM_CONTEXT_H
#define WORDLOOM_CONTEXT_H

#include <wordloom/types.h>

WL_BEGIN

typedef struct wl_ctx wl_ctx;

typedef enum wl_device { WL_CPU = 1, WL_CUDA = 2 } wl_device;

/* The version of the library that runs, as major*10000 + minor*100 + patch. */
WL_API int wl_version(void);

/* Devices of a kind that can be used: 1 for WL_CPU; 0 for WL_CUDA where the driver, a GPU or the
 * CUDA libraries are missing, or the library was built without CUDA. */
WL_API int wl_device_count(wl_device device);

typedef struct wl_device_info {
    char name[256];     /* "NVIDIA H200", or the instruction set: "x86-64-v4" */
    int64_t memory;     /* bytes */
    int32_t processors; /* multiprocessors, or the threads that OpenMP would use */
    int32_t capability; /* compute capability as major*10 + minor; 0 for the CPU */
} wl_device_info;

WL_API wl_status wl_device_describe(wl_device device, int ordinal, wl_device_info *out);

/* Makes a context on device number `ordinal`. WL_UNSUPPORTED: there is none. */
WL_API wl_status wl_ctx_create(wl_ctx **out, wl_device device, int ordinal);
WL_API void wl_ctx_destroy(wl_ctx *ctx); /* takes null */

WL_API wl_device wl_ctx_device(const wl_ctx *ctx);

/* What the last failed call on this context had to say; "" before the first. */
WL_API const char *wl_ctx_error(const wl_ctx *ctx);

/* Calls are queued on this cudaStream_t and never wait for it. Default: the null stream. The CPU
 * ignores it and works within the call. */
WL_API void wl_ctx_set_stream(wl_ctx *ctx, void *cuda_stream);

/* Scratch in the device's memory, aligned to 256 bytes, which calls may use while they run. The
 * caller owns it; its contents mean nothing between calls. wl_OP_workspace() tells what a call
 * needs; one buffer of the greatest size serves them all. */
WL_API void wl_ctx_set_workspace(wl_ctx *ctx, void *ptr, size_t bytes);

/* Every message that wl_ctx_error() would hold also goes here, as it arises. */
typedef void wl_log_callback(void *user, wl_status status, const char *message);
WL_API void wl_ctx_set_log(wl_ctx *ctx, wl_log_callback *callback, void *user);

/* Waits for the stream. WL_BAD_ID: since the last sync, ids were out of bounds; they were
 * skipped, and the message names the operator, the tensor and the first position. The context
 * stays usable. */
WL_API wl_status wl_ctx_sync(wl_ctx *ctx);

/* Memory of the context's device, aligned to 256 bytes, for callers without a CUDA runtime of
 * their own. These three wait for the device and must not be captured in a graph. */
WL_API wl_status wl_ctx_alloc(wl_ctx *ctx, void **out, size_t bytes);
WL_API void wl_ctx_free(wl_ctx *ctx, void *ptr);
/* Copies between host and device or within either; the direction follows from the pointers. */
WL_API wl_status wl_ctx_copy(wl_ctx *ctx, void *to, const void *from, size_t bytes);

/* Memory of the host that the context's device reads and writes by itself (page-locked for CUDA),
 * aligned to 256 bytes at least. These two wait for the device too. */
WL_API wl_status wl_ctx_alloc_host(wl_ctx *ctx, void **out, size_t bytes);
WL_API void wl_ctx_free_host(wl_ctx *ctx, void *ptr);
/* As wl_ctx_copy, but queued as a call is, without waiting: what it reads must stay, and what it
 * writes is not there, until the branch has been waited for. The host's side is memory of
 * wl_ctx_alloc_host, or the copy may wait after all. */
WL_API wl_status wl_ctx_copy_async(wl_ctx *ctx, void *to, const void *from, size_t bytes);

/* Branches: calls of one branch run in their order, those of different branches may run beside each
 * other on CUDA. Branch 0 is the context's stream; there are WL_BRANCHES in all. wl_branch makes
 * one current: calls and wl_ctx_set_workspace are about that one, since each needs a workspace of
 * its own. wl_branch_after: what comes next on the current branch waits for all that has been
 * queued on another. wl_ctx_sync and wl_ctx_copy wait for the current branch alone, with what it
 * has waited for (bad ids of others are told then or later); a recording begins and ends on branch
 * 0, which must have waited for the others. The CPU works within each call, as ever.
 * WL_OUT_OF_RANGE: there is no such branch. */
enum { WL_BRANCHES = 4 };
WL_API wl_status wl_branch(wl_ctx *ctx, int branch);
WL_API wl_status wl_branch_after(wl_ctx *ctx, int branch);

/* Calls that are recorded once and replayed at the cost of one: a CUDA graph. What they were given
 * by pointer is read at each replay, scalars are as they were. Between begin and end calls are not
 * run, and what waits fails. wl_graph_end ends a recording that failed too. WL_UNSUPPORTED: the
 * context is not on CUDA. WL_DEVICE_ERROR, and *out null: something waited or failed in between.
 *
 * Whoever has a CUDA runtime may as well capture calls in a stream of their own: this is for
 * callers without. */
typedef struct wl_graph wl_graph;

WL_API wl_status wl_graph_begin(wl_ctx *ctx);
WL_API wl_status wl_graph_end(wl_ctx *ctx, wl_graph **out);
/* Queues a replay on the context's stream. */
WL_API wl_status wl_graph_launch(wl_ctx *ctx, wl_graph *graph);
WL_API void wl_graph_destroy(wl_ctx *ctx, wl_graph *graph); /* takes null; waits */

WL_END
#endif
