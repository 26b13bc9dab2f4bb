/* Training word2vec: the vocabulary, the epochs, the learning rate, losses and reports. */
#include "word2vec.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>

enum { COUNT_REPORT = 1 << 16, MAX_BAD_BATCHES = 25 };

/* ------------------------------------------------------------------ vocabulary */

static wl_status count_words(wl_vocabulary *words, wl_corpus *corpus,
                             wl_word2vec_count_progress *progress, void *user,
                             const volatile sig_atomic_t *stop, wl_error *error)
{
    wl_corpus_item item;
    wl_corpus_rewind(corpus);
    for (int64_t n = 0;; n++) {
        if (n % COUNT_REPORT == 0 && stop && *stop)
            return wl_error_set(error, WL_INTERRUPTED, "interrupted while counting words");
        if (n % COUNT_REPORT == 0 && progress)
            progress(user, wl_vocabulary_all_tokens(words), wl_corpus_position(corpus),
                     wl_corpus_size(corpus));
        wl_status status = wl_corpus_next(corpus, &item, error);
        if (status || item.kind == WL_CORPUS_END) return status;
        if (item.kind != WL_CORPUS_TOKEN) continue;
        status = wl_vocabulary_add(words, item.word, item.length);
        if (status) return wl_error_set(error, status, "no memory for another word");
    }
}

wl_status wl_word2vec_count(wl_vocabulary **out, wl_corpus *corpus, int64_t min_count,
                            wl_word2vec_count_progress *progress, void *user,
                            const volatile sig_atomic_t *stop, wl_error *error)
{
    *out = NULL;
    wl_vocabulary *words;
    if (wl_vocabulary_create(&words))
        return wl_error_set(error, WL_NO_MEMORY, "no memory for a vocabulary");
    wl_status status = count_words(words, corpus, progress, user, stop, error);
    const int64_t all = wl_vocabulary_size(words);
    if (!status && wl_vocabulary_finish(words, min_count, 0))
        status = wl_error_set(error, WL_NO_MEMORY, "no memory to order the vocabulary");
    if (!status && wl_vocabulary_size(words) == 0)
        status = wl_error_set(error, WL_OUT_OF_RANGE,
                              "none of the corpus's %" PRId64 " different words occurs %" PRId64
                              " times (min_count)",
                              all, min_count);
    if (status)
        wl_vocabulary_destroy(words);
    else
        *out = words;
    return status;
}

/* ------------------------------------------------------------------ training */

/* A run of training. Sums are of means a pair, weighted by the pairs. */
typedef struct run {
    wl_word2vec *model;
    int64_t epoch_words; /* in-vocabulary words of one epoch */
    wl_word2vec_progress now;
    int64_t pending;                      /* batches whose loss is still on the device */
    int64_t pairs_of[WL_WORD2VEC_LOSSES]; /* and their pairs */
    double recent, epoch;                 /* sums of losses */
    int64_t recent_pairs, epoch_pairs;    /* and of pairs with a finite one */
    int64_t bad;                          /* batches without one, since the last with one */
} run;

static double mean(double sum, int64_t n) { return n > 0 ? sum / (double)n : NAN; }

static double rate_at(const run *r, int64_t word)
{
    const wl_word2vec_config *c = &r->model->config;
    const double left = 1 - (double)word / (double)(r->now.total_words + 1);
    return c->lr * (left > c->min_lr_fraction ? left : c->min_lr_fraction);
}

/* A batch was skipped where its squared loss is not finite: see word2vec_step.c. */
static void account(run *r, float loss, int64_t pairs)
{
    if (!isfinite(loss * loss)) {
        r->now.skipped++;
        r->bad++;
        return;
    }
    r->bad = 0;
    r->recent += (double)loss;
    r->epoch += (double)loss;
    r->recent_pairs += pairs;
    r->epoch_pairs += pairs;
}

/* Fetches the losses that wait on the device, in order. */
static wl_status collect(run *r, wl_error *error)
{
    wl_word2vec *m = r->model;
    float losses[WL_WORD2VEC_LOSSES];
    if (r->pending == 0) return WL_OK;
    wl_status status =
        wl_ctx_copy(m->ctx, losses, m->losses.data, (size_t)r->pending * sizeof *losses);
    if (!status) status = wl_ctx_sync(m->ctx);
    if (status) return wl_word2vec_failed(m, status, error);
    for (int64_t i = 0; i < r->pending; i++) {
        account(r, losses[i], r->pairs_of[i]);
        if (r->bad == MAX_BAD_BATCHES)
            return wl_error_set(error, WL_NOT_FINITE,
                                "training diverged: %d mini-batches in a row had no finite loss, "
                                "near word %" PRId64 " of %" PRId64 " at learning rate %g; lower "
                                "the learning rate, the batch or the cap",
                                MAX_BAD_BATCHES, r->now.words, r->now.total_words, r->now.lr);
    }
    r->pending = 0;
    return WL_OK;
}

static wl_status report(run *r, wl_word2vec_report *hear, void *user, wl_error *error)
{
    const wl_status status = collect(r, error);
    if (status) return status;
    r->now.recent_loss = mean(r->recent, r->recent_pairs);
    r->now.epoch_loss = mean(r->epoch, r->epoch_pairs);
    r->recent = 0;
    r->recent_pairs = 0;
    if (hear && hear(user, &r->now)) return wl_error_set(error, WL_INTERRUPTED, "interrupted");
    return WL_OK;
}

/* Plans and computes one batch; *ended: there was none left. */
static wl_status train_batch(run *r, bool *ended, wl_error *error)
{
    wl_word2vec *m = r->model;
    const int64_t before = (r->now.epoch - 1) * r->epoch_words;
    wl_skipgram_batch batch;
    wl_status status = wl_skipgram_plan(m->batches, &batch, error);
    *ended = batch.centres == 0;
    if (status || *ended) return status;
    r->now.lr = rate_at(r, before + batch.begin);
    r->now.words = before + batch.end;
    r->now.pairs += batch.pairs;
    r->now.batches++;
    if (batch.pairs == 0) return WL_OK;
    r->pairs_of[r->pending] = batch.pairs;
    return wl_word2vec_step(m, &batch, r->now.lr, r->pending++, error);
}

static wl_status train_epoch(run *r, wl_word2vec_report *hear, void *user,
                             const volatile sig_atomic_t *stop, wl_error *error)
{
    r->epoch = 0;
    r->epoch_pairs = 0;
    r->now.epoch_ended = 0;
    for (;;) {
        bool ended;
        wl_status status = train_batch(r, &ended, error);
        if (status) return status;
        if (ended) break;
        const bool stopped = stop && *stop;
        if (r->pending == WL_WORD2VEC_LOSSES || stopped) status = report(r, hear, user, error);
        if (!status && stopped) status = wl_error_set(error, WL_INTERRUPTED, "interrupted");
        if (status) return status;
    }
    r->now.epoch_ended = 1;
    return report(r, hear, user, error);
}

wl_status wl_word2vec_train(wl_word2vec *m, wl_corpus *corpus, wl_word2vec_report *hear, void *user,
                            const volatile sig_atomic_t *stop, wl_error *error)
{
    run r = { .model = m, .epoch_words = wl_vocabulary_kept_tokens(m->words) };
    r.now.epochs = m->config.epochs;
    r.now.total_words = m->config.epochs * r.epoch_words;
    for (r.now.epoch = 1; r.now.epoch <= r.now.epochs; r.now.epoch++) {
        wl_skipgram_begin(m->batches, corpus, r.now.epoch - 1);
        const wl_status status = train_epoch(&r, hear, user, stop, error);
        if (status) return status;
    }
    if (r.now.pairs > 0) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "nothing to learn: no two words of the vocabulary stand in one line");
}
