/* Beam search on tables of scores that are known: against all hypotheses there are. */
#include "../host/models/seq2seq_search.h"
#include "data_files.h"

#include <math.h>

enum { V = 5, START = 3, END = 4, UNKNOWN = 2, MOST = 4, ROWS = 8 };

/* Scores before softmax of what follows `last` as token number n: any numbers, but fixed. */
static void follow(float *to, int32_t last, int64_t n, int table)
{
    for (int v = 0; v < V; v++)
        to[v] = 2.5f * sinf((float)(1 + table * 31 + last * 7 + (int)n * 13 + v * 17));
}

static double log_probability(const float *z, int v)
{
    double sum = 0;
    for (int i = 0; i < V; i++) sum += exp((double)z[i]);
    return (double)z[v] - log(sum);
}

static double score(double p, int64_t n, double penalty)
{
    return p / pow((5 + (double)n) / 6, penalty);
}

/* The best of all that begin so; the hypothesis has n tokens so far. */
static double best_of_all(int32_t last, int64_t n, double p, int table, double penalty)
{
    float z[V];
    double best = -HUGE_VAL;
    if (n == MOST) return score(p, n, penalty);
    follow(z, last, n, table);
    for (int32_t v = 0; v < V; v++) {
        if (v == START || v == UNKNOWN) continue;
        const double q = p + log_probability(z, v);
        const double found =
            v == END ? score(q, n + 1, penalty) : best_of_all(v, n + 1, q, table, penalty);
        best = fmax(best, found);
    }
    return best;
}

/* The translation of each table by a beam. */
static void search(int64_t width, int tables, double penalty, wl_translation *out)
{
    wl_beam b;
    wl_error error = { "" };
    int64_t most[ROWS], live = tables;
    float *z = malloc((size_t)(width * tables * V) * sizeof *z);
    for (int i = 0; i < tables; i++) most[i] = MOST;
    assert_int_equal(wl_beam_create(&b, width, tables, V, penalty, most, &error), WL_OK);
    b.start = START, b.end = END, b.unknown = UNKNOWN;
    for (int64_t r = 0; r < width * tables; r++) b.ids[r] = START;
    for (int64_t n = 0; live > 0; n++) {
        assert_true(n < MOST);
        for (int64_t r = 0; r < width * tables; r++)
            follow(z + r * V, b.ids[r], n, (int)(r / width));
        assert_int_equal(wl_beam_extend(&b, z, &live, &error), WL_OK);
        for (int64_t r = 0; r < width * tables; r++) /* a row goes on from one of its sentence */
            assert_int_equal(b.parents[r] / width, r / width);
    }
    for (int i = 0; i < tables; i++) assert_int_equal(wl_beam_best(&b, i, &out[i], &error), WL_OK);
    wl_beam_destroy(&b);
    free(z);
}

static void a_beam_as_wide_as_all_there_is_finds_the_best(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        wl_translation found[ROWS];
        search(WL_BEAM_MOST, ROWS, 0.5 * k, found);
        for (int i = 0; i < ROWS; i++) {
            const double best = best_of_all(START, 0, 0, i, 0.5 * k);
            assert_true(fabs(found[i].score - best) < 1e-6 * fabs(best));
            free(found[i].ids);
        }
    }
}

/* Those of float scores, which the search sums in double. */
static void a_beam_of_one_takes_the_most_probable_each_time(void **state)
{
    wl_translation found[ROWS];
    (void)state;
    search(1, ROWS, 0.6, found);
    for (int i = 0; i < ROWS; i++) {
        int32_t last = START;
        double p = 0;
        int64_t n = 0;
        while (n < MOST) {
            float z[V];
            int32_t best = END;
            follow(z, last, n, i);
            for (int32_t v = 0; v < 2; v++)
                if (z[v] > z[best]) best = v;
            p += log_probability(z, best);
            if (best == END) break;
            assert_int_equal(found[i].ids[n++], best);
            last = best;
        }
        assert_int_equal(found[i].count, n);
        assert_int_equal(found[i].ended, n < MOST);
        assert_true(fabs(found[i].log_probability - p) < 1e-6 * fabs(p));
        free(found[i].ids);
    }
}

static void equal_scores_give_the_first(void **state)
{
    const float z[2 * V] = { 1, 1, 9, 9, 1, 0, 0, 0, 0, 0 };
    wl_beam b;
    wl_error error = { "" };
    const int64_t most[1] = { 3 };
    int64_t live;
    (void)state;
    assert_int_equal(wl_beam_create(&b, 2, 1, V, 0, most, &error), WL_OK);
    b.start = START, b.end = END, b.unknown = UNKNOWN;
    assert_int_equal(wl_beam_extend(&b, z, &live, &error), WL_OK);
    assert_int_equal(live, 1);
    assert_int_equal(b.ids[0], 0);
    assert_int_equal(b.ids[1], 1);
    wl_beam_destroy(&b);
}

static void scores_that_are_no_numbers_are_told(void **state)
{
    const float z[V] = { NAN, NAN, NAN, NAN, NAN };
    wl_beam b;
    wl_error error = { "" };
    const int64_t most[1] = { 3 };
    int64_t live;
    (void)state;
    assert_int_equal(wl_beam_create(&b, 1, 1, V, 0, most, &error), WL_OK);
    b.start = START, b.end = END;
    assert_int_equal(wl_beam_extend(&b, z, &live, &error), WL_NOT_FINITE);
    assert_error(&error, "not finite", NULL);
    wl_beam_destroy(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beam_as_wide_as_all_there_is_finds_the_best),
        cmocka_unit_test(a_beam_of_one_takes_the_most_probable_each_time),
        cmocka_unit_test(equal_scores_give_the_first),
        cmocka_unit_test(scores_that_are_no_numbers_are_told),
    };
    return cmocka_run_group_tests_name("seq2seq_search", tests, NULL, NULL);
}
