/* Tests of <wordloom/cooccurrence.h>. */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ count by hand */

/* What a text gives, its pairs at distance d weighing weights[d - 1]. */
static void counts(const char *sizes, const double *tokens, const double *weights,
                   const double *keys, const double *sums, double count)
{
    op_case c = made("cooccurrence_count", sizes);
    put_values(&c, "tokens", tokens);
    put_values(&c, "weights", weights);
    gives(&c, "count", &count);
    gives(&c, "keys", keys);
    gives(&c, "sums", sums);
    case_free(&c);
}

/* "you say goodbye and i say hello ." */
static void neighbours_are_counted_both_ways(void **state)
{
    const double text[] = { 0, 1, 2, 3, 4, 1, 5, 6 }, one[] = { 1 };
    const double keys[] = { 1, 7, 9, 11, 12, 15, 17, 23, 25, 29, 31, 36, 41, 47 };
    const double sums[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    (void)state;
    counts("N=8 W=1 V=7", text, one, keys, sums, 14);
}

static void a_word_beside_itself_counts_twice(void **state)
{
    const double text[] = { 0, 0, 0 }, weights[] = { 5, 7 }, keys[] = { 0 }, sums[] = { 34 };
    (void)state;
    counts("N=3 W=2 V=1", text, weights, keys, sums, 1);
}

static void no_window_reaches_past_the_end_of_a_sentence(void **state)
{
    const double text[] = { 0, 1, -1, 1, 2, -1, -1, 0 }, weights[] = { 2, 1, 1, 1, 1 };
    const double keys[] = { 1, 3, 5, 7 }, sums[] = { 2, 2, 2, 2 };
    (void)state;
    counts("N=8 W=5 V=3", text, weights, keys, sums, 4);
}

static void windows_may_be_wider_than_the_text(void **state)
{
    const double text[] = { 2, 0, 1 }, weights[] = { 6, 3, 2, 1, 1, 1, 1, 1 };
    const double keys[] = { 1, 2, 3, 5, 6, 7 }, sums[] = { 6, 6, 6, 3, 6, 3 };
    (void)state;
    counts("N=3 W=8 V=3", text, weights, keys, sums, 6);
}

static void sums_are_exact_beyond_what_a_float_holds(void **state)
{
    const double text[] = { 0, 0, 0, 0 }, weights[] = { 0x1p40 + 1, 0x1p24 + 1 };
    const double keys[] = { 0 }, sums[] = { 6 * (0x1p40 + 1) + 4 * (0x1p24 + 1) };
    (void)state;
    counts("N=4 W=2 V=1", text, weights, keys, sums, 1);
}

/* of a 0 b a, the first two were there before */
static void pairs_of_what_is_old_are_left_out(void **state)
{
    const double text[] = { 0, 1, 2, 0 }, weights[] = { 10, 1 };
    const double keys[] = { 1, 2, 3, 5, 6, 7 }, sums[] = { 1, 11, 1, 10, 11, 10 };
    const double none[] = { 0 };
    (void)state;
    counts("N=4 W=2 V=3 old=2", text, weights, keys, sums, 6);
    counts("N=4 W=2 V=3 old=4", text, weights, none, none, 0);
    counts("N=4 W=2 V=3 old=9", text, weights, none, none, 0);
}

static void ids_out_of_bounds_end_a_sentence_and_are_told(void **state)
{
    const double text[] = { 0, 1, 3, 1, 2 }, weights[] = { 1, 1 };
    const double keys[] = { 1, 3, 5, 7 };
    op_case c = made("cooccurrence_count", "N=5 W=2 V=3");
    (void)state;
    put_values(&c, "tokens", text);
    put_values(&c, "weights", weights);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        assert_int_not_equal(execute(&o, &c, *b), 0);
        assert_int_equal(o.status, WL_BAD_ID);
        assert_non_null(strstr(o.trouble, "tokens"));
        assert_true(o.value[case_row(&c, "count")][0] == 4);
        assert_memory_equal(o.value[case_row(&c, "keys")], keys, sizeof keys);
        outcome_free(&o);
    }
    case_free(&c);
}

/* ------------------------------------------------------------------ count in general */

static void count_holds(void **state)
{
    static const char *const sizes[] = {
        "N=0 W=2 V=5",            /* no text */
        "N=0 W=2 V=0",            /* no words */
        "N=9 W=0 V=5",            /* no window */
        "N=1 W=3 V=5",            /* no neighbour */
        "N=7 W=9 V=3",            /* a window wider than the text */
        "N=300 W=3 V=5",          /* long rows, ordered by one digit */
        "N=400 W=5 V=300",        /* by two */
        "N=900 W=12 V=70000",     /* by three */
        "N=300 W=2 V=2147483648", /* the largest keys */
        "N=5000 W=2 V=100",       /* more than one thread */
        "N=300 W=4 V=9 old=100",  /* a piece of a text */
        "N=60 W=2 V=9 offset=1",  /* element-aligned pointers */
        NULL,
    };
    (void)state;
    all_hold("cooccurrence_count", sizes, "");
    holds("cooccurrence_count", "N=300 W=3 V=5 old=0");
}

/* Puts what a case gives on the oracle into a [V,V], added to what is there. */
static void add_counts(double *to, const op_case *c)
{
    outcome o;
    if (execute(&o, c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    const int64_t n = (int64_t)o.value[case_row(c, "count")][0];
    const double *keys = o.value[case_row(c, "keys")], *sums = o.value[case_row(c, "sums")];
    for (int64_t i = 0; i < n; i++) to[(int64_t)keys[i]] += sums[i];
    outcome_free(&o);
}

/* The definition, pair by pair. */
static void define_counts(double *to, const double *tokens, int64_t N, const double *weights,
                          int64_t W, int64_t V)
{
    for (int64_t p = 0; p < N; p++)
        for (int64_t q = p + 1, within = tokens[p] >= 0; q < N && q - p <= W && within; q++) {
            within = tokens[q] >= 0;
            if (!within) break;
            to[(int64_t)tokens[p] * V + (int64_t)tokens[q]] += weights[q - p - 1];
            to[(int64_t)tokens[q] * V + (int64_t)tokens[p]] += weights[q - p - 1];
        }
}

static void counts_are_their_definition_whole_and_in_pieces(void **state)
{
    enum { N = 200, W = 4, V = 13 };
    double right[V * V] = { 0 }, whole[V * V] = { 0 }, pieces[V * V] = { 0 };
    op_case c = made("cooccurrence_count", "N=200 W=4 V=13");
    const double *tokens = c.value[case_row(&c, "tokens")];
    const double *weights = c.value[case_row(&c, "weights")];
    (void)state;
    define_counts(right, tokens, N, weights, W, V);
    add_counts(whole, &c);
    assert_memory_equal(whole, right, sizeof right);
    for (int64_t at = 0; at < N; at += 33) { /* pieces of 33 and what stands before them */
        const int64_t from = at < W ? 0 : at - W, to = at + 33 < N ? at + 33 : N;
        char text[64];
        snprintf(text, sizeof text, "N=%lld W=4 V=13 old=%lld", (long long)(to - from),
                 (long long)(at - from));
        op_case piece = made("cooccurrence_count", text);
        put_values(&piece, "tokens", tokens + from);
        put_values(&piece, "weights", weights);
        add_counts(pieces, &piece);
        case_free(&piece);
    }
    assert_memory_equal(pieces, right, sizeof right);
    for (int i = 0; i < V; i++)
        for (int j = 0; j < V; j++) assert_true(right[i * V + j] == right[j * V + i]);
    case_free(&c);
}

/* ------------------------------------------------------------------ ppmi */

static void ppmi_is_by_hand(void **state)
{
    const double rows[] = { 0, 1, 0, 1, 0 }, columns[] = { 0, 0, 1, 1, 1 };
    const double values[] = { 2, 1, 0, -3, 8 }, row_sums[] = { 2, 8 }, column_sums[] = { 4, 8 };
    const double plain[] = { 2, 0, 0, 0, 3 }, shifted[] = { 1, 0, 0, 0, 2 };
    const char *const sizes[] = { "N=5 R=2 C=2 total=16 eps=0",
                                  "N=5 R=2 C=2 total=16 eps=0 shift=1" };
    (void)state;
    for (int i = 0; i < 2; i++) { /* log2 of 2 16 / (2 4), 1 16 / (8 4) and 8 16 / (2 8) */
        op_case c = made("cooccurrence_ppmi", sizes[i]);
        put_values(&c, "rows", rows), put_values(&c, "columns", columns);
        put_values(&c, "values", values);
        put_values(&c, "row_sums", row_sums), put_values(&c, "column_sums", column_sums);
        gives(&c, "y", i ? shifted : plain);
        case_free(&c);
    }
}

static void ppmi_holds(void **state)
{
    static const char *const sizes[] = {
        "N=0 R=5 C=5",        /* nothing */
        "N=1 R=1 C=1",        /* one of everything */
        "N=70 R=9 C=13",      /* more columns than rows */
        "N=300 R=9 C=5",      /* more than a block */
        "N=5000 R=90 C=90",   /* more than one thread */
        "N=70 R=9 C=9 pad=3", /* nothing is strided */
        NULL,
    };
    (void)state;
    all_hold("cooccurrence_ppmi", sizes, "total=100");
    all_hold("cooccurrence_ppmi", sizes, "total=100 eps=0 shift=1.5 offset=1");
}

static void ppmi_works_in_place(void **state)
{
    (void)state;
    works_in_place("cooccurrence_ppmi", "values", "y", "N=300 R=9 C=7 total=100");
}

static void ppmi_of_ids_out_of_bounds_is_0_and_told(void **state)
{
    op_case c = made("cooccurrence_ppmi", "N=9 R=5 C=5 bad=2 total=100");
    (void)state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        assert_int_not_equal(execute(&o, &c, *b), 0);
        assert_int_equal(o.status, WL_BAD_ID);
        for (int i = 0; i < 2; i++) assert_true(o.value[case_row(&c, "y")][i] == 0);
        outcome_free(&o);
    }
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_counted_both_ways),
        cmocka_unit_test(a_word_beside_itself_counts_twice),
        cmocka_unit_test(no_window_reaches_past_the_end_of_a_sentence),
        cmocka_unit_test(windows_may_be_wider_than_the_text),
        cmocka_unit_test(sums_are_exact_beyond_what_a_float_holds),
        cmocka_unit_test(pairs_of_what_is_old_are_left_out),
        cmocka_unit_test(ids_out_of_bounds_end_a_sentence_and_are_told),
        cmocka_unit_test(count_holds),
        cmocka_unit_test(counts_are_their_definition_whole_and_in_pieces),
        cmocka_unit_test(ppmi_is_by_hand),
        cmocka_unit_test(ppmi_holds),
        cmocka_unit_test(ppmi_works_in_place),
        cmocka_unit_test(ppmi_of_ids_out_of_bounds_is_0_and_told),
    };
    return cmocka_run_group_tests_name("cooccurrence", tests, NULL, NULL);
}
