/* The contract of <wordloom/gru.h>. What is under 1 is so if only by the last bit of a double. */
#include "gru.h"

static double forward_flops(const wl_dims *d) { return wl_recurrence_flops(d, 3); }
static double backward_flops(const wl_dims *d) { return 2 * forward_flops(d); }

static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_recurrence a = wl_gru_forward_of(d, args);
    wl_recurrence_space space;
    return wl_recurrence_forward_carve(&space, NULL, backend, &a);
}

static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_recurrence a = wl_gru_backward_of(d, args);
    wl_recurrence_space space;
    return wl_recurrence_backward_carve(&space, NULL, backend, &a);
}

/* Only a reset after the product has a bias of its own to reset. */
static wl_status check_bias(wl_ctx *ctx, const char *op, const char *name, const wl_tensor *bias,
                            int32_t reset)
{
    if (reset == WL_RESET_AFTER || !wl_present(bias)) return WL_OK;
    return wl_fail(ctx, WL_OUT_OF_RANGE, "%s: %s: is present, expected none with reset %d", op,
                   name, (int)reset);
}

static wl_status forward_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_gru_forward_args *a = args;
    (void)d;
    return check_bias(ctx, "gru_forward", "bn", &a->bn, a->reset);
}

static wl_status backward_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_gru_backward_args *a = args;
    (void)d;
    const wl_status status = check_bias(ctx, "gru_backward", "dbn", &a->dbn, a->reset);
    return status ? status : wl_recurrence_check(ctx, "gru_backward", &a->s, &a->ds);
}

const wl_op_spec wl_gru_forward_spec = {
    .name = "gru_forward",
    .args_size = sizeof(wl_gru_forward_args),
    .rounded = "h at each step, and r h where it is reset before its product",
    .determinism = WL_RUN_TO_RUN,
    .workspace = forward_workspace,
    .flops = forward_flops,
    .check = forward_check,
    .arg = {
        WL_ARG(gru_forward, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(gru_forward, s, WL_IN, WL_STORED, "B S", .optional = true),
        WL_ARG(gru_forward, w, WL_IN, WL_STORED, "3H D+S"),
        WL_ARG(gru_forward, r, WL_IN, WL_STORED, "3H H"),
        WL_ARG(gru_forward, h0, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(gru_forward, b, WL_IN, WL_REAL, "3H", .optional = true),
        WL_ARG(gru_forward, bn, WL_IN, WL_REAL, "H", .optional = true),
        WL_ARG(gru_forward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'T',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(gru_forward, h, WL_OUT, WL_STORED, "T B H", .strided = true),
        WL_ARG(gru_forward, gates, WL_OUT, WL_STORED, "T B 4H"),
        WL_ARG(gru_forward, hT, WL_OUT, WL_STORED, "B H", .optional = true),
        WL_ARG(gru_forward, reverse, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
        WL_ARG(gru_forward, reset, WL_HOST, WL_CHOICE, .low = WL_RESET_AFTER,
               .high = WL_RESET_BEFORE, .tests = { WL_RESET_AFTER, WL_RESET_BEFORE }, .ntests = 2),
        WL_ARG(gru_forward, step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(gru_forward, zoneout, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(gru_forward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(gru_forward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535, .tests = { 0, 3 },
               .ntests = 2),
        WL_ARG(gru_forward, expected, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
    },
};

const wl_op_spec wl_gru_backward_spec = {
    .name = "gru_backward",
    .args_size = sizeof(wl_gru_backward_args),
    .gradient_of = "gru_forward",
    .rounded = "the gradients before the gates, and at R h + bn where it is reset after",
    .determinism = WL_RUN_TO_RUN,
    .workspace = backward_workspace,
    .flops = backward_flops,
    .check = backward_check,
    .arg = {
        WL_ARG(gru_backward, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(gru_backward, s, WL_IN, WL_STORED, "B S", .optional = true),
        WL_ARG(gru_backward, w, WL_IN, WL_STORED, "3H D+S"),
        WL_ARG(gru_backward, r, WL_IN, WL_STORED, "3H H"),
        WL_ARG(gru_backward, h0, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(gru_backward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'T',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(gru_backward, h, WL_IN, WL_STORED, "T B H", .strided = true),
        WL_ARG(gru_backward, gates, WL_IN, WL_STORED, "T B 4H"),
        WL_ARG(gru_backward, dh, WL_IN, WL_STORED, "T B H", .optional = true, .strided = true),
        WL_ARG(gru_backward, dhT, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(gru_backward, dx, WL_OUT, WL_STORED, "T B D", .optional = true, .strided = true),
        WL_ARG(gru_backward, dh0, WL_OUT, WL_STORED, "B H", .optional = true),
        WL_ARG(gru_backward, ds, WL_OUT, WL_STORED, "B S", .optional = true),
        WL_ARG(gru_backward, dw, WL_ACC, WL_REAL, "3H D+S"),
        WL_ARG(gru_backward, dr, WL_ACC, WL_REAL, "3H H"),
        WL_ARG(gru_backward, db, WL_ACC, WL_REAL, "3H", .optional = true),
        WL_ARG(gru_backward, dbn, WL_ACC, WL_REAL, "H", .optional = true),
        WL_ARG(gru_backward, reverse, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
        WL_ARG(gru_backward, reset, WL_HOST, WL_CHOICE, .low = WL_RESET_AFTER,
               .high = WL_RESET_BEFORE, .tests = { WL_RESET_AFTER, WL_RESET_BEFORE }, .ntests = 2),
        WL_ARG(gru_backward, step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(gru_backward, zoneout, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(gru_backward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(gru_backward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535, .tests = { 0, 3 },
               .ntests = 2),
        WL_ARG(gru_backward, expected, WL_HOST, WL_CHOICE, .tests = { 0 }, .ntests = 1),
    },
};
