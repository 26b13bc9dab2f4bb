/* The contract of <wordloom/spmm.h>. */
#include "../core/op.h"

static double spmm_flops(const wl_dims *d) { return 2.0 * (double)d->M * (double)d->K; }

/* x and y once, and the entries. */
static double spmm_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)stored;
    return (double)real * (double)((d->C + d->N) * d->K) + (double)d->M * (double)(real + id) +
           8.0 * (double)(d->N + 1);
}

const wl_op_spec wl_spmm_spec = {
    .name = "spmm",
    .args_size = sizeof(wl_spmm_args),
    .determinism = WL_GPU_TO_GPU,
    .flops = spmm_flops,
    .bytes = spmm_bytes,
    .arg = {
        WL_ARG(spmm, offsets, WL_IN, WL_INT64, "N+1", .bound = 'M', .silent = true,
               .maker = WL_OFFSETS),
        WL_ARG(spmm, x, WL_IN, WL_REAL, "C K", .strided = true),
        WL_ARG(spmm, values, WL_IN, WL_REAL, "M"),
        WL_ARG(spmm, columns, WL_IN, WL_ID, "M", .bound = 'C'),
        WL_ARG(spmm, y, WL_OUT, WL_REAL, "N K", .strided = true),
    },
};
