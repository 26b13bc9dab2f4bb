/* The curves of a run: see seq2seq_plot.h. */
#include "seq2seq_plot.h"

#include "plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const plot_axis time_axis = { .label = "training (epochs)", .whole = true };
static const plot_axis loss_axis = { .label = "loss (nats per token)" };
static const plot_axis exact_axis = { .label = "exact (% of validation)" };

/* The curves of a run, each [epochs]. */
typedef struct curves {
    plot_point *training, *validation, *exact;
    int64_t epochs;
    double best, most; /* validation, accuracy in per cent; not finite where there is none */
} curves;

static void fill(curves *c, const wl_training_epoch *epochs)
{
    c->best = HUGE_VAL, c->most = -HUGE_VAL;
    for (int64_t i = 0; i < c->epochs; i++) {
        const double x = (double)i + 1, exact = 100 * epochs[i].accuracy;
        c->training[i] = (plot_point){ x, epochs[i].loss };
        c->validation[i] = (plot_point){ x, epochs[i].validation };
        c->exact[i] = (plot_point){ x, exact };
        c->best = fmin(c->best, epochs[i].validation);
        c->most = fmax(c->most, exact);
    }
}

static wl_status draw(const wl_seq2seq *m, const curves *c, const char *path, wl_error *error)
{
    const wl_seq2seq_config *config = wl_seq2seq_configuration(m);
    char title[160], validation[64], exact[64];
    snprintf(title, sizeof title,
             "Seq2seq (%s): %" PRId64 " %s layer%s of %" PRId64 " units, %" PRId64 " parameters",
             wl_seq2seq_models[config->model], config->layers, wl_cells[config->cell],
             config->layers > 1 ? "s" : "", config->hidden, wl_seq2seq_parameters(m));
    snprintf(validation, sizeof validation, "validation (best: %.4g)", c->best);
    snprintf(exact, sizeof exact, "exact (best: %.4g %%)", c->most);
    const plot_series losses[] = { { "training", c->training, c->epochs },
                                   { validation, c->validation, c->epochs } };
    const plot_series accuracy[] = { { exact, c->exact, c->epochs } };
    const plot_chart charts[] = {
        { .title = title,
          .x = time_axis,
          .y = loss_axis,
          .series = losses,
          .count = isfinite(c->best) ? 2 : 1 },
        { .title = "Translations that are the target to the letter",
          .x = time_axis,
          .y = exact_axis,
          .series = accuracy,
          .count = 1 },
    };
    return plot_write(charts, isfinite(c->most) ? 2 : 1, path, error);
}

wl_status seq2seq_plot(const wl_seq2seq *m, const char *path, wl_error *error)
{
    const wl_training_epoch *epochs;
    const int64_t count = wl_seq2seq_epochs(m, &epochs);
    plot_point *points = malloc((size_t)(3 * count) * sizeof *points + 1);
    if (!points) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the curves", path);
    curves c = { points, points + count, points + 2 * count, count, 0, 0 };
    fill(&c, epochs);
    const wl_status status = count > 0 ? draw(m, &c, path, error) : WL_OK;
    free(points);
    return status;
}
