/* The nearest rows of a table by cosine, on the host. */
#ifndef WORDLOOM_NN_SIMILAR_H
#define WORDLOOM_NN_SIMILAR_H

#include <wordloom/nn/error.h>

WL_BEGIN

typedef struct wl_similar wl_similar;

typedef struct wl_neighbour {
    int64_t id;
    float cosine;
} wl_neighbour;

/* Takes a copy of the table [V,D], each row scaled to length 1 (a row of zeros stays). D is at
 * least 1. WL_NO_MEMORY. */
WL_API wl_status wl_similar_create(wl_similar **out, const float *table, int64_t V, int64_t D,
                                   wl_error *error);
WL_API void wl_similar_destroy(wl_similar *similar); /* takes null */

/* Writes the `top` rows (all, if there are fewer) with the greatest cosines to `query` [D], the
 * nearest first and of equals the lower id, and to *found how many they are. Row number `except`
 * is left out (-1: none). WL_NO_MEMORY. */
WL_API wl_status wl_similar_nearest(const wl_similar *similar, const float *query, int64_t except,
                                    int64_t top, wl_neighbour *out, int64_t *found,
                                    wl_error *error);

/* The scaled row of an id in 0..V-1 [D]; lives as long as `similar`. */
WL_API const float *wl_similar_row(const wl_similar *similar, int64_t id);

WL_END
#endif
