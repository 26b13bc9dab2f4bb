/* How a run tells on stderr how far it is: a bar that redraws itself on a terminal, a line every
 * few seconds otherwise; and the log of --log, one JSON object a report. */
#ifndef WL_CLI_PROGRESS_H
#define WL_CLI_PROGRESS_H

#include "options.h"

#include <wordloom/nn/word2vec.h>

#include <stdio.h>

typedef struct progress {
    bool quiet, terminal, drawn; /* drawn: the cursor stands behind a bar */
    FILE *log;
    double start, shown, logged; /* seconds of a steady clock: of training, of the last of each */
    bool begun;                  /* training has been heard of, */
    int64_t first_words;         /* and so many words were behind it then */
    wl_word2vec_progress last;
} progress;

/* Opens the log. Answers 0, or says what is wrong and answers the exit code. */
int progress_open(progress *p, const common_options *common);

/* Ends a bar's line and closes the log. Answers 0, or the exit code where the log was not
 * written whole. */
int progress_close(progress *p);

/* Seconds since training began, which the first call of progress_start sets. */
void progress_start(progress *p);
double progress_seconds(const progress *p);

/* A message that stays, above the bar. Nothing where --quiet. */
void progress_note(progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The callbacks of wl_tokens_count and wl_word2vec_train; `user` is the progress. */
void progress_count(void *user, int64_t words, int64_t bytes, int64_t total_bytes);
int progress_train(void *user, const wl_word2vec_progress *now);

/* The log's last object, which has the outcome: "done", "interrupted" or "failed". */
void progress_outcome(progress *p, const char *outcome);

#endif
