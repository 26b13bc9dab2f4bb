/* Tests of contexts: bad ids, messages, logs, memory, several at once. */
#include "judge.h"

#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every tensor of ids of every operator: what lies out of bounds is skipped, counted, and named
 * with its first position by the next sync; then the context works on. */
static void bad_ids_are_reported_and_the_context_works_on(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int op = 0; op < WL_OPERATORS; op++)
            for (int row = 0; wl_op_specs[op]->arg[row].name; row++) {
                const wl_arg *arg = &wl_op_specs[op]->arg[row];
                if (arg->role != WL_IN || !arg->bound || arg->maker == WL_COUNT || arg->silent)
                    continue;
                op_case c =
                    made(wl_op_specs[op]->name, "N=6 K=3 D=5 V=9 R=12 G=20 C=5 M=8 W=2 Q=2");
                char trouble[256], expected[128];
                bound_case bound;
                const int64_t at = c.count[row] - 2;
                const int count = case_row(&c, "count");
                if (count >= 0 && !case_writes(&c, count)) c.value[count][0] = 6; /* all rows */
                c.value[row][at] = (double)*wl_dim(&c.dims, arg->bound), c.value[row][at + 1] = -7;
                if (case_bind(&bound, &c, *b, trouble)) fail_msg("%s", trouble);
                if (bound_call(&bound)) fail_msg("%s", wl_ctx_error(bound.ctx));
                if (wl_ctx_sync(bound.ctx) != WL_BAD_ID)
                    fail_msg("%s: a bad id in %s of %s is not reported", (*b)->name, arg->name,
                             c.spec->name);
                snprintf(expected, sizeof expected,
                         "%s: %s: the id at position %lld is out of bounds, expected 0 to %c-1 "
                         "(2 such",
                         c.spec->name, arg->name, (long long)at, arg->bound);
                if (strncmp(wl_ctx_error(bound.ctx), expected, strlen(expected)))
                    fail_msg("%s: \"%s\", expected \"%s\"", (*b)->name, wl_ctx_error(bound.ctx),
                             expected);
                assert_int_equal(wl_ctx_sync(bound.ctx), WL_OK);
                assert_int_equal(bound_call(&bound), WL_OK);
                assert_int_equal(wl_ctx_sync(bound.ctx), WL_BAD_ID);
                bound_free(&bound);
                case_free(&c);
            }
}

/* A gather writes zeros where an id is bad; a scatter and an update leave it out. */
static void bad_ids_are_skipped(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        const double ids[] = { 7, 1, -3 };
        op_case c = made("embedding_gather", "N=3 D=2 V=4");
        put_values(&c, "ids", ids);
        outcome o;
        assert_int_not_equal(execute(&o, &c, *b), 0);
        assert_int_equal(o.status, WL_BAD_ID);
        const double *y = o.value[case_row(&c, "y")], *t = c.value[case_row(&c, "table")];
        assert_true(y[0] == 0 && y[1] == 0 && y[4] == 0 && y[5] == 0);
        assert_true(y[2] == t[2] && y[3] == t[3]);
        outcome_free(&o);
        case_free(&c);
    }
}

/* Of two calls with bad ids, the first is reported. */
static void the_first_call_with_a_bad_id_is_named(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        op_case one = made("embedding_scatter", "N=2 D=2 V=4"),
                two = made("embedding_gather", "N=2 D=2 V=4");
        char trouble[256];
        bound_case x, y;
        one.value[case_row(&one, "ids")][1] = 4;
        two.value[case_row(&two, "ids")][0] = 4;
        if (case_bind(&x, &one, *b, trouble) || case_bind(&y, &two, *b, trouble))
            fail_msg("%s", trouble);
        assert_int_equal(bound_call(&x), WL_OK);
        assert_int_equal(call_operator(operator_number(two.spec), x.ctx, y.args.bytes), WL_OK);
        assert_int_equal(wl_ctx_sync(x.ctx), WL_BAD_ID);
        assert_non_null(
            strstr(wl_ctx_error(x.ctx), "embedding_scatter: ids: the id at position 1"));
        bound_free(&x), bound_free(&y);
        case_free(&one), case_free(&two);
    }
}

static void count_message(void *user, wl_status status, const char *message)
{
    assert_int_equal(status, WL_MISSING);
    assert_non_null(strstr(message, "embedding_gather"));
    ++*(int *)user;
}

static void messages_reach_the_log(void **state)
{
    wl_ctx *ctx = NULL;
    int seen = 0;
    (void)state;
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
    assert_string_equal(wl_ctx_error(ctx), "");
    wl_ctx_set_log(ctx, count_message, &seen);
    assert_int_equal(wl_embedding_gather(ctx, NULL), WL_MISSING);
    assert_int_equal(seen, 1);
    wl_ctx_set_log(ctx, NULL, NULL);
    assert_int_equal(wl_embedding_gather(ctx, NULL), WL_MISSING);
    assert_int_equal(seen, 1);
    wl_ctx_destroy(ctx);
    wl_ctx_destroy(NULL);
}

static void devices_that_are_not_there_are_unsupported(void **state)
{
    wl_ctx *ctx = NULL;
    wl_device_info info;
    (void)state;
    assert_int_equal(wl_device_count(WL_CPU), 1);
    assert_int_equal(wl_device_count((wl_device)7), 0);
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 1), WL_UNSUPPORTED);
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, -1), WL_UNSUPPORTED);
    assert_int_equal(wl_ctx_create(&ctx, (wl_device)7, 0), WL_UNSUPPORTED);
    assert_null(ctx);
    assert_int_equal(wl_ctx_create(NULL, WL_CPU, 0), WL_MISSING);
    assert_int_equal(wl_device_describe(WL_CPU, 3, &info), WL_UNSUPPORTED);
    assert_int_equal(wl_device_describe(WL_CPU, 0, NULL), WL_MISSING);
    assert_int_equal(wl_device_describe(WL_CPU, 0, &info), WL_OK);
    assert_true(info.memory > 0 && info.processors > 0 && strlen(info.name) > 0);
}

static void devices_say_what_they_are(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        wl_device_info info;
        assert_int_equal(wl_device_describe((*b)->device, 0, &info), WL_OK);
        assert_true(info.memory > 0 && info.processors > 0 && strlen(info.name) > 0);
        assert_true((info.capability > 0) == ((*b)->device == WL_CUDA));
    }
}

static void memory_is_aligned_and_copies(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        wl_ctx *ctx = NULL;
        void *p = NULL, *q = NULL;
        char text[] = "sixteen letters.", back[sizeof text] = "";
        assert_int_equal(wl_ctx_create_on(&ctx, *b, 0), WL_OK);
        assert_int_equal(wl_ctx_alloc(ctx, &p, sizeof text), WL_OK);
        assert_int_equal(wl_ctx_alloc(ctx, &q, 0), WL_OK);
        assert_int_equal((uintptr_t)p % 256, 0);
        assert_int_equal(wl_ctx_copy(ctx, p, text, sizeof text), WL_OK);
        assert_int_equal(wl_ctx_copy(ctx, back, p, sizeof text), WL_OK);
        assert_int_equal(wl_ctx_copy(ctx, NULL, NULL, 0), WL_OK);
        assert_string_equal(back, text);
        wl_ctx_free(ctx, p);
        wl_ctx_free(ctx, q);
        wl_ctx_free(ctx, NULL);
        assert_int_equal(wl_ctx_alloc(ctx, &p, SIZE_MAX / 2), WL_NO_MEMORY);
        assert_null(p);
        wl_ctx_destroy(ctx);
    }
}

/* Queued copies come in their order, and after what their branch waits for. */
static void copies_are_queued(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        wl_ctx *ctx = NULL;
        void *device = NULL, *host = NULL;
        const char text[] = "sixteen letters.";
        assert_int_equal(wl_ctx_create_on(&ctx, *b, 0), WL_OK);
        assert_int_equal(wl_ctx_alloc(ctx, &device, sizeof text), WL_OK);
        assert_int_equal(wl_ctx_alloc_host(ctx, &host, 2 * sizeof text), WL_OK);
        char *from = host, *back = from + sizeof text;
        assert_int_equal((uintptr_t)host % 256, 0);
        memset(host, 0, 2 * sizeof text);
        memcpy(from, text, sizeof text);
        assert_int_equal(wl_ctx_copy_async(ctx, device, from, sizeof text), WL_OK);
        assert_int_equal(wl_branch(ctx, 1), WL_OK);
        assert_int_equal(wl_branch_after(ctx, 0), WL_OK);
        assert_int_equal(wl_ctx_copy_async(ctx, back, device, sizeof text), WL_OK);
        assert_int_equal(wl_ctx_copy_async(ctx, NULL, NULL, 0), WL_OK);
        assert_int_equal(wl_ctx_sync(ctx), WL_OK);
        assert_string_equal(back, text);
        wl_ctx_free(ctx, device);
        wl_ctx_free_host(ctx, host);
        wl_ctx_free_host(ctx, NULL);
        assert_int_equal(wl_ctx_alloc_host(ctx, &host, SIZE_MAX / 2), WL_NO_MEMORY);
        assert_null(host);
        wl_ctx_destroy(ctx);
    }
}

/* Contexts are independent: eight threads, each with its own, give what one gives. */
static void contexts_run_in_parallel(void **state)
{
    enum { THREADS = 8, CALLS = 20 };
    op_case c = made("embedding_update", "V=9 D=20 N=30 K=2 rule.kind=3");
    int wrong = 0;
    outcome first;
    (void)state;
    const wl_backend *backend = backends_under_test()[0];
    assert_int_equal(execute(&first, &c, backend), 0);
#pragma omp parallel for num_threads(THREADS) reduction(+ : wrong)
    for (int i = 0; i < THREADS * CALLS; i++) {
        outcome o;
        wrong += execute(&o, &c, backend) != 0 || o.hash != first.hash;
        outcome_free(&o);
    }
    assert_int_equal(wrong, 0);
    outcome_free(&first);
    case_free(&c);
}

static void names_are_what_they_say(void **state)
{
    (void)state;
    assert_string_equal(wl_status_name(WL_NO_WORKSPACE), "WL_NO_WORKSPACE");
    assert_string_equal(wl_status_name((wl_status)12345), "unknown status");
    assert_string_equal(wl_dtype_name(WL_BF16), "bf16");
    assert_int_equal(wl_dtype_size(99), 0);
    assert_int_equal(wl_version(), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_ids_are_reported_and_the_context_works_on),
        cmocka_unit_test(bad_ids_are_skipped),
        cmocka_unit_test(the_first_call_with_a_bad_id_is_named),
        cmocka_unit_test(messages_reach_the_log),
        cmocka_unit_test(devices_that_are_not_there_are_unsupported),
        cmocka_unit_test(devices_say_what_they_are),
        cmocka_unit_test(memory_is_aligned_and_copies),
        cmocka_unit_test(copies_are_queued),
        cmocka_unit_test(contexts_run_in_parallel),
        cmocka_unit_test(names_are_what_they_say),
    };
    return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
