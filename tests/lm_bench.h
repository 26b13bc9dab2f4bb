/* What the tests of the language model share: a small text and runs on it. */
#ifndef LM_BENCH_H
#define LM_BENCH_H

#include "data_files.h"

#include <wordloom/nn/lm.h>

/* Everything that a run needs. */
typedef struct bench {
    wl_ctx *ctx;
    wl_vocabulary *words;
    wl_text *text;
    wl_lm_config config;
    int64_t stop_at; /* steps after which a run is interrupted; 0: none */
    wl_training_progress last;
} bench;

/* A text in which each word but the first of a line follows from the one before. */
bench make_bench(wl_device device);
void free_bench(bench *b);
wl_lm *make_model(bench *b);

int on_report(void *user, const wl_training_progress *now); /* of a bench */
/* Trains, with the text for validation too: WL_OK, or WL_INTERRUPTED where it is to stop. */
wl_status train(bench *b, wl_lm *model);

void assert_written(wl_lm *model, const char *name);

/* A test on the CPU, and on CUDA as it was linked. */
extern const wl_device lm_devices[2];
void each_device(void (*test)(wl_device));

#endif
