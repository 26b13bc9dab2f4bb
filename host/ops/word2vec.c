/* The contract of <wordloom/word2vec.h>. */
#include "word2vec_workspace.h"

#include <math.h>

static size_t subsample_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    (void)args;
    return backend->device == WL_CUDA ? backend->selection_bytes(d->N) : 0;
}

static double subsample_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)real, (void)stored, (void)id;
    return 12.0 * (double)d->N;
}

static size_t hogwild_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_word2vec_args *a = args;
    const wl_word2vec_sizes s = wl_word2vec_sizes_of(a, d->D, wl_dtype_size(backend->real));
    wl_word2vec_cuda_hogwild cuda;
    wl_word2vec_hogwild_space space;
    if (backend->device == WL_CUDA) return wl_word2vec_cuda_hogwild_carve(&cuda, NULL, &s, a);
    return wl_word2vec_hogwild_carve(&space, NULL, &s, a->workers);
}

static size_t sync_workspace(const wl_backend *backend, const wl_dims *d, const void *args)
{
    const wl_word2vec_args *a = args;
    const wl_word2vec_sizes s = wl_word2vec_sizes_of(a, d->D, wl_dtype_size(backend->real));
    wl_word2vec_cuda_sync cuda;
    wl_word2vec_sync_space space;
    if (backend->device == WL_CUDA)
        return wl_word2vec_cuda_sync_carve(&cuda, NULL, &s, a, backend->grouping_bytes);
    return wl_word2vec_sync_carve(&space, NULL, &s, a, backend->grouping_bytes);
}

static double samples_of(const wl_dims *d) { return d->H ? (double)d->H : (double)d->K + 1.0; }

/* A centre with a mean reach of half its window: every context with every sample, three times two
 * operations a feature. */
static double step_flops(const wl_dims *d)
{
    return (double)d->C * ((double)d->W + 1.0) * samples_of(d) * 6.0 * (double)d->D;
}

/* A centre's samples and the one word that is new in its window, each read and written once. */
static double step_bytes(const wl_dims *d, size_t real, size_t stored, size_t id)
{
    (void)real, (void)id;
    return (double)d->C * ((samples_of(d) + 1.0) * 2.0 * (double)d->D * (double)stored + 4.0);
}

static wl_status step_check(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a,
                            const char *op)
{
    const bool spans = wl_present(&a->spans), paths = wl_present(&a->paths);
    if (d->R < d->V)
        return wl_fail(ctx, WL_BAD_SHAPE,
                       "%s: input: has %lld rows, expected one for each of the %lld words", op,
                       (long long)d->R, (long long)d->V);
    if (spans != wl_present(&a->pieces))
        return wl_fail(ctx, WL_MISSING, "%s: %s: is missing, expected with %s", op,
                       spans ? "pieces" : "spans", spans ? "spans" : "pieces");
    if (paths != wl_present(&a->nodes))
        return wl_fail(ctx, WL_MISSING, "%s: %s: is missing, expected with %s", op,
                       paths ? "nodes" : "paths", paths ? "paths" : "nodes");
    if (paths != (a->deepest > 0))
        return wl_fail(ctx, WL_OUT_OF_RANGE, "%s: deepest: is %lld, expected %s", op,
                       (long long)a->deepest, paths ? "1 or more with paths" : "0 without paths");
    if (spans != (a->longest > 0))
        return wl_fail(ctx, WL_OUT_OF_RANGE, "%s: longest: is %lld, expected %s", op,
                       (long long)a->longest, spans ? "1 or more with spans" : "0 without spans");
    return WL_OK;
}

static wl_status hogwild_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    return step_check(ctx, d, args, "word2vec_hogwild");
}
static wl_status sync_check(wl_ctx *ctx, const wl_dims *d, const void *args)
{
    return step_check(ctx, d, args, "word2vec_sync");
}

const wl_op_spec wl_word2vec_subsample_spec = {
    .name = "word2vec_subsample",
    .args_size = sizeof(wl_word2vec_subsample_args),
    .determinism = WL_GPU_TO_GPU,
    .workspace = subsample_workspace,
    .bytes = subsample_bytes,
    .arg = {
        WL_ARG(word2vec_subsample, keep, WL_IN, WL_INT32, "V", .maker = WL_BITS),
        WL_ARG(word2vec_subsample, tokens, WL_IN, WL_INT32, "N", .bound = 'V', .absent = true),
        WL_ARG(word2vec_subsample, position, WL_IN, WL_INT64, "1", .maker = WL_STEP),
        WL_ARG(word2vec_subsample, count, WL_OUT, WL_INT64, "1"),
        WL_ARG(word2vec_subsample, kept, WL_OUT, WL_INT32, "N", .count = "count"),
        WL_ARG(word2vec_subsample, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1),
    },
};

/* The rows of both ways of training; a macro, since a row's operator names its struct. */
#define WL_WORD2VEC_ROWS                                                                           \
    WL_ARG(word2vec_sync, input, WL_STATE, WL_STORED, "R D", .strided = true),                     \
        WL_ARG(word2vec_sync, output, WL_STATE, WL_STORED, "V D", .strided = true),                \
        WL_ARG(word2vec_sync, tokens, WL_IN, WL_INT32, "N", .bound = 'V', .absent = true),         \
        WL_ARG(word2vec_sync, begin, WL_IN, WL_INT64, "1", .maker = WL_STEP),                      \
        WL_ARG(word2vec_sync, position, WL_IN, WL_INT64, "1", .maker = WL_STEP),                   \
        WL_ARG(word2vec_sync, noise, WL_IN, WL_INT32, "V 2", .maker = WL_ALIASES),                 \
        WL_ARG(word2vec_sync, lr, WL_IN, WL_REAL, "2", .maker = WL_POSITIVE),                      \
        WL_ARG(word2vec_sync, spans, WL_IN, WL_INT32, "V 2", .optional = true, .maker = WL_SPANS,  \
               .bound = 'G', .silent = true),                                                      \
        WL_ARG(word2vec_sync, pieces, WL_IN, WL_INT32, "G", .optional = true, .bound = 'R',        \
               .silent = true),                                                                    \
        WL_ARG(word2vec_sync, paths, WL_IN, WL_INT32, "V 3", .optional = true, .maker = WL_PATHS,  \
               .bound = 'E', .silent = true),                                                      \
        WL_ARG(word2vec_sync, nodes, WL_IN, WL_INT32, "E", .optional = true, .bound = 'V',         \
               .silent = true),                                                                    \
        WL_ARG(word2vec_sync, loss, WL_OUT, WL_REAL, "1", .optional = true),                       \
        WL_ARG(word2vec_sync, pairs, WL_OUT, WL_INT64, "1"),                                       \
        WL_ARG(word2vec_sync, skipped, WL_OUT, WL_INT64, "1"),                                     \
        WL_ARG(word2vec_sync, centres, WL_HOST, WL_LENGTH, "C", .low = 0, .high = 0x1p31),         \
        WL_ARG(word2vec_sync, window, WL_HOST, WL_LENGTH, "W", .low = 1, .high = 1000),            \
        WL_ARG(word2vec_sync, negative, WL_HOST, WL_LENGTH, "K", .low = 0, .high = 1000),          \
        WL_ARG(word2vec_sync, longest, WL_HOST, WL_LENGTH, "L", .low = 0, .high = 0x1p20),         \
        WL_ARG(word2vec_sync, deepest, WL_HOST, WL_LENGTH, "H", .low = 0, .high = 1000),           \
        WL_ARG(word2vec_sync, method, WL_HOST, WL_CHOICE, .low = 0, .high = 1, .tests = { 0, 1 },  \
               .ntests = 2),                                                                       \
        WL_ARG(word2vec_sync, negatives, WL_HOST, WL_CHOICE, .low = 0, .high = 1,                  \
               .tests = { 0, 1 }, .ntests = 2),                                                    \
        WL_ARG(word2vec_sync, context, WL_HOST, WL_CHOICE, .low = 0, .high = 2,                    \
               .tests = { 0, 1, 2 }, .ntests = 3),                                                 \
        WL_ARG(word2vec_sync, rounding, WL_HOST, WL_CHOICE, .low = 0, .high = 1,                   \
               .tests = { 0, 1 }, .ntests = 2),                                                    \
        WL_ARG(word2vec_sync, cap, WL_HOST, WL_DOUBLE, .low = 0, .high = HUGE_VAL,                 \
               .tests = { 0, 2 }, .ntests = 2),                                                    \
        WL_ARG(word2vec_sync, seed, WL_HOST, WL_SEED, .tests = { 7 }, .ntests = 1)

const wl_op_spec wl_word2vec_hogwild_spec = {
    .name = "word2vec_hogwild",
    .args_size = sizeof(wl_word2vec_hogwild_args),
    .rounded = "a 16-bit row, where a unit's sample updates it, or windows leave it",
    .determinism = WL_NOT_GUARANTEED,
    .workspace = hogwild_workspace,
    .flops = step_flops,
    .bytes = step_bytes,
    .check = hogwild_check,
    .arg = {
        WL_WORD2VEC_ROWS,
        WL_ARG(word2vec_hogwild, workers, WL_HOST, WL_LENGTH, "P", .low = 1, .high = 0x1p20),
        WL_ARG(word2vec_hogwild, batch, WL_HOST, WL_LENGTH, "M", .low = 0, .high = 0x1p20),
    },
};

const wl_op_spec wl_word2vec_sync_spec = {
    .name = "word2vec_sync",
    .args_size = sizeof(wl_word2vec_sync_args),
    .rounded = "a 16-bit row, once a batch",
    .determinism = WL_GPU_TO_GPU,
    .workspace = sync_workspace,
    .flops = step_flops,
    .bytes = step_bytes,
    .check = sync_check,
    .arg = {
        WL_WORD2VEC_ROWS,
        WL_ARG(word2vec_sync, workers, WL_HOST, WL_LENGTH, "P", .low = 0, .high = 0x1p20),
        WL_ARG(word2vec_sync, batch, WL_HOST, WL_LENGTH, "M", .low = 1, .high = 0x1p20),
    },
};
