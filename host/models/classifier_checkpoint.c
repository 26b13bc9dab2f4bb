/* Checkpoints of the classifier. */
#include "classifier.h"

#include "../nn/run_state.h"

#include <stdlib.h>

/* What belongs to one saving or loading. */
typedef struct keeping {
    wl_run_state state;
    wl_epochs run;
    wl_checkpoint file;
    char *config;
} keeping;

/* The run as it is now; the caller frees it. */
static wl_status describe(keeping **out, wl_classifier *m, const wl_points *points,
                          const char *path, wl_error *error)
{
    const wl_status status = wl_classifier_begin_run(m, points, error);
    keeping *k = status ? NULL : calloc(1, sizeof *k);
    *out = k;
    if (status) return status;
    if (k) k->config = wl_classifier_json(&m->config);
    if (!k || !k->config)
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
    k->run = wl_classifier_run_on(m);
    wl_run_state_list(&k->state, &k->run, (const wl_lookup *[]){ NULL });
    k->file = (wl_checkpoint){ .model = "classifier",
                               .config = k->config,
                               .words = m->classes,
                               .text = wl_points_hash(points) };
    return WL_OK;
}

static void forget(keeping *k)
{
    if (k) free(k->config);
    free(k);
}

wl_status wl_classifier_save(wl_classifier *m, const wl_points *points, const char *path,
                             wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, points, path, error);
    if (!status) status = wl_run_state_save(&k->state, k->file, path, error);
    forget(k);
    return status;
}

wl_status wl_classifier_load(wl_classifier *m, const wl_points *points, const char *path,
                             wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, points, path, error);
    if (!status) status = wl_run_state_load(&k->state, k->file, path, error);
    forget(k);
    return status;
}
