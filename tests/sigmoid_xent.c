/* Tests of <wordloom/sigmoid_xent.h>. */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* logits of 0: p is a half, whatever is wanted */
static void logits_of_zero_are_undecided(void **state)
{
    const double zero[6] = { 0 }, targets[6] = { 0, 1, 0.5, 1, 0, 0.25 }, one[] = { 1 };
    const double dx[6] = { 0.25, -0.25, 0, -0.25, 0.25, 0.125 };
    op_case backward = made("sigmoid_xent_backward", "N=2 D=3");
    (void)state;
    put_values(&backward, "x", zero), put_values(&backward, "targets", targets);
    put_values(&backward, "dloss", one);
    gives(&backward, "dx", dx);
    case_free(&backward);
}

static void large_logits_stay_finite(void **state)
{
    const double x[] = { 1000, -1000 }, targets[] = { 0, 1 }, loss[] = { 2000 };
    op_case c = made("sigmoid_xent_forward", "N=1 D=2");
    (void)state;
    put_values(&c, "x", x), put_values(&c, "targets", targets);
    gives(&c, "loss", loss);
    case_free(&c);
}

static void both_hold(void **state)
{
    static const char *const sizes[] = { "N=7 D=3",
                                         "N=0 D=4",
                                         "N=3 D=0",
                                         "N=1 D=1",
                                         "N=33 D=64",
                                         "N=5 D=127 pad=1",
                                         "N=5 D=128 offset=1",
                                         "N=9 D=129",
                                         "N=40 D=520",
                                         NULL };
    (void)state;
    all_hold("sigmoid_xent_forward", sizes, "");
    all_hold("sigmoid_xent_forward", sizes, "reduction=1");
    all_hold("sigmoid_xent_backward", sizes, "");
    all_hold("sigmoid_xent_backward", sizes, "-dloss reduction=1");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("sigmoid_xent_backward", "N=9 D=7");
    differentiates("sigmoid_xent_backward", "N=9 D=7 -dloss reduction=1");
}

static void gradients_fit_in_the_place_of_logits(void **state)
{
    (void)state;
    works_in_place("sigmoid_xent_backward", "x", "dx", "N=5 D=40");
    works_in_place("sigmoid_xent_backward", "x", "dx", "N=5 D=41 dtype=f16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_of_zero_are_undecided),
        cmocka_unit_test(large_logits_stay_finite),
        cmocka_unit_test(both_hold),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(gradients_fit_in_the_place_of_logits),
    };
    return cmocka_run_group_tests_name("sigmoid_xent", tests, NULL, NULL);
}
