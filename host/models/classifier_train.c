/* Training the classifier: the order of the points, epochs, validation. */
#include "classifier.h"

#include "../nn/floats.h"
#include "../nn/shuffle.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ steps */

static void order_points(wl_classifier_run *r, int64_t epoch)
{
    const int64_t N = wl_points_size(r->points);
    if (r->shuffled == epoch) return;
    for (int64_t i = 0; i < N; i++) r->order[i] = i;
    wl_shuffle(r->order, N, r->model->config.seed, epoch, WL_PURPOSE_ORDER);
    r->shuffled = epoch;
}

/* The next points to the device; what is left of a last batch has no labels, and its numbers do not
 * matter. Answers how many. */
static wl_status send_batch(wl_classifier_run *r, int64_t step, int64_t *count, wl_error *error)
{
    const wl_classifier *m = r->model;
    const int64_t B = r->pass.B, left = wl_points_size(r->points) - step * B;
    const float *values = wl_points_values(r->points);
    const int32_t *labels = wl_points_labels(r->points);
    *count = left < B ? left : B;
    for (int64_t i = 0; i < B; i++) {
        const int64_t point = i < *count ? r->order[step * B + i] : -1;
        r->labels[i] = point < 0 ? -1 : labels[point];
        if (point >= 0)
            memcpy(r->values + i * m->D, values + point * m->D, (size_t)m->D * sizeof *values);
    }
    const wl_status status = wl_floats_send(m->ctx, &r->pass.x, r->values, error);
    if (status) return status;
    return wl_classifier_failed(
        m, wl_ctx_copy(m->ctx, r->pass.labels.data, r->labels, (size_t)B * sizeof *labels), error);
}

static wl_status step(void *user, int64_t *labels, wl_error *error)
{
    wl_classifier_run *r = user;
    const wl_place *at = &r->model->at;
    order_points(r, at->epoch);
    const wl_status status = send_batch(r, at->step, labels, error);
    return status ? status : wl_classifier_step(&r->pass, error);
}

/* ------------------------------------------------------------------ the run */

wl_epochs wl_classifier_run_on(wl_classifier *m)
{
    const wl_classifier_config *c = &m->config;
    const int64_t N = wl_points_size(m->run->points);
    return (wl_epochs){ .epochs = c->epochs,
                        .patience = c->patience,
                        .decay = c->decay,
                        .steps = (N + m->run->pass.B - 1) / m->run->pass.B,
                        .tokens = N,
                        .at = &m->at,
                        .done = m->epochs,
                        .descent = &m->run->descent,
                        .step = step,
                        .user = m->run };
}

static wl_status carve(void *owner, wl_arena *arena)
{
    wl_classifier_run *r = owner;
    r->descent.loss = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ 1 });
    wl_descent_carve(&r->descent, arena);
    return WL_OK;
}

static wl_status begin(wl_classifier_run *r, const wl_points *points, wl_error *error)
{
    wl_classifier *m = r->model;
    const wl_classifier_config *c = &m->config;
    const int64_t N = wl_points_size(points), B = c->batch < N ? c->batch : N;
    r->points = points;
    r->shuffled = -1;
    r->descent = (wl_descent){ .parameters = &m->parameters, .clip = c->clip, .seed = c->seed };
    r->pass = (wl_classifier_pass){ .model = m, .B = B, .descent = &r->descent };
    r->order = malloc((size_t)N * sizeof *r->order);
    r->values = calloc((size_t)(B * m->D), sizeof *r->values);
    r->labels = malloc((size_t)B * sizeof *r->labels);
    if (!m->epochs) m->epochs = calloc((size_t)c->epochs, sizeof *m->epochs);
    if (!r->order || !r->values || !r->labels || !m->epochs)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for a run");
    wl_status status = wl_arena_create(&r->arena, m->ctx, carve, r, error);
    if (!status) status = wl_classifier_pass_create(&r->pass, error);
    return status ? status : wl_descent_begin(&r->descent, error);
}

wl_status wl_classifier_begin_run(wl_classifier *m, const wl_points *points, wl_error *error)
{
    wl_status status = wl_classifier_check_points(m, points, error);
    if (status || m->run) return status;
    wl_classifier_run *r = calloc(1, sizeof *r);
    if (!r) return wl_error_set(error, WL_NO_MEMORY, "no memory for a run");
    r->model = m;
    status = begin(r, points, error);
    if (status)
        wl_classifier_run_destroy(r);
    else
        m->run = r;
    return status;
}

void wl_classifier_run_destroy(wl_classifier_run *r)
{
    if (!r) return;
    wl_classifier_pass_destroy(&r->pass);
    wl_arena_destroy(&r->arena);
    free(r->order);
    free(r->values);
    free(r->labels);
    free(r);
}

int64_t wl_classifier_epochs(const wl_classifier *m, const wl_training_epoch **out)
{
    *out = m->epochs;
    return m->at.epoch;
}

int wl_classifier_at_best(const wl_classifier *m)
{
    return m->at.epoch > 0 && m->at.step == 0 && m->at.stale == 0;
}

/* ------------------------------------------------------------------ training */

/* What a model is validated with. */
typedef struct validated {
    wl_classifier *model;
    const wl_points *points;
} validated;

static wl_status validate(void *held_out, wl_training_epoch *out, wl_error *error)
{
    const validated *v = held_out;
    int64_t right;
    const wl_status status =
        wl_classifier_evaluate(v->model, v->points, &out->validation, &right, NULL, error);
    out->accuracy = (double)right / (double)wl_points_size(v->points);
    return status;
}

wl_status wl_classifier_train(wl_classifier *m, const wl_points *points,
                              const wl_points *validation, wl_training_report *hear, void *listener,
                              const volatile sig_atomic_t *stop, wl_error *error)
{
    validated v = { m, validation };
    wl_status status = validation ? wl_classifier_check_points(m, validation, error) : WL_OK;
    if (!status) status = wl_classifier_begin_run(m, points, error);
    if (status) return status;
    wl_epochs run = wl_classifier_run_on(m);
    run.validate = validation ? validate : NULL;
    run.held_out = &v;
    run.hear = hear, run.listener = listener, run.stop = stop;
    return wl_epochs_run(&run, error);
}
