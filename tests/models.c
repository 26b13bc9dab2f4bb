/* Models on the CPU: the noise distribution, skip-gram's mini-batches, and training word2vec. */
#include "data_files.h"

#include "../host/models/skipgram_batches.h"

#include <wordloom/nn/memory.h>
#include <wordloom/nn/noise.h>
#include <wordloom/nn/similar.h>
#include <wordloom/nn/word2vec.h>

#include <float.h>
#include <math.h>
#include <omp.h>

/* ------------------------------------------------------------------ shared */

static wl_corpus *open_text(const char *text)
{
    wl_corpus *corpus;
    wl_error error;
    write_text(in_folder("corpus.txt"), text);
    assert_int_equal(wl_corpus_open(&corpus, in_folder("corpus.txt"), &error), WL_OK);
    return corpus;
}

static wl_vocabulary *count(wl_corpus *corpus, int64_t min_count)
{
    wl_vocabulary *words;
    wl_error error;
    assert_int_equal(wl_word2vec_count(&words, corpus, min_count, NULL, NULL, NULL, &error), WL_OK);
    return words;
}

static wl_vocabulary *of_counts(const int64_t *counts, int n)
{
    wl_vocabulary *words;
    assert_int_equal(wl_vocabulary_create(&words), WL_OK);
    for (int i = 0; i < n; i++) {
        char word[16];
        const int length = snprintf(word, sizeof word, "w%d", i);
        assert_int_equal(wl_vocabulary_add_count(words, word, (size_t)length, counts[i], NULL),
                         WL_OK);
    }
    return words;
}

static uint64_t next_random(uint64_t *state) /* splitmix64 */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* Lines of eight words, all of one of four topics of six words: a0..a5, b0..b5, ... */
static char *topics(int lines)
{
    char *text = malloc((size_t)lines * 24 + 1), *to = text;
    uint64_t state = 5;
    for (int i = 0; i < lines; i++) {
        const char topic = (char)('a' + next_random(&state) % 4);
        for (int j = 0; j < 8; j++) {
            *to++ = topic;
            *to++ = (char)('0' + next_random(&state) % 6);
            *to++ = j < 7 ? ' ' : '\n';
        }
    }
    *to = 0;
    return text;
}

/* ------------------------------------------------------------------ memory */

static wl_status carve_three(void *owner, wl_arena *arena)
{
    wl_tensor *t = owner;
    t[0] = wl_arena_take(arena, WL_F32, 3, (int64_t[4]){ 3, 5, 7 });
    t[1] = wl_arena_take(arena, WL_I32, 1, (int64_t[4]){ 0 });
    t[2] = wl_arena_take_rows(arena, WL_BF16, 4, 33, 64);
    return WL_OK;
}

static wl_status carve_too_much(void *owner, wl_arena *arena)
{
    *(wl_tensor *)owner = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ INT64_MAX, INT64_MAX });
    return WL_OK;
}

static void an_arena_carves_what_it_measured(void **state)
{
    (void)state;
    wl_ctx *ctx;
    wl_arena arena;
    wl_tensor t[3];
    wl_error error;
    assert_int_equal(wl_ctx_create(&ctx, WL_CPU, 0), WL_OK);
    assert_int_equal(wl_arena_create(&arena, ctx, carve_three, t, &error), WL_OK);
    assert_int_equal(arena.used, 512 + 0 + 512);
    for (int i = 0; i < 3; i++) assert_int_equal((uintptr_t)t[i].data % 256, 0);
    assert_ptr_equal(t[2].data, arena.base + 512);
    assert_int_equal(t[2].shape[1], 33);
    assert_int_equal(t[2].stride[0], 64);
    wl_arena_destroy(&arena);
    assert_int_equal(wl_arena_create(&arena, ctx, carve_too_much, t, &error), WL_NO_MEMORY);
    wl_arena_destroy(&arena);
    wl_ctx_destroy(ctx);
}

/* ------------------------------------------------------------------ noise */

static const int64_t counts[] = { 400, 100, 1, 0, 7, 7, 90000, 25 };
enum { WORDS = sizeof counts / sizeof *counts };

static wl_noise *noise_of(double power)
{
    wl_noise *noise;
    wl_error error;
    wl_vocabulary *words = of_counts(counts, WORDS);
    assert_int_equal(wl_noise_create(&noise, words, power, &error), WL_OK);
    wl_vocabulary_destroy(words);
    return noise;
}

static void noise_is_the_power_of_the_counts(void **state)
{
    (void)state;
    const double powers[] = { 0.75, 1, 0, 0.5 };
    for (int k = 0; k < 4; k++) {
        wl_noise *noise = noise_of(powers[k]);
        double all = 0, sum = 0;
        for (int i = 0; i < WORDS; i++) all += counts[i] ? pow((double)counts[i], powers[k]) : 0;
        for (int i = 0; i < WORDS; i++) {
            const double p = wl_noise_probability(noise, i);
            const double expected = counts[i] ? pow((double)counts[i], powers[k]) / all : 0;
            assert_true(fabs(p - expected) <= 4 * DBL_EPSILON);
            sum += p;
        }
        assert_true(fabs(sum - 1) <= WORDS * DBL_EPSILON);
        wl_noise_destroy(noise);
    }
}

/* What the columns give away to each word is its probability, to within the 2^-32 of a column. */
static void the_alias_table_keeps_the_probabilities(void **state)
{
    (void)state;
    wl_noise *noise = noise_of(0.75);
    double given[WORDS] = { 0 };
    for (int i = 0; i < WORDS; i++) {
        uint32_t threshold;
        int32_t alias;
        wl_noise_column(noise, i, &threshold, &alias);
        given[i] += threshold * 0x1p-32 / WORDS;
        given[alias] += (1 - threshold * 0x1p-32) / WORDS;
    }
    for (int i = 0; i < WORDS; i++)
        assert_true(fabs(given[i] - wl_noise_probability(noise, i)) <= WORDS * 0x1p-32);
    wl_noise_destroy(noise);
}

/* Five standard deviations for each word. */
static void draws_follow_the_distribution(void **state)
{
    (void)state;
    enum { DRAWS = 1000000 };
    wl_noise *noise = noise_of(0.75);
    int64_t drawn[WORDS] = { 0 };
    uint64_t random = 1;
    for (int i = 0; i < DRAWS; i++) drawn[wl_noise_draw(noise, next_random(&random))]++;
    for (int i = 0; i < WORDS; i++) {
        const double p = wl_noise_probability(noise, i);
        assert_true(fabs((double)drawn[i] - DRAWS * p) <= 5 * sqrt(DRAWS * p * (1 - p)));
    }
    assert_int_equal(drawn[3], 0);
    wl_noise_destroy(noise);
}

static void noise_of_nothing_is_refused(void **state)
{
    (void)state;
    wl_noise *noise;
    wl_error error;
    const int64_t none[2] = { 0, 0 };
    wl_vocabulary *words = of_counts(none, 2);
    assert_int_equal(wl_noise_create(&noise, words, 0.75, &error), WL_OUT_OF_RANGE);
    assert_null(noise);
    wl_vocabulary_destroy(words);
}

/* ------------------------------------------------------------------ mini-batches */

/* All pairs of a number of epochs. */
typedef struct stream {
    int64_t pairs, centres, room; /* room for so many pairs */
    int32_t *inputs, *samples;
} stream;

static void make_room(stream *s, int64_t pairs, int64_t K)
{
    if (pairs <= s->room) return;
    s->room = 2 * pairs;
    s->inputs = realloc(s->inputs, (size_t)s->room * sizeof *s->inputs);
    s->samples = realloc(s->samples, (size_t)(s->room * K) * sizeof *s->samples);
    assert_true(s->inputs && s->samples);
}

static stream read_stream(wl_corpus *corpus, const wl_vocabulary *words, wl_skipgram_config config,
                          int64_t epochs)
{
    stream s = { 0 };
    wl_noise *noise;
    wl_skipgram *batches;
    wl_skipgram_batch batch;
    wl_error error;
    const int64_t K = 1 + config.negative;
    assert_int_equal(wl_noise_create(&noise, words, 0.75, &error), WL_OK);
    assert_int_equal(wl_skipgram_create(&batches, &config, words, noise, &error), WL_OK);
    for (int64_t epoch = 0; epoch < epochs; epoch++) {
        wl_skipgram_begin(batches, corpus, epoch);
        for (;;) {
            assert_int_equal(wl_skipgram_plan(batches, &batch, &error), WL_OK);
            if (batch.centres == 0) break;
            make_room(&s, s.pairs + batch.pairs, K);
            wl_skipgram_fill(batches, s.inputs + s.pairs, s.samples + s.pairs * K);
            s.pairs += batch.pairs;
            s.centres += batch.centres;
        }
    }
    wl_skipgram_destroy(batches);
    wl_noise_destroy(noise);
    return s;
}

static void free_stream(stream s)
{
    free(s.inputs);
    free(s.samples);
}

/* a b a c / b / a c: with a reach of 1, every neighbour on the line and no other. */
static void a_pair_is_a_word_and_its_neighbour_on_the_line(void **state)
{
    (void)state;
    wl_corpus *corpus = open_text("a b unknown a c\n\nb\na c");
    wl_vocabulary *words = count(corpus, 2);
    const wl_skipgram_config config = { .window = 1, .negative = 1, .batch = 3 };
    stream s = read_stream(corpus, words, config, 1);
    const char *expected = "ba ab ab ba ca ac ca ac "; /* context, centre */
    assert_int_equal(s.pairs, 8);
    assert_int_equal(s.centres, 7);
    for (int64_t i = 0; i < s.pairs; i++) {
        assert_int_equal(*wl_vocabulary_word(words, s.inputs[i], NULL), expected[3 * i]);
        assert_int_equal(*wl_vocabulary_word(words, s.samples[2 * i], NULL), expected[3 * i + 1]);
    }
    free_stream(s);
    wl_vocabulary_destroy(words);
    wl_corpus_close(corpus);
}

static void assert_streams_equal(stream a, stream b, int64_t K)
{
    assert_int_equal(a.pairs, b.pairs);
    assert_memory_equal(a.inputs, b.inputs, (size_t)a.pairs * sizeof(int32_t));
    assert_memory_equal(a.samples, b.samples, (size_t)(a.pairs * K) * sizeof(int32_t));
}

static void pairs_depend_neither_on_the_batch_nor_on_threads(void **state)
{
    (void)state;
    char *text = topics(12000); /* more than is read at once */
    wl_corpus *corpus = open_text(text);
    wl_vocabulary *words = count(corpus, 1);
    wl_skipgram_config config = { .window = 4, .negative = 3, .batch = 256, .sample = 0.01 };
    const int64_t batches[] = { 1, 97, 65536, 1000000 };
    omp_set_num_threads(1);
    const stream first = read_stream(corpus, words, config, 2);
    for (int i = 0; i < 4; i++) {
        config.batch = batches[i];
        omp_set_num_threads(1 << i);
        const stream s = read_stream(corpus, words, config, 2);
        assert_streams_equal(first, s, 4);
        free_stream(s);
    }
    config.seed = 1;
    const stream other = read_stream(corpus, words, config, 2);
    assert_true(other.pairs != first.pairs ||
                memcmp(other.samples, first.samples, (size_t)first.pairs * sizeof(int32_t)));
    free_stream(other);
    free_stream(first);
    wl_vocabulary_destroy(words);
    wl_corpus_close(corpus);
    free(text);
}

/* One long line: each place but those near its ends has 2 reach neighbours, and reaches are
 * uniform, so that pairs are (1 + window) a word; five standard deviations. */
static void reaches_are_uniform_and_negatives_are_not_the_target(void **state)
{
    (void)state;
    enum { N = 30000, W = 5 };
    char *text = malloc(2 * N + 1);
    uint64_t random = 3;
    for (int i = 0; i < N; i++) {
        text[2 * i] = (char)('a' + next_random(&random) % 8);
        text[2 * i + 1] = ' ';
    }
    text[2 * N] = 0;
    wl_corpus *corpus = open_text(text);
    wl_vocabulary *words = count(corpus, 1);
    const wl_skipgram_config config = { .window = W, .negative = 5, .batch = 100 };
    stream s = read_stream(corpus, words, config, 1);
    const double deviation = 2 * sqrt((W * W - 1) / 12.0) * sqrt(N);
    assert_int_equal(s.centres, N);
    assert_true(fabs((double)s.pairs - (W + 1.0) * N) <= 5 * deviation + 2 * W * W);
    int64_t absent = 0;
    for (int64_t i = 0; i < s.pairs * 6; i++) {
        absent += s.samples[i] == -1;
        assert_in_range(s.samples[i] + 1, i % 6 ? 0 : 1, 8);
        if (i % 6) assert_int_not_equal(s.samples[i], s.samples[i - i % 6]);
    }
    assert_true(absent > 0);
    free_stream(s);
    wl_vocabulary_destroy(words);
    wl_corpus_close(corpus);
    free(text);
}

/* a makes up half of the text: kept with (sqrt(0.5/t) + 1) t/0.5; five standard deviations. */
static void frequent_words_are_subsampled(void **state)
{
    (void)state;
    enum { N = 20000 };
    char *text = malloc(4 * N + 1);
    for (int i = 0; i < N; i++) {
        const char pair[5] = { 'a', ' ', (char)('b' + i % 20), i % 50 ? ' ' : '\n', 0 };
        memcpy(text + 4 * i, pair, 5);
    }
    wl_corpus *corpus = open_text(text);
    wl_vocabulary *words = count(corpus, 1);
    const double t = 0.05, keep = (sqrt(0.5 / t) + 1) * t / 0.5;
    const wl_skipgram_config config = { .window = 5, .negative = 1, .batch = 64, .sample = t };
    stream s = read_stream(corpus, words, config, 1);
    const double kept = (double)(s.centres - N);
    assert_true(fabs(kept - N * keep) <= 5 * sqrt(N * keep * (1 - keep)));
    free_stream(s);
    wl_vocabulary_destroy(words);
    wl_corpus_close(corpus);
    free(text);
}

/* ------------------------------------------------------------------ training */

/* Everything a training run needs, on the topics. */
typedef struct bench {
    wl_ctx *ctx;
    wl_corpus *corpus;
    wl_vocabulary *words;
    wl_word2vec_config config;
    double losses[64]; /* of each epoch */
    int64_t reports;
} bench;

static bench make_bench(const char *text)
{
    bench b = { .config = wl_word2vec_defaults() };
    assert_int_equal(wl_ctx_create(&b.ctx, WL_CPU, 0), WL_OK);
    b.corpus = open_text(text);
    b.words = count(b.corpus, 1);
    b.config.dim = 20;
    b.config.batch = 32;
    b.config.sample = 0;
    b.config.epochs = 4;
    b.config.lr = 0.05;
    return b;
}

static void free_bench(bench *b)
{
    wl_vocabulary_destroy(b->words);
    wl_corpus_close(b->corpus);
    wl_ctx_destroy(b->ctx);
}

static int keep_losses(void *user, const wl_word2vec_progress *now)
{
    bench *b = user;
    b->reports++;
    if (now->epoch_ended) b->losses[now->epoch - 1] = now->epoch_loss;
    return 0;
}

/* The tables after a run: input, then output. */
static float *train(bench *b)
{
    wl_word2vec *model;
    wl_error error;
    const size_t n = (size_t)(wl_vocabulary_size(b->words) * b->config.dim);
    float *tables = malloc(2 * n * sizeof *tables);
    assert_int_equal(wl_word2vec_create(&model, b->ctx, &b->config, b->words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b->corpus, keep_losses, b, NULL, &error), WL_OK);
    assert_int_equal(wl_word2vec_tables(model, tables, tables + n, &error), WL_OK);
    wl_word2vec_destroy(model);
    return tables;
}

static size_t table_bytes(const bench *b)
{
    return (size_t)(2 * wl_vocabulary_size(b->words) * b->config.dim) * sizeof(float);
}

static void the_loss_falls_with_every_rule_and_type(void **state)
{
    (void)state;
    const struct {
        int32_t optimizer, dtype;
        double lr;
    } cases[] = {
        { WL_SGD, WL_F32, 0.05 },  { WL_ADAGRAD, WL_F32, 0.05 }, { WL_ADAM, WL_F32, 0.005 },
        { WL_SGD, WL_BF16, 0.05 }, { WL_SGD, WL_F16, 0.05 },     { WL_ADAM, WL_BF16, 0.005 },
    };
    char *text = topics(600);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b = make_bench(text);
        b.config.optimizer = cases[i].optimizer;
        b.config.dtype = cases[i].dtype;
        b.config.lr = cases[i].lr;
        free(train(&b));
        for (int64_t e = 1; e < b.config.epochs; e++) assert_true(b.losses[e] < b.losses[e - 1]);
        free_bench(&b);
    }
    free(text);
}

static void bits_are_the_same_for_any_number_of_threads(void **state)
{
    (void)state;
    const int32_t dtypes[] = { WL_F32, WL_BF16 };
    char *text = topics(400);
    for (int k = 0; k < 2; k++) {
        bench b = make_bench(text);
        b.config.dtype = dtypes[k];
        b.config.batch = 256; /* enough work for the operators to share it out */
        omp_set_num_threads(1);
        float *first = train(&b);
        for (int threads = 1; threads <= 8; threads *= 2) {
            omp_set_num_threads(threads);
            float *again = train(&b);
            assert_memory_equal(first, again, table_bytes(&b));
            free(again);
        }
        b.config.seed++;
        float *other = train(&b);
        assert_memory_not_equal(first, other, table_bytes(&b));
        free(other);
        free(first);
        free_bench(&b);
    }
    free(text);
}

static void words_of_a_topic_become_neighbours(void **state)
{
    (void)state;
    char *text = topics(1500);
    bench b = make_bench(text);
    wl_similar *similar;
    wl_neighbour near[5];
    wl_error error;
    float *tables = train(&b);
    const int64_t V = wl_vocabulary_size(b.words);
    assert_int_equal(wl_similar_create(&similar, tables, V, b.config.dim, &error), WL_OK);
    for (int64_t i = 0; i < V; i++) {
        int64_t found;
        assert_int_equal(
            wl_similar_nearest(similar, wl_similar_row(similar, i), i, 5, near, &found, &error),
            WL_OK);
        assert_int_equal(found, 5);
        for (int j = 0; j < 5; j++) {
            assert_int_equal(*wl_vocabulary_word(b.words, near[j].id, NULL),
                             *wl_vocabulary_word(b.words, i, NULL));
            assert_true(j == 0 || near[j].cosine <= near[j - 1].cosine);
        }
    }
    wl_similar_destroy(similar);
    free(tables);
    free_bench(&b);
    free(text);
}

/* The output table begins as zero: every slot's score is 0 and its loss ln 2; the input table
 * gets no gradient, and a row of the output table is the sum of lr (1/2 - [negative]) h. */
static void the_first_batch_is_as_by_hand(void **state)
{
    (void)state;
    bench b = make_bench("a b c d e f g h a c e g\n");
    const wl_skipgram_config same = { b.config.window, b.config.negative, 64, 0, b.config.seed };
    b.config.batch = 64;
    b.config.epochs = 1;
    b.config.cap = 0;
    float *tables = train(&b);
    const stream s = read_stream(b.corpus, b.words, same, 1);
    const int64_t D = b.config.dim, V = wl_vocabulary_size(b.words), K = 1 + b.config.negative;
    double *output = calloc((size_t)(V * D), sizeof *output);
    int64_t slots = 0;
    for (int64_t i = 0; i < s.pairs * K; i++) {
        if (s.samples[i] < 0) continue;
        slots++;
        for (int64_t j = 0; j < D; j++)
            output[s.samples[i] * D + j] -=
                b.config.lr * (i % K ? 0.5 : -0.5) * (double)tables[s.inputs[i / K] * D + j];
    }
    const double loss = log(2) * (double)slots / (double)s.pairs;
    assert_true(fabs(b.losses[0] - loss) <= 8 * (double)FLT_EPSILON * loss);
    for (int64_t i = 0; i < V * D; i++) {
        assert_true(fabs((double)tables[i]) <= 0.5 / (double)D);
        assert_true(fabs((double)tables[V * D + i] - output[i]) <=
                    (double)slots * (double)FLT_EPSILON * b.config.lr * 0.5 / (double)D);
    }
    free(output);
    free_stream(s);
    free(tables);
    free_bench(&b);
}

static void a_run_that_diverges_stops_with_finite_tables(void **state)
{
    (void)state;
    char *text = topics(4000);
    bench b = make_bench(text);
    wl_word2vec *model;
    wl_error error;
    b.config.lr = 1000;
    b.config.cap = 0;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, NULL, &error), WL_NOT_FINITE);
    assert_error(&error, "25 mini-batches", "learning rate", NULL);
    assert_int_equal(wl_word2vec_write(model, in_folder("finite.txt"), WL_VECTORS_TEXT, &error),
                     WL_OK);
    wl_word2vec_destroy(model);
    free_bench(&b);
    free(text);
}

static int end_at_second_epoch(void *user, const wl_word2vec_progress *now)
{
    *(int64_t *)user = now->words;
    return now->epoch == 2;
}

static void a_run_ends_when_it_is_asked_to(void **state)
{
    (void)state;
    char *text = topics(200);
    bench b = make_bench(text);
    wl_word2vec *model;
    wl_error error;
    int64_t words = 0;
    const volatile sig_atomic_t stop = 1;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, end_at_second_epoch, &words, NULL, &error),
                     WL_INTERRUPTED);
    assert_true(words > 1600 && words <= 3200);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, &stop, &error), WL_INTERRUPTED);
    wl_vocabulary *counted;
    assert_int_equal(wl_word2vec_count(&counted, b.corpus, 1, NULL, NULL, &stop, &error),
                     WL_INTERRUPTED);
    wl_word2vec_destroy(model);
    free_bench(&b);
    free(text);
}

static void what_cannot_be_learnt_is_refused(void **state)
{
    (void)state;
    bench b = make_bench("a\nb\na\n");
    wl_word2vec *model;
    wl_vocabulary *words;
    wl_error error;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, NULL, &error), WL_OUT_OF_RANGE);
    wl_word2vec_destroy(model);
    assert_int_equal(wl_word2vec_count(&words, b.corpus, 3, NULL, NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "2 different words", "3 times", NULL);
    b.config.window = 0;
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "window", "is 0", NULL);
    assert_null(model);
    free_bench(&b);
}

static void a_model_is_written_and_read_whole(void **state)
{
    (void)state;
    bench b = make_bench("x y z\nz y x\n");
    wl_word2vec *model;
    wl_vectors *read;
    wl_error error;
    float input[60], output[60];
    const char *path = in_folder("model.safetensors");
    assert_int_equal(wl_word2vec_create(&model, b.ctx, &b.config, b.words, &error), WL_OK);
    assert_int_equal(wl_word2vec_train(model, b.corpus, NULL, NULL, NULL, &error), WL_OK);
    assert_int_equal(wl_word2vec_tables(model, input, output, &error), WL_OK);
    assert_int_equal(wl_word2vec_write(model, path, WL_VECTORS_SAFETENSORS, &error), WL_OK);
    wl_word2vec_destroy(model);
    assert_int_equal(wl_vectors_read(&read, path, 0, &error), WL_OK);
    assert_int_equal(read->V, 3);
    assert_int_equal(read->D, 20);
    assert_memory_equal(read->table, input, sizeof input);
    assert_memory_equal(read->output, output, sizeof output);
    assert_non_null(strstr(read->config, "\"dim\":20"));
    assert_non_null(strstr(read->config, "\"lr\":0.05"));
    wl_vectors_destroy(read);
    free_bench(&b);
}

/* ------------------------------------------------------------------ neighbours */

static void neighbours_are_by_cosine_then_by_id(void **state)
{
    (void)state;
    const float table[] = { 1, 0, 0, 2, 3e30f, 3e30f, -1, 0, 0, 0, 1e-30f, 0 };
    wl_similar *similar;
    wl_neighbour near[6];
    wl_error error;
    int64_t found;
    assert_int_equal(wl_similar_create(&similar, table, 6, 2, &error), WL_OK);
    assert_int_equal(wl_similar_nearest(similar, table, -1, 6, near, &found, &error), WL_OK);
    const int64_t order[] = { 0, 5, 2, 1, 4, 3 };
    assert_int_equal(found, 6);
    for (int i = 0; i < 6; i++) assert_int_equal(near[i].id, order[i]);
    assert_true(near[0].cosine == 1 && near[1].cosine == 1 && near[5].cosine == -1);
    assert_true(fabsf(near[2].cosine - sqrtf(0.5f)) <= FLT_EPSILON);
    assert_int_equal(wl_similar_nearest(similar, table, 0, 2, near, &found, &error), WL_OK);
    assert_int_equal(found, 2);
    assert_int_equal(near[0].id, 5);
    assert_int_equal(near[1].id, 2);
    wl_similar_destroy(similar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_carves_what_it_measured),
        cmocka_unit_test(noise_is_the_power_of_the_counts),
        cmocka_unit_test(the_alias_table_keeps_the_probabilities),
        cmocka_unit_test(draws_follow_the_distribution),
        cmocka_unit_test(noise_of_nothing_is_refused),
        cmocka_unit_test(a_pair_is_a_word_and_its_neighbour_on_the_line),
        cmocka_unit_test(pairs_depend_neither_on_the_batch_nor_on_threads),
        cmocka_unit_test(reaches_are_uniform_and_negatives_are_not_the_target),
        cmocka_unit_test(frequent_words_are_subsampled),
        cmocka_unit_test(the_loss_falls_with_every_rule_and_type),
        cmocka_unit_test(bits_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(words_of_a_topic_become_neighbours),
        cmocka_unit_test(the_first_batch_is_as_by_hand),
        cmocka_unit_test(a_run_that_diverges_stops_with_finite_tables),
        cmocka_unit_test(a_run_ends_when_it_is_asked_to),
        cmocka_unit_test(what_cannot_be_learnt_is_refused),
        cmocka_unit_test(a_model_is_written_and_read_whole),
        cmocka_unit_test(neighbours_are_by_cosine_then_by_id),
    };
    return cmocka_run_group_tests_name("models", tests, make_folder, remove_folder);
}
