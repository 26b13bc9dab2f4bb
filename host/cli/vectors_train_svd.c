/* wordloom vectors train by the singular values of counts. */
#include "vectors_train.h"

#include "program.h"

#include <wordloom/nn/vectors.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void on_product(void *user, int64_t done, int64_t total)
{
    progress_part(user, "factoring", done, total);
}

/* Singular vectors by a power of their values: Levy et al. 2015, "Improving Distributional
 * Similarity with Lessons Learned from Word Embeddings", section 3.3. */
static void weigh(float *u, const float *s, int64_t V, int64_t k, double power)
{
    for (int64_t i = 0; i < V; i++)
        for (int64_t c = 0; c < k; c++) u[i * k + c] *= (float)pow((double)s[c], power);
}

/* How the vectors were made: as the counts were, and what came after. Null: no memory. */
static char *config_of(const train_options *o)
{
    char *counts = wl_counts_json(&o->counts);
    json_t *all = counts ? json_loads(counts, 0, NULL) : NULL;
    json_t *more = json_pack("{s:s, s:I, s:I, s:f, s:I}", "method", "svd", "dim",
                             (json_int_t)o->svd.k, "iterations", (json_int_t)o->svd.iterations,
                             "singular-power", o->singular_power, "seed", (json_int_t)o->svd.seed);
    char *text =
        all && more && !json_object_update(all, more) ? json_dumps(all, JSON_COMPACT) : NULL;
    json_decref(all);
    json_decref(more);
    free(counts);
    return text;
}

static wl_status write_vectors(train_job *j, float *table, wl_error *error)
{
    wl_vectors v = { .V = wl_vocabulary_size(j->words),
                     .D = j->set.svd.k,
                     .words = j->words,
                     .table = table,
                     .config = config_of(&j->set) };
    const wl_status status =
        v.config ? wl_vectors_write(&v, j->run.out, j->set.format, error)
                 : wl_error_set(error, WL_NO_MEMORY, "no memory for the configuration");
    if (!status)
        progress_note(&j->run.report, "wrote %s: %" PRId64 " words, %" PRId64 " numbers each",
                      j->run.out, v.V, v.D);
    free(v.config);
    return status;
}

/* The vectors [V,k] of a matrix, which is freed. */
static wl_status factor(train_job *j, wl_sparse *matrix, float *table, wl_error *error)
{
    progress *p = &j->run.report;
    const int64_t V = matrix->rows, k = j->set.svd.k;
    float *s = malloc((size_t)k * sizeof *s);
    wl_status status =
        s ? wl_svd(j->ctx, matrix, &j->set.svd, table, s, on_product, p, &training_stop, error)
          : wl_error_set(error, WL_NO_MEMORY, "no memory for singular values");
    if (!status) {
        progress_note(p, "singular values from %.5g down to %.5g, after %.2f s", (double)s[0],
                      (double)s[k - 1], progress_seconds(p));
        weigh(table, s, V, k, j->set.singular_power);
    }
    free(s);
    return status;
}

static wl_status make_vectors(train_job *j, float **table, wl_error *error)
{
    wl_sparse matrix = { 0 };
    const int64_t V = wl_vocabulary_size(j->words), k = j->set.svd.k;
    if (k > V)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "--dim %" PRId64 ": expected at most the %" PRId64 " words", k, V);
    *table = malloc((size_t)(V * k) * sizeof **table);
    wl_status status = *table ? train_matrix(j, &matrix, error)
                              : wl_error_set(error, WL_NO_MEMORY, "no memory for vectors");
    if (!status) status = factor(j, &matrix, *table, error);
    wl_sparse_destroy(&matrix);
    return status;
}

int train_svd(train_job *job)
{
    wl_error error;
    float *table = NULL;
    progress_start(&job->run.report);
    wl_status status = make_vectors(job, &table, &error);
    int code = EXIT_DONE;
    if (status == WL_INTERRUPTED) {
        code = training_interrupted(&job->run);
    } else if (status) {
        code = fail(status, &error);
    } else {
        status = write_vectors(job, table, &error);
        code = training_written(&job->run, status, &error);
    }
    free(table);
    return code;
}
