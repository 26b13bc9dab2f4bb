/* The contract of <wordloom/dropout.h>. */
#include "../core/op.h"

/* p lies under 1, if only by the last bit of a double. */
const wl_op_spec wl_dropout_forward_spec = {
    .name = "dropout_forward",
    .args_size = sizeof(wl_dropout_forward_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(dropout_forward, x, WL_IN, WL_STORED, "T N"),
        WL_ARG(dropout_forward, step, WL_IN, WL_INT64, "1", .maker = WL_STEP),
        WL_ARG(dropout_forward, mask, WL_IN, WL_BYTE, "T N", .optional = true),
        WL_ARG(dropout_forward, residual, WL_IN, WL_STORED, "T N", .optional = true),
        WL_ARG(dropout_forward, y, WL_OUT, WL_STORED, "T N", .alias = "x"),
        WL_ARG(dropout_forward, p, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0.5, 0.1, 0 }, .ntests = 3),
        WL_ARG(dropout_forward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(dropout_forward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535,
               .tests = { 0, 3 }, .ntests = 2),
        WL_ARG(dropout_forward, locked, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
        WL_ARG(dropout_forward, skipped, WL_HOST, WL_CHOICE, .low = 0, .high = 1 << 30,
               .tests = { 0, 5 }, .ntests = 2),
    },
};

const wl_op_spec wl_dropout_backward_spec = {
    .name = "dropout_backward",
    .args_size = sizeof(wl_dropout_backward_args),
    .gradient_of = "dropout_forward",
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(dropout_backward, dy, WL_IN, WL_STORED, "T N"),
        WL_ARG(dropout_backward, step, WL_IN, WL_INT64, "1", .maker = WL_STEP),
        WL_ARG(dropout_backward, mask, WL_IN, WL_BYTE, "T N", .optional = true),
        WL_ARG(dropout_backward, dx, WL_OUT, WL_STORED, "T N", .alias = "dy"),
        WL_ARG(dropout_backward, p, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1.fffffffffffffp-1,
               .tests = { 0.5, 0.1, 0 }, .ntests = 3),
        WL_ARG(dropout_backward, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(dropout_backward, layer, WL_HOST, WL_CHOICE, .low = 0, .high = 65535,
               .tests = { 0, 3 }, .ntests = 2),
        WL_ARG(dropout_backward, locked, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
        WL_ARG(dropout_backward, skipped, WL_HOST, WL_CHOICE, .low = 0, .high = 1 << 30,
               .tests = { 0, 5 }, .ntests = 2),
    },
};
