/* Tests of <wordloom/sampling.h>. */
#include "judge.h"

#include "../host/core/alias.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double *row_values(op_case *c, const char *row) { return c->value[case_row(c, row)]; }

/* Counts of `draws` ids of 0..V-1 against their probabilities: Pearson's statistic stays below
 * what a chi-square of V - 1 degrees exceeds once in a million (Laurent and Massart 2000, "Adaptive
 * Estimation of a Quadratic Functional by Model Selection", lemma 1, with x = 14). */
static void follow(const double *ids, int64_t draws, const double *probability, int64_t V)
{
    const double degrees = (double)(V - 1), x = 14;
    double *count = calloc((size_t)V, sizeof *count), statistic = 0;
    assert_non_null(count);
    for (int64_t i = 0; i < draws; i++) {
        assert_true(ids[i] >= 0 && ids[i] < (double)V);
        count[(int64_t)ids[i]]++;
    }
    for (int64_t v = 0; v < V; v++) {
        const double expected = (double)draws * probability[v], off = count[v] - expected;
        assert_true(expected >= 5 || (expected == 0 && count[v] == 0));
        if (expected > 0) statistic += off * off / expected;
    }
    free(count);
    if (statistic > degrees + 2 * sqrt(degrees * x) + 2 * x)
        fail_msg("%.3g is too much for a chi-square of %.0f degrees", statistic, degrees);
}

/* ------------------------------------------------------------------ alias tables */

static void columns_give_their_word_or_its_alias(void **state)
{
    /* thresholds of 0 and all bits: each column has one word but for one chance in 2^32 */
    const double always_alias[] = { 0, 2, 0, 2, 0, 2 }, exclude[] = { 0, 2, -1 };
    const double twos[] = { 2, 2, 2, 2, 2, 2 }, without[] = { 2, 2, -1, -1, 2, 2 };
    op_case c = made("sampling_alias", "N=3 K=2 V=3 -exclude");
    op_case e = made("sampling_alias", "N=3 K=2 V=3");
    op_case own = made("sampling_alias", "N=1 K=300 V=1 -exclude");
    double zeros[300] = { 0 };
    (void)state;
    put_values(&c, "columns", always_alias);
    gives(&c, "ids", twos);
    put_values(&e, "columns", always_alias);
    put_values(&e, "exclude", exclude);
    gives(&e, "ids", without);
    row_values(&own, "columns")[0] = -1; /* all bits */
    row_values(&own, "columns")[1] = 77;
    gives(&own, "ids", zeros);
    case_free(&c), case_free(&e), case_free(&own);
}

/* Two draws from every 128 random bits, as the skip-gram batches make them. */
static void draws_are_the_negatives_of_a_training_pair(void **state)
{
    enum { N = 40, K = 5, V = 9 };
    op_case c = made("sampling_alias", "N=40 K=5 V=9 seed=12345678901");
    wl_alias_column columns[V];
    double ids[N * K];
    (void)state;
    row_values(&c, "position")[0] = 0x1p40 + 3;
    for (int v = 0; v < V; v++) {
        const double *column = row_values(&c, "columns") + 2 * v;
        columns[v] = (wl_alias_column){ (uint32_t)(int32_t)column[0], (int32_t)column[1] };
    }
    for (int i = 0; i < N * K; i++) {
        const uint64_t pair = ((uint64_t)1 << 40) + 3 + (uint64_t)(i / K);
        const uint32_t k = (uint32_t)(i % K);
        const wl_random r = wl_philox(12345678901, pair, k / 2, WL_PURPOSE_NEGATIVES);
        const uint64_t upper = k % 2 ? r.word[2] : r.word[0], lower = k % 2 ? r.word[3] : r.word[1];
        const int32_t drawn = wl_alias_draw(columns, V, upper << 32 | lower);
        ids[i] = drawn == (int32_t)row_values(&c, "exclude")[i / K] ? -1 : drawn;
    }
    gives(&c, "ids", ids);
    case_free(&c);
}

static void an_empty_table_draws_nothing(void **state)
{
    const double nothing[] = { -1, -1, -1, -1, -1, -1 };
    op_case c = made("sampling_alias", "N=2 K=3 V=0");
    (void)state;
    gives(&c, "ids", nothing);
    case_free(&c);
}

/* a table that is not what it should be spoils ids and nothing else */
static void aliases_out_of_bounds_are_only_drawn(void **state)
{
    const double columns[] = { 0, 2147483647, 0, -2147483648.0 };
    op_case c = made("sampling_alias", "N=50 K=3 V=2 -exclude");
    (void)state;
    put_values(&c, "columns", columns);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        for (int i = 0; i < 150; i++) {
            const double id = o.value[case_row(&c, "ids")][i];
            assert_true(id == columns[1] || id == columns[3]);
        }
        outcome_free(&o);
    }
    case_free(&c);
}

static void alias_holds(void **state)
{
    static const char *const sizes[] = {
        "N=7 K=3 V=5",           /* an odd number of draws a row */
        "N=0 K=6 V=5",           /* no rows */
        "N=3 K=0 V=5",           /* no draws */
        "N=3 K=4 V=0",           /* no words */
        "N=1 K=1 V=1",           /* one of everything */
        "N=51 K=10 V=9",         /* one pair less than a block */
        "N=257 K=1 V=9",         /* one row more than a block, half of each pair unused */
        "N=9 K=6 V=70 offset=1", /* element-aligned pointers */
        "N=900 K=5 V=71291",     /* text8's words, more than one thread's of the reference */
    };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s -exclude -position", sizes[i]);
        holds("sampling_alias", sizes[i]);
        holds("sampling_alias", text);
    }
}

/* A column's word has its threshold's share of the column, its alias the rest. */
static void alias_draws_follow_their_table(void **state)
{
    enum { N = 4000, K = 5, V = 12 };
    op_case c = made("sampling_alias", "N=4000 K=5 V=12 -exclude");
    const double *columns = row_values(&c, "columns");
    double probability[V] = { 0 };
    (void)state;
    for (int v = 0; v < V; v++) {
        const double share = (double)(uint32_t)(int32_t)columns[2 * v] * 0x1p-32;
        probability[v] += share / V;
        probability[(int)columns[2 * v + 1]] += (1 - share) / V;
    }
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        follow(o.value[case_row(&c, "ids")], (int64_t)N * K, probability, V);
        outcome_free(&o);
    }
    case_free(&c);
}

/* Row n of a call at `position` is row n + position of a call at 0; logits, if any, are equal. */
static void shifts_by_its_position(const char *op, const char *sizes, int64_t K)
{
    enum { N = 20, BY = 7 };
    op_case c = made(op, sizes);
    outcome at0, later;
    const int logits = case_row(&c, "logits");
    for (int64_t i = 0; logits >= 0 && i < c.count[logits]; i++) c.value[logits][i] = 0;
    row_values(&c, "position")[0] = 0;
    if (execute(&at0, &c, &wl_ref_oracle_backend)) fail_msg("%s", at0.trouble);
    row_values(&c, "position")[0] = BY;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        if (execute(&later, &c, *b)) fail_msg("%s", later.trouble);
        const double *x = at0.value[case_row(&c, "ids")], *y = later.value[case_row(&c, "ids")];
        for (int64_t i = 0; i < (N - BY) * K; i++) assert_true(y[i] == x[BY * K + i]);
        outcome_free(&later);
    }
    outcome_free(&at0);
    case_free(&c);
}

static void alias_draws_go_on_from_a_position(void **state)
{
    (void)state;
    shifts_by_its_position("sampling_alias", "N=20 K=3 V=50 -exclude", 3);
}

/* ------------------------------------------------------------------ categorical draws */

/* Runs a case of which every row has these logits, on every backend; the ids of each must follow
 * the probabilities. */
static void draws_follow(const char *sizes, const double *logits, const double *probability,
                         int64_t V)
{
    op_case c = made("sampling_categorical", sizes);
    const int row = case_row(&c, "logits"), ids = case_row(&c, "ids");
    for (int64_t i = 0; i < c.count[row]; i++) c.value[row][i] = logits[i % V];
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        follow(o.value[ids], c.count[ids], probability, V);
        outcome_free(&o);
    }
    case_free(&c);
}

/* 0 and logarithms of 2, 4 and 8, in an order of their own, beside what is never drawn */
static const double powers[] = { 0.6931471805599453, 0,   2.0794415416798357, -INFINITY,
                                 1.3862943611198906, NAN, 0.6931471805599453 };

/* The definition, entry by entry: a word of 32 bits makes an entry's noise. */
static void a_draw_is_the_argmax_of_logits_and_noise(void **state)
{
    enum { N = 50, V = 9, AT = 1000 };
    op_case c = made("sampling_categorical", "N=50 V=9 K=0 temperature=0.5 seed=12345678901");
    double ids[N];
    (void)state;
    row_values(&c, "position")[0] = AT;
    for (int n = 0; n < N; n++) {
        double most = -INFINITY;
        for (int v = 0; v < V; v++) {
            const wl_random r = wl_philox(12345678901, (uint64_t)(AT + n), (uint32_t)(v / 4),
                                          WL_PURPOSE_CATEGORICAL);
            const double u = ((double)r.word[v % 4] + 0.5) * 0x1p-32;
            const double score = row_values(&c, "logits")[n * V + v] / 0.5 - log(-log(1 - u));
            if (score > most) ids[n] = v;
            most = fmax(most, score);
        }
    }
    gives(&c, "ids", ids);
    case_free(&c);
}

static void draws_follow_the_softmax(void **state)
{
    const double p[] = { 0.125, 0, 0.5, 0, 0.25, 0, 0.125 };
    double logits[7];
    (void)state;
    memcpy(logits, powers, sizeof logits);
    logits[1] = -INFINITY;
    draws_follow("N=500 V=7 K=0", logits, p, 7);
    draws_follow("N=500 V=7 K=5 dtype=f32 pad=2", logits, p, 7);
    draws_follow("N=500 V=7 K=1000000000000", logits, p, 7);
}

/* at half the temperature probabilities are squared, at twice their roots are taken */
static void temperature_flattens(void **state)
{
    const double logits[] = { log(4), 0, log(16) };
    const double cold[] = { 16.0 / 273, 1.0 / 273, 256.0 / 273 };
    const double warm[] = { 2.0 / 7, 1.0 / 7, 4.0 / 7 };
    const double third[] = { 1.0 / 3, 1.0 / 3, 1.0 / 3 };
    (void)state;
    draws_follow("N=2000 V=3 K=0 temperature=0.5", logits, cold, 3);
    draws_follow("N=500 V=3 K=0 temperature=2", logits, warm, 3);
    draws_follow("N=500 V=3 K=0 temperature=1e30", logits, third, 3);
}

static void top_k_keeps_the_first_k(void **state)
{
    const double two[] = { 0, 0, 2.0 / 3, 0, 1.0 / 3, 0, 0 };
    const double three[] = { 1.0 / 7, 0, 4.0 / 7, 0, 2.0 / 7, 0, 0 }; /* id 0 before its equal, 6 */
    const double equal[] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    const double five[] = { 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0 };
    (void)state;
    draws_follow("N=500 V=7 K=2", powers, two, 7);
    draws_follow("N=500 V=7 K=3", powers, three, 7);
    draws_follow("N=500 V=8 K=5", equal, five, 8);
}

static void top_p_keeps_the_shortest_beginning_that_reaches_it(void **state)
{
    const double equal[] = { 0, -0.0, 0, -0.0 }; /* zeros of either sign are equal */
    const double two[] = { 0.5, 0.5, 0, 0 }, three[] = { 1.0 / 3, 1.0 / 3, 1.0 / 3, 0 };
    const double of_halves[] = { 0, 0, 2.0 / 3, 0, 1.0 / 3, 0, 0 };
    const double cold[] = { 0, 0, 1, 0, 0, 0, 0 };
    (void)state;
    draws_follow("N=500 V=4 K=0 top_p=0.5", equal, two, 4); /* exactly */
    draws_follow("N=500 V=4 K=0 top_p=0.500001", equal, three, 4);
    draws_follow("N=500 V=7 K=0 top_p=0.6", powers, of_halves, 7);
    draws_follow("N=500 V=7 K=0 top_p=0.6 temperature=0.5", powers, cold, 7); /* 64/89 */
    draws_follow("N=500 V=7 K=2 top_p=0.8", powers, of_halves, 7); /* 2/3 falls short of it */
    draws_follow("N=500 V=7 K=2 top_p=0.6", powers, cold, 7);      /* and reaches this */
}

/* Several rows of logits, and the only id that can be drawn from each. */
static void rows_with_one_answer(void **state)
{
    const double inf = INFINITY, logits[] = {
        1,    3,    3,    2,    /* the first of equals */
        NAN,  -5,   -4,   NAN,  /* beside NaN */
        NAN,  -inf, NAN,  -inf, /* nothing to draw */
        -inf, -inf, -inf, -inf, /* nor here */
        -inf, -inf, -7,   -inf, /* one thing to draw */
        1,    inf,  2,    NAN,  /* infinitely more likely than the rest */
    };
    const double ids[] = { 1, 2, -1, -1, 2, 1 };
    static const char *const same[] = { "temperature=0",     "temperature=1e-31",
                                        "top_p=0",           "top_p=1e-9",
                                        "temperature=1e-30", "temperature=0 top_p=0.5" };
    (void)state;
    for (int i = 0; i < 7; i++) {
        char text[128];
        snprintf(text, sizeof text, "N=6 V=4 K=%d %s", i == 6, i < 6 ? same[i] : "");
        op_case c = made("sampling_categorical", text);
        put_values(&c, "logits", logits);
        if (i == 4) row_values(&c, "logits")[2] = 2.5; /* so cold still not without a draw */
        gives(&c, "ids", ids);
        case_free(&c);
    }
}

/* Where the row stops being one thread's, one warp's, one block's. */
static const char *const rows_of_logits[] = {
    "N=0 V=9",            /* no rows */
    "N=3 V=0",            /* no words */
    "N=2 V=1",            /* one word */
    "N=33 V=5",           /* nothing divides a four */
    "N=8 V=512",          /* the longest row of a small block */
    "N=3 V=513",          /* the shortest of a large one */
    "N=8 V=128",          /* a warp's fours */
    "N=5 V=4095",         /* one less than a block's fours */
    "N=4 V=4097 pad=3",   /* one more, in padded rows */
    "N=4 V=130 offset=1", /* element-aligned pointers */
    "N=2 V=10000",        /* Penn Treebank's */
    NULL,
};

static void categorical_holds(void **state)
{
    static const char *const cuts[] = {
        "K=0",                             /* the softmax */
        "K=0 temperature=0",               /* argmax */
        "K=1",                             /* argmax again */
        "K=3 -position temperature=0.25",  /* few */
        "K=40 top_p=0.75 temperature=2",   /* both */
        "K=0 top_p=0.9 temperature=0.125", /* a beginning */
        "K=0 top_p=0.01",                  /* a short one */
    };
    (void)state;
    for (int i = 0; rows_of_logits[i]; i++)
        for (size_t cut = 0; cut < sizeof cuts / sizeof *cuts; cut++) {
            char text[128];
            snprintf(text, sizeof text, "%s %s", rows_of_logits[i], cuts[cut]);
            holds("sampling_categorical", text);
        }
    holds("sampling_categorical", "N=1 V=128256 K=50 top_p=0.95"); /* Llama 3's */
}

/* Only differences count, however far from zero: the largest logit is subtracted first. */
static void logits_far_from_zero_lose_nothing(void **state)
{
    const double far[] = { 100001, 100000, -3e38, 100000 }, near[] = { 1, 0, -3e38, 0 };
    op_case c = made("sampling_categorical", "N=200 V=4 K=0");
    op_case d = made("sampling_categorical", "N=200 V=4 K=0");
    outcome o;
    (void)state;
    for (int i = 0; i < 800; i++) {
        row_values(&c, "logits")[i] = far[i % 4];
        row_values(&d, "logits")[i] = near[i % 4];
    }
    if (execute(&o, &d, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    gives(&c, "ids", o.value[case_row(&d, "ids")]);
    outcome_free(&o);
    case_free(&c), case_free(&d);
}

/* The draws of an id do not depend on what else is kept: the same noise, cut or not. */
static void what_is_cut_does_not_change_the_rest(void **state)
{
    op_case all = made("sampling_categorical", "N=300 V=20 K=0");
    op_case cut = made("sampling_categorical", "N=300 V=20 K=10");
    outcome a;
    (void)state;
    put_values(&cut, "logits", row_values(&all, "logits"));
    if (execute(&a, &all, &wl_ref_oracle_backend)) fail_msg("%s", a.trouble);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        int same = 0;
        if (execute(&o, &cut, *b)) fail_msg("%s", o.trouble);
        for (int n = 0; n < 300; n++) {
            const double *x = row_values(&all, "logits") + 20 * n;
            const int id = (int)a.value[case_row(&all, "ids")][n];
            int better = 0;
            for (int v = 0; v < 20; v++) better += x[v] > x[id];
            if (better < 10) assert_true(o.value[case_row(&cut, "ids")][n] == id);
            same += better < 10;
        }
        assert_in_range(same, 1, 299);
        outcome_free(&o);
    }
    outcome_free(&a);
    case_free(&all), case_free(&cut);
}

static void categorical_draws_go_on_from_a_position(void **state)
{
    (void)state;
    shifts_by_its_position("sampling_categorical", "N=20 V=50 K=0 temperature=100", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_give_their_word_or_its_alias),
        cmocka_unit_test(draws_are_the_negatives_of_a_training_pair),
        cmocka_unit_test(an_empty_table_draws_nothing),
        cmocka_unit_test(aliases_out_of_bounds_are_only_drawn),
        cmocka_unit_test(alias_holds),
        cmocka_unit_test(alias_draws_follow_their_table),
        cmocka_unit_test(alias_draws_go_on_from_a_position),
        cmocka_unit_test(a_draw_is_the_argmax_of_logits_and_noise),
        cmocka_unit_test(draws_follow_the_softmax),
        cmocka_unit_test(temperature_flattens),
        cmocka_unit_test(top_k_keeps_the_first_k),
        cmocka_unit_test(top_p_keeps_the_shortest_beginning_that_reaches_it),
        cmocka_unit_test(rows_with_one_answer),
        cmocka_unit_test(categorical_holds),
        cmocka_unit_test(logits_far_from_zero_lose_nothing),
        cmocka_unit_test(what_is_cut_does_not_change_the_rest),
        cmocka_unit_test(categorical_draws_go_on_from_a_position),
    };
    return cmocka_run_group_tests_name("sampling", tests, NULL, NULL);
}
