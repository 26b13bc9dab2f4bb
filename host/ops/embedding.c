/* The contract of <wordloom/embedding.h>. */
#include "update_rule.h"

/* Only the rows that are looked up move, not the table. */
static double gather_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)real;
    return (double)d->N * (2.0 * (double)d->D * (double)stored + (double)id);
}

static double pooled_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    const double slots = (double)d->N * (double)d->K;
    return slots * ((double)d->D * (double)stored + (double)id + (double)real) +
           (double)d->N * (double)d->D * (double)stored;
}

/* dy once, and each slot's row of the gradient read and written. */
static double scatter_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    const double slots = (double)d->N * (double)d->K;
    return (double)d->N * (double)d->D * (double)stored +
           slots * (2.0 * (double)d->D * (double)real + (double)id + (double)real);
}

static double compact_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    const double slots = (double)d->N * (double)d->K;
    return (double)d->N * (double)d->D * (double)stored +
           slots * ((double)d->D * (double)real + (double)id + (double)real + 8.0);
}

static double update_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    const double slots = (double)d->N * (double)d->K;
    return (double)d->N * (double)d->D * (double)stored +
           slots * (2.0 * (double)d->D * (double)stored + (double)id + (double)real);
}

/* The ids ordered by row. The CPU's plain scatter needs none of it. */
static size_t grouping(const wl_backend *backend, const wl_dims *d, const void *args)
{
    (void)args;
    return backend->grouping_bytes(d->N * d->K);
}
static size_t scatter_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    return backend->device == WL_CUDA ? grouping(backend, d, args) : 0;
}

static wl_status update_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_embedding_update_args *a = args;
    (void)d;
    return wl_rule_check(ctx, "embedding_update", &a->rule, &a->m, &a->v);
}

const wl_op_spec wl_embedding_gather_spec = {
    .name = "embedding_gather",
    .args_size = sizeof(wl_embedding_gather_args),
    .determinism = WL_GPU_TO_GPU,
    .bytes = gather_bytes,
    .arg = {
        WL_ARG(embedding_gather, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(embedding_gather, ids, WL_IN, WL_ID, "N", .bound = 'V'),
        WL_ARG(embedding_gather, y, WL_OUT, WL_STORED, "N D", .strided = true),
    },
};

const wl_op_spec wl_embedding_gather_pooled_spec = {
    .name = "embedding_gather_pooled",
    .args_size = sizeof(wl_embedding_gather_pooled_args),
    .determinism = WL_GPU_TO_GPU,
    .bytes = pooled_bytes,
    .arg = {
        WL_ARG(embedding_gather_pooled, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(embedding_gather_pooled, ids, WL_IN, WL_ID, "N K", .bound = 'V', .absent = true),
        WL_ARG(embedding_gather_pooled, weights, WL_IN, WL_REAL, "N K", .optional = true),
        WL_ARG(embedding_gather_pooled, y, WL_OUT, WL_STORED, "N D", .strided = true),
        WL_ARG(embedding_gather_pooled, mean, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_embedding_scatter_spec = {
    .name = "embedding_scatter",
    .args_size = sizeof(wl_embedding_scatter_args),
    .gradient_of = "embedding_gather_pooled",
    .determinism = WL_GPU_TO_GPU,
    .workspace = scatter_workspace,
    .bytes = scatter_bytes,
    .arg = {
        WL_ARG(embedding_scatter, ids, WL_IN, WL_ID, "N K", .bound = 'V', .absent = true),
        WL_ARG(embedding_scatter, weights, WL_IN, WL_REAL, "N K", .optional = true),
        WL_ARG(embedding_scatter, dy, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(embedding_scatter, dtable, WL_ACC, WL_REAL, "V D", .strided = true),
        WL_ARG(embedding_scatter, mean, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_embedding_scatter_atomic_spec = {
    .name = "embedding_scatter_atomic",
    .args_size = sizeof(wl_embedding_scatter_atomic_args),
    .gradient_of = "embedding_gather_pooled",
    .determinism = WL_NOT_GUARANTEED,
    .bytes = scatter_bytes,
    .arg = {
        WL_ARG(embedding_scatter_atomic, ids, WL_IN, WL_ID, "N K", .bound = 'V', .absent = true),
        WL_ARG(embedding_scatter_atomic, weights, WL_IN, WL_REAL, "N K", .optional = true),
        WL_ARG(embedding_scatter_atomic, dy, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(embedding_scatter_atomic, dtable, WL_ACC, WL_REAL, "V D", .strided = true),
        WL_ARG(embedding_scatter_atomic, mean, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_embedding_compact_spec = {
    .name = "embedding_compact",
    .args_size = sizeof(wl_embedding_compact_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = grouping,
    .bytes = compact_bytes,
    .arg = {
        WL_ARG(embedding_compact, V, WL_HOST, WL_LENGTH, "V", .low = 0, .high = 0x1p62),
        WL_ARG(embedding_compact, ids, WL_IN, WL_ID, "N K", .bound = 'V', .absent = true),
        WL_ARG(embedding_compact, weights, WL_IN, WL_REAL, "N K", .optional = true),
        WL_ARG(embedding_compact, dy, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(embedding_compact, count, WL_OUT, WL_INT64, "1"),
        WL_ARG(embedding_compact, rows, WL_OUT, WL_INT64, "NK", .count = "count"),
        WL_ARG(embedding_compact, sums, WL_OUT, WL_REAL, "NK D", .count = "count"),
        WL_ARG(embedding_compact, cap, WL_HOST, WL_DOUBLE, .low = 0, .high = HUGE_VAL,
               .tests = { 0, 2 }, .ntests = 2),
        WL_ARG(embedding_compact, mean, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_embedding_update_spec = {
    .name = "embedding_update",
    .args_size = sizeof(wl_embedding_update_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = grouping,
    .bytes = update_bytes,
    .check = update_check,
    .arg = {
        WL_ARG(embedding_update, table, WL_STATE, WL_STORED, "V D", .strided = true),
        WL_ARG(embedding_update, m, WL_STATE, WL_REAL, "V D", .optional = true),
        WL_ARG(embedding_update, v, WL_STATE, WL_REAL, "V D", .optional = true,
               .maker = WL_POSITIVE),
        WL_ARG(embedding_update, ids, WL_IN, WL_ID, "N K", .bound = 'V', .absent = true),
        WL_ARG(embedding_update, weights, WL_IN, WL_REAL, "N K", .optional = true),
        WL_ARG(embedding_update, dy, WL_IN, WL_STORED, "N D", .strided = true),
        WL_RULE_ROWS(embedding_update),
        WL_ARG(embedding_update, cap, WL_HOST, WL_DOUBLE, .low = 0, .high = HUGE_VAL,
               .tests = { 0, 2 }, .ntests = 2),
        WL_ARG(embedding_update, mean, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};
