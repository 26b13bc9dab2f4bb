/* Tests of <wordloom/lstm.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

static const char *const sizes[] = {
    "T=3 B=2 D=3 H=5",              /* nothing divides a pack */
    "T=1 B=1 D=1 H=1",              /* one of everything */
    "T=0 B=3 D=4 H=4",              /* no steps: the states pass through */
    "T=2 B=0 D=4 H=4",              /* no sequences */
    "T=3 B=2 D=0 H=4",              /* no inputs */
    "T=3 B=2 D=4 H=0",              /* no units */
    "T=2 B=7 D=8 H=7",              /* one less than a pack of 16 bits */
    "T=5 B=8 D=16 H=64",            /* whole packs */
    "T=2 B=3 D=5 H=63",             /* one less */
    "T=2 B=3 D=5 H=65",             /* one more */
    "T=4 B=5 D=8 H=8 pad=3",        /* padded rows */
    "T=4 B=5 D=8 H=8 swap=1",       /* batch first */
    "T=4 B=5 D=7 H=9 swap=1 pad=1", /* the same, padded */
    "T=3 B=4 D=8 H=16 offset=1",    /* element-aligned pointers */
    "T=35 B=2 D=10 H=10",           /* many steps */
    "T=3 B=33 D=100 H=100",         /* a language model's units */
    NULL,
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("lstm_forward", sizes, "");
    all_hold("lstm_forward", sizes, "-lengths reverse=1");
    all_hold("lstm_forward", sizes, "-h0 -c0 -b -hT -cT");
    all_hold("lstm_forward", sizes, "-c0 -hT reverse=1");
    holds("lstm_forward", "T=2 B=3 D=650 H=650"); /* several tiles of the product */
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("lstm_backward", sizes, "");
    all_hold("lstm_backward", sizes, "-lengths reverse=1");
    all_hold("lstm_backward", sizes, "-h0 -c0 -dhT -dcT -dh0 -dc0 -db");
    all_hold("lstm_backward", sizes, "-dh -dx reverse=1");
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

/* ------------------------------------------------------------------ properties, on every backend
 */

static void each_backend(const op_case *c, outcome *o, int n)
{
    if (execute(o, c, backends_under_test()[n])) fail_msg("%s", o->trouble);
}

static double *row_in(const op_case *c, const char *name) { return c->value[case_row(c, name)]; }

static const double *row_out(const outcome *o, const char *name)
{
    return o->value[case_row(o->of, name)];
}

/* The parameters of one case are those of another. */
static void share(op_case *to, const op_case *from)
{
    static const char *const rows[] = { "w", "r", "b" };
    for (int i = 0; i < 3; i++) put_values(to, rows[i], row_in(from, rows[i]));
}

static void same(const char *what, const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i])
            fail_msg("%s[%lld] is %.9g, expected %.9g", what, (long long)i, a[i], b[i]);
}

enum { T = 6, B = 3, D = 4, H = 5, FIRST = 2 };

/* Carried states make two chunks of one sequence: truncated back-propagation's forward half. */
static void a_split_sequence_gives_the_same_states(void **state)
{
    op_case whole = made("lstm_forward", "T=6 B=3 D=4 H=5 -lengths");
    op_case one = made("lstm_forward", "T=2 B=3 D=4 H=5 -lengths");
    op_case two = made("lstm_forward", "T=4 B=3 D=4 H=5 -lengths");
    (void)state;
    share(&one, &whole), share(&two, &whole);
    put_values(&one, "x", row_in(&whole, "x"));
    put_values(&two, "x", row_in(&whole, "x") + FIRST * B * D);
    put_values(&one, "h0", row_in(&whole, "h0"));
    put_values(&one, "c0", row_in(&whole, "c0"));
    for (int n = 0; backends_under_test()[n]; n++) {
        outcome w, a, b;
        each_backend(&whole, &w, n);
        each_backend(&one, &a, n);
        put_values(&two, "h0", row_out(&a, "hT"));
        put_values(&two, "c0", row_out(&a, "cT"));
        each_backend(&two, &b, n);
        same("h of the first part", row_out(&a, "h"), row_out(&w, "h"), FIRST * B * H);
        same("h of the second part", row_out(&b, "h"), row_out(&w, "h") + FIRST * B * H,
             (T - FIRST) * B * H);
        same("cT", row_out(&b, "cT"), row_out(&w, "cT"), B * H);
        outcome_free(&w), outcome_free(&a), outcome_free(&b);
    }
    case_free(&whole), case_free(&one), case_free(&two);
}

/* Steps past a sequence's end change nothing: neither what is there nor how many. */
static void padding_changes_nothing(void **state)
{
    const double lengths[B] = { 2, 0, 1 }, full[B] = { 2, 2, 2 };
    op_case padded = made("lstm_forward", "T=6 B=3 D=4 H=5");
    op_case tight = made("lstm_forward", "T=2 B=3 D=4 H=5");
    (void)state;
    share(&tight, &padded);
    put_values(&tight, "x", row_in(&padded, "x"));
    put_values(&tight, "h0", row_in(&padded, "h0"));
    put_values(&tight, "c0", row_in(&padded, "c0"));
    for (int reverse = 0; reverse < 2; reverse++)
        for (int n = 0; backends_under_test()[n]; n++) {
            outcome p, t;
            padded.scalar[case_row(&padded, "reverse")] = reverse;
            tight.scalar[case_row(&tight, "reverse")] = reverse;
            put_values(&padded, "lengths", reverse ? full : lengths);
            put_values(&tight, "lengths", reverse ? full : lengths);
            each_backend(&padded, &p, n);
            each_backend(&tight, &t, n);
            same("hT", row_out(&p, "hT"), row_out(&t, "hT"), B * H);
            same("cT", row_out(&p, "cT"), row_out(&t, "cT"), B * H);
            same("h", row_out(&p, "h"), row_out(&t, "h"), 2 * B * H);
            for (int i = 2 * B * H; i < T * B * H; i++) assert_true(row_out(&p, "h")[i] == 0);
            outcome_free(&p), outcome_free(&t);
        }
    case_free(&padded), case_free(&tight);
}

/* Backwards over a sequence is forwards over its mirror image. */
static void reverse_is_the_mirror_image(void **state)
{
    op_case forth = made("lstm_forward", "T=6 B=3 D=4 H=5 -lengths");
    op_case back = made("lstm_forward", "T=6 B=3 D=4 H=5 -lengths reverse=1");
    (void)state;
    share(&back, &forth);
    put_values(&back, "h0", row_in(&forth, "h0"));
    put_values(&back, "c0", row_in(&forth, "c0"));
    for (int t = 0; t < T; t++)
        memcpy(row_in(&back, "x") + t * B * D, row_in(&forth, "x") + (T - 1 - t) * B * D,
               B * D * sizeof(double));
    for (int n = 0; backends_under_test()[n]; n++) {
        outcome f, r;
        each_backend(&forth, &f, n);
        each_backend(&back, &r, n);
        for (int t = 0; t < T; t++)
            same("h", row_out(&r, "h") + t * B * H, row_out(&f, "h") + (T - 1 - t) * B * H, B * H);
        same("hT", row_out(&r, "hT"), row_out(&f, "hT"), B * H);
        outcome_free(&f), outcome_free(&r);
    }
    case_free(&forth), case_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_weights_half_of_each_cell_stays),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(a_split_sequence_gives_the_same_states),
        cmocka_unit_test(padding_changes_nothing),
        cmocka_unit_test(reverse_is_the_mirror_image),
    };
    return cmocka_run_group_tests_name("lstm", tests, NULL, NULL);
}
