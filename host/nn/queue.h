/* Calls of operators that are either made or measured, so that one routine is both a step and its
 * need of workspace: wl_queue_OP(ctx, args, bytes) calls wl_OP where `bytes` is null; else it
 * raises *bytes to the workspace that the call needs. */
#ifndef WL_QUEUE_H
#define WL_QUEUE_H

#include <wordloom/ops.h>

#define WL_OP(op)                                                                                  \
    static inline wl_status wl_queue_##op(wl_ctx *ctx, const wl_##op##_args *args, size_t *bytes)  \
    {                                                                                              \
        size_t need = 0;                                                                           \
        if (!bytes) return wl_##op(ctx, args);                                                     \
        const wl_status status = wl_##op##_workspace(ctx, args, &need);                            \
        if (need > *bytes) *bytes = need;                                                          \
        return status;                                                                             \
    }
#include "../core/ops.def"
#undef WL_OP

#endif
