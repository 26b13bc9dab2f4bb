/* The nearest rows of a table by cosine, and the rows that complete an analogy, on the host. */
#ifndef WORDLOOM_NN_SIMILAR_H
#define WORDLOOM_NN_SIMILAR_H

#include <wordloom/nn/sparse.h>

WL_BEGIN

typedef struct wl_similar wl_similar;

typedef struct wl_neighbour {
    int64_t id;
    float cosine; /* or, of an analogy by WL_ANALOGY_MULTIPLY, its score */
} wl_neighbour;

/* What a row x scores for "a is to b as c is to x" (Levy and Goldberg 2014). With s(y), the cosine
 * of x and y moved to 0..1, as (1 + cosine) / 2:
 *   WL_ANALOGY_ADD (3CosAdd)       cosine(x, b/|b| - a/|a| + c/|c|)
 *   WL_ANALOGY_MULTIPLY (3CosMul)  s(b) s(c) / (s(a) + 0.001) */
typedef enum wl_analogy_method {
    WL_ANALOGY_ADD = 1,
    WL_ANALOGY_MULTIPLY = 2,
} wl_analogy_method;

/* Takes a copy of the table [V,D], each row scaled to length 1 (a row of zeros stays). D is at
 * least 1. WL_NO_MEMORY. */
WL_API wl_status wl_similar_create(wl_similar **out, const float *table, int64_t V, int64_t D,
                                   wl_error *error);
/* The same of a matrix, which is to live as long; only its values are copied, and it is searched as
 * it is. */
WL_API wl_status wl_similar_create_sparse(wl_similar **out, const wl_sparse *matrix,
                                          wl_error *error);
WL_API void wl_similar_destroy(wl_similar *similar); /* takes null */

/* From now on only the first `rows` of the V, 0 or more, are found; the others can still be asked
 * about. */
WL_API void wl_similar_search_first(wl_similar *similar, int64_t rows);

/* Writes the `top` rows (all, if there are fewer) with the greatest cosines to `query` [D], the
 * nearest first and of equals the lower id, and to *found how many they are. Row number `except`
 * is left out (-1: none). WL_NO_MEMORY. */
WL_API wl_status wl_similar_nearest(const wl_similar *similar, const float *query, int64_t except,
                                    int64_t top, wl_neighbour *out, int64_t *found,
                                    wl_error *error);

/* The same for the rows that score highest for the analogy of the rows abc[0], abc[1] and abc[2],
 * ids in 0..V-1, which are left out themselves. WL_NO_MEMORY. */
WL_API wl_status wl_similar_analogy(const wl_similar *similar, const int64_t abc[3],
                                    wl_analogy_method method, int64_t top, wl_neighbour *out,
                                    int64_t *found, wl_error *error);

/* Numbers a row. */
WL_API int64_t wl_similar_width(const wl_similar *similar);

/* The scaled row of an id in 0..V-1 into to [D]. */
WL_API void wl_similar_row(const wl_similar *similar, int64_t id, float *to);

WL_END
#endif
