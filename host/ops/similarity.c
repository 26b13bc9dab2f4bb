/* The contract of <wordloom/similarity.h>. */
#include "similarity.h"

static double topk_flops(const wl_dims *d)
{
    return 2.0 * (double)d->Q * (double)d->V * (double)d->D;
}

static double multiply_flops(const wl_dims *d) { return 3 * topk_flops(d); }

static size_t topk_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_similarity n = wl_similarity_of_topk(d, args);
    wl_similarity_space s;
    return wl_similarity_carve(&s, NULL, backend, &n);
}

static size_t multiply_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_similarity n = wl_similarity_of_multiply(d, args);
    wl_similarity_space s;
    return wl_similarity_carve(&s, NULL, backend, &n);
}

/* Rows are numbered by 32 bits, and the best of a query are sorted by one block. */
static wl_status check(wl_ctx *ctx, const wl_dims *d, const char *op)
{
    if (d->V > INT32_MAX)
        return wl_fail(ctx, WL_BAD_SHAPE, "%s: table: has %lld rows, expected at most %d", op,
                       (long long)d->V, INT32_MAX);
    if (d->K > WL_SIMILARITY_MOST)
        return wl_fail(ctx, WL_BAD_SHAPE, "%s: ids: has %lld a query, expected at most %d", op,
                       (long long)d->K, WL_SIMILARITY_MOST);
    return WL_OK;
}

static wl_status topk_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    (void)args;
    return check(ctx, d, "similarity_topk");
}

static wl_status multiply_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    (void)args;
    return check(ctx, d, "similarity_multiply");
}

const wl_op_spec wl_similarity_norms_spec = {
    .name = "similarity_norms",
    .args_size = sizeof(wl_similarity_norms_args),
    .determinism = WL_GPU_TO_GPU,
    .arg = {
        WL_ARG(similarity_norms, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(similarity_norms, inverse, WL_OUT, WL_REAL, "V"),
    },
};

const wl_op_spec wl_similarity_topk_spec = {
    .name = "similarity_topk",
    .args_size = sizeof(wl_similarity_topk_args),
    .determinism = WL_RUN_TO_RUN,
    .workspace = topk_workspace,
    .flops = topk_flops,
    .check = topk_check,
    .arg = {
        WL_ARG(similarity_topk, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(similarity_topk, inverse, WL_IN, WL_REAL, "V", .maker = WL_POSITIVE),
        WL_ARG(similarity_topk, queries, WL_IN, WL_STORED, "Q D"),
        WL_ARG(similarity_topk, excluded, WL_IN, WL_ID, "Q E", .optional = true, .bound = 'V',
               .absent = true),
        WL_ARG(similarity_topk, ids, WL_OUT, WL_ID, "Q K"),
        WL_ARG(similarity_topk, scores, WL_OUT, WL_REAL, "Q K"),
    },
};

const wl_op_spec wl_similarity_multiply_spec = {
    .name = "similarity_multiply",
    .args_size = sizeof(wl_similarity_multiply_args),
    .determinism = WL_RUN_TO_RUN,
    .workspace = multiply_workspace,
    .flops = multiply_flops,
    .check = multiply_check,
    .arg = {
        WL_ARG(similarity_multiply, table, WL_IN, WL_STORED, "V D", .strided = true),
        WL_ARG(similarity_multiply, inverse, WL_IN, WL_REAL, "V", .maker = WL_POSITIVE),
        WL_ARG(similarity_multiply, queries, WL_IN, WL_STORED, "Q 3 D"),
        WL_ARG(similarity_multiply, excluded, WL_IN, WL_ID, "Q E", .optional = true, .bound = 'V',
               .absent = true),
        WL_ARG(similarity_multiply, ids, WL_OUT, WL_ID, "Q K"),
        WL_ARG(similarity_multiply, scores, WL_OUT, WL_REAL, "Q K"),
    },
};
