/* <wordloom/dropout.h> against the golden files dropout and time_dropout. */
#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ dropout */

/* Runs one way and compares it with the file, after a factor on each element. */
static void drops_as_the_book(const golden *g, op_case *c, const char *in, const char *out,
                              const char *given, const char *wanted, double factor)
{
    const int64_t count = golden_count(g, wanted);
    double *scaled = malloc((size_t)count * sizeof *scaled);
    assert_non_null(scaled);
    put_golden(c, in, g, given);
    outcome o = golden_run(c);
    for (int64_t i = 0; i < count; i++) scaled[i] = factor * row_of(&o, out)[i];
    reproduces(g, wanted, scaled);
    free(scaled);
    outcome_free(&o);
}

/* Both ways by the file's mask, of which anything but 0 keeps. */
static void both_ways_drop_as_the_book(const char *file, double factor_less_p)
{
    golden *g = golden_open(file);
    const double p = *golden_values(g, "in.ratio");
    const int64_t count = golden_count(g, "in.x");
    const double factor = 1 - factor_less_p * p;
    op_case forward = golden_case("dropout_forward", "T=1 N=%lld p=%.17g", (long long)count, p);
    op_case backward = golden_case("dropout_backward", "T=1 N=%lld p=%.17g", (long long)count, p);
    for (int64_t i = 0; i < count; i++) {
        const double kept = golden_values(g, "in.mask")[i] != 0;
        forward.value[case_row(&forward, "mask")][i] = kept;
        backward.value[case_row(&backward, "mask")][i] = kept;
    }
    drops_as_the_book(g, &forward, "x", "y", "in.x", "out.y", factor);
    drops_as_the_book(g, &backward, "dy", "dx", "in.dout", "out.dx", factor);
    case_free(&forward), case_free(&backward);
    golden_close(g);
}

/* The classic form scales in evaluation, not in training: times 1 - p it is ours. */
static void dropout_is_the_books_but_for_its_scale(void **state)
{
    (void)state;
    both_ways_drop_as_the_book("dropout", 1);
}

static void time_dropout_is_the_books(void **state)
{
    (void)state;
    both_ways_drop_as_the_book("time_dropout", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_is_the_books_but_for_its_scale),
        cmocka_unit_test(time_dropout_is_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_dense", tests, NULL, NULL));
}
