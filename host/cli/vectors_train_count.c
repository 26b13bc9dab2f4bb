/* wordloom vectors train by counting. */
#include "vectors_train.h"

#include "program.h"

#include <inttypes.h>
#include <stdlib.h>

static void on_report(void *user, const wl_counts_progress *now)
{
    if (now->total_merged)
        progress_part(user, "merging", now->merged, now->total_merged);
    else
        progress_part(user, "counting", now->tokens, now->total_tokens);
}

wl_status train_matrix(train_job *j, wl_sparse *matrix, wl_error *error)
{
    progress *p = &j->run.report;
    const int64_t words = wl_tokens_words(j->tokens);
    wl_status status = wl_counts_make(matrix, j->ctx, j->tokens, wl_vocabulary_size(j->words),
                                      &j->set.counts, on_report, p, &training_stop, error);
    if (status) return status;
    const double seconds = progress_seconds(p);
    progress_note(p, "%" PRId64 " words in %.2f s: %.0f k words/s, %" PRId64 " pairs of words",
                  words, seconds, seconds > 0 ? (double)words / seconds * 1e-3 : 0, matrix->count);
    if (j->set.counts.method != WL_COUNTS_PPMI) return WL_OK;
    status = wl_counts_associate(matrix, j->ctx, &j->set.counts, &training_stop, error);
    if (!status)
        progress_note(p, "%" PRId64 " pairs of words more often than by chance, after %.2f s",
                      matrix->count, progress_seconds(p));
    return status;
}

static int write_counts(train_job *j, wl_counts *counts)
{
    wl_error error;
    counts->words = j->words;
    counts->config = wl_counts_json(&j->set.counts);
    const wl_status status =
        counts->config ? wl_counts_write(counts, j->run.out, &error)
                       : wl_error_set(&error, WL_NO_MEMORY, "no memory for the configuration");
    if (!status)
        progress_note(&j->run.report, "wrote %s: %" PRId64 " words, %" PRId64 " numbers in all",
                      j->run.out, counts->matrix.rows, counts->matrix.count);
    free(counts->config);
    return training_written(&j->run, status, &error);
}

int train_count(train_job *job)
{
    wl_error error;
    wl_counts counts = { 0 };
    progress_start(&job->run.report);
    const wl_status status = train_matrix(job, &counts.matrix, &error);
    int code = EXIT_DONE;
    if (status == WL_INTERRUPTED)
        code = training_interrupted(&job->run);
    else
        code = status ? fail(status, &error) : write_counts(job, &counts);
    wl_sparse_destroy(&counts.matrix);
    return code;
}
