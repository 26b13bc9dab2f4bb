/* What the files of the word2vec model share: the model's tensors and one training step. */
#ifndef WL_WORD2VEC_H
#define WL_WORD2VEC_H

#include <wordloom/nn/memory.h>
#include <wordloom/nn/noise.h>
#include <wordloom/nn/word2vec.h>

#include "skipgram_batches.h"

WL_BEGIN

/* Losses stay on the device until so many batches have run, and are then fetched at once. */
enum { WL_WORD2VEC_LOSSES = 64 };

/* A table with what its optimiser remembers of it. */
typedef struct wl_word2vec_table {
    wl_tensor rows; /* [V,D], rows padded to whole 64 bytes */
    wl_tensor m, v; /* [V,D] where the rule has them */
} wl_word2vec_table;

struct wl_word2vec {
    wl_ctx *ctx;
    wl_word2vec_config config;
    const wl_vocabulary *words;
    int64_t V, K, max_pairs; /* K: the target and its negatives */
    wl_noise *noise;
    wl_skipgram *batches;

    wl_arena parameters;
    wl_word2vec_table input, output;
    wl_tensor step; /* I64 [1]: batches that counted */

    wl_arena activations;
    wl_tensor staged;    /* U8: what the host sends for a batch, see word2vec_step.c */
    wl_tensor h, dh;     /* STORED [max_pairs,D] */
    wl_tensor g;         /* REAL [max_pairs,K] */
    wl_tensor losses;    /* REAL [WL_WORD2VEC_LOSSES] */
    wl_tensor scale;     /* REAL [1]: 0 skips the update */
    wl_tensor workspace; /* U8 */
    char *staging;       /* the host's side of `staged` */
};

/* Carves what a step needs; for wl_arena_create, with a wl_word2vec as the owner. */
wl_status wl_word2vec_carve_step(void *model, wl_arena *arena);

/* One mini-batch that was planned: sends it to the device and queues its kernels there. Its loss
 * goes to place `slot` of the losses. */
wl_status wl_word2vec_step(wl_word2vec *model, const wl_skipgram_batch *batch, double lr,
                           int64_t slot, wl_error *error);

/* Fills the tables as they are before training. */
wl_status wl_word2vec_initialise(wl_word2vec *model, wl_error *error);

/* The error of the model's context, as a message of the host layer. */
wl_status wl_word2vec_failed(const wl_word2vec *model, wl_status status, wl_error *error);

WL_END
#endif
