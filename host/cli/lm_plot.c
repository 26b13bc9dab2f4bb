/* The curves of a run: see lm_plot.h. */
#include "lm_plot.h"

#include "plot.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const plot_axis time_axis = { .label = "training (epochs)", .whole = true };
static const plot_axis cost_axes[] = {
    [WL_TEXT_WORD] = { .label = "perplexity (per word)", .logarithmic = true },
    [WL_TEXT_CHAR] = { .label = "loss (bits per character)" },
};

static double cost_of(int32_t level, double loss)
{
    return level == WL_TEXT_CHAR ? loss / log(2) : exp(loss);
}

static wl_status draw(const wl_lm *m, const plot_series *series, const char *path, wl_error *error)
{
    const wl_lm_config *c = wl_lm_configuration(m);
    char title[160];
    snprintf(title, sizeof title,
             "Language model: %" PRId64 " %s layer%s of %" PRId64 " units, %" PRId64 " parameters",
             c->layers, wl_cells[c->cell], c->layers > 1 ? "s" : "", c->hidden,
             wl_lm_parameters(m));
    const plot_chart chart = { .title = title,
                               .x = time_axis,
                               .y = cost_axes[c->level],
                               .series = series,
                               .count = series[1].name ? 2 : 1 };
    return plot_write(&chart, 1, path, error);
}

wl_status lm_plot(const wl_lm *m, const char *path, wl_error *error)
{
    const int32_t level = wl_lm_configuration(m)->level;
    const wl_training_epoch *epochs;
    const int64_t count = wl_lm_epochs(m, &epochs);
    char name[64];
    double best = HUGE_VAL;
    plot_point *points = malloc((size_t)(2 * count) * sizeof *points + 1);
    if (!points) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the curves", path);
    for (int64_t i = 0; i < count; i++) {
        points[i] = (plot_point){ (double)i + 1, cost_of(level, epochs[i].loss) };
        points[count + i] = (plot_point){ (double)i + 1, cost_of(level, epochs[i].validation) };
        best = fmin(best, points[count + i].y);
    }
    snprintf(name, sizeof name, "validation (best: %.4g)", best);
    const plot_series series[] = { { "training", points, count },
                                   { isfinite(best) ? name : NULL, points + count, count } };
    const wl_status status = count > 0 ? draw(m, series, path, error) : WL_OK;
    free(points);
    return status;
}
