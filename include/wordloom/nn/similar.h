/* The nearest rows of a table by cosine, and the rows that complete an analogy. */
#ifndef WORDLOOM_NN_SIMILAR_H
#define WORDLOOM_NN_SIMILAR_H

#include <wordloom/nn/sparse.h>
#include <wordloom/similarity.h>

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

/* To search a table [V,D] of the host's memory on the device of `ctx`: on the CPU where it lies, on
 * CUDA in a copy. D is at least 1. Both stay as they are until `similar` is destroyed. A row of
 * zeros, or shorter than 2^-126, has a cosine of 0 with everything. WL_NO_MEMORY. */
WL_API wl_status wl_similar_create(wl_similar **out, wl_ctx *ctx, const float *table, int64_t V,
                                   int64_t D, wl_error *error);
/* The same of the rows of a matrix, on the host: it is searched as it is, and is to live as long. */
WL_API wl_status wl_similar_create_sparse(wl_similar **out, const wl_sparse *matrix,
                                          wl_error *error);
WL_API void wl_similar_destroy(wl_similar *similar); /* takes null */

/* From now on only the first `rows` of the V, 0 or more, are found; the others can still be asked
 * about. Answers how many it were before. */
WL_API int64_t wl_similar_search_first(wl_similar *similar, int64_t rows);

/* Writes the `top` rows (all, if there are fewer) with the greatest cosines to `query` [D], the
 * nearest first and of equals the lower id, and to *found how many they are. Row number `except`
 * is left out (-1: none), and so are rows that are not finite. WL_OUT_OF_RANGE: `top` is over
 * WL_SIMILARITY_MOST. WL_NO_MEMORY. WL_DEVICE_ERROR. */
WL_API wl_status wl_similar_nearest(wl_similar *similar, const float *query, int64_t except,
                                    int64_t top, wl_neighbour *out, int64_t *found,
                                    wl_error *error);

/* The same for a row of an id in 0..V-1, which is left out itself. */
WL_API wl_status wl_similar_nearest_row(wl_similar *similar, int64_t id, int64_t top,
                                        wl_neighbour *out, int64_t *found, wl_error *error);

/* The same for the rows that score highest for the analogy of the rows abc[0], abc[1] and abc[2],
 * ids in 0..V-1, which are left out themselves. */
WL_API wl_status wl_similar_analogy(wl_similar *similar, const int64_t abc[3],
                                    wl_analogy_method method, int64_t top, wl_neighbour *out,
                                    int64_t *found, wl_error *error);

/* The same for `count` analogies at once: abc [count,3], out [count,top]. Where fewer rows are
 * found, the ids of the rest are -1. */
WL_API wl_status wl_similar_analogies(wl_similar *similar, const int64_t *abc, int64_t count,
                                      wl_analogy_method method, int64_t top, wl_neighbour *out,
                                      wl_error *error);

/* The cosine of two rows, ids in 0..V-1, in double: exactly 1 where they are equal and not 0. */
WL_API double wl_similar_cosine(const wl_similar *similar, int64_t a, int64_t b);

WL_END
#endif
