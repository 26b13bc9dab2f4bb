/* <wordloom/optimizer.h> against the golden files optim_* (four steps on three tensors, states
 * carried along) and clip_grads. */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { TENSORS = 3, STEPS = 4, MOST = 64 /* elements of a tensor */ };

typedef struct rule {
    const char *file;
    int kind;
    const char *beta1, *beta2; /* the book's names of them; null: the rule has none */
    const char *more;          /* words of the case: what the rule does without */
} rule;

static double hyper(const golden *g, const char *name)
{
    return name ? *golden_values(g, name) : 0;
}

/* The book adds 1e-7 to the root, outside of Adam's bias correction. */
static op_case parameter(const golden *g, const rule *r, int tensor)
{
    char name[32];
    snprintf(name, sizeof name, "param.%d", tensor);
    op_case c = golden_case("optimizer_update",
                            "N=%lld rule.kind=%d rule.beta1=%.17g rule.beta2=%.17g rule.eps=%.17g "
                            "rule.eps_form=%d -copy -rule.scale %s",
                            (long long)golden_count(g, name), r->kind, hyper(g, r->beta1),
                            hyper(g, r->beta2), books_epsilon, WL_EPS_UNCORRECTED, r->more);
    put_golden(&c, "p", g, name);
    put_golden(&c, "rule.lr", g, "hyper.lr");
    if (c.value[case_row(&c, "m")]) put_everywhere(&c, "m", 0);
    if (c.value[case_row(&c, "v")]) put_everywhere(&c, "v", 0);
    return c;
}

static void carry(op_case *c, const outcome *o, const char *row)
{
    if (c->value[case_row(c, row)]) put_values(c, row, row_of(o, row));
}

static void one_step(op_case *c, const golden *g, int step, int tensor)
{
    char before[32], after[32], name[64];
    snprintf(name, sizeof name, "step%d.grad.%d", step, tensor);
    snprintf(after, sizeof after, "step%d.after.%d", step, tensor);
    snprintf(before, sizeof before, "step%d.after.%d", step - 1, tensor);
    if (step == 0) snprintf(before, sizeof before, "param.%d", tensor);
    put_golden(c, "g", g, name);
    if (c->value[case_row(c, "rule.step")]) put_everywhere(c, "rule.step", step + 1);
    outcome o = golden_run(c);
    reproduces_move(g, before, after, c->value[case_row(c, "p")], row_of(&o, "p"));
    carry(c, &o, "p"), carry(c, &o, "m"), carry(c, &o, "v");
    outcome_free(&o);
}

static void descends_as_the_book(void **state)
{
    const rule *r = *state;
    golden *g = golden_open(r->file);
    for (int tensor = 0; tensor < TENSORS; tensor++) {
        op_case c = parameter(g, r, tensor);
        for (int step = 0; step < STEPS; step++) one_step(&c, g, step, tensor);
        case_free(&c);
    }
    golden_close(g);
}

/* ------------------------------------------------------------------ clipping */

static void norm_of(const golden *g, double *sum)
{
    char name[32];
    *sum = 0;
    for (int i = 0; i < TENSORS; i++) {
        snprintf(name, sizeof name, "in.grad.%d", i);
        op_case c = golden_case("optimizer_sum_squares", "N=1 D=%lld -count",
                                (long long)golden_count(g, name));
        put_golden(&c, "x", g, name);
        put_values(&c, "sum", sum);
        outcome o = golden_run(&c);
        *sum = *row_of(&o, "sum");
        outcome_free(&o);
        case_free(&c);
    }
}

static double clip_scale(const golden *g, const char *which, const double *sum)
{
    char name[32];
    snprintf(name, sizeof name, "%s.max_norm", which);
    op_case c = golden_case(
        "optimizer_clip", "max_norm=%.17g -step -skipped -in_a_row -loss -total -loss_scale -clean",
        *golden_values(g, name));
    put_values(&c, "sum", sum);
    outcome o = golden_run(&c);
    const double scale = *row_of(&o, "scale");
    outcome_free(&o);
    case_free(&c);
    return scale;
}

/* A gradient is scaled where an update reads it: from 0 and with lr 1, SGD gives its negative. */
static void scales_as_the_book(const golden *g, const char *which, double scale, int tensor)
{
    char name[32];
    double negative[MOST];
    snprintf(name, sizeof name, "in.grad.%d", tensor);
    const int64_t N = golden_count(g, name);
    assert_in_range(N, 1, MOST);
    op_case c = golden_case("optimizer_update", "N=%lld rule.kind=%d -m -v -copy -rule.step",
                            (long long)N, WL_SGD);
    put_everywhere(&c, "p", 0);
    put_golden(&c, "g", g, name);
    put_everywhere(&c, "rule.lr", 1);
    put_everywhere(&c, "rule.scale", scale);
    outcome o = golden_run(&c);
    for (int64_t i = 0; i < N; i++) negative[i] = -row_of(&o, "p")[i];
    snprintf(name, sizeof name, "%s.grad.%d", which, tensor);
    reproduces(g, name, negative);
    outcome_free(&o);
    case_free(&c);
}

static void clipping_is_the_books(void **state)
{
    static const char *const runs[] = { "clipped", "untouched" };
    (void)state;
    golden *g = golden_open("clip_grads");
    double sum;
    norm_of(g, &sum);
    for (int run = 0; run < 2; run++) {
        char name[32];
        const double norm = sqrt(sum), scale = clip_scale(g, runs[run], &sum);
        snprintf(name, sizeof name, "%s.total_norm", runs[run]);
        reproduces(g, name, &norm);
        assert_true(run == 0 ? scale < 1 : scale == 1);
        for (int i = 0; i < TENSORS; i++) scales_as_the_book(g, runs[run], scale, i);
    }
    golden_close(g);
}

int main(void)
{
    static rule sgd = { "optim_sgd", WL_SGD, NULL, NULL, "-m -v -rule.step" },
                momentum = { "optim_momentum", WL_MOMENTUM, "hyper.momentum", NULL,
                             "-v -rule.step" },
                nesterov = { "optim_nesterov", WL_NESTEROV_NEW_VELOCITY, "hyper.momentum", NULL,
                             "-v -rule.step" },
                adagrad = { "optim_adagrad", WL_ADAGRAD, NULL, NULL, "-m -rule.step" },
                rmsprop = { "optim_rmsprop", WL_RMSPROP, NULL, "hyper.decay_rate",
                            "-m -rule.step" },
                adam = { "optim_adam", WL_ADAM, "hyper.beta1", "hyper.beta2", "" },
                adam_lr01 = { "optim_adam_lr01", WL_ADAM, "hyper.beta1", "hyper.beta2", "" };
    const struct CMUnitTest tests[] = {
        { "sgd_is_the_books", descends_as_the_book, NULL, NULL, &sgd },
        { "momentum_is_the_books", descends_as_the_book, NULL, NULL, &momentum },
        { "nesterov_with_the_new_velocity_is_the_books", descends_as_the_book, NULL, NULL,
          &nesterov },
        { "adagrad_is_the_books", descends_as_the_book, NULL, NULL, &adagrad },
        { "rmsprop_is_the_books", descends_as_the_book, NULL, NULL, &rmsprop },
        { "adam_is_the_books", descends_as_the_book, NULL, NULL, &adam },
        { "adam_with_a_large_rate_is_the_books", descends_as_the_book, NULL, NULL, &adam_lr01 },
        cmocka_unit_test(clipping_is_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_rules", tests, NULL, NULL));
}
