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
    op_case k = made("lstm_forward", "T=2 B=2 D=1 H=1 -h0 -b -lengths -s");
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

/* Worked out apart from this library, from the paper's algorithm: Philox4x32-10 of the key {7, 0}
 * and the counters {0, 0, 5, 0x30009} and {1, 0, 5, 0x30009}; halves of words below 0x8000 hold. */
static void the_first_units_to_hold_are_these(void **state)
{
    /* b8fb 8e7c e452 f805 d6f4 0701 ff03 6def, bfc6 a618 b7fb d3c9 7309 417c ebc2 e295 */
    static const double holds[16] = { 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0 };
    static const char words[] = "T=2 B=1 D=1 H=8 -lengths zoneout_c=0.5 layer=3 -s",
                      back[] = "T=2 B=1 D=1 H=8 -lengths zoneout_c=0.5 layer=3 -s -ds";
    const double step = 5, zero[32 * 8] = { 0 }, ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    double c0[8], c[16], gates[64], dc0[8], db[32] = { 0 };
    op_case forward = made("lstm_forward", words), backward = made("lstm_backward", back);
    (void)state;
    for (int i = 0; i < 64; i++) gates[i] = i % 32 / 8 == 2 ? 0 : 0.5;
    for (int j = 0; j < 8; j++) { /* without weights c~ is half of c before */
        c0[j] = j + 1;
        c[j] = holds[j] == 1 ? c0[j] : c0[j] / 2;
        c[8 + j] = holds[8 + j] == 1 ? c[j] : c[j] / 2;
        const double late = 1 - holds[8 + j]; /* gradients at c~ */
        const double early = (1 + holds[8 + j]) / 2 * (1 - holds[j]);
        dc0[j] = (1 + holds[j]) / 2 * (1 + holds[8 + j]) / 2;
        db[8 + j] = (late * c[j] + early * c0[j]) / 4;
        db[16 + j] = (late + early) / 2;
    }
    put_values(&forward, "w", zero), put_values(&forward, "r", zero);
    put_values(&forward, "b", zero), put_values(&forward, "c0", c0);
    put_values(&forward, "step", &step), put_values(&backward, "step", &step);
    gives(&forward, "gates", gates), gives(&forward, "c", c), gives(&forward, "cT", c + 8);
    put_values(&backward, "w", zero), put_values(&backward, "r", zero);
    put_values(&backward, "c0", c0), put_values(&backward, "c", c);
    put_values(&backward, "gates", gates), put_values(&backward, "db", zero);
    put_values(&backward, "dh", (double[16]){ 0 }), put_values(&backward, "dhT", zero);
    put_values(&backward, "dcT", ones);
    gives(&backward, "dc0", dc0), gives(&backward, "db", db);
    case_free(&forward), case_free(&backward);
}

static void forward_holds(void **state)
{
    (void)state;
    all_hold("lstm_forward", recurrent_sizes, "");
    all_hold("lstm_forward", recurrent_layouts, "-s -lengths reverse=1");
    all_hold("lstm_forward", recurrent_layouts, "-h0 -c0 -b -hT -cT");
    all_hold("lstm_forward", recurrent_layouts, "-c0 -hT reverse=1");
    holds("lstm_forward", "T=2 B=3 D=4 H=170"); /* several tiles of the product */
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("lstm_backward", recurrent_sizes, "");
    all_hold("lstm_backward", recurrent_layouts, "-s -ds -lengths reverse=1");
    all_hold("lstm_backward", recurrent_layouts, "-h0 -c0 -dhT -dcT -dh0 -dc0 -db");
    all_hold("lstm_backward", recurrent_layouts, "-dh -dx -ds reverse=1");
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
        cmocka_unit_test(the_first_units_to_hold_are_these),
        cmocka_unit_test(without_weights_half_of_each_cell_stays),
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
    return cmocka_run_group_tests_name("lstm", tests, NULL, NULL);
}
