/* <wordloom/dropout.h> and <wordloom/linear.h> against the golden files dropout, time_dropout,
 * matmul, affine and time_affine. */
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
    op_case forward =
        golden_case("dropout_forward", "T=1 N=%lld p=%.17g -residual", (long long)count, p);
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

/* ------------------------------------------------------------------ linear */

/* The book's weights are [in,out], ours [out,in]: rows x columns become columns x rows. */
static double *transposed(const double *from, int64_t rows, int64_t columns)
{
    double *to = malloc((size_t)(rows * columns) * sizeof *to);
    assert_non_null(to);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
    return to;
}

static void goes_forward_as_the_book(const golden *g, bool bias, const double *w, int64_t N,
                                     int64_t D, int64_t H)
{
    op_case c =
        golden_case("linear_forward", "N=%lld D=%lld H=%lld activation=%d -sum%s", (long long)N,
                    (long long)D, (long long)H, WL_IDENTITY, bias ? "" : " -b");
    put_golden(&c, "x", g, "in.x");
    put_values(&c, "w", w);
    if (bias) put_golden(&c, "b", g, "param.bias");
    outcome o = golden_run(&c);
    reproduces(g, "out.y", row_of(&o, "y"));
    outcome_free(&o);
    case_free(&c);
}

static void goes_back_as_the_book(const golden *g, bool bias, const double *w, int64_t N, int64_t D,
                                  int64_t H)
{
    op_case c =
        golden_case("linear_backward", "N=%lld D=%lld H=%lld activation=%d -sum -y%s", (long long)N,
                    (long long)D, (long long)H, WL_IDENTITY, bias ? "" : " -db");
    put_golden(&c, "x", g, "in.x");
    put_values(&c, "w", w);
    put_golden(&c, "dy", g, "in.dout");
    put_everywhere(&c, "dw", 0);
    if (bias) put_everywhere(&c, "db", 0);
    outcome o = golden_run(&c);
    double *dw = transposed(row_of(&o, "dw"), H, D);
    reproduces(g, "out.dx", row_of(&o, "dx"));
    reproduces(g, "grad.weight", dw);
    if (bias) reproduces(g, "grad.bias", row_of(&o, "db"));
    free(dw);
    outcome_free(&o);
    case_free(&c);
}

/* Inputs of several axes are one list of rows. */
static void is_the_books(const char *file, bool bias)
{
    golden *g = golden_open(file);
    const int64_t D = golden_axis(g, "param.weight", 0), H = golden_axis(g, "param.weight", 1);
    const int64_t N = golden_count(g, "in.x") / D;
    double *w = transposed(golden_values(g, "param.weight"), D, H);
    goes_forward_as_the_book(g, bias, w, N, D, H);
    goes_back_as_the_book(g, bias, w, N, D, H);
    free(w);
    golden_close(g);
}

static void matmul_is_the_books(void **state)
{
    (void)state;
    is_the_books("matmul", false);
}

static void affine_is_the_books(void **state)
{
    (void)state;
    is_the_books("affine", true);
}

static void time_affine_is_the_books(void **state)
{
    (void)state;
    is_the_books("time_affine", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropout_is_the_books_but_for_its_scale),
        cmocka_unit_test(time_dropout_is_the_books),
        cmocka_unit_test(matmul_is_the_books),
        cmocka_unit_test(affine_is_the_books),
        cmocka_unit_test(time_affine_is_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_dense", tests, NULL, NULL));
}
