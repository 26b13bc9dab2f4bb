/* Branches of a context that a model's passes use: a workspace for each. */
#ifndef WL_NN_BRANCHES_H
#define WL_NN_BRANCHES_H

#include <wordloom/nn/memory.h>

WL_BEGIN

/* Workspaces of so many bytes for branches 0 and on: U8 [branches, bytes]. */
wl_tensor wl_branches_take(wl_arena *arena, int64_t branches, size_t bytes);
/* Each of the context's branches uses its own from now on; branch 0 is current then. */
wl_status wl_branches_use(wl_ctx *ctx, const wl_tensor *workspaces);

WL_END
#endif
