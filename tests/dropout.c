/* Tests of <wordloom/dropout.h>. */
#include "judge.h"

#include "../host/core/philox.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const ops[] = { "dropout_forward", "dropout_backward" };
static const char *const ins[] = { "x", "dy" }, *const outs[] = { "y", "dx" };

/* A case of one way, forward without a residual. */
static op_case bare(int way, const char *text)
{
    char words[96];
    snprintf(words, sizeof words, "%s%s", text, way ? "" : " -residual");
    return made(ops[way], words);
}

/* Worked out apart from this library, from the paper's algorithm: Philox4x32-10 of the key {7, 0}
 * and the counters {0, 0, 5, 0x30007} and {1, 0, 5, 0x30007}; halves of words from 0x8000 on keep.
 */
static void the_first_masks_are_these(void **state)
{
    /* b846 86a2 b724 9e7e 0967 27fc f83e 28ba, 1007 eb64 9a5b 6c39 d52d 8a67 fbfc 098a */
    static const double kept[16] = { 1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0 };
    const double step = 5;
    (void)state;
    for (int way = 0; way < 2; way++) {
        double y[16];
        op_case c = bare(way, "T=1 N=16 p=0.5 layer=3 seed=7 -mask");
        for (int i = 0; i < 16; i++) {
            c.value[case_row(&c, ins[way])][i] = i + 1;
            y[i] = 2 * (i + 1) * kept[i];
        }
        put_values(&c, "step", &step);
        gives(&c, outs[way], y);
        case_free(&c);
    }
}

/* The bits of Philox that belong to the element, seed, step and layer decide, in rows that begin
 * within a draw too; `locked` counts elements within a row. */
static void every_execution_draws_by_the_definition(void **state)
{
    enum { T = 5, N = 1003 };
    static const char *const texts[] = {
        "T=5 N=1003 p=0.3 -mask",           "T=5 N=1003 p=0.3 -mask locked=1",
        "T=5 N=1003 p=0.3 -mask offset=1",  "T=5 N=1003 p=0.3 -mask dtype=bf16 layer=65535",
        "T=5 N=1003 p=0.3 -mask skipped=3", "T=5 N=1003 p=0.3 -mask skipped=3 locked=1",
    };
    const int count = sizeof texts / sizeof *texts;
    (void)state;
    for (int i = 0; i < count; i++) {
        op_case c = bare(0, texts[i]);
        const bool locked = c.scalar[case_row(&c, "locked")] == 1;
        const int32_t layer = (int32_t)c.scalar[case_row(&c, "layer")];
        const uint64_t before = (uint64_t)c.scalar[case_row(&c, "skipped")] * 8 * N;
        const uint32_t step = (uint32_t)c.value[case_row(&c, "step")][0];
        double *x = c.value[case_row(&c, "x")];
        static double y[T * N];
        for (uint64_t e = 0; e < T * N; e++) {
            const uint64_t element = locked ? e % N : before + e;
            const wl_random r = wl_philox(7, element / 8, step, 7 + 65536 * (uint32_t)layer);
            const uint32_t bits = r.word[element % 8 / 2] >> (element % 2 ? 16 : 0) & 0xffff;
            x[e] = 1;
            y[e] = bits >= 19661 ? (double)(float)(1 / 0.7) : 0; /* 0.3 x 65536 = 19660.8 */
            if (c.stored == WL_BF16) y[e] = (double)wl_f32_of_bf16(wl_bf16_of_f32((float)y[e]));
        }
        gives(&c, "y", y);
        case_free(&c);
    }
}

static const char *const sizes[] = {
    "T=0 N=5",           /* no steps */
    "T=3 N=0",           /* no elements */
    "T=1 N=1",           /* one */
    "T=2 N=7",           /* one less than a draw's, and a row that begins within a draw */
    "T=3 N=8",           /* a draw's */
    "T=3 N=9",           /* one more */
    "T=2 N=12",          /* whole packs of f32, a draw and a half */
    "T=3 N=257",         /* one more than a block of the reference */
    "T=1 N=2047",        /* one less than a block of threads has */
    "T=1 N=2049",        /* one more */
    "T=3 N=40 offset=1", /* element-aligned pointers */
    "T=35 N=520",        /* more than one thread's of the reference */
    NULL,
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("dropout_forward", sizes, "");
    all_hold("dropout_forward", sizes, "-mask p=0.25");
    all_hold("dropout_forward", sizes, "-mask -residual p=0.25");
    all_hold("dropout_forward", sizes, "-mask locked=1 layer=3");
    all_hold("dropout_forward", sizes, "-mask p=0");
    all_hold("dropout_forward", sizes, "-mask p=0.25 skipped=2");
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("dropout_backward", sizes, "");
    all_hold("dropout_backward", sizes, "-mask p=0.25");
    all_hold("dropout_backward", sizes, "-mask locked=1 layer=3");
    all_hold("dropout_backward", sizes, "-mask p=0.25 skipped=2");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("dropout_backward", "T=3 N=20");
    differentiates("dropout_backward", "T=3 N=20 -mask p=0.25");
    differentiates("dropout_backward", "T=3 N=20 -mask locked=1");
}

static void input_and_output_may_be_one(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        works_in_place(ops[way], ins[way], outs[way], "T=3 N=43");
        works_in_place(ops[way], ins[way], outs[way], "T=3 N=43 -mask dtype=f16");
        works_in_place(ops[way], ins[way], outs[way], "T=3 N=48 -mask locked=1 dtype=bf16");
    }
}

/* What is dropped leaves the residual, and what is kept is added to it. */
static void a_residual_is_added(void **state)
{
    enum { N = 64 };
    (void)state;
    op_case with = made("dropout_forward", "T=1 N=64 p=0.5 -mask"),
            without = bare(0, "T=1 N=64 p=0.5 -mask");
    double y[N];
    const double step = 3;
    for (int i = 0; i < N; i++) {
        with.value[case_row(&with, "x")][i] = without.value[case_row(&without, "x")][i] = i + 1;
        with.value[case_row(&with, "residual")][i] = 1000;
    }
    put_values(&with, "step", &step), put_values(&without, "step", &step);
    outcome o;
    if (execute(&o, &without, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    for (int i = 0; i < N; i++) y[i] = o.value[case_row(&without, "y")][i] + 1000;
    gives(&with, "y", y);
    outcome_free(&o);
    case_free(&with), case_free(&without);
}

/* Runs a case whose inputs are 1 everywhere. */
static outcome of_ones(op_case *c, const wl_backend *backend, int way)
{
    outcome o;
    const int in = case_row(c, ins[way]);
    for (int64_t i = 0; i < c->count[in]; i++) c->value[in][i] = 1;
    if (execute(&o, c, backend)) fail_msg("%s", o.trouble);
    return o;
}

/* How many of n elements are kept is binomial: with 16 bits a draw, of n times the share of their
 * 65,536 values that keep. Six of its standard deviations would be missed by one seed in 5e8. */
static void as_many_are_kept_as_p_says(void **state)
{
    enum { N = 400000 };
    static const struct {
        const char *text;
        double share;
    } cases[] = {
        { "T=1 N=400000 p=0.5 -mask", 0.5 },
        { "T=1 N=400000 p=0.1 -mask", 1 - 6554 / 65536.0 },
        { "T=1 N=400000 p=0.9 -mask layer=2", 1 - 58982 / 65536.0 },
        { "T=1 N=400000 p=0.999 -mask", 1 - 65470 / 65536.0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t kept = 0;
        op_case c = bare(0, cases[i].text);
        outcome o = of_ones(&c, &wl_ref_oracle_backend, 0);
        for (int64_t n = 0; n < N; n++) kept += o.value[case_row(&c, "y")][n] != 0;
        const double q = cases[i].share;
        assert_true(fabs((double)kept - N * q) <= 6 * sqrt(N * q * (1 - q)));
        outcome_free(&o);
        case_free(&c);
    }
}

static void forward_and_backward_drop_the_same(void **state)
{
    static const char *const texts[] = { "T=4 N=77 p=0.3 -mask", "T=4 N=77 p=0.3 -mask locked=1",
                                         "T=4 N=77 p=0.3 -mask layer=9", "T=4 N=77 p=0.3" };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int i = 0; i < 4; i++) {
            op_case c[2] = { bare(0, texts[i]), bare(1, texts[i]) };
            const double step = 11;
            for (int way = 0; way < 2; way++) put_values(&c[way], "step", &step);
            if (i == 3) put_values(&c[1], "mask", c[0].value[case_row(&c[0], "mask")]);
            outcome y = of_ones(&c[0], *b, 0), dx = of_ones(&c[1], *b, 1);
            assert_memory_equal(y.value[case_row(&c[0], "y")], dx.value[case_row(&c[1], "dx")],
                                4 * 77 * sizeof(double));
            outcome_free(&y), outcome_free(&dx);
            case_free(&c[0]), case_free(&c[1]);
        }
}

static void a_locked_mask_is_every_rows(void **state)
{
    enum { T = 6, N = 45 };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        op_case c = bare(0, "T=6 N=45 -mask locked=1");
        outcome o = of_ones(&c, *b, 0);
        const double *y = o.value[case_row(&c, "y")];
        for (int t = 1; t < T; t++) assert_memory_equal(y, y + t * N, N * sizeof *y);
        outcome_free(&o);
        case_free(&c);
    }
}

static void without_dropping_nothing_changes(void **state)
{
    static const char *const texts[] = { "T=3 N=41 p=0 -mask", "T=3 N=41 p=0 -mask locked=1",
                                         "T=3 N=41 p=0 -mask dtype=f16" };
    (void)state;
    for (int way = 0; way < 2; way++)
        for (int i = 0; i < 3; i++) {
            op_case c = bare(way, texts[i]);
            gives(&c, outs[way], c.value[case_row(&c, ins[way])]);
            case_free(&c);
        }
}

/* Of 4,096 elements some 2,048 must differ; none would where something did not matter. */
static void seed_step_and_layer_all_matter(void **state)
{
    enum { N = 4096 };
    static const char *const texts[] = { "T=1 N=4096 -mask", "T=1 N=4096 -mask seed=8",
                                         "T=1 N=4096 -mask layer=1" };
    outcome o[4];
    op_case c[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        c[i] = bare(0, texts[i % 3]);
        if (i == 3) c[i].value[case_row(&c[i], "step")][0]++;
        o[i] = of_ones(&c[i], &wl_ref_oracle_backend, 0);
    }
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++) {
            int differ = 0;
            for (int n = 0; n < N; n++)
                differ +=
                    o[i].value[case_row(&c[i], "y")][n] != o[k].value[case_row(&c[k], "y")][n];
            assert_true(fabs(differ - N / 2.0) <= 6 * sqrt(N / 4.0)); /* binomial again */
        }
    for (int i = 0; i < 4; i++) outcome_free(&o[i]), case_free(&c[i]);
}

/* what is dropped is 0, whatever it was; what is kept is not hidden */
static void nan_is_dropped_too(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        op_case c = bare(0, "T=1 N=64 dtype=bf16");
        outcome o;
        for (int i = 0; i < 64; i++) c.value[case_row(&c, "x")][i] = NAN;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        for (int i = 0; i < 64; i++) {
            const double y = o.value[case_row(&c, "y")][i];
            assert_true(c.value[case_row(&c, "mask")][i] != 0 ? isnan(y) : y == 0);
        }
        outcome_free(&o);
        case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_masks_are_these),
        cmocka_unit_test(every_execution_draws_by_the_definition),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(input_and_output_may_be_one),
        cmocka_unit_test(a_residual_is_added),
        cmocka_unit_test(as_many_are_kept_as_p_says),
        cmocka_unit_test(forward_and_backward_drop_the_same),
        cmocka_unit_test(a_locked_mask_is_every_rows),
        cmocka_unit_test(without_dropping_nothing_changes),
        cmocka_unit_test(seed_step_and_layer_all_matter),
        cmocka_unit_test(nan_is_dropped_too),
    };
    return cmocka_run_group_tests_name("dropout", tests, NULL, NULL);
}
