/* Tests of <wordloom/negative_sampling.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* scores of 0: every sigmoid is 1/2, and exact */
static void orthogonal_rows_give_a_half(void **state)
{
    const double h[] = { 1, 0, 0, 4 }, table[] = { 0, 2, 8, 0, 0, 0 };
    const double samples[] = { 0, -1, 2, 1, 2, -1 }, scale = 0.5;
    const double g[] = { -0.25, 0, 0.25, -0.25, 0.25, 0 }, dh[] = { 0, -0.5, -2, 0 };
    op_case c = made("negative_sampling_forward", "N=2 K=3 V=3 D=2 scale=0.5");
    (void)state, (void)scale;
    put_values(&c, "h", h);
    put_values(&c, "table", table);
    put_values(&c, "samples", samples);
    gives(&c, "g", g);
    gives(&c, "dh", dh);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        const double loss = o.value[case_row(&c, "loss")][0];
        assert_true((float)loss == (float)(4 * 0.5 * log(2)));
        outcome_free(&o);
    }
    case_free(&c);
}

/* scores far from 0 must neither overflow nor lose their sign */
static void large_scores_stay_finite(void **state)
{
    const double h[] = { 1000, -1000 }, table[] = { 1, 0.5 }, samples[] = { 0, 1, 0, 1 };
    const double g[] = { 0, 1, -1, 0 }, loss[] = { 500 + 1000 };
    op_case c = made("negative_sampling_forward", "N=2 K=2 V=2 D=1");
    (void)state;
    put_values(&c, "h", h);
    put_values(&c, "table", table);
    put_values(&c, "samples", samples);
    gives(&c, "loss", loss);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        for (int i = 0; i < 4; i++)
            assert_true(fabs(o.value[case_row(&c, "g")][i] - g[i]) < 0x1p-80);
        outcome_free(&o);
    }
    case_free(&c);
}

/* a table that went wrong must show in the loss: only -1 is an empty slot */
static void nan_in_a_table_reaches_the_loss(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        op_case c = made("negative_sampling_forward", "N=3 K=3 V=4 D=5");
        outcome o;
        c.value[case_row(&c, "samples")][4] = 2;
        c.value[case_row(&c, "table")][2 * 5] = NAN;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        assert_true(isnan(o.value[case_row(&c, "loss")][0]));
        outcome_free(&o);
        case_free(&c);
    }
}

static const char *const sizes[] = {
    "N=7 K=3 V=5 D=3",           /* nothing divides a pack */
    "N=0 K=6 V=5 D=8",           /* no rows: loss 0 */
    "N=3 K=0 V=5 D=8",           /* no candidates: loss 0 */
    "N=3 K=4 V=5 D=0",           /* no features: scores of 0 */
    "N=1 K=1 V=1 D=1",           /* one of everything */
    "N=33 K=6 V=40 D=100",       /* word vectors, five negatives */
    "N=8 K=33 V=9 D=128",        /* more candidates than lanes */
    "N=8 K=6 V=9 D=129 pad=1",   /* padded rows */
    "N=9 K=6 V=9 D=64 offset=1", /* element-aligned pointers */
    "N=20 K=6 V=30 D=300",       /* the larger word vectors */
    NULL,
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("negative_sampling_forward", sizes, "");
    all_hold("negative_sampling_forward", sizes, "-dh scale=0.25");
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("negative_sampling_backward", sizes, "");
    all_hold("negative_sampling_backward", sizes, "-dloss -dtable");
    all_hold("negative_sampling_backward", sizes, "-dh");
}

static void shared_forward_holds(void **state)
{
    (void)state;
    all_hold("negative_sampling_shared_forward", sizes, "");
    holds("negative_sampling_shared_forward", "N=400 K=64 V=500 D=100"); /* several tiles */
}

static void shared_backward_holds(void **state)
{
    (void)state;
    all_hold("negative_sampling_shared_backward", sizes, "");
    all_hold("negative_sampling_shared_backward", sizes, "-dloss -dtable");
    holds("negative_sampling_shared_backward", "N=400 K=64 V=500 D=100");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("negative_sampling_backward", "N=9 K=6 V=12 D=7");
    differentiates("negative_sampling_backward", "N=9 K=6 V=12 D=7 -dloss");
    differentiates("negative_sampling_shared_backward", "N=9 K=6 V=12 D=7");
    differentiates("negative_sampling_shared_backward", "N=9 K=6 V=12 D=7 -dloss");
}

static void compare_rows(const outcome *a, const char *x, const outcome *b, const char *y)
{
    const int i = case_row(a->of, x), k = case_row(b->of, y);
    assert_int_equal(a->of->count[i], b->of->count[k]);
    for (int64_t n = 0; n < a->of->count[i]; n++)
        if (a->value[i][n] != b->value[k][n])
            fail_msg("%s[%lld] is %.9g, but %s says %.9g", x, (long long)n, a->value[i][n], y,
                     b->value[k][n]);
}

/* dh in forward's own pass is backward's, to the bit where nothing is contracted: on the oracle */
static void forward_gives_the_gradient_of_backward(void **state)
{
    op_case forward = made("negative_sampling_forward", "N=9 K=6 V=12 D=20");
    op_case backward = made("negative_sampling_backward", "N=9 K=6 V=12 D=20 -dloss -dtable");
    (void)state;
    static const char *const shared[] = { "h", "table", "samples" };
    outcome f, g;
    for (int i = 0; i < 3; i++)
        put_values(&backward, shared[i], forward.value[case_row(&forward, shared[i])]);
    if (execute(&f, &forward, &wl_ref_oracle_backend)) fail_msg("%s", f.trouble);
    put_values(&backward, "g", f.value[case_row(&forward, "g")]);
    if (execute(&g, &backward, &wl_ref_oracle_backend)) fail_msg("%s", g.trouble);
    compare_rows(&f, "dh", &g, "dh");
    outcome_free(&f), outcome_free(&g);
    case_free(&forward), case_free(&backward);
}

/* the shared variant is the plain one with the same negatives in every row */
static void shared_negatives_are_the_same_negatives_in_every_row(void **state)
{
    enum { N = 5, K = 4, V = 12, D = 7 };
    op_case plain = made("negative_sampling_forward", "N=5 K=5 V=12 D=7 -dh");
    op_case shared = made("negative_sampling_shared_forward", "N=5 K=4 V=12 D=7");
    double *samples = plain.value[case_row(&plain, "samples")];
    outcome p, s;
    (void)state;
    put_values(&shared, "h", plain.value[case_row(&plain, "h")]);
    put_values(&shared, "table", plain.value[case_row(&plain, "table")]);
    for (int n = 0; n < N; n++) {
        samples[n * (K + 1)] = shared.value[case_row(&shared, "targets")][n];
        memcpy(samples + n * (K + 1) + 1, shared.value[case_row(&shared, "negatives")],
               K * sizeof *samples);
    }
    assert_int_equal(execute(&p, &plain, &wl_ref_oracle_backend), 0);
    assert_int_equal(execute(&s, &shared, &wl_ref_oracle_backend), 0);
    const double x = p.value[case_row(&plain, "loss")][0];
    const double y = s.value[case_row(&shared, "loss")][0];
    assert_true(fabs(x - y) <= 16 * 0x1p-52 * fabs(x));
    outcome_free(&p), outcome_free(&s);
    case_free(&plain), case_free(&shared);
}

/* the dense gradient of the table is embedding_scatter of h with g as weights */
static void scatter_gives_the_gradient_of_the_table(void **state)
{
    op_case backward = made("negative_sampling_backward", "N=9 K=6 V=12 D=20 -dloss -dh");
    op_case scatter = made("embedding_scatter", "N=9 K=6 V=12 D=20");
    (void)state;
    put_values(&scatter, "ids", backward.value[case_row(&backward, "samples")]);
    put_values(&scatter, "weights", backward.value[case_row(&backward, "g")]);
    put_values(&scatter, "dy", backward.value[case_row(&backward, "h")]);
    put_values(&scatter, "dtable", backward.value[case_row(&backward, "dtable")]);
    outcome f, g;
    if (execute(&f, &backward, &wl_ref_oracle_backend)) fail_msg("%s", f.trouble);
    if (execute(&g, &scatter, &wl_ref_oracle_backend)) fail_msg("%s", g.trouble);
    compare_rows(&f, "dtable", &g, "dtable");
    outcome_free(&f), outcome_free(&g);
    case_free(&backward), case_free(&scatter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orthogonal_rows_give_a_half),
        cmocka_unit_test(large_scores_stay_finite),
        cmocka_unit_test(nan_in_a_table_reaches_the_loss),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(shared_forward_holds),
        cmocka_unit_test(shared_backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(forward_gives_the_gradient_of_backward),
        cmocka_unit_test(shared_negatives_are_the_same_negatives_in_every_row),
        cmocka_unit_test(scatter_gives_the_gradient_of_the_table),
    };
    return cmocka_run_group_tests_name("negative_sampling", tests, NULL, NULL);
}
