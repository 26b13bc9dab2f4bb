/* Training word2vec: epochs, shards and slices, the learning rate, losses and reports. */
#include "word2vec.h"

#include <inttypes.h>
#include <math.h>

enum { MOST_BAD = 25 };

/* A run of training, with what does not belong to the model. */
typedef struct run {
    wl_word2vec *model;
    const wl_tokens *text;
    wl_word2vec_report *hear;
    void *user;
    const volatile sig_atomic_t *stop;
    wl_word2vec_progress now;
    wl_word2vec_shard shard;
    double recent; /* sum of losses since the last report, */
    int64_t recent_pairs;
} run;

static double mean(double sum, int64_t n) { return n > 0 ? sum / (double)n : NAN; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Words of the run before a place among the tokens that were kept of the shard: what was left out
 * of it is taken to be spread evenly. */
static double words_before(const run *r, int64_t place)
{
    const wl_word2vec_place *at = &r->model->at;
    const double epochs = (double)at->epoch * (double)wl_tokens_words(r->text);
    const double part = r->shard.kept ? (double)place / (double)r->shard.kept : 1;
    return epochs + (double)at->words + part * (double)r->shard.words;
}

static double rate_at(const run *r, int64_t place)
{
    const wl_word2vec_config *c = &r->model->config;
    const double part = words_before(r, place) / ((double)r->now.total_words + 1);
    return c->lr * (1 - part * (1 - c->min_lr_fraction));
}

/* ------------------------------------------------------------------ results */

static void account(run *r, float loss, int64_t pairs, int64_t skipped)
{
    wl_word2vec_place *at = &r->model->at;
    at->pairs += pairs;
    at->skipped += skipped;
    if (pairs + skipped > 0) at->bad = skipped > pairs ? at->bad + 1 : 0;
    if (!isfinite(loss)) return;
    r->recent += (double)loss;
    r->recent_pairs += pairs;
    at->epoch_loss += (double)loss;
    at->epoch_pairs += pairs;
}

/* The results of the first `n` slices of the orders. */
static wl_status collect(run *r, int64_t n, wl_error *error)
{
    const wl_word2vec_place *at = &r->model->at;
    wl_word2vec_results results;
    const wl_status status = wl_word2vec_fetch(r->model, &results, error);
    if (status) return status;
    for (int64_t i = 0; i < n; i++) {
        account(r, results.loss[i], results.pairs[i], results.skipped[i]);
        if (at->bad == MOST_BAD)
            return wl_error_set(error, WL_NOT_FINITE,
                                "training diverged: %d times in a row most scores were not finite, "
                                "near word %.0f of %" PRId64 " at learning rate %g; lower the "
                                "learning rate, the batch or the cap",
                                MOST_BAD, words_before(r, at->centre), r->now.total_words,
                                r->now.lr);
    }
    return WL_OK;
}

static wl_status report(run *r, wl_error *error)
{
    const wl_word2vec_place *at = &r->model->at;
    r->now.epoch = at->epoch + 1;
    r->now.words = (int64_t)(words_before(r, at->centre) + 0.5);
    r->now.pairs = at->pairs;
    r->now.skipped = at->skipped;
    r->now.recent_loss = mean(r->recent, r->recent_pairs);
    r->now.epoch_loss = mean(at->epoch_loss, at->epoch_pairs);
    r->recent = 0;
    r->recent_pairs = 0;
    const bool ended = r->hear && r->hear(r->user, &r->now);
    return ended || (r->stop && *r->stop) ? wl_error_set(error, WL_INTERRUPTED, "interrupted")
                                          : WL_OK;
}

/* ------------------------------------------------------------------ shards */

/* Orders for the next slices; answers how many. */
static int64_t plan(run *r, int64_t slice, wl_word2vec_orders *orders)
{
    const wl_word2vec *m = r->model;
    const int64_t kept = r->shard.kept;
    int64_t begin = m->at.centre, n = 0;
    *orders = (wl_word2vec_orders){ 0 };
    orders->position = m->at.epoch * wl_tokens_size(r->text) + r->shard.first;
    for (; n < m->group && begin < kept; n++, begin += slice) {
        orders->begin[n] = begin;
        orders->lr[n][0] = (float)rate_at(r, begin);
        orders->lr[n][1] = (float)rate_at(r, smaller(begin + slice, kept));
    }
    return n;
}

/* Some slices, until the stop. */
static wl_status train_group(run *r, wl_error *error)
{
    wl_word2vec *m = r->model;
    const int64_t slice = wl_word2vec_slice(m, &r->shard), kept = r->shard.kept;
    wl_word2vec_orders orders;
    const int64_t planned = plan(r, slice, &orders);
    wl_status status = wl_word2vec_send(m, &orders, error);
    int64_t n = 0;
    while (!status && n < planned && !(n > 0 && r->stop && *r->stop)) {
        const int64_t centres = smaller(slice, kept - orders.begin[n]);
        status = wl_word2vec_queue(m, &r->shard, &orders, n, centres, error);
        n++;
    }
    if (status) return status;
    r->now.lr = (double)orders.lr[n - 1][1];
    m->at.centre = smaller(orders.begin[n - 1] + slice, kept);
    return collect(r, n, error);
}

static wl_status train_shard(run *r, wl_error *error)
{
    wl_word2vec_place *at = &r->model->at;
    wl_status status =
        wl_word2vec_open_shard(r->model, r->text, at->epoch, at->first, &r->shard, error);
    if (status) return status;
    r->now.lr = rate_at(r, at->centre);
    status = report(r, error); /* also of where a run goes on */
    while (!status && at->centre < r->shard.kept) {
        status = train_group(r, error);
        if (!status) status = report(r, error);
    }
    if (status) return status;
    at->first += r->shard.tokens;
    at->words += r->shard.words;
    at->centre = 0;
    r->shard = (wl_word2vec_shard){ 0 };
    return WL_OK;
}

static wl_status train_epoch(run *r, wl_error *error)
{
    wl_word2vec_place *at = &r->model->at;
    r->now.epoch_ended = 0;
    while (at->first < wl_tokens_size(r->text)) {
        const wl_status status = train_shard(r, error);
        if (status) return status;
    }
    r->now.epoch_ended = 1;
    const wl_status status = report(r, error);
    if (status) return status;
    at->epoch++;
    at->first = at->words = at->epoch_pairs = 0;
    at->epoch_loss = 0;
    return WL_OK;
}

wl_status wl_word2vec_train(wl_word2vec *m, const wl_tokens *text, wl_word2vec_report *hear,
                            void *user, const volatile sig_atomic_t *stop, wl_error *error)
{
    run r = { .model = m, .text = text, .hear = hear, .user = user, .stop = stop };
    r.now.epochs = m->config.epochs;
    r.now.total_words = m->config.epochs * wl_tokens_words(text);
    while (m->at.epoch < m->config.epochs) {
        const wl_status status = train_epoch(&r, error);
        if (status) return status;
    }
    if (m->at.pairs + m->at.skipped > 0) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "nothing to learn: no two words of the vocabulary stand in one line");
}
