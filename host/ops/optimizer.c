/* The contract of <wordloom/optimizer.h>. */
#include "update_rule.h"

/* The partial sums. */
static size_t partials(const wl_backend *backend, const wl_dims *d, const void *args)
{
    (void)args;
    return wl_part((d->N * d->D + WL_SQUARES_PART - 1) / WL_SQUARES_PART,
                   wl_dtype_size(backend->real));
}

static double rows_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)id;
    return (double)d->N * ((double)d->D * (2.0 * (double)stored + (double)real) + 8.0);
}

static wl_status clip_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_optimizer_clip_args *a = args;
    (void)d;
    if (wl_present(&a->total) != wl_present(&a->loss))
        return wl_fail(ctx, WL_MISSING,
                       "optimizer_clip: loss and total: found one, expected both or neither");
    if (wl_present(&a->clean) != wl_present(&a->loss_scale))
        return wl_fail(ctx, WL_MISSING,
                       "optimizer_clip: loss_scale and clean: found one, expected both or neither");
    return WL_OK;
}

static wl_status dense_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_optimizer_update_args *a = args;
    (void)d;
    return wl_rule_check(ctx, "optimizer_update", &a->rule, &a->m, &a->v);
}

static wl_status rows_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_optimizer_update_rows_args *a = args;
    (void)d;
    return wl_rule_check(ctx, "optimizer_update_rows", &a->rule, &a->m, &a->v);
}

const wl_op_spec wl_optimizer_sum_squares_spec = {
    .name = "optimizer_sum_squares",
    .args_size = sizeof(wl_optimizer_sum_squares_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = partials,
    .arg = {
        WL_ARG(optimizer_sum_squares, x, WL_IN, WL_REAL, "N D"),
        WL_ARG(optimizer_sum_squares, count, WL_IN, WL_INT64, "1", .optional = true, .bound = 'N',
               .maker = WL_COUNT),
        WL_ARG(optimizer_sum_squares, sum, WL_ACC, WL_REAL, "1", .maker = WL_POSITIVE),
    },
};

const wl_op_spec wl_optimizer_clip_spec = {
    .name = "optimizer_clip",
    .args_size = sizeof(wl_optimizer_clip_args),
    .determinism = WL_GPU_TO_GPU,
    .check = clip_check,
    .arg = {
        WL_ARG(optimizer_clip, sum, WL_IN, WL_REAL, "1", .maker = WL_POSITIVE),
        WL_ARG(optimizer_clip, scale, WL_OUT, WL_REAL, "1"),
        WL_ARG(optimizer_clip, step, WL_STATE, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(optimizer_clip, skipped, WL_STATE, WL_INT64, "1", .optional = true,
               .maker = WL_STEP),
        WL_ARG(optimizer_clip, max_norm, WL_HOST, WL_DOUBLE, .low = 0x1p-1022, .high = HUGE_VAL,
               .tests = { 0.25, 4 }, .ntests = 2),
        WL_ARG(optimizer_clip, in_a_row, WL_STATE, WL_INT64, "1", .optional = true,
               .maker = WL_STEP),
        WL_ARG(optimizer_clip, loss, WL_IN, WL_REAL, "1", .optional = true),
        WL_ARG(optimizer_clip, total, WL_STATE, WL_REAL, "1", .optional = true),
        WL_ARG(optimizer_clip, loss_scale, WL_STATE, WL_REAL, "1", .optional = true,
               .maker = WL_POSITIVE),
        WL_ARG(optimizer_clip, clean, WL_STATE, WL_INT64, "1", .optional = true,
               .maker = WL_STEP),
    },
};

const wl_op_spec wl_optimizer_clear_spec = {
    .name = "optimizer_clear",
    .args_size = sizeof(wl_optimizer_clear_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = { WL_ARG(optimizer_clear, x, WL_OUT, WL_REAL, "N") },
};

const wl_op_spec wl_optimizer_update_spec = {
    .name = "optimizer_update",
    .args_size = sizeof(wl_optimizer_update_args),
    .determinism = WL_GPU_TO_GPU,
    .check = dense_check,
    .arg = {
        WL_ARG(optimizer_update, p, WL_STATE, WL_REAL, "N"),
        WL_ARG(optimizer_update, m, WL_STATE, WL_REAL, "N", .optional = true),
        WL_ARG(optimizer_update, v, WL_STATE, WL_REAL, "N", .optional = true,
               .maker = WL_POSITIVE),
        WL_ARG(optimizer_update, g, WL_IN, WL_REAL, "N"),
        WL_ARG(optimizer_update, copy, WL_OUT, WL_STORED, "N", .optional = true),
        WL_RULE_ROWS(optimizer_update),
    },
};

const wl_op_spec wl_optimizer_update_rows_spec = {
    .name = "optimizer_update_rows",
    .args_size = sizeof(wl_optimizer_update_rows_args),
    .determinism = WL_GPU_TO_GPU,
    .bytes = rows_bytes,
    .check = rows_check,
    .arg = {
        WL_ARG(optimizer_update_rows, table, WL_STATE, WL_STORED, "V D", .strided = true),
        WL_ARG(optimizer_update_rows, m, WL_STATE, WL_REAL, "V D", .optional = true),
        WL_ARG(optimizer_update_rows, v, WL_STATE, WL_REAL, "V D", .optional = true,
               .maker = WL_POSITIVE),
        WL_ARG(optimizer_update_rows, rows, WL_IN, WL_INT64, "N", .bound = 'V',
               .maker = WL_DISTINCT),
        WL_ARG(optimizer_update_rows, count, WL_IN, WL_INT64, "1", .optional = true, .bound = 'N',
               .maker = WL_COUNT),
        WL_ARG(optimizer_update_rows, g, WL_IN, WL_REAL, "N D"),
        WL_RULE_ROWS(optimizer_update_rows),
    },
};
