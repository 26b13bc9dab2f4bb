/* Questions of <wordloom/nn/similar.h> and their answers, on the host; and such a search among
 * sparse rows. */
#ifndef WL_SIMILAR_SEARCH_H
#define WL_SIMILAR_SEARCH_H

#include <wordloom/nn/sparse.h>

/* Some questions: the rows of greatest cosine to a query, or of the highest score by the queries a,
 * b and c; and what answers them. */
typedef struct wl_search {
    int64_t Q, D, E, K;
    int per;           /* queries a question: 1, of any length, or 3 of length 1 */
    float *queries;    /* [Q,per,D] */
    int32_t *excluded; /* [Q,E]; -1: none */
    int32_t *ids;      /* [Q,K], the best first; -1 where there are no more */
    float *scores;     /* [Q,K] */
} wl_search;

/* A matrix whose rows are searched, each as if of length 1, or 0. */
typedef struct wl_sparse_rows {
    const wl_sparse *matrix; /* the caller's */
    float *value;            /* [count]: its values, scaled */
} wl_sparse_rows;

wl_status wl_sparse_rows_create(wl_sparse_rows *out, const wl_sparse *matrix, wl_error *error);
void wl_sparse_rows_destroy(wl_sparse_rows *rows); /* takes one that is all zero */

/* to [D] += weight times the row */
void wl_sparse_rows_add(const wl_sparse_rows *rows, float *to, float weight, int64_t id);
/* Of two rows in double: exactly 1 where they are equal and not 0. */
double wl_sparse_rows_cosine(const wl_sparse_rows *rows, int64_t a, int64_t b);
/* Answers the questions among the first `searched` rows: the same for any number of threads. */
wl_status wl_sparse_rows_search(const wl_sparse_rows *rows, const wl_search *q, int64_t searched,
                                wl_error *error);

#endif
