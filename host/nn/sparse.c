/* Sparse matrices: see <wordloom/nn/sparse.h>. */
#include <wordloom/nn/sparse.h>

#include <stdlib.h>
#include <string.h>

/* Rows are read in order, so that columns rise within each row of the transpose. */
static void scatter(wl_sparse *out, const wl_sparse *m, int64_t *next)
{
    for (int64_t i = 0; i < m->count; i++) out->offsets[m->column[i] + 1]++;
    for (int64_t j = 0; j < m->columns; j++) out->offsets[j + 1] += out->offsets[j];
    memcpy(next, out->offsets, (size_t)m->columns * sizeof *next);
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t at = m->offsets[i]; at < m->offsets[i + 1]; at++) {
            const int64_t to = next[m->column[at]]++;
            out->column[to] = (int32_t)i;
            out->value[to] = m->value[at];
        }
}

wl_status wl_sparse_transpose(wl_sparse *out, const wl_sparse *m, wl_error *error)
{
    int64_t *next = malloc(((size_t)m->columns + 1) * sizeof *next);
    *out = (wl_sparse){ .rows = m->columns, .columns = m->rows, .count = m->count };
    out->offsets = calloc((size_t)m->columns + 1, sizeof *out->offsets);
    out->column = malloc(((size_t)m->count + 1) * sizeof *out->column);
    out->value = malloc(((size_t)m->count + 1) * sizeof *out->value);
    const int there = next && out->offsets && out->column && out->value;
    if (there)
        scatter(out, m, next);
    else
        wl_sparse_destroy(out);
    free(next);
    return there ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory for a sparse matrix");
}

void wl_sparse_destroy(wl_sparse *matrix)
{
    free(matrix->offsets);
    free(matrix->column);
    free(matrix->value);
    *matrix = (wl_sparse){ 0 };
}
