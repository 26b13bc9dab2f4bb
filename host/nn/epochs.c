/* Runs of training: see epochs.h. */
#include "epochs.h"

#include <inttypes.h>
#include <math.h>

enum { REPORT_STEPS = 20 };

static bool asked_to_stop(const wl_epochs *r) { return r->stop && *r->stop; }

/* Accounts for the last `steps` steps. */
static wl_status account(const wl_epochs *r, int64_t steps, double *recent, wl_error *error)
{
    wl_place *at = r->at;
    wl_descent_tally t;
    const wl_status status = wl_descent_fetch(r->descent, &t, error);
    if (status) return status;
    const int64_t good = steps - (t.skipped - at->skipped);
    at->skipped = t.skipped;
    at->epoch_loss += (double)t.total;
    at->epoch_steps += good;
    *recent = good > 0 ? (double)t.total / (double)good : NAN;
    if (t.in_a_row < WL_DESCENT_MOST_BAD) return WL_OK;
    return wl_error_set(error, WL_NOT_FINITE,
                        "training diverged: in %" PRId64 " steps in a row the gradients were not "
                        "finite, at step %" PRId64 " of epoch %" PRId64
                        " and learning rate %g; lower the learning rate or the clip",
                        t.in_a_row, at->step, at->epoch + 1, at->lr);
}

/* The run as it stands. */
static wl_training_progress describe(const wl_epochs *r)
{
    const wl_place *at = r->at;
    return (wl_training_progress){
        .epoch = at->epoch + 1,
        .epochs = r->epochs,
        .steps = at->epoch * r->steps + at->step,
        .total_steps = r->epochs * r->steps,
        .tokens = at->epoch * r->tokens + at->tokens,
        .total_tokens = r->epochs * r->tokens,
        .skipped = at->skipped,
        .lr = at->lr,
        .recent_loss = NAN,
        .epoch_loss = at->epoch_steps > 0 ? at->epoch_loss / (double)at->epoch_steps : NAN,
        .validation = NAN,
        .accuracy = NAN,
    };
}

static wl_status tell(const wl_epochs *r, const wl_training_progress *now, wl_error *error)
{
    const bool ended = r->hear && r->hear(r->listener, now);
    return ended || asked_to_stop(r) ? wl_error_set(error, WL_INTERRUPTED, "interrupted") : WL_OK;
}

/* Some steps, until the stop. */
static wl_status train_some(const wl_epochs *r, wl_error *error)
{
    wl_place *at = r->at;
    int64_t done = 0;
    double recent = NAN;
    wl_status status = WL_OK;
    while (!status && done < REPORT_STEPS && at->step < r->steps && !asked_to_stop(r)) {
        int64_t labels = 0;
        status = r->step(r->user, &labels, error);
        at->tokens += labels;
        at->step++, done++;
    }
    if (!status) status = account(r, done, &recent, error);
    if (status) return status;
    wl_training_progress now = describe(r);
    now.recent_loss = recent;
    return tell(r, &now, error);
}

/* The validation, and what follows from it for the learning rate. */
static wl_status validate(const wl_epochs *r, wl_training_epoch *out, int32_t *best,
                          wl_error *error)
{
    wl_place *at = r->at;
    *best = 1;
    if (!r->validate) return WL_OK;
    const wl_status status = r->validate(r->held_out, out, error);
    if (status) return status;
    *best = out->validation < at->best;
    if (*best) {
        at->best = out->validation;
        at->stale = 0;
        return WL_OK;
    }
    at->stale++;
    at->lr *= r->decay;
    return wl_descent_set_rate(r->descent, at->lr, error);
}

static wl_status train_epoch(const wl_epochs *r, wl_error *error)
{
    wl_place *at = r->at;
    wl_training_epoch cost = { NAN, NAN, NAN };
    int32_t best;
    wl_status status = WL_OK;
    while (!status && at->step < r->steps) status = train_some(r, error);
    if (!status) status = validate(r, &cost, &best, error);
    if (status) return status;
    wl_training_progress now = describe(r);
    cost.loss = now.epoch_loss;
    now.epoch_ended = 1;
    now.validation = cost.validation;
    now.accuracy = cost.accuracy;
    now.best = best;
    r->done[at->epoch] = cost;
    at->epoch++; /* what is saved now goes on with the next one */
    at->step = at->epoch_steps = at->tokens = 0;
    at->epoch_loss = 0;
    return tell(r, &now, error);
}

wl_status wl_epochs_run(const wl_epochs *r, wl_error *error)
{
    const wl_place *at = r->at;
    wl_status status = wl_descent_set_rate(r->descent, at->lr, error);
    const wl_training_progress now = describe(r);
    if (!status) status = tell(r, &now, error); /* also of where a run goes on */
    while (!status && at->epoch < r->epochs && !(r->patience && at->stale >= r->patience))
        status = train_epoch(r, error);
    return status;
}
