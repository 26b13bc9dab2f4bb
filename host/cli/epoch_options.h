/* The options that commands share which train recurrent models by epochs. */
#ifndef WL_CLI_EPOCH_OPTIONS_H
#define WL_CLI_EPOCH_OPTIONS_H

#include "epoch_run.h"

/* Where a configuration has what its options set, with the defaults; null: it has no such. */
typedef struct epoch_fields {
    int32_t *level, *cell, *residual, *tie, *optimizer, *dtype;
    int64_t *layers, *embed, *hidden, *batch, *epochs, *patience;
    double *dropout, *lr, *clip, *decay;
    uint64_t *seed;
    const char *const *optimizers; /* their names */
    const char *batch_help;        /* what a batch is of */
} epoch_fields;

typedef struct epoch_options {
    common_options common;
    const char *init; /* null: none */
    int64_t min_count, max_vocabulary;
    bool residual, tie;
    epoch_fields to;
} epoch_options;

enum { EPOCH_ROWS = 56 };

/* The options with their defaults. */
epoch_options epoch_options_of(const epoch_fields *to);

/* Rows of what is read and written, and of vocabularies; of layers; of the descent. */
void epoch_options_files(option_row to[EPOCH_ROWS], epoch_options *o, epoch_run *run);
void epoch_options_layers(option_row to[EPOCH_ROWS], epoch_options *o);
void epoch_options_descent(option_row to[EPOCH_ROWS], epoch_options *o);

/* Reads the rows of a command of this name, and besides them the checkpoints' and the common
 * options. Answers OPTIONS_READ to go on, or the exit code to end with. */
int epoch_options_read(epoch_options *o, epoch_run *run, const char *name, const char *summary,
                       option_row rows[EPOCH_ROWS], int count, char **args);

#endif
