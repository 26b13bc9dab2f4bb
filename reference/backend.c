/* The backend of one build of the reference: host memory and the operators. */
#include "grouping.h"
#include "ref.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int available(void)
{
#if defined(WL_REF_LEVEL) && WL_REF_LEVEL == 4
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
#elif defined(WL_REF_LEVEL) && WL_REF_LEVEL == 3
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
    return 1;
#endif
}

static wl_status host_describe(int ordinal, wl_device_info *out)
{
    (void)ordinal;
    memcpy(out->name, WL_REF_TITLE, sizeof WL_REF_TITLE);
    out->memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
#ifdef _OPENMP
    out->processors = omp_get_max_threads();
#else
    out->processors = 1;
#endif
    return WL_OK;
}

enum { LARGE_PAGE = 2 << 20 };

/* Large tables, whose rows are read in any order, ask for large pages; it does not matter whether
 * they get them. */
static wl_status host_alloc(wl_ctx *ctx, void **out, size_t bytes)
{
    const bool large = bytes >= LARGE_PAGE;
    if (posix_memalign(out, large ? LARGE_PAGE : 256, bytes ? bytes : 1)) {
        *out = NULL;
        return wl_fail(ctx, WL_NO_MEMORY, "no memory for %zu bytes", bytes);
    }
    if (large) madvise(*out, bytes, MADV_HUGEPAGE);
    return WL_OK;
}

static void host_free(wl_ctx *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

static wl_status host_copy(wl_ctx *ctx, void *to, const void *from, size_t bytes)
{
    (void)ctx;
    memmove(to, from, bytes);
    return WL_OK;
}

/* The host has nothing to open, to make current or to wait for. */
static wl_status host_nothing(wl_ctx *ctx)
{
    (void)ctx;
    return WL_OK;
}
static void host_close(wl_ctx *ctx) { (void)ctx; }
static wl_status host_enter(wl_ctx *ctx, int *previous)
{
    (void)ctx, (void)previous;
    return WL_OK;
}
static void host_leave(wl_ctx *ctx, int previous) { (void)ctx, (void)previous; }

const wl_backend WL_REF(backend) = {
    .name = WL_REF_TITLE,
    .device = WL_CPU,
    .real = REAL_DTYPE,
    .count = available,
    .describe = host_describe,
    .open = host_nothing,
    .close = host_close,
    .enter = host_enter,
    .leave = host_leave,
    .alloc = host_alloc,
    .free = host_free,
    .alloc_host = host_alloc,
    .free_host = host_free,
    .copy = host_copy,
    .copy_async = host_copy,
    .sync = host_nothing,
    .grouping_bytes = WL_REF(grouping_bytes),
    .kernels = {
#define WL_OP(op) .op = WL_REF(op),
#include "../host/core/ops.def"
#undef WL_OP
    },
};
