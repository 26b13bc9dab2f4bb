/* The contract of <wordloom/sampling.h>. */
#include "../core/op.h"

/* Words are numbered by 32 bits. */
static wl_status few_words(wl_ctx *ctx, const wl_dims *d, const char *op, const char *row)
{
    if (d->V <= INT32_MAX) return WL_OK;
    return wl_fail(ctx, WL_BAD_SHAPE, "%s: %s: has %lld words, expected at most %d", op, row,
                   (long long)d->V, INT32_MAX);
}

static wl_status alias_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    (void)args;
    return few_words(ctx, d, "sampling_alias", "columns");
}

/* A column and an id a draw. */
static double alias_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)real, (void)stored;
    return (double)d->N * (double)d->K * (8.0 + (double)id);
}

static wl_status categorical_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    (void)args;
    return few_words(ctx, d, "sampling_categorical", "logits");
}

/* On the CPU the ids of every row, to be ordered. */
static size_t orders(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_sampling_categorical_args *a = args;
    const bool cut = a->top_k > 0 || a->top_p < 1;
    return backend->device == WL_CPU && cut ? wl_part(d->N * d->V, sizeof(int32_t)) : 0;
}

const wl_op_spec wl_sampling_alias_spec = {
    .name = "sampling_alias",
    .args_size = sizeof(wl_sampling_alias_args),
    .determinism = WL_GPU_TO_GPU,
    .bytes = alias_bytes,
    .check = alias_check,
    .arg = {
        WL_ARG(sampling_alias, columns, WL_IN, WL_INT32, "V 2", .maker = WL_ALIASES),
        WL_ARG(sampling_alias, position, WL_IN, WL_INT64, "1", .optional = true,
               .maker = WL_STEP),
        WL_ARG(sampling_alias, exclude, WL_IN, WL_ID, "N", .optional = true, .absent = true),
        WL_ARG(sampling_alias, ids, WL_OUT, WL_ID, "N K"),
        WL_ARG(sampling_alias, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
    },
};

const wl_op_spec wl_sampling_categorical_spec = {
    .name = "sampling_categorical",
    .args_size = sizeof(wl_sampling_categorical_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = orders,
    .check = categorical_check,
    .arg = {
        WL_ARG(sampling_categorical, logits, WL_IN, WL_STORED, "N V", .strided = true),
        WL_ARG(sampling_categorical, position, WL_IN, WL_INT64, "1", .optional = true,
               .maker = WL_STEP),
        WL_ARG(sampling_categorical, ids, WL_OUT, WL_ID, "N"),
        WL_ARG(sampling_categorical, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
        WL_ARG(sampling_categorical, top_k, WL_HOST, WL_LENGTH, "K", .low = 0, .high = 0x1p62),
        WL_ARG(sampling_categorical, temperature, WL_HOST, WL_DOUBLE, .low = 0, .high = 0x1p100,
               .tests = { 1, 0, 0.5 }, .ntests = 3),
        WL_ARG(sampling_categorical, top_p, WL_HOST, WL_DOUBLE, .low = 0, .high = 1,
               .tests = { 1, 0.5, 0 }, .ntests = 3),
    },
};
