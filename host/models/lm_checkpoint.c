/* Checkpoints of the language model: what of a run is kept. */
#include "lm.h"

#include <wordloom/nn/checkpoint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLACES = 5, RATES = 3, MOST_TENSORS = 32 + 2 * WL_LM_MOST_LAYERS };

/* What of a run lies in the host's memory on its way to or from a file. */
typedef struct state {
    wl_lm *model;
    const wl_text *text;
    int64_t place[PLACES];
    double rates[RATES];
    char *config;
    char names[2 * WL_LM_MOST_LAYERS][32];
    wl_checkpoint_tensor tensors[MOST_TENSORS];
    int64_t count;
} state;

static void add(state *s, const char *name, wl_tensor tensor, wl_ctx *ctx)
{
    s->tensors[s->count++] =
        (wl_checkpoint_tensor){ name, tensor, ctx, 0, "the configuration or the vocabulary" };
}

static wl_tensor row_of(void *data, int32_t dtype, int64_t n)
{
    return (wl_tensor){ data, dtype, 1, { n }, { 0 } };
}

/* The carried states as they enter the next step. */
static void add_states(state *s)
{
    const wl_lm_pass *p = s->model->run;
    for (int64_t l = 0; l < s->model->config.layers; l++) {
        char *h = s->names[2 * l], *c = s->names[2 * l + 1];
        snprintf(h, sizeof s->names[0], "state.%d.h", (int)l);
        snprintf(c, sizeof s->names[0], "state.%d.c", (int)l);
        add(s, h, p->layers[l].state[p->from], s->model->ctx);
        add(s, c, p->layers[l].cell_state[p->from], s->model->ctx);
    }
}

/* All that a run is, in the order of the file: what has the largest elements first. */
static void list_tensors(state *s)
{
    wl_lm *m = s->model;
    const wl_lm_pass *p = m->run;
    add(s, "place", row_of(s->place, WL_I64, PLACES), NULL);
    add(s, "rates", row_of(s->rates, WL_F64, RATES), NULL);
    add(s, "epochs", (wl_tensor){ m->epochs, WL_F64, 2, { m->config.epochs, 2 }, { 0 } }, NULL);
    add(s, "position", p->position, m->ctx);
    add(s, "step", p->step, m->ctx);
    add(s, "skipped", p->skipped, m->ctx);
    add(s, "in_a_row", p->in_a_row, m->ctx);
    add(s, "clean", p->clean, m->ctx);
    add(s, "loss_scale", p->loss_scale, m->ctx);
    add(s, "total", p->total, m->ctx);
    add(s, "parameters", m->parameters.value, m->ctx);
    add(s, "parameters.m", m->parameters.m, m->ctx);
    add(s, "parameters.v", m->parameters.v, m->ctx);
    if (!m->config.tie) add(s, "embedding.weight", m->table.value, m->ctx);
    add(s, "embedding.m", m->table.m, m->ctx);
    add(s, "embedding.v", m->table.v, m->ctx);
    add_states(s);
}

/* The run as it is now. */
static wl_status describe(state *s, wl_lm *m, const wl_text *text, const char *path,
                          wl_error *error)
{
    const wl_lm_place *at = &m->at;
    wl_status status = wl_lm_begin_run(m, text, error);
    *s = (state){ .model = m,
                  .text = text,
                  .place = { at->epoch, at->step, at->stale, at->skipped, at->epoch_steps },
                  .rates = { at->lr, at->best, at->epoch_loss } };
    if (status) return status;
    s->config = wl_lm_json(&m->config);
    if (!s->config)
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
    list_tensors(s);
    return WL_OK;
}

/* The place is one within the run. */
static wl_status check_place(void *user, const char *name, wl_error *error)
{
    const state *s = user;
    const wl_lm_config *c = &s->model->config;
    const int64_t steps = (wl_text_size(s->text) - 1) / (c->batch * c->time);
    bool sound = s->place[0] <= c->epochs && s->place[1] <= steps && s->place[4] <= steps;
    for (int i = 0; i < PLACES; i++) sound = sound && s->place[i] >= 0;
    sound = sound && isfinite(s->rates[0]) && s->rates[0] >= 0 && !isnan(s->rates[1]);
    return sound ? WL_OK
                 : wl_error_set(error, WL_BAD_FILE, "%s: expected a place within the run", name);
}

static wl_checkpoint checkpoint_of(state *s)
{
    return (wl_checkpoint){ .model = "lm",
                            .config = s->config,
                            .words = s->model->words,
                            .text = wl_text_hash(s->text),
                            .tensors = s->tensors,
                            .count = s->count,
                            .check = check_place,
                            .user = s };
}

wl_status wl_lm_save(wl_lm *m, const wl_text *text, const char *path, wl_error *error)
{
    state s;
    wl_status status = describe(&s, m, text, path, error);
    const wl_checkpoint c = checkpoint_of(&s);
    if (!status) status = wl_checkpoint_save(&c, path, error);
    free(s.config);
    return status;
}

wl_status wl_lm_load(wl_lm *m, const wl_text *text, const char *path, wl_error *error)
{
    state s;
    wl_status status = describe(&s, m, text, path, error);
    const wl_checkpoint c = checkpoint_of(&s);
    if (!status) status = wl_checkpoint_load(&c, path, error);
    free(s.config);
    if (status) return status;
    m->at = (wl_lm_place){ .epoch = s.place[0],
                           .step = s.place[1],
                           .stale = s.place[2],
                           .skipped = s.place[3],
                           .epoch_steps = s.place[4],
                           .lr = s.rates[0],
                           .best = s.rates[1],
                           .epoch_loss = s.rates[2] };
    return wl_parameters_settle(&m->parameters, error);
}
