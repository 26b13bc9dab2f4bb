/* What of a run of training a checkpoint has, whatever the model: see <wordloom/nn/checkpoint.h>.
 */
#ifndef WL_RUN_STATE_H
#define WL_RUN_STATE_H

#include <wordloom/nn/checkpoint.h>

#include "epochs.h"

WL_BEGIN

enum { WL_RUN_MOST_TENSORS = 64, WL_RUN_COUNTS = 6, WL_RUN_RATES = 3, WL_RUN_MOST_TABLES = 2 };

typedef struct wl_run_state {
    const wl_epochs *run;
    int64_t counts[WL_RUN_COUNTS]; /* the place's, on their way to or from a file */
    double rates[WL_RUN_RATES];
    char names[WL_RUN_MOST_TABLES][3][64];
    wl_checkpoint_tensor tensors[WL_RUN_MOST_TENSORS];
    int64_t count;
} wl_run_state;

/* Lists what every run has; `tables` ends with null. */
void wl_run_state_list(wl_run_state *state, const wl_epochs *run, const wl_lookup *const *tables);
/* Adds what this model has besides; the name outlives the state. */
void wl_run_state_add(wl_run_state *state, const char *name, wl_tensor tensor, wl_ctx *ctx);

/* Save and load; `c` has model, config, words and text. After loading, the run's place is the
 * file's. Errors as those of wl_checkpoint_save and wl_checkpoint_load. */
wl_status wl_run_state_save(wl_run_state *state, wl_checkpoint c, const char *path,
                            wl_error *error);
wl_status wl_run_state_load(wl_run_state *state, wl_checkpoint c, const char *path,
                            wl_error *error);

WL_END
#endif
