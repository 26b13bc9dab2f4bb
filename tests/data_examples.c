/* Examples of sources and targets: both forms of files, what is refused, and how they are split. */
#include "data_tables.h"

#include <math.h>
#include <wordloom/nn/examples.h>

static wl_status read_text(wl_examples **out, const char *text, wl_error *error)
{
    write_text(in_folder("examples"), text);
    return wl_examples_read(out, in_folder("examples"), error);
}

static wl_examples *reads(const char *text)
{
    wl_examples *examples;
    wl_error error = { "" };
    if (read_text(&examples, text, &error)) fail_msg("%s", error.text);
    return examples;
}

static void assert_string(const char *found, size_t length, const char *expected)
{
    assert_string_equal(found, expected);
    assert_int_equal(length, strlen(expected));
}

/* The text has the `count` pairs of strings that follow one another at `strings`. */
static void assert_reads(const char *text, int64_t count, const char *const *strings)
{
    wl_examples *examples = reads(text);
    assert_int_equal(wl_examples_size(examples), count);
    for (int64_t i = 0; i < count; i++) {
        size_t n, m;
        const char *source = wl_examples_source(examples, i, &n);
        const char *target = wl_examples_target(examples, i, &m);
        assert_string(source, n, strings[2 * i]);
        assert_string(target, m, strings[2 * i + 1]);
        assert_ptr_equal(wl_examples_source(examples, i, NULL), source);
        assert_ptr_equal(wl_examples_target(examples, i, NULL), target);
    }
    wl_examples_destroy(examples);
}

/* ------------------------------------------------------------------ reading */

static void a_tab_is_between_source_and_target(void **state)
{
    (void)state;
    static const char *const pairs[] = { "a b",      "c", " d_e ", " f", "g", "h",
                                         "\xc3\xa9", "",  "",      "i",  "j", "k\r" };
    assert_reads("a b\tc\n d_e \t f\ng\th\tand\tmore\n\xc3\xa9\t\n\ti\nj\tk\r\r\n", 6, pairs);
}

static void an_underscore_is_between_padded_source_and_target(void **state)
{
    (void)state;
    static const char *const pairs[] = { "16+75", "91", "a  b", "c\td", "", "e", "f", "" };
    assert_reads("16+75  _91  \n  a  b _ c\td\n_e\nf _ ", 4, pairs);
}

static void the_first_line_that_is_not_blank_says_which(void **state)
{
    (void)state;
    static const char *const tabs[] = { "a_b", "c", "d", "e" }, *const underscores[] = { "a", "b",
                                                                                         "c\td",
                                                                                         "e" };
    assert_reads("\n   \n\r\na_b\tc\nd\te", 2, tabs);
    assert_reads("\t\na_b\tc\nd\te", 2, tabs); /* though its strings are empty */
    assert_reads("\n   \na_b\nc\td_e", 2, underscores);
    assert_reads(" _ \na_b\nc\td_e", 2, underscores);
}

static void what_is_blank_is_skipped_and_lines_may_end_with_cr_lf(void **state)
{
    (void)state;
    static const char *const pairs[] = { "a", "b", "c", "d" };
    assert_reads("\xef\xbb\xbf"
                 "a\tb\r\n\r\n\n  \n\t\n\t\tx\nc\td\r\n",
                 2, pairs);
    assert_reads("\xef\xbb\xbf"
                 "a_b\r\n\r\n\n  \n _\n_  \nc _ d \r\n",
                 2, pairs);
    wl_examples_destroy(NULL);
}

static void standard_input_is_read_too(void **state)
{
    (void)state;
    wl_examples *examples;
    wl_error error;
    pipe_into_stdin("a\tb\nc\t\xff", 7);
    assert_int_equal(wl_examples_read(&examples, "-", &error), WL_BAD_FILE);
    assert_error(&error, "standard input: line 2, byte 6", NULL);
    pipe_into_stdin("a\tb\n", 4);
    assert_int_equal(wl_examples_read(&examples, "-", &error), WL_OK);
    assert_string_equal(wl_examples_target(examples, 0, NULL), "b");
    wl_examples_destroy(examples);
}

static void a_line_may_have_any_length(void **state)
{
    (void)state;
    enum { LONG = 3 << 20 };
    char *text = malloc(2 * LONG + 4);
    memset(text, 'w', 2 * LONG + 3);
    text[LONG] = '\t';
    text[2 * LONG + 1] = '\n';
    text[2 * LONG + 2] = 0;
    wl_examples *examples = reads(text);
    size_t n, m;
    assert_memory_equal(wl_examples_source(examples, 0, &n), text, LONG);
    assert_memory_equal(wl_examples_target(examples, 0, &m), text + LONG + 1, LONG);
    assert_int_equal(n, LONG);
    assert_int_equal(m, LONG);
    wl_examples_destroy(examples);
    free(text);
}

/* ------------------------------------------------------------------ what is refused */

static void malformed_examples_name_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line, *part;
    } cases[] = {
        { "", "line 1", "found the end" },
        { "\n \n\t\n", "line 4", "found the end" },
        { " _ \n", "line 2", "found the end" },
        { "\nab\n", "line 2", "a tab, or one _, between source and target, found neither" },
        { "a\tb\nab\n", "line 2", "a tab between source and target, found none" },
        { "a\tb\na_b\n", "line 2", "a tab between source and target, found none" },
        { "a_b\n\nab\n", "line 3", "one _ between source and target, found none" },
        { "a_b\na\tb\n", "line 2", "one _ between source and target, found none" },
        { "a_b_\n", "line 1", "one _ between source and target, found more" },
        { "a\tb\nc\xc3\td\n", "line 2, byte 5", "UTF-8" },
        { "\xef\xbb\xbf"
          "a_\xff\n",
          "line 1, byte 5", "begins with 0xff" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wl_examples *examples;
        wl_error error = { "" };
        assert_int_equal(read_text(&examples, cases[i].text, &error), WL_BAD_FILE);
        assert_null(examples);
        assert_error(&error, "examples: ", cases[i].line, "expected", cases[i].part, NULL);
    }
    wl_examples *examples;
    wl_error error;
    write_bytes(in_folder("nul"), "a\tb\n\0\tc\n", 8);
    assert_int_equal(wl_examples_read(&examples, in_folder("nul"), &error), WL_BAD_FILE);
    assert_error(&error, "nul: line 2, byte 4: expected text, found a NUL", NULL);
    assert_int_equal(wl_examples_read(&examples, in_folder("missing"), &error), WL_IO_ERROR);
    assert_error(&error, "missing", NULL);
}

static void any_prefix_and_any_changed_byte_loads_or_is_told(void **state)
{
    (void)state;
    static const char *const texts[] = { "\xef\xbb\xbf"
                                         "a b\tc\r\n\nd\t\xc3\xa9\tx\n",
                                         "\xef\xbb\xbf"
                                         "a b _c \r\n\nd_\xc3\xa9\n" };
    static const char to[] = { 0, ' ', '\n', '\t', '_', '\r' };
    for (size_t t = 0; t < 2; t++)
        for (size_t at = 0, length = strlen(texts[t]); at < length; at++)
            for (size_t change = 0; change <= sizeof to; change++) {
                char copy[64];
                wl_examples *examples;
                wl_error error = { "" };
                memcpy(copy, texts[t], length);
                if (change > 0) copy[at] = to[change - 1];
                write_bytes(in_folder("changed"), copy, change > 0 ? length : at);
                const wl_status status = wl_examples_read(&examples, in_folder("changed"), &error);
                if (status) {
                    assert_int_equal(status, WL_BAD_FILE);
                    assert_error(&error, "changed: line ", "expected", NULL);
                } else {
                    assert_in_range(wl_examples_size(examples), 1, 3);
                }
                wl_examples_destroy(examples);
            }
}

/* ------------------------------------------------------------------ splitting */

/* Pairs "0 0", "1 1", ..., up to `size` */
static wl_examples *numbered(int size)
{
    char *text = malloc((size_t)size * 24 + 1), *to = text;
    for (int i = 0; i < size; i++) to += sprintf(to, "%d\t%d\n", i, i);
    wl_examples *examples = reads(text);
    free(text);
    return examples;
}

static int number(const wl_examples *examples, int64_t i)
{
    assert_string_equal(wl_examples_source(examples, i, NULL),
                        wl_examples_target(examples, i, NULL));
    return atoi(wl_examples_source(examples, i, NULL));
}

static void a_split_has_each_pair_once_and_in_order(void **state)
{
    (void)state;
    enum { N = 1000 };
    static const int64_t counts[] = { 1, 2, 100, 500, N - 1 };
    wl_examples *all = numbered(N), *kept, *held;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        assert_int_equal(wl_examples_split(&kept, &held, all, counts[c], c, NULL), WL_OK);
        assert_int_equal(wl_examples_size(held), counts[c]);
        assert_int_equal(wl_examples_size(kept), N - counts[c]);
        int64_t k = 0, h = 0;
        for (int i = 0; i < N; i++)
            if (h < counts[c] && number(held, h) == i)
                h++;
            else
                assert_int_equal(number(kept, k++), i);
        wl_examples_destroy(kept);
        wl_examples_destroy(held);
    }
    wl_examples_destroy(all);
}

static void a_split_depends_on_its_seed_alone(void **state)
{
    (void)state;
    wl_examples *all = numbered(100), *kept[3], *held[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(wl_examples_split(&kept[i], &held[i], all, 30, i == 2 ? 8 : 7, NULL),
                         WL_OK);
    assert_true(wl_examples_hash(held[0]) == wl_examples_hash(held[1]));
    assert_true(wl_examples_hash(kept[0]) == wl_examples_hash(kept[1]));
    assert_true(wl_examples_hash(held[0]) != wl_examples_hash(held[2]));
    for (int i = 0; i < 3; i++) {
        wl_examples_destroy(kept[i]);
        wl_examples_destroy(held[i]);
    }
    wl_examples_destroy(all);
}

/* Of seeds, so many should hold back a given two of six; the deviation is that of a binomial. */
static void every_split_is_as_likely(void **state)
{
    (void)state;
    enum { SEEDS = 15000, SPLITS = 15 };
    const double p = 1. / SPLITS, deviation = sqrt(SEEDS * p * (1 - p));
    wl_examples *all = numbered(6), *kept, *held;
    int counts[6][6] = { { 0 } };
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        assert_int_equal(wl_examples_split(&kept, &held, all, 2, seed, NULL), WL_OK);
        counts[number(held, 0)][number(held, 1)]++;
        wl_examples_destroy(kept);
        wl_examples_destroy(held);
    }
    for (int i = 0; i < 6; i++)
        for (int j = i + 1; j < 6; j++) assert_true(fabs(counts[i][j] - SEEDS * p) < 5 * deviation);
    wl_examples_destroy(all);
}

static void neither_part_of_a_split_is_empty(void **state)
{
    (void)state;
    static const int64_t counts[] = { INT64_MIN, -1, 0, 3, 4, INT64_MAX };
    wl_examples *all = numbered(3), *kept, *held;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        wl_error error = { "" };
        assert_int_equal(wl_examples_split(&kept, &held, all, counts[c], 1, &error),
                         WL_OUT_OF_RANGE);
        assert_error(&error, "1 to 2 of 3 pairs", NULL);
        assert_null(kept);
        assert_null(held);
    }
    wl_examples_destroy(all);
}

static void the_hash_tells_where_strings_end(void **state)
{
    (void)state;
    static const char *const texts[] = { "ab\tc\n", "a\tbc\n", "a\tb\nc\t\n", "ab\td\n",
                                         "ab_c \r\n" };
    uint64_t hashes[5];
    for (int i = 0; i < 5; i++) {
        wl_examples *examples = reads(texts[i]);
        hashes[i] = wl_examples_hash(examples);
        wl_examples_destroy(examples);
    }
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++) assert_int_equal(hashes[i] == hashes[j], i == 4 && j == 0);
}

/* ------------------------------------------------------------------ the real files */

static void the_additions_of_the_book_are_read_whole(void **state)
{
    (void)state;
    wl_examples *examples;
    wl_error error;
    assert_int_equal(wl_examples_read(&examples, shared_data("addition.txt"), &error), WL_OK);
    assert_int_equal(wl_examples_size(examples), 50000);
    for (int64_t i = 0; i < 50000; i++) {
        char *end;
        const long a = strtol(wl_examples_source(examples, i, NULL), &end, 10);
        assert_int_equal(*end, '+');
        const long b = strtol(end + 1, &end, 10);
        assert_int_equal(*end, 0);
        assert_int_equal(strtol(wl_examples_target(examples, i, NULL), &end, 10), a + b);
        assert_int_equal(*end, 0);
    }
    wl_examples_destroy(examples);
}

static void the_dates_of_the_book_are_read_whole(void **state)
{
    (void)state;
    wl_examples *examples;
    wl_error error;
    size_t length;
    assert_int_equal(wl_examples_read(&examples, shared_data("date.txt"), &error), WL_OK);
    assert_int_equal(wl_examples_size(examples), 50000);
    assert_string_equal(wl_examples_source(examples, 0, NULL), "september 27, 1994");
    assert_string_equal(wl_examples_target(examples, 0, NULL), "1994-09-27");
    for (int64_t i = 0; i < 50000; i++) {
        wl_examples_target(examples, i, &length);
        assert_int_equal(length, 10);
    }
    wl_examples_destroy(examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tab_is_between_source_and_target),
        cmocka_unit_test(an_underscore_is_between_padded_source_and_target),
        cmocka_unit_test(the_first_line_that_is_not_blank_says_which),
        cmocka_unit_test(what_is_blank_is_skipped_and_lines_may_end_with_cr_lf),
        cmocka_unit_test(standard_input_is_read_too),
        cmocka_unit_test(a_line_may_have_any_length),
        cmocka_unit_test(malformed_examples_name_their_line),
        cmocka_unit_test(any_prefix_and_any_changed_byte_loads_or_is_told),
        cmocka_unit_test(a_split_has_each_pair_once_and_in_order),
        cmocka_unit_test(a_split_depends_on_its_seed_alone),
        cmocka_unit_test(every_split_is_as_likely),
        cmocka_unit_test(neither_part_of_a_split_is_empty),
        cmocka_unit_test(the_hash_tells_where_strings_end),
        cmocka_unit_test(the_additions_of_the_book_are_read_whole),
        cmocka_unit_test(the_dates_of_the_book_are_read_whole),
    };
    return cmocka_run_group_tests_name("data_examples", tests, make_folder, remove_folder);
}
