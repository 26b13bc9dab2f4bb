/* The contract of <wordloom/cooccurrence.h>. */
#include "cooccurrence.h"

#include <math.h>

static size_t count_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    wl_count_rows rows;
    wl_count_pairs pairs;
    (void)args;
    return backend->device == WL_CUDA
               ? wl_count_pairs_carve(&pairs, NULL, backend->selection_bytes(2 * d->W * d->N), d)
               : wl_count_rows_carve(&rows, NULL, backend->grouping_bytes(d->N), d);
}

/* Each pair once, as key and weight. */
static double count_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)real, (void)stored;
    return (double)d->N * (32.0 * (double)d->W + (double)id);
}

const wl_op_spec wl_cooccurrence_count_spec = {
    .name = "cooccurrence_count",
    .args_size = sizeof(wl_cooccurrence_count_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = count_workspace,
    .bytes = count_bytes,
    .arg = {
        WL_ARG(cooccurrence_count, V, WL_HOST, WL_LENGTH, "V", .low = 0, .high = 0x1p31),
        WL_ARG(cooccurrence_count, old, WL_HOST, WL_LENGTH, "O", .low = 0, .high = 0x1p62),
        WL_ARG(cooccurrence_count, tokens, WL_IN, WL_ID, "N", .bound = 'V', .absent = true),
        WL_ARG(cooccurrence_count, weights, WL_IN, WL_INT64, "W", .maker = WL_STEP),
        WL_ARG(cooccurrence_count, count, WL_OUT, WL_INT64, "1"),
        WL_ARG(cooccurrence_count, keys, WL_OUT, WL_INT64, "2WN", .count = "count"),
        WL_ARG(cooccurrence_count, sums, WL_OUT, WL_INT64, "2WN", .count = "count"),
    },
};

const wl_op_spec wl_cooccurrence_ppmi_spec = {
    .name = "cooccurrence_ppmi",
    .args_size = sizeof(wl_cooccurrence_ppmi_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(cooccurrence_ppmi, rows, WL_IN, WL_ID, "N", .bound = 'R'),
        WL_ARG(cooccurrence_ppmi, columns, WL_IN, WL_ID, "N", .bound = 'C'),
        WL_ARG(cooccurrence_ppmi, values, WL_IN, WL_REAL, "N"),
        WL_ARG(cooccurrence_ppmi, row_sums, WL_IN, WL_REAL, "R", .maker = WL_POSITIVE),
        WL_ARG(cooccurrence_ppmi, column_sums, WL_IN, WL_REAL, "C", .maker = WL_POSITIVE),
        WL_ARG(cooccurrence_ppmi, y, WL_OUT, WL_REAL, "N", .alias = "values"),
        WL_ARG(cooccurrence_ppmi, total, WL_HOST, WL_DOUBLE, .low = 0, .high = HUGE_VAL,
               .tests = { 1, 1000 }, .ntests = 2),
        WL_ARG(cooccurrence_ppmi, eps, WL_HOST, WL_DOUBLE, .low = 0, .high = HUGE_VAL,
               .tests = { 1e-8, 0 }, .ntests = 2),
        WL_ARG(cooccurrence_ppmi, shift, WL_HOST, WL_DOUBLE, .low = -HUGE_VAL, .high = HUGE_VAL,
               .tests = { 0, 1 }, .ntests = 2),
    },
};
