/* Points of a plane and the regions in which classes lie, drawn into a picture by cairo. A build
 * without it has plot_none.c for plot_points.c. */
#ifndef WL_CLI_PLOT_POINTS_H
#define WL_CLI_PLOT_POINTS_H

#include <stdint.h>

#include <wordloom/nn/error.h>

/* The classes of points [n,2], wherever they lie. */
typedef wl_status plot_tell(void *user, const float *points, int64_t n, int32_t *classes,
                            wl_error *error);

typedef struct plot_points {
    const char *title;
    const char *const *names; /* of classes, in UTF-8 */
    int64_t names_count;
    const float *points;    /* [count,2] */
    const int32_t *classes; /* [count] */
    int64_t count;
    plot_tell *tell; /* whose the regions are */
    void *user;
} plot_points;

/* Replaces the file at a path that plot_check took. WL_IO_ERROR. WL_NO_MEMORY. Or as `tell`
 * answers. */
wl_status plot_points_write(const plot_points *plot, const char *path, wl_error *error);

#endif
