/* The models of chapters 7 and 8, from sequence to sequence, composed of our operators, against the
 * golden files model_seq2seq, model_peeky_seq2seq and model_attention_seq2seq: three batches,
 * gradients clipped by their norm, Adam; and what the model generates before the first of them. */
#include "golden_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 256 };

/* What a file has. */
typedef struct book_model {
    const char *file;
    bool peeks;   /* the encoder's last h stands before what enters either layer of the decoder */
    bool attends; /* a context, of the encoder's h, stands before the decoder's h */
} book_model;

static const book_model plain = { "model_seq2seq", false, false };
static const book_model peeky = { "model_peeky_seq2seq", true, false };
static const book_model attentive = { "model_attention_seq2seq", false, true };

/* A step of a file, and its encoder. */
typedef struct step {
    const book_model *model;
    golden_step of;
    long long B, S, T, V, D, H;
    double sources[MOST], inputs[MOST], labels[MOST]; /* [S,B], [T,B], [T,B] */
    golden_layer encoder;
    double x[MOST];    /* [S,B,D] its input */
    double last[MOST]; /* [B,H] its last h  */
} step;

/* A decoder of T steps. */
typedef struct decoder {
    long long T;
    const double *ids; /* [T,B]                                                       */
    double peek[MOST]; /* [T,B,H] the encoder's last h                                */
    double x[MOST];    /* [T,B,X] what enters the layer: the embedding, behind a peek */
    double y[MOST];    /* [T,B,Y] what enters the output: h, behind a peek or context */
    golden_layer layer;
    op_case attention; /* of which the outcome is */
    outcome attended;
} decoder;

static step step_of(const book_model *model, const golden *g, int number)
{
    golden_text text;
    step s = { .model = model, .of = golden_step_of(g, number) };
    s.B = golden_axis(g, golden_named(text, s.of.now, "xs"), 0);
    s.S = golden_axis(g, text, 1);
    s.T = golden_axis(g, golden_named(text, s.of.now, "ts"), 1) - 1;
    s.V = golden_axis(g, "param.decoder.embed.weight", 0);
    s.D = golden_axis(g, "param.decoder.embed.weight", 1);
    s.H = golden_axis(g, "param.decoder.lstm.weight_h", 0);
    assert_in_range(s.T, 1, s.S);
    assert_in_range(s.B * s.S * s.H, 1, MOST);
    assert_in_range(s.B * s.T * 2 * (s.D > s.H ? s.D : s.H), 1, MOST);
    assert_in_range(s.B * s.T * s.V, 1, MOST);
    golden_ids(s.sources, &s.of, "xs", 0, s.S);
    golden_ids(s.inputs, &s.of, "ts", 0, s.T);
    golden_ids(s.labels, &s.of, "ts", 1, s.T);
    return s;
}

/* Whether something stands before the decoder's h where this enters the output. */
static bool joins(const book_model *m) { return m->peeks || m->attends; }

static void add(double *to, const double *from, int64_t count)
{
    for (int64_t i = 0; i < count; i++) to[i] += from[i];
}

/* ------------------------------------------------------------------ features beside each other */

/* y [N,D+E] of a [N,D] and b [N,E]. */
static void concat(double *y, const double *a, const double *b, long long N, long long D,
                   long long E)
{
    op_case c = golden_case("rearrange_concat", "N=%lld D=%lld E=%lld F=%lld", N, D, E, D + E);
    put_values(&c, "a", a);
    put_values(&c, "b", b);
    golden_row(y, &c, "y");
}

static void split(double *a, double *b, const double *y, long long N, long long D, long long E)
{
    op_case c =
        golden_case("rearrange_concat_backward", "N=%lld D=%lld E=%lld F=%lld", N, D, E, D + E);
    put_values(&c, "dy", y);
    outcome o = golden_run(&c);
    memcpy(a, row_of(&o, "da"), (size_t)(N * D) * sizeof *a);
    memcpy(b, row_of(&o, "db"), (size_t)(N * E) * sizeof *b);
    outcome_free(&o);
    case_free(&c);
}

/* ------------------------------------------------------------------ the encoder */

static void encode(step *s)
{
    embed(s->x, &s->of, "encoder.embed.weight", s->sources, s->S * s->B);
    s->encoder = (golden_layer){ .name = "encoder.lstm",
                                 .cell = &lstm_of_book,
                                 .T = s->S,
                                 .B = s->B,
                                 .D = s->D,
                                 .H = s->H,
                                 .x = s->x };
    recur(&s->encoder, &s->of);
    memcpy(s->last, row_of(&s->encoder.ahead, "hT"), (size_t)(s->B * s->H) * sizeof *s->last);
}

/* dh [S,B,H], or null; dlast [B,H]. */
static void encode_back(const step *s, const double *dh, const double *dlast)
{
    double dx[MOST], dh0[MOST];
    recur_back(&s->encoder, &s->of, dh, dlast, dx, dh0);
    embed_back(&s->of, "encoder.embed.weight", s->sources, s->S * s->B, dx, NULL);
}

/* ------------------------------------------------------------------ the decoder */

/* A case of the attention of the decoder's h to the encoder's. */
static op_case attention_case(const char *op, const decoder *d, const step *s, const char *words)
{
    op_case c = golden_case(op, "T=%lld B=%lld S=%lld H=%lld D=%lld -lengths -v scale=1 %s", d->T,
                            s->B, s->S, s->H, s->H, words);
    put_values(&c, "q", row_of(&d->layer.ahead, "h"));
    put_values(&c, "k", row_of(&s->encoder.ahead, "h"));
    return c;
}

static void attend(decoder *d, const step *s)
{
    d->attention = attention_case("attention_forward", d, s, "-weights");
    d->attended = golden_run(&d->attention);
}

/* dq is added to dh [T,B,H]; dk [S,B,H]. */
static void attend_back(const decoder *d, const step *s, const double *dcontext, double *dh,
                        double *dk)
{
    op_case c = attention_case("attention_backward", d, s, "-dv");
    put_values(&c, "y", row_of(&d->attended, "y"));
    put_values(&c, "lse", row_of(&d->attended, "lse"));
    put_values(&c, "dy", dcontext);
    outcome o = golden_run(&c);
    add(dh, row_of(&o, "dq"), d->T * s->B * s->H);
    memcpy(dk, row_of(&o, "dk"), (size_t)(s->S * s->B * s->H) * sizeof *dk);
    outcome_free(&o);
    case_free(&c);
}

static void peek(decoder *d, const step *s)
{
    op_case c = golden_case("rearrange_broadcast", "T=%lld B=%lld D=%lld", d->T, s->B, s->H);
    put_values(&c, "x", s->last);
    golden_row(d->peek, &c, "y");
}

/* What a peek [T,B,H] gives of the gradient is added to dlast [B,H]. */
static void peek_back(const decoder *d, const step *s, const double *dpeek, double *dlast)
{
    double sum[MOST];
    op_case c =
        golden_case("rearrange_broadcast_backward", "T=%lld B=%lld D=%lld", d->T, s->B, s->H);
    put_values(&c, "dy", dpeek);
    golden_row(sum, &c, "dx");
    add(dlast, sum, s->B * s->H);
}

/* T steps from ids; c0 null: cells of 0. */
static void decode(decoder *d, const step *s, long long T, const double *ids, const double *h0,
                   const double *c0)
{
    const bool peeks = s->model->peeks;
    const long long N = T * s->B, D = s->D + (peeks ? s->H : 0);
    double embedded[MOST];
    d->T = T, d->ids = ids;
    embed(embedded, &s->of, "decoder.embed.weight", ids, N);
    memcpy(d->x, embedded, (size_t)(N * s->D) * sizeof *embedded);
    if (peeks) peek(d, s), concat(d->x, d->peek, embedded, N, s->H, s->D);
    d->layer = (golden_layer){ .name = "decoder.lstm",
                               .cell = &lstm_of_book,
                               .T = T,
                               .B = s->B,
                               .D = D,
                               .H = s->H,
                               .x = d->x,
                               .h0 = h0,
                               .c0 = c0 };
    recur(&d->layer, &s->of);
    const double *h = row_of(&d->layer.ahead, "h");
    memcpy(d->y, h, (size_t)(N * s->H) * sizeof *h);
    if (s->model->attends) attend(d, s);
    if (joins(s->model))
        concat(d->y, peeks ? d->peek : row_of(&d->attended, "y"), h, N, s->H, s->H);
}

/* From the gradient at y: those at the encoder's last h, and at all of its h where the decoder
 * attends to them. */
static void decode_back(const decoder *d, const step *s, const double *dy, double *dlast,
                        double *dk)
{
    const long long N = d->T * s->B;
    double before[MOST], dh[MOST], dx[MOST];
    memcpy(dh, dy, (size_t)(N * s->H) * sizeof *dh);
    if (joins(s->model)) split(before, dh, dy, N, s->H, s->H);
    if (s->model->attends) attend_back(d, s, before, dh, dk);
    recur_back(&d->layer, &s->of, dh, NULL, dx, dlast);
    if (s->model->peeks) {
        double dpeek[MOST], dembedded[MOST];
        split(dpeek, dembedded, dx, N, s->H, s->D);
        memcpy(dx, dembedded, (size_t)(N * s->D) * sizeof *dx);
        peek_back(d, s, before, dlast);
        peek_back(d, s, dpeek, dlast);
    }
    embed_back(&s->of, "decoder.embed.weight", d->ids, N, dx, NULL);
}

static void decode_free(decoder *d, const step *s)
{
    recur_free(&d->layer);
    if (!s->model->attends) return;
    outcome_free(&d->attended);
    case_free(&d->attention);
}

/* ------------------------------------------------------------------ the output */

static golden_output output_of(const decoder *d, const step *s)
{
    return (golden_output){ .weight = "decoder.affine.weight",
                            .bias = "decoder.affine.bias",
                            .N = d->T * s->B,
                            .V = s->V,
                            .D = joins(s->model) ? 2 * s->H : s->H,
                            .x = d->y,
                            .labels = s->labels };
}

/* [T,B,V] */
static void score(double *logits, const decoder *d, const step *s)
{
    const golden_output out = output_of(d, s);
    op_case c = golden_case("linear_forward", "N=%lld D=%lld H=%lld -sum activation=%d", out.N,
                            out.D, out.V, WL_IDENTITY);
    put_output(&c, &s->of, &out);
    golden_row(logits, &c, "y");
}

/* The best id of each of N rows. */
static void choose(double *ids, const double *logits, long long N, long long V)
{
    op_case c = golden_case("sampling_categorical",
                            "N=%lld V=%lld K=0 temperature=0 top_p=1 -position", N, V);
    put_values(&c, "logits", logits);
    golden_row(ids, &c, "ids");
}

/* Step by step, each row from the first id of the first. */
static void generates_as_the_book(const step *s)
{
    const int64_t steps = golden_axis(s->of.g, "step0.generated", 1);
    const size_t bytes = (size_t)(s->B * s->H) * sizeof(double);
    const double *theirs = golden_values(s->of.g, "step0.generated");
    double ids[MOST], h[MOST], c[MOST] = { 0 }, logits[MOST];
    for (int64_t b = 0; b < s->B; b++) ids[b] = s->inputs[0];
    memcpy(h, s->last, bytes);
    for (int64_t t = 0; t < steps; t++) {
        decoder d;
        decode(&d, s, 1, ids, h, c);
        score(logits, &d, s);
        choose(ids, logits, s->B, s->V);
        for (int64_t b = 0; b < s->B; b++)
            assert_int_equal((int)ids[b], (int)theirs[b * steps + t]);
        memcpy(h, row_of(&d.layer.ahead, "hT"), bytes);
        memcpy(c, row_of(&d.layer.ahead, "cT"), bytes);
        decode_free(&d, s);
    }
}

/* ------------------------------------------------------------------ the files */

static void scores_as_the_book(const decoder *d, const step *s)
{
    double logits[MOST];
    score(logits, d, s);
    reproduces_steps(s->of.g, "step0.logits", logits);
}

/* Of the first step the file has logits, and what its model generates. */
static void trains_as_the_book(step *s)
{
    decoder d;
    double dy[MOST], dlast[MOST], dk[MOST];
    encode(s);
    decode(&d, s, s->T, s->inputs, s->last, NULL);
    if (s->of.number == 0) scores_as_the_book(&d, s), generates_as_the_book(s);
    const golden_output out = output_of(&d, s);
    foretell(&out, &s->of, dy, NULL);
    decode_back(&d, s, dy, dlast, dk);
    encode_back(s, s->model->attends ? dk : NULL, dlast);
    decode_free(&d, s);
    recur_free(&s->encoder);
}

static void the_model_is_the_books(void **state)
{
    const book_model *model = *state;
    char adam[160];
    golden *g = golden_open(model->file);
    snprintf(adam, sizeof adam,
             "rule.kind=%d rule.eps_form=%d rule.beta1=0.9 rule.beta2=0.999 rule.eps=%.17g",
             WL_ADAM, WL_EPS_UNCORRECTED, books_epsilon);
    golden_descent descent = golden_descent_of(g, adam);
    for (int number = 0; number < 3; number++) {
        step s = step_of(model, g, number);
        trains_as_the_book(&s);
        descend(&descent, &s.of);
    }
    golden_descent_free(&descent);
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
        test_of("the_model_of_chapter_7_is_the_books", &plain),
        test_of("the_peeky_model_of_chapter_7_is_the_books", &peeky),
        test_of("the_attentive_model_of_chapter_8_is_the_books", &attentive),
    };
    return golden_result(cmocka_run_group_tests_name("golden_seq2seq", tests, NULL, NULL));
}
