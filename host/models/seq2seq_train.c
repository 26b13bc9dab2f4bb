/* Training the sequence-to-sequence model. */
#include "seq2seq.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ the run */

static wl_status step(void *user, int64_t *labels, wl_error *error)
{
    wl_seq2seq_run *r = user;
    const wl_place *at = &r->model->at;
    const wl_seq2seq_config *c = &r->model->config;
    int64_t count;
    if (r->shuffled != at->epoch)
        wl_seq2seq_batches_shuffle(&r->batches, c->pool, c->seed, at->epoch);
    r->shuffled = at->epoch;
    wl_seq2seq_take_batch(&r->batches, at->step, r->pairs, &count);
    const int64_t number = at->epoch * r->batches.count + at->step + 1;
    const wl_status status = wl_seq2seq_step(&r->pass, r->pairs, count, number, error);
    *labels = r->pass.labels;
    return status;
}

wl_epochs wl_seq2seq_run_on(wl_seq2seq *m)
{
    const wl_seq2seq_config *c = &m->config;
    const wl_pairs *pairs = m->run->batches.pairs;
    return (wl_epochs){ .epochs = c->epochs,
                        .patience = c->patience,
                        .decay = c->decay,
                        .steps = m->run->batches.count,
                        .tokens = wl_pairs_target_tokens(pairs) + wl_pairs_size(pairs),
                        .at = &m->at,
                        .done = m->epochs,
                        .descent = &m->run->descent,
                        .step = step,
                        .user = m->run };
}

static wl_status carve(void *owner, wl_arena *arena)
{
    wl_seq2seq_run *r = owner;
    wl_descent_carve(&r->descent, arena);
    return WL_OK;
}

static wl_status begin(wl_seq2seq_run *r, const wl_pairs *pairs, wl_error *error)
{
    wl_seq2seq *m = r->model;
    const wl_seq2seq_config *c = &m->config;
    r->shuffled = -1;
    r->descent = (wl_descent){ .parameters = &m->parameters, .clip = c->clip, .seed = c->seed };
    r->pass = (wl_seq2seq_pass){ .model = m, .training = true, .descent = &r->descent };
    r->pairs = calloc((size_t)c->batch, sizeof *r->pairs);
    if (!m->epochs) m->epochs = calloc((size_t)c->epochs, sizeof *m->epochs);
    if (!r->pairs || !m->epochs) return wl_error_set(error, WL_NO_MEMORY, "no memory for a run");
    wl_status status = wl_seq2seq_batches_create(&r->batches, pairs, c->batch, error);
    if (!status) status = wl_arena_create(&r->arena, m->ctx, carve, r, error);
    return status ? status : wl_descent_begin(&r->descent, error);
}

wl_status wl_seq2seq_begin_run(wl_seq2seq *m, const wl_pairs *pairs, wl_error *error)
{
    if (m->run) return WL_OK;
    wl_seq2seq_run *r = calloc(1, sizeof *r);
    if (!r) return wl_error_set(error, WL_NO_MEMORY, "no memory for a run");
    r->model = m;
    const wl_status status = begin(r, pairs, error);
    if (status)
        wl_seq2seq_run_destroy(r);
    else
        m->run = r;
    return status;
}

void wl_seq2seq_run_destroy(wl_seq2seq_run *r)
{
    if (!r) return;
    wl_seq2seq_pass_destroy(&r->pass);
    wl_arena_destroy(&r->arena);
    wl_seq2seq_batches_destroy(&r->batches);
    free(r->pairs);
    free(r);
}

/* ------------------------------------------------------------------ training */

/* What a model is validated with. */
typedef struct validated {
    wl_seq2seq *model;
    const wl_pairs *pairs;
    int64_t translated;
    const volatile sig_atomic_t *stop;
} validated;

static wl_status validate(void *held_out, wl_training_epoch *out, wl_error *error)
{
    const validated *v = held_out;
    int64_t labels;
    const wl_status status =
        wl_seq2seq_evaluate(v->model, v->pairs, v->stop, &out->validation, &labels, error);
    if (status || v->translated == 0) return status;
    return wl_seq2seq_accuracy(v->model, v->pairs, v->translated, v->stop, &out->accuracy, error);
}

wl_status wl_seq2seq_train(wl_seq2seq *m, const wl_pairs *pairs, const wl_pairs *validation,
                           int64_t translated, wl_training_report *hear, void *listener,
                           const volatile sig_atomic_t *stop, wl_error *error)
{
    validated v = { m, validation, translated, stop };
    const wl_status status = wl_seq2seq_begin_run(m, pairs, error);
    if (status) return status;
    wl_epochs run = wl_seq2seq_run_on(m);
    run.validate = validation ? validate : NULL;
    run.held_out = &v;
    run.hear = hear, run.listener = listener, run.stop = stop;
    return wl_epochs_run(&run, error);
}
