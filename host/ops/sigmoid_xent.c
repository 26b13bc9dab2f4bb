/* The contract of <wordloom/sigmoid_xent.h>. */
#include "../core/op.h"

/* The losses of the rows. */
static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    (void)args;
    return wl_part(d->N, wl_dtype_size(backend->real));
}

const wl_op_spec wl_sigmoid_xent_forward_spec = {
    .name = "sigmoid_xent_forward",
    .args_size = sizeof(wl_sigmoid_xent_forward_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = forward_workspace,
    .arg = {
        WL_ARG(sigmoid_xent_forward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(sigmoid_xent_forward, targets, WL_IN, WL_STORED, "N D", .strided = true,
               .maker = WL_POSITIVE),
        WL_ARG(sigmoid_xent_forward, loss, WL_OUT, WL_REAL, "1"),
        WL_ARG(sigmoid_xent_forward, reduction, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_sigmoid_xent_backward_spec = {
    .name = "sigmoid_xent_backward",
    .args_size = sizeof(wl_sigmoid_xent_backward_args),
    .gradient_of = "sigmoid_xent_forward",
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(sigmoid_xent_backward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(sigmoid_xent_backward, targets, WL_IN, WL_STORED, "N D", .strided = true,
               .maker = WL_POSITIVE),
        WL_ARG(sigmoid_xent_backward, dloss, WL_IN, WL_REAL, "1", .optional = true),
        WL_ARG(sigmoid_xent_backward, dx, WL_OUT, WL_STORED, "N D", .strided = true,
               .alias = "x"),
        WL_ARG(sigmoid_xent_backward, reduction, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};
