/* Training the sequence-to-sequence model, and its checkpoints. */
#include "seq2seq.h"

#include "../nn/run_state.h"

#include <math.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ the run */

static wl_seq2seq_pair pair_of(const wl_pairs *pairs, int64_t i)
{
    wl_seq2seq_pair p;
    p.source = wl_pairs_source(pairs, i, &p.source_length);
    p.target = wl_pairs_target(pairs, i, &p.target_length);
    return p;
}

static void take_batch(const wl_seq2seq_batches *b, int64_t i, wl_seq2seq_pair *to, int64_t *count)
{
    const int64_t *numbers = wl_seq2seq_batch(b, i, count);
    for (int64_t k = 0; k < *count; k++) to[k] = pair_of(b->pairs, numbers[k]);
}

static wl_status step(void *user, int64_t *labels, wl_error *error)
{
    wl_seq2seq_run *r = user;
    const wl_place *at = &r->model->at;
    const wl_seq2seq_config *c = &r->model->config;
    int64_t count;
    if (r->shuffled != at->epoch)
        wl_seq2seq_batches_shuffle(&r->batches, c->pool, c->seed, at->epoch);
    r->shuffled = at->epoch;
    take_batch(&r->batches, at->step, r->pairs, &count);
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

/* ------------------------------------------------------------------ evaluation */

/* The sum of the labels' losses. */
static wl_status sum_losses(wl_seq2seq_pass *pass, const wl_seq2seq_batches *b,
                            wl_seq2seq_pair *room, const volatile sig_atomic_t *stop, double *sum,
                            int64_t *labels, wl_error *error)
{
    *sum = 0, *labels = 0;
    for (int64_t i = 0; i < b->count; i++) {
        int64_t count;
        float loss;
        take_batch(b, i, room, &count);
        wl_status status = wl_seq2seq_step(pass, room, count, 0, error);
        if (status) return status;
        status = wl_ctx_copy(pass->model->ctx, &loss, pass->loss.data, sizeof loss);
        if (status) return wl_seq2seq_failed(pass->model, status, error);
        if (stop && *stop) return wl_error_set(error, WL_INTERRUPTED, "interrupted");
        *sum += (double)loss * (double)pass->labels;
        *labels += pass->labels;
    }
    return WL_OK;
}

wl_status wl_seq2seq_evaluate(wl_seq2seq *m, const wl_pairs *pairs,
                              const volatile sig_atomic_t *stop, double *loss, int64_t *labels,
                              wl_error *error)
{
    wl_seq2seq_batches batches;
    wl_seq2seq_pass pass = { .model = m };
    wl_status status = wl_seq2seq_batches_create(&batches, pairs, m->config.batch, error);
    if (status) return status;
    wl_seq2seq_batches_sort(&batches);
    wl_seq2seq_pair *room = calloc((size_t)m->config.batch, sizeof *room);
    status = room ? sum_losses(&pass, &batches, room, stop, loss, labels, error)
                  : wl_error_set(error, WL_NO_MEMORY, "no memory for a batch");
    if (!status) *loss /= (double)*labels;
    free(room);
    wl_seq2seq_pass_destroy(&pass);
    wl_seq2seq_batches_destroy(&batches);
    return status;
}

/* ------------------------------------------------------------------ training */

/* A run, and what it is validated with. */
typedef struct validated {
    wl_seq2seq *model;
    const wl_pairs *pairs;
    int64_t translated;
    const volatile sig_atomic_t *stop;
} validated;

static wl_status train_step(void *user, int64_t *labels, wl_error *error)
{
    const validated *v = user;
    return step(v->model->run, labels, error);
}

static wl_status validate(void *user, wl_training_epoch *out, wl_error *error)
{
    const validated *v = user;
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
    run.step = train_step;
    run.validate = validation ? validate : NULL;
    run.user = &v;
    run.hear = hear, run.listener = listener, run.stop = stop;
    return wl_epochs_run(&run, error);
}

/* ------------------------------------------------------------------ checkpoints */

/* What belongs to one saving or loading. */
typedef struct keeping {
    wl_run_state state;
    wl_epochs run;
    wl_checkpoint file;
    char *config, *words; /* words: of the source */
} keeping;

/* The run as it is now; the caller frees it. */
static wl_status describe(keeping **out, wl_seq2seq *m, const wl_pairs *pairs, const char *path,
                          wl_error *error)
{
    size_t length;
    const wl_status status = wl_seq2seq_begin_run(m, pairs, error);
    keeping *k = status ? NULL : calloc(1, sizeof *k);
    *out = k;
    if (status) return status;
    if (k) k->config = wl_seq2seq_json(&m->config);
    if (!k || !k->config || wl_vocabulary_encode(m->source, &k->words, &length))
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
    const wl_seq2seq_tables tables = wl_seq2seq_list_tables(m);
    k->run = wl_seq2seq_run_on(m);
    wl_run_state_list(&k->state, &k->run, tables.list);
    k->state.tensors[k->state.count++] = (wl_checkpoint_tensor){
        .name = "source.vocabulary",
        .tensor = { k->words, WL_U8, 1, { (int64_t)length }, { 0 } },
        .fixed = 1,
        .what = "the source's vocabulary",
    };
    k->file = (wl_checkpoint){
        .model = "seq2seq", .config = k->config, .words = m->target, .text = wl_pairs_hash(pairs)
    };
    return WL_OK;
}

static void forget(keeping *k)
{
    if (k) free(k->config), free(k->words);
    free(k);
}

wl_status wl_seq2seq_save(wl_seq2seq *m, const wl_pairs *pairs, const char *path, wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, pairs, path, error);
    if (!status) status = wl_run_state_save(&k->state, k->file, path, error);
    forget(k);
    return status;
}

wl_status wl_seq2seq_load(wl_seq2seq *m, const wl_pairs *pairs, const char *path, wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, pairs, path, error);
    if (!status) status = wl_run_state_load(&k->state, k->file, path, error);
    forget(k);
    return status;
}
