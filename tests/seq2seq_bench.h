/* What the tests of the sequence-to-sequence model share: a few pairs and models of them. */
#ifndef SEQ2SEQ_BENCH_H
#define SEQ2SEQ_BENCH_H

#include "data_files.h"

#include <wordloom/nn/seq2seq.h>

/* Everything that a run needs. */
typedef struct bench {
    wl_ctx *ctx;
    wl_examples *examples;
    wl_vocabulary *source, *target;
    wl_pairs *pairs;
    wl_seq2seq_config config;
    int64_t stop_at; /* steps after which a run is interrupted; 0: none */
    wl_training_progress last;
} bench;

/* The pairs of a text, a line each, by characters, for a small model. */
bench make_bench(wl_device device, const char *lines, const wl_seq2seq_config *what);
void free_bench(bench *b);
wl_seq2seq *make_model(bench *b);

/* Words of one to three of "abcd", each with the same word backwards: 20 pairs. */
extern const char backwards[];

int on_report(void *user, const wl_training_progress *now); /* of a bench */
/* Trains, with the pairs for validation too: WL_OK, or WL_INTERRUPTED where it is to stop. */
wl_status train(bench *b, wl_seq2seq *model);

void assert_written(wl_seq2seq *model, const char *name);

/* Models of which one or another has any tensor that a file can have. */
enum { FILE_KINDS = 9 };
extern const wl_seq2seq_config file_kinds[FILE_KINDS];
/* One that is trained for an epoch, and written as "model"; and its bench. */
wl_seq2seq *make_written(bench *b, wl_device device, const wl_seq2seq_config *what);

/* The sources of the bench, which point into its pairs; free() both. */
const int32_t **sources_of(const bench *b, int64_t **lengths);

/* A test on the CPU, and on CUDA as it was linked. */
void each_device(void (*test)(wl_device));

#endif
