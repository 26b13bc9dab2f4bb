/* Tests of <wordloom/gru.h>. */
#include "recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* weights of 0: the gates are half open, and half of each state stays */
static void without_weights_half_of_each_state_stays(void **state)
{
    const double zero[6] = { 0 }, h0[] = { 3, -0.25 }, h[] = { 1.5, -0.125, 0.75, -0.0625 };
    const double after[] = { 0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0 };
    const double before[] = { 0.5, 0.5, 0, 1.5,  0.5, 0.5, 0, -0.125,
                              0.5, 0.5, 0, 0.75, 0.5, 0.5, 0, -0.0625 };
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        op_case k = made("gru_forward", reset ? "T=2 B=2 D=1 H=1 -s -b -lengths -bn reset=1"
                                              : "T=2 B=2 D=1 H=1 -s -b -lengths -bn");
        put_values(&k, "w", zero), put_values(&k, "r", zero), put_values(&k, "h0", h0);
        gives(&k, "gates", reset ? before : after);
        gives(&k, "h", h);
        gives(&k, "hT", h + 2);
        case_free(&k);
    }
}

/* half of the recurrent bias passes the reset gate, and what is left of it is -1 + 2 / 2 */
static void the_recurrent_bias_is_reset(void **state)
{
    const double zero[3] = { 0 }, b[] = { 0, 0, -1 }, bn[] = { 2 }, h0[] = { 4 }, h[] = { 2 };
    const double gates[] = { 0.5, 0.5, 0, 2 };
    op_case k = made("gru_forward", "T=1 B=1 D=1 H=1 -lengths -s");
    (void)state;
    put_values(&k, "w", zero), put_values(&k, "r", zero), put_values(&k, "h0", h0);
    put_values(&k, "b", b), put_values(&k, "bn", bn);
    gives(&k, "gates", gates);
    gives(&k, "h", h);
    case_free(&k);
}

/* n = 0 and r = z = 1/2 at weights of 0: of the gradient at h half passes z, and n has the other */
static void its_gradients_by_hand(void **state)
{
    const double zero[3] = { 0 }, h0[] = { 4 }, h[] = { 2 }, gates[] = { 0.5, 0.5, 0, 2 };
    const double dhT[] = { 16 }, db[] = { 8 * 2 * 0.25, 16 * 4 * 0.25, 8 }, dbn[] = { 4 };
    const double dh0[] = { 8 }, dr[] = { 4 * 4, 16 * 4, 4 * 4 };
    op_case k = made("gru_backward", "T=1 B=1 D=1 H=1 -lengths -dh -s -ds");
    (void)state;
    put_values(&k, "w", zero), put_values(&k, "r", zero), put_values(&k, "h0", h0);
    put_values(&k, "h", h), put_values(&k, "gates", gates), put_values(&k, "dhT", dhT);
    put_values(&k, "dr", zero), put_values(&k, "db", zero), put_values(&k, "dbn", zero);
    gives(&k, "dh0", dh0), gives(&k, "dr", dr), gives(&k, "db", db), gives(&k, "dbn", dbn);
    case_free(&k);
}

/* Worked out apart from this library, from the paper's algorithm: Philox4x32-10 of the key {7, 0}
 * and the counters {0, 0, 5, 0x30008} and {1, 0, 5, 0x30008}; halves of words below 0x8000 hold. */
static void the_first_units_to_hold_are_these(void **state)
{
    /* 4a78 59bd 9dba 29ee 1465 9b36 8a3c 7c6f, 8881 ceeb 1fce 5568 295f 99be 5a3d e5c4 */
    static const double holds[16] = { 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 0 };
    static const char words[] = "T=2 B=1 D=1 H=8 -b -lengths -bn zoneout=0.5 layer=3 -s",
                      back[] = "T=2 B=1 D=1 H=8 -b -lengths -bn zoneout=0.5 layer=3 -s -ds";
    const double step = 5, zero[24 * 8] = { 0 }, ones[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    double h0[8], h[16], gates[64], dh0[8];
    op_case forward = made("gru_forward", words), backward = made("gru_backward", back);
    (void)state;
    for (int i = 0; i < 64; i++) gates[i] = i % 32 < 16 ? 0.5 : 0;
    for (int j = 0; j < 8; j++) { /* without weights h~ is half of h before */
        h0[j] = j + 1;
        h[j] = holds[j] == 1 ? h0[j] : h0[j] / 2;
        h[8 + j] = holds[8 + j] == 1 ? h[j] : h[j] / 2;
        dh0[j] = (1 + holds[j]) / 2 * (1 + holds[8 + j]) / 2;
    }
    put_values(&forward, "w", zero), put_values(&forward, "r", zero);
    put_values(&forward, "h0", h0);
    put_values(&forward, "step", &step), put_values(&backward, "step", &step);
    gives(&forward, "gates", gates), gives(&forward, "h", h), gives(&forward, "hT", h + 8);
    put_values(&backward, "w", zero), put_values(&backward, "r", zero);
    put_values(&backward, "h0", h0), put_values(&backward, "h", h);
    put_values(&backward, "gates", gates);
    put_values(&backward, "dh", (double[16]){ 0 }), put_values(&backward, "dhT", ones);
    gives(&backward, "dh0", dh0);
    case_free(&forward), case_free(&backward);
}

static void forward_holds(void **state)
{
    (void)state;
    all_hold("gru_forward", recurrent_sizes, "");
    all_hold("gru_forward", recurrent_layouts, "-s -lengths reverse=1");
    all_hold("gru_forward", recurrent_layouts, "-h0 -b -bn -hT");
    all_hold("gru_forward", recurrent_sizes, "-bn reset=1");
    all_hold("gru_forward", recurrent_layouts, "-bn -lengths -hT reset=1 reverse=1");
    all_hold("gru_forward", recurrent_layouts, "-bn -h0 -b reset=1");
    holds("gru_forward", "T=2 B=3 D=4 H=220"); /* several tiles of the product */
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("gru_backward", recurrent_sizes, "");
    all_hold("gru_backward", recurrent_layouts, "-s -ds -lengths reverse=1");
    all_hold("gru_backward", recurrent_layouts, "-h0 -dhT -dh0 -db -dbn");
    all_hold("gru_backward", recurrent_layouts, "-dh -dx -ds reverse=1");
    all_hold("gru_backward", recurrent_sizes, "reset=1 -bn -dbn");
    all_hold("gru_backward", recurrent_layouts, "reset=1 -bn -dbn -lengths -dh reverse=1");
    all_hold("gru_backward", recurrent_layouts, "reset=1 -bn -dbn -h0 -dhT -dh0 -db");
}

static void gradients_hold(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        char text[128];
        snprintf(text, sizeof text, "T=5 B=4 D=3 H=6 reverse=%d %s", how % 2,
                 how < 2 ? "" : "reset=1 -bn -dbn");
        differentiates("gru_backward", text);
        strcat(text, " -lengths");
        differentiates("gru_backward", text);
        strcat(text, " -h0 -dhT");
        differentiates("gru_backward", text);
    }
}

static void only_a_reset_after_the_product_has_its_own_bias(void **state)
{
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        op_case forward = made("gru_forward", "T=2 B=2 D=3 H=4");
        op_case backward = made("gru_backward", "T=2 B=2 D=3 H=4");
        forward.scalar[case_row(&forward, "reset")] = WL_RESET_BEFORE;
        backward.scalar[case_row(&backward, "reset")] = WL_RESET_BEFORE;
        assert_true(execute(&o, &forward, *b));
        assert_non_null(strstr(o.trouble, "gru_forward: bn: is present"));
        outcome_free(&o);
        assert_true(execute(&o, &backward, *b));
        assert_non_null(strstr(o.trouble, "gru_backward: dbn: is present"));
        outcome_free(&o);
        case_free(&forward), case_free(&backward);
    }
}

int main(void)
{
    static recurrent after = { "gru_forward",           "gru_backward", "",      "",
                               { "w", "r", "b", "bn" }, { "h0" },       { "hT" } };
    static recurrent before = { "gru_forward",     "gru_backward", "reset=1 -bn", "-dbn",
                                { "w", "r", "b" }, { "h0" },       { "hT" } };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_units_to_hold_are_these),
        cmocka_unit_test(without_weights_half_of_each_state_stays),
        cmocka_unit_test(the_recurrent_bias_is_reset),
        cmocka_unit_test(its_gradients_by_hand),
        cmocka_unit_test(only_a_reset_after_the_product_has_its_own_bias),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test_prestate(stationary_weights_hold, &after),
        cmocka_unit_test_prestate(a_split_sequence_gives_the_same_states, &after),
        cmocka_unit_test_prestate(a_split_sequence_gives_the_same_states, &before),
        cmocka_unit_test_prestate(chunks_give_the_gradients_of_the_whole, &after),
        cmocka_unit_test_prestate(padding_changes_nothing, &after),
        cmocka_unit_test_prestate(chunks_give_the_gradients_of_the_whole, &before),
        cmocka_unit_test_prestate(padding_changes_nothing, &before),
        cmocka_unit_test_prestate(reverse_is_the_mirror_image, &after),
        cmocka_unit_test_prestate(each_step_reads_what_is_the_sequences, &after),
        cmocka_unit_test_prestate(reverse_is_the_mirror_image, &before),
        cmocka_unit_test_prestate(each_step_reads_what_is_the_sequences, &before),
        cmocka_unit_test_prestate(zoneout_holds_what_is_drawn, &after),
        cmocka_unit_test_prestate(evaluation_takes_the_mean_of_the_draws, &after),
        cmocka_unit_test_prestate(what_is_evaluated_has_no_gradient, &after),
        cmocka_unit_test_prestate(without_zoneout_every_bit_is_as_before, &after),
        cmocka_unit_test_prestate(zoneout_agrees, &after),
        cmocka_unit_test_prestate(zoneout_differentiates, &after),
        cmocka_unit_test_prestate(zoneout_holds_what_is_drawn, &before),
        cmocka_unit_test_prestate(evaluation_takes_the_mean_of_the_draws, &before),
        cmocka_unit_test_prestate(what_is_evaluated_has_no_gradient, &before),
        cmocka_unit_test_prestate(without_zoneout_every_bit_is_as_before, &before),
        cmocka_unit_test_prestate(zoneout_agrees, &before),
        cmocka_unit_test_prestate(zoneout_differentiates, &before),
    };
    return cmocka_run_group_tests_name("gru", tests, NULL, NULL);
}
