/* The language models of chapters 5 and 6, composed of our operators, against the golden files
 * model_simple_rnnlm, model_rnnlm and model_better_rnnlm: three batches with carried states,
 * gradients clipped by their norm, SGD; and the loss of the model that results. Which words a batch
 * has: rnnlm_batching. */
#include "golden_step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 128, LAYERS = 2 };

/* What a file has. */
typedef struct book_model {
    const char *file;
    const book_cell *cell;
    int layers;
    const char *layer[LAYERS]; /* their names */
    bool better;               /* the output's weight is the embedding, and layers are dropped */
} book_model;

static const book_model simple = { "model_simple_rnnlm", &rnn_of_book, 1, { "rnn" }, false };
static const book_model plain = { "model_rnnlm", &lstm_of_book, 1, { "lstm" }, false };
static const book_model better = {
    "model_better_rnnlm", &lstm_of_book, 2, { "lstm1", "lstm2" }, true
};

/* A step of a file, and the states that enter it. */
typedef struct step {
    const book_model *model;
    golden_step of;
    long long B, T, D, H, V;
    double h[LAYERS][MOST], c[LAYERS][MOST];
    double inputs[MOST], labels[MOST]; /* [T,B] */
    bool training;                     /* layers are dropped, if they are at all */
} step;

static step step_of(const book_model *model, const golden *g, int number)
{
    golden_text text;
    step s = { .model = model, .of = golden_step_of(g, number), .training = true };
    s.B = golden_axis(g, golden_named(text, s.of.now, "xs"), 0);
    s.T = golden_axis(g, text, 1);
    s.V = golden_axis(g, "param.embed.weight", 0);
    s.D = golden_axis(g, "param.embed.weight", 1);
    snprintf(text, sizeof text, "param.%s.weight_h", model->layer[0]);
    s.H = golden_axis(g, text, 0);
    assert_in_range(s.B * s.T * (s.D > s.H ? s.D : s.H), 1, MOST);
    assert_in_range(s.B * s.H, 1, MOST);
    assert_in_range(s.V * s.D, 1, MOST);
    golden_ids(s.inputs, &s.of, "xs", 0, s.T);
    golden_ids(s.labels, &s.of, "ts", 0, s.T);
    return s;
}

/* x [T,B,X] by the file's mask `number`, which is 0 or 1 / (1 - p), in place; or not at all. */
static void drop(const step *s, const char *op, int number, int64_t X, double *x)
{
    char text[64];
    const bool back = !strcmp(op, "dropout_backward");
    if (!s->model->better || !s->training) return;
    snprintf(text, sizeof text, "%s.mask%d", s->of.now, number);
    const double *mask = golden_values(s->of.g, text);
    double most = 0;
    for (int64_t i = 0; i < s->T * s->B * X; i++) most = fmax(most, mask[i]);
    op_case c = golden_case(op, "T=%lld N=%lld p=%.17g%s", s->T, s->B * (long long)X, 1 - 1 / most,
                            back ? "" : " -residual");
    put_steps(&c, "mask", s->of.g, text);
    put_values(&c, back ? "dy" : "x", x);
    golden_row(x, &c, back ? "dx" : "y");
}

/* What of a pass is kept for its way back. */
typedef struct pass {
    golden_layer layer[LAYERS];
    double x[LAYERS + 1][MOST]; /* each layer's input, and the last one's output */
} pass;

static void run_forward(pass *p, const step *s)
{
    embed(p->x[0], &s->of, "embed.weight", s->inputs, s->T * s->B);
    drop(s, "dropout_forward", 0, s->D, p->x[0]);
    for (int l = 0; l < s->model->layers; l++) {
        golden_layer *layer = &p->layer[l];
        *layer = (golden_layer){ .cell = s->model->cell, .T = s->T, .B = s->B, .H = s->H };
        layer->name = s->model->layer[l];
        layer->D = l ? s->H : s->D;
        layer->x = p->x[l], layer->h0 = s->h[l], layer->c0 = s->c[l];
        recur(layer, &s->of);
        memcpy(p->x[l + 1], row_of(&layer->ahead, "h"),
               (size_t)(s->T * s->B * s->H) * sizeof(double));
        drop(s, "dropout_forward", l + 1, s->H, p->x[l + 1]);
    }
}

static golden_output output_of(const pass *p, const step *s)
{
    const bool tied = s->model->better;
    return (golden_output){ .weight = tied ? "embed.weight" : "affine.weight",
                            .bias = "affine.bias",
                            .tied = tied,
                            .N = s->T * s->B,
                            .V = s->V,
                            .D = s->H,
                            .x = p->x[s->model->layers],
                            .labels = s->labels };
}

static void run_backward(const pass *p, const step *s)
{
    double d[MOST], dh0[MOST], dtable[MOST];
    const golden_output out = output_of(p, s);
    foretell(&out, &s->of, d, dtable);
    for (int l = s->model->layers - 1; l >= 0; l--) {
        drop(s, "dropout_backward", l + 1, s->H, d);
        recur_back(&p->layer[l], &s->of, d, NULL, d, dh0);
    }
    drop(s, "dropout_backward", 0, s->D, d);
    embed_back(&s->of, "embed.weight", s->inputs, s->T * s->B, d, out.tied ? dtable : NULL);
}

/* The states that leave a pass enter the next. */
static void carry(step *s, const pass *p)
{
    const size_t bytes = (size_t)(s->B * s->H) * sizeof(double);
    for (int l = 0; l < s->model->layers; l++) {
        memcpy(s->h[l], row_of(&p->layer[l].ahead, "hT"), bytes);
        if (s->model->cell->cells) memcpy(s->c[l], row_of(&p->layer[l].ahead, "cT"), bytes);
    }
}

static void free_pass(pass *p, int layers)
{
    for (int l = 0; l < layers; l++) recur_free(&p->layer[l]);
}

/* The first batch again, from states of 0, by the model that was trained. */
static void the_trained_model_is_the_books(const book_model *model, const golden *g)
{
    step s = step_of(model, g, 0);
    pass p;
    double loss;
    strcpy(s.of.before, "step2.after");
    s.training = false;
    run_forward(&p, &s);
    op_case c =
        golden_case("softmax_xent_linear_forward", "N=%lld V=%lld D=%lld", s.T * s.B, s.V, s.H);
    const golden_output out = output_of(&p, &s);
    put_output(&c, &s.of, &out);
    golden_row(&loss, &c, "loss");
    reproduces(g, "eval.loss", &loss);
    free_pass(&p, model->layers);
}

static void the_model_is_the_books(void **state)
{
    const book_model *model = *state;
    golden *g = golden_open(model->file);
    golden_descent sgd = golden_descent_of(g, "-m -v -rule.step");
    step last = { 0 };
    for (int number = 0; number < 3; number++) {
        step s = step_of(model, g, number);
        pass p;
        memcpy(s.h, last.h, sizeof s.h), memcpy(s.c, last.c, sizeof s.c);
        run_forward(&p, &s);
        run_backward(&p, &s);
        descend(&sgd, &s.of);
        carry(&s, &p);
        last = s;
        free_pass(&p, model->layers);
    }
    the_trained_model_is_the_books(model, g);
    golden_descent_free(&sgd);
    golden_close(g);
}

/* Batches that the book's tensors [batches,B,T] have, one after another from the position 0. The
 * position runs on from one epoch to the next, and wraps. */
static void batches_are_the_books_as(const golden *g, const char *inputs, const char *labels)
{
    const int64_t B = golden_axis(g, inputs, 1), T = golden_axis(g, inputs, 2);
    double right[2][MOST], position = 0;
    assert_in_range(B * T, 1, MOST);
    for (int64_t batch = 0; batch < golden_axis(g, inputs, 0); batch++) {
        op_case c =
            golden_case("stream_batch", "N=%lld T=%lld B=%lld",
                        (long long)golden_count(g, "in.corpus"), (long long)T, (long long)B);
        put_golden(&c, "ids", g, "in.corpus");
        put_values(&c, "position", &position);
        outcome o = golden_run(&c);
        for (int64_t i = 0; i < T * B; i++) {
            const int64_t theirs = (batch * B + i % B) * T + i / B;
            right[0][i] = golden_values(g, inputs)[theirs];
            right[1][i] = golden_values(g, labels)[theirs];
        }
        reproduces_values(inputs, right[0], row_of(&o, "inputs"), T * B);
        reproduces_values(labels, right[1], row_of(&o, "labels"), T * B);
        position = *row_of(&o, "position");
        outcome_free(&o);
        case_free(&c);
    }
}

static void batches_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("rnnlm_batching");
    batches_are_the_books_as(g, "out.train_x", "out.train_t");
    batches_are_the_books_as(g, "out.eval_x", "out.eval_t");
    golden_close(g);
}

/* A test of a model. */
static struct CMUnitTest test_of(const char *name, const book_model *model)
{
    return (struct CMUnitTest){ name, the_model_is_the_books, NULL, NULL,
                                (void *)(uintptr_t)model };
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_of("the_model_of_chapter_5_is_the_books", &simple),
        test_of("the_model_of_chapter_6_is_the_books", &plain),
        test_of("the_better_model_of_chapter_6_is_the_books", &better),
        cmocka_unit_test(batches_are_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_lm", tests, NULL, NULL));
}
