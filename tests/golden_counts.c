/* <wordloom/cooccurrence.h> against the golden files co_ppmi_tiny and co_ppmi_random. */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST_WORDS = 16 };

typedef struct dense {
    double entry[MOST_WORDS * MOST_WORDS], sum[MOST_WORDS], total;
} dense;

static dense count(const golden *g, long long V, long long window)
{
    dense m = { { 0 }, { 0 }, 0 };
    op_case c = golden_case("cooccurrence_count", "N=%lld V=%lld W=%lld",
                            (long long)golden_count(g, "in.corpus"), V, window);
    put_golden(&c, "tokens", g, "in.corpus");
    put_everywhere(&c, "weights", 1);
    outcome o = golden_run(&c);
    const double *keys = row_of(&o, "keys"), *sums = row_of(&o, "sums");
    for (int64_t i = 0; i < (int64_t)*row_of(&o, "count"); i++) {
        m.entry[(int64_t)keys[i]] = sums[i];
        m.sum[(int64_t)keys[i] % V] += sums[i];
        m.total += sums[i];
    }
    outcome_free(&o);
    case_free(&c);
    return m;
}

/* What the book's program adds to each number that it takes the logarithm of: an input. */
static const double inside_the_logarithm = 1e-8;

/* Of all entries, those that are 0 among them. */
static void associate(double *y, const dense *m, long long V)
{
    op_case c =
        golden_case("cooccurrence_ppmi", "N=%lld R=%lld C=%lld total=%.17g eps=%.17g shift=0",
                    V * V, V, V, m->total, inside_the_logarithm);
    double rows[MOST_WORDS * MOST_WORDS], columns[MOST_WORDS * MOST_WORDS];
    for (long long i = 0; i < V * V; i++) {
        rows[i] = (double)(i / V);
        columns[i] = (double)(i % V);
    }
    put_values(&c, "rows", rows), put_values(&c, "columns", columns);
    put_values(&c, "values", m->entry);
    put_values(&c, "row_sums", m->sum), put_values(&c, "column_sums", m->sum);
    golden_row(y, &c, "y");
}

static void check(const golden *g, long long V, long long window, const char *counts,
                  const char *ppmi)
{
    double y[MOST_WORDS * MOST_WORDS];
    assert_in_range(V, 1, MOST_WORDS);
    const dense m = count(g, V, window);
    reproduces(g, counts, m.entry);
    associate(y, &m, V);
    reproduces(g, ppmi, y);
}

static void goodbye_and_hello_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("co_ppmi_tiny");
    check(g, golden_axis(g, "out.co", 0), 1, "out.co", "out.ppmi");
    golden_close(g);
}

static void windows_of_one_to_three_are_the_books(void **state)
{
    static const char *const counts[] = { "win1.co", "win2.co", "win3.co" };
    static const char *const ppmi[] = { "win1.ppmi", "win2.ppmi", "win3.ppmi" };
    (void)state;
    golden *g = golden_open("co_ppmi_random");
    for (int i = 0; i < 3; i++)
        check(g, (long long)*golden_values(g, "in.vocab_size"), i + 1, counts[i], ppmi[i]);
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goodbye_and_hello_are_the_books),
        cmocka_unit_test(windows_of_one_to_three_are_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_counts", tests, NULL, NULL));
}
