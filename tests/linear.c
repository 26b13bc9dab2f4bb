/* Tests of <wordloom/linear.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* whole numbers and halves: exact in every type */
static const double x[] = { 1, 2, -1, 0, 3, 0.5 }, w[] = { 1, 0, 2, -1, 1, 0 }, b[] = { 0.5, -4 };
static const double sum[] = { -0.5, -3, 1.5, -1 }, relu[] = { 0, 0, 1.5, 0 };

static void values_by_hand(void **state)
{
    static const char *const texts[] = { "N=2 D=3 H=2 dtype=f32", "N=2 D=3 H=2 dtype=f16",
                                         "N=2 D=3 H=2 dtype=bf16 pad=3",
                                         "N=2 D=3 H=2 dtype=f32 offset=1 -sum" };
    (void)state;
    for (int i = 0; i < 4; i++)
        for (int kind = WL_IDENTITY; kind <= WL_RELU; kind++) {
            op_case c = made("linear_forward", texts[i]);
            c.scalar[case_row(&c, "activation")] = kind;
            put_values(&c, "x", x);
            put_values(&c, "w", w);
            put_values(&c, "b", b);
            gives(&c, "y", kind == WL_RELU ? relu : sum);
            if (i < 3) gives(&c, "sum", sum);
            case_free(&c);
        }
}

/* with relu one element of dsum is left: dy[1,0] = 2 */
static void gradients_by_hand(void **state)
{
    static const double dy[] = { 1, 1, 2, 1 }, start[] = { 1, 1, 1, 1, 1, 1 }, one[] = { 1, 1 };
    static const double dx[] = { 0, 0, 0, 2, 0, 4 }, dw[] = { 1, 7, 2, 1, 1, 1 }, db[] = { 3, 1 };
    static const double dx0[] = { 0, 1, 2, 1, 1, 4 }, dw0[] = { 2, 9, 1, 2, 6, 0.5 },
                        db0[] = { 4, 3 };
    static const char *const texts[] = { "N=2 D=3 H=2 dtype=f32", "N=2 D=3 H=2 dtype=f16 pad=3" };
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int kind = WL_IDENTITY; kind <= WL_RELU; kind++) {
            op_case c = made("linear_backward", texts[i]);
            c.scalar[case_row(&c, "activation")] = kind;
            put_values(&c, "x", x);
            put_values(&c, "w", w);
            put_values(&c, "y", kind == WL_RELU ? relu : sum);
            put_values(&c, "dy", dy);
            put_values(&c, "dw", start);
            put_values(&c, "db", one);
            gives(&c, "dx", kind == WL_RELU ? dx : dx0);
            gives(&c, "dw", kind == WL_RELU ? dw : dw0);
            gives(&c, "db", kind == WL_RELU ? db : db0);
            case_free(&c);
        }
}

static const char *const sizes[] = {
    "N=0 D=5 H=3",            /* no rows: gradients stay */
    "N=3 D=0 H=5",            /* no features: the bias alone; dw has no elements */
    "N=3 D=5 H=0",            /* no units: dx is 0 */
    "N=1 D=1 H=1",            /* one of everything */
    "N=7 D=3 H=5",            /* nothing divides a pack */
    "N=8 D=16 H=24",          /* everything does */
    "N=33 D=65 H=63 pad=1",   /* padded rows, one more and one less than two warps' lanes */
    "N=9 D=8 H=16 pad=8",     /* padded rows of packs */
    "N=9 D=64 H=64 offset=1", /* element-aligned pointers */
    "N=1 D=100 H=257",        /* one row, one more than a block of the reference */
    "N=129 D=7 H=33",         /* a part more of rows than two, and a column than a warp has */
    "N=4100 D=2 H=3",         /* more rows than the parts of a column have by themselves */
    "N=400 D=100 H=100",      /* several tiles of the reference's product */
    NULL,
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("linear_forward", sizes, "-sum");
    all_hold("linear_forward", sizes, "activation=0 -sum");
    all_hold("linear_forward", sizes, "activation=0 -sum -b");
    all_hold("linear_forward", sizes, "activation=4");
    all_hold("linear_forward", sizes, "activation=0 -b");
    holds("linear_forward", "N=33 D=20 H=40 activation=1 -sum");
    holds("linear_forward", "N=33 D=20 H=40 activation=2 -b");
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("linear_backward", sizes, "-sum");
    all_hold("linear_backward", sizes, "activation=0 -sum -y");
    all_hold("linear_backward", sizes, "activation=4 -y");
    all_hold("linear_backward", sizes, "activation=0 -sum -y -dx -db");
    holds("linear_backward", "N=33 D=20 H=40 activation=1 -sum -dx");
    holds("linear_backward", "N=33 D=20 H=40 activation=2 -sum -db");
}

/* few sums, so that none is so near ReLU's corner that a step of the differences crosses it */
static void gradients_hold(void **state)
{
    (void)state;
    for (int kind = WL_IDENTITY; kind <= WL_GELU; kind++) {
        char text[64];
        snprintf(text, sizeof text, "N=4 D=6 H=5 activation=%d", kind);
        differentiates("linear_backward", text);
    }
    differentiates("linear_backward", "N=9 D=6 H=7 activation=3 -db -sum");
    differentiates("linear_backward", "N=9 D=6 H=7 activation=4 -dx -y");
}

/* what a slope comes from must be there, and nothing else must */
static void each_activation_asks_for_what_it_needs(void **state)
{
    static const char *const wants[5] = { NULL, "y", "y", "y", "sum" };
    static const char *const rows[2] = { "y", "sum" };
    (void)state;
    for (const wl_backend *const *backend = backends_under_test(); *backend; backend++)
        for (int kind = WL_IDENTITY; kind <= WL_GELU; kind++)
            for (int left_out = 0; left_out < 2; left_out++) {
                char text[64], trouble[256];
                bound_case bound;
                snprintf(text, sizeof text, "N=3 D=4 H=5 activation=%d", kind);
                op_case c = made("linear_backward", text);
                if (case_bind(&bound, &c, *backend, trouble)) fail_msg("%s", trouble);
                memset(bound_tensor(&bound, case_row(&c, rows[left_out])), 0, sizeof(wl_tensor));
                const bool refused = wants[kind] && !strcmp(wants[kind], rows[left_out]);
                assert_int_equal(bound_call(&bound), refused ? WL_MISSING : WL_OK);
                if (refused) assert_non_null(strstr(wl_ctx_error(bound.ctx), rows[left_out]));
                bound_free(&bound);
                case_free(&c);
            }
}

/* linear's own activation is the activation operator on its sum, to the bit where nothing is
 * contracted: on the oracle */
static void its_activation_is_activation_of_its_sum(void **state)
{
    enum { COUNT = 6 * 7 };
    (void)state;
    for (int kind = WL_IDENTITY; kind <= WL_GELU; kind++) {
        char text[64];
        outcome l, f;
        snprintf(text, sizeof text, "N=6 D=5 H=7 activation=%d", kind);
        op_case linear = made("linear_forward", text);
        snprintf(text, sizeof text, "N=6 D=7 kind=%d", kind);
        op_case activation = made("activation_forward", text);
        if (execute(&l, &linear, &wl_ref_oracle_backend)) fail_msg("%s", l.trouble);
        put_values(&activation, "x", l.value[case_row(&linear, "sum")]);
        if (execute(&f, &activation, &wl_ref_oracle_backend)) fail_msg("%s", f.trouble);
        assert_memory_equal(l.value[case_row(&linear, "y")], f.value[case_row(&activation, "y")],
                            COUNT * sizeof(double));
        outcome_free(&l), outcome_free(&f);
        case_free(&linear), case_free(&activation);
    }
}

/* a weight that went wrong must show, through ReLU too */
static void nan_reaches_the_output(void **state)
{
    (void)state;
    for (const wl_backend *const *backend = backends_under_test(); *backend; backend++)
        for (int kind = WL_IDENTITY; kind <= WL_GELU; kind++) {
            char text[64];
            outcome o;
            snprintf(text, sizeof text, "N=2 D=5 H=4 activation=%d", kind);
            op_case c = made("linear_forward", text);
            c.value[case_row(&c, "w")][2 * 5] = NAN;
            if (execute(&o, &c, *backend)) fail_msg("%s", o.trouble);
            for (int n = 0; n < 2; n++) assert_true(isnan(o.value[case_row(&c, "y")][n * 4 + 2]));
            outcome_free(&o);
            case_free(&c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(gradients_by_hand),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(each_activation_asks_for_what_it_needs),
        cmocka_unit_test(its_activation_is_activation_of_its_sum),
        cmocka_unit_test(nan_reaches_the_output),
    };
    return cmocka_run_group_tests_name("linear", tests, NULL, NULL);
}
