/* What every command that trains has in common: it can be interrupted, kept in a checkpoint now and
 * then, and resumed. */
#ifndef WL_CLI_TRAINING_RUN_H
#define WL_CLI_TRAINING_RUN_H

#include "progress.h"

#include <signal.h>

#include <wordloom/nn/error.h>

/* Nonzero after SIGINT or SIGTERM, from training_catch_signals on. */
extern volatile sig_atomic_t training_stop;

typedef wl_status training_file(void *user, const char *path, wl_error *error);

typedef struct training_run {
    const char *out;               /* the file that it is to write */
    const char *checkpoint_option; /* null: OUT.checkpoint */
    double checkpoint_every;       /* seconds, 0 for none */
    bool resume;
    training_file *save, *load; /* of a checkpoint, */
    void *user;                 /* given to them */
    progress report;
    char *checkpoint; /* its path; null: there is no place for one */
    double kept_at;   /* seconds of training at the last checkpoint */
    bool kept;        /* there is one of this run */
} training_run;

enum { TRAINING_ROWS = 4 };

/* Sets the defaults, and fills the rows of --checkpoint, --checkpoint-every and --resume. */
void training_options(training_run *run, option_row rows[TRAINING_ROWS]);

/* A file that the run reads or writes, by its option; a null path: none. */
typedef struct training_path {
    const char *option, *path;
    bool written;
} training_path;

/* Finds a place for the checkpoint, and out before an hour of training whether files can be
 * written. `files`, without --out and --checkpoint, end with a null option: no file is written over
 * another. Answers 0, or says what is wrong and answers the exit code. */
int training_begin(training_run *run, const training_path *files);

void training_catch_signals(void);

/* Loads the checkpoint where that is asked for. */
wl_status training_resume(training_run *run, wl_error *error);

/* Keeps the run, if it is time to. A checkpoint that cannot be written does not end the run. */
void training_keep(training_run *run);

/* What is said of an interrupted run, which is kept; answers the exit code. */
int training_interrupted(training_run *run);

/* The file was written, or not: removes or writes the checkpoint. Answers the exit code. */
int training_written(training_run *run, wl_status status, const wl_error *error);

/* Ends the log and frees the run; answers the exit code of the command. */
int training_end(training_run *run, int code);

#endif
