/* The noise distribution of negative sampling. */
#include "texts.h"

#include <wordloom/nn/noise.h>

#include <float.h>
#include <math.h>

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
        const int32_t *column = wl_noise_columns(noise) + 2 * i;
        const uint32_t threshold = (uint32_t)column[0];
        given[i] += threshold * 0x1p-32 / WORDS;
        given[column[1]] += (1 - threshold * 0x1p-32) / WORDS;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_the_power_of_the_counts),
        cmocka_unit_test(the_alias_table_keeps_the_probabilities),
        cmocka_unit_test(draws_follow_the_distribution),
        cmocka_unit_test(noise_of_nothing_is_refused),
    };
    return cmocka_run_group_tests_name("data_noise", tests, make_folder, remove_folder);
}
