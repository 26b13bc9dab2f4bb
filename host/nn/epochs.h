/* A run of training, whatever the model: epochs of steps, reports, validation, and the learning
 * rate that follows from it. */
#ifndef WL_EPOCHS_H
#define WL_EPOCHS_H

#include <signal.h>

#include <wordloom/nn/training.h>

#include "descent.h"

WL_BEGIN

/* Where a run is: all that a checkpoint knows of it besides tensors on the device. */
typedef struct wl_place {
    int64_t epoch, step; /* from 0; of the epoch */
    int64_t stale;       /* epochs since the best validation */
    int64_t skipped;     /* of the run */
    int64_t epoch_steps; /* of the epoch, that count */
    int64_t tokens;      /* labels of the epoch so far */
    double lr;
    double best;       /* validation loss; infinite before the first */
    double epoch_loss; /* the sum over the epoch's steps */
} wl_place;

typedef struct wl_epochs {
    int64_t epochs, patience; /* as the configuration has them */
    double decay;
    int64_t steps, tokens; /* of an epoch */
    wl_place *at;
    wl_training_epoch *done; /* [epochs] */
    const wl_descent *descent;

    /* Queues step at->step of epoch at->epoch and counts its labels. */
    wl_status (*step)(void *user, int64_t *labels, wl_error *error);
    void *user;
    /* Sets validation and accuracy; null: there is none. */
    wl_status (*validate)(void *held_out, wl_training_epoch *out, wl_error *error);
    void *held_out;

    wl_training_report *hear; /* may be null */
    void *listener;
    const volatile sig_atomic_t *stop; /* may be null */
} wl_epochs;

/* From where the run is to the end of its last epoch. WL_INTERRUPTED. WL_NOT_FINITE: 25 steps in a
 * row did not count. */
wl_status wl_epochs_run(const wl_epochs *run, wl_error *error);

WL_END
#endif
