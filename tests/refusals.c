/* Calls of CUDA that fail, one after another: each must come back as a status, and end what it is
 * part of. On the emulator alone. */
#include "judge.h"

#include "emulator/fault.h"
#include "emulator/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const wl_backend *the_kernels(void)
{
    const wl_backend *const *b = backends_under_test();
    while ((*b)->device != WL_CUDA) b++;
    return *b;
}

static int end_refusals(void **state)
{
    (void)state;
    emulator_refuse(NULL, 0);
    return 0;
}

/* Refuses the calls of one name that an operator makes from number `after` on. Returns whether it
 * made so many. */
static bool refused(const char *call, int after, const char *op, const char *sizes)
{
    const emulator_launch *launched;
    char trouble[256];
    bound_case b;
    op_case c = made(op, sizes);
    if (case_bind(&b, &c, the_kernels(), trouble)) fail_msg("%s", trouble);
    emulator_watch();
    emulator_refuse(call, after);
    const wl_status status = bound_call(&b);
    const int refusals = emulator_refusals();
    emulator_refuse(NULL, 0);
    if (status != (refusals ? WL_DEVICE_ERROR : WL_OK) || refusals > 1)
        fail_msg("%s: %d calls of %s refused after %d, and the status is %s", op, refusals, call,
                 after, wl_status_name(status));
    if (refusals) assert_string_equal(wl_ctx_error(b.ctx), "CUDA: unknown error");
    if (refusals && !strcmp(call, "cudaLaunchKernelEx"))
        assert_int_equal(emulator_launches(&launched), after);
    assert_int_equal(wl_ctx_sync(b.ctx), WL_OK); /* and leaves no error behind */
    bound_free(&b);
    case_free(&c);
    return refusals > 0;
}

static void a_refused_call_is_the_last_of_its_operator(void **state)
{
    static const char *const calls[] = { "cudaLaunchKernelEx", "sort_pairs", "select_flagged",
                                         "running_sums", "gemm" };
    int found[5] = { 0 };
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++)
        for (int i = 0; i < 5; i++) {
            int after = 0;
            while (refused(calls[i], after, wl_op_specs[op]->name,
                           "N=9 K=3 D=5 E=3 F=8 V=9 R=12 G=20 L=3 C=8 W=2 M=4"))
                after++;
            if (i == 0) assert_true(after > 0);
            found[i] += after;
        }
    for (int i = 0; i < 5; i++) assert_true(found[i] > 0);
}

static void a_count_of_nothing_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    assert_true(refused("cudaMemsetAsync", 0, "embedding_compact", "N=3 K=0 D=5 V=9"));
    assert_true(refused("cudaMemsetAsync", 0, "word2vec_subsample", "N=0 V=9"));
    assert_true(refused("cudaMemsetAsync", 0, "cooccurrence_count", "N=0 W=2 V=9"));
}

/* what cannot be known is more than there is */
static void a_workspace_of_unknown_size_is_never_enough(void **state)
{
    int unknown = 0;
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        char trouble[256];
        size_t bytes = 0;
        bound_case b;
        op_case c =
            made(wl_op_specs[op]->name, "N=9 K=3 D=5 E=3 F=8 V=9 R=12 G=20 L=3 C=8 W=2 M=4");
        if (case_bind(&b, &c, the_kernels(), trouble)) fail_msg("%s", trouble);
        emulator_refuse("algorithms_bytes", 0);
        assert_int_equal(call_workspace(op, b.ctx, b.args.bytes, &bytes), WL_OK);
        if (emulator_refusals()) {
            if (bytes != SIZE_MAX) fail_msg("%s: %zu bytes", c.spec->name, bytes);
            assert_int_equal(bound_call(&b), WL_NO_WORKSPACE);
            unknown++;
        }
        emulator_refuse(NULL, 0);
        bound_free(&b);
        case_free(&c);
    }
    assert_true(unknown > 0);
}

static void a_device_that_cannot_be_chosen_is_told(void **state)
{
    wl_ctx *ctx = NULL;
    (void)state;
    emulator_set_devices(2);
    emulator_refuse("cudaSetDevice", 0);
    assert_int_equal(wl_ctx_create(&ctx, WL_CUDA, 1), WL_DEVICE_ERROR);
    assert_null(ctx);
    emulator_refuse(NULL, 0);
    assert_int_equal(wl_ctx_create(&ctx, WL_CUDA, 1), WL_OK);
    emulator_refuse("cudaSetDevice", 0);
    assert_int_equal(wl_ctx_sync(ctx), WL_DEVICE_ERROR);
    emulator_refuse(NULL, 0);
    wl_ctx_destroy(ctx);
    assert_int_equal(emulator_current_device(), 0);
    emulator_set_devices(1);
}

static void without_products_there_is_no_device(void **state)
{
    (void)state;
    emulator_refuse("gemm_available", 0);
    assert_int_equal(wl_device_count(WL_CUDA), 0);
    emulator_refuse(NULL, 0);
    assert_int_equal(wl_device_count(WL_CUDA), 1);
}

static void a_context_is_made_whole_or_not_at_all(void **state)
{
    static const char *const calls[] = { "cudaMalloc", "cudaMemcpyAsync", "cudaStreamSynchronize",
                                         "gemm_open", "algorithms_open" };
    wl_ctx *ctx = NULL;
    (void)state;
    for (int i = 0; i < 5; i++) {
        int after = 0;
        emulator_refuse(calls[i], after);
        for (; wl_ctx_create(&ctx, WL_CUDA, 0) != WL_OK; emulator_refuse(calls[i], ++after))
            assert_null(ctx);
        emulator_refuse(NULL, 0);
        assert_true(after > 0);
        wl_ctx_destroy(ctx);
    }
    /* not later than at first: of a device that can be reached no more, nothing can be freed */
    emulator_refuse("cudaGetDevice", 0);
    assert_int_equal(wl_ctx_create(&ctx, WL_CUDA, 0), WL_DEVICE_ERROR);
    assert_null(ctx);
}

static void memory_that_cannot_be_reached_is_told(void **state)
{
    static const char *const calls[] = { "cudaGetDevice", "cudaMemcpyAsync",
                                         "cudaStreamSynchronize" };
    char bytes[4] = "abc", back[4] = "";
    wl_ctx *ctx = NULL;
    void *p = NULL;
    (void)state;
    assert_int_equal(wl_ctx_create(&ctx, WL_CUDA, 0), WL_OK);
    assert_int_equal(wl_ctx_alloc(ctx, &p, sizeof bytes), WL_OK);
    for (int i = 0; i < 3; i++) {
        emulator_refuse(calls[i], 0);
        assert_int_equal(wl_ctx_copy(ctx, p, bytes, sizeof bytes), WL_DEVICE_ERROR);
        assert_int_equal(wl_ctx_sync(ctx), WL_DEVICE_ERROR);
        emulator_refuse(NULL, 0);
    }
    assert_int_equal(wl_ctx_copy(ctx, p, bytes, sizeof bytes), WL_OK);
    assert_int_equal(wl_ctx_copy(ctx, back, p, sizeof bytes), WL_OK);
    assert_string_equal(back, bytes);
    wl_ctx_free(ctx, p);
    wl_ctx_destroy(ctx);
}

static void a_device_that_does_not_answer_is_none(void **state)
{
    wl_device_info info;
    wl_ctx *ctx = NULL;
    (void)state;
    emulator_refuse("cudaGetDeviceCount", 0);
    assert_int_equal(wl_device_count(WL_CUDA), 0);
    assert_int_equal(wl_device_describe(WL_CUDA, 0, &info), WL_UNSUPPORTED);
    assert_int_equal(wl_ctx_create(&ctx, WL_CUDA, 0), WL_UNSUPPORTED);
    emulator_refuse("cudaGetDeviceProperties", 0);
    assert_int_equal(wl_device_describe(WL_CUDA, 0, &info), WL_DEVICE_ERROR);
    emulator_refuse(NULL, 0);
    assert_int_equal(wl_device_describe(WL_CUDA, 0, &info), WL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_refused_call_is_the_last_of_its_operator, end_refusals),
        cmocka_unit_test_teardown(a_count_of_nothing_that_cannot_be_written_is_told, end_refusals),
        cmocka_unit_test_teardown(a_workspace_of_unknown_size_is_never_enough, end_refusals),
        cmocka_unit_test_teardown(a_device_that_cannot_be_chosen_is_told, end_refusals),
        cmocka_unit_test_teardown(without_products_there_is_no_device, end_refusals),
        cmocka_unit_test_teardown(a_context_is_made_whole_or_not_at_all, end_refusals),
        cmocka_unit_test_teardown(memory_that_cannot_be_reached_is_told, end_refusals),
        cmocka_unit_test_teardown(a_device_that_does_not_answer_is_none, end_refusals),
    };
    return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
