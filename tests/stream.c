/* Tests of <wordloom/stream.h>. */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* seven ids in two streams of three steps: 0 1 2 and 3 4 5, each followed by the next */
static void streams_go_on_and_begin_anew(void **state)
{
    const double ids[] = { 10, 11, 12, 13, 14, 15, 16 };
    const double positions[] = { 0, 2, 4 };
    const double inputs[][4] = { { 10, 13, 11, 14 }, { 12, 15, 13, 10 }, { 14, 11, 15, 12 } };
    const double labels[][4] = { { 11, 14, 12, 15 }, { 13, 16, 14, 11 }, { 15, 12, 16, 13 } };
    op_case c = made("stream_batch", "N=7 T=2 B=2");
    (void)state;
    put_values(&c, "ids", ids);
    for (int i = 0; i < 3; i++) {
        const double after[] = { positions[i] + 2 };
        put_values(&c, "position", &positions[i]);
        gives(&c, "inputs", inputs[i]);
        gives(&c, "labels", labels[i]);
        gives(&c, "position", after);
    }
    case_free(&c);
}

static void batch_holds(void **state)
{
    static const char *const sizes[] = { "N=2 T=3 B=1",    "N=2 T=1 B=5",
                                         "N=9 T=0 B=3",    "N=9 T=3 B=0",
                                         "N=100 T=35 B=7", "N=1000 T=35 B=20",
                                         "N=20 T=35 B=3",  NULL };
    (void)state;
    all_hold("stream_batch", sizes, "");
}

static void a_single_id_is_refused(void **state)
{
    op_case c = made("stream_batch", "N=1 T=2 B=2");
    char trouble[256];
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        bound_case bound;
        if (case_bind(&bound, &c, *b, trouble)) {
            assert_non_null(strstr(trouble, "expected two or more"));
            continue;
        }
        assert_int_equal(bound_call(&bound), WL_OUT_OF_RANGE);
        bound_free(&bound);
    }
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_go_on_and_begin_anew),
        cmocka_unit_test(batch_holds),
        cmocka_unit_test(a_single_id_is_refused),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
