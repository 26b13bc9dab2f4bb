/* Training the language model: epochs, reports, validation and the learning rate. */
#include "lm.h"

#include <inttypes.h>
#include <stdlib.h>

enum { VALIDATION_BATCH = 10, VALIDATION_TIME = 35 };

static wl_status step(void *user, int64_t *labels, wl_error *error)
{
    wl_lm *m = user;
    *labels = m->config.batch * m->config.time;
    return wl_lm_step(m->run, error);
}

wl_epochs wl_lm_run_on(wl_lm *m, const wl_text *text)
{
    const wl_lm_config *c = &m->config;
    const int64_t labels = c->batch * c->time, steps = (wl_text_size(text) - 1) / labels;
    return (wl_epochs){ .epochs = c->epochs,
                        .patience = c->patience,
                        .decay = c->decay,
                        .steps = steps,
                        .tokens = steps * labels,
                        .at = &m->at,
                        .done = m->epochs,
                        .descent = &m->run->descent,
                        .step = step,
                        .user = m };
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

int64_t wl_lm_epochs(const wl_lm *m, const wl_training_epoch **out)
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

/* What a model is validated with. */
typedef struct validated {
    wl_lm *model;
    const wl_text *text;
    const volatile sig_atomic_t *stop;
} validated;

static wl_status validate(void *held_out, wl_training_epoch *out, wl_error *error)
{
    const validated *v = held_out;
    int64_t labels;
    return wl_lm_evaluate(v->model, v->text, VALIDATION_BATCH, VALIDATION_TIME, v->stop,
                          &out->validation, &labels, error);
}

wl_status wl_lm_train(wl_lm *m, const wl_text *text, const wl_text *validation,
                      wl_training_report *hear, void *listener, const volatile sig_atomic_t *stop,
                      wl_error *error)
{
    validated v = { m, validation, stop };
    wl_status status = check_validation(validation, error);
    if (!status) status = wl_lm_begin_run(m, text, error);
    if (status) return status;
    wl_epochs run = wl_lm_run_on(m, text);
    run.validate = validation ? validate : NULL;
    run.held_out = &v;
    run.hear = hear, run.listener = listener, run.stop = stop;
    return wl_epochs_run(&run, error);
}
