/* Tests of <wordloom/similarity.h>. The judge wants equal ids, which float and double give only
 * where scores lie apart: cases for it are first shown to be such. Where scores are near or equal,
 * ids are judged by the scores that the definition gives them. */
#include "judge.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const double *values(const op_case *c, const char *row)
{
    return c->value[case_row(c, row)];
}

/* ------------------------------------------------------------------ the definition */

static double product(const double *a, const double *b, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double inverse_length(const double *row, int64_t n)
{
    const double length = sqrt(product(row, row, n));
    return length > 0 ? 1 / length : 0;
}

static bool multiplies(const op_case *c) { return !strcmp(c->spec->name, "similarity_multiply"); }

/* The score of a row, and by how much float may miss it: a product of D, the row's and the query's
 * inverse lengths, each times the half epsilon of a step, then what the formula makes of that. */
static double score_of(const op_case *c, int64_t q, int64_t v, double *missed)
{
    const int64_t D = c->dims.D, per = multiplies(c) ? 3 : 1;
    const double *row = values(c, "table") + v * D, unit = (double)FLT_EPSILON / 2;
    const double off = (double)(D + 8) * unit;
    double cosine[3], s[3];
    for (int64_t k = 0; k < per; k++) {
        const double *query = values(c, "queries") + (q * per + k) * D;
        cosine[k] = product(query, row, D) * values(c, "inverse")[v] * inverse_length(query, D);
        s[k] = (1 + cosine[k]) / 2;
    }
    *missed = off;
    if (per == 1) return cosine[0];
    const double below = s[0] + 0.001, score = s[1] * s[2] / below, half = off / 2;
    *missed = (s[1] + half) * (s[2] + half) / (below - half) - score + 8 * unit * score;
    return score;
}

static bool is_excluded(const op_case *c, int64_t q, int64_t v)
{
    const int row = case_row(c, "excluded");
    for (int64_t e = 0; c->value[row] && e < c->dims.E; e++)
        if (c->value[row][q * c->dims.E + e] == (double)v) return true;
    return false;
}

/* A case whose `inverse` is that of its table. */
static op_case made_of_rows(const char *op, const char *sizes, const char *types)
{
    char text[256];
    snprintf(text, sizeof text, "%s %s", sizes, types);
    op_case c = made(op, text);
    double *inverse = c.value[case_row(&c, "inverse")];
    for (int64_t v = 0; v < c.dims.V; v++)
        inverse[v] = (double)(float)inverse_length(values(&c, "table") + v * c.dims.D, c.dims.D);
    return c;
}

/* ------------------------------------------------------------------ scores apart */

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Fails unless the best K scores of each question, and the next, are further apart than float may
 * miss them. */
static void assert_apart(const op_case *c)
{
    const int64_t V = c->dims.V;
    double *score = malloc((size_t)(V + 1) * sizeof *score);
    assert_non_null(score);
    for (int64_t q = 0; q < c->dims.Q; q++) {
        int64_t n = 0;
        double most = 0;
        for (int64_t v = 0; v < V; v++) {
            double missed;
            if (is_excluded(c, q, v)) continue;
            score[n++] = score_of(c, q, v, &missed);
            most = fmax(most, missed);
        }
        qsort(score, (size_t)n, sizeof *score, falling);
        for (int64_t i = 0; i < c->dims.K && i + 1 < n; i++)
            if (score[i] - score[i + 1] <= 2 * most)
                fail_msg("scores %lld and %lld of question %lld are no further apart than %.3g: "
                         "%s \"%s\"",
                         (long long)i, (long long)i + 1, (long long)q, 2 * most, c->spec->name,
                         c->text);
    }
    free(score);
}

static void hold_on_all(const op_case *c)
{
    verdict why;
    if (!agrees_and_repeats(c, why)) fail_msg("%s", why);
}

static const char *const types[] = { "dtype=f32 id=i32", "dtype=f16 id=i64", "dtype=bf16 id=i32" };

static void hold_apart(const char *op, const char *const *sizes)
{
    for (int i = 0; sizes[i]; i++)
        for (int t = 0; t < 3; t++) {
            op_case c = made_of_rows(op, sizes[i], types[t]);
            assert_apart(&c);
            hold_on_all(&c);
            case_free(&c);
        }
}

/* ------------------------------------------------------------------ any scores */

/* The answers of a question are distinct rows that may be answered, with their scores, none of them
 * missed by more than float may, in order; and no row left out is better by more. */
static void assert_best(const op_case *c, const outcome *o, int64_t q, const char *backend)
{
    const int64_t K = c->dims.K, V = c->dims.V;
    const double *ids = o->value[case_row(c, "ids")] + q * K;
    const double *scores = o->value[case_row(c, "scores")] + q * K;
    bool *answered = calloc((size_t)V + 1, sizeof *answered);
    int64_t free_rows = 0;
    assert_non_null(answered);
    for (int64_t v = 0; v < V; v++) free_rows += !is_excluded(c, q, v);
    const int64_t n = free_rows < K ? free_rows : K;
    for (int64_t k = 0; k < n; k++) {
        const int64_t v = (int64_t)ids[k];
        double missed;
        if (v < 0 || v >= V || is_excluded(c, q, v) || answered[v])
            fail_msg("%s answers %lld at %lld", backend, (long long)v, (long long)k);
        answered[v] = true;
        const double score = score_of(c, q, v, &missed);
        if (!(fabs(scores[k] - score) <= missed))
            fail_msg("%s: row %lld scores %.9g, expected %.9g", backend, (long long)v, scores[k],
                     score);
        if (k > 0)
            assert_true(scores[k] < scores[k - 1] ||
                        (scores[k] == scores[k - 1] && ids[k] > ids[k - 1]));
    }
    for (int64_t k = n; k < K; k++) assert_true(ids[k] == -1 && scores[k] == 0);
    for (int64_t v = 0; v < V && K && n == K; v++) {
        double missed;
        if (answered[v] || is_excluded(c, q, v)) continue;
        const double score = score_of(c, q, v, &missed);
        if (!(score <= scores[K - 1] + missed))
            fail_msg("%s: row %lld is left out with %.9g, after %.9g", backend, (long long)v, score,
                     scores[K - 1]);
    }
    free(answered);
}

static void answers_the_best(const op_case *c)
{
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        verdict why;
        if (execute(&o, c, *b)) fail_msg("%s", o.trouble);
        for (int64_t q = 0; q < c->dims.Q; q++) assert_best(c, &o, q, (*b)->name);
        outcome_free(&o);
        if ((*b)->device == WL_CPU && !repeats_on(*b, c, why)) fail_msg("%s", why);
    }
}

static const char *const both[] = { "similarity_topk", "similarity_multiply" };

static void rows_that_are_alike_are_answered_once_each(void **state)
{
    static const char *const sizes[] = {
        "Q=3 V=70 D=1 K=5 E=3", /* two directions */
        "Q=7 V=70 D=1 K=64",    /* with products by gemm */
        "Q=3 V=90 D=6 K=20",
        "Q=7 V=90 D=6 K=40 E=2",
    };
    (void)state;
    for (int op = 0; op < 2; op++)
        for (int i = 0; i < 4; i++)
            for (int t = 0; t < 3; t++) {
                op_case c = made_of_rows(both[op], sizes[i], types[t]);
                double *table = c.value[case_row(&c, "table")];
                double *inverse = c.value[case_row(&c, "inverse")];
                for (int64_t v = 13; v < c.dims.V; v++) {
                    inverse[v] = inverse[v % 13];
                    memcpy(table + v * c.dims.D, table + v % 13 * c.dims.D,
                           (size_t)c.dims.D * sizeof *table);
                }
                answers_the_best(&c);
                case_free(&c);
            }
}

static void many_are_answered_of_many(void **state)
{
    static const char *const sizes[] = {
        "Q=1 V=5000 D=20 K=1024",        /* of two parts */
        "Q=33 V=1100 D=9 K=1024 E=1",    /* with more than CUDA's tile of so many answers */
        "Q=2 V=1000 D=16 K=1024 pad=16", /* all there are, and the rest */
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        op_case c = made_of_rows("similarity_topk", sizes[i], i ? types[i] : types[0]);
        answers_the_best(&c);
        case_free(&c);
    }
    op_case c = made_of_rows("similarity_multiply", "Q=2 V=700 D=30 K=500 E=3", types[0]);
    answers_the_best(&c);
    case_free(&c);
}

/* ------------------------------------------------------------------ by hand */

static void lengths_are_as_by_hand(void **state)
{
    /* 5, nothing, 2^100 that is no number squared, 2^-126, and less than that */
    const double table[] = { 3, 4, 0, 0, 0x1p100, 0, 0, -0x1p-126, 0x1p-127, 0 };
    const double inverse[] = { (double)0.2f, 0, 0x1p-100, 0x1p126, 0 };
    op_case c = made("similarity_norms", "V=5 D=2");
    (void)state;
    put_values(&c, "table", table);
    gives(&c, "inverse", inverse);
    case_free(&c);
}

static void lengths_hold(void **state)
{
    static const char *const sizes[] = {
        "V=0 D=5",        /* no rows */
        "V=3 D=0",        /* no features */
        "V=1 D=1",        /* one of each */
        "V=9 D=7",        /* a row more than a block's */
        "V=17 D=8 pad=8", /* packs, in padded rows */
        "V=5 D=300",      /* three packs a lane */
        "V=5 D=64 offset=1" /* element-aligned pointers */,
        "V=400 D=100", /* more than one thread's of the reference */
        NULL,
    };
    (void)state;
    all_hold("similarity_norms", sizes, "");
}

/* Rows of each of: along, across, against, nothing, along. */
static const double directions[] = { 4, 0, 0, 0.5, -1, 0, 0, 0, 2, 0 };

static op_case made_of_directions(const char *sizes)
{
    const double query[] = { 8, 0 }, inverse[] = { 0.25, 2, 1, 0, 0.5 };
    op_case c = made("similarity_topk", sizes);
    put_values(&c, "table", directions);
    put_values(&c, "inverse", inverse);
    put_values(&c, "queries", query);
    return c;
}

static void the_best_come_first_and_of_equals_the_lower_id(void **state)
{
    const double ids[] = { 0, 4, 1, 3, 2, -1, -1 }, scores[] = { 1, 1, 0, 0, -1, 0, 0 };
    op_case c = made_of_directions("Q=1 V=5 D=2 K=7 -excluded");
    (void)state;
    gives(&c, "ids", ids);
    gives(&c, "scores", scores);
    case_free(&c);
}

static void excluded_rows_are_not_answered(void **state)
{
    const double excluded[] = { 4, -1, 1, 4 };
    const double ids[] = { 0, 3, 2, -1, -1 }, scores[] = { 1, 0, -1, 0, 0 };
    op_case c = made_of_directions("Q=1 V=5 D=2 K=5 E=4");
    (void)state;
    put_values(&c, "excluded", excluded);
    gives(&c, "ids", ids);
    gives(&c, "scores", scores);
    case_free(&c);
}

static void a_query_of_nothing_is_equally_far_from_all(void **state)
{
    const double nothing[] = { 0, 0 }, ids[] = { 0, 1, 2 }, scores[] = { 0, 0, 0 };
    op_case c = made_of_directions("Q=1 V=5 D=2 K=3 -excluded");
    (void)state;
    put_values(&c, "queries", nothing);
    gives(&c, "ids", ids);
    gives(&c, "scores", scores);
    case_free(&c);
}

static void rows_that_are_not_finite_are_not_answered(void **state)
{
    const double table[] = { NAN, 0, 1, 0, INFINITY, 0, 2, 0, -INFINITY, 1 };
    const double inverse[] = { 0, 1, 0, 0.5, 0 }, ids[] = { 1, 3, -1, -1 };
    op_case c = made_of_directions("Q=1 V=5 D=2 K=4 -excluded");
    (void)state;
    put_values(&c, "table", table);
    put_values(&c, "inverse", inverse);
    gives(&c, "ids", ids);
    case_free(&c);
}

/* a, b and c are orthogonal; the rows are b, -a and a */
static void an_analogy_is_a_quotient_of_cosines(void **state)
{
    const double table[] = { 0, 1, 0, -2, 0, 0, 1, 0, 0 }, inverse[] = { 1, 0.5, 1 };
    const double queries[] = { 1, 0, 0, 0, 4, 0, 0, 0, 1 }, ids[] = { 1, 0, 2 };
    const double scores[] = { (double)(0.25f / 1e-3f), (double)(0.5f / (0.5f + 1e-3f)),
                              (double)(0.25f / (1 + 1e-3f)) };
    op_case c = made("similarity_multiply", "Q=1 V=3 D=3 K=3 -excluded");
    (void)state;
    put_values(&c, "table", table);
    put_values(&c, "inverse", inverse);
    put_values(&c, "queries", queries);
    gives(&c, "ids", ids);
    gives(&c, "scores", scores);
    case_free(&c);
}

/* ------------------------------------------------------------------ agreement */

/* Where scores are 0 without rounding, or there are none. */
static const char *const exact[] = {
    "Q=0 V=9 D=5 K=3",     /* no questions */
    "Q=3 V=0 D=5 K=3 E=2", /* no rows */
    "Q=3 V=9 D=5 K=0",     /* no answers */
    "Q=3 V=9 D=0 K=4 E=2", /* no features: all scores are equal */
    "Q=6 V=9 D=0 K=4",     /* more queries than few */
    "Q=2 V=9 D=5 K=3 E=0", /* none excluded */
    "Q=5 V=1 D=3 K=1 E=1", /* one row */
    NULL,
};

static void topk_holds(void **state)
{
    static const char *const sizes[] = {
        "Q=1 V=9 D=5 K=3 E=3",
        "Q=1 V=300 D=9 K=5 -excluded", /* one query */
        "Q=4 V=300 D=8 K=5 E=3",       /* the most that need no gemm, in packs */
        "Q=5 V=300 D=8 K=5 E=3",       /* one more */
        "Q=3 V=33 D=12 K=40 E=2",      /* more than there are */
        "Q=3 V=50 D=8 K=4 pad=8",      /* padded rows, in packs */
        "Q=9 V=50 D=16 K=4 pad=3",     /* and not */
        "Q=3 V=50 D=16 K=4 offset=1",  /* element-aligned pointers */
        "Q=9 V=50 D=16 K=4 offset=1",
        "Q=1 V=4097 D=7 K=3 E=1",         /* one row more than a part */
        "Q=2 V=1000 D=300 K=1 -excluded", /* word vectors */
        NULL,
    };
    (void)state;
    all_hold("similarity_topk", exact, "");
    hold_apart("similarity_topk", sizes);
}

static void multiply_holds(void **state)
{
    static const char *const sizes[] = {
        "Q=1 V=300 D=9 K=5 E=3",      /* no gemm */
        "Q=1 V=30 D=16 K=5 pad=8",    /* in packs */
        "Q=2 V=300 D=9 K=5 E=3",      /* gemm */
        "Q=3 V=30 D=5 K=40 E=2",      /* more than there are */
        "Q=1 V=4097 D=9 K=2",         /* one row more than a part */
        "Q=5 V=50 D=16 K=4 offset=1", /* element-aligned pointers */
        NULL,
    };
    (void)state;
    all_hold("similarity_multiply", exact, "");
    hold_apart("similarity_multiply", sizes);
}

/* of questions; and of rows, of which each has two parts */
static void tiles_are_searched_in_turn(void **state)
{
    op_case c = made_of_rows("similarity_topk", "Q=258 V=8200 D=6 K=2 -excluded", types[0]);
    op_case d = made_of_rows("similarity_multiply", "Q=86 V=20 D=8 K=1", types[0]);
    (void)state;
    answers_the_best(&c);
    answers_the_best(&d);
    case_free(&c), case_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_as_by_hand),
        cmocka_unit_test(lengths_hold),
        cmocka_unit_test(the_best_come_first_and_of_equals_the_lower_id),
        cmocka_unit_test(excluded_rows_are_not_answered),
        cmocka_unit_test(a_query_of_nothing_is_equally_far_from_all),
        cmocka_unit_test(rows_that_are_not_finite_are_not_answered),
        cmocka_unit_test(an_analogy_is_a_quotient_of_cosines),
        cmocka_unit_test(topk_holds),
        cmocka_unit_test(multiply_holds),
        cmocka_unit_test(rows_that_are_alike_are_answered_once_each),
        cmocka_unit_test(many_are_answered_of_many),
        cmocka_unit_test(tiles_are_searched_in_turn),
    };
    return cmocka_run_group_tests_name("similarity", tests, NULL, NULL);
}
