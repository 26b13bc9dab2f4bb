/* The language model of chapter 6, composed of our operators, against the golden file model_rnnlm:
 * three batches with carried states, gradients clipped by their norm, SGD. */
#include "golden_recurrent.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 32, WORDS = 256 };

/* A step of the file, and the states that enter it. */
typedef struct step {
    const golden *g;
    char before[24], now[24]; /* "param", then "step0.after"; "step0" */
    long long B, T, D, H, V;
    double h[MOST], c[MOST];
    double inputs[MOST], labels[MOST]; /* [T,B] */
} step;

static const char *of(char to[64], const char *which, const char *name)
{
    snprintf(to, 64, "%s.%s", which, name);
    return to;
}

/* The book's [N,T] ids become [T,B]. */
static void take_ids(const step *s, const char *name, double *to)
{
    char text[64];
    const double *ids = golden_values(s->g, of(text, s->now, name));
    for (int64_t b = 0; b < s->B; b++)
        for (int64_t t = 0; t < s->T; t++) to[t * s->B + b] = ids[b * s->T + t];
}

static step step_of(const golden *g, int number)
{
    char text[64];
    step s = { .g = g };
    snprintf(s.now, sizeof s.now, "step%d", number);
    snprintf(s.before, sizeof s.before, "step%d.after", number - 1);
    if (number == 0) strcpy(s.before, "param");
    s.B = golden_axis(g, of(text, s.now, "xs"), 0);
    s.T = golden_axis(g, text, 1);
    s.V = golden_axis(g, "param.embed.weight", 0);
    s.D = golden_axis(g, "param.embed.weight", 1);
    s.H = golden_axis(g, "param.lstm.weight_h", 0);
    assert_in_range(s.B * s.T, 1, MOST);
    assert_in_range(s.B * s.H, 1, MOST);
    assert_in_range(s.V * s.H, 1, WORDS);
    take_ids(&s, "xs", s.inputs);
    take_ids(&s, "ts", s.labels);
    return s;
}

/* The book's [H,V] is our [V,H]. */
static void transpose(double *to, const double *from, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
}

static outcome embed(op_case *c, const step *s)
{
    char text[64];
    *c = golden_case("embedding_gather", "N=%lld V=%lld D=%lld", s->T * s->B, s->V, s->D);
    put_golden(c, "table", s->g, of(text, s->before, "embed.weight"));
    put_values(c, "ids", s->inputs);
    outcome o = golden_run(c);
    return o;
}

static void put_lstm(op_case *c, const step *s, const double *x)
{
    char text[64];
    put_values(c, "x", x);
    put_values(c, "h0", s->h);
    put_values(c, "c0", s->c);
    put_gates(c, "w", s->g, of(text, s->before, "lstm.weight_x"), &lstm_of_book);
    put_gates(c, "r", s->g, of(text, s->before, "lstm.weight_h"), &lstm_of_book);
}

static outcome recur(op_case *c, const step *s, const double *x)
{
    char text[64];
    *c =
        golden_case("lstm_forward", "T=%lld B=%lld D=%lld H=%lld -lengths", s->T, s->B, s->D, s->H);
    put_lstm(c, s, x);
    put_gates(c, "b", s->g, of(text, s->before, "lstm.bias"), &lstm_of_book);
    outcome o = golden_run(c);
    return o;
}

/* The loss and the gradients of the output layer. */
static outcome foretell(op_case *c, const step *s, const double *h)
{
    char text[64];
    double w[WORDS], dw[WORDS];
    *c = golden_case("softmax_xent_linear_backward", "N=%lld V=%lld D=%lld -dloss", s->T * s->B,
                     s->V, s->H);
    transpose(w, golden_values(s->g, of(text, s->before, "affine.weight")), s->H, s->V);
    put_values(c, "x", h);
    put_values(c, "w", w);
    put_golden(c, "b", s->g, of(text, s->before, "affine.bias"));
    put_values(c, "labels", s->labels);
    put_everywhere(c, "dw", 0), put_everywhere(c, "db", 0);
    outcome o = golden_run(c);
    transpose(dw, row_of(&o, "dw"), s->V, s->H);
    reproduces(s->g, of(text, s->now, "loss"), row_of(&o, "loss"));
    reproduces(s->g, of(text, s->now, "grad.affine.weight"), dw);
    reproduces(s->g, of(text, s->now, "grad.affine.bias"), row_of(&o, "db"));
    return o;
}

static outcome recur_back(op_case *c, const step *s, const double *x, const outcome *forward,
                          const double *dh)
{
    static const char *const kept[] = { "h", "c", "gates" };
    char text[64];
    *c = golden_case("lstm_backward", "T=%lld B=%lld D=%lld H=%lld -lengths -dhT -dcT", s->T, s->B,
                     s->D, s->H);
    put_lstm(c, s, x);
    for (int i = 0; i < 3; i++) put_values(c, kept[i], row_of(forward, kept[i]));
    put_values(c, "dh", dh);
    put_everywhere(c, "dw", 0), put_everywhere(c, "dr", 0), put_everywhere(c, "db", 0);
    outcome o = golden_run(c);
    reproduces_gates(s->g, of(text, s->now, "grad.lstm.weight_x"), row_of(&o, "dw"), &lstm_of_book);
    reproduces_gates(s->g, of(text, s->now, "grad.lstm.weight_h"), row_of(&o, "dr"), &lstm_of_book);
    reproduces_gates(s->g, of(text, s->now, "grad.lstm.bias"), row_of(&o, "db"), &lstm_of_book);
    return o;
}

static void scatter(const step *s, const double *dx)
{
    char text[64];
    op_case c = golden_case("embedding_scatter", "N=%lld K=1 V=%lld D=%lld -weights mean=0",
                            s->T * s->B, s->V, s->D);
    put_values(&c, "ids", s->inputs);
    put_values(&c, "dy", dx);
    put_everywhere(&c, "dtable", 0);
    outcome o = golden_run(&c);
    reproduces(s->g, of(text, s->now, "grad.embed.weight"), row_of(&o, "dtable"));
    outcome_free(&o);
    case_free(&c);
}

/* A parameter after the step: SGD by the file's gradient, clipped by our rule. */
static void descend(const step *s, const char *name, double scale)
{
    char text[64], part[48];
    snprintf(part, sizeof part, "grad.%s", name);
    const double *gradient = golden_values(s->g, of(text, s->now, part));
    const long long N = golden_count(s->g, text);
    op_case c = golden_case("optimizer_update", "N=%lld -m -v -copy -rule.step", N);
    put_values(&c, "g", gradient);
    put_golden(&c, "p", s->g, of(text, s->before, name));
    put_golden(&c, "rule.lr", s->g, "hyper.lr");
    put_values(&c, "rule.scale", &scale);
    outcome o = golden_run(&c);
    snprintf(part, sizeof part, "after.%s", name);
    reproduces(s->g, of(text, s->now, part), row_of(&o, "p"));
    outcome_free(&o);
    case_free(&c);
}

static void update(const step *s)
{
    static const char *const names[] = { "embed.weight", "lstm.weight_x", "lstm.weight_h",
                                         "lstm.bias",    "affine.weight", "affine.bias" };
    char text[64];
    const double norm = *golden_values(s->g, of(text, s->now, "grad_norm")), sum = norm * norm;
    op_case c = golden_case("optimizer_clip",
                            "max_norm=%.17g -step -skipped -in_a_row -loss -total -loss_scale "
                            "-clean",
                            *golden_values(s->g, "hyper.max_grad"));
    put_values(&c, "sum", &sum);
    outcome o = golden_run(&c);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        descend(s, names[i], *row_of(&o, "scale"));
    outcome_free(&o);
    case_free(&c);
}

static void the_model_of_chapter_6_is_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("model_rnnlm");
    double h[MOST] = { 0 }, c[MOST] = { 0 };
    for (int number = 0; number < 3; number++) {
        step s = step_of(g, number);
        memcpy(s.h, h, sizeof h), memcpy(s.c, c, sizeof c);
        op_case cases[4]; /* of which the outcomes are */
        outcome x = embed(&cases[0], &s), y = recur(&cases[1], &s, row_of(&x, "y"));
        outcome out = foretell(&cases[2], &s, row_of(&y, "h"));
        outcome back = recur_back(&cases[3], &s, row_of(&x, "y"), &y, row_of(&out, "dx"));
        scatter(&s, row_of(&back, "dx"));
        update(&s);
        memcpy(h, row_of(&y, "hT"), (size_t)(s.B * s.H) * sizeof *h);
        memcpy(c, row_of(&y, "cT"), (size_t)(s.B * s.H) * sizeof *c);
        outcome_free(&x), outcome_free(&y), outcome_free(&out), outcome_free(&back);
        for (int i = 0; i < 4; i++) case_free(&cases[i]);
    }
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_of_chapter_6_is_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_lm", tests, NULL, NULL));
}
