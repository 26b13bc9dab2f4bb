/* Where numbers lie along an axis of a chart, and what stands at its ticks. */
#ifndef WL_CLI_PLOT_SCALE_H
#define WL_CLI_PLOT_SCALE_H

#include "plot.h"

#include <stddef.h>

enum { PLOT_MOST_TICKS = 16 };

typedef struct plot_scale {
    double low, high; /* at the axis's ends */
    bool logarithmic;
    int ticks, decimals; /* decimals of a tick; -1: as many as it needs */
    double tick[PLOT_MOST_TICKS];
} plot_scale;

/* An axis on which `low` to `high` are seen, with some room at both ends. */
plot_scale plot_scale_of(const plot_axis *axis, double low, double high);

/* Whether a number can be on the axis. */
bool plot_scale_has(const plot_scale *scale, double value);

/* 0 at the axis's low end to 1 at its high end. */
double plot_scale_part(const plot_scale *scale, double value);

void plot_scale_text(const plot_scale *scale, int tick, char *to, size_t room);

#endif
