/* <wordloom/attention.h> against the golden files attention, time_attention, attention_weight and
 * weight_sum. Of the book's [N,T,X] and [N,X] ours are [T,N,X] and [1,N,X]. */
#include "golden_recurrent.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Forward and backward with the same inputs; backward reads what forward wrote. */
typedef struct pair {
    op_case forward, backward;
    outcome ahead, back;
} pair;

static pair pair_of(const char *words, int64_t T, int64_t B, int64_t S, int64_t H, int64_t D)
{
    pair p;
    p.forward = golden_case("attention_forward", "T=%d B=%d S=%d H=%d D=%d -lengths %s", (int)T,
                            (int)B, (int)S, (int)H, (int)D, *words ? "-v" : "");
    p.backward = golden_case("attention_backward", "T=%d B=%d S=%d H=%d D=%d -lengths %s", (int)T,
                             (int)B, (int)S, (int)H, (int)D, words);
    return p;
}

static double *values_in(op_case *c, const char *row) { return c->value[case_row(c, row)]; }

/* Once q, k and v of forward and dy are there. */
static void run_pair(pair *p)
{
    static const char *const inputs[] = { "q", "k", "v" }, *const kept[] = { "y", "lse" };
    p->ahead = golden_run(&p->forward);
    for (int i = 0; i < 3; i++)
        if (values_in(&p->backward, inputs[i]))
            put_values(&p->backward, inputs[i], values_in(&p->forward, inputs[i]));
    for (int i = 0; i < 2; i++) put_values(&p->backward, kept[i], row_of(&p->ahead, kept[i]));
    p->back = golden_run(&p->backward);
}

static void free_pair(pair *p)
{
    outcome_free(&p->ahead), outcome_free(&p->back);
    case_free(&p->forward), case_free(&p->backward);
}

static const char values_are_keys[] = "-v -dv";

static void a_step_of_a_decoder_is_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("attention");
    const int64_t B = golden_axis(g, "in.hs", 0), S = golden_axis(g, "in.hs", 1);
    const int64_t H = golden_axis(g, "in.hs", 2);
    pair p = pair_of(values_are_keys, 1, B, S, H, H);
    put_golden(&p.forward, "q", g, "in.h");
    put_steps(&p.forward, "k", g, "in.hs");
    put_golden(&p.backward, "dy", g, "in.dout");
    run_pair(&p);
    reproduces(g, "out.c", row_of(&p.ahead, "y"));
    reproduces(g, "out.a", row_of(&p.ahead, "weights"));
    reproduces(g, "out.dh", row_of(&p.back, "dq"));
    reproduces_steps(g, "out.dhs", row_of(&p.back, "dk"));
    free_pair(&p);
    golden_close(g);
}

static void all_steps_of_a_decoder_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("time_attention");
    const int64_t B = golden_axis(g, "in.hs_enc", 0), S = golden_axis(g, "in.hs_enc", 1);
    const int64_t T = golden_axis(g, "in.hs_dec", 1), H = golden_axis(g, "in.hs_enc", 2);
    pair p = pair_of(values_are_keys, T, B, S, H, H);
    put_steps(&p.forward, "q", g, "in.hs_dec");
    put_steps(&p.forward, "k", g, "in.hs_enc");
    put_steps(&p.backward, "dy", g, "in.dout");
    run_pair(&p);
    reproduces_steps(g, "out.y", row_of(&p.ahead, "y"));
    reproduces_steps(g, "out.attention", row_of(&p.ahead, "weights"));
    reproduces_steps(g, "out.dhs_dec", row_of(&p.back, "dq"));
    reproduces_steps(g, "out.dhs_enc", row_of(&p.back, "dk"));
    free_pair(&p);
    golden_close(g);
}

/* Values that are the identity make y the weights, and dy their gradient. */
static void weights_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("attention_weight");
    const int64_t B = golden_axis(g, "in.hs", 0), S = golden_axis(g, "in.hs", 1);
    pair p = pair_of("", 1, B, S, golden_axis(g, "in.hs", 2), S);
    put_golden(&p.forward, "q", g, "in.h");
    put_steps(&p.forward, "k", g, "in.hs");
    for (int64_t i = 0; i < S * B * S; i++) values_in(&p.forward, "v")[i] = i / (B * S) == i % S;
    put_golden(&p.backward, "dy", g, "in.da");
    run_pair(&p);
    reproduces(g, "out.a", row_of(&p.ahead, "y"));
    reproduces(g, "out.dh", row_of(&p.back, "dq"));
    reproduces_steps(g, "out.dhs", row_of(&p.back, "dk"));
    free_pair(&p);
    golden_close(g);
}

/* The gradient at log a of sequence b, from the book's at a: a (da - sum a da / sum a). */
static double at_logarithm(const golden *g, int64_t b, int64_t s)
{
    const int64_t S = golden_axis(g, "in.a", 1);
    const double *a = golden_values(g, "in.a") + b * S, *da = golden_values(g, "out.da") + b * S;
    double sum = 0, product = 0;
    for (int64_t r = 0; r < S; r++) sum += a[r], product += a[r] * da[r];
    return a[s] * (da[s] - product / sum);
}

/* With q = 1 and k = log a the weights are a / sum a, for the book's a, of any sum: y times this is
 * the book's, and so are gradients if dy is times it too. */
static void a_weighted_sum_is_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("weight_sum");
    const int64_t B = golden_axis(g, "in.hs", 0), S = golden_axis(g, "in.hs", 1);
    const int64_t D = golden_axis(g, "in.hs", 2);
    const double *a = golden_values(g, "in.a");
    pair p = pair_of("", 1, B, S, 1, D);
    double *sum = calloc((size_t)B, sizeof *sum), *y = calloc((size_t)(B * D), sizeof *y);
    double *dk = calloc((size_t)(S * B), sizeof *dk);
    assert_true(sum && y && dk);
    put_everywhere(&p.forward, "q", 1);
    put_steps(&p.forward, "v", g, "in.hs");
    for (int64_t i = 0; i < B * S; i++) {
        sum[i / S] += a[i];
        values_in(&p.forward, "k")[i % S * B + i / S] = log(a[i]);
        dk[i % S * B + i / S] = at_logarithm(g, i / S, i % S);
    }
    for (int64_t i = 0; i < B * D; i++)
        values_in(&p.backward, "dy")[i] = sum[i / D] * golden_values(g, "in.dc")[i];
    run_pair(&p);
    for (int64_t i = 0; i < B * D; i++) y[i] = sum[i / D] * row_of(&p.ahead, "y")[i];
    reproduces(g, "out.c", y);
    reproduces_steps(g, "out.dhs", row_of(&p.back, "dv"));
    reproduces_values("the gradient at log a", dk, row_of(&p.back, "dk"), S * B);
    free(sum), free(y), free(dk);
    free_pair(&p);
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_of_a_decoder_is_the_books),
        cmocka_unit_test(all_steps_of_a_decoder_are_the_books),
        cmocka_unit_test(weights_are_the_books),
        cmocka_unit_test(a_weighted_sum_is_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_attention", tests, NULL, NULL));
}
