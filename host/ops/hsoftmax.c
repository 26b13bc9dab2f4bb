/* The contract of <wordloom/hsoftmax.h>. */
#include "../core/op.h"

#include <math.h>

static double flops(const wl_dims *d) { return 4.0 * (double)d->N * (double)d->K * (double)d->D; }

static double forward_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    const double slots = (double)d->N * (double)d->K;
    return 2.0 * (double)d->N * (double)d->D * (double)stored + (double)d->N * ((double)id + 12.0) +
           slots * ((double)d->D * (double)stored + 8.0 + (double)real);
}

static double backward_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    return forward_bytes(d, real, stored, id) +
           (double)d->N * (double)d->K * 2.0 * (double)d->D * (double)real;
}

/* The loss of every row, summed in a second pass. */
static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    (void)args;
    return wl_part(d->N, wl_dtype_size(backend->real));
}

static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_hsoftmax_backward_args *a = args;
    const bool grouped = backend->device == WL_CUDA && wl_present(&a->dtable);
    return grouped ? backend->grouping_bytes(d->N * d->K) : 0;
}

const wl_op_spec wl_hsoftmax_forward_spec = {
    .name = "hsoftmax_forward",
    .args_size = sizeof(wl_hsoftmax_forward_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = forward_workspace,
    .flops = flops,
    .bytes = forward_bytes,
    .arg = {
        WL_ARG(hsoftmax_forward, h, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(hsoftmax_forward, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(hsoftmax_forward, paths, WL_IN, WL_INT32, "W 3", .maker = WL_PATHS, .bound = 'E',
               .silent = true),
        WL_ARG(hsoftmax_forward, nodes, WL_IN, WL_INT32, "E", .bound = 'V', .silent = true),
        WL_ARG(hsoftmax_forward, targets, WL_IN, WL_ID, "N", .bound = 'W', .absent = true),
        WL_ARG(hsoftmax_forward, loss, WL_OUT, WL_REAL, "1"),
        WL_ARG(hsoftmax_forward, g, WL_OUT, WL_REAL, "N K"),
        WL_ARG(hsoftmax_forward, samples, WL_OUT, WL_INT32, "N K"),
        WL_ARG(hsoftmax_forward, dh, WL_OUT, WL_STORED, "N D", .strided = true, .optional = true),
        WL_ARG(hsoftmax_forward, scale, WL_HOST, WL_DOUBLE, .low = -HUGE_VAL, .high = HUGE_VAL,
               .tests = { 1, 0.25 }, .ntests = 2),
    },
};

const wl_op_spec wl_hsoftmax_backward_spec = {
    .name = "hsoftmax_backward",
    .args_size = sizeof(wl_hsoftmax_backward_args),
    .gradient_of = "hsoftmax_forward",
    .determinism = WL_GPU_TO_GPU,
    .workspace = backward_workspace,
    .flops = flops,
    .bytes = backward_bytes,
    .arg = {
        WL_ARG(hsoftmax_backward, h, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(hsoftmax_backward, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(hsoftmax_backward, samples, WL_IN, WL_ID, "N K", .bound = 'V', .absent = true),
        WL_ARG(hsoftmax_backward, g, WL_IN, WL_REAL, "N K"),
        WL_ARG(hsoftmax_backward, dloss, WL_IN, WL_REAL, "1", .optional = true),
        WL_ARG(hsoftmax_backward, dh, WL_OUT, WL_STORED, "N D", .strided = true, .optional = true),
        WL_ARG(hsoftmax_backward, dtable, WL_ACC, WL_REAL, "V D", .strided = true,
               .optional = true),
    },
};
