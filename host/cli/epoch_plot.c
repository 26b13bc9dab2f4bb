/* Curves of epochs: see epoch_plot.h. */
#include "epoch_plot.h"

#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const plot_axis time_axis = { .label = "training (epochs)", .whole = true };

/* The curves of a run, each [epochs]. */
typedef struct curves {
    plot_point *training, *validation, *accuracy;
    int64_t epochs;
    double best, most; /* validation, accuracy in per cent; not finite where there is none */
} curves;

static void fill(curves *c, const wl_training_epoch *epochs)
{
    for (int64_t i = 0; i < c->epochs; i++) {
        const double x = (double)i + 1, accuracy = 100 * epochs[i].accuracy;
        c->training[i] = (plot_point){ x, epochs[i].loss };
        c->validation[i] = (plot_point){ x, epochs[i].validation };
        c->accuracy[i] = (plot_point){ x, accuracy };
        c->best = fmin(c->best, epochs[i].validation);
        c->most = fmax(c->most, accuracy);
    }
}

static wl_status draw(const epoch_plot *plot, const curves *c, const char *path, wl_error *error)
{
    char validation[64], accuracy[64];
    snprintf(validation, sizeof validation, "validation (best: %.4g)", c->best);
    snprintf(accuracy, sizeof accuracy, "%s (best: %.4g %%)", plot->accuracy_name, c->most);
    const plot_series losses[] = { { "training", c->training, c->epochs },
                                   { validation, c->validation, c->epochs } };
    const plot_series right[] = { { accuracy, c->accuracy, c->epochs } };
    const plot_chart charts[] = {
        { .title = plot->title,
          .x = time_axis,
          .y = { .label = plot->loss },
          .series = losses,
          .count = isfinite(c->best) ? 2 : 1 },
        { .title = plot->accuracy_title,
          .x = time_axis,
          .y = { .label = plot->accuracy },
          .series = right,
          .count = 1 },
    };
    return plot_write(charts, isfinite(c->most) ? 2 : 1, path, error);
}

wl_status epoch_plot_write(const epoch_plot *plot, const wl_training_epoch *epochs, int64_t count,
                           const char *path, wl_error *error)
{
    plot_point *points = malloc((size_t)(3 * count) * sizeof *points + 1);
    if (!points) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the curves", path);
    curves c = { points, points + count, points + 2 * count, count, HUGE_VAL, -HUGE_VAL };
    fill(&c, epochs);
    const wl_status status = count > 0 ? draw(plot, &c, path, error) : WL_OK;
    free(points);
    return status;
}
