/* The rows of <wordloom/nn/similar.h>, each of length 1 or 0, dense or sparse; and products with
 * them. */
#ifndef WL_SIMILAR_ROWS_H
#define WL_SIMILAR_ROWS_H

#include <wordloom/nn/similar.h>

struct wl_similar {
    int64_t V, D;            /* V: of the rows that can be found; there may be more */
    float *rows;             /* dense; or null, and: */
    const wl_sparse *matrix; /* whose rows they are, */
    float *value;            /* with these values */
};

/* Row / length into `to`, or zeros. */
void wl_similar_scale(float *to, const float *from, int64_t D);

/* cosine[i] of `unit` [D], of length 1, with each of the rows that can be found. */
void wl_similar_cosines(const wl_similar *s, const float *unit, float *cosine);

/* The cosine of two rows in double. */
double wl_similar_cosine(const wl_similar *s, int64_t a, int64_t b);

/* Floats that products of n queries take besides the queries. */
int64_t wl_similar_room(const wl_similar *s, int64_t n);

/* score[q*pitch + i] = queries[q] . row[first + i], for n queries [n,D] and i below `rows`; n is at
 * most 192. `room` is for this thread, and keeps what is to be kept between two calls for the same
 * queries, the first of which has `first` 0. */
void wl_similar_products(const wl_similar *s, const float *queries, int64_t n, int64_t first,
                         int64_t rows, float *room, float *score, int64_t pitch);

#endif
