/* What commands have in common that train by epochs: they prepare, resume and train, and each epoch
 * is told, drawn and, where it is the best, written. */
#ifndef WL_CLI_EPOCH_RUN_H
#define WL_CLI_EPOCH_RUN_H

#include "training_run.h"

#include <wordloom/context.h>
#include <wordloom/nn/training.h>

typedef struct epoch_run {
    training_run run;
    wl_ctx *ctx;

    /* What the command does, given run.user: makes the model and what it learns from, and sets how
     * the report tells losses; trains with epoch_run_report; tells whether an epoch that was the
     * best has just ended. */
    wl_status (*prepare)(void *user, wl_error *error);
    wl_status (*train)(void *user, wl_error *error);
    int (*at_best)(const void *user);
    training_file *write, *draw; /* the model; its curves into a picture */

    const char *right;                /* what the accuracy is called: "exact" */
    const char *plot;                 /* the picture; null: none */
    wl_training_progress last, noted; /* of all reports; of epochs that were told of */
    double noted_at;                  /* seconds of training, then */
    wl_status written;                /* of the last time that the model was, */
    wl_error trouble;                 /* and why it was not */
} epoch_run;

/* All of it on the device of `common`, with the files of training_begin. Answers the exit code. The
 * caller destroys the context and calls training_end. */
int epoch_run_go(epoch_run *run, const common_options *common, const training_path *files);

/* The callback of training; `user` is the run. A model that cannot be written ends it. */
int epoch_run_report(void *user, const wl_training_progress *now);

#endif
