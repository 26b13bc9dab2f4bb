/* Layers in a wave: see wave.h. */
#include "wave.h"

#include <math.h>

/* P parts take as long as P + L - 1 of them, and a part costs five steps before it begins: see
 * docs/performance.md. Fewer than 16 steps are worth none. */
int64_t wl_wave_steps(int64_t T, int64_t layers)
{
    const double parts = fmax(1, sqrt((double)((layers - 1) * T) / 5));
    const int64_t least = (int64_t)ceil((double)T / parts), eights = (least + 7) / 8 * 8;
    const int64_t steps = eights < 16 ? 16 : eights;
    return steps < T ? steps : T;
}

int64_t wl_wave_branches(int64_t layers, int64_t parts)
{
    return parts == 1 ? 1 : layers < WL_BRANCHES ? layers : WL_BRANCHES;
}

/* What is queued next is of a layer, and waits for all of another; -1: of what was before. */
static wl_status turn_to(wl_ctx *ctx, int64_t branches, int64_t layer, int64_t other)
{
    const wl_status status = wl_branch(ctx, (int)(layer % branches));
    return status ? status : wl_branch_after(ctx, other < 0 ? 0 : (int)(other % branches));
}

static wl_status join(wl_ctx *ctx, int64_t branches)
{
    wl_status status = wl_branch(ctx, 0);
    for (int i = 1; i < branches && !status; i++) status = wl_branch_after(ctx, i);
    return status;
}

/* Of the layers that have a part at the same time, one is queued before the layer that it waits for
 * goes on. */
wl_status wl_wave_run(wl_ctx *ctx, const wl_wave *w)
{
    const int64_t L = w->layers, P = w->parts, branches = wl_wave_branches(L, P);
    wl_status status = WL_OK;
    for (int64_t now = 0; now < P + L - 1; now++)
        for (int64_t i = now < L ? now : L - 1; i >= 0 && now - i < P && !status; i--) {
            const int64_t layer = w->down ? L - 1 - i : i, part = now - i;
            const int64_t other = i == 0 ? -1 : w->down ? layer + 1 : layer - 1;
            status = turn_to(ctx, branches, layer, other);
            if (!status) status = w->call(w->user, layer, w->down ? P - 1 - part : part);
        }
    const wl_status joined = join(ctx, branches);
    return status ? status : joined;
}
