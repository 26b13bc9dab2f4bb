/* Evaluation of the sequence-to-sequence model: loss, accuracy, and what it attends to. */
#include "seq2seq.h"

#include "../nn/floats.h"

#include <stdlib.h>
#include <string.h>

/* The sum of the labels' losses. */
static wl_status sum_losses(wl_seq2seq_pass *pass, const wl_seq2seq_batches *b,
                            wl_seq2seq_pair *room, const volatile sig_atomic_t *stop, double *sum,
                            int64_t *labels, wl_error *error)
{
    *sum = 0, *labels = 0;
    for (int64_t i = 0; i < b->count; i++) {
        int64_t count;
        float loss;
        wl_seq2seq_take_batch(b, i, room, &count);
        wl_status status = wl_seq2seq_step(pass, room, count, 0, error);
        if (status) return status;
        status = wl_ctx_copy(pass->model->ctx, &loss, pass->loss.data, sizeof loss);
        if (status) return wl_seq2seq_failed(pass->model, status, error);
        if (stop && *stop) return wl_error_set(error, WL_INTERRUPTED, "interrupted");
        *sum += (double)loss * (double)pass->labels;
        *labels += pass->labels;
    }
    return WL_OK;
}

wl_status wl_seq2seq_evaluate(wl_seq2seq *m, const wl_pairs *pairs,
                              const volatile sig_atomic_t *stop, double *loss, int64_t *labels,
                              wl_error *error)
{
    wl_seq2seq_batches batches;
    wl_seq2seq_pass pass = { .model = m };
    wl_status status = wl_seq2seq_batches_create(&batches, pairs, m->config.batch, error);
    if (status) return status;
    wl_seq2seq_batches_sort(&batches);
    wl_seq2seq_pair *room = calloc((size_t)m->config.batch, sizeof *room);
    status = room ? sum_losses(&pass, &batches, room, stop, loss, labels, error)
                  : wl_error_set(error, WL_NO_MEMORY, "no memory for a batch");
    if (!status) *loss /= (double)*labels;
    free(room);
    wl_seq2seq_pass_destroy(&pass);
    wl_seq2seq_batches_destroy(&batches);
    return status;
}

static int64_t count_exact(const wl_pairs *pairs, const wl_translation *found, int64_t count)
{
    int64_t exact = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t n;
        const int32_t *target = wl_pairs_target(pairs, i, &n);
        exact += found[i].ended && found[i].count == n &&
                 memcmp(found[i].ids, target, (size_t)n * sizeof *target) == 0;
    }
    return exact;
}

wl_status wl_seq2seq_accuracy(wl_seq2seq *m, const wl_pairs *pairs, int64_t count,
                              const volatile sig_atomic_t *stop, double *out, wl_error *error)
{
    const wl_seq2seq_search search = wl_seq2seq_search_defaults();
    if (count > wl_pairs_size(pairs)) count = wl_pairs_size(pairs);
    const int32_t **sources = calloc((size_t)count, sizeof *sources);
    int64_t *lengths = calloc((size_t)count, sizeof *lengths);
    wl_translation *found = calloc((size_t)count, sizeof *found);
    wl_status status = sources && lengths && found
                           ? WL_OK
                           : wl_error_set(error, WL_NO_MEMORY, "no memory to translate");
    for (int64_t i = 0; i < count && !status; i++)
        sources[i] = wl_pairs_source(pairs, i, &lengths[i]);
    if (!status)
        status = wl_seq2seq_translate(m, sources, lengths, count, &search, stop, found, error);
    if (!status) *out = (double)count_exact(pairs, found, count) / (double)count;
    if (found) wl_translations_free(found, count);
    free(sources);
    free(lengths);
    free(found);
    return status;
}

/* Weights as the source has its tokens; the model may have read them from its end on. */
static void in_order(const wl_seq2seq *m, const float *read, int64_t T, int64_t S, float *weights)
{
    for (int64_t t = 0; t < T; t++)
        for (int64_t s = 0; s < S; s++)
            weights[t * S + s] = read[t * S + (m->config.reverse ? S - 1 - s : s)];
}

wl_status wl_seq2seq_attend(wl_seq2seq *m, const int32_t *source, int64_t source_length,
                            const int32_t *target, int64_t target_length, float *weights,
                            wl_error *error)
{
    wl_seq2seq_pass pass = { .model = m, .weights = true };
    const wl_seq2seq_pair pair = { source, target, source_length, target_length };
    const int64_t S = source_length, T = target_length + 1;
    if (m->config.model != WL_SEQ2SEQ_ATTENTION)
        return wl_error_set(error, WL_UNSUPPORTED, "a %s model has no attention",
                            wl_seq2seq_models[m->config.model]);
    float *read = malloc((size_t)(S * T) * sizeof *read + 1);
    wl_status status = read ? wl_seq2seq_step(&pass, &pair, 1, 0, error)
                            : wl_error_set(error, WL_NO_MEMORY, "no memory for the weights");
    if (!status) status = wl_floats_fetch(m->ctx, &pass.decoder.context.weights, read, error);
    if (!status) in_order(m, read, T, S, weights);
    wl_seq2seq_pass_destroy(&pass);
    free(read);
    return status;
}
