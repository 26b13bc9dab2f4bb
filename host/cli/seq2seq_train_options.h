/* The options of wordloom seq2seq train. */
#ifndef WL_CLI_SEQ2SEQ_TRAIN_OPTIONS_H
#define WL_CLI_SEQ2SEQ_TRAIN_OPTIONS_H

#include "epoch_options.h"
#include "seq2seq.h"

typedef struct seq2seq_train_options {
    epoch_options usual;
    wl_seq2seq_config config;
    seq2seq_task task;
    const char *pairs;      /* null: there is a task */
    const char *validation; /* null: a part is held out */
    double held_out;        /* which part */
    int64_t translated;
} seq2seq_train_options;

/* Reads them all, those of `run` among them. Answers OPTIONS_READ to go on, or the exit code to end
 * with. */
int seq2seq_train_options_read(seq2seq_train_options *out, epoch_run *run, int count, char **args);

#endif
