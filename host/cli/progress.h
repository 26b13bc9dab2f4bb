/* How a run tells on stderr how far it is: a bar that redraws itself on a terminal, a line every
 * few seconds otherwise; and the log of --log, one JSON object a report. */
#ifndef WL_CLI_PROGRESS_H
#define WL_CLI_PROGRESS_H

#include "options.h"

#include <jansson.h>
#include <stdio.h>

/* How far training is. */
typedef struct progress_report {
    int64_t epoch, epochs;          /* the running epoch, from 1 */
    int64_t words, total_words;     /* of the run */
    double lr;                      /* where it last was */
    double recent_loss, epoch_loss; /* since the last report, since the epoch began; or NaN */
    bool epoch_ended;
} progress_report;

/* A loss as a line shows it, such as "loss 4.1234". */
typedef void progress_loss(char *to, size_t room, double loss);

typedef struct progress {
    bool quiet, terminal, drawn; /* drawn: the cursor stands behind a bar */
    FILE *log;
    double start, shown, logged; /* seconds of a steady clock: of training, of the last of each */
    bool begun;                  /* training has been heard of, */
    int64_t first_words;         /* and so many words were behind it then */
    progress_report last;
    json_t *more; /* what the log's objects have besides the report: the last report's */
    progress_loss *tell_loss;
    const char *unit; /* what the report's words are called: "words" */
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

/* The callback of wl_tokens_count; `user` is the progress. */
void progress_count(void *user, int64_t words, int64_t bytes, int64_t total_bytes);

/* Shows now and then how much of something is done: "counting  43%". */
void progress_part(progress *p, const char *doing, int64_t done, int64_t total);

/* A number for the log: null where it is not finite. */
json_t *progress_number(double x);

/* Shows and logs a report. The log's object also has the members of `more`, which is taken over. */
void progress_train(progress *p, const progress_report *now, json_t *more);

/* The log's last object, which has the outcome: "done", "interrupted" or "failed". */
void progress_outcome(progress *p, const char *outcome);

#endif
