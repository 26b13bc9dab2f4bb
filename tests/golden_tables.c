/* <wordloom/embedding.h> against the golden files embedding, time_embedding and embedding_dot. */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* A lookup and its gradient, by both scatters; ids of several axes are one list of lookups. */
static void looks_up_as_the_book(const char *file)
{
    static const char *const scatters[] = { "embedding_scatter", "embedding_scatter_atomic" };
    golden *g = golden_open(file);
    const long long N = golden_count(g, "in.ids"), V = golden_axis(g, "param.weight", 0);
    const long long D = golden_axis(g, "param.weight", 1);
    op_case forward = golden_case("embedding_gather", "N=%lld V=%lld D=%lld", N, V, D);
    put_golden(&forward, "table", g, "param.weight");
    put_golden(&forward, "ids", g, "in.ids");
    outcome y = golden_run(&forward);
    reproduces(g, "out.y", row_of(&y, "y"));
    for (int i = 0; i < 2; i++) {
        op_case backward = golden_case(scatters[i], "N=%lld V=%lld D=%lld -weights", N, V, D);
        put_golden(&backward, "ids", g, "in.ids");
        put_golden(&backward, "dy", g, "in.dout");
        put_everywhere(&backward, "dtable", 0);
        outcome dtable = golden_run(&backward);
        reproduces(g, "grad.weight", row_of(&dtable, "dtable"));
        outcome_free(&dtable);
        case_free(&backward);
    }
    outcome_free(&y);
    case_free(&forward);
    golden_close(g);
}

static void embedding_is_the_books(void **state)
{
    (void)state;
    looks_up_as_the_book("embedding");
}

static void time_embedding_is_the_books(void **state)
{
    (void)state;
    looks_up_as_the_book("time_embedding");
}

/* No operator of ours ends in a bare product h[n] . table[idx[n]]: negative sampling, which takes
 * it, goes on to its logistic function. That is one to one, so the product is right if g, for
 * slot 0 and a scale of 1, is sigmoid(y) - 1 of the book's y. */
static void embedding_dot_is_the_books_score(void **state)
{
    (void)state;
    golden *g = golden_open("embedding_dot");
    const int64_t N = golden_count(g, "in.idx");
    op_case c = golden_case("negative_sampling_forward", "N=%lld K=1 V=%lld D=%lld scale=1 -dh",
                            (long long)N, (long long)golden_axis(g, "param.weight", 0),
                            (long long)golden_axis(g, "param.weight", 1));
    put_golden(&c, "h", g, "in.h");
    put_golden(&c, "table", g, "param.weight");
    put_golden(&c, "samples", g, "in.idx");
    outcome o = golden_run(&c);
    double *right = malloc((size_t)N * sizeof *right);
    assert_non_null(right);
    for (int64_t n = 0; n < N; n++) right[n] = -1 / (1 + exp(golden_values(g, "out.y")[n]));
    reproduces_values("sigmoid(y) - 1 of embedding_dot", right, row_of(&o, "g"), N);
    free(right);
    outcome_free(&o);
    case_free(&c);
    golden_close(g);
}

/* dh = dout table[idx] and dtable[idx] += dout h, by the two ways that we have: the gradient of
 * negative sampling, of which dout is the g, and lookups with dout as their weights. */
static void embedding_dot_has_the_books_gradients(void **state)
{
    (void)state;
    golden *g = golden_open("embedding_dot");
    const long long N = golden_count(g, "in.idx"), V = golden_axis(g, "param.weight", 0);
    const long long D = golden_axis(g, "param.weight", 1);
    op_case both =
        golden_case("negative_sampling_backward", "N=%lld K=1 V=%lld D=%lld -dloss", N, V, D);
    put_golden(&both, "h", g, "in.h");
    put_golden(&both, "table", g, "param.weight");
    put_golden(&both, "samples", g, "in.idx");
    put_golden(&both, "g", g, "in.dout");
    put_everywhere(&both, "dtable", 0);
    outcome o = golden_run(&both);
    reproduces(g, "out.dh", row_of(&o, "dh"));
    reproduces(g, "grad.weight", row_of(&o, "dtable"));

    op_case pooled = golden_case("embedding_gather_pooled", "N=%lld V=%lld D=%lld", N, V, D);
    put_golden(&pooled, "table", g, "param.weight");
    put_golden(&pooled, "ids", g, "in.idx");
    put_golden(&pooled, "weights", g, "in.dout");
    outcome dh = golden_run(&pooled);
    reproduces(g, "out.dh", row_of(&dh, "y"));

    op_case scatter = golden_case("embedding_scatter", "N=%lld V=%lld D=%lld", N, V, D);
    put_golden(&scatter, "ids", g, "in.idx");
    put_golden(&scatter, "weights", g, "in.dout");
    put_golden(&scatter, "dy", g, "in.h");
    put_everywhere(&scatter, "dtable", 0);
    outcome dtable = golden_run(&scatter);
    reproduces(g, "grad.weight", row_of(&dtable, "dtable"));

    outcome_free(&o), outcome_free(&dh), outcome_free(&dtable);
    case_free(&both), case_free(&pooled), case_free(&scatter);
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedding_is_the_books),
        cmocka_unit_test(time_embedding_is_the_books),
        cmocka_unit_test(embedding_dot_is_the_books_score),
        cmocka_unit_test(embedding_dot_has_the_books_gradients),
    };
    return golden_result(cmocka_run_group_tests_name("golden_tables", tests, NULL, NULL));
}
