/* Sparse matrices: see <wordloom/nn/sparse.h>. */
#include <wordloom/nn/sparse.h>

#include <stdlib.h>

void wl_sparse_destroy(wl_sparse *matrix)
{
    free(matrix->offsets);
    free(matrix->column);
    free(matrix->value);
    *matrix = (wl_sparse){ 0 };
}
