/* Tests of <wordloom/hsoftmax.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double *row_values(const op_case *c, const char *row) { return c->value[case_row(c, row)]; }

static double outcome_loss(const outcome *o) { return o->value[case_row(o->of, "loss")][0]; }

/* A comb of four nodes and five words: the way to word i goes right i times, then left. */
static const double comb_paths[] = { 0, 1, 1, 1, 2, 1, 3, 3, 1, 6, 4, 1, 10, 4, 0 };
static const double comb_nodes[] = { 0, 1, 0, 2, 0, 1, 3, 0, 1, 2, 0, 1, 2, 3 };

static op_case comb(const char *text)
{
    op_case c = made("hsoftmax_forward", text);
    put_values(&c, "paths", comb_paths);
    put_values(&c, "nodes", comb_nodes);
    return c;
}

/* scores of 0: every sigmoid is 1/2, and exact */
static void orthogonal_rows_give_a_half(void **state)
{
    const double h[] = { 1, 0, 0, 4, 1, 1 }, table[] = { 0, 2, 0, 8, 0, 0, 0, 0 };
    const double targets[] = { 1, 4, -1 };
    const double samples[] = { 1, 0, -1, -1, 0, 1, 2, 3, -1, -1, -1, -1 };
    op_case c = comb("N=3 K=4 V=4 W=5 E=14 D=2 scale=0.5");
    (void)state;
    put_values(&c, "h", h);
    put_values(&c, "table", table);
    put_values(&c, "targets", (const double[]){ 1, -1, -1 });
    gives(&c, "samples", (const double[]){ 1, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 });
    gives(&c, "g", (const double[]){ -0.25, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 });
    gives(&c, "dh", (const double[]){ 0, -2 + 0.5, 0, 0, 0, 0 });
    memset(row_values(&c, "table"), 0, 8 * sizeof(double));
    put_values(&c, "targets", targets);
    gives(&c, "samples", samples);
    gives(&c, "g", (const double[]){ -0.25, 0.25, 0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0, 0, 0 });
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        assert_true((float)outcome_loss(&o) == (float)(6 * 0.5 * log(2)));
        outcome_free(&o);
    }
    case_free(&c);
}

/* whatever the table: exp(-loss) over all words */
static void probabilities_add_up_to_one(void **state)
{
    op_case c = comb("N=1 K=4 V=4 W=5 E=14 D=7 -dh");
    double sum = 0;
    (void)state;
    for (int word = 0; word < 5; word++) {
        outcome o;
        row_values(&c, "targets")[0] = word;
        if (execute(&o, &c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
        sum += exp(-outcome_loss(&o));
        outcome_free(&o);
    }
    assert_true(fabs(sum - 1) < 1e-14);
    case_free(&c);
}

/* each way that a path can leave its bounds */
static void broken_paths_are_empty(void **state)
{
    static const double broken[][3] = {
        { -1, 2, 1 }, { 13, 2, 1 }, { 0, -1, 0 }, { 0, 4, 1 },
        { 3, 2, 3 },  { 3, 2, -1 }, { 6, 1, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        op_case c = comb("N=1 K=3 V=3 W=5 E=14 D=5"); /* K = 3: no way of four; no node 3 */
        row_values(&c, "targets")[0] = 2;
        memcpy(row_values(&c, "paths") + 6, broken[i], sizeof broken[i]);
        gives(&c, "samples", (const double[]){ -1, -1, -1 });
        gives(&c, "g", (const double[]){ 0, 0, 0 });
        gives(&c, "loss", (const double[]){ 0 });
        gives(&c, "dh", (const double[]){ 0, 0, 0, 0, 0 });
        case_free(&c);
    }
}

static const char *const sizes[] = {
    "N=7 K=3 V=5 W=6 E=9 D=3",             /* nothing divides a pack */
    "N=0 K=6 V=5 W=6 E=9 D=8",             /* no rows: loss 0 */
    "N=3 K=0 V=5 W=6 E=9 D=8",             /* no slots: loss 0 */
    "N=3 K=4 V=5 W=6 E=9 D=0",             /* no features: scores of 0 */
    "N=1 K=1 V=1 W=2 E=2 D=1",             /* one node */
    "N=33 K=17 V=40 W=41 E=300 D=100",     /* word vectors */
    "N=8 K=40 V=60 W=61 E=600 D=128",      /* ways longer than a warp */
    "N=8 K=6 V=9 W=10 E=30 D=129 pad=1",   /* padded rows */
    "N=9 K=6 V=9 W=10 E=30 D=64 offset=1", /* element-aligned pointers */
    "N=20 K=16 V=30 W=31 E=200 D=300",     /* the larger word vectors */
    NULL,
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("hsoftmax_forward", sizes, "");
    all_hold("hsoftmax_forward", sizes, "-dh scale=0.25");
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("hsoftmax_backward", sizes, "");
    all_hold("hsoftmax_backward", sizes, "-dloss -dtable");
    all_hold("hsoftmax_backward", sizes, "-dh");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("hsoftmax_backward", "N=9 K=6 V=12 W=13 E=40 D=7");
    differentiates("hsoftmax_backward", "N=9 K=6 V=12 W=13 E=40 D=7 -dloss");
}

/* a word whose way has one node, and goes left, is a target without negatives */
static void a_way_of_one_node_is_a_target_without_negatives(void **state)
{
    op_case tree = made("hsoftmax_forward", "N=5 K=1 V=4 W=4 E=4 D=7 -dh");
    op_case plain = made("negative_sampling_forward", "N=5 K=1 V=4 D=7 -dh");
    outcome one, other;
    (void)state;
    put_values(&tree, "paths", (const double[]){ 0, 1, 1, 1, 1, 1, 2, 1, 1, 3, 1, 1 });
    put_values(&tree, "nodes", (const double[]){ 0, 1, 2, 3 });
    put_values(&plain, "h", row_values(&tree, "h"));
    put_values(&plain, "table", row_values(&tree, "table"));
    put_values(&plain, "samples", row_values(&tree, "targets"));
    if (execute(&one, &tree, &wl_ref_oracle_backend)) fail_msg("%s", one.trouble);
    if (execute(&other, &plain, &wl_ref_oracle_backend)) fail_msg("%s", other.trouble);
    assert_true(outcome_loss(&one) == outcome_loss(&other) && outcome_loss(&one) > 0);
    outcome_free(&one), outcome_free(&other);
    case_free(&tree), case_free(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orthogonal_rows_give_a_half),
        cmocka_unit_test(probabilities_add_up_to_one),
        cmocka_unit_test(broken_paths_are_empty),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(a_way_of_one_node_is_a_target_without_negatives),
    };
    return cmocka_run_group_tests_name("hsoftmax", tests, NULL, NULL);
}
