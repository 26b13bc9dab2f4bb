/* The options of wordloom vectors train. */
#ifndef WL_CLI_VECTORS_TRAIN_OPTIONS_H
#define WL_CLI_VECTORS_TRAIN_OPTIONS_H

#include "options.h"

#include <wordloom/nn/word2vec.h>

typedef struct train_options {
    common_options common;
    wl_word2vec_config config; /* but for `workers` */
    const char *corpus, *out;
    const char *save_vocabulary, *read_vocabulary; /* null: none */
    const char *checkpoint;                        /* null: beside `out` */
    wl_vectors_format format;
    int64_t min_count;
    double checkpoint_every; /* seconds; 0: never */
    bool resume;
} train_options;

/* Reads them all and checks what can be checked before any file is opened. Answers OPTIONS_READ to
 * go on, or the exit code to end with. */
int train_options_read(train_options *out, int count, char **args);

#endif
