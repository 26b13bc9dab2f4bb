/* Tests of hogwild of <wordloom/word2vec.h> where a GPU multiplies windows on tensor cores: of
 * skip-gram with few contexts and samples. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double *row_values(const op_case *c, const char *row) { return c->value[case_row(c, row)]; }

static const double *outcome_values(const outcome *o, const char *row)
{
    return o->value[case_row(o->of, row)];
}

static void put_all(op_case *c, const char *row, double value)
{
    for (int64_t i = 0; i < c->count[case_row(c, row)]; i++) row_values(c, row)[i] = value;
}

static op_case words(const char *sizes)
{
    char text[160];
    const double begin = 0;
    snprintf(text, sizeof text, "%s L=0 H=0 -spans -pieces -paths -nodes", sizes);
    op_case c = made("word2vec_hogwild", text);
    put_values(&c, "begin", &begin);
    return c;
}

/* every number of contexts a side, and of samples */
static void windows_up_to_eight_hold(void **state)
{
    static const char *const shapes[] = {
        "R=20 V=20 D=10",             /* a part of 16 features */
        "R=3 V=3 D=20 rounding=1",    /* every window has words and samples twice */
        "R=20 V=20 D=13 pad=2",       /* a feature at a time */
        "R=7 V=7 D=48 pad=8",         /* 32 features and a part */
        "R=9 V=9 D=300",              /* more than a warp's packs */
        "R=20 V=20 D=1",              /* one of them */
        "R=20 V=20 D=8 offset=1",     /* element-aligned pointers */
        "R=5 V=5 D=16 rounding=1",    /* packs of 16 bits */
        "R=30 V=30 D=100 rounding=1", /* word vectors */
    };
    (void)state;
    for (int W = 1; W <= 8; W++)
        for (int i = 0; i < 2; i++) {
            char text[160];
            snprintf(text, sizeof text,
                     "N=40 C=36 W=%d K=%d P=1 L=0 H=0 -spans -pieces -paths -nodes %s", W,
                     (W + 3 + 4 * i) % 8, shapes[(2 * W + i) % 9]);
            holds("word2vec_hogwild", text);
        }
}

/* One worker has the only centre, whichever of them it is. */
static void more_workers_than_centres_hold(void **state)
{
    (void)state;
    holds("word2vec_hogwild",
          "R=9 V=9 N=9 C=1 W=4 K=5 D=20 P=7 L=0 H=0 -spans -pieces -paths -nodes");
    holds("word2vec_hogwild",
          "R=9 V=9 N=9 C=0 W=4 K=5 D=20 P=3 L=0 H=0 -spans -pieces -paths -nodes");
}

/* Word 0 is in every sentence, with a word that is in no other. Rows have features in common only
 * where a pair brought them there, and the word's own is new when it is read: so scores are 0,
 * gradients halves, and the sums in the rows of word 0 exact in any order. */
static void what_workers_add_to_a_row_that_they_share_is_not_lost(void **state)
{
    enum { OTHERS = 20, V = 1 + OTHERS, D = 2 * V };
    const double lr[] = { 0.5, 0.5 };
    (void)state;
    op_case c = words("R=21 V=21 N=60 C=60 W=5 K=0 D=42 P=9");
    put_values(&c, "lr", lr);
    put_all(&c, "input", 0);
    put_all(&c, "output", 0);
    for (int v = 0; v < V; v++) {
        if (v) memcpy(row_values(&c, "tokens") + 3 * (v - 1), (double[]){ 0, v, -1 }, 24);
        row_values(&c, "input")[v * D + v] = 1 + v % 3;
        row_values(&c, "output")[v * D + V + v] = 1 + v % 5;
    }
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if ((*b)->device != WL_CUDA) continue; /* on the CPU another's addition may be lost */
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        for (int v = 1; v < V; v++) {
            assert_true(outcome_values(&o, "input")[V + v] == (1 + v % 5) / 4.0);
            assert_true(outcome_values(&o, "output")[v] == (1 + v % 3) / 4.0);
        }
        outcome_free(&o);
    }
    case_free(&c);
}

/* Workers race for the rows of three words; each centre is one's all the same. */
static void workers_share_all_rows_and_train_on_all_pairs(void **state)
{
    (void)state;
    op_case c = words("R=3 V=3 N=120 C=120 W=6 K=5 D=24 P=1");
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome one, many;
        c.scalar[case_row(&c, "workers")] = 1;
        if (execute(&one, &c, *b)) fail_msg("%s", one.trouble);
        c.scalar[case_row(&c, "workers")] = 11;
        if (execute(&many, &c, *b)) fail_msg("%s", many.trouble);
        assert_true(outcome_values(&one, "pairs")[0] == outcome_values(&many, "pairs")[0]);
        assert_true(outcome_values(&many, "skipped")[0] == 0);
        assert_true(isfinite(outcome_values(&many, "loss")[0]));
        outcome_free(&one), outcome_free(&many);
    }
    case_free(&c);
}

/* Word 3's row is not finite: of word 2's two contexts, which are a half each, the one is left out
 * and nothing of it comes to the other. */
static void half_a_window_is_left_out(void **state)
{
    const double tokens[] = { 0, 1, 2, 3, 4 }, begin = 2;
    (void)state;
    op_case c = words("R=5 V=5 N=5 C=1 W=1 K=3 D=12 P=1");
    put_values(&c, "tokens", tokens);
    put_values(&c, "begin", &begin);
    row_values(&c, "input")[3 * 12 + 5] = NAN;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        assert_true(outcome_values(&o, "pairs")[0] == 1);
        assert_true(outcome_values(&o, "skipped")[0] == 1);
        for (int k = 0; k < 5 * 12; k++) assert_true(isfinite(outcome_values(&o, "output")[k]));
        for (int k = 12; k < 2 * 12; k++)
            assert_true(isfinite(outcome_values(&o, "input")[k]) &&
                        outcome_values(&o, "input")[k] != row_values(&c, "input")[k]);
        outcome_free(&o);
    }
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_up_to_eight_hold),
        cmocka_unit_test(more_workers_than_centres_hold),
        cmocka_unit_test(what_workers_add_to_a_row_that_they_share_is_not_lost),
        cmocka_unit_test(workers_share_all_rows_and_train_on_all_pairs),
        cmocka_unit_test(half_a_window_is_left_out),
    };
    return cmocka_run_group_tests_name("word2vec_window", tests, NULL, NULL);
}
