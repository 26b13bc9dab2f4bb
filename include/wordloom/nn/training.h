/* What a run of training tells, whatever the model. */
#ifndef WORDLOOM_NN_TRAINING_H
#define WORDLOOM_NN_TRAINING_H

#include <wordloom/nn/error.h>

WL_BEGIN

typedef struct wl_training_progress {
    int64_t epoch, epochs;        /* the running epoch, from 1 */
    int64_t steps, total_steps;   /* of the run */
    int64_t tokens, total_tokens; /* labels trained on, of the run */
    int64_t skipped;              /* steps left out for gradients that are not finite */
    double lr;
    double recent_loss;  /* mean a label since the last report; NaN where there was none */
    double epoch_loss;   /* mean a label since the epoch began */
    int32_t epoch_ended; /* 1 for an epoch's last report */
    double validation;   /* then: mean loss a label of what is held out; NaN without it */
    double accuracy;     /* then: the part of held-out sequences that is foretold exactly; NaN
                            where the model has none to foretell */
    int32_t best;        /* then: the validation is the run's best, or there is none */
} wl_training_progress;

/* Called every 20 steps or so and at the end of each epoch. Nonzero ends training there. The model
 * may be saved and written from within. */
typedef int wl_training_report(void *user, const wl_training_progress *progress);

/* What an epoch has cost, as above. */
typedef struct wl_training_epoch {
    double loss, validation, accuracy;
} wl_training_epoch;

WL_END
#endif
