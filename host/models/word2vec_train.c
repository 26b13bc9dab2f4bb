/* Training word2vec: epochs, shards and slices, the learning rate, losses and reports. The host
 * queues a group of slices while the one before is worked, and then waits for that one; so there
 * are two places in the text: where slices are queued, and where the model is as far as it is
 * known. */
#include "word2vec.h"

#include <inttypes.h>
#include <math.h>

/* A run of training, with what does not belong to the model. */
typedef struct run {
    wl_word2vec *model;
    const wl_tokens *text;
    wl_word2vec_report *hear;
    void *user;
    const volatile sig_atomic_t *stop;
    wl_word2vec_progress now;
    int64_t first, words, centre; /* where the next slice begins: as in wl_word2vec_place */
    bool begun;
} run;

static double mean(double sum, int64_t n) { return n > 0 ? sum / (double)n : NAN; }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static const wl_word2vec_shard *current(const run *r)
{
    return &r->model->shards[r->model->current];
}

/* Words of the run before a place among the tokens that were kept of the shard: what was left out
 * of it is taken to be spread evenly. */
static double words_before(const run *r, int64_t place)
{
    const wl_word2vec_shard *shard = current(r);
    const double epochs = (double)r->model->at.epoch * (double)wl_tokens_words(r->text);
    const double part = shard->kept ? (double)place / (double)shard->kept : 1;
    return epochs + (double)r->words + part * (double)shard->words;
}

static double rate_at(const run *r, int64_t place)
{
    const wl_word2vec_config *c = &r->model->config;
    const double part = words_before(r, place) / ((double)r->now.total_words + 1);
    return c->lr * (1 - part * (1 - c->min_lr_fraction));
}

/* ------------------------------------------------------------------ results */

static wl_status collect(run *r, wl_error *error)
{
    const wl_word2vec *m = r->model;
    const wl_status status = wl_word2vec_collect(r->model, error);
    if (status || m->at.bad < WL_WORD2VEC_MOST_BAD) return status;
    return wl_error_set(error, WL_NOT_FINITE,
                        "training diverged: %d times in a row most scores were not finite, "
                        "near word %.0f of %" PRId64 " at learning rate %g; lower the "
                        "learning rate, the batch or the cap",
                        WL_WORD2VEC_MOST_BAD, m->done, r->now.total_words, m->lr);
}

static wl_status report(run *r, wl_error *error)
{
    wl_word2vec *m = r->model;
    const wl_word2vec_place *at = &m->at;
    r->now.epoch = at->epoch + 1;
    r->now.words = (int64_t)(m->done + 0.5);
    r->now.lr = m->lr;
    r->now.pairs = at->pairs;
    r->now.skipped = at->skipped;
    r->now.recent_loss = mean(m->recent, m->recent_pairs);
    r->now.epoch_loss = mean(at->epoch_loss, at->epoch_pairs);
    m->recent = 0;
    m->recent_pairs = 0;
    const bool ended = r->hear && r->hear(r->user, &r->now);
    return ended || (r->stop && *r->stop) ? wl_error_set(error, WL_INTERRUPTED, "interrupted")
                                          : WL_OK;
}

/* ------------------------------------------------------------------ groups */

/* Orders for the next slices; answers how many. */
static int64_t plan(const run *r, int64_t slice, wl_word2vec_orders *orders)
{
    const wl_word2vec *m = r->model;
    const wl_word2vec_shard *shard = current(r);
    int64_t begin = r->centre, n = 0;
    *orders = (wl_word2vec_orders){ 0 };
    orders->position = m->at.epoch * wl_tokens_size(r->text) + shard->first;
    for (; n < m->group && begin < shard->kept; n++, begin += slice) {
        orders->begin[n] = begin;
        orders->lr[n][0] = (float)rate_at(r, begin);
        orders->lr[n][1] = (float)rate_at(r, smaller(begin + slice, shard->kept));
    }
    return n;
}

/* The place after the first `n` slices of a group: in the shard, or at its end. */
static void advance(run *r, wl_word2vec_group *group, int64_t n, int64_t slice)
{
    const wl_word2vec_shard *shard = current(r);
    r->centre = smaller(group->host_orders->begin[n - 1] + slice, shard->kept);
    group->slices = n;
    group->lr = (double)group->host_orders->lr[n - 1][1];
    group->done = words_before(r, r->centre);
    if (r->centre == shard->kept) {
        r->first += shard->tokens;
        r->words += shard->words;
        r->centre = 0;
    }
    group->first = r->first;
    group->words = r->words;
    group->centre = r->centre;
}

/* Queues some slices, until the stop, and collects those before. */
static wl_status train_group(run *r, wl_error *error)
{
    wl_word2vec *m = r->model;
    wl_word2vec_group *group = wl_word2vec_next_group(m);
    const int64_t slice = wl_word2vec_slice(m), kept = current(r)->kept;
    const int64_t planned = plan(r, slice, group->host_orders);
    wl_status status = wl_word2vec_send(m, group, error);
    int64_t n = 0;
    while (!status && n < planned && !(n > 0 && r->stop && *r->stop)) {
        const int64_t centres = smaller(slice, kept - group->host_orders->begin[n]);
        status = wl_word2vec_queue(m, group, n, centres, error);
        n++;
    }
    if (!status) status = collect(r, error);
    if (status) return status;
    advance(r, group, n, slice);
    return wl_word2vec_close_group(m, error);
}

/* ------------------------------------------------------------------ shards */

/* Of a shard nothing may be left to train on, or no more. */
static wl_status pass_over(run *r, wl_error *error)
{
    const wl_word2vec_shard *shard = current(r);
    const wl_status status = collect(r, error);
    if (status) return status;
    r->first += shard->tokens;
    r->words += shard->words;
    r->centre = 0;
    r->model->at.first = r->first;
    r->model->at.words = r->words;
    r->model->at.centre = 0;
    return WL_OK;
}

/* The shard after the current one, of the next epoch after the last. */
static wl_status fetch_next(run *r, wl_error *error)
{
    const wl_word2vec_shard *shard = current(r);
    const int64_t end = shard->first + shard->tokens;
    if (end < wl_tokens_size(r->text))
        return wl_word2vec_fetch_shard(r->model, r->text, shard->epoch, end, error);
    if (shard->epoch + 1 == r->model->config.epochs) return WL_OK;
    return wl_word2vec_fetch_shard(r->model, r->text, shard->epoch + 1, 0, error);
}

/* Its next one comes while the first group is worked: then no slice of the one before is left,
 * whose place it takes. */
static wl_status train_shard(run *r, wl_error *error)
{
    wl_word2vec *m = r->model;
    const int64_t here = r->first;
    bool fetched = false;
    wl_status status = wl_word2vec_open_shard(m, r->text, m->at.epoch, here, error);
    if (status) return status;
    if (!r->begun) { /* where the run begins or goes on */
        r->begun = true;
        m->done = words_before(r, r->centre);
        m->lr = rate_at(r, r->centre);
        status = report(r, error);
    }
    if (!status && r->centre >= current(r)->kept) return pass_over(r, error);
    while (!status && r->first == here) {
        status = train_group(r, error);
        if (!status && !fetched) status = fetch_next(r, error);
        fetched = true;
        if (!status) status = report(r, error);
    }
    return status;
}

static wl_status train_epoch(run *r, wl_error *error)
{
    wl_word2vec_place *at = &r->model->at;
    wl_status status = WL_OK;
    r->now.epoch_ended = 0;
    while (!status && r->first < wl_tokens_size(r->text)) status = train_shard(r, error);
    if (!status) status = collect(r, error);
    if (status) return status;
    r->model->done = (double)(at->epoch + 1) * (double)wl_tokens_words(r->text);
    r->now.epoch_ended = 1;
    status = report(r, error);
    if (status) return status;
    at->epoch++;
    at->first = at->words = at->epoch_pairs = 0;
    at->epoch_loss = 0;
    r->first = r->words = 0;
    return WL_OK;
}

wl_status wl_word2vec_train(wl_word2vec *m, const wl_tokens *text, wl_word2vec_report *hear,
                            void *user, const volatile sig_atomic_t *stop, wl_error *error)
{
    run r = { .model = m, .text = text, .hear = hear, .user = user, .stop = stop };
    wl_error lost;
    wl_status status = WL_OK;
    r.now.epochs = m->config.epochs;
    r.now.total_words = m->config.epochs * wl_tokens_words(text);
    r.first = m->at.first;
    r.words = m->at.words;
    r.centre = m->at.centre;
    m->recent = 0;
    m->recent_pairs = 0;
    while (!status && m->at.epoch < m->config.epochs) status = train_epoch(&r, error);
    if (status) wl_word2vec_collect(m, &lost); /* what is queued is in the tables, come what may */
    wl_word2vec_drop_shards(m);
    if (status || m->at.pairs + m->at.skipped > 0) return status;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "nothing to learn: no two words of the vocabulary stand in one line");
}
