/* The contract of <wordloom/layernorm.h>. */
#include "layernorm.h"

/* The sums of each part of the rows: for dweight, then for dbias. */
static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_layernorm_backward_args *a = args;
    const size_t part = wl_part(wl_norm_parts(d->N) * d->D, wl_dtype_size(backend->real));
    return part * ((size_t)wl_present(&a->dweight) + (size_t)wl_present(&a->dbias));
}

const wl_op_spec wl_layernorm_forward_spec = {
    .name = "layernorm_forward",
    .args_size = sizeof(wl_layernorm_forward_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(layernorm_forward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(layernorm_forward, weight, WL_IN, WL_REAL, "D", .optional = true),
        WL_ARG(layernorm_forward, bias, WL_IN, WL_REAL, "D", .optional = true),
        WL_ARG(layernorm_forward, y, WL_OUT, WL_STORED, "N D", .strided = true),
        WL_ARG(layernorm_forward, mean, WL_OUT, WL_REAL, "N"),
        WL_ARG(layernorm_forward, rstd, WL_OUT, WL_REAL, "N"),
        WL_ARG(layernorm_forward, eps, WL_HOST, WL_DOUBLE, .low = 1e-12, .high = 1,
               .tests = { 1e-5, 1e-2, 1 }, .ntests = 3),
    },
};

const wl_op_spec wl_layernorm_backward_spec = {
    .name = "layernorm_backward",
    .args_size = sizeof(wl_layernorm_backward_args),
    .gradient_of = "layernorm_forward",
    .determinism = WL_GPU_TO_GPU,
    .workspace = backward_workspace,
    .arg = {
        WL_ARG(layernorm_backward, dy, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(layernorm_backward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(layernorm_backward, weight, WL_IN, WL_REAL, "D", .optional = true),
        WL_ARG(layernorm_backward, mean, WL_IN, WL_REAL, "N"),
        WL_ARG(layernorm_backward, rstd, WL_IN, WL_REAL, "N"),
        WL_ARG(layernorm_backward, dx, WL_OUT, WL_STORED, "N D", .strided = true, .alias = "dy"),
        WL_ARG(layernorm_backward, dweight, WL_ACC, WL_REAL, "D", .optional = true),
        WL_ARG(layernorm_backward, dbias, WL_ACC, WL_REAL, "D", .optional = true),
    },
};
