/* The noise distribution, and skip-gram's mini-batches. */
#include "texts.h"

#include <wordloom/nn/noise.h>

#include <float.h>
#include <math.h>
#include <omp.h>

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
    const int32_t *columns = wl_noise_columns(noise);
    double given[WORDS] = { 0 };
    for (int i = 0; i < WORDS; i++) {
        const uint32_t threshold = (uint32_t)columns[2 * i];
        const int32_t alias = columns[2 * i + 1];
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_the_power_of_the_counts),
        cmocka_unit_test(the_alias_table_keeps_the_probabilities),
        cmocka_unit_test(draws_follow_the_distribution),
        cmocka_unit_test(noise_of_nothing_is_refused),
        cmocka_unit_test(a_pair_is_a_word_and_its_neighbour_on_the_line),
        cmocka_unit_test(pairs_depend_neither_on_the_batch_nor_on_threads),
        cmocka_unit_test(reaches_are_uniform_and_negatives_are_not_the_target),
        cmocka_unit_test(frequent_words_are_subsampled),
    };
    return cmocka_run_group_tests_name("batches", tests, make_folder, remove_folder);
}
