/* The contract of <wordloom/lstm.h>. What is under 1 is so if only by the last bit of a double. */
#include "lstm.h"

static double forward_flops(const wl_dims *d) { return wl_recurrence_flops(d, 4); }
static double backward_flops(const wl_dims *d) { return 2 * forward_flops(d); }

static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_recurrence a = wl_lstm_forward_of(d, args);
    wl_recurrence_space space;
    return wl_recurrence_forward_carve(&space, NULL, backend, &a);
}

static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_recurrence a = wl_lstm_backward_of(d, args);
    wl_recurrence_space space;
    return wl_recurrence_backward_carve(&space, NULL, backend, &a);
}

static wl_status backward_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_lstm_backward_args *a = args;
    (void)d;
    return wl_recurrence_check(ctx, "lstm_backward", &a->s, &a->ds);
}

const wl_op_spec wl_lstm_forward_spec = {
    .name = "lstm_forward",
    .args_size = sizeof(wl_lstm_forward_args),
    .rounded = "h at each step",
    .determinism = WL_RUN_TO_RUN,
    .workspace = forward_workspace,
    .flops = forward_flops,
    .arg = {
        WL_ARG(lstm_forward, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(lstm_forward, s, WL_IN, WL_STORED, "B S", .optional = true),
        WL_ARG(lstm_forward, w, WL_IN, WL_STORED, "4H D+S"),
        WL_ARG(lstm_forward, r, WL_IN, WL_STORED, "4H H"),
        WL_ARG(lstm_forward, h0, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(lstm_forward, c0, WL_IN, WL_REAL, "B H", .optional = true),
        WL_ARG(lstm_forward, b, WL_IN, WL_REAL, "4H", .optional = true),
        WL_ARG(lstm_forward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'T',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(lstm_forward, h, WL_OUT, WL_STORED, "T B H", .strided = true),
        WL_ARG(lstm_forward, c, WL_OUT, WL_REAL, "T B H"),
        WL_ARG(lstm_forward, gates, WL_OUT, WL_STORED, "T B 4H"),
        WL_ARG(lstm_forward, hT, WL_OUT, WL_STORED, "B H", .optional = true),
        WL_ARG(lstm_forward, cT, WL_OUT, WL_REAL, "B H", .optional = true),
        WL_ARG(lstm_forward, reverse, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
        WL_ARG(lstm_forward, step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(lstm_forward, zoneout, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(lstm_forward, zoneout_c, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(lstm_forward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(lstm_forward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535, .tests = { 0, 3 },
               .ntests = 2),
        WL_ARG(lstm_forward, expected, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
    },
};

const wl_op_spec wl_lstm_backward_spec = {
    .name = "lstm_backward",
    .args_size = sizeof(wl_lstm_backward_args),
    .gradient_of = "lstm_forward",
    .rounded = "the gradients at the gates",
    .determinism = WL_RUN_TO_RUN,
    .workspace = backward_workspace,
    .flops = backward_flops,
    .check = backward_check,
    .arg = {
        WL_ARG(lstm_backward, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(lstm_backward, s, WL_IN, WL_STORED, "B S", .optional = true),
        WL_ARG(lstm_backward, w, WL_IN, WL_STORED, "4H D+S"),
        WL_ARG(lstm_backward, r, WL_IN, WL_STORED, "4H H"),
        WL_ARG(lstm_backward, h0, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(lstm_backward, c0, WL_IN, WL_REAL, "B H", .optional = true),
        WL_ARG(lstm_backward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'T',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(lstm_backward, h, WL_IN, WL_STORED, "T B H", .strided = true),
        WL_ARG(lstm_backward, c, WL_IN, WL_REAL, "T B H"),
        WL_ARG(lstm_backward, gates, WL_IN, WL_STORED, "T B 4H"),
        WL_ARG(lstm_backward, dh, WL_IN, WL_STORED, "T B H", .optional = true, .strided = true),
        WL_ARG(lstm_backward, dhT, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(lstm_backward, dcT, WL_IN, WL_REAL, "B H", .optional = true),
        WL_ARG(lstm_backward, dx, WL_OUT, WL_STORED, "T B D", .optional = true, .strided = true),
        WL_ARG(lstm_backward, dh0, WL_OUT, WL_STORED, "B H", .optional = true),
        WL_ARG(lstm_backward, dc0, WL_OUT, WL_REAL, "B H", .optional = true),
        WL_ARG(lstm_backward, ds, WL_OUT, WL_STORED, "B S", .optional = true),
        WL_ARG(lstm_backward, dw, WL_ACC, WL_REAL, "4H D+S"),
        WL_ARG(lstm_backward, dr, WL_ACC, WL_REAL, "4H H"),
        WL_ARG(lstm_backward, db, WL_ACC, WL_REAL, "4H", .optional = true),
        WL_ARG(lstm_backward, reverse, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
        WL_ARG(lstm_backward, step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(lstm_backward, zoneout, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(lstm_backward, zoneout_c, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(lstm_backward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(lstm_backward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535, .tests = { 0, 3 },
               .ntests = 2),
        WL_ARG(lstm_backward, expected, WL_HOST, WL_CHOICE, .tests = { 0 }, .ntests = 1),
    },
};
