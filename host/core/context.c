/* Contexts: the choice of a backend, its memory, the last error, the report of bad ids, branches
 * and graphs. */
#include "op.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int wl_version(void) { return WL_VERSION; }

/* WORDLOOM_CPU=x86-64-v3, say, takes that build of the reference and no other. */
static bool wanted(const wl_backend *backend, wl_device device)
{
    const char *only = getenv("WORDLOOM_CPU");
    if (backend->device != device) return false;
    return device != WL_CPU || !only || !*only || !strcmp(only, backend->name);
}

static const wl_backend *backend_for(wl_device device)
{
    for (const wl_backend *const *b = wl_backends; *b; b++)
        if (wanted(*b, device) && (*b)->count() > 0) return *b;
    return NULL;
}

int wl_device_count(wl_device device)
{
    const wl_backend *backend = backend_for(device);
    return backend ? backend->count() : 0;
}

wl_status wl_device_describe(wl_device device, int ordinal, wl_device_info *out)
{
    const wl_backend *backend = backend_for(device);
    if (!out) return WL_MISSING;
    memset(out, 0, sizeof *out);
    if (!backend || ordinal < 0 || ordinal >= backend->count()) return WL_UNSUPPORTED;
    return backend->describe(ordinal, out);
}

wl_status wl_ctx_create(wl_ctx **out, wl_device device, int ordinal)
{
    if (!out) return WL_MISSING;
    *out = NULL;
    const wl_backend *backend = backend_for(device);
    if (!backend || ordinal < 0 || ordinal >= backend->count()) return WL_UNSUPPORTED;
    return wl_ctx_create_on(out, backend, ordinal);
}

wl_status wl_ctx_create_on(wl_ctx **out, const wl_backend *backend, int ordinal)
{
    *out = NULL;
    wl_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx) return WL_NO_MEMORY;
    ctx->backend = backend;
    ctx->ordinal = ordinal;
    const wl_bad_ids none = { .first = UINT64_MAX };
    wl_status status = backend->open(ctx);
    if (!status) status = wl_ctx_alloc(ctx, (void **)&ctx->bad_ids, sizeof *ctx->bad_ids);
    if (!status) status = wl_ctx_copy(ctx, ctx->bad_ids, &none, sizeof none);
    if (status)
        wl_ctx_destroy(ctx);
    else
        *out = ctx;
    return status;
}

static void close_branches(wl_ctx *ctx)
{
    int previous = 0;
    if (!ctx->backend->stream_close || ctx->backend->enter(ctx, &previous)) return;
    wl_branch(ctx, 0);
    for (int i = 1; i < WL_BRANCHES; i++)
        if (ctx->others[i].open) ctx->backend->stream_close(ctx, ctx->others[i].stream);
    ctx->backend->leave(ctx, previous);
}

void wl_ctx_destroy(wl_ctx *ctx)
{
    if (!ctx) return;
    close_branches(ctx);
    wl_ctx_free(ctx, ctx->bad_ids);
    ctx->backend->close(ctx);
    free(ctx);
}

wl_device wl_ctx_device(const wl_ctx *ctx) { return ctx->backend->device; }
const char *wl_ctx_error(const wl_ctx *ctx) { return ctx->error; }
void wl_ctx_set_stream(wl_ctx *ctx, void *cuda_stream) { ctx->stream = cuda_stream; }

void wl_ctx_set_workspace(wl_ctx *ctx, void *ptr, size_t bytes)
{
    ctx->workspace = ptr;
    ctx->workspace_bytes = ptr ? bytes : 0;
}

void wl_ctx_set_log(wl_ctx *ctx, wl_log_callback *callback, void *user)
{
    ctx->log = callback;
    ctx->log_user = user;
}

wl_status wl_fail(wl_ctx *ctx, wl_status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(ctx->error, sizeof ctx->error, format, list);
    va_end(list);
    if (ctx->log) ctx->log(ctx->log_user, status, ctx->error);
    return status;
}

static wl_status allocate(wl_ctx *ctx, wl_status (*alloc)(wl_ctx *, void **, size_t), void **out,
                          size_t bytes)
{
    int previous = 0;
    *out = NULL;
    wl_status status = ctx->backend->enter(ctx, &previous);
    if (status) return status;
    status = alloc(ctx, out, bytes ? bytes : 1);
    ctx->backend->leave(ctx, previous);
    return status;
}

wl_status wl_ctx_alloc(wl_ctx *ctx, void **out, size_t bytes)
{
    return allocate(ctx, ctx->backend->alloc, out, bytes);
}

wl_status wl_ctx_alloc_host(wl_ctx *ctx, void **out, size_t bytes)
{
    return allocate(ctx, ctx->backend->alloc_host, out, bytes);
}

static void release(wl_ctx *ctx, void (*give_back)(wl_ctx *, void *), void *ptr)
{
    int previous = 0;
    if (!ptr || ctx->backend->enter(ctx, &previous)) return;
    give_back(ctx, ptr);
    ctx->backend->leave(ctx, previous);
}

void wl_ctx_free(wl_ctx *ctx, void *ptr) { release(ctx, ctx->backend->free, ptr); }
void wl_ctx_free_host(wl_ctx *ctx, void *ptr) { release(ctx, ctx->backend->free_host, ptr); }

static wl_status copy(wl_ctx *ctx, wl_status (*how)(wl_ctx *, void *, const void *, size_t),
                      void *to, const void *from, size_t bytes)
{
    int previous = 0;
    wl_status status = bytes ? ctx->backend->enter(ctx, &previous) : WL_OK;
    if (status || !bytes) return status;
    status = how(ctx, to, from, bytes);
    ctx->backend->leave(ctx, previous);
    return status;
}

wl_status wl_ctx_copy(wl_ctx *ctx, void *to, const void *from, size_t bytes)
{
    return copy(ctx, ctx->backend->copy, to, from, bytes);
}

wl_status wl_ctx_copy_async(wl_ctx *ctx, void *to, const void *from, size_t bytes)
{
    return copy(ctx, ctx->backend->copy_async, to, from, bytes);
}

static wl_status report_bad_ids(wl_ctx *ctx, const wl_bad_ids *bad)
{
    const wl_op_spec *spec = wl_op_specs[(bad->where >> 16) - 1];
    const wl_arg *arg = spec->arg;
    while (arg->name && arg->offset != (bad->where & 0xffff)) arg++;
    return wl_fail(ctx, WL_BAD_ID,
                   "%s: %s: the id at position %llu is out of bounds, expected 0 to %c-1 "
                   "(%llu such ids were skipped)",
                   spec->name, arg->name ? arg->name : "?", (unsigned long long)bad->first,
                   arg->name && arg->bound ? arg->bound : '?', (unsigned long long)bad->count);
}

wl_status wl_ctx_sync(wl_ctx *ctx)
{
    int previous = 0;
    wl_bad_ids bad;
    wl_status status = ctx->backend->enter(ctx, &previous);
    if (status) return status;
    status = ctx->backend->sync(ctx);
    if (!status) status = ctx->backend->copy(ctx, &bad, ctx->bad_ids, sizeof bad);
    if (!status && bad.where) {
        const wl_bad_ids none = { .first = UINT64_MAX };
        status = ctx->backend->copy(ctx, ctx->bad_ids, &none, sizeof none);
        if (!status) status = report_bad_ids(ctx, &bad);
    }
    ctx->backend->leave(ctx, previous);
    return status;
}

/* ------------------------------------------------------------------ branches */

static wl_status check_branch(wl_ctx *ctx, int branch)
{
    if (branch >= 0 && branch < WL_BRANCHES) return WL_OK;
    return wl_fail(ctx, WL_OUT_OF_RANGE, "branches: there is no branch %d, expected 0 to %d",
                   branch, WL_BRANCHES - 1);
}

/* The stream of a branch that is not the current one, made where it is missing. */
static wl_status open_branch(wl_ctx *ctx, int branch)
{
    wl_branch_state *b = &ctx->others[branch];
    int previous = 0;
    if (branch == 0 || b->open || !ctx->backend->stream_open) return WL_OK;
    wl_status status = ctx->backend->enter(ctx, &previous);
    if (status) return status;
    status = ctx->backend->stream_open(ctx, &b->stream);
    b->open = !status;
    ctx->backend->leave(ctx, previous);
    return status;
}

wl_status wl_branch(wl_ctx *ctx, int branch)
{
    wl_status status = check_branch(ctx, branch);
    if (status || branch == ctx->branch) return status;
    status = open_branch(ctx, branch);
    if (status) return status;
    wl_branch_state *left = &ctx->others[ctx->branch];
    const wl_branch_state *entered = &ctx->others[branch];
    left->stream = ctx->stream;
    left->workspace = ctx->workspace;
    left->workspace_bytes = ctx->workspace_bytes;
    ctx->stream = entered->stream;
    ctx->workspace = entered->workspace;
    ctx->workspace_bytes = entered->workspace_bytes;
    ctx->branch = branch;
    return WL_OK;
}

wl_status wl_branch_after(wl_ctx *ctx, int branch)
{
    int previous = 0;
    wl_status status = check_branch(ctx, branch);
    if (status || branch == ctx->branch || !ctx->backend->stream_after) return status;
    status = open_branch(ctx, branch);
    if (!status) status = ctx->backend->enter(ctx, &previous);
    if (status) return status;
    status = ctx->backend->stream_after(ctx, ctx->stream, ctx->others[branch].stream);
    ctx->backend->leave(ctx, previous);
    return status;
}

/* ------------------------------------------------------------------ graphs */

static wl_status on_first_branch(wl_ctx *ctx)
{
    if (ctx->branch == 0) return WL_OK;
    return wl_fail(ctx, WL_UNSUPPORTED, "graphs: branch %d is current, expected 0", ctx->branch);
}

wl_status wl_graph_begin(wl_ctx *ctx)
{
    int previous = 0;
    void *stream = NULL;
    if (!ctx->backend->graph_begin)
        return wl_fail(ctx, WL_UNSUPPORTED, "graphs: expected a context on CUDA, found %s",
                       ctx->backend->name);
    if (ctx->recording)
        return wl_fail(ctx, WL_UNSUPPORTED, "graphs: one is recorded already, expected its end");
    wl_status status = on_first_branch(ctx);
    if (!status) status = ctx->backend->enter(ctx, &previous);
    if (status) return status;
    status = ctx->backend->graph_begin(ctx, &stream);
    ctx->backend->leave(ctx, previous);
    if (status) return status;
    ctx->outer = ctx->stream;
    ctx->stream = stream;
    ctx->recording = true;
    return WL_OK;
}

wl_status wl_graph_end(wl_ctx *ctx, wl_graph **out)
{
    int previous = 0;
    *out = NULL;
    if (!ctx->recording)
        return wl_fail(ctx, WL_UNSUPPORTED, "graphs: none is recorded, expected wl_graph_begin");
    wl_branch(ctx, 0);
    void *stream = ctx->stream;
    ctx->stream = ctx->outer;
    ctx->recording = false;
    wl_status status = ctx->backend->enter(ctx, &previous);
    if (status) return status;
    status = ctx->backend->graph_end(ctx, stream, out);
    ctx->backend->leave(ctx, previous);
    return status;
}

wl_status wl_graph_launch(wl_ctx *ctx, wl_graph *graph)
{
    int previous = 0;
    if (!graph) return wl_fail(ctx, WL_MISSING, "graphs: there is no graph to launch");
    wl_status status = ctx->backend->enter(ctx, &previous);
    if (status) return status;
    status = ctx->backend->graph_launch(ctx, graph);
    ctx->backend->leave(ctx, previous);
    return status;
}

void wl_graph_destroy(wl_ctx *ctx, wl_graph *graph)
{
    int previous = 0;
    if (!graph || ctx->backend->enter(ctx, &previous)) return;
    ctx->backend->graph_destroy(ctx, graph);
    ctx->backend->leave(ctx, previous);
}
