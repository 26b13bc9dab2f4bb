/* Tests of the additive pair of <wordloom/attention.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ by hand */

/* tanh is 0 or, in float, 1: e = 3 - 2. */
static void a_single_key_gives_its_value(void **state)
{
    static const double q[3] = { 1, 20, 30 }, k[3] = { -1, 30, 20 }, u[3] = { 5, 3, -2 };
    static const double v[2] = { 2, 7 }, one[1] = { 1 };
    (void)state;
    op_case c = made("attention_additive_forward", "T=1 B=1 S=1 H=3 D=2 -lengths");
    put_values(&c, "q", q), put_values(&c, "k", k), put_values(&c, "u", u);
    put_values(&c, "v", v);
    gives(&c, "y", v);
    gives(&c, "weights", one);
    gives(&c, "lse", one);
    case_free(&c);
}

/* For any y and lse that are given: a = 1, da = 4, dy . y = 2, so that 2 is the gradient at the
 * score; 1 - tanh^2 is 1 where q + k is 0, and 0 where it is 50. */
static void gradients_are_those_worked_out_by_hand(void **state)
{
    static const double q[3] = { 1, 20, 30 }, k[3] = { -1, 30, 20 }, u[3] = { 5, 3, -2 };
    static const double v[2] = { 3, 1 }, dy[2] = { 1, 1 }, y[2] = { 0, 2 }, lse[1] = { 1 };
    static const double ten[3] = { 10, 10, 10 };
    static const double dq[3] = { 10, 0, 0 }, du[3] = { 10, 12, 12 }, dv[2] = { 1, 1 };
    (void)state;
    op_case c = made("attention_additive_backward", "T=1 B=1 S=1 H=3 D=2 -lengths");
    put_values(&c, "q", q), put_values(&c, "k", k), put_values(&c, "u", u);
    put_values(&c, "v", v), put_values(&c, "dy", dy), put_values(&c, "y", y);
    put_values(&c, "lse", lse), put_values(&c, "du", ten);
    gives(&c, "dq", dq);
    gives(&c, "du", du);
    gives(&c, "dv", dv);
    case_free(&c);
}

/* ------------------------------------------------------------------ agreement */

static const char *const sizes[] = {
    "T=0 B=3 S=4 H=5 D=3",            /* no queries */
    "T=3 B=3 S=0 H=5 D=3",            /* no keys */
    "T=2 B=3 S=3 H=5 D=0",            /* no features of values */
    "T=2 B=3 S=3 H=0 D=5",            /* none of keys: all agree alike */
    "T=1 B=1 S=1 H=1 D=1 -lengths",   /* one of all */
    "T=2 B=3 S=1 H=7 D=9",            /* a key whose weight is 1 */
    "T=1 B=33 S=7 H=7 D=8",           /* a step of many sequences; a key less than a tile's */
    "T=8 B=3 S=8 H=64 D=63",          /* a block's queries and its keys */
    "T=9 B=2 S=9 H=63 D=65 -lengths", /* one more of each */
    "T=17 B=2 S=65 H=4 D=3",          /* one more than the reference's tiles */
    "T=35 B=2 S=5 H=12 D=8",          /* several blocks */
    "T=2 B=2 S=3 H=650 D=5 -lengths", /* slices of keys */
    "T=2 B=3 S=3 H=16 D=520",         /* and of values */
    "T=3 B=3 S=5 H=32 D=8 pad=3",     /* rows that begin where no pack does */
    "T=3 B=3 S=5 H=32 D=8 pad=8",     /* rows apart, of whole packs */
    "T=3 B=3 S=5 H=32 D=8 swap=1",    /* batch first */
    "T=3 B=3 S=5 H=32 D=8 offset=1",  /* element-aligned pointers */
    "T=1 B=3 S=100 H=24 D=16",        /* keys for several blocks of a cluster */
    "T=6 B=2 S=9 H=24 D=260",         /* too many queries for that */
    NULL,
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("attention_additive_forward", sizes, "");
    holds("attention_additive_forward", "T=5 B=3 S=12 H=20 D=24 -weights");
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("attention_additive_backward", sizes, "");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("attention_additive_backward", "T=3 B=3 S=5 H=6 D=4");
    differentiates("attention_additive_backward", "T=1 B=2 S=70 H=3 D=7 -lengths");
    differentiates("attention_additive_backward", "T=20 B=4 S=6 H=5 D=2");
}

/* ------------------------------------------------------------------ properties */

static outcome of(const op_case *c, const wl_backend *backend)
{
    outcome o;
    if (execute(&o, c, backend)) fail_msg("%s", o.trouble);
    return o;
}

/* Queries and keys enter the score alike: a query and a key in each other's places have the same
 * lse and, of a value of 1, gradients in each other's places. */
static void queries_and_keys_are_alike(void **state)
{
    (void)state;
    op_case c = made("attention_additive_forward", "T=1 B=5 S=1 H=70 D=1 -lengths"), other;
    assert_int_equal(case_copy(&other, &c), 0);
    const int q = case_row(&c, "q"), k = case_row(&c, "k"), lse = case_row(&c, "lse");
    memcpy(other.value[q], c.value[k], (size_t)c.count[q] * sizeof(double));
    memcpy(other.value[k], c.value[q], (size_t)c.count[q] * sizeof(double));
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome one = of(&c, *b), two = of(&other, *b);
        assert_memory_equal(one.value[lse], two.value[lse], (size_t)c.count[lse] * sizeof(double));
        outcome_free(&one), outcome_free(&two);
    }
    case_free(&c), case_free(&other);
}

/* A score is at most the sum of |u|, however large q and k are. */
static void large_queries_and_keys_stay_finite(void **state)
{
    (void)state;
    op_case c = made("attention_additive_backward", "T=3 B=2 S=9 H=6 D=4 -lengths");
    for (int64_t i = 0; i < c.count[case_row(&c, "q")]; i++)
        c.value[case_row(&c, "q")][i] = i % 3 ? 10000 : -10000;
    for (int64_t i = 0; i < c.count[case_row(&c, "k")]; i++)
        c.value[case_row(&c, "k")][i] = i % 2 ? 10000 : -5000;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o = of(&c, *b);
        for (int row = 0; c.spec->arg[row].name; row++)
            for (int64_t i = 0; o.value[row] && i < c.count[row]; i++)
                assert_true(isfinite(o.value[row][i]));
        outcome_free(&o);
    }
    case_free(&c);
}

static void a_sequence_without_keys_gives_and_takes_nothing(void **state)
{
    static const double none[2] = { 0, 0 };
    enum { T = 2, B = 2, D = 3, H = 4 };
    (void)state;
    op_case c = made("attention_additive_forward", "T=2 B=2 S=5 H=4 D=3");
    op_case back = made("attention_additive_backward", "T=2 B=2 S=5 H=4 D=3");
    put_values(&c, "lengths", none), put_values(&back, "lengths", none);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o = of(&c, *b), g = of(&back, *b);
        const double *du = g.value[case_row(&back, "du")];
        for (int i = 0; i < T * B * D; i++) assert_true(o.value[case_row(&c, "y")][i] == 0);
        for (int i = 0; i < T * B; i++) assert_true(o.value[case_row(&c, "lse")][i] == 0);
        for (int i = 0; i < T * B * H; i++) assert_true(g.value[case_row(&back, "dq")][i] == 0);
        for (int i = 0; i < H; i++) assert_true(du[i] == back.value[case_row(&back, "du")][i]);
        outcome_free(&o), outcome_free(&g);
    }
    case_free(&c), case_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_key_gives_its_value),
        cmocka_unit_test(gradients_are_those_worked_out_by_hand),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(queries_and_keys_are_alike),
        cmocka_unit_test(large_queries_and_keys_stay_finite),
        cmocka_unit_test(a_sequence_without_keys_gives_and_takes_nothing),
    };
    return cmocka_run_group_tests_name("attention_additive", tests, NULL, NULL);
}
