/* Evaluation of the language model. */
#include "lm.h"

#include <wordloom/nn/text.h>

/* The mean of the steps' losses. */
static wl_status mean_loss(wl_lm_pass *p, int64_t steps, const volatile sig_atomic_t *stop,
                           double *loss, wl_error *error)
{
    wl_lm *m = p->model;
    double sum = 0;
    for (int64_t i = 0; i < steps; i++) {
        float one;
        wl_status status = wl_lm_step(p, error);
        if (status) return status;
        status = wl_ctx_copy(m->ctx, &one, p->loss.data, sizeof one);
        if (status) return wl_lm_failed(m, status, error);
        if (stop && *stop) return wl_error_set(error, WL_INTERRUPTED, "interrupted");
        sum += (double)one;
    }
    *loss = sum / (double)steps;
    return WL_OK;
}

wl_status wl_lm_evaluate(wl_lm *m, const wl_text *text, int64_t batch, int64_t time,
                         const volatile sig_atomic_t *stop, double *loss, int64_t *labels,
                         wl_error *error)
{
    const int64_t N = wl_text_size(text), steps = (N - 1) / (batch * time);
    wl_lm_pass *pass;
    if (steps < 1)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "a text of %lld tokens is too short: expected at least %lld, one step "
                            "of %lld in each of %lld streams and one more",
                            (long long)N, (long long)(batch * time + 1), (long long)time,
                            (long long)batch);
    wl_status status = wl_lm_pass_create(&pass, m, time, batch, wl_text_ids(text), N, false, error);
    if (status) return status;
    status = mean_loss(pass, steps, stop, loss, error);
    if (!status) *labels = steps * batch * time;
    wl_lm_pass_destroy(pass);
    return status;
}
