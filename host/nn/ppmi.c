/* Counts into positive pointwise mutual information: see <wordloom/nn/counts.h>. */
#include <wordloom/nn/counts.h>
#include <wordloom/nn/memory.h>
#include <wordloom/ops.h>

#include <math.h>
#include <stdlib.h>

enum { PART = 1 << 18 }; /* entries at a time */

typedef struct association {
    wl_ctx *ctx;
    wl_sparse *matrix;
    double total, shift, eps;
    wl_arena arena;
    wl_tensor rows, columns, values, row_sums, column_sums;
    int32_t *row; /* [PART] */
} association;

static wl_status failed(const association *a, wl_status status, wl_error *error)
{
    return wl_error_set(error, status, "%s", wl_ctx_error(a->ctx));
}

static wl_status carve(void *owner, wl_arena *arena)
{
    association *a = owner;
    const int64_t part = a->matrix->count < PART ? a->matrix->count : PART;
    a->rows = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ part });
    a->columns = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ part });
    a->values = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ part });
    a->row_sums = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ a->matrix->rows });
    a->column_sums = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ a->matrix->columns });
    return WL_OK;
}

/* ------------------------------------------------------------------ sums */

/* Row sums [rows], and behind them those of columns. */
static double *sums_of(const wl_sparse *m)
{
    double *sum = calloc((size_t)(m->rows + m->columns) + 1, sizeof *sum);
    for (int64_t i = 0; sum && i < m->rows; i++)
        for (int64_t at = m->offsets[i]; at < m->offsets[i + 1]; at++) {
            sum[i] += (double)m->value[at];
            sum[m->rows + m->column[at]] += (double)m->value[at];
        }
    return sum;
}

static wl_status send_floats(association *a, const wl_tensor *to, const double *from,
                             wl_error *error)
{
    const size_t n = (size_t)to->shape[0];
    float *rounded = malloc(n * sizeof *rounded + 1);
    if (!rounded) return wl_error_set(error, WL_NO_MEMORY, "no memory for sums of counts");
    for (size_t i = 0; i < n; i++) rounded[i] = (float)from[i];
    const wl_status status = wl_ctx_copy(a->ctx, to->data, rounded, n * sizeof *rounded);
    free(rounded);
    return status ? failed(a, status, error) : WL_OK;
}

/* Column sums to a power; a context that never is seen stays so. */
static wl_status send_sums(association *a, double power, wl_error *error)
{
    const wl_sparse *m = a->matrix;
    double *sum = sums_of(m);
    if (!sum) return wl_error_set(error, WL_NO_MEMORY, "no memory for sums of counts");
    double *column = sum + m->rows;
    a->total = 0;
    for (int64_t j = 0; j < m->columns; j++) {
        if (power != 1 && column[j] > 0) column[j] = pow(column[j], power);
        a->total += column[j];
    }
    wl_status status = send_floats(a, &a->row_sums, sum, error);
    if (!status) status = send_floats(a, &a->column_sums, column, error);
    free(sum);
    return status;
}

/* ------------------------------------------------------------------ entries */

static wl_tensor first_of(wl_tensor t, int64_t n)
{
    t.shape[0] = n;
    return t;
}

/* Entries from..from+n-1, whose rows are in a->row. */
static wl_status associate_part(association *a, int64_t from, int64_t n, wl_error *error)
{
    const wl_sparse *m = a->matrix;
    const wl_cooccurrence_ppmi_args args = {
        .size = sizeof args,
        .rows = first_of(a->rows, n),
        .columns = first_of(a->columns, n),
        .values = first_of(a->values, n),
        .row_sums = a->row_sums,
        .column_sums = a->column_sums,
        .y = first_of(a->values, n),
        .total = a->total,
        .eps = a->eps,
        .shift = a->shift,
    };
    const size_t bytes = (size_t)n * 4;
    wl_status status = wl_ctx_copy(a->ctx, a->rows.data, a->row, bytes);
    if (!status) status = wl_ctx_copy(a->ctx, a->columns.data, m->column + from, bytes);
    if (!status) status = wl_ctx_copy(a->ctx, a->values.data, m->value + from, bytes);
    if (!status) status = wl_cooccurrence_ppmi(a->ctx, &args);
    if (!status) status = wl_ctx_copy(a->ctx, m->value + from, a->values.data, bytes);
    if (!status) status = wl_ctx_sync(a->ctx);
    return status ? failed(a, status, error) : WL_OK;
}

static wl_status associate_all(association *a, const volatile sig_atomic_t *stop, wl_error *error)
{
    const wl_sparse *m = a->matrix;
    int64_t row = 0;
    for (int64_t from = 0, n; from < m->count; from += n) {
        n = m->count - from < PART ? m->count - from : PART;
        for (int64_t i = 0; i < n; i++) {
            while (from + i >= m->offsets[row + 1]) row++;
            a->row[i] = (int32_t)row;
        }
        const wl_status status = associate_part(a, from, n, error);
        if (status) return status;
        if (stop && *stop) return wl_error_set(error, WL_INTERRUPTED, "interrupted in PPMI");
    }
    return WL_OK;
}

static void drop_zeros(wl_sparse *m)
{
    int64_t kept = 0, from = 0;
    for (int64_t i = 0; i < m->rows; i++) {
        const int64_t end = m->offsets[i + 1];
        for (; from < end; from++) {
            if (m->value[from] == 0) continue;
            m->column[kept] = m->column[from];
            m->value[kept++] = m->value[from];
        }
        m->offsets[i + 1] = kept;
    }
    m->count = kept;
}

wl_status wl_counts_associate(wl_sparse *matrix, wl_ctx *ctx, const wl_counts_config *config,
                              const volatile sig_atomic_t *stop, wl_error *error)
{
    association a = {
        .ctx = ctx, .matrix = matrix, .shift = log2(config->shift), .eps = config->eps
    };
    wl_status status = wl_counts_check(config, error);
    if (!status) status = wl_arena_create(&a.arena, ctx, carve, &a, error);
    if (status) return status;
    a.row = malloc(PART * sizeof *a.row);
    if (!a.row) status = wl_error_set(error, WL_NO_MEMORY, "no memory for rows of counts");
    if (!status) status = send_sums(&a, config->power, error);
    if (!status) status = associate_all(&a, stop, error);
    if (!status) drop_zeros(matrix);
    free(a.row);
    wl_arena_destroy(&a.arena);
    return status;
}
