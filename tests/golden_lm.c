/* The language models of chapters 5 and 6, composed of our operators, against the golden files
 * model_simple_rnnlm, model_rnnlm and model_better_rnnlm: three batches with carried states,
 * gradients clipped by their norm, SGD; and the loss of the model that results. Which words a batch
 * has: rnnlm_batching. */
#include "golden_recurrent.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 128, WORDS = 256, LAYERS = 2 };

/* What a file has. */
typedef struct book_model {
    const char *file;
    const book_cell *cell;
    const char *forward, *backward; /* operators of the cell */
    int layers;
    const char *layer[LAYERS]; /* their names */
    bool better;               /* the output's weight is the embedding, and layers are dropped */
} book_model;

static const book_model simple = {
    "model_simple_rnnlm", &rnn_of_book, "rnn_forward", "rnn_backward", 1, { "rnn" }, false
};
static const book_model plain = { "model_rnnlm", &lstm_of_book, "lstm_forward", "lstm_backward", 1,
                                  { "lstm" },    false };
static const book_model better = {
    "model_better_rnnlm", &lstm_of_book, "lstm_forward", "lstm_backward", 2,
    { "lstm1", "lstm2" }, true
};

/* A step of a file, and the states that enter it. */
typedef struct step {
    const book_model *model;
    const golden *g;
    char before[24], now[24]; /* "param", then "step0.after"; "step0" */
    long long B, T, D, H, V;
    double h[LAYERS][MOST], c[LAYERS][MOST];
    double inputs[MOST], labels[MOST]; /* [T,B] */
    bool training;                     /* layers are dropped, if they are at all */
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

static const char *of_layer(char to[64], const char *which, const char *part, const step *s, int l)
{
    snprintf(to, 64, "%s.%s.%s", which, s->model->layer[l], part);
    return to;
}

static step step_of(const book_model *model, const golden *g, int number)
{
    char text[64];
    step s = { .model = model, .g = g, .training = true };
    snprintf(s.now, sizeof s.now, "step%d", number);
    snprintf(s.before, sizeof s.before, "step%d.after", number - 1);
    if (number == 0) strcpy(s.before, "param");
    s.B = golden_axis(g, of(text, s.now, "xs"), 0);
    s.T = golden_axis(g, text, 1);
    s.V = golden_axis(g, "param.embed.weight", 0);
    s.D = golden_axis(g, "param.embed.weight", 1);
    s.H = golden_axis(g, of_layer(text, "param", "weight_h", &s, 0), 0);
    assert_in_range(s.B * s.T * (s.D > s.H ? s.D : s.H), 1, MOST);
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

/* x [T,B,X] by the file's mask `number`, which is 0 or 1 / (1 - p), in place; or not at all. */
static void drop(const step *s, const char *op, int number, int64_t X, double *x)
{
    char text[64];
    const bool back = !strcmp(op, "dropout_backward");
    if (!s->model->better || !s->training) return;
    snprintf(text, sizeof text, "%s.mask%d", s->now, number);
    const double *mask = golden_values(s->g, text);
    double most = 0;
    for (int64_t i = 0; i < s->T * s->B * X; i++) most = fmax(most, mask[i]);
    op_case c = golden_case(op, "T=%lld N=%lld p=%.17g%s", s->T, s->B * (long long)X, 1 - 1 / most,
                            back ? "" : " -residual");
    put_steps(&c, "mask", s->g, text);
    put_values(&c, back ? "dy" : "x", x);
    outcome o = golden_run(&c);
    memcpy(x, row_of(&o, back ? "dx" : "y"), (size_t)(s->T * s->B * X) * sizeof *x);
    outcome_free(&o);
    case_free(&c);
}

static void put_layer(op_case *c, const step *s, int l, const double *x)
{
    char text[64];
    put_values(c, "x", x);
    put_values(c, "h0", s->h[l]);
    if (case_row(c, "c0") >= 0) put_values(c, "c0", s->c[l]);
    put_gates(c, "w", s->g, of_layer(text, s->before, "weight_x", s, l), s->model->cell);
    put_gates(c, "r", s->g, of_layer(text, s->before, "weight_h", s, l), s->model->cell);
}

static outcome recur(op_case *c, const step *s, int l, const double *x)
{
    char text[64];
    *c = golden_case(s->model->forward, "T=%lld B=%lld D=%lld H=%lld -lengths", s->T, s->B,
                     l ? s->H : s->D, s->H);
    put_layer(c, s, l, x);
    put_gates(c, "b", s->g, of_layer(text, s->before, "bias", s, l), s->model->cell);
    outcome o = golden_run(c);
    return o;
}

static void put_output(op_case *c, const step *s, const double *h)
{
    char text[64];
    double w[WORDS];
    if (s->model->better)
        put_golden(c, "w", s->g, of(text, s->before, "embed.weight"));
    else {
        transpose(w, golden_values(s->g, of(text, s->before, "affine.weight")), s->H, s->V);
        put_values(c, "w", w);
    }
    put_values(c, "x", h);
    put_golden(c, "b", s->g, of(text, s->before, "affine.bias"));
    put_values(c, "labels", s->labels);
}

/* The loss and the gradients of the output layer. */
static outcome foretell(op_case *c, const step *s, const double *h)
{
    char text[64];
    double dw[WORDS];
    *c = golden_case("softmax_xent_linear_backward", "N=%lld V=%lld D=%lld -dloss", s->T * s->B,
                     s->V, s->H);
    put_output(c, s, h);
    put_everywhere(c, "dw", 0), put_everywhere(c, "db", 0);
    outcome o = golden_run(c);
    reproduces(s->g, of(text, s->now, "loss"), row_of(&o, "loss"));
    reproduces(s->g, of(text, s->now, "grad.affine.bias"), row_of(&o, "db"));
    if (s->model->better) return o; /* the embedding has more to its gradient */
    transpose(dw, row_of(&o, "dw"), s->V, s->H);
    reproduces(s->g, of(text, s->now, "grad.affine.weight"), dw);
    return o;
}

/* dh becomes the gradient at the layer's input. */
static void recur_back(const step *s, int l, const double *x, const outcome *forward, double *dh)
{
    static const char *const kept[] = { "h", "c", "gates" };
    char grad[64], text[64];
    const bool cells = !strcmp(s->model->backward, "lstm_backward");
    op_case c = golden_case(s->model->backward, "T=%lld B=%lld D=%lld H=%lld -lengths -dhT%s", s->T,
                            s->B, l ? s->H : s->D, s->H, cells ? " -dcT" : "");
    put_layer(&c, s, l, x);
    for (int i = 0; i < 3; i++)
        if (case_row(&c, kept[i]) >= 0) put_values(&c, kept[i], row_of(forward, kept[i]));
    put_values(&c, "dh", dh);
    put_everywhere(&c, "dw", 0), put_everywhere(&c, "dr", 0), put_everywhere(&c, "db", 0);
    outcome o = golden_run(&c);
    snprintf(grad, sizeof grad, "%s.grad", s->now);
    reproduces_gates(s->g, of_layer(text, grad, "weight_x", s, l), row_of(&o, "dw"),
                     s->model->cell);
    reproduces_gates(s->g, of_layer(text, grad, "weight_h", s, l), row_of(&o, "dr"),
                     s->model->cell);
    reproduces_gates(s->g, of_layer(text, grad, "bias", s, l), row_of(&o, "db"), s->model->cell);
    memcpy(dh, row_of(&o, "dx"), (size_t)(s->T * s->B * (l ? s->H : s->D)) * sizeof *dh);
    outcome_free(&o);
    case_free(&c);
}

/* dtable: what the output layer gives of the embedding's gradient, or null. */
static void scatter(const step *s, const double *dx, const double *dtable)
{
    char text[64];
    op_case c = golden_case("embedding_scatter", "N=%lld K=1 V=%lld D=%lld -weights mean=0",
                            s->T * s->B, s->V, s->D);
    put_values(&c, "ids", s->inputs);
    put_values(&c, "dy", dx);
    if (dtable)
        put_values(&c, "dtable", dtable);
    else
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
    static const char *const parts[] = { "weight_x", "weight_h", "bias" };
    char text[64];
    const double norm = *golden_values(s->g, of(text, s->now, "grad_norm")), sum = norm * norm;
    const double most = *golden_values(s->g, "hyper.max_grad"); /* 0: any */
    op_case c = golden_case("optimizer_clip",
                            "max_norm=%.17g -step -skipped -in_a_row -loss -total -loss_scale "
                            "-clean",
                            most > 0 ? most : (double)INFINITY);
    put_values(&c, "sum", &sum);
    outcome o = golden_run(&c);
    const double scale = *row_of(&o, "scale");
    descend(s, "embed.weight", scale);
    for (int i = 0; i < 3 * s->model->layers; i++) {
        snprintf(text, sizeof text, "%s.%s", s->model->layer[i / 3], parts[i % 3]);
        descend(s, text, scale);
    }
    if (!s->model->better) descend(s, "affine.weight", scale);
    descend(s, "affine.bias", scale);
    outcome_free(&o);
    case_free(&c);
}

/* What of a pass is kept for its way back. */
typedef struct pass {
    op_case cases[LAYERS + 1]; /* of which the outcomes are */
    outcome embedded, layer[LAYERS];
    double x[LAYERS + 1][MOST]; /* each layer's input, and the last one's output */
} pass;

static void run_forward(pass *p, step *s)
{
    p->embedded = embed(&p->cases[LAYERS], s);
    memcpy(p->x[0], row_of(&p->embedded, "y"), (size_t)(s->T * s->B * s->D) * sizeof(double));
    drop(s, "dropout_forward", 0, s->D, p->x[0]);
    for (int l = 0; l < s->model->layers; l++) {
        p->layer[l] = recur(&p->cases[l], s, l, p->x[l]);
        memcpy(p->x[l + 1], row_of(&p->layer[l], "h"),
               (size_t)(s->T * s->B * s->H) * sizeof(double));
        drop(s, "dropout_forward", l + 1, s->H, p->x[l + 1]);
    }
}

static void run_backward(const pass *p, const step *s, const outcome *out)
{
    double d[MOST];
    memcpy(d, row_of(out, "dx"), (size_t)(s->T * s->B * s->H) * sizeof *d);
    for (int l = s->model->layers - 1; l >= 0; l--) {
        drop(s, "dropout_backward", l + 1, s->H, d);
        recur_back(s, l, p->x[l], &p->layer[l], d);
    }
    drop(s, "dropout_backward", 0, s->D, d);
    scatter(s, d, s->model->better ? row_of(out, "dw") : NULL);
}

/* The states that leave a pass enter the next. */
static void carry(step *s, const pass *p)
{
    for (int l = 0; l < s->model->layers; l++) {
        const size_t bytes = (size_t)(s->B * s->H) * sizeof(double);
        memcpy(s->h[l], row_of(&p->layer[l], "hT"), bytes);
        if (case_row(&p->cases[l], "cT") >= 0) memcpy(s->c[l], row_of(&p->layer[l], "cT"), bytes);
    }
}

static void free_pass(pass *p, int layers)
{
    outcome_free(&p->embedded);
    case_free(&p->cases[LAYERS]);
    for (int l = 0; l < layers; l++) outcome_free(&p->layer[l]), case_free(&p->cases[l]);
}

/* The first batch again, from states of 0, by the model that was trained. */
static void the_trained_model_is_the_books(const book_model *model, const golden *g)
{
    step s = step_of(model, g, 0);
    pass p;
    strcpy(s.before, "step2.after");
    s.training = false;
    run_forward(&p, &s);
    op_case c =
        golden_case("softmax_xent_linear_forward", "N=%lld V=%lld D=%lld", s.T * s.B, s.V, s.H);
    put_output(&c, &s, p.x[model->layers]);
    outcome o = golden_run(&c);
    reproduces(g, "eval.loss", row_of(&o, "loss"));
    outcome_free(&o);
    case_free(&c);
    free_pass(&p, model->layers);
}

static void the_model_is_the_books(void **state)
{
    const book_model *model = *state;
    golden *g = golden_open(model->file);
    step last = { 0 };
    for (int number = 0; number < 3; number++) {
        step s = step_of(model, g, number);
        pass p;
        op_case c;
        memcpy(s.h, last.h, sizeof s.h), memcpy(s.c, last.c, sizeof s.c);
        run_forward(&p, &s);
        outcome out = foretell(&c, &s, p.x[model->layers]);
        run_backward(&p, &s, &out);
        update(&s);
        carry(&s, &p);
        last = s;
        outcome_free(&out);
        case_free(&c);
        free_pass(&p, model->layers);
    }
    the_trained_model_is_the_books(model, g);
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
