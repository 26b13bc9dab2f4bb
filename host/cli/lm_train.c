/* wordloom lm train: a recurrent language model from a text. */
#include "devices.h"
#include "lm.h"
#include "lm_plot.h"
#include "lm_train_options.h"
#include "program.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* What the run owns, in the order in which it is made. */
typedef struct job {
    lm_train_options set;
    training_run run;
    wl_training_progress last;
    wl_ctx *ctx;
    wl_vocabulary *words;
    wl_text *text, *validation;
    wl_lm *model;
    wl_status written; /* of the last time that the model was, */
    wl_error trouble;  /* and why it was not */
} job;

static wl_status save(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_lm_save(j->model, j->text, path, error);
}

static wl_status load(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_lm_load(j->model, j->text, path, error);
}

static void tell_words(char *to, size_t room, double loss)
{
    lm_tell_loss(to, room, WL_TEXT_WORD, loss);
}

static void tell_characters(char *to, size_t room, double loss)
{
    lm_tell_loss(to, room, WL_TEXT_CHAR, loss);
}

/* ------------------------------------------------------------------ reports */

static int32_t level_of(const job *j) { return wl_lm_configuration(j->model)->level; }

static void tell_unit(job *j)
{
    const bool characters = level_of(j) == WL_TEXT_CHAR;
    j->run.report.tell_loss = characters ? tell_characters : tell_words;
    j->run.report.unit = characters ? "characters" : "words";
}

static void note_epoch(job *j, const wl_training_progress *now)
{
    char train[64], valid[64] = "";
    lm_tell_loss(train, sizeof train, level_of(j), now->epoch_loss);
    if (isfinite(now->validation)) lm_tell_loss(valid, sizeof valid, level_of(j), now->validation);
    progress_note(&j->run.report, "epoch %" PRId64 "/%" PRId64 ": %s%s%s%s, %.0f s", now->epoch,
                  now->epochs, train, *valid ? ", validation " : "", valid,
                  *valid && now->best ? " (best)" : "", progress_seconds(&j->run.report));
}

/* The picture of --plot; while the run goes on one that cannot be written does not end it. */
static int draw_curves(const job *j)
{
    wl_error error;
    const wl_status status = j->set.plot ? lm_plot(j->model, j->set.plot, &error) : WL_OK;
    return status ? fail(status, &error) : EXIT_DONE;
}

/* The best model so far is the one that is written; nonzero: it cannot be, which ends the run. */
static int write_best(job *j)
{
    j->written = wl_lm_write(j->model, j->run.out, &j->trouble);
    return j->written != WL_OK;
}

static int on_report(void *user, const wl_training_progress *now)
{
    job *j = user;
    const progress_report report = { .epoch = now->epoch,
                                     .epochs = now->epochs,
                                     .words = now->tokens,
                                     .total_words = now->total_tokens,
                                     .lr = now->lr,
                                     .recent_loss = now->recent_loss,
                                     .epoch_loss = now->epoch_loss,
                                     .epoch_ended = now->epoch_ended };
    j->last = *now;
    progress_train(&j->run.report, &report,
                   json_pack("{s:I, s:I, s:o}", "steps", (json_int_t)now->steps, "skipped",
                             (json_int_t)now->skipped, "validation",
                             progress_number(now->validation)));
    if (now->epoch_ended) note_epoch(j, now), draw_curves(j);
    if (now->epoch_ended && now->best && write_best(j)) return 1;
    training_keep(&j->run);
    return 0;
}

/* ------------------------------------------------------------------ the run */

/* The model, drawn or from a file, and the texts by its vocabulary. */
static wl_status make_model(job *j, wl_error *error)
{
    const lm_train_options *s = &j->set;
    wl_status status = s->init ? wl_lm_create_from(&j->model, j->ctx, s->init, &s->config, error)
                               : wl_text_count(&j->text, &j->words, s->corpus, s->config.level,
                                               s->min_count, s->max_vocabulary, error);
    if (status) return status;
    const int32_t level = s->init ? wl_lm_configuration(j->model)->level : s->config.level;
    const wl_vocabulary *words = s->init ? wl_lm_vocabulary(j->model) : j->words;
    if (s->init) status = wl_text_read(&j->text, s->corpus, level, words, error);
    if (!status && s->validation)
        status = wl_text_read(&j->validation, s->validation, level, words, error);
    if (status || s->init) return status;
    return wl_lm_create(&j->model, j->ctx, &s->config, words, error);
}

static wl_status prepare(job *j, wl_error *error)
{
    wl_status status = make_model(j, error);
    if (status) return status;
    tell_unit(j);
    progress_note(&j->run.report,
                  "%" PRId64 " tokens, a vocabulary of %" PRId64 ", %" PRId64 " parameters",
                  wl_text_size(j->text), wl_vocabulary_size(wl_lm_vocabulary(j->model)),
                  wl_lm_parameters(j->model));
    training_catch_signals();
    status = training_resume(&j->run, error);
    /* a run that ended for a file that could not be written left it to this one */
    if (!status && j->run.kept && wl_lm_at_best(j->model))
        status = wl_lm_write(j->model, j->run.out, error);
    return status;
}

static int train(job *j)
{
    wl_error error;
    progress *p = &j->run.report;
    progress_start(p);
    const wl_status status =
        wl_lm_train(j->model, j->text, j->validation, on_report, j, &training_stop, &error);
    if (j->written) return training_written(&j->run, j->written, &j->trouble);
    if (status == WL_INTERRUPTED) return training_interrupted(&j->run);
    if (status) return fail(status, &error);
    progress_note(p, "%" PRId64 " %s in %.1f s", j->last.tokens - p->first_words, p->unit,
                  progress_seconds(p));
    if (j->last.skipped)
        progress_note(p, "%" PRId64 " steps were left out, for their gradients were not finite",
                      j->last.skipped);
    const int drawn = draw_curves(j), code = training_written(&j->run, WL_OK, NULL);
    return code ? code : drawn;
}

static int run(job *j)
{
    const training_path files[] = { { "--corpus", j->set.corpus, false },
                                    { "--valid", j->set.validation, false },
                                    { "--init", j->set.init, false },
                                    { "--plot", j->set.plot, true },
                                    { 0 } };
    wl_error error;
    int code = device_open(j->set.common.device, &j->ctx);
    if (!code) code = training_begin(&j->run, files);
    if (code) return code;
    const wl_status status = prepare(j, &error);
    return status ? fail(status, &error) : train(j);
}

int run_lm_train(int count, char **args)
{
    job j = { .run = { .save = save, .load = load, .user = &j } };
    int code = lm_train_options_read(&j.set, &j.run, count, args);
    if (code != OPTIONS_READ) return code;
    code = progress_open(&j.run.report, &j.set.common);
    if (code) return code;
    options_apply_threads(j.set.common.threads);
    code = run(&j);
    wl_lm_destroy(j.model);
    wl_text_destroy(j.validation);
    wl_text_destroy(j.text);
    wl_vocabulary_destroy(j.words);
    wl_ctx_destroy(j.ctx);
    return training_end(&j.run, code);
}
