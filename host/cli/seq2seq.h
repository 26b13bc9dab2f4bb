/* What the commands of sequence-to-sequence models share. */
#ifndef WL_CLI_SEQ2SEQ_H
#define WL_CLI_SEQ2SEQ_H

#include "options.h"

#include <wordloom/nn/seq2seq.h>

/* Opens the device and the model that a command is about. Answers 0, or says what is wrong and
 * answers the exit code; the caller destroys both. */
int seq2seq_open(wl_ctx **ctx, wl_seq2seq **model, const common_options *common, const char *path);

/* "loss 0.0123", a label. */
void seq2seq_tell_loss(char *to, size_t room, double loss);

/* Examples that are made. */
typedef struct seq2seq_task {
    int task; /* of wl_tasks; -1: none */
    int64_t examples;
} seq2seq_task;

enum { SEQ2SEQ_TASK_ROWS = 3, SEQ2SEQ_SEARCH_ROWS = 4 };

/* Sets the defaults, and fills the rows of --task and --examples. */
void seq2seq_task_options(seq2seq_task *task, int64_t examples, option_row rows[SEQ2SEQ_TASK_ROWS]);

/* The examples that were asked for: those of the task, or if that is none those of a file. */
wl_status seq2seq_examples(wl_examples **out, const seq2seq_task *task, const char *path,
                           uint64_t seed, wl_error *error);

/* Sets the defaults, and fills the rows of --beam, --length-penalty and --most. */
void seq2seq_search_options(wl_seq2seq_search *search, option_row rows[SEQ2SEQ_SEARCH_ROWS]);

/* The row of --batch of what translates many. */
option_row seq2seq_batch_option(wl_seq2seq_search *search);

#endif
