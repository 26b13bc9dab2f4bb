/* Runs of epochs: see epoch_run.h. */
#include "epoch_run.h"

#include "devices.h"
#include "program.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const double SOME_TIME = 0.5; /* seconds */

/* ------------------------------------------------------------------ reports */

static void note_epoch(epoch_run *e, const wl_training_progress *now)
{
    progress *p = &e->run.report;
    char train[64], valid[64] = "", right[64] = "";
    p->tell_loss(train, sizeof train, now->epoch_loss);
    if (isfinite(now->validation)) p->tell_loss(valid, sizeof valid, now->validation);
    if (isfinite(now->accuracy))
        snprintf(right, sizeof right, ", %s %.1f %%", e->right, 100 * now->accuracy);
    progress_note(p, "epoch %" PRId64 "/%" PRId64 ": %s%s%s%s%s, %.0f s", now->epoch, now->epochs,
                  train, *valid ? ", validation " : "", valid, *valid && now->best ? " (best)" : "",
                  right, progress_seconds(p));
    e->noted = *now;
    e->noted_at = progress_seconds(p);
}

/* While the run goes on a picture that cannot be written does not end it. */
static int draw(const epoch_run *e)
{
    wl_error error;
    const wl_status status = e->plot ? e->draw(e->run.user, e->plot, &error) : WL_OK;
    return status ? fail(status, &error) : EXIT_DONE;
}

/* The best model so far is the one that is written; nonzero: it cannot be. */
static int write_best(epoch_run *e)
{
    e->written = e->write(e->run.user, e->run.out, &e->trouble);
    return e->written != WL_OK;
}

/* Epochs that are over in no time are told of, and drawn, now and then. */
static bool is_due(const epoch_run *e, const wl_training_progress *now)
{
    return e->noted.epoch == 0 || now->epoch == now->epochs ||
           progress_seconds(&e->run.report) >= e->noted_at + SOME_TIME;
}

/* The best one by a validation always; of those without one the last is to be written. */
static bool is_to_be_written(const epoch_run *e, const wl_training_progress *now)
{
    return now->best && (isfinite(now->validation) || e->noted.epoch == now->epoch);
}

int epoch_run_report(void *user, const wl_training_progress *now)
{
    epoch_run *e = user;
    const progress_report report = { .epoch = now->epoch,
                                     .epochs = now->epochs,
                                     .words = now->tokens,
                                     .total_words = now->total_tokens,
                                     .lr = now->lr,
                                     .recent_loss = now->recent_loss,
                                     .epoch_loss = now->epoch_loss,
                                     .epoch_ended = now->epoch_ended };
    e->last = *now;
    progress_train(&e->run.report, &report,
                   json_pack("{s:I, s:I, s:o, s:o}", "steps", (json_int_t)now->steps, "skipped",
                             (json_int_t)now->skipped, "validation",
                             progress_number(now->validation), "accuracy",
                             progress_number(now->accuracy)));
    if (now->epoch_ended && is_due(e, now)) note_epoch(e, now), draw(e);
    if (now->epoch_ended && is_to_be_written(e, now) && write_best(e)) return 1;
    training_keep(&e->run);
    return 0;
}

/* ------------------------------------------------------------------ the run */

static wl_status resume(epoch_run *e, wl_error *error)
{
    training_run *r = &e->run;
    const wl_status status = training_resume(r, error);
    /* a run that ended for a file that could not be written left it to this one */
    const bool left = !status && r->kept && e->at_best(r->user);
    return left ? e->write(r->user, r->out, error) : status;
}

/* What is said of a run that ended so. */
static int end(epoch_run *e, wl_status status, const wl_error *error)
{
    progress *p = &e->run.report;
    if (e->written) return training_written(&e->run, e->written, &e->trouble);
    if (status == WL_INTERRUPTED) return training_interrupted(&e->run);
    if (status) return fail(status, error);
    progress_note(p, "%" PRId64 " %s in %.1f s", e->last.tokens - p->first_words, p->unit,
                  progress_seconds(p));
    if (e->last.skipped)
        progress_note(p, "%" PRId64 " steps were left out, for their gradients were not finite",
                      e->last.skipped);
    const int drawn = draw(e), code = training_written(&e->run, WL_OK, NULL);
    return code ? code : drawn;
}

int epoch_run_go(epoch_run *e, const common_options *common, const training_path *files)
{
    wl_error error;
    int code = progress_open(&e->run.report, common);
    if (code) return code;
    options_apply_threads(common->threads);
    code = device_open(common->device, &e->ctx);
    if (!code) code = training_begin(&e->run, files);
    if (code) return code;
    wl_status status = e->prepare(e->run.user, &error);
    if (!status) training_catch_signals();
    if (!status) status = resume(e, &error);
    if (status) return fail(status, &error);
    progress_start(&e->run.report);
    status = e->train(e->run.user, &error);
    return end(e, status, &error);
}
