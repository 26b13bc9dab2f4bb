/* The contract of <wordloom/softmax_xent.h>. */
#include "softmax_xent.h"

static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    wl_xent_rows_space space;
    (void)args;
    return wl_xent_rows_carve(&space, NULL, backend, d->N, d->V);
}

static size_t linear_forward_workspace(const wl_backend *backend, const wl_dims *d,
                                       const void *args)
{
    const wl_xent n = wl_xent_of_forward(d, args);
    wl_xent_space space;
    return wl_xent_carve(&space, NULL, backend, &n);
}

static size_t linear_backward_workspace(const wl_backend *backend, const wl_dims *d,
                                        const void *args)
{
    const wl_xent n = wl_xent_of_backward(d, args);
    wl_xent_space space;
    return wl_xent_carve(&space, NULL, backend, &n);
}

static double product_flops(const wl_dims *d)
{
    return 2.0 * (double)d->N * (double)d->D * (double)d->V;
}
static double three_products_flops(const wl_dims *d) { return 3 * product_flops(d); }

const wl_op_spec wl_softmax_xent_forward_spec = {
    .name = "softmax_xent_forward",
    .args_size = sizeof(wl_softmax_xent_forward_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = forward_workspace,
    .arg = {
        WL_ARG(softmax_xent_forward, logits, WL_IN, WL_STORED, "N V", .strided = true),
        WL_ARG(softmax_xent_forward, labels, WL_IN, WL_ID, "N", .bound = 'V', .absent = true),
        WL_ARG(softmax_xent_forward, loss, WL_OUT, WL_REAL, "1"),
        WL_ARG(softmax_xent_forward, losses, WL_OUT, WL_REAL, "N", .optional = true),
        WL_ARG(softmax_xent_forward, lse, WL_OUT, WL_REAL, "N"),
        WL_ARG(softmax_xent_forward, count, WL_OUT, WL_INT64, "1"),
        WL_ARG(softmax_xent_forward, smoothing, WL_HOST, WL_DOUBLE, .low = 0, .high = 0.999,
               .tests = { 0, 0.1 }, .ntests = 2),
        WL_ARG(softmax_xent_forward, reduction, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_softmax_xent_backward_spec = {
    .name = "softmax_xent_backward",
    .args_size = sizeof(wl_softmax_xent_backward_args),
    .gradient_of = "softmax_xent_forward",
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(softmax_xent_backward, logits, WL_IN, WL_STORED, "N V", .strided = true),
        WL_ARG(softmax_xent_backward, labels, WL_IN, WL_ID, "N", .bound = 'V', .absent = true),
        WL_ARG(softmax_xent_backward, lse, WL_IN, WL_REAL, "N"),
        WL_ARG(softmax_xent_backward, count, WL_IN, WL_INT64, "1", .bound = 'N',
               .maker = WL_COUNT),
        WL_ARG(softmax_xent_backward, dloss, WL_IN, WL_REAL, "1", .optional = true),
        WL_ARG(softmax_xent_backward, dlogits, WL_OUT, WL_STORED, "N V", .strided = true,
               .alias = "logits"),
        WL_ARG(softmax_xent_backward, smoothing, WL_HOST, WL_DOUBLE, .low = 0, .high = 0.999,
               .tests = { 0, 0.1 }, .ntests = 2),
        WL_ARG(softmax_xent_backward, reduction, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_softmax_xent_linear_forward_spec = {
    .name = "softmax_xent_linear_forward",
    .args_size = sizeof(wl_softmax_xent_linear_forward_args),
    .determinism = WL_RUN_TO_RUN,
    .workspace = linear_forward_workspace,
    .flops = product_flops,
    .arg = {
        WL_ARG(softmax_xent_linear_forward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(softmax_xent_linear_forward, w, WL_IN, WL_STORED, "V D"),
        WL_ARG(softmax_xent_linear_forward, b, WL_IN, WL_REAL, "V", .optional = true),
        WL_ARG(softmax_xent_linear_forward, labels, WL_IN, WL_ID, "N", .bound = 'V',
               .absent = true),
        WL_ARG(softmax_xent_linear_forward, loss, WL_OUT, WL_REAL, "1"),
        WL_ARG(softmax_xent_linear_forward, losses, WL_OUT, WL_REAL, "N", .optional = true),
        WL_ARG(softmax_xent_linear_forward, count, WL_OUT, WL_INT64, "1", .optional = true),
        WL_ARG(softmax_xent_linear_forward, smoothing, WL_HOST, WL_DOUBLE, .low = 0,
               .high = 0.999, .tests = { 0, 0.1 }, .ntests = 2),
        WL_ARG(softmax_xent_linear_forward, reduction, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};

const wl_op_spec wl_softmax_xent_linear_backward_spec = {
    .name = "softmax_xent_linear_backward",
    .args_size = sizeof(wl_softmax_xent_linear_backward_args),
    .gradient_of = "softmax_xent_linear_forward",
    .rounded = "the gradients at the logits",
    .determinism = WL_RUN_TO_RUN,
    .workspace = linear_backward_workspace,
    .flops = three_products_flops,
    .arg = {
        WL_ARG(softmax_xent_linear_backward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(softmax_xent_linear_backward, w, WL_IN, WL_STORED, "V D"),
        WL_ARG(softmax_xent_linear_backward, b, WL_IN, WL_REAL, "V", .optional = true),
        WL_ARG(softmax_xent_linear_backward, labels, WL_IN, WL_ID, "N", .bound = 'V',
               .absent = true),
        WL_ARG(softmax_xent_linear_backward, dloss, WL_IN, WL_REAL, "1", .optional = true),
        WL_ARG(softmax_xent_linear_backward, loss, WL_OUT, WL_REAL, "1"),
        WL_ARG(softmax_xent_linear_backward, losses, WL_OUT, WL_REAL, "N", .optional = true),
        WL_ARG(softmax_xent_linear_backward, count, WL_OUT, WL_INT64, "1", .optional = true),
        WL_ARG(softmax_xent_linear_backward, dx, WL_OUT, WL_STORED, "N D", .optional = true,
               .strided = true),
        WL_ARG(softmax_xent_linear_backward, dw, WL_ACC, WL_REAL, "V D"),
        WL_ARG(softmax_xent_linear_backward, db, WL_ACC, WL_REAL, "V", .optional = true),
        WL_ARG(softmax_xent_linear_backward, smoothing, WL_HOST, WL_DOUBLE, .low = 0,
               .high = 0.999, .tests = { 0, 0.1 }, .ntests = 2),
        WL_ARG(softmax_xent_linear_backward, reduction, WL_HOST, WL_CHOICE, .low = 0, .high = 1,
               .tests = { 0, 1 }, .ntests = 2),
    },
};
