/* The contract of <wordloom/attention.h>. */
#include "attention.h"

/* Scores and values; dq, dk, dv and the weights' gradients beside scores once more. */
static double forward_flops(const wl_dims *d)
{
    return 2.0 * (double)(d->T * d->B * d->S) * (double)(d->H + d->D);
}
static double backward_flops(const wl_dims *d)
{
    return 2.0 * (double)(d->T * d->B * d->S) * (double)(3 * d->H + 2 * d->D);
}

static size_t bytes_of(const wl_backend *backend, const wl_attention *n)
{
    wl_attention_space space;
    return wl_attention_carve(&space, NULL, backend, n);
}
static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_attention n = wl_attention_forward_of(d, args);
    return bytes_of(backend, &n);
}
static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_attention n = wl_attention_backward_of(d, args);
    return bytes_of(backend, &n);
}
static size_t additive_forward_workspace(const wl_backend *backend, const wl_dims *d,
                                         const void *args)
{
    const wl_attention n = wl_attention_additive_forward_of(d, args);
    return bytes_of(backend, &n);
}
static size_t additive_backward_workspace(const wl_backend *backend, const wl_dims *d,
                                          const void *args)
{
    const wl_attention n = wl_attention_additive_backward_of(d, args);
    return bytes_of(backend, &n);
}

/* Keys that are values too are as wide as these. */
static wl_status check_widths(wl_ctx *ctx, const char *op, const wl_dims *d, const wl_tensor *v)
{
    if (wl_present(v) || d->D == d->H) return WL_OK;
    return wl_fail(ctx, WL_BAD_SHAPE,
                   "%s: y: has %lld features, expected the %lld of k, which is v where v is absent",
                   op, (long long)d->D, (long long)d->H);
}

static wl_status forward_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_attention_forward_args *a = args;
    return check_widths(ctx, "attention_forward", d, &a->v);
}

static wl_status backward_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_attention_backward_args *a = args;
    if (wl_present(&a->dv) != wl_present(&a->v))
        return wl_fail(ctx, wl_present(&a->v) ? WL_MISSING : WL_BAD_SHAPE,
                       "attention_backward: dv: is %s, expected it where v is",
                       wl_present(&a->v) ? "missing" : "given");
    return check_widths(ctx, "attention_backward", d, &a->v);
}

const wl_op_spec wl_attention_forward_spec = {
    .name = "attention_forward",
    .args_size = sizeof(wl_attention_forward_args),
    .determinism = WL_RUN_TO_RUN,
    .workspace = forward_workspace,
    .flops = forward_flops,
    .check = forward_check,
    .arg = {
        WL_ARG(attention_forward, q, WL_IN, WL_STORED, "T B H", .strided = true),
        WL_ARG(attention_forward, k, WL_IN, WL_STORED, "S B H", .strided = true),
        WL_ARG(attention_forward, v, WL_IN, WL_STORED, "S B D", .optional = true, .strided = true),
        WL_ARG(attention_forward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'S',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(attention_forward, y, WL_OUT, WL_STORED, "T B D", .strided = true),
        WL_ARG(attention_forward, weights, WL_OUT, WL_REAL, "T B S", .optional = true),
        WL_ARG(attention_forward, lse, WL_OUT, WL_REAL, "T B"),
        WL_ARG(attention_forward, scale, WL_HOST, WL_DOUBLE, .low = 1e-6, .high = 1e6,
               .tests = { 1, 0.125, 2 }, .ntests = 3),
    },
};

const wl_op_spec wl_attention_backward_spec = {
    .name = "attention_backward",
    .args_size = sizeof(wl_attention_backward_args),
    .gradient_of = "attention_forward",
    .determinism = WL_RUN_TO_RUN,
    .workspace = backward_workspace,
    .flops = backward_flops,
    .check = backward_check,
    .arg = {
        WL_ARG(attention_backward, q, WL_IN, WL_STORED, "T B H", .strided = true),
        WL_ARG(attention_backward, k, WL_IN, WL_STORED, "S B H", .strided = true),
        WL_ARG(attention_backward, v, WL_IN, WL_STORED, "S B D", .optional = true, .strided = true),
        WL_ARG(attention_backward, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'S',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(attention_backward, y, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(attention_backward, lse, WL_IN, WL_REAL, "T B"),
        WL_ARG(attention_backward, dy, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(attention_backward, dq, WL_OUT, WL_STORED, "T B H", .strided = true),
        WL_ARG(attention_backward, dk, WL_OUT, WL_STORED, "S B H", .strided = true),
        WL_ARG(attention_backward, dv, WL_OUT, WL_STORED, "S B D", .optional = true,
               .strided = true),
        WL_ARG(attention_backward, scale, WL_HOST, WL_DOUBLE, .low = 1e-6, .high = 1e6,
               .tests = { 1, 0.125, 2 }, .ntests = 3),
    },
};

const wl_op_spec wl_attention_additive_forward_spec = {
    .name = "attention_additive_forward",
    .args_size = sizeof(wl_attention_additive_forward_args),
    .determinism = WL_RUN_TO_RUN,
    .workspace = additive_forward_workspace,
    .flops = forward_flops,
    .arg = {
        WL_ARG(attention_additive_forward, q, WL_IN, WL_STORED, "T B H", .strided = true),
        WL_ARG(attention_additive_forward, k, WL_IN, WL_STORED, "S B H", .strided = true),
        WL_ARG(attention_additive_forward, u, WL_IN, WL_REAL, "H"),
        WL_ARG(attention_additive_forward, v, WL_IN, WL_STORED, "S B D", .strided = true),
        WL_ARG(attention_additive_forward, lengths, WL_IN, WL_INT32, "B", .optional = true,
               .bound = 'S', .silent = true, .maker = WL_LENGTHS),
        WL_ARG(attention_additive_forward, y, WL_OUT, WL_STORED, "T B D", .strided = true),
        WL_ARG(attention_additive_forward, weights, WL_OUT, WL_REAL, "T B S", .optional = true),
        WL_ARG(attention_additive_forward, lse, WL_OUT, WL_REAL, "T B"),
    },
};

const wl_op_spec wl_attention_additive_backward_spec = {
    .name = "attention_additive_backward",
    .args_size = sizeof(wl_attention_additive_backward_args),
    .gradient_of = "attention_additive_forward",
    .determinism = WL_RUN_TO_RUN,
    .workspace = additive_backward_workspace,
    .flops = backward_flops,
    .arg = {
        WL_ARG(attention_additive_backward, q, WL_IN, WL_STORED, "T B H", .strided = true),
        WL_ARG(attention_additive_backward, k, WL_IN, WL_STORED, "S B H", .strided = true),
        WL_ARG(attention_additive_backward, u, WL_IN, WL_REAL, "H"),
        WL_ARG(attention_additive_backward, v, WL_IN, WL_STORED, "S B D", .strided = true),
        WL_ARG(attention_additive_backward, lengths, WL_IN, WL_INT32, "B", .optional = true,
               .bound = 'S', .silent = true, .maker = WL_LENGTHS),
        WL_ARG(attention_additive_backward, y, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(attention_additive_backward, lse, WL_IN, WL_REAL, "T B"),
        WL_ARG(attention_additive_backward, dy, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(attention_additive_backward, dq, WL_OUT, WL_STORED, "T B H", .strided = true),
        WL_ARG(attention_additive_backward, dk, WL_OUT, WL_STORED, "S B H", .strided = true),
        WL_ARG(attention_additive_backward, du, WL_ACC, WL_REAL, "H"),
        WL_ARG(attention_additive_backward, dv, WL_OUT, WL_STORED, "S B D", .strided = true),
    },
};
