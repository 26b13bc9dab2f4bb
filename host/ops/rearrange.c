/* The contract of <wordloom/rearrange.h>. */
#include "../core/op.h"

/* The features of y, or dy, are those of both parts. A part that is left out has what the other
 * leaves. */
static wl_status check_features(wl_ctx *ctx, const char *both, int64_t F, const wl_tensor *a,
                                const wl_tensor *b)
{
    const int64_t D = wl_present(a) ? a->shape[1] : 0, E = wl_present(b) ? b->shape[1] : 0;
    const bool whole = wl_present(a) && wl_present(b);
    if (whole ? F - D == E : F >= D + E) return WL_OK; /* of the two one is 0 */
    if (whole)
        return wl_fail(ctx, WL_BAD_SHAPE, "%s: has %lld features, expected D + E = %lld + %lld",
                       both, (long long)F, (long long)D, (long long)E);
    return wl_fail(ctx, WL_BAD_SHAPE, "%s: has %lld features, expected %lld or more", both,
                   (long long)F, (long long)(D + E));
}

static wl_status concat_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_rearrange_concat_args *a = args;
    return check_features(ctx, "rearrange_concat: y", d->F, &a->a, &a->b);
}

static wl_status concat_backward_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    const wl_rearrange_concat_backward_args *a = args;
    if (!wl_present(&a->da) && !wl_present(&a->db))
        return wl_fail(ctx, WL_MISSING,
                       "rearrange_concat_backward: da: is missing like db, expected one of them");
    return check_features(ctx, "rearrange_concat_backward: dy", d->F, &a->da, &a->db);
}

const wl_op_spec wl_rearrange_concat_spec = {
    .name = "rearrange_concat",
    .args_size = sizeof(wl_rearrange_concat_args),
    .determinism = WL_GPU_TO_GPU,
    .check = concat_check,
    .arg = {
        WL_ARG(rearrange_concat, a, WL_IN, WL_STORED, "N D", .strided = true),
        WL_ARG(rearrange_concat, b, WL_IN, WL_STORED, "N E", .strided = true),
        WL_ARG(rearrange_concat, y, WL_OUT, WL_STORED, "N F", .strided = true),
    },
};

const wl_op_spec wl_rearrange_concat_backward_spec = {
    .name = "rearrange_concat_backward",
    .args_size = sizeof(wl_rearrange_concat_backward_args),
    .gradient_of = "rearrange_concat",
    .determinism = WL_GPU_TO_GPU,
    .check = concat_backward_check,
    .arg = {
        WL_ARG(rearrange_concat_backward, dy, WL_IN, WL_STORED, "N F", .strided = true),
        WL_ARG(rearrange_concat_backward, da, WL_OUT, WL_STORED, "N D", .optional = true,
               .strided = true),
        WL_ARG(rearrange_concat_backward, db, WL_OUT, WL_STORED, "N E", .optional = true,
               .strided = true),
    },
};

const wl_op_spec wl_rearrange_broadcast_spec = {
    .name = "rearrange_broadcast",
    .args_size = sizeof(wl_rearrange_broadcast_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(rearrange_broadcast, x, WL_IN, WL_STORED, "B D", .strided = true),
        WL_ARG(rearrange_broadcast, y, WL_OUT, WL_STORED, "T B D", .strided = true),
    },
};

const wl_op_spec wl_rearrange_broadcast_backward_spec = {
    .name = "rearrange_broadcast_backward",
    .args_size = sizeof(wl_rearrange_broadcast_backward_args),
    .gradient_of = "rearrange_broadcast",
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(rearrange_broadcast_backward, dy, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(rearrange_broadcast_backward, dx, WL_OUT, WL_STORED, "B D", .strided = true),
    },
};

const wl_op_spec wl_rearrange_reverse_spec = {
    .name = "rearrange_reverse",
    .args_size = sizeof(wl_rearrange_reverse_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(rearrange_reverse, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(rearrange_reverse, lengths, WL_IN, WL_INT32, "B", .optional = true, .bound = 'T',
               .silent = true, .maker = WL_LENGTHS),
        WL_ARG(rearrange_reverse, y, WL_OUT, WL_STORED, "T B D", .strided = true),
    },
};

const wl_op_spec wl_rearrange_transpose_spec = {
    .name = "rearrange_transpose",
    .args_size = sizeof(wl_rearrange_transpose_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(rearrange_transpose, x, WL_IN, WL_STORED, "T B D", .strided = true),
        WL_ARG(rearrange_transpose, y, WL_OUT, WL_STORED, "B T D", .strided = true),
    },
};
