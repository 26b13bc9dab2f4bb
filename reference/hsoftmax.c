/* Reference of <wordloom/hsoftmax.h>. */
#include "../host/ops/tree_path.h"
#include "samples.h"

/* The nodes on the way to a word to a row of samples; returns at how many it goes left. */
static int64_t list_samples(int32_t *samples, const wl_hsoftmax_forward_args *a, const wl_dims *d,
                            int64_t word)
{
    wl_tree_path path = { 0 };
    if (word >= 0) path = wl_tree_path_of(a->paths.data, a->nodes.data, word, d->E, d->K, d->V);
    for (int64_t k = 0; k < d->K; k++) samples[k] = k < path.length ? path.node[k] : -1;
    return path.left;
}

wl_status WL_REF(hsoftmax_forward)(wl_ctx *ctx, const wl_dims *d, const wl_hsoftmax_forward_args *a)
{
    real *losses = (real *)(void *)ctx->workspace;
    const scoring s = {
        &a->h, &a->table, &a->samples, &a->dh, a->g.data, losses, (real)a->scale,
    };
#pragma omp parallel for schedule(static) if (d->N * d->K * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        const int64_t word =
            checked_id(ctx, WL_ID_ROW(hsoftmax_forward, targets), &a->targets, n, d->W, true);
        const int64_t left = list_samples((int32_t *)a->samples.data + n * d->K, a, d, word);
        prefetch_samples(&s, d, n);
        score_row(&s, d, n, left);
    }
    sum_losses(&a->loss, losses, d->N);
    return WL_OK;
}

wl_status WL_REF(hsoftmax_backward)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_hsoftmax_backward_args *a)
{
    return samples_backward(ctx, d, a, WL_ID_ROW(hsoftmax_backward, samples));
}
