/* The contract of <wordloom/activation.h>. */
#include "../core/op.h"

const wl_op_spec wl_activation_forward_spec = {
    .name = "activation_forward",
    .args_size = sizeof(wl_activation_forward_args),
    .determinism = WL_RUN_TO_RUN,
    .arg = {
        WL_ARG(activation_forward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(activation_forward, y, WL_OUT, WL_STORED, "N D", .strided = true, .alias = "x"),
        WL_ARG(activation_forward, kind, WL_HOST, WL_CHOICE, .low = WL_IDENTITY, .high = WL_GELU,
               .tests = { WL_TANH, WL_IDENTITY, WL_RELU, WL_SIGMOID, WL_GELU }, .ntests = 5),
    },
};

const wl_op_spec wl_activation_backward_spec = {
    .name = "activation_backward",
    .args_size = sizeof(wl_activation_backward_args),
    .gradient_of = "activation_forward",
    .determinism = WL_RUN_TO_RUN,
    .arg = {
        WL_ARG(activation_backward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(activation_backward, dy, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(activation_backward, dx, WL_OUT, WL_STORED, "N D", .strided = true, .alias = "dy"),
        WL_ARG(activation_backward, kind, WL_HOST, WL_CHOICE, .low = WL_IDENTITY, .high = WL_GELU,
               .tests = { WL_TANH, WL_IDENTITY, WL_RELU, WL_SIGMOID, WL_GELU }, .ntests = 5),
    },
};
