/* Training the language model: epochs, reports, validation and the learning rate. */
#include "lm.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_BAD = 25, REPORT_STEPS = 20, VALIDATION_BATCH = 10, VALIDATION_TIME = 35 };

/* A run of training, with what does not belong to the model. */
typedef struct run {
    wl_lm *model;
    const wl_text *text, *validation;
    wl_lm_report *hear;
    void *user;
    const volatile sig_atomic_t *stop;
    wl_lm_progress now;
    int64_t steps; /* of an epoch */
} run;

static bool asked_to_stop(const run *r) { return r->stop && *r->stop; }

/* What the device has counted since it was last asked. */
typedef struct tally {
    float total;
    int64_t skipped, in_a_row;
} tally;

static wl_status fetch(const wl_lm_pass *p, tally *out, wl_error *error)
{
    wl_ctx *ctx = p->model->ctx;
    const float zero = 0;
    wl_status status = wl_ctx_copy(ctx, &out->total, p->total.data, sizeof out->total);
    if (!status) status = wl_ctx_copy(ctx, &out->skipped, p->skipped.data, sizeof out->skipped);
    if (!status) status = wl_ctx_copy(ctx, &out->in_a_row, p->in_a_row.data, sizeof out->in_a_row);
    if (!status) status = wl_ctx_copy(ctx, p->total.data, &zero, sizeof zero);
    if (!status) status = wl_ctx_sync(ctx);
    return wl_lm_failed(p->model, status, error);
}

/* Accounts for the last `steps` steps. */
static wl_status account(run *r, int64_t steps, wl_error *error)
{
    wl_lm_place *at = &r->model->at;
    tally t;
    const wl_status status = fetch(r->model->run, &t, error);
    if (status) return status;
    const int64_t good = steps - (t.skipped - at->skipped);
    at->skipped = t.skipped;
    at->epoch_loss += (double)t.total;
    at->epoch_steps += good;
    r->now.recent_loss = good > 0 ? (double)t.total / (double)good : NAN;
    if (t.in_a_row < MOST_BAD) return WL_OK;
    return wl_error_set(error, WL_NOT_FINITE,
                        "training diverged: in %" PRId64 " steps in a row the gradients were not "
                        "finite, at step %" PRId64 " of epoch %" PRId64
                        " and learning rate %g; lower the learning rate or the clip",
                        t.in_a_row, at->step, at->epoch + 1, at->lr);
}

/* The run as it stands. */
static void describe(run *r)
{
    const wl_lm_place *at = &r->model->at;
    const wl_lm_config *c = &r->model->config;
    wl_lm_progress *now = &r->now;
    now->epoch = at->epoch + 1;
    now->steps = at->epoch * r->steps + at->step;
    now->words = now->steps * c->batch * c->time;
    now->skipped = at->skipped;
    now->lr = at->lr;
    now->epoch_loss = at->epoch_steps > 0 ? at->epoch_loss / (double)at->epoch_steps : NAN;
}

static wl_status tell(run *r, wl_error *error)
{
    const bool ended = r->hear && r->hear(r->user, &r->now);
    return ended || asked_to_stop(r) ? wl_error_set(error, WL_INTERRUPTED, "interrupted") : WL_OK;
}

static wl_status send_rate(const run *r, wl_error *error)
{
    const wl_lm *m = r->model;
    const float lr = (float)m->at.lr;
    return wl_lm_failed(m, wl_ctx_copy(m->ctx, m->run->lr.data, &lr, sizeof lr), error);
}

/* Some steps, until the stop. */
static wl_status train_some(run *r, wl_error *error)
{
    wl_lm_place *at = &r->model->at;
    int64_t done = 0;
    wl_status status = WL_OK;
    while (!status && done < REPORT_STEPS && at->step < r->steps && !asked_to_stop(r)) {
        status = wl_lm_step(r->model->run, error);
        at->step++, done++;
    }
    if (!status) status = account(r, done, error);
    if (status) return status;
    describe(r);
    return tell(r, error);
}

/* The validation, and what follows from it for the learning rate. */
static wl_status validate(run *r, wl_error *error)
{
    wl_lm_place *at = &r->model->at;
    int64_t labels;
    r->now.validation = NAN;
    r->now.best = 1;
    if (!r->validation) return WL_OK;
    const wl_status status =
        wl_lm_evaluate(r->model, r->validation, VALIDATION_BATCH, VALIDATION_TIME, r->stop,
                       &r->now.validation, &labels, error);
    if (status) return status;
    r->now.best = r->now.validation < at->best;
    if (r->now.best) {
        at->best = r->now.validation;
        at->stale = 0;
        return WL_OK;
    }
    at->stale++;
    at->lr *= r->model->config.decay;
    return send_rate(r, error);
}

static wl_status train_epoch(run *r, wl_error *error)
{
    wl_lm_place *at = &r->model->at;
    wl_status status = WL_OK;
    r->now.epoch_ended = 0;
    while (!status && at->step < r->steps) status = train_some(r, error);
    if (!status) status = validate(r, error);
    if (status) return status;
    describe(r);
    r->now.epoch_ended = 1;
    r->model->epochs[at->epoch] = (wl_lm_epoch){ r->now.epoch_loss, r->now.validation };
    at->epoch++; /* what is saved now goes on with the next one */
    at->step = at->epoch_steps = 0;
    at->epoch_loss = 0;
    return tell(r, error);
}

/* The tensors of training for a text, from the run's start. */
wl_status wl_lm_begin_run(wl_lm *m, const wl_text *text, wl_error *error)
{
    const wl_lm_config *c = &m->config;
    const int64_t N = wl_text_size(text), least = c->batch * c->time + 1;
    if (m->run) return WL_OK;
    if (N < least)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "a text of %" PRId64 " tokens is too short to train on: expected at "
                            "least %" PRId64 ", one step of %" PRId64 " in each of %" PRId64
                            " streams and one more",
                            N, least, c->time, c->batch);
    if (!m->epochs) m->epochs = calloc((size_t)c->epochs, sizeof *m->epochs);
    if (!m->epochs) return wl_error_set(error, WL_NO_MEMORY, "no memory for the run's losses");
    return wl_lm_pass_create(&m->run, m, c->time, c->batch, wl_text_ids(text), N, true, error);
}

int64_t wl_lm_epochs(const wl_lm *m, const wl_lm_epoch **out)
{
    *out = m->epochs;
    return m->at.epoch;
}

int wl_lm_at_best(const wl_lm *m) { return m->at.epoch > 0 && m->at.step == 0 && m->at.stale == 0; }

static wl_status check_validation(const wl_text *validation, wl_error *error)
{
    const int64_t least = VALIDATION_BATCH * VALIDATION_TIME + 1;
    if (!validation || wl_text_size(validation) >= least) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "a validation text of %" PRId64 " tokens is too short: expected at least "
                        "%" PRId64,
                        wl_text_size(validation), least);
}

wl_status wl_lm_train(wl_lm *m, const wl_text *text, const wl_text *validation, wl_lm_report *hear,
                      void *user, const volatile sig_atomic_t *stop, wl_error *error)
{
    const wl_lm_config *c = &m->config;
    run r = {
        .model = m, .text = text, .validation = validation, .hear = hear, .user = user, .stop = stop
    };
    r.steps = (wl_text_size(text) - 1) / (c->batch * c->time);
    r.now = (wl_lm_progress){ .epochs = c->epochs,
                              .total_steps = c->epochs * r.steps,
                              .total_words = c->epochs * r.steps * c->batch * c->time,
                              .recent_loss = NAN,
                              .epoch_loss = NAN,
                              .validation = NAN };
    wl_status status = check_validation(validation, error);
    if (!status) status = wl_lm_begin_run(m, text, error);
    if (!status) status = send_rate(&r, error);
    describe(&r);
    if (!status) status = tell(&r, error); /* also of where a run goes on */
    while (!status && m->at.epoch < c->epochs && !(c->patience && m->at.stale >= c->patience))
        status = train_epoch(&r, error);
    return status;
}
