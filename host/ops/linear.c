/* The contract of <wordloom/linear.h>. */
#include "../core/op.h"

static double forward_flops(const wl_dims *d)
{
    return 2.0 * (double)d->N * (double)d->D * (double)d->H;
}

/* as if dx were wanted */
static double backward_flops(const wl_dims *d) { return 2 * forward_flops(d); }

static bool is_real(const wl_backend *backend, const wl_tensor *t)
{
    return t->dtype == backend->real;
}

/* Where STORED has 16 bits the CPU widens x and w, and the product is REAL until it is rounded: on
 * CUDA only if it is not y already. */
static size_t forward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_linear_forward_args *a = args;
    const size_t real = wl_dtype_size(backend->real), product = wl_part(d->N * d->H, real);
    const bool more = a->activation != WL_IDENTITY || wl_present(&a->b) || wl_present(&a->sum);
    if (is_real(backend, &a->x)) return backend->gemm_bytes;
    if (backend->device == WL_CUDA) return backend->gemm_bytes + (more ? product : 0);
    return product + wl_part(d->N * d->D, real) + wl_part(d->H * d->D, real);
}

/* dsum, unless it is dy itself; on the CPU 16 bits widened, of which x gives its place to dx; on
 * CUDA the parts of db. */
static size_t backward_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_linear_backward_args *a = args;
    const size_t real = wl_dtype_size(backend->real), stored = wl_dtype_size(a->x.dtype);
    const bool cpu = backend->device == WL_CPU, widened = cpu && !is_real(backend, &a->x);
    size_t bytes = backend->gemm_bytes;
    if (a->activation != WL_IDENTITY || widened) bytes += wl_part(d->N * d->H, cpu ? real : stored);
    if (widened) bytes += wl_part(d->N * d->D, real) + wl_part(d->H * d->D, real);
    if (!cpu && wl_present(&a->db)) bytes += wl_part(WL_COLUMN_PARTS * d->H, real);
    return bytes;
}

static wl_status check_slopes(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_linear_backward_args *a = args;
    const bool gelu = a->activation == WL_GELU;
    if (a->activation == WL_IDENTITY || wl_present(gelu ? &a->sum : &a->y)) return WL_OK;
    return wl_fail(ctx, WL_MISSING,
                   "linear_backward: %s: is missing, expected shape [%lld,%lld] for activation %d",
                   gelu ? "sum" : "y", (long long)d->N, (long long)d->H, (int)a->activation);
}

const wl_op_spec wl_linear_forward_spec = {
    .name = "linear_forward",
    .args_size = sizeof(wl_linear_forward_args),
    .determinism = WL_RUN_TO_RUN,
    .workspace = forward_workspace,
    .flops = forward_flops,
    .arg = {
        WL_ARG(linear_forward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(linear_forward, w, WL_IN, WL_STORED, "H D"),
        WL_ARG(linear_forward, b, WL_IN, WL_REAL, "H", .optional = true),
        WL_ARG(linear_forward, y, WL_OUT, WL_STORED, "N H", .strided = true),
        WL_ARG(linear_forward, sum, WL_OUT, WL_STORED, "N H", .optional = true),
        WL_ARG(linear_forward, activation, WL_HOST, WL_CHOICE, .low = WL_IDENTITY, .high = WL_GELU,
               .tests = { WL_TANH, WL_IDENTITY, WL_RELU, WL_SIGMOID, WL_GELU }, .ntests = 5),
    },
};

const wl_op_spec wl_linear_backward_spec = {
    .name = "linear_backward",
    .args_size = sizeof(wl_linear_backward_args),
    .gradient_of = "linear_forward",
    .rounded = "dsum, where an activation makes it another than dy",
    .determinism = WL_RUN_TO_RUN,
    .workspace = backward_workspace,
    .flops = backward_flops,
    .check = check_slopes,
    .arg = {
        WL_ARG(linear_backward, x, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(linear_backward, w, WL_IN, WL_STORED, "H D"),
        WL_ARG(linear_backward, y, WL_IN, WL_STORED, "N H", .strided = true, .optional = true),
        WL_ARG(linear_backward, sum, WL_IN, WL_STORED, "N H", .optional = true),
        WL_ARG(linear_backward, dy, WL_IN, WL_STORED, "N H", .strided = true),
        WL_ARG(linear_backward, dx, WL_OUT, WL_STORED, "N D", .strided = true, .optional = true),
        WL_ARG(linear_backward, dw, WL_ACC, WL_REAL, "H D"),
        WL_ARG(linear_backward, db, WL_ACC, WL_REAL, "H", .optional = true),
        WL_ARG(linear_backward, activation, WL_HOST, WL_CHOICE, .low = WL_IDENTITY,
               .high = WL_GELU, .tests = { WL_TANH, WL_IDENTITY, WL_RELU, WL_SIGMOID, WL_GELU },
               .ntests = 5),
    },
};
