/* Tests of <wordloom/optimizer.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void sgd_descends(void **state)
{
    const double p[] = { 1, 2 }, g[] = { 4, 8 }, lr[] = { 0.25 }, after[] = { 0, 0 };
    op_case c = made("optimizer_update", "N=2 -m -v -copy -rule.scale -rule.step");
    (void)state;
    put_values(&c, "p", p);
    put_values(&c, "g", g);
    put_values(&c, "rule.lr", lr);
    gives(&c, "p", after);
    case_free(&c);
}

static void a_scale_of_zero_leaves_everything(void **state)
{
    static const struct {
        const char *op, *sizes, *gradient, *kept[3];
    } cases[] = {
        { "optimizer_update", "N=9", "g", { "p", "m", "v" } },
        { "optimizer_update_rows", "V=5 D=3 N=4 -count", "g", { "table", "m", "v" } },
        { "embedding_update", "V=5 D=3 N=9", "dy", { "table", "m", "v" } },
    };
    const double zero[] = { 0 };
    (void)state;
    for (int i = 0; i < 3; i++)
        for (int kind = WL_SGD; kind <= WL_NESTEROV_NEW_VELOCITY; kind++) {
            char text[96];
            snprintf(text, sizeof text, "%s rule.kind=%d rule.weight_decay=0.01", cases[i].sizes,
                     kind);
            op_case c = made(cases[i].op, text);
            put_values(&c, "rule.scale", zero);
            c.value[case_row(&c, cases[i].gradient)][3] = NAN; /* what such a scale is for */
            for (int k = 0; k < 3; k++)
                gives(&c, cases[i].kept[k], c.value[case_row(&c, cases[i].kept[k])]);
            case_free(&c);
        }
}

/* less than none is none, and more than all is all */
static void counts_out_of_bounds_are_kept_within_them(void **state)
{
    static const char *const ops[] = { "optimizer_sum_squares", "optimizer_update_rows" };
    static const double counts[][2] = { { -3, 0 }, { 99, 4 } };
    (void)state;
    for (int op = 0; op < 2; op++)
        for (int i = 0; i < 2; i++) {
            op_case c = made(ops[op], "N=4 D=3 V=5");
            outcome within, beyond;
            const int row = case_row(&c, op ? "table" : "sum");
            for (const wl_backend *const *b = backends_under_test(); *b; b++) {
                put_values(&c, "count", &counts[i][1]);
                if (execute(&within, &c, *b)) fail_msg("%s", within.trouble);
                put_values(&c, "count", &counts[i][0]);
                if (execute(&beyond, &c, *b)) fail_msg("%s", beyond.trouble);
                for (int64_t k = 0; k < c.count[row]; k++)
                    assert_true(within.value[row][k] == beyond.value[row][k]);
                outcome_free(&within), outcome_free(&beyond);
            }
            case_free(&c);
        }
}

static void clip_scales_counts_and_skips(void **state)
{
    const double sums[] = { 9, 0.0625, INFINITY, NAN };
    const double scales[] = { 0.25 / (3 + 1e-6), 0.25 / (0.25 + 1e-6), 0, 0 };
    (void)state;
    for (int i = 0; i < 4; i++) {
        op_case c = made("optimizer_clip", "-loss_scale -clean");
        const double step[] = { i < 2 ? 4 : 3 }, skipped[] = { i < 2 ? 3 : 4 };
        const double in_a_row[] = { i < 2 ? 0 : 4 };
        const double scale[] = { (double)(float)scales[i] };
        put_values(&c, "sum", &sums[i]);
        gives(&c, "scale", scale);
        gives(&c, "step", step);
        gives(&c, "skipped", skipped);
        gives(&c, "in_a_row", in_a_row);
        case_free(&c);
    }
    op_case c = made("optimizer_clip",
                     "max_norm=4 -step -skipped -in_a_row -loss -total -loss_scale -clean");
    const double one[] = { 1 };
    put_values(&c, "sum", &sums[0]);
    gives(&c, "scale", one);
    case_free(&c);
}

/* the loss of a step that counts is added up; one that is not finite makes it not count */
static void clip_adds_up_losses(void **state)
{
    const double losses[] = { 2, NAN }, totals[] = { 5, 3 }, scales[] = { 0.0625, 0 };
    const double sum[] = { 0 }, total[] = { 3 }, loss_scale[] = { 16 };
    (void)state;
    for (int i = 0; i < 2; i++) {
        op_case c = made("optimizer_clip", "");
        put_values(&c, "sum", sum);
        put_values(&c, "loss", &losses[i]);
        put_values(&c, "total", total);
        put_values(&c, "loss_scale", loss_scale);
        gives(&c, "total", &totals[i]);
        gives(&c, "scale", &scales[i]);
        case_free(&c);
    }
}

static void loss_scales_double_and_halve(void **state)
{
    static const struct {
        double sum, clean, scale, then, clean_then;
    } cases[] = { { 0, 1998, 16, 16, 1999 },
                  { 0, 1999, 16, 32, 2000 },
                  { NAN, 1999, 16, 8, 0 },
                  { INFINITY, 7, 1, 1, 0 },
                  { 0, 3999, 0x1p24, 0x1p24, 4000 } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        op_case c = made("optimizer_clip", "");
        put_values(&c, "sum", &cases[i].sum);
        put_values(&c, "clean", &cases[i].clean);
        put_values(&c, "loss_scale", &cases[i].scale);
        gives(&c, "loss_scale", &cases[i].then);
        gives(&c, "clean", &cases[i].clean_then);
        case_free(&c);
    }
}

static void clear_clears(void **state)
{
    static const char *const sizes[] = { "N=0", "N=1", "N=7", "N=8 offset=1", "N=1028", NULL };
    (void)state;
    all_hold("optimizer_clear", sizes, "");
}

static void sum_squares_counts_rows(void **state)
{
    const double x[] = { 1, 2, 3, 4, 5, 6 }, count[] = { 2 }, start[] = { 100 }, sum[] = { 130 };
    op_case c = made("optimizer_sum_squares", "N=3 D=2");
    (void)state;
    put_values(&c, "x", x);
    put_values(&c, "count", count);
    put_values(&c, "sum", start);
    gives(&c, "sum", sum);
    case_free(&c);
}

static void sum_squares_holds(void **state)
{
    static const char *const sizes[] = {
        "N=0 D=3",
        "N=3 D=0",
        "N=1 D=1",
        "N=7 D=9 -count",
        "N=1 D=4095 -count",
        "N=1 D=4096 -count",
        "N=1 D=4097 -count",
        "N=41 D=401",
        "N=2 D=4096 -count",   /* whole parts alone */
        "N=3 D=4096 offset=1", /* which no pack begins */
        "N=300 D=301 -count",
        NULL,
    };
    (void)state;
    for (int i = 0; sizes[i]; i++) holds("optimizer_sum_squares", sizes[i]);
}

static void clip_holds(void **state)
{
    (void)state;
    holds("optimizer_clip", "");
    holds("optimizer_clip", "max_norm=4");
}

static const char *const rules[] = {
    "rule.kind=0 -m -v",
    "rule.kind=0 rule.weight_decay=0.01",
    "rule.kind=1 -v",
    "rule.kind=2 rule.weight_decay=0.01",
    "rule.kind=3 -m",
    "rule.kind=4",
    "rule.kind=5",
    "rule.kind=5 rule.eps_form=1 -rule.scale",
    "rule.kind=5 rule.beta1=0 rule.beta2=0.5 rule.weight_decay=0.01",
    "rule.kind=6",
    NULL,
};

static void update_holds(void **state)
{
    static const char *const sizes[] = { "N=0",  "N=1",   "N=7",    "N=8",           "N=9",
                                         "N=64", "N=255", "N=2049", "N=24 offset=1", NULL };
    (void)state;
    for (int i = 0; rules[i]; i++)
        for (int k = 0; sizes[k]; k++) {
            char text[256];
            snprintf(text, sizeof text, "%s %s%s", sizes[k], rules[i], k % 3 == 2 ? " -copy" : "");
            holds("optimizer_update", text);
        }
    holds("optimizer_update", "N=2048 rule.kind=5 -copy"); /* a block's elements, */
    holds("optimizer_update", "N=2056 rule.kind=5");       /* and a pack more */
    holds("optimizer_update", "N=2056 rule.kind=5 rule.rounding=1");
    holds("optimizer_update", "N=2049 rule.kind=3 rule.rounding=1");
}

/* to the bit, whatever the backend: what half_narrow makes of the parameter */
static void a_copy_is_rounded_as_half_narrow_rounds(void **state)
{
    static const char *const sizes[] = { "N=2064", "N=2059" }; /* in packs, and one by one */
    (void)state;
    for (int i = 0; i < 8; i++) {
        char text[96];
        snprintf(text, sizeof text, "%s dtype=%s %s=%d", sizes[i % 2], i / 2 % 2 ? "f16" : "bf16",
                 "rule.rounding", i / 4);
        op_case update = made("optimizer_update", text);
        snprintf(text, sizeof text, "%s dtype=%s rounding=%d", sizes[i % 2],
                 i / 2 % 2 ? "f16" : "bf16", i / 4);
        op_case narrow = made("half_narrow", text);
        put_values(&narrow, "step", update.value[case_row(&update, "rule.step")]);
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            outcome updated, narrowed;
            if (execute(&updated, &update, *b)) fail_msg("%s", updated.trouble);
            put_values(&narrow, "x", updated.value[case_row(&update, "p")]);
            if (execute(&narrowed, &narrow, *b)) fail_msg("%s", narrowed.trouble);
            const int copy = case_row(&update, "copy"), y = case_row(&narrow, "y");
            for (int64_t k = 0; k < update.count[copy]; k++)
                assert_true(updated.value[copy][k] == narrowed.value[y][k]);
            outcome_free(&updated), outcome_free(&narrowed);
        }
        case_free(&update), case_free(&narrow);
    }
}

static void update_rows_holds(void **state)
{
    static const char *const sizes[] = {
        "V=7 D=3 N=5",        "V=7 D=3 N=0",          "V=7 D=0 N=2",
        "V=1 D=1 N=1 -count", "V=40 D=100 N=30",      "V=40 D=129 N=7 pad=1",
        "V=9 D=8 N=9 pad=8",  "V=9 D=8 N=9 offset=1", NULL,
    };
    (void)state;
    for (int i = 0; rules[i]; i++)
        for (int k = 0; sizes[k]; k++) {
            char text[256];
            snprintf(text, sizeof text, "%s %s", sizes[k], rules[i]);
            holds("optimizer_update_rows", text);
        }
    holds("optimizer_update_rows", "V=40 D=33 N=20 rule.rounding=1 rule.kind=3");
}

/* lr 0.1 on the parabola x²/2 from 1: every rule comes near its minimum */
static void every_rule_descends_a_parabola(void **state)
{
    (void)state;
    for (int kind = WL_SGD; kind <= WL_NESTEROV_NEW_VELOCITY; kind++) {
        char text[64];
        const double zero[] = { 0 }, one[] = { 1 }, lr[] = { 0.1 };
        snprintf(text, sizeof text, "N=1 rule.kind=%d -copy", kind);
        op_case c = made("optimizer_update", text);
        put_values(&c, "p", one);
        put_values(&c, "m", zero);
        put_values(&c, "v", zero);
        put_values(&c, "rule.lr", lr);
        put_values(&c, "rule.scale", one);
        for (int step = 1; step <= 300; step++) {
            outcome o;
            c.value[case_row(&c, "rule.step")][0] = step;
            put_values(&c, "g", c.value[case_row(&c, "p")]);
            if (execute(&o, &c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
            put_values(&c, "p", o.value[case_row(&c, "p")]);
            put_values(&c, "m", o.value[case_row(&c, "m")]);
            put_values(&c, "v", o.value[case_row(&c, "v")]);
            outcome_free(&o);
        }
        assert_true(fabs(c.value[case_row(&c, "p")][0]) < 0.1);
        case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_descends),
        cmocka_unit_test(a_scale_of_zero_leaves_everything),
        cmocka_unit_test(counts_out_of_bounds_are_kept_within_them),
        cmocka_unit_test(clip_scales_counts_and_skips),
        cmocka_unit_test(clip_adds_up_losses),
        cmocka_unit_test(loss_scales_double_and_halve),
        cmocka_unit_test(clear_clears),
        cmocka_unit_test(sum_squares_counts_rows),
        cmocka_unit_test(sum_squares_holds),
        cmocka_unit_test(clip_holds),
        cmocka_unit_test(update_holds),
        cmocka_unit_test(a_copy_is_rounded_as_half_narrow_rounds),
        cmocka_unit_test(update_rows_holds),
        cmocka_unit_test(every_rule_descends_a_parabola),
    };
    return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
