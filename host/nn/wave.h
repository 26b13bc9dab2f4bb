/* Layers in a wave: the steps in parts, of which a layer has one while the next layer has the one
 * before, each layer on a branch of the context (Appleyard et al. 2016, "Optimizing Performance of
 * Recurrent Neural Networks on GPUs", arXiv 1604.01946, on streams over layers). */
#ifndef WL_NN_WAVE_H
#define WL_NN_WAVE_H

#include <wordloom/context.h>

#include <stdbool.h>

WL_BEGIN

typedef struct wl_wave {
    int64_t layers, parts;
    bool down; /* from the last layer and part to the first */
    /* queues a layer's part, which needs the layer's part before and the same part of the layer
     * before */
    wl_status (*call)(void *user, int64_t layer, int64_t part);
    void *user;
} wl_wave;

/* The steps of a part, a multiple of 8, that are predicted to be best on a GPU, or all T. */
int64_t wl_wave_steps(int64_t T, int64_t layers);

/* The branches that layers take: 1 for one part. */
int64_t wl_wave_branches(int64_t layers, int64_t parts);

/* What was queued on branch 0 comes before, and what is queued there next comes after. */
wl_status wl_wave_run(wl_ctx *ctx, const wl_wave *wave);

WL_END
#endif
