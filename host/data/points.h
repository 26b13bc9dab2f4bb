/* Points as they are made: see <wordloom/nn/points.h>. */
#ifndef WL_POINTS_H
#define WL_POINTS_H

#include <wordloom/nn/points.h>

WL_BEGIN

struct wl_points {
    int64_t N, D, room; /* points; their numbers; how many there is memory for */
    float *values;      /* [room,D] */
    int32_t *labels;    /* [room] */
    wl_vocabulary *own; /* the classes */
    const wl_vocabulary *classes;
    char *source; /* as messages name it */
};

/* Points of D numbers, none yet, of which messages say that they are `source`'s. */
wl_status wl_points_begin(wl_points **out, int64_t D, const char *source, wl_error *error);

/* Adds a point. WL_OUT_OF_RANGE: too many classes, or one without a name; no message is set.
 * WL_NO_MEMORY, likewise. */
wl_status wl_points_add(wl_points *points, const float *values, const char *name, size_t length);

WL_END
#endif
