/* Checkpoints of the language model: what of a run is kept. */
#include "lm.h"

#include "../nn/run_state.h"

#include <stdio.h>
#include <stdlib.h>

/* What belongs to one saving or loading. */
typedef struct keeping {
    wl_run_state state;
    wl_epochs run;
    wl_checkpoint file;
    char *config;
    char names[2 * WL_LM_MOST_LAYERS][32];
} keeping;

/* The carried states as they enter the next step. */
static void add_states(keeping *k, const wl_lm_pass *p)
{
    wl_ctx *ctx = p->model->ctx;
    for (int64_t l = 0; l < p->model->config.layers; l++) {
        char *h = k->names[2 * l], *c = k->names[2 * l + 1];
        snprintf(h, sizeof k->names[0], "state.%d.h", (int)l);
        snprintf(c, sizeof k->names[0], "state.%d.c", (int)l);
        wl_run_state_add(&k->state, h, p->layers[l].state[p->from], ctx);
        wl_run_state_add(&k->state, c, p->layers[l].cell_state[p->from], ctx);
    }
}

/* The run as it is now; the caller frees it. */
static wl_status describe(keeping **out, wl_lm *m, const wl_text *text, const char *path,
                          wl_error *error)
{
    const wl_status status = wl_lm_begin_run(m, text, error);
    keeping *k = status ? NULL : calloc(1, sizeof *k);
    *out = k;
    if (status) return status;
    if (k) k->config = wl_lm_json(&m->config);
    if (!k || !k->config)
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
    k->run = wl_lm_run_on(m, text);
    wl_run_state_list(&k->state, &k->run, (const wl_lookup *[]){ &m->embedding, NULL });
    wl_run_state_add(&k->state, "position", m->run->position, m->ctx);
    add_states(k, m->run);
    k->file = (wl_checkpoint){
        .model = "lm", .config = k->config, .words = m->words, .text = wl_text_hash(text)
    };
    return WL_OK;
}

static void forget(keeping *k)
{
    if (k) free(k->config);
    free(k);
}

wl_status wl_lm_save(wl_lm *m, const wl_text *text, const char *path, wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, text, path, error);
    if (!status) status = wl_run_state_save(&k->state, k->file, path, error);
    forget(k);
    return status;
}

wl_status wl_lm_load(wl_lm *m, const wl_text *text, const char *path, wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, text, path, error);
    if (!status) status = wl_run_state_load(&k->state, k->file, path, error);
    forget(k);
    return status;
}
