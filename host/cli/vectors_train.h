/* What the ways of wordloom vectors train share: the text as numbers, and what each does with it.
 */
#ifndef WL_CLI_VECTORS_TRAIN_H
#define WL_CLI_VECTORS_TRAIN_H

#include "vectors_train_options.h"

/* What the run owns, in the order in which it is made. */
typedef struct train_job {
    train_options set;
    training_run run;
    wl_ctx *ctx;
    wl_corpus *corpus;
    wl_vocabulary *words;
    wl_tokens *tokens;
} train_job;

/* Each turns the text into the file that was asked for. Answers the exit code; what went wrong is
 * told. */
int train_learn(train_job *job); /* by word2vec */
int train_count(train_job *job);
int train_svd(train_job *job);

/* Counts, and by the configuration their PPMI. */
wl_status train_matrix(train_job *job, wl_sparse *matrix, wl_error *error);

#endif
