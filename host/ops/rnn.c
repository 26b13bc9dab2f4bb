/* The contract of <wordloom/rnn.h>. What is under 1 is so if only by the last bit of a double. */
#include "rnn.h"

static double forward_flops(const wl_dims *d) { return wl_recurrence_flops(d, 1); }
static double backward_flops(const wl_dims *d) { return 2 * forward_flops(d); }

static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_recurrence a = wl_rnn_forward_of(d, args);
    wl_recurrence_space space;
    return wl_recurrence_forward_carve(&space, NULL, backend, &a);
}

static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_recurrence a = wl_rnn_backward_of(d, args);
    wl_recurrence_space space;
    return wl_recurrence_backward_carve(&space, NULL, backend, &a);
}

static wl_status backward_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_rnn_backward_args *a = args;
    (void)d;
    return wl_recurrence_check(ctx, "rnn_backward", &a->s, &a->ds);
}

const wl_op_spec wl_rnn_forward_spec = {
    .name = "rnn_forward",
    .args_size = sizeof(wl_rnn_forward_args),
    .rounded = "h at each step",
    .determinism = WL_RUN_TO_RUN,
    .workspace = forward_workspace,
    .flops = forward_flops,
    .arg = {
        WL_ARG(rnn_forward, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(rnn_forward, s, WL_IN, WL_STORED, "B S", .optional = true),
        WL_ARG(rnn_forward, w, WL_IN, WL_STORED, "H D+S"),
        WL_ARG(rnn_forward, r, WL_IN, WL_STORED, "H H"),
        WL_ARG(rnn_forward, h0, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(rnn_forward, b, WL_IN, WL_REAL, "H", .optional = true),
        WL_ARG(rnn_forward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'T',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(rnn_forward, h, WL_OUT, WL_STORED, "T B H", .strided = true),
        WL_ARG(rnn_forward, hT, WL_OUT, WL_STORED, "B H", .optional = true),
        WL_ARG(rnn_forward, reverse, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
        WL_ARG(rnn_forward, activation, WL_HOST, WL_CHOICE, .low = WL_RNN_TANH,
               .high = WL_RNN_RELU, .tests = { WL_RNN_TANH, WL_RNN_RELU }, .ntests = 2),
        WL_ARG(rnn_forward, step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(rnn_forward, zoneout, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(rnn_forward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(rnn_forward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535, .tests = { 0, 3 },
               .ntests = 2),
        WL_ARG(rnn_forward, expected, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
    },
};

const wl_op_spec wl_rnn_backward_spec = {
    .name = "rnn_backward",
    .args_size = sizeof(wl_rnn_backward_args),
    .gradient_of = "rnn_forward",
    .rounded = "the gradients before the activation",
    .determinism = WL_RUN_TO_RUN,
    .workspace = backward_workspace,
    .flops = backward_flops,
    .check = backward_check,
    .arg = {
        WL_ARG(rnn_backward, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(rnn_backward, s, WL_IN, WL_STORED, "B S", .optional = true),
        WL_ARG(rnn_backward, w, WL_IN, WL_STORED, "H D+S"),
        WL_ARG(rnn_backward, r, WL_IN, WL_STORED, "H H"),
        WL_ARG(rnn_backward, h0, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(rnn_backward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'T',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(rnn_backward, h, WL_IN, WL_STORED, "T B H", .strided = true),
        WL_ARG(rnn_backward, dh, WL_IN, WL_STORED, "T B H", .optional = true, .strided = true),
        WL_ARG(rnn_backward, dhT, WL_IN, WL_STORED, "B H", .optional = true),
        WL_ARG(rnn_backward, dx, WL_OUT, WL_STORED, "T B D", .optional = true, .strided = true),
        WL_ARG(rnn_backward, dh0, WL_OUT, WL_STORED, "B H", .optional = true),
        WL_ARG(rnn_backward, ds, WL_OUT, WL_STORED, "B S", .optional = true),
        WL_ARG(rnn_backward, dw, WL_ACC, WL_REAL, "H D+S"),
        WL_ARG(rnn_backward, dr, WL_ACC, WL_REAL, "H H"),
        WL_ARG(rnn_backward, db, WL_ACC, WL_REAL, "H", .optional = true),
        WL_ARG(rnn_backward, reverse, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },
               .ntests = 2),
        WL_ARG(rnn_backward, activation, WL_HOST, WL_CHOICE, .low = WL_RNN_TANH,
               .high = WL_RNN_RELU, .tests = { WL_RNN_TANH, WL_RNN_RELU }, .ntests = 2),
        WL_ARG(rnn_backward, step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(rnn_backward, zoneout, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0, 0.1, 0.5 }, .ntests = 3),
        WL_ARG(rnn_backward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(rnn_backward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535, .tests = { 0, 3 },
               .ntests = 2),
        WL_ARG(rnn_backward, expected, WL_HOST, WL_CHOICE, .tests = { 0 }, .ntests = 1),
    },
};
