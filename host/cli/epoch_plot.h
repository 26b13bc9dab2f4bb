/* The curves of a run of epochs: what each has cost, and how much of a validation was right. */
#ifndef WL_CLI_EPOCH_PLOT_H
#define WL_CLI_EPOCH_PLOT_H

#include <wordloom/nn/training.h>

/* What stands at the curves. */
typedef struct epoch_plot {
    const char *title;
    const char *loss;           /* the axis of losses, with its unit */
    const char *accuracy_title; /* of the chart below, */
    const char *accuracy;       /* its axis, */
    const char *accuracy_name;  /* and its curve */
} epoch_plot;

/* Draws into `path` what `count` epochs have cost, and below it, where there is one, the accuracy
 * of the validation. Nothing of no epochs. WL_IO_ERROR. WL_NO_MEMORY. */
wl_status epoch_plot_write(const epoch_plot *plot, const wl_training_epoch *epochs, int64_t count,
                           const char *path, wl_error *error);

#endif
