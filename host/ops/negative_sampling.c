/* The contract of <wordloom/negative_sampling.h>. */
#include "../core/op.h"

#include <math.h>

static double forward_flops(const wl_dims *d)
{
    return 4.0 * (double)d->N * (double)d->K * (double)d->D;
}

static double forward_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    const double slots = (double)d->N * (double)d->K;
    return 2.0 * (double)d->N * (double)d->D * (double)stored +
           slots * ((double)d->D * (double)stored + (double)id + (double)real);
}

static double backward_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    return forward_bytes(d, real, stored, id) +
           (double)d->N * (double)d->K * 2.0 * (double)d->D * (double)real;
}

static double shared_flops(const wl_dims *d) { return 0.5 * forward_flops(d); }

static double shared_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    const double rows = 2.0 * (double)d->N + (double)d->K;
    return rows * ((double)d->D * (double)stored + (double)id) +
           (double)d->N * ((double)d->K + 1.0) * (double)real;
}

/* The loss of every row, summed in a second pass. */
static size_t row_losses(const wl_backend *backend, const wl_dims *d, const void *args)
{
    (void)args;
    return wl_part(d->N, wl_dtype_size(backend->real));
}

static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_negative_sampling_backward_args *a = args;
    const bool grouped = backend->device == WL_CUDA && wl_present(&a->dtable);
    return grouped ? backend->grouping_bytes(d->N * d->K) : 0;
}

/* The shared rows and h as REAL, the loss of every row. */
static size_t shared_forward_workspace(const wl_backend *backend, const wl_dims *d,
                                       const void *args)
{
    const size_t real = wl_dtype_size(backend->real);
    return wl_part(d->K * d->D, real) + wl_part(d->N * d->D, real) + row_losses(backend, d, args) +
           backend->gemm_bytes;
}

/* The shared rows, h and dh as REAL; on CUDA, for dtable, the ids ordered by row. */
static size_t shared_backward_workspace(const wl_backend *backend, const wl_dims *d,
                                        const void *args)
{
    const wl_negative_sampling_shared_backward_args *a = args;
    const size_t real = wl_dtype_size(backend->real);
    const bool grouped = backend->device == WL_CUDA && wl_present(&a->dtable);
    const size_t more = grouped ? backend->grouping_bytes(d->N > d->K ? d->N : d->K) : 0;
    if (more == SIZE_MAX) return SIZE_MAX; /* the device failed */
    return wl_part(d->K * d->D, real) + 2 * wl_part(d->N * d->D, real) + backend->gemm_bytes + more;
}

const wl_op_spec wl_negative_sampling_forward_spec = {
    .name = "negative_sampling_forward",
    .args_size = sizeof(wl_negative_sampling_forward_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = row_losses,
    .flops = forward_flops,
    .bytes = forward_bytes,
    .arg = {
        WL_ARG(negative_sampling_forward, h, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(negative_sampling_forward, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(negative_sampling_forward, samples, WL_IN, WL_ID, "N K", .bound = 'V',
               .absent = true),
        WL_ARG(negative_sampling_forward, loss, WL_OUT, WL_REAL, "1"),
        WL_ARG(negative_sampling_forward, g, WL_OUT, WL_REAL, "N K"),
        WL_ARG(negative_sampling_forward, dh, WL_OUT, WL_STORED, "N D", .strided = true,
               .optional = true),
        WL_ARG(negative_sampling_forward, scale, WL_HOST, WL_DOUBLE, .low = -HUGE_VAL,
               .high = HUGE_VAL, .tests = { 1, 0.25 }, .ntests = 2),
    },
};

const wl_op_spec wl_negative_sampling_backward_spec = {
    .name = "negative_sampling_backward",
    .args_size = sizeof(wl_negative_sampling_backward_args),
    .gradient_of = "negative_sampling_forward",
    .determinism = WL_GPU_TO_GPU,
    .workspace = backward_workspace,
    .flops = forward_flops,
    .bytes = backward_bytes,
    .arg = {
        WL_ARG(negative_sampling_backward, h, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(negative_sampling_backward, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(negative_sampling_backward, samples, WL_IN, WL_ID, "N K", .bound = 'V',
               .absent = true),
        WL_ARG(negative_sampling_backward, g, WL_IN, WL_REAL, "N K"),
        WL_ARG(negative_sampling_backward, dloss, WL_IN, WL_REAL, "1", .optional = true),
        WL_ARG(negative_sampling_backward, dh, WL_OUT, WL_STORED, "N D", .strided = true,
               .optional = true),
        WL_ARG(negative_sampling_backward, dtable, WL_ACC, WL_REAL, "V D", .strided = true,
               .optional = true),
    },
};

const wl_op_spec wl_negative_sampling_shared_forward_spec = {
    .name = "negative_sampling_shared_forward",
    .args_size = sizeof(wl_negative_sampling_shared_forward_args),
    .determinism = WL_RUN_TO_RUN,
    .workspace = shared_forward_workspace,
    .flops = shared_flops,
    .bytes = shared_bytes,
    .arg = {
        WL_ARG(negative_sampling_shared_forward, h, WL_IN, WL_STORED, "N D"),
        WL_ARG(negative_sampling_shared_forward, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(negative_sampling_shared_forward, targets, WL_IN, WL_ID, "N", .bound = 'V',
               .absent = true),
        WL_ARG(negative_sampling_shared_forward, negatives, WL_IN, WL_ID, "K", .bound = 'V',
               .absent = true),
        WL_ARG(negative_sampling_shared_forward, loss, WL_OUT, WL_REAL, "1"),
        WL_ARG(negative_sampling_shared_forward, gt, WL_OUT, WL_REAL, "N"),
        WL_ARG(negative_sampling_shared_forward, gn, WL_OUT, WL_REAL, "N K"),
        WL_ARG(negative_sampling_shared_forward, scale, WL_HOST, WL_DOUBLE, .low = -HUGE_VAL,
               .high = HUGE_VAL, .tests = { 1, 0.25 }, .ntests = 2),
    },
};

const wl_op_spec wl_negative_sampling_shared_backward_spec = {
    .name = "negative_sampling_shared_backward",
    .args_size = sizeof(wl_negative_sampling_shared_backward_args),
    .gradient_of = "negative_sampling_shared_forward",
    .determinism = WL_RUN_TO_RUN,
    .workspace = shared_backward_workspace,
    .flops = forward_flops,
    .bytes = shared_bytes,
    .arg = {
        WL_ARG(negative_sampling_shared_backward, h, WL_IN, WL_STORED, "N D"),
        WL_ARG(negative_sampling_shared_backward, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(negative_sampling_shared_backward, targets, WL_IN, WL_ID, "N", .bound = 'V',
               .absent = true),
        WL_ARG(negative_sampling_shared_backward, negatives, WL_IN, WL_ID, "K", .bound = 'V',
               .absent = true),
        WL_ARG(negative_sampling_shared_backward, gt, WL_IN, WL_REAL, "N"),
        WL_ARG(negative_sampling_shared_backward, gn, WL_IN, WL_REAL, "N K"),
        WL_ARG(negative_sampling_shared_backward, dloss, WL_IN, WL_REAL, "1", .optional = true),
        WL_ARG(negative_sampling_shared_backward, dh, WL_OUT, WL_STORED, "N D"),
        WL_ARG(negative_sampling_shared_backward, dnegatives, WL_OUT, WL_REAL, "K D"),
        WL_ARG(negative_sampling_shared_backward, dtable, WL_ACC, WL_REAL, "V D", .strided = true,
               .optional = true),
    },
};
