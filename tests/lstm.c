/* Tests of <wordloom/lstm.h>. */
#include "recurrent.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* weights of 0: three gates are half open, and half of each cell stays */
static void without_weights_half_of_each_cell_stays(void **state)
{
    const double zero[4] = { 0 }, c0[] = { 3, -0.25 }, c[] = { 1.5, -0.125, 0.75, -0.0625 };
    double gates[16];
    op_case k = made("lstm_forward", "T=2 B=2 D=1 H=1 -h0 -b -lengths");
    (void)state;
    for (int i = 0; i < 16; i++) gates[i] = i % 4 == 2 ? 0 : 0.5;
    put_values(&k, "w", zero);
    put_values(&k, "r", zero);
    put_values(&k, "c0", c0);
    gives(&k, "gates", gates);
    gives(&k, "c", c);
    gives(&k, "cT", c + 2);
    case_free(&k);
}

static void forward_holds(void **state)
{
    (void)state;
    all_hold("lstm_forward", recurrent_sizes, "");
    all_hold("lstm_forward", recurrent_sizes, "-lengths reverse=1");
    all_hold("lstm_forward", recurrent_sizes, "-h0 -c0 -b -hT -cT");
    all_hold("lstm_forward", recurrent_sizes, "-c0 -hT reverse=1");
    holds("lstm_forward", "T=2 B=3 D=650 H=650"); /* several tiles of the product */
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("lstm_backward", recurrent_sizes, "");
    all_hold("lstm_backward", recurrent_sizes, "-lengths reverse=1");
    all_hold("lstm_backward", recurrent_sizes, "-h0 -c0 -dhT -dcT -dh0 -dc0 -db");
    all_hold("lstm_backward", recurrent_sizes, "-dh -dx reverse=1");
}

static void gradients_hold(void **state)
{
    (void)state;
    for (int reverse = 0; reverse < 2; reverse++) {
        char text[128];
        snprintf(text, sizeof text, "T=5 B=4 D=3 H=6 reverse=%d", reverse);
        differentiates("lstm_backward", text);
        strcat(text, " -lengths");
        differentiates("lstm_backward", text);
        strcat(text, " -h0 -c0 -dhT -dcT");
        differentiates("lstm_backward", text);
    }
}

int main(void)
{
    static recurrent cell = {
        "lstm_forward", "lstm_backward", "", "", { "w", "r", "b" }, { "h0", "c0" }, { "hT", "cT" },
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_weights_half_of_each_cell_stays),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test_prestate(a_split_sequence_gives_the_same_states, &cell),
        cmocka_unit_test_prestate(chunks_give_the_gradients_of_the_whole, &cell),
        cmocka_unit_test_prestate(padding_changes_nothing, &cell),
        cmocka_unit_test_prestate(reverse_is_the_mirror_image, &cell),
    };
    return cmocka_run_group_tests_name("lstm", tests, NULL, NULL);
}
