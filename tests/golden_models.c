/* Word vectors against the golden files negative_sampling_loss, unigram_sampler, contexts_target,
 * model_cbow and model_skip_gram: the models are composed of our operators and trained for three
 * steps. */
#include "golden.h"

#include "../host/ops/word2vec_draws.h"

#include <wordloom/nn/noise.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ negative sampling */

/* The loss of negative sampling with `epsilon` added inside each logarithm, as the book has it,
 * from the g that forward leaves: probability of a target g/scale + 1, of a negative g/scale. */
static double loss_with(double epsilon, const double *g, int64_t N, int64_t K, double scale)
{
    double sum = 0;
    for (int64_t i = 0; i < N * K; i++) {
        const double right = i % K ? 1 - g[i] / scale : g[i] / scale + 1;
        sum -= log(right + epsilon);
    }
    return scale * sum;
}

/* The target, then the negatives of each row: our samples. */
static void join(double *samples, const double *targets, const double *negatives, int64_t N,
                 int64_t K)
{
    for (int64_t n = 0; n < N; n++) {
        samples[n * (K + 1)] = targets[n];
        memcpy(samples + n * (K + 1) + 1, negatives + n * K, (size_t)K * sizeof *samples);
    }
}

static void loss_and_gradients_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("negative_sampling_loss");
    const int64_t N = golden_count(g, "in.target"), K = golden_axis(g, "in.negatives", 1) + 1;
    const long long V = golden_axis(g, "param.weight", 0), D = golden_axis(g, "param.weight", 1);
    const double scale = 1 / (double)N;
    double samples[64];
    assert_in_range(N * K, 1, 64);
    join(samples, golden_values(g, "in.target"), golden_values(g, "in.negatives"), N, K - 1);

    op_case c = golden_case("negative_sampling_forward", "N=%lld K=%lld V=%lld D=%lld scale=%.17g",
                            (long long)N, (long long)K, V, D, scale);
    put_golden(&c, "h", g, "in.h");
    put_golden(&c, "table", g, "param.weight");
    put_values(&c, "samples", samples);
    outcome o = golden_run(&c);
    const double *kept = row_of(&o, "g");
    const double books = loss_with(books_epsilon, kept, N, K, scale);
    const double ours = loss_with(0, kept, N, K, scale);
    reproduces(g, "out.loss", &books);
    reproduces_values("loss", &ours, row_of(&o, "loss"), 1);
    reproduces(g, "out.dh", row_of(&o, "dh"));

    op_case backward =
        golden_case("negative_sampling_backward", "N=%lld K=%lld V=%lld D=%lld -dloss",
                    (long long)N, (long long)K, V, D);
    put_golden(&backward, "h", g, "in.h");
    put_golden(&backward, "table", g, "param.weight");
    put_values(&backward, "samples", samples);
    put_values(&backward, "g", kept);
    put_everywhere(&backward, "dtable", 0);
    outcome p = golden_run(&backward);
    reproduces(g, "out.dh", row_of(&p, "dh"));
    reproduces(g, "grad.weight", row_of(&p, "dtable"));

    op_case scatter = golden_case("embedding_scatter", "N=%lld K=%lld V=%lld D=%lld", (long long)N,
                                  (long long)K, V, D);
    put_values(&scatter, "ids", samples);
    put_values(&scatter, "weights", kept);
    put_golden(&scatter, "dy", g, "in.h");
    put_everywhere(&scatter, "dtable", 0);
    outcome q = golden_run(&scatter);
    reproduces(g, "grad.weight", row_of(&q, "dtable"));

    outcome_free(&o), outcome_free(&p), outcome_free(&q);
    case_free(&c), case_free(&backward), case_free(&scatter);
    golden_close(g);
}

/* The noise is drawn with the probabilities of the book's sampler. */
static void noise_is_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("unigram_sampler");
    const int64_t V = golden_count(g, "out.word_p"), tokens = golden_count(g, "in.corpus");
    const double *corpus = golden_values(g, "in.corpus");
    wl_vocabulary *vocabulary;
    wl_noise *noise;
    wl_error error = { "" };
    double right[64];
    assert_in_range(V, 1, 64);
    assert_int_equal(wl_vocabulary_create(&vocabulary), WL_OK);
    for (int64_t id = 0; id < V; id++) { /* a word of each id, in their order */
        char word[16];
        int64_t count = 0, joined;
        for (int64_t i = 0; i < tokens; i++) count += corpus[i] == (double)id;
        snprintf(word, sizeof word, "%lld", (long long)id);
        assert_int_equal(wl_vocabulary_add_count(vocabulary, word, strlen(word), count, &joined),
                         WL_OK);
        assert_int_equal(joined, id);
    }
    if (wl_noise_create(&noise, vocabulary, *golden_values(g, "in.power"), &error))
        fail_msg("%s", error.text);
    for (int64_t id = 0; id < V; id++) right[id] = wl_noise_probability(noise, id);
    reproduces(g, "out.word_p", right);
    wl_noise_destroy(noise);
    wl_vocabulary_destroy(vocabulary);
    golden_close(g);
}

/* ------------------------------------------------------------------ windows */

/* A seed by which the centre at `place` of a text reaches as far as it can. */
static double seed_of_full_reach(int64_t place, int64_t window)
{
    uint64_t seed = 1;
    while (wl_word2vec_reach(seed, (uint64_t)place, window) < window) seed++;
    return (double)seed;
}

static bool row_moved(const op_case *c, const outcome *o, const char *table, int64_t row)
{
    const int64_t D = c->dims.D;
    const double *before = c->value[case_row(c, table)] + row * D;
    return memcmp(before, row_of(o, table) + row * D, (size_t)D * sizeof *before) != 0;
}

/* The book's windows are of one width: those of ours that reach as far as they can. With a word of
 * its own at each place, the rows that a centre moves are its contexts' and its target's. */
static void windows_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("contexts_target");
    const double *corpus = golden_values(g, "in.corpus");
    const int64_t N = golden_count(g, "in.corpus"), rows = golden_count(g, "out.target");
    const int64_t W = (int64_t)*golden_values(g, "in.window");
    op_case c =
        golden_case("word2vec_sync",
                    "V=%lld R=%lld N=%lld D=3 C=1 W=%lld K=0 L=0 H=0 -spans -pieces -paths -nodes",
                    (long long)N, (long long)N, (long long)N, (long long)W);
    for (int64_t i = 0; i < N; i++) c.value[case_row(&c, "tokens")][i] = (double)i;
    put_everywhere(&c, "position", 0);
    for (int64_t n = 0; n < rows; n++) {
        double contexts[64], target[64];
        int64_t found = 0, targets = 0;
        put_everywhere(&c, "begin", (double)(n + W));
        c.scalar[case_row(&c, "seed")] = seed_of_full_reach(n + W, W);
        outcome o = golden_run(&c);
        for (int64_t i = 0; i < N && found < 64 && targets < 64; i++) {
            if (row_moved(&c, &o, "input", i)) contexts[found++] = corpus[i];
            if (row_moved(&c, &o, "output", i)) target[targets++] = corpus[i];
        }
        assert_int_equal(found, 2 * W);
        assert_int_equal(targets, 1);
        reproduces_values("contexts", golden_values(g, "out.contexts") + n * 2 * W, contexts,
                          found);
        reproduces_values("target", golden_values(g, "out.target") + n, target, 1);
        outcome_free(&o);
    }
    case_free(&c);
    golden_close(g);
}

/* ------------------------------------------------------------------ the models */

enum { ROWS = 24, SLOTS = 6 }; /* the most that a batch below has */

/* A batch of either model: each row's vector is the mean of `slots` rows of W_in, from which the
 * row's target is to be told. */
typedef struct batch {
    const char *gather, *words; /* the lookup, and what its case leaves out */
    int64_t rows, slots, samples;
    double id[ROWS * SLOTS];     /* [rows,slots]   */
    double sample[ROWS * SLOTS]; /* [rows,samples] */
    double scale;                /* of the loss: a mean over the book's batch */
} batch;

static const double *part(const golden *g, int step, const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "step%d.%s", step, name);
    return golden_values(g, full);
}

/* CBOW: the mean of the contexts' vectors tells the target. */
static void make_cbow(batch *out, const golden *g, int step)
{
    const int64_t N = golden_count(g, "step0.target"), C = golden_axis(g, "step0.contexts", 1);
    const int64_t K = golden_axis(g, "step0.negatives", 1);
    assert_true(N <= ROWS && C <= SLOTS && K + 1 <= SLOTS);
    *out = (batch){ .gather = "embedding_gather_pooled",
                    .words = "mean=1 -weights",
                    .rows = N,
                    .slots = C,
                    .samples = K + 1,
                    .scale = 1 / (double)N };
    memcpy(out->id, part(g, step, "contexts"), (size_t)(N * C) * sizeof(double));
    join(out->sample, part(g, step, "target"), part(g, step, "negatives"), N, K);
}

/* Skip-gram: the target's vector tells each of the contexts. One row a pair; the book sums the
 * columns' losses, each a mean over the batch. */
static void make_skip_gram(batch *out, const golden *g, int step)
{
    const int64_t N = golden_count(g, "step0.target"), C = golden_axis(g, "step0.contexts", 1);
    const int64_t K = golden_axis(g, "step0.negatives.0", 1);
    assert_true(N * C <= ROWS && K + 1 <= SLOTS);
    *out = (batch){ .gather = "embedding_gather",
                    .words = "",
                    .rows = N * C,
                    .slots = 1,
                    .samples = K + 1,
                    .scale = 1 / (double)N };
    for (int64_t column = 0; column < C; column++) {
        char name[32];
        double contexts[ROWS];
        snprintf(name, sizeof name, "negatives.%lld", (long long)column);
        for (int64_t n = 0; n < N; n++) contexts[n] = part(g, step, "contexts")[n * C + column];
        join(out->sample + column * N * (K + 1), contexts, part(g, step, name), N, K);
        memcpy(out->id + column * N, part(g, step, "target"), (size_t)N * sizeof(double));
    }
}

/* A table with Adam's moments: the case of its update, whose p, m and v carry over the steps. */
static op_case make_table(const golden *g, const char *name)
{
    op_case c =
        golden_case("optimizer_update",
                    "N=%lld rule.kind=%d rule.eps_form=%d rule.beta1=0.9 rule.beta2=0.999 "
                    "rule.eps=%.17g -copy -rule.scale",
                    (long long)golden_count(g, name), WL_ADAM, WL_EPS_UNCORRECTED, books_epsilon);
    put_golden(&c, "p", g, name);
    put_everywhere(&c, "m", 0);
    put_everywhere(&c, "v", 0);
    put_everywhere(&c, "rule.lr", 0.001); /* as the file's note says */
    return c;
}

static void descend(op_case *table, const double *gradient, const golden *g, int step,
                    const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "step%d.grad.%s", step, name);
    reproduces(g, full, gradient);
    put_values(table, "g", gradient);
    put_everywhere(table, "rule.step", step + 1);
    outcome o = golden_run(table);
    snprintf(full, sizeof full, "step%d.after.%s", step, name);
    reproduces(g, full, row_of(&o, "p"));
    put_values(table, "p", row_of(&o, "p"));
    put_values(table, "m", row_of(&o, "m"));
    put_values(table, "v", row_of(&o, "v"));
    outcome_free(&o);
}

static void train_step(op_case *in, op_case *out, const batch *b, const golden *g, int step)
{
    const long long N = b->rows, K = b->samples, V = golden_axis(g, "param.W_in", 0);
    const long long D = golden_axis(g, "param.W_in", 1);
    char name[64];
    op_case look = golden_case(b->gather, "N=%lld K=%lld V=%lld D=%lld %s", N, (long long)b->slots,
                               V, D, b->words);
    put_values(&look, "table", in->value[case_row(in, "p")]);
    put_values(&look, "ids", b->id);
    outcome h = golden_run(&look);

    op_case tell = golden_case("negative_sampling_forward",
                               "N=%lld K=%lld V=%lld D=%lld scale=%.17g", N, K, V, D, b->scale);
    put_values(&tell, "h", row_of(&h, "y"));
    put_values(&tell, "table", out->value[case_row(out, "p")]);
    put_values(&tell, "samples", b->sample);
    outcome told = golden_run(&tell);
    const double loss = loss_with(books_epsilon, row_of(&told, "g"), N, K, b->scale);
    snprintf(name, sizeof name, "step%d.loss", step);
    reproduces(g, name, &loss);

    op_case to_out = golden_case("embedding_scatter", "N=%lld K=%lld V=%lld D=%lld", N, K, V, D);
    put_values(&to_out, "ids", b->sample);
    put_values(&to_out, "weights", row_of(&told, "g"));
    put_values(&to_out, "dy", row_of(&h, "y"));
    put_everywhere(&to_out, "dtable", 0);
    outcome dout = golden_run(&to_out);

    op_case to_in = golden_case("embedding_scatter", "N=%lld K=%lld V=%lld D=%lld mean=1 -weights",
                                N, (long long)b->slots, V, D);
    put_values(&to_in, "ids", b->id);
    put_values(&to_in, "dy", row_of(&told, "dh"));
    put_everywhere(&to_in, "dtable", 0);
    outcome din = golden_run(&to_in);

    descend(in, row_of(&din, "dtable"), g, step, "W_in");
    descend(out, row_of(&dout, "dtable"), g, step, "W_out");
    outcome_free(&h), outcome_free(&told), outcome_free(&dout), outcome_free(&din);
    case_free(&look), case_free(&tell), case_free(&to_out), case_free(&to_in);
}

static void trains_as_the_book(const char *file, void (*make)(batch *, const golden *, int))
{
    golden *g = golden_open(file);
    op_case in = make_table(g, "param.W_in"), out = make_table(g, "param.W_out");
    for (int step = 0; step < 3; step++) {
        batch b;
        make(&b, g, step);
        train_step(&in, &out, &b, g, step);
    }
    case_free(&in), case_free(&out);
    golden_close(g);
}

static void cbow_trains_as_the_books(void **state)
{
    (void)state;
    trains_as_the_book("model_cbow", make_cbow);
}

static void skip_gram_trains_as_the_books(void **state)
{
    (void)state;
    trains_as_the_book("model_skip_gram", make_skip_gram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_and_gradients_are_the_books),
        cmocka_unit_test(noise_is_the_books),
        cmocka_unit_test(windows_are_the_books),
        cmocka_unit_test(cbow_trains_as_the_books),
        cmocka_unit_test(skip_gram_trains_as_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_models", tests, NULL, NULL));
}
