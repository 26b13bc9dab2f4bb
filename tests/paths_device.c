/* What holds for every launch, and which device it is for. On the emulator alone. */
#include "launches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { MOST = 64 };

/* What an operator launches on a device of so many multiprocessors. */
static int launched_on(int multiprocessors, const char *op, emulator_launch out[MOST])
{
    const emulator_launch *launched;
    wl_device_info info;
    emulator_set_multiprocessors(multiprocessors);
    assert_int_equal(wl_device_describe(WL_CUDA, 0, &info), WL_OK);
    assert_int_equal(info.processors, multiprocessors);
    run(op, "N=40 K=3 D=5 E=3 F=8 V=9 R=12 G=20 L=3 C=8 W=2 M=4 P=1");
    emulator_set_multiprocessors(0);
    const int n = emulator_launches(&launched);
    assert_in_range(n, 1, MOST);
    memcpy(out, launched, (size_t)n * sizeof *out);
    return n;
}

/* with a block where there were many, every kernel steps through all of its work */
static void a_capped_grid_leaves_nothing_over(void **state)
{
    static const char *const sizes[] = {
        "N=40 K=9 D=5 E=3 F=8 V=99 R=99 G=20 L=3 C=40 W=2 M=40 P=40",
        "N=2500 K=1 D=1 E=1 F=2 V=2500 R=2500 G=20 L=3 C=8 W=2 M=4 P=1", /* rows to update are
                                                                            distinct */
        "N=3 K=2 D=4096 E=1 F=4097 V=9 R=12 G=20 L=3 C=8 W=2 M=4 P=1",
    };
    int capped = 0;
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++)
        for (int i = 0; i < 3; i++) {
            const emulator_launch *launched;
            char text[128];
            /* hogwild's order is a race, but for one worker */
            const bool race = !strcmp(wl_op_specs[op]->name, "word2vec_hogwild");
            snprintf(text, sizeof text, "%s", sizes[i]);
            if (race && i == 0) memcpy(strstr(text, "C=40"), "C=1 ", 4);
            emulator_cap_grids(1);
            run(wl_op_specs[op]->name, text);
            emulator_cap_grids(0);
            for (int k = emulator_launches(&launched) - 1; k >= 0; k--)
                capped += launched[k].grid[0] > 1;
        }
    assert_true(capped > WL_OPERATORS);
}

static void a_context_works_on_its_own_device_and_leaves_the_callers(void **state)
{
    char trouble[256];
    const emulator_launch *launched;
    (void)state;
    emulator_set_devices(2);
    assert_int_equal(wl_device_count(WL_CUDA), 2);
    op_case c = made("embedding_compact", "N=9 K=2 D=5 V=9");
    bound_case b;
    if (case_bind(&b, &c, the_kernels(), trouble)) fail_msg("%s", trouble);
    b.ctx->ordinal = 1;
    emulator_watch();
    assert_int_equal(bound_call(&b), WL_OK);
    assert_int_equal(wl_ctx_sync(b.ctx), WL_OK);
    assert_int_equal(emulator_current_device(), 0);
    const int n = emulator_launches(&launched);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) assert_int_equal(launched[i].device, 1);
    bound_free(&b);
    case_free(&c);
    emulator_set_devices(1);
}

/* so that the order of additions, and with it every bit, is the same on every GPU */
static void launches_do_not_depend_on_the_size_of_the_device(void **state)
{
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        emulator_launch small[MOST], large[MOST];
        const int n = launched_on(1, wl_op_specs[op]->name, small);
        assert_int_equal(launched_on(132, wl_op_specs[op]->name, large), n);
        for (int i = 0; i < n; i++) {
            assert_string_equal(small[i].kernel, large[i].kernel);
            assert_memory_equal(small[i].grid, large[i].grid, sizeof small[i].grid);
            assert_memory_equal(small[i].block, large[i].block, sizeof small[i].block);
        }
    }
}

/* A table's two rows, put 2^31 elements apart in memory that is there only where it is touched,
 * give what they give side by side. */
static void are_found_far_apart(const char *op, const char *sizes, const char *result)
{
    const int64_t apart = (int64_t)1 << 31;
    const size_t bytes = (size_t)(apart + 4096) * sizeof(float);
    char trouble[256];
    op_case c = made(op, sizes);
    bound_case near, far;
    if (case_bind(&near, &c, the_kernels(), trouble) || case_bind(&far, &c, the_kernels(), trouble))
        fail_msg("%s", trouble);
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) skip();
    const int table = case_row(&c, c.spec->gradient_of ? "dtable" : "table");
    const wl_tensor *there = bound_tensor(&near, table);
    wl_tensor *t = bound_tensor(&far, table);
    const size_t row = (size_t)t->shape[1] * sizeof(float);
    char *const second = memory + (size_t)apart * sizeof(float);
    memcpy(memory, t->data, row);
    memcpy(second, (char *)t->data + row, row);
    t->data = memory, t->stride[0] = apart, t->stride[1] = 1;
    assert_int_equal(bound_call(&near), WL_OK);
    assert_int_equal(bound_call(&far), WL_OK);
    assert_int_equal(wl_ctx_sync(far.ctx), WL_OK);
    if (strcmp(result, "table") == 0) {
        assert_memory_equal(memory, there->data, row);
        assert_memory_equal(second, (char *)there->data + row, row);
    } else {
        const wl_tensor *y = bound_tensor(&near, case_row(&c, result));
        assert_memory_equal(bound_tensor(&far, case_row(&c, result))->data, y->data,
                            (size_t)y->shape[0] * row);
    }
    munmap(memory, bytes);
    bound_free(&near), bound_free(&far);
    case_free(&c);
}

static void rows_may_lie_more_than_2_to_the_31_elements_apart(void **state)
{
    static const char *const features[] = { "D=8", "D=7" };
    (void)state;
    for (int i = 0; i < 2; i++) {
        char text[64];
        snprintf(text, sizeof text, "V=2 N=9 %s", features[i]);
        are_found_far_apart("embedding_gather", text, "y");
        snprintf(text, sizeof text, "V=2 N=9 K=2 %s", features[i]);
        are_found_far_apart("embedding_gather_pooled", text, "y");
        are_found_far_apart("embedding_scatter", text, "table");
        are_found_far_apart("embedding_scatter_atomic", text, "table");
        are_found_far_apart("embedding_update", text, "table");
        snprintf(text, sizeof text, "V=2 N=2 %s -count", features[i]);
        are_found_far_apart("optimizer_update_rows", text, "table");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capped_grid_leaves_nothing_over),
        cmocka_unit_test(a_context_works_on_its_own_device_and_leaves_the_callers),
        cmocka_unit_test(launches_do_not_depend_on_the_size_of_the_device),
        cmocka_unit_test(rows_may_lie_more_than_2_to_the_31_elements_apart),
    };
    return cmocka_run_group_tests_name("paths_device", tests, NULL, NULL);
}
