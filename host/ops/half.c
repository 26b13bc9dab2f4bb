/* The contract of <wordloom/half.h>. */
#include "../core/op.h"

const wl_op_spec wl_half_narrow_spec = {
    .name = "half_narrow",
    .args_size = sizeof(wl_half_narrow_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(half_narrow, x, WL_IN, WL_REAL, "N"),
        WL_ARG(half_narrow, step, WL_IN, WL_INT64, "1", .optional = true, .maker = WL_STEP),
        WL_ARG(half_narrow, y, WL_OUT, WL_STORED, "N"),
        WL_ARG(half_narrow, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(half_narrow, rounding, WL_HOST, WL_CHOICE, .low = WL_ROUND_NEAREST,
               .high = WL_ROUND_STOCHASTIC, .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_half_widen_spec = {
    .name = "half_widen",
    .args_size = sizeof(wl_half_widen_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(half_widen, x, WL_IN, WL_STORED, "N"),
        WL_ARG(half_widen, y, WL_OUT, WL_REAL, "N"),
    },
};
