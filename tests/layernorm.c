/* Tests of <wordloom/layernorm.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ by hand */

/* Mean 2 and variance 3: with an eps of 1 a deviation of 2. */
static void rows_are_normalised_by_their_own_mean_and_variance(void **state)
{
    static const double x[6] = { 2, 2 + 3, 2 - 3, 2, 2, 2 }, weight[6] = { 1, 2, -1, 4, 0.5, 0 },
                        bias[6] = { 0, 1, 1, -2, 3, 7 };
    static const double y[6] = { 0, 2 * 1.5 + 1, 1.5 + 1, -2, 3, 7 };
    static const double mean[1] = { 2 }, rstd[1] = { 0.5 };
    (void)state;
    op_case c = made("layernorm_forward", "N=1 D=6 eps=1");
    put_values(&c, "x", x);
    put_values(&c, "weight", weight);
    put_values(&c, "bias", bias);
    gives(&c, "y", y);
    gives(&c, "mean", mean);
    gives(&c, "rstd", rstd);
    case_free(&c);
}

/* For any rstd that is given. */
static void gradients_are_those_worked_out_by_hand(void **state)
{
    static const double x[4] = { 1, 4, -2, 1 }, weight[4] = { 1, 2, 1, 4 }, dy[4] = { 2, 2, 2, 1 };
    static const double mean[1] = { 1 }, rstd[1] = { 0.5 };
    /* g = 2, 4, 2, 4 of mean 3; z = 0, 1.5, -1.5, 0; g z = 0, 6, -3, 0 of mean 0.75 */
    static const double dx[4] = { -0.5, 0.5 * (1 - 1.125), 0.5 * (-1 + 1.125), 0.5 };
    static const double zero[4] = { 0 }, ten[4] = { 10, 10, 10, 10 };
    static const double dweight[4] = { 0, 3, -3, 0 }, dbias[4] = { 12, 12, 12, 11 };
    (void)state;
    op_case c = made("layernorm_backward", "N=1 D=4");
    put_values(&c, "x", x), put_values(&c, "weight", weight), put_values(&c, "dy", dy);
    put_values(&c, "mean", mean), put_values(&c, "rstd", rstd);
    put_values(&c, "dweight", zero), put_values(&c, "dbias", ten);
    gives(&c, "dx", dx);
    gives(&c, "dweight", dweight);
    gives(&c, "dbias", dbias);
    case_free(&c);
}

/* ------------------------------------------------------------------ agreement */

static const char *const sizes[] = {
    "N=0 D=5",             /* no rows */
    "N=3 D=0",             /* no features */
    "N=1 D=1",             /* one, of variance 0 */
    "N=19 D=1",            /* rows of two parts, all of variance 0 */
    "N=9 D=3",             /* one more row than a block has warps */
    "N=3 D=8",             /* a pack of 16 bits */
    "N=16 D=31",           /* a part's rows; one lane without a feature */
    "N=17 D=33",           /* a row more than a part's; a feature more than a warp's lanes */
    "N=5 D=64 pad=3",      /* rows that begin where no pack does */
    "N=5 D=64 pad=8",      /* rows apart, of whole packs */
    "N=5 D=40 offset=1",   /* element-aligned pointers */
    "N=2 D=2049",          /* one more than a block of the reference */
    "N=2 D=1024",          /* the most that a warp holds, in packs */
    "N=2 D=1023",          /* and element by element */
    "N=2 D=1025",          /* a block's, of single elements */
    "N=3 D=2080",          /* a block's, of more packs than it has threads, in f32 and in 16 bits */
    "N=2 D=4096 offset=1", /* in single elements, of which each thread has many */
    "N=1100 D=17",         /* more rows than parts of 16: more than one thread's */
    NULL,
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("layernorm_forward", sizes, "");
    all_hold("layernorm_forward", sizes, "-weight -bias");
    all_hold("layernorm_forward", sizes, "-bias eps=0.01");
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("layernorm_backward", sizes, "");
    all_hold("layernorm_backward", sizes, "-weight -dweight");
    all_hold("layernorm_backward", sizes, "-dbias eps=0.01");
    all_hold("layernorm_backward", sizes, "-weight -bias -dweight -dbias");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("layernorm_backward", "N=3 D=20");
    differentiates("layernorm_backward", "N=40 D=7 eps=0.01");
    differentiates("layernorm_backward", "N=4 D=300 -weight -bias");
    differentiates("layernorm_backward", "N=4 D=300 -bias -dbias");
}

static void a_gradient_may_take_the_others_place(void **state)
{
    (void)state;
    works_in_place("layernorm_backward", "dy", "dx", "N=19 D=43");
    works_in_place("layernorm_backward", "dy", "dx", "N=19 D=48 dtype=bf16");
    works_in_place("layernorm_backward", "dy", "dx", "N=3 D=1300 dtype=f16");
    works_in_place("layernorm_backward", "dy", "dx", "N=3 D=1301 pad=2");
}

/* ------------------------------------------------------------------ properties */

static outcome of(const op_case *c, const wl_backend *backend)
{
    outcome o;
    if (execute(&o, c, backend)) fail_msg("%s", o.trouble);
    return o;
}

/* Within what D additions in float can lose, of numbers that are 1 on average. */
static void rows_have_mean_0_and_variance_1(void **state)
{
    static const char *const texts[] = { "N=4 D=50 -weight -bias", "N=4 D=1200 -weight -bias" };
    (void)state;
    for (int i = 0; i < 2; i++)
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            op_case c = made("layernorm_forward", texts[i]);
            const int64_t D = c.dims.D;
            const double lost = (double)D * 0x1p-22;
            double *x = c.value[case_row(&c, "x")];
            for (int64_t k = 0; k < 4 * D; k++) x[k] = (double)(float)(30 * x[k] + 5);
            outcome o = of(&c, *b);
            const double *y = o.value[case_row(&c, "y")];
            for (int n = 0; n < 4; n++) {
                double sum = 0, squares = 0;
                for (int64_t d = 0; d < D; d++) {
                    sum += y[n * D + d];
                    squares += y[n * D + d] * y[n * D + d];
                }
                const double mean = sum / (double)D, variance = squares / (double)D;
                assert_true(fabs(mean) <= lost && fabs(variance - 1) <= lost);
            }
            outcome_free(&o);
            case_free(&c);
        }
}

/* Whole numbers times 4 and then 1,000 more, whose sums are exact: the same z, with an eps that is
 * scaled too, to the bit. */
static void shift_and_scale_of_a_row_change_nothing(void **state)
{
    enum { N = 3, D = 64 };
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        op_case one = made("layernorm_forward", "N=3 D=64 eps=0.0625");
        op_case two = made("layernorm_forward", "N=3 D=64 eps=1");
        for (int i = 0; i < N * D; i++) {
            const double x = i * 37 % 64; /* of each row the numbers to 63: the sum is 2,016 */
            one.value[case_row(&one, "x")][i] = x;
            two.value[case_row(&two, "x")][i] = 4 * x + 1000;
        }
        outcome y = of(&one, *b), z = of(&two, *b);
        assert_memory_equal(y.value[case_row(&one, "y")], z.value[case_row(&two, "y")],
                            N * D * sizeof(double));
        for (int n = 0; n < N; n++) {
            assert_true(y.value[case_row(&one, "mean")][n] == 31.5);
            assert_true(z.value[case_row(&two, "mean")][n] == 1126);
        }
        outcome_free(&y), outcome_free(&z);
        case_free(&one), case_free(&two);
    }
}

/* 1,024 and a quarter more or less, where E[x^2] - E[x]^2 would have no digit left in f32. With an
 * eps of 3/16 the root of 1/16 + eps is 1/2: all is exact. */
static void a_large_mean_costs_no_digits(void **state)
{
    enum { D = 128 };
    double x[D], y[D];
    (void)state;
    op_case c = made("layernorm_forward", "N=1 D=128 eps=0.1875 -weight -bias");
    for (int i = 0; i < D; i++) y[i] = i % 2 ? 0.5 : -0.5, x[i] = 1024 + y[i] / 2;
    put_values(&c, "x", x);
    gives(&c, "y", y);
    case_free(&c);
}

static void a_single_feature_is_its_bias(void **state)
{
    static const double zero[5] = { 0 };
    (void)state;
    op_case c = made("layernorm_forward", "N=5 D=1"), back = made("layernorm_backward", "N=5 D=1");
    double bias[5];
    for (int n = 0; n < 5; n++) bias[n] = c.value[case_row(&c, "bias")][0];
    gives(&c, "y", bias);
    gives(&back, "dx", zero);
    case_free(&c), case_free(&back);
}

/* One row's NaN stays in its row, but for the sums over rows. */
static void nan_stays_in_its_row(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        op_case c = made("layernorm_forward", "N=3 D=40");
        c.value[case_row(&c, "x")][45] = NAN;
        outcome o = of(&c, *b);
        for (int i = 0; i < 3 * 40; i++)
            assert_true(!isnan(o.value[case_row(&c, "y")][i]) == (i / 40 != 1));
        outcome_free(&o);
        case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_normalised_by_their_own_mean_and_variance),
        cmocka_unit_test(gradients_are_those_worked_out_by_hand),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(a_gradient_may_take_the_others_place),
        cmocka_unit_test(rows_have_mean_0_and_variance_1),
        cmocka_unit_test(shift_and_scale_of_a_row_change_nothing),
        cmocka_unit_test(a_large_mean_costs_no_digits),
        cmocka_unit_test(a_single_feature_is_its_bias),
        cmocka_unit_test(nan_stays_in_its_row),
    };
    return cmocka_run_group_tests_name("layernorm", tests, NULL, NULL);
}
