/* The part of a checkpoint that all runs have: see run_state.h. */
#include "run_state.h"

#include <math.h>
#include <stdio.h>

void wl_run_state_add(wl_run_state *s, const char *name, wl_tensor tensor, wl_ctx *ctx)
{
    s->tensors[s->count++] =
        (wl_checkpoint_tensor){ name, tensor, ctx, 0, "the configuration or the vocabulary" };
}

static wl_tensor row_of(void *data, int32_t dtype, int64_t n)
{
    return (wl_tensor){ data, dtype, 1, { n }, { 0 } };
}

static void add_table(wl_run_state *s, const wl_lookup *l, int number)
{
    static const char *const parts[] = { "", ".m", ".v" };
    const wl_tensor tensors[] = { l->table, l->m, l->v };
    for (int i = 0; i < 3; i++) {
        char *name = s->names[number][i];
        snprintf(name, sizeof s->names[number][i], "%s%s", l->name, parts[i]);
        wl_run_state_add(s, name, tensors[i], l->parameters->ctx);
    }
}

void wl_run_state_list(wl_run_state *s, const wl_epochs *run, const wl_lookup *const *tables)
{
    const wl_place *at = run->at;
    const wl_descent *d = run->descent;
    const wl_parameters *p = d->parameters;
    wl_ctx *ctx = p->ctx;
    *s = (wl_run_state){
        .run = run,
        .counts = { at->epoch, at->step, at->stale, at->skipped, at->epoch_steps, at->tokens },
        .rates = { at->lr, at->best, at->epoch_loss },
    };
    wl_run_state_add(s, "place", row_of(s->counts, WL_I64, WL_RUN_COUNTS), NULL);
    wl_run_state_add(s, "rates", row_of(s->rates, WL_F64, WL_RUN_RATES), NULL);
    wl_run_state_add(s, "epochs", (wl_tensor){ run->done, WL_F64, 2, { run->epochs, 3 }, { 0 } },
                     NULL);
    wl_run_state_add(s, "step", d->step, ctx);
    wl_run_state_add(s, "skipped", d->skipped, ctx);
    wl_run_state_add(s, "in_a_row", d->in_a_row, ctx);
    wl_run_state_add(s, "clean", d->clean, ctx);
    wl_run_state_add(s, "loss_scale", d->loss_scale, ctx);
    wl_run_state_add(s, "total", d->total, ctx);
    wl_run_state_add(s, "parameters", p->value, ctx);
    wl_run_state_add(s, "parameters.m", p->m, ctx);
    wl_run_state_add(s, "parameters.v", p->v, ctx);
    for (int i = 0; tables[i]; i++)
        if (tables[i]->number < 0) add_table(s, tables[i], i);
}

/* The place is one within the run. */
static wl_status check_place(void *user, const char *name, wl_error *error)
{
    const wl_run_state *s = user;
    const wl_epochs *r = s->run;
    const int64_t most[WL_RUN_COUNTS] = { r->epochs, r->steps, r->epochs,
                                          INT64_MAX, r->steps, r->tokens };
    bool sound = isfinite(s->rates[0]) && s->rates[0] >= 0 && !isnan(s->rates[1]);
    for (int i = 0; i < WL_RUN_COUNTS; i++)
        sound = sound && s->counts[i] >= 0 && s->counts[i] <= most[i];
    return sound ? WL_OK
                 : wl_error_set(error, WL_BAD_FILE, "%s: expected a place within the run", name);
}

static void fill(wl_run_state *s, wl_checkpoint *c)
{
    c->tensors = s->tensors;
    c->count = s->count;
    c->check = check_place;
    c->user = s;
}

wl_status wl_run_state_save(wl_run_state *s, wl_checkpoint c, const char *path, wl_error *error)
{
    fill(s, &c);
    return wl_checkpoint_save(&c, path, error);
}

wl_status wl_run_state_load(wl_run_state *s, wl_checkpoint c, const char *path, wl_error *error)
{
    fill(s, &c);
    const wl_status status = wl_checkpoint_load(&c, path, error);
    if (status) return status;
    *s->run->at = (wl_place){ .epoch = s->counts[0],
                              .step = s->counts[1],
                              .stale = s->counts[2],
                              .skipped = s->counts[3],
                              .epoch_steps = s->counts[4],
                              .tokens = s->counts[5],
                              .lr = s->rates[0],
                              .best = s->rates[1],
                              .epoch_loss = s->rates[2] };
    return wl_parameters_settle(s->run->descent->parameters, error);
}
