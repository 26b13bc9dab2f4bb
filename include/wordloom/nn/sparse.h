/* Sparse matrices on the host. */
#ifndef WORDLOOM_NN_SPARSE_H
#define WORDLOOM_NN_SPARSE_H

#include <wordloom/nn/error.h>

WL_BEGIN

/* Compressed sparse rows: offsets [rows+1], column [count] ascending within a row, value [count].
 */
typedef struct wl_sparse {
    int64_t rows, columns, count;
    int64_t *offsets;
    int32_t *column;
    float *value;
} wl_sparse;

/* out [columns,rows] = the transpose. WL_NO_MEMORY. */
WL_API wl_status wl_sparse_transpose(wl_sparse *out, const wl_sparse *matrix, wl_error *error);

/* Frees what it has. Takes one that is all zero. */
WL_API void wl_sparse_destroy(wl_sparse *matrix);

WL_END
#endif
