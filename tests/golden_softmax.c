/* The book's models whose output is a softmax over all classes or words, composed of our operators
 * and trained for as many steps as the golden files have: model_two_layer_net of chapter 1, and
 * model_simple_cbow and model_simple_skip_gram of chapter 3. */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A parameter, whose p, m and v are in the case of its update, and its gradient. */
typedef struct parameter {
    const char *name;
    op_case update;
    double *gradient;
} parameter;

typedef struct model {
    const golden *g;
    int step;
    long long N, H, V;    /* rows, hidden features, classes or words */
    const double *labels; /* [N] */
    double scale;         /* of the loss: the book's over the mean of the rows' */
    parameter in, in_bias, out, out_bias;
    double *h, *dh; /* [N,H] */
    double loss;    /* with the book's epsilon */
} model;

/* The first step's calls are held on every backend; the others go on, on the oracle. */
static outcome run(const model *m, const op_case *c)
{
    outcome o;
    if (m->step == 0) return golden_run(c);
    if (execute(&o, c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    return o;
}

static double *room(int64_t count)
{
    double *made = calloc((size_t)count + 1, sizeof *made);
    assert_non_null(made);
    return made;
}

/* ------------------------------------------------------------------ parameters */

/* The book's [in,out] is our [out,in]. */
static void transpose(double *to, const double *from, int64_t rows, int64_t columns)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
}

static parameter make_parameter(const golden *g, const char *name, const char *rule, double lr)
{
    char tensor[32];
    snprintf(tensor, sizeof tensor, "param.%s", name);
    parameter p = { .name = name, .gradient = room(golden_count(g, tensor)) };
    p.update = golden_case("optimizer_update", "N=%lld -copy -rule.scale %s",
                           (long long)golden_count(g, tensor), rule);
    put_golden(&p.update, "p", g, tensor);
    put_everywhere(&p.update, "rule.lr", lr);
    if (p.update.value[case_row(&p.update, "m")]) put_everywhere(&p.update, "m", 0);
    if (p.update.value[case_row(&p.update, "v")]) put_everywhere(&p.update, "v", 0);
    return p;
}

static void free_parameter(parameter *p)
{
    if (!p->name) return;
    case_free(&p->update);
    free(p->gradient);
}

static const double *value_of(const parameter *p)
{
    return p->update.value[case_row(&p->update, "p")];
}

static void descend(const model *m, parameter *p)
{
    static const char *const kept[] = { "p", "m", "v" };
    char tensor[32];
    op_case *c = &p->update;
    if (!p->name) return;
    snprintf(tensor, sizeof tensor, "step0.grad.%s", p->name);
    if (m->step == 0) reproduces(m->g, tensor, p->gradient);
    put_values(c, "g", p->gradient);
    if (c->value[case_row(c, "rule.step")]) put_everywhere(c, "rule.step", m->step + 1);
    outcome o = run(m, c);
    for (int i = 0; i < 3; i++)
        if (c->value[case_row(c, kept[i])]) put_values(c, kept[i], row_of(&o, kept[i]));
    outcome_free(&o);
}

/* ------------------------------------------------------------------ the output */

static void tell_loss(model *m, const outcome *o)
{
    m->loss = 0;
    for (int64_t n = 0; n < m->N; n++)
        m->loss -= log(exp(-row_of(o, "losses")[n]) + books_epsilon) * m->scale / (double)m->N;
}

/* The gradients at the logits [N,V]. */
static void softmax(model *m, const double *logits, double *dlogits)
{
    op_case f = golden_case("softmax_xent_forward", "N=%lld V=%lld", m->N, m->V);
    op_case b = golden_case("softmax_xent_backward", "N=%lld V=%lld", m->N, m->V);
    put_values(&f, "logits", logits), put_values(&f, "labels", m->labels);
    outcome told = run(m, &f);
    tell_loss(m, &told);
    put_values(&b, "logits", logits), put_values(&b, "labels", m->labels);
    put_values(&b, "lse", row_of(&told, "lse")), put_values(&b, "count", row_of(&told, "count"));
    put_everywhere(&b, "dloss", m->scale);
    outcome back = run(m, &b);
    memcpy(dlogits, row_of(&back, "dlogits"), (size_t)(m->N * m->V) * sizeof *dlogits);
    outcome_free(&told), outcome_free(&back);
    case_free(&f), case_free(&b);
}

/* From h to the loss, and back to dh. */
static void output(model *m)
{
    const char *bias = m->out_bias.name ? "" : " -b", *dbias = m->out_bias.name ? "" : " -db";
    double *w = room(m->V * m->H), *dlogits = room(m->N * m->V);
    op_case f = golden_case("linear_forward", "N=%lld D=%lld H=%lld activation=%d -sum%s", m->N,
                            m->H, m->V, WL_IDENTITY, bias);
    op_case b = golden_case("linear_backward", "N=%lld D=%lld H=%lld activation=%d -sum -y%s", m->N,
                            m->H, m->V, WL_IDENTITY, dbias);
    transpose(w, value_of(&m->out), m->H, m->V);
    put_values(&f, "x", m->h), put_values(&f, "w", w);
    if (*bias == 0) put_values(&f, "b", value_of(&m->out_bias));
    outcome logits = run(m, &f);
    softmax(m, row_of(&logits, "y"), dlogits);
    put_values(&b, "x", m->h), put_values(&b, "w", w), put_values(&b, "dy", dlogits);
    put_everywhere(&b, "dw", 0);
    if (*dbias == 0) put_everywhere(&b, "db", 0);
    outcome back = run(m, &b);
    memcpy(m->dh, row_of(&back, "dx"), (size_t)(m->N * m->H) * sizeof *m->dh);
    transpose(m->out.gradient, row_of(&back, "dw"), m->V, m->H);
    if (*dbias == 0)
        memcpy(m->out_bias.gradient, row_of(&back, "db"), (size_t)m->V * sizeof(double));
    outcome_free(&logits), outcome_free(&back);
    case_free(&f), case_free(&b);
    free(w), free(dlogits);
}

/* ------------------------------------------------------------------ training */

typedef void layer_call(model *m, const double *x, const char *words);

/* `ahead` makes h of what the model reads, `back` the gradients of dh. */
static void trains_as_the_book(model *m, layer_call *ahead, layer_call *back, const double *x,
                               const char *words)
{
    char after[2][32];
    const int64_t steps = golden_count(m->g, "out.losses");
    double *losses = room(steps);
    m->h = room(m->N * m->H), m->dh = room(m->N * m->H);
    for (m->step = 0; m->step < steps; m->step++) {
        ahead(m, x, words);
        output(m);
        back(m, x, words);
        losses[m->step] = m->loss;
        descend(m, &m->in), descend(m, &m->in_bias);
        descend(m, &m->out), descend(m, &m->out_bias);
    }
    reproduces(m->g, "out.losses", losses);
    for (int i = 0; i < 2; i++) {
        const parameter *p = i ? &m->out : &m->in;
        snprintf(after[i], sizeof after[i], "after%lld.%s", (long long)steps, p->name);
        reproduces(m->g, after[i], value_of(p));
    }
    free_parameter(&m->in), free_parameter(&m->in_bias);
    free_parameter(&m->out), free_parameter(&m->out_bias);
    free(m->h), free(m->dh), free(losses);
}

/* ------------------------------------------------------------------ chapter 1 */

static void sigmoid_ahead(model *m, const double *x, const char *words)
{
    const long long D = golden_axis(m->g, "param.W1", 0);
    double *w = room(m->H * D);
    op_case c = golden_case("linear_forward", "N=%lld D=%lld H=%lld -sum activation=%d%s", m->N, D,
                            m->H, WL_SIGMOID, words);
    transpose(w, value_of(&m->in), D, m->H);
    put_values(&c, "x", x), put_values(&c, "w", w), put_values(&c, "b", value_of(&m->in_bias));
    outcome o = run(m, &c);
    memcpy(m->h, row_of(&o, "y"), (size_t)(m->N * m->H) * sizeof *m->h);
    outcome_free(&o);
    case_free(&c);
    free(w);
}

static void sigmoid_back(model *m, const double *x, const char *words)
{
    const long long D = golden_axis(m->g, "param.W1", 0);
    double *w = room(m->H * D);
    op_case c = golden_case("linear_backward", "N=%lld D=%lld H=%lld -sum -dx activation=%d%s",
                            m->N, D, m->H, WL_SIGMOID, words);
    transpose(w, value_of(&m->in), D, m->H);
    put_values(&c, "x", x), put_values(&c, "w", w), put_values(&c, "y", m->h);
    put_values(&c, "dy", m->dh);
    put_everywhere(&c, "dw", 0), put_everywhere(&c, "db", 0);
    outcome o = run(m, &c);
    transpose(m->in.gradient, row_of(&o, "dw"), m->H, D);
    memcpy(m->in_bias.gradient, row_of(&o, "db"), (size_t)m->H * sizeof(double));
    outcome_free(&o);
    case_free(&c);
    free(w);
}

static void the_two_layer_net_of_chapter_1_is_the_books(void **state)
{
    char sgd[32];
    (void)state;
    golden *g = golden_open("model_two_layer_net");
    snprintf(sgd, sizeof sgd, "rule.kind=%d -m -v -rule.step", WL_SGD);
    model m = { .g = g,
                .N = golden_count(g, "in.t"),
                .H = golden_axis(g, "param.W1", 1),
                .V = golden_axis(g, "param.W2", 1),
                .labels = golden_values(g, "in.t"),
                .scale = 1,
                .in = make_parameter(g, "W1", sgd, 1),
                .in_bias = make_parameter(g, "b1", sgd, 1),
                .out = make_parameter(g, "W2", sgd, 1),
                .out_bias = make_parameter(g, "b2", sgd, 1) };
    trains_as_the_book(&m, sigmoid_ahead, sigmoid_back, golden_values(g, "in.x"), "");
    golden_close(g);
}

/* ------------------------------------------------------------------ chapter 3 */

/* `words` has K, the words of a row. */
static void gather_ahead(model *m, const double *ids, const char *words)
{
    op_case c = golden_case("embedding_gather_pooled", "N=%lld V=%lld D=%lld mean=1 -weights %s",
                            m->N, m->V, m->H, words);
    put_values(&c, "table", value_of(&m->in)), put_values(&c, "ids", ids);
    outcome o = run(m, &c);
    memcpy(m->h, row_of(&o, "y"), (size_t)(m->N * m->H) * sizeof *m->h);
    outcome_free(&o);
    case_free(&c);
}

static void scatter_back(model *m, const double *ids, const char *words)
{
    op_case c = golden_case("embedding_scatter", "N=%lld V=%lld D=%lld mean=1 -weights %s", m->N,
                            m->V, m->H, words);
    put_values(&c, "ids", ids), put_values(&c, "dy", m->dh);
    put_everywhere(&c, "dtable", 0);
    outcome o = run(m, &c);
    memcpy(m->in.gradient, row_of(&o, "dtable"), (size_t)(m->V * m->H) * sizeof(double));
    outcome_free(&o);
    case_free(&c);
}

static model word_model(const golden *g)
{
    char adam[128];
    snprintf(adam, sizeof adam,
             "rule.kind=%d rule.eps_form=%d rule.beta1=0.9 rule.beta2=0.999 rule.eps=%.17g",
             WL_ADAM, WL_EPS_UNCORRECTED, books_epsilon);
    return (model){ .g = g,
                    .N = golden_count(g, "in.target"),
                    .H = golden_axis(g, "param.W_in", 1),
                    .V = golden_axis(g, "param.W_in", 0),
                    .labels = golden_values(g, "in.target"),
                    .scale = 1,
                    .in = make_parameter(g, "W_in", adam, 0.001),
                    .out = make_parameter(g, "W_out", adam, 0.001) };
}

static void the_cbow_of_chapter_3_is_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("model_simple_cbow");
    model m = word_model(g);
    assert_int_equal(golden_axis(g, "in.contexts", 1), 2);
    trains_as_the_book(&m, gather_ahead, scatter_back, golden_values(g, "in.contexts"), "K=2");
    golden_close(g);
}

/* A row a pair of a word and one of its contexts; the book adds their losses, each a mean over the
 * words. */
static void the_skip_gram_of_chapter_3_is_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("model_simple_skip_gram");
    model m = word_model(g);
    const int64_t words = m.N, C = golden_axis(g, "in.contexts", 1);
    double *ids = room(words * C);
    for (int64_t i = 0; i < words * C; i++) ids[i] = m.labels[i / C];
    m.N = words * C;
    m.labels = golden_values(g, "in.contexts");
    m.scale = (double)C;
    trains_as_the_book(&m, gather_ahead, scatter_back, ids, "K=1");
    free(ids);
    golden_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_layer_net_of_chapter_1_is_the_books),
        cmocka_unit_test(the_cbow_of_chapter_3_is_the_books),
        cmocka_unit_test(the_skip_gram_of_chapter_3_is_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_softmax", tests, NULL, NULL));
}
