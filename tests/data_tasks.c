/* Generated tasks: that answers are right, and that questions are as the header says. */
#include "data_files.h"

#include <math.h>
#include <time.h>
#include <wordloom/nn/tasks.h>

static wl_examples *generate(int32_t task, int64_t count, uint64_t seed)
{
    wl_examples *examples;
    wl_error error = { "" };
    if (wl_examples_generate(&examples, task, count, seed, &error)) fail_msg("%s", error.text);
    assert_int_equal(wl_examples_size(examples), count);
    return examples;
}

static const char *source(const wl_examples *e, int64_t i)
{
    return wl_examples_source(e, i, NULL);
}
static const char *target(const wl_examples *e, int64_t i)
{
    return wl_examples_target(e, i, NULL);
}

/* So many of n come where each comes with probability p: within five deviations of a binomial. */
static void assert_occurs(int64_t count, int64_t n, double p)
{
    const double mean = (double)n * p;
    if (fabs((double)count - mean) > 5 * sqrt(mean * (1 - p)))
        fail_msg("%lld of %lld, expected about %g", (long long)count, (long long)n, mean);
}

/* ------------------------------------------------------------------ numbers */

static void additions_are_of_any_two_numbers_and_right(void **state)
{
    (void)state;
    enum { N = 40000 };
    wl_examples *examples = generate(WL_TASK_ADDITION, N, 1);
    int counts[2][10] = { { 0 } }, extremes[2][2] = { { 0 } };
    for (int64_t i = 0; i < N; i++) {
        int a, b;
        char expected[32];
        assert_int_equal(sscanf(source(examples, i), "%d+%d", &a, &b), 2);
        assert_in_range(a, 0, 999);
        assert_in_range(b, 0, 999);
        snprintf(expected, sizeof expected, "%d+%d", a, b);
        assert_string_equal(source(examples, i), expected);
        snprintf(expected, sizeof expected, "%d", a + b);
        assert_string_equal(target(examples, i), expected);
        counts[0][a / 100]++;
        counts[1][b / 100]++;
        extremes[0][a == 999] |= a % 999 == 0;
        extremes[1][b == 999] |= b % 999 == 0;
    }
    for (int k = 0; k < 2; k++) {
        for (int hundreds = 0; hundreds < 10; hundreds++)
            assert_occurs(counts[k][hundreds], N, 0.1);
        assert_true(extremes[k][0] && extremes[k][1]);
    }
    wl_examples_destroy(examples);
}

static int by_character(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

static void copies_reversals_and_sorts_are_of_3_to_10_digits_and_right(void **state)
{
    (void)state;
    enum { N = 8000 };
    for (int32_t task = WL_TASK_COPY; task <= WL_TASK_SORT; task++) {
        wl_examples *examples = generate(task, N, 2);
        int lengths[11] = { 0 }, digits[10] = { 0 };
        int64_t all = 0;
        for (int64_t i = 0; i < N; i++) {
            char expected[16];
            const size_t n = strlen(source(examples, i));
            assert_in_range(n, 3, 10);
            assert_int_equal(strspn(source(examples, i), "0123456789"), n);
            strcpy(expected, source(examples, i));
            if (task == WL_TASK_SORT) qsort(expected, n, 1, by_character);
            for (size_t k = 0; k < n && task == WL_TASK_REVERSE; k++)
                expected[k] = source(examples, i)[n - 1 - k];
            assert_string_equal(target(examples, i), expected);
            lengths[n]++;
            all += (int64_t)n;
            for (size_t k = 0; k < n; k++) digits[source(examples, i)[k] - '0']++;
        }
        for (int n = 3; n <= 10; n++) assert_occurs(lengths[n], N, 1. / 8);
        for (int d = 0; d < 10; d++) assert_occurs(digits[d], all, 0.1);
        wl_examples_destroy(examples);
    }
}

/* ------------------------------------------------------------------ dates */

enum { STYLES = 4, CASES = 3, DAYS = 18262 };

static const time_t a_day = 24 * 60 * 60;

/* The day of an answer, by the C library's calendar. */
static time_t day_of(const char *answer, struct tm *at)
{
    char expected[32];
    *at = (struct tm){ 0 };
    assert_int_equal(sscanf(answer, "%4d-%2d-%2d", &at->tm_year, &at->tm_mon, &at->tm_mday), 3);
    at->tm_year -= 1900;
    at->tm_mon -= 1;
    const time_t seconds = timegm(at);
    assert_int_equal(strftime(expected, sizeof expected, "%Y-%m-%d", gmtime_r(&seconds, at)), 10);
    assert_string_equal(answer, expected); /* which the 31st of June would not be */
    return seconds / a_day;
}

static void change_case(char *text, int letters)
{
    for (; *text && letters; text++)
        if (letters == 1 ? *text >= 'A' && *text <= 'Z' : *text >= 'a' && *text <= 'z')
            *text ^= 'a' ^ 'A';
}

/* What a day is called in a style and a case, by the C library, which has its own names. */
static void spell(char to[64], const struct tm *at, int style, int letters)
{
    static const char *const formats[STYLES] = { "%-m/%-d/%y", "%b %-d, %Y", "%B %-d, %Y",
                                                 "%A, %B %-d, %Y" };
    assert_int_not_equal(strftime(to, 64, formats[style], at), 0);
    change_case(to, letters);
}

/* Counts what the source may be: of a day in May, two styles are the same. */
static int match(const char *text, const struct tm *at, int counts[STYLES][CASES])
{
    int matches = 0;
    for (int style = 0; style < STYLES; style++)
        for (int letters = 0; letters < CASES; letters++) {
            char expected[64];
            spell(expected, at, style, letters);
            const int same = strcmp(text, expected) == 0;
            matches += same;
            counts[style][letters] += same;
        }
    return matches;
}

static void dates_are_as_the_calendar_has_them_in_each_style(void **state)
{
    (void)state;
    enum { N = 20000 };
    wl_examples *examples = generate(WL_TASK_DATE, N, 3);
    int64_t n = 0;
    int counts[STYLES][CASES] = { { 0 } }, ignored[STYLES][CASES];
    for (int64_t i = 0; i < N; i++) {
        struct tm at;
        day_of(target(examples, i), &at);
        const int may = at.tm_mon == 4;
        n += !may;
        if (match(source(examples, i), &at, may ? ignored : counts) == 0)
            fail_msg("%s is no way to write %s", source(examples, i), target(examples, i));
    }
    for (int letters = 0; letters < CASES; letters++) {
        assert_occurs(counts[0][letters], n, 0.25); /* digits have no case */
        for (int style = 1; style < STYLES; style++)
            assert_occurs(counts[style][letters], n, letters == 0 ? 0.125 : 0.0625);
    }
    wl_examples_destroy(examples);
}

/* That a given day does not come among so many has a probability of 1e-9. */
static void every_day_of_fifty_years_comes(void **state)
{
    (void)state;
    enum { N = 20 * DAYS };
    static int counts[DAYS];
    wl_examples *examples = generate(WL_TASK_DATE, N, 4);
    for (int64_t i = 0; i < N; i++) {
        struct tm at;
        const time_t day = day_of(target(examples, i), &at);
        assert_in_range(day, 0, DAYS - 1);
        counts[day]++;
    }
    int64_t in_each_half[2] = { 0 };
    for (int day = 0; day < DAYS; day++) {
        assert_int_not_equal(counts[day], 0);
        in_each_half[day >= DAYS / 2] += counts[day];
    }
    assert_occurs(in_each_half[0], N, 0.5);
    wl_examples_destroy(examples);
}

/* ------------------------------------------------------------------ what examples depend on */

static void an_example_depends_on_its_number_and_the_seed_alone(void **state)
{
    (void)state;
    for (int32_t task = 0; wl_tasks[task]; task++) {
        wl_examples *few = generate(task, 10, 5), *many = generate(task, 1000, 5),
                    *others = generate(task, 1000, 5 + (1ull << 40));
        int same = 0;
        for (int64_t i = 0; i < 10; i++) {
            assert_string_equal(source(few, i), source(many, i));
            assert_string_equal(target(few, i), target(many, i));
        }
        for (int64_t i = 0; i < 1000; i++) same += !strcmp(source(many, i), source(others, i));
        assert_in_range(same, 0, 3);
        wl_examples_destroy(few);
        wl_examples_destroy(many);
        wl_examples_destroy(others);
    }
}

static void tasks_have_names_and_sizes(void **state)
{
    (void)state;
    static const char *const names[] = { "addition", "date", "copy", "reverse", "sort" };
    static const int64_t counts[] = { INT64_MIN, -1, 0, 1ll << 31, INT64_MAX };
    wl_examples *examples;
    wl_error error = { "" };
    for (int i = 0; i < 5; i++) assert_string_equal(wl_tasks[i], names[i]);
    assert_null(wl_tasks[5]);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(wl_examples_generate(&examples, i, counts[i], 1, &error), WL_OUT_OF_RANGE);
        assert_error(&error, names[i], "1 to 2^31 - 1 examples", NULL);
        assert_null(examples);
    }
    for (int32_t task = -1; task <= 5; task += 6) {
        assert_int_equal(wl_examples_generate(&examples, task, 1, 1, &error), WL_OUT_OF_RANGE);
        assert_error(&error, "task: expected 0 to 4", NULL);
        assert_null(examples);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(additions_are_of_any_two_numbers_and_right),
        cmocka_unit_test(copies_reversals_and_sorts_are_of_3_to_10_digits_and_right),
        cmocka_unit_test(dates_are_as_the_calendar_has_them_in_each_style),
        cmocka_unit_test(every_day_of_fifty_years_comes),
        cmocka_unit_test(an_example_depends_on_its_number_and_the_seed_alone),
        cmocka_unit_test(tasks_have_names_and_sizes),
    };
    return cmocka_run_group_tests_name("data_tasks", tests, NULL, NULL);
}
