/* <wordloom/softmax_xent.h> and <wordloom/sigmoid_xent.h> against the golden files softmax_loss,
 * time_softmax_loss* and sigmoid_loss. */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Loss and gradient at logits of N rows; forward's case and outcome are the caller's. */
static outcome both_ways(op_case *forward, const golden *g, const char *logits, const char *labels,
                         const char *wanted, double dloss)
{
    const long long N = golden_count(g, labels), V = golden_count(g, logits) / N;
    *forward = golden_case("softmax_xent_forward", "N=%lld V=%lld", N, V);
    op_case backward = golden_case("softmax_xent_backward", "N=%lld V=%lld", N, V);
    put_golden(forward, "logits", g, logits);
    put_golden(forward, "labels", g, labels);
    outcome f = golden_run(forward);
    put_golden(&backward, "logits", g, logits);
    put_golden(&backward, "labels", g, labels);
    put_values(&backward, "lse", row_of(&f, "lse"));
    put_values(&backward, "count", row_of(&f, "count"));
    put_everywhere(&backward, "dloss", dloss);
    outcome b = golden_run(&backward);
    reproduces(g, wanted, row_of(&b, "dlogits"));
    outcome_free(&b);
    case_free(&backward);
    return f;
}

/* The book adds 1e-7 within the logarithm of the loss alone. */
static void softmax_loss_is_the_books_but_for_its_epsilon(void **state)
{
    (void)state;
    golden *g = golden_open("softmax_loss");
    const int64_t N = golden_count(g, "in.t");
    op_case c;
    outcome f = both_ways(&c, g, "in.x", "in.t", "out.dx", 1);
    double loss = 0;
    for (int64_t n = 0; n < N; n++)
        loss -= log(exp(-row_of(&f, "losses")[n]) + books_epsilon) / (double)N;
    reproduces(g, "out.loss", &loss);
    outcome_free(&f);
    case_free(&c);
    golden_close(g);
}

static void losses_over_time_are_the_books(void **state)
{
    static const char *const files[] = { "time_softmax_loss", "time_softmax_loss_dout",
                                         "time_softmax_loss_ignore" };
    (void)state;
    for (int i = 0; i < 3; i++) {
        golden *g = golden_open(files[i]);
        op_case c;
        outcome f = both_ways(&c, g, "in.logits", "in.targets", "out.dlogits",
                              *golden_values(g, "in.dout"));
        reproduces(g, "out.loss", row_of(&f, "loss"));
        outcome_free(&f);
        case_free(&c);
        golden_close(g);
    }
}

/* The probabilities follow from the gradients, and from them the loss with the book's epsilon. */
static void sigmoid_loss_is_the_books_but_for_its_epsilon(void **state)
{
    (void)state;
    golden *g = golden_open("sigmoid_loss");
    const long long N = golden_count(g, "in.t");
    const double *t = golden_values(g, "in.t");
    op_case forward = golden_case("sigmoid_xent_forward", "N=%lld D=1", N);
    op_case backward = golden_case("sigmoid_xent_backward", "N=%lld D=1 -dloss", N);
    put_golden(&forward, "x", g, "in.x"), put_golden(&forward, "targets", g, "in.t");
    put_golden(&backward, "x", g, "in.x"), put_golden(&backward, "targets", g, "in.t");
    outcome f = golden_run(&forward), b = golden_run(&backward);
    double books = 0, ours = 0;
    for (int64_t n = 0; n < N; n++) {
        const double p = (double)N * row_of(&b, "dx")[n] + t[n], right = t[n] > 0 ? p : 1 - p;
        books -= log(right + books_epsilon) / (double)N;
        ours -= log(right) / (double)N;
    }
    reproduces(g, "out.dx", row_of(&b, "dx"));
    reproduces(g, "out.loss", &books);
    reproduces_values("loss", &ours, row_of(&f, "loss"), 1);
    outcome_free(&f), outcome_free(&b);
    case_free(&forward), case_free(&backward);
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax_loss_is_the_books_but_for_its_epsilon),
        cmocka_unit_test(losses_over_time_are_the_books),
        cmocka_unit_test(sigmoid_loss_is_the_books_but_for_its_epsilon),
    };
    return golden_result(cmocka_run_group_tests_name("golden_losses", tests, NULL, NULL));
}
