/* Tests of <wordloom/rnn.h>. */
#include "recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* two units, of which the second feeds the first; small whole numbers are exact */
static void a_rectified_layer_by_hand(void **state)
{
    const double x[] = { 1, -2, 3 }, w[] = { 2, -1 }, r[] = { 1, 1, 0, -2 }, b[] = { 0, 1 };
    const double h0[] = { 0, 3 }, h[] = { 5, 0, 1, 3, 10, 0 };
    op_case k = made("rnn_forward", "T=3 B=1 D=1 H=2 -lengths activation=1 -s");
    (void)state;
    put_values(&k, "x", x), put_values(&k, "w", w), put_values(&k, "r", r);
    put_values(&k, "b", b), put_values(&k, "h0", h0);
    gives(&k, "h", h);
    gives(&k, "hT", h + 4);
    case_free(&k);
}

/* the same layer: where h is 0 no gradient passes */
static void its_gradients_by_hand(void **state)
{
    const double x[] = { 1, -2, 3 }, w[] = { 2, -1 }, r[] = { 1, 1, 0, -2 };
    const double h0[] = { 0, 3 }, h[] = { 5, 0, 1, 3, 10, 0 }, dh[] = { 0, 1, 1, 1, 0, 0 };
    const double dhT[] = { 1, 7 }, zero[4] = { 0 };
    /* before f: dz[2] = (1, 0), dz[1] = (1 + 1, 1 + 1), dz[0] = (2, 0) */
    const double dx[] = { 4, 2, 2 }, dh0[] = { 2, 2 }, dw[] = { 1, -4 }, db[] = { 5, 2 };
    const double dr[] = { 2 * 5 + 1 * 1, 2 * 3 + 1 * 3, 2 * 5, 0 };
    op_case k = made("rnn_backward", "T=3 B=1 D=1 H=2 -lengths activation=1 -s -ds");
    (void)state;
    put_values(&k, "x", x), put_values(&k, "w", w), put_values(&k, "r", r);
    put_values(&k, "h0", h0), put_values(&k, "h", h);
    put_values(&k, "dh", dh), put_values(&k, "dhT", dhT);
    put_values(&k, "dw", zero), put_values(&k, "dr", zero), put_values(&k, "db", zero);
    gives(&k, "dx", dx), gives(&k, "dh0", dh0);
    gives(&k, "dw", dw), gives(&k, "dr", dr), gives(&k, "db", db);
    case_free(&k);
}

/* Worked out apart from this library, from the paper's algorithm: Philox4x32-10 of the key {7, 0}
 * and the counters {0, 0, 5, 0x30008} and {1, 0, 5, 0x30008}; halves of words below 0x8000 hold. */
static void the_first_units_to_hold_are_these(void **state)
{
    /* 4a78 59bd 9dba 29ee 1465 9b36 8a3c 7c6f, 8881 ceeb 1fce 5568 295f 99be 5a3d e5c4 */
    static const double holds[16] = { 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 0 };
    static const char words[] = "T=2 B=1 D=1 H=8 -lengths activation=1 zoneout=0.5 layer=3 -s",
                      back[] = "T=2 B=1 D=1 H=8 -lengths activation=1 zoneout=0.5 layer=3 -s -ds";
    const double step = 5, zero[64] = { 0 }, ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    double b[8], h0[8], h[16], dh0[8], db[8];
    op_case forward = made("rnn_forward", words), backward = made("rnn_backward", back);
    (void)state;
    for (int j = 0; j < 8; j++) { /* without weights h~ is b */
        b[j] = 100 + j, h0[j] = j + 1;
        h[j] = holds[j] == 1 ? h0[j] : b[j];
        h[8 + j] = holds[8 + j] == 1 ? h[j] : b[j];
        dh0[j] = holds[j] * holds[8 + j];
        db[j] = 1 - holds[8 + j] + holds[8 + j] * (1 - holds[j]);
    }
    put_values(&forward, "w", zero), put_values(&forward, "r", zero);
    put_values(&forward, "b", b), put_values(&forward, "h0", h0);
    put_values(&forward, "step", &step), put_values(&backward, "step", &step);
    gives(&forward, "h", h), gives(&forward, "hT", h + 8);
    put_values(&backward, "w", zero), put_values(&backward, "r", zero);
    put_values(&backward, "h0", h0), put_values(&backward, "h", h);
    put_values(&backward, "dh", (double[16]){ 0 }), put_values(&backward, "dhT", ones);
    put_values(&backward, "db", zero);
    gives(&backward, "dh0", dh0), gives(&backward, "db", db);
    case_free(&forward), case_free(&backward);
}

static void forward_holds(void **state)
{
    (void)state;
    all_hold("rnn_forward", recurrent_sizes, "");
    all_hold("rnn_forward", recurrent_layouts, "-s -lengths reverse=1");
    all_hold("rnn_forward", recurrent_layouts, "-h0 -b -hT activation=1");
    all_hold("rnn_forward", recurrent_layouts, "-hT reverse=1 activation=1");
    holds("rnn_forward", "T=2 B=3 D=4 H=650"); /* several tiles of the product */
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("rnn_backward", recurrent_sizes, "");
    all_hold("rnn_backward", recurrent_layouts, "-s -ds -lengths reverse=1");
    all_hold("rnn_backward", recurrent_layouts, "-h0 -dhT -dh0 -db activation=1");
    all_hold("rnn_backward", recurrent_layouts, "-dh -dx -ds reverse=1 activation=1");
}

static void differentiates_all(const char *sizes, int activation)
{
    for (int reverse = 0; reverse < 2; reverse++) {
        char text[128];
        snprintf(text, sizeof text, "%s reverse=%d activation=%d", sizes, reverse, activation);
        differentiates("rnn_backward", text);
        strcat(text, " -lengths");
        differentiates("rnn_backward", text);
        strcat(text, " -h0 -dhT");
        differentiates("rnn_backward", text);
    }
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates_all("T=5 B=4 D=3 H=6", WL_RNN_TANH);
    /* few enough units that no difference steps over the corner of max(0, .) */
    differentiates_all("T=4 B=2 D=2 H=4", WL_RNN_RELU);
}

int main(void)
{
    static recurrent cell = { "rnn_forward",     "rnn_backward", "",      "",
                              { "w", "r", "b" }, { "h0" },       { "hT" } };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_units_to_hold_are_these),
        cmocka_unit_test(a_rectified_layer_by_hand),
        cmocka_unit_test(its_gradients_by_hand),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test_prestate(stationary_weights_hold, &cell),
        cmocka_unit_test_prestate(a_split_sequence_gives_the_same_states, &cell),
        cmocka_unit_test_prestate(chunks_give_the_gradients_of_the_whole, &cell),
        cmocka_unit_test_prestate(padding_changes_nothing, &cell),
        cmocka_unit_test_prestate(reverse_is_the_mirror_image, &cell),
        cmocka_unit_test_prestate(each_step_reads_what_is_the_sequences, &cell),
        cmocka_unit_test_prestate(zoneout_holds_what_is_drawn, &cell),
        cmocka_unit_test_prestate(evaluation_takes_the_mean_of_the_draws, &cell),
        cmocka_unit_test_prestate(what_is_evaluated_has_no_gradient, &cell),
        cmocka_unit_test_prestate(without_zoneout_every_bit_is_as_before, &cell),
        cmocka_unit_test_prestate(zoneout_agrees, &cell),
        cmocka_unit_test_prestate(zoneout_differentiates, &cell),
    };
    return cmocka_run_group_tests_name("rnn", tests, NULL, NULL);
}
