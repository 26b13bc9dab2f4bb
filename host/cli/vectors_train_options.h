/* The options of wordloom vectors train. */
#ifndef WL_CLI_VECTORS_TRAIN_OPTIONS_H
#define WL_CLI_VECTORS_TRAIN_OPTIONS_H

#include "training_run.h"

#include <wordloom/nn/counts.h>
#include <wordloom/nn/svd.h>
#include <wordloom/nn/word2vec.h>

/* The choices of --method, which are those of word2vec and of counting in a row. */
enum { METHOD_SKIPGRAM, METHOD_CBOW, METHOD_COUNT, METHOD_PPMI, METHOD_SVD };

typedef struct train_options {
    common_options common;
    int method;
    wl_word2vec_config config; /* but for `workers` */
    wl_counts_config counts;
    wl_svd_config svd;
    double singular_power;
    const char *corpus;
    const char *save_vocabulary, *read_vocabulary; /* null: none */
    wl_vectors_format format;
    int64_t min_count, max_vocabulary; /* words: each so often, and so many at most, 0 for all */
} train_options;

/* Reads them all, those of `run` among them, and checks what can be checked before any file is
 * opened. Answers OPTIONS_READ to go on, or the exit code to end with. */
int train_options_read(train_options *out, training_run *run, int count, char **args);

#endif
