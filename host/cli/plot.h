/* Charts: series of points with names, drawn into a picture (.png, .svg or .pdf) by cairo. A build
 * without cairo has plot_none.c for plot.c. */
#ifndef WL_CLI_PLOT_H
#define WL_CLI_PLOT_H

#include <stdbool.h>
#include <stdint.h>

#include <wordloom/nn/error.h>

typedef struct plot_point {
    double x, y; /* what is not finite (or cannot be on the axis) is left out, with a gap */
} plot_point;

typedef struct plot_series {
    const char *name; /* in the legend */
    const plot_point *points;
    int64_t count; /* joined in this order */
} plot_series;

typedef struct plot_axis {
    const char *label; /* with its unit */
    bool whole;        /* ticks at whole numbers alone */
    bool logarithmic;  /* where all is above 0, and spans enough for that to read better */
} plot_axis;

typedef struct plot_chart {
    const char *title;
    plot_axis x, y;
    const plot_series *series;
    int count;
} plot_chart;

/* Whether `path`, the value of an option, can be a picture. Answers 0, or says why not and answers
 * EXIT_USAGE. */
int plot_check(const char *option, const char *path);

/* Replaces the file at a path that plot_check took by a picture of charts, one at least, each below
 * the one before. WL_IO_ERROR. WL_NO_MEMORY. */
wl_status plot_write(const plot_chart *charts, int count, const char *path, wl_error *error);

#endif
