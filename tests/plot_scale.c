/* Axes of charts: where their ticks are and what they say. */
#include "../host/cli/plot_scale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* All ticks, which lie within the axis, in order. */
static void assert_ticks(plot_axis axis, double low, double high, const char *expected)
{
    const plot_scale s = plot_scale_of(&axis, low, high);
    char found[256] = "";
    double before = -1;
    for (int i = 0; i < s.ticks; i++) {
        const double part = plot_scale_part(&s, s.tick[i]);
        char text[32];
        assert_true(part >= 0 && part <= 1 && part > before);
        plot_scale_text(&s, i, text, sizeof text);
        strcat(strcat(found, text), " ");
        before = part;
    }
    assert_string_equal(found, expected);
    assert_true(plot_scale_part(&s, low) >= 0 && plot_scale_part(&s, high) <= 1);
}

static void ticks_are_round_numbers(void **state)
{
    const plot_axis any = { .label = "" };
    (void)state;
    assert_ticks(any, 0, 1, "0.0 0.2 0.4 0.6 0.8 1.0 ");
    assert_ticks(any, 1.2, 1.7, "1.2 1.3 1.4 1.5 1.6 1.7 ");
    assert_ticks(any, 2.51, 2.59, "2.52 2.54 2.56 2.58 ");
    assert_ticks(any, -30, 1000, "0 200 400 600 800 1000 ");
    assert_ticks(any, 1e8, 3e8, "1e+08 1.5e+08 2e+08 2.5e+08 3e+08 ");
    assert_ticks(any, 1e16, 1e16 + 4, "1e+16 1e+16 1e+16 ");
    assert_ticks(any, 0, 1e-300, "0 2e-301 4e-301 6e-301 8e-301 1e-300 ");
}

static void whole_ticks_are_one_apart_or_more(void **state)
{
    const plot_axis whole = { .label = "", .whole = true };
    (void)state;
    assert_ticks(whole, 1, 1, "1 ");
    assert_ticks(whole, 1, 2, "1 2 ");
    assert_ticks(whole, 1, 4, "1 2 3 4 ");
    assert_ticks(whole, 1, 40, "5 10 15 20 25 30 35 40 ");
}

static void a_long_span_above_zero_may_be_logarithmic(void **state)
{
    const plot_axis axis = { .label = "", .logarithmic = true };
    (void)state;
    assert_ticks(axis, 100, 290, "100 150 200 250 ");
    assert_ticks(axis, 0, 300, "0 50 100 150 200 250 300 ");
    assert_ticks(axis, 264, 898, "300 400 500 600 700 800 900 ");
    assert_ticks(axis, 133, 760, "150 200 300 500 700 ");
    assert_ticks(axis, 120, 9000, "200 500 1000 2000 5000 10000 ");
    assert_ticks(axis, 1, 1e5, "1 10 100 1000 10000 100000 ");
    assert_ticks(axis, 1e-20, 1, "1e-19 1e-17 1e-15 1e-13 1e-11 1e-09 1e-07 1e-05 0.001 0.1 ");
}

static void what_cannot_be_drawn_is_not_on_the_axis(void **state)
{
    const plot_axis axis = { .label = "", .logarithmic = true };
    const plot_scale linear = plot_scale_of(&axis, 1, 2), logarithmic = plot_scale_of(&axis, 1, 9);
    (void)state;
    assert_true(plot_scale_has(&linear, -1) && plot_scale_has(&linear, 0));
    assert_true(plot_scale_has(&logarithmic, 1e-3) && !plot_scale_has(&logarithmic, 0));
    for (int i = 0; i < 2; i++) {
        assert_false(plot_scale_has(i ? &linear : &logarithmic, strtod("nan", NULL)));
        assert_false(plot_scale_has(i ? &linear : &logarithmic, strtod("inf", NULL)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_numbers),
        cmocka_unit_test(whole_ticks_are_one_apart_or_more),
        cmocka_unit_test(a_long_span_above_zero_may_be_logarithmic),
        cmocka_unit_test(what_cannot_be_drawn_is_not_on_the_axis),
    };
    return cmocka_run_group_tests_name("plot_scale", tests, NULL, NULL);
}
