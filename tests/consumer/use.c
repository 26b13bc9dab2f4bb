/* An embedder in C11: a gather on the CPU, what a bad call says, and the version.
 *
 *   use_c VERSION           the version that is expected, such as 0.1.0
 *   use_c VERSION no-cuda   and CUDA is expected not to be found */
#include <wordloom/ops.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void expect(int holds, const char *claim)
{
    if (holds) return;
    fprintf(stderr, "use.c: not so: %s\n", claim);
    failures++;
}

static wl_tensor matrix(float *data, int64_t rows, int64_t columns)
{
    const wl_tensor t = { .data = data, .dtype = WL_F32, .ndim = 2, .shape = { rows, columns } };
    return t;
}

static void gather(wl_ctx *ctx)
{
    float table[3][2] = { { 1, 2 }, { 3, 4 }, { 5, 6 } }, y[2][2] = { { 0 } };
    const float right[2][2] = { { 5, 6 }, { 1, 2 } };
    int32_t ids[2] = { 2, 0 };
    wl_embedding_gather_args args = {
        .size = sizeof args,
        .table = matrix(table[0], 3, 2),
        .ids = { .data = ids, .dtype = WL_I32, .ndim = 1, .shape = { 2 } },
        .y = matrix(y[0], 2, 2),
    };
    size_t bytes = 1;
    expect(wl_embedding_gather_workspace(ctx, &args, &bytes) == WL_OK && bytes == 0,
           "a gather needs no workspace");
    expect(wl_embedding_gather(ctx, &args) == WL_OK, "a gather is done");
    expect(wl_ctx_sync(ctx) == WL_OK, "its ids are good");
    expect(memcmp(y, right, sizeof y) == 0, "a gather picks the rows");

    args.y = matrix(y[0], 2, 1);
    expect(wl_embedding_gather(ctx, &args) == WL_BAD_SHAPE, "a wrong shape is refused");
    const char *said = wl_ctx_error(ctx);
    expect(strstr(said, "embedding_gather") && strstr(said, "y") && strstr(said, "2"),
           "the message names operator, tensor and shape");
    expect(strcmp(wl_status_name(WL_BAD_SHAPE), "WL_BAD_SHAPE") == 0, "a status has its name");
}

int main(int argc, char **argv)
{
    int major = -1, minor = -1, patch = -1;
    wl_ctx *ctx = NULL;
    if (argc < 2 || sscanf(argv[1], "%d.%d.%d", &major, &minor, &patch) != 3) {
        fprintf(stderr, "use.c: expected a version\n");
        return EXIT_FAILURE;
    }
    expect(wl_version() == 10000 * major + 100 * minor + patch, "the version is the package's");
    expect(wl_device_count(WL_CPU) == 1, "there is a CPU");
    if (argc > 2) {
        expect(wl_device_count(WL_CUDA) == 0, "there is no CUDA device");
        expect(wl_ctx_create(&ctx, WL_CUDA, 0) == WL_UNSUPPORTED, "and no context on one");
    }
    expect(wl_ctx_create(&ctx, WL_CPU, 0) == WL_OK, "a context is made on the CPU");
    if (!failures) gather(ctx);
    wl_ctx_destroy(ctx);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
