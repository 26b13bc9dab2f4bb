/* Tests of <wordloom/activation.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const kinds[] = { "kind=0", "kind=1", "kind=2", "kind=3", "kind=4" };

/* What is exact in any arithmetic: every function at 0, and what needs none. */
static void values_by_hand(void **state)
{
    static const double x[] = { -2, -0.5, 0, 0.5, 3, 0 };
    static const struct {
        const char *text;
        double y[6];
    } cases[] = {
        { "N=2 D=3 kind=0", { -2, -0.5, 0, 0.5, 3, 0 } },
        { "N=2 D=3 kind=1", { 0, 0, 0, 0.5, 3, 0 } },
        { "N=2 D=3 kind=1 pad=2 dtype=bf16", { 0, 0, 0, 0.5, 3, 0 } },
    };
    static const double zeros[6] = { 0 }, halves[6] = { 0.5, 0.5, 0.5, 0.5, 0.5, 0.5 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        op_case c = made("activation_forward", cases[i].text);
        put_values(&c, "x", x);
        gives(&c, "y", cases[i].y);
        case_free(&c);
    }
    for (int kind = 1; kind < 5; kind++) {
        char text[32];
        snprintf(text, sizeof text, "N=2 D=3 kind=%d", kind);
        op_case c = made("activation_forward", text);
        put_values(&c, "x", zeros);
        gives(&c, "y", kind == WL_SIGMOID ? halves : zeros);
        case_free(&c);
    }
}

/* dy = 4: the slope at 0 is 0 by choice, 1/4, 1 and 1/2; relu's elsewhere 0 or 1. */
static void slopes_by_hand(void **state)
{
    static const double dy[4] = { 4, 4, 4, 4 }, zeros[4] = { 0 }, x[4] = { -1, 2, -0.25, 0.25 };
    static const double at_zero[5] = { 4, 0, 1, 4, 2 }, relu[4] = { 0, 4, 0, 4 };
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        char text[32];
        snprintf(text, sizeof text, "N=2 D=2 kind=%d", kind);
        op_case c = made("activation_backward", text);
        double dx[4];
        for (int i = 0; i < 4; i++) dx[i] = at_zero[kind];
        put_values(&c, "x", zeros);
        put_values(&c, "dy", dy);
        gives(&c, "dx", dx);
        if (kind == WL_RELU) {
            put_values(&c, "x", x);
            gives(&c, "dx", relu);
        }
        case_free(&c);
    }
}

static const char *const sizes[] = {
    "N=0 D=5",            /* no rows */
    "N=3 D=0",            /* no features */
    "N=1 D=1",            /* one */
    "N=3 D=7",            /* nothing divides a pack; dense rows are one row */
    "N=3 D=8 pad=8",      /* padded rows of packs */
    "N=3 D=5 pad=3",      /* padded rows of none */
    "N=2 D=257 pad=1",    /* a row of one more than a block of the reference */
    "N=1 D=1025",         /* one more than a block of threads has */
    "N=5 D=100 offset=1", /* element-aligned pointers */
    "N=33 D=650",         /* the larger hidden layers; more than one thread's */
    NULL,
};

static void every_kind_holds(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        all_hold("activation_forward", sizes, kinds[kind]);
        all_hold("activation_backward", sizes, kinds[kind]);
    }
}

static void gradients_hold(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        char text[64];
        snprintf(text, sizeof text, "N=4 D=9 %s", kinds[kind]);
        differentiates("activation_backward", text);
    }
}

static void input_and_output_may_be_one(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        char text[64];
        snprintf(text, sizeof text, "N=3 D=43 %s", kinds[kind]);
        works_in_place("activation_forward", "x", "y", text);
        works_in_place("activation_backward", "dy", "dx", text);
        snprintf(text, sizeof text, "N=3 D=48 pad=8 dtype=f16 %s", kinds[kind]);
        works_in_place("activation_forward", "x", "y", text);
        works_in_place("activation_backward", "dy", "dx", text);
    }
}

/* Values and slopes of one kind at 9 places. */
typedef struct curve {
    double y[9], slope[9];
} curve;

static curve curve_of(int kind, const double *x, const wl_backend *backend)
{
    char text[32];
    curve out;
    outcome f, b;
    snprintf(text, sizeof text, "N=1 D=9 kind=%d", kind);
    op_case forward = made("activation_forward", text),
            backward = made("activation_backward", text);
    put_values(&forward, "x", x);
    put_values(&backward, "x", x);
    for (int i = 0; i < 9; i++) backward.value[case_row(&backward, "dy")][i] = 1;
    if (execute(&f, &forward, backend)) fail_msg("%s", f.trouble);
    if (execute(&b, &backward, backend)) fail_msg("%s", b.trouble);
    for (int i = 0; i < 9; i++) {
        out.y[i] = f.value[case_row(&forward, "y")][i];
        out.slope[i] = b.value[case_row(&backward, "dx")][i];
    }
    outcome_free(&f), outcome_free(&b);
    case_free(&forward), case_free(&backward);
    return out;
}

/* Far from 0 every function is its limit, and no product of large and small goes wrong. */
static void far_out_they_are_their_limits(void **state)
{
    static const double x[9] = { -1e30, -1000, -100, -30, 0, 30, 100, 1000, 1e30 };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int kind = WL_RELU; kind <= WL_GELU; kind++) {
            const bool grows = kind == WL_RELU || kind == WL_GELU;
            const curve c = curve_of(kind, x, *b);
            for (int i = 0; i < 9; i++) {
                if (i == 4) continue;
                const double low = kind == WL_TANH ? -1 : 0;
                const double right = i < 4 ? low : grows ? (double)(float)x[i] : 1;
                const double slope = i > 4 && grows ? 1 : 0;
                assert_true(fabs(c.y[i] - right) < 0x1p-40);
                assert_true(fabs(c.slope[i] - slope) < 0x1p-40);
            }
        }
}

static void nan_stays_nan(void **state)
{
    const double x[9] = { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int kind = WL_IDENTITY; kind <= WL_GELU; kind++)
            assert_true(isnan(curve_of(kind, x, *b).y[0]));
}

/* In double: sigmoid and tanh are one function, both odd about their middle, and so is what GELU
 * lacks; each side of an equation has a few roundings. */
static void the_functions_have_their_symmetries(void **state)
{
    const double x[9] = { -4, -3, -1.5, -0.1, 0, 0.1, 1.5, 3, 4 };
    double twice[9];
    (void)state;
    for (int i = 0; i < 9; i++) twice[i] = 2 * x[i];
    const curve s = curve_of(WL_SIGMOID, twice, &wl_ref_oracle_backend);
    const curve t = curve_of(WL_TANH, x, &wl_ref_oracle_backend);
    const curve g = curve_of(WL_GELU, x, &wl_ref_oracle_backend);
    for (int i = 0; i < 9; i++) {
        const double eps = 8 * 0x1p-52;
        assert_true(fabs(t.y[i] - (2 * s.y[i] - 1)) <= eps);
        assert_true(t.y[i] == -t.y[8 - i]);
        assert_true(fabs(s.y[i] + s.y[8 - i] - 1) <= eps);
        assert_true(fabs(g.y[i] - g.y[8 - i] - x[i]) <= eps * 4);
        assert_true(fabs(s.slope[i] - s.y[i] * (1 - s.y[i])) <= eps);
        assert_true(fabs(t.slope[i] - (1 - t.y[i] * t.y[i])) <= eps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(slopes_by_hand),
        cmocka_unit_test(every_kind_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(input_and_output_may_be_one),
        cmocka_unit_test(far_out_they_are_their_limits),
        cmocka_unit_test(nan_stays_nan),
        cmocka_unit_test(the_functions_have_their_symmetries),
    };
    return cmocka_run_group_tests_name("activation", tests, NULL, NULL);
}
