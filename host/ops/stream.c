/* The contract of <wordloom/stream.h>. */
#include "../core/op.h"

static double batch_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)real, (void)stored, (void)id;
    return 16.0 * (double)d->T * (double)d->B;
}

static wl_status batch_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    (void)args;
    return d->N > 1 ? WL_OK
                    : wl_fail(ctx, WL_OUT_OF_RANGE,
                              "stream_batch: ids: has %lld of them, expected two or more",
                              (long long)d->N);
}

const wl_op_spec wl_stream_batch_spec = {
    .name = "stream_batch",
    .args_size = sizeof(wl_stream_batch_args),
    .determinism = WL_GPU_TO_GPU,
    .bytes = batch_bytes,
    .check = batch_check,
    .arg = {
        WL_ARG(stream_batch, ids, WL_IN, WL_INT32, "N", .maker = WL_BITS),
        WL_ARG(stream_batch, position, WL_STATE, WL_INT64, "1", .maker = WL_STEP),
        WL_ARG(stream_batch, inputs, WL_OUT, WL_INT32, "T B"),
        WL_ARG(stream_batch, labels, WL_OUT, WL_INT32, "T B"),
    },
};
