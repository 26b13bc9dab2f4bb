/* Workspaces of branches: see branches.h. */
#include "branches.h"

wl_tensor wl_branches_take(wl_arena *arena, int64_t branches, size_t bytes)
{
    const int64_t whole = (int64_t)((bytes + 255) / 256 * 256);
    return wl_arena_take(arena, WL_U8, 2, (int64_t[4]){ branches, whole });
}

wl_status wl_branches_use(wl_ctx *ctx, const wl_tensor *workspaces)
{
    const size_t bytes = (size_t)workspaces->shape[1];
    wl_status status = WL_OK;
    for (int64_t i = workspaces->shape[0] - 1; i >= 0 && !status; i--) {
        status = wl_branch(ctx, (int)i);
        if (!status) wl_ctx_set_workspace(ctx, (char *)workspaces->data + (size_t)i * bytes, bytes);
    }
    return status;
}
