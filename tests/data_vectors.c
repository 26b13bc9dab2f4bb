/* Word vectors as text, with and without a first line: round trips, texts of others, and what is
 * refused. */
#include "data_tables.h"

#include <locale.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const wl_vectors_format texts[] = { WL_VECTORS_TEXT, WL_VECTORS_GLOVE };

static void text_reads_back_the_same_bits(void **state)
{
    (void)state;
    const char *path = in_folder("bits.txt");
    for (int i = 0; i < 2; i++) {
        wl_vectors *vectors = make(words, 5, 2000);
        fill(vectors->table, vectors->V * vectors->D);
        wl_error error;
        assert_int_equal(wl_vectors_write(vectors, path, texts[i], &error), WL_OK);
        wl_vectors *copy = load(path);
        assert_same(copy, vectors);
        assert_null(copy->output);
        assert_null(copy->config);
        wl_vectors_destroy(copy);
        wl_vectors_destroy(vectors);
    }
    wl_vectors_destroy(NULL);
}

/* Of the same numbers, one line less. */
static void text_without_a_first_line_has_the_rows_alone(void **state)
{
    (void)state;
    const char *path = in_folder("rows.txt"), *glove = in_folder("rows.glove");
    size_t length, rows;
    wl_vectors *vectors = make(words, 5, 3);
    fill(vectors->table, 15);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, NULL), WL_OK);
    assert_int_equal(wl_vectors_write(vectors, glove, WL_VECTORS_GLOVE, NULL), WL_OK);
    char *with = read_bytes(path, &length), *without = read_bytes(glove, &rows);
    assert_int_equal(length, rows + 4);
    assert_memory_equal(with, "5 3\n", 4);
    assert_string_equal(with + 4, without);
    free(with);
    free(without);
    write_text(path, "");
    assert_bad(path, WL_VECTORS_GLOVE, "line 1", "an empty file");
    wl_vectors_destroy(vectors);
}

/* As some of glove.840B have; with a first line, as in word2vec's files, a space ends a word. */
static void words_of_glove_may_have_spaces(void **state)
{
    (void)state;
    static const char *const spaced[] = { ",", "at name@domain.com", ". . .", "new york" };
    const char *path = in_folder("spaces.glove");
    write_text(path, ", 1 2\nat name@domain.com 3 4\n. . . 5 6\r\nnew  york  7 8 \n");
    wl_vectors *vectors = load(path);
    assert_int_equal(vectors->V, 4);
    for (int i = 0; i < 8; i++) assert_true(vectors->table[i] == (float)(i + 1));
    for (int i = 0; i < 4; i++)
        assert_string_equal(wl_vocabulary_word(vectors->words, i, NULL), spaced[i]);
    wl_vectors_destroy(vectors);
    write_text(path, ", 1 2\nat 5 pm 3 4\n");
    assert_bad(path, (wl_vectors_format)0, "line 2", "a number, found \"pm\"");
    write_text(path, ", 1 2\nall words\n");
    assert_bad(path, (wl_vectors_format)0, "line 2", "a number, found \"words\"");
    write_text(path, "2 2\n, 1 2\nat name@domain.com 3 4\n");
    assert_bad(path, (wl_vectors_format)0, "line 3", "found \"name@domain.com\"");
}

/* Of one number a word, which takes naming. */
static void text_of_two_columns_is_read_by_name(void **state)
{
    (void)state;
    const char *path = in_folder("two.glove");
    wl_vectors *vectors = make(words, 5, 1);
    fill(vectors->table, 5);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_GLOVE, NULL), WL_OK);
    assert_bad(path, (wl_vectors_format)0, "byte 0", "found none of them");
    wl_vectors *copy = load_as(path, WL_VECTORS_GLOVE);
    assert_same(copy, vectors);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

/* Values of every size, those near a carry, those of few digits, and those of every kind. */
static float specimen(int64_t i, uint32_t *bits)
{
    *bits = *bits * 1664525 + 1013904223;
    float power = powf(10, (float)(i % 16 - 5)), sign = i & 1 ? -1.0f : 1.0f;
    if (i % 4 == 0) return sign * power * (1 + (float)((int)(*bits >> 28) - 8) * 6e-8f);
    if (i % 4 == 1) return sign * (float)(*bits >> 24) * power;
    if (i % 4 == 2) return sign * power * ((float)(*bits >> 8) * 0x1p-24f);
    float any = float_of(*bits);
    return isfinite(any) ? any : 0;
}

static void text_has_the_digits_that_printf_prints(void **state)
{
    (void)state;
    enum { D = 400000 };
    const char *path = in_folder("digits.txt");
    wl_vectors *vectors = make(words, 1, D);
    uint32_t bits = 1;
    for (int64_t i = 0; i < D; i++) vectors->table[i] = specimen(i, &bits);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, NULL), WL_OK);
    size_t length;
    char *text = read_bytes(path, &length), number[32];
    const char *p = strchr(strchr(text, '\n') + 1, ' ');
    for (int64_t i = 0; i < D; i++) {
        int n = snprintf(number, sizeof number, " %.9g", (double)vectors->table[i]);
        if (strncmp(p, number, (size_t)n) != 0) fail_msg("%s: %.20s", number, p);
        p += n;
    }
    assert_string_equal(p, "\n");
    free(text);
    wl_vectors *copy = load(path);
    assert_same(copy, vectors);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

/* Written under a locale with a decimal comma and read under it. */
static void write_in_german(const wl_vectors *vectors, const char *path, wl_vectors_format format)
{
    char point[8];
    snprintf(point, sizeof point, "%.1f", 0.5);
    assert_string_equal(point, "0,5");
    assert_int_equal(wl_vectors_write(vectors, path, format, NULL), WL_OK);
    wl_vectors *copy = load(path);
    snprintf(point, sizeof point, "%.1f", 0.5);
    assert_string_equal(point, "0,5"); /* the caller's locale is left alone */
    assert_same(copy, vectors);
    wl_vectors_destroy(copy);
}

static void text_is_the_same_under_every_locale(void **state)
{
    (void)state;
    const char *path = in_folder("plain.txt"), *german = in_folder("german.txt");
    wl_vectors *vectors = make(words, 5, 100);
    fill(vectors->table, vectors->V * vectors->D);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wl_vectors_write(vectors, path, texts[i], NULL), WL_OK);
        if (!use_german()) {
            wl_vectors_destroy(vectors);
            print_message("skipped: no locale de_DE.UTF-8, and localedef cannot make it\n");
            skip();
        }
        write_in_german(vectors, german, texts[i]);
        setlocale(LC_ALL, "C");
        size_t n, m;
        char *one = read_bytes(path, &n), *two = read_bytes(german, &m);
        assert_int_equal(n, m);
        assert_memory_equal(one, two, n);
        free(one);
        free(two);
    }
    wl_vectors_destroy(vectors);
}

static void text_of_others_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "2 3\na 1 -2.5 3e2\nb 0 0 0\n",
        "2 3\na 1 -2.5 3e2 \nb 0 0 0 \n",                        /* word2vec.c, fastText */
        "2 3 \r\na 1 -2.5 3e2\r\nb 0 0 0\r\n",                   /* Windows */
        "2 3\na  1.0  -25e-1 +3.0E+02\nb 0.0 -.0 0e0\n",         /* columns, other spellings */
        "2 3\na 1.00000000000000000000000 -2.5 300\nb 0 0 0.\n", /* more digits than a float has */
        "2 3\na 0000000000000000000001 -2.5 300\nb 0 0 1e-9999\n",
    };
    static const float row[] = { 1, -2.5f, 300 };
    const char *path = in_folder("others.txt");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_text(path, texts[i]);
        wl_vectors *vectors = load(path);
        assert_int_equal(vectors->V, 2);
        assert_int_equal(vectors->D, 3);
        assert_memory_equal(vectors->table, row, sizeof row);
        for (int k = 3; k < 6; k++) assert_true(vectors->table[k] == 0);
        wl_vectors_destroy(vectors);
    }
    /* a word that looks like the start of a safetensors header */
    write_text(path, "1 1\nabcd{ef 5\n");
    wl_vectors_destroy(load(path));
}

static void text_comes_from_standard_input_too(void **state)
{
    (void)state;
    pipe_into_stdin("1 2\na 1 2\n", 10);
    wl_vectors *vectors = load("-");
    assert_int_equal(vectors->D, 2);
    const char *path = in_folder("piped.safetensors");
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_SAFETENSORS, NULL), WL_OK);
    size_t length;
    char *bytes = read_bytes(path, &length);
    pipe_into_stdin(bytes, length);
    wl_vectors *copy = load("-");
    assert_same(copy, vectors);
    free(bytes);
    wl_vectors_destroy(copy);
    wl_vectors_destroy(vectors);
}

static void bad_text_is_told_by_line(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        { "", "byte 0", "expected the numbers of words and of dimensions" },
        { "word\n", "byte 0", "found none of them" },
        { "word 1\n", "byte 0", "found none of them" },
        { "word one two\n", "line 1", "expected a number, found \"one\"" },
        { "a 1 2\nb 1\n", "line 2", "expected 2 numbers, found 1" },
        { "a 1 2\nb 1 2 3\n", "line 2", "expected 2 numbers, found 3 or more" },
        { "a 1 2\nb 1 2", "line 2", "cut short" },
        { "a 1 2\n\n", "line 2", "expected 2 numbers, found 0" },
        { "a 1 2\na 1 2\n", "line 2", "expected a word that is new, found \"a\"" },
        { "2", "line 1", "cut short" },
        { "2 3", "line 1", "cut short" },
        { "2\n", "line 1", "expected the number of words, a space and the number of dimensions" },
        { "2 \n", "line 1", "found \"2 \"" },
        { "2 3 x\n", "line 1", "expected a number, found \"x\"" },
        { "2 -3\n", "line 1", "found \"2 -3\"" },
        { "0 3\n", "line 1", "found \"0 3\"" },
        { "3 0\n", "line 1", "found \"3 0\"" },
        { "9223372036854775808 1\na 1\n", "line 1", "expected the number of words" },
        { "4611686018427387904 4\na 1\n", "line 1", "expected a table of less than 2^63 bytes" },
        { "2305843009213693952 1\na 1\n", "line 1", "expected a table of less than 2^63 bytes" },
        { "1000000000000000 1\na 1\n", "line 3", "expected 1000000000000000 words, found the end" },
        { "1 1000000000000000\na 1\n", "line 2", "expected 1000000000000000 numbers, found 1" },
        { "2 2\na 1 2\n", "line 3", "expected 2 words, found the end of the file after 1" },
        { "2 2\na 1 2\nb 1 2\nc 1 2\n", "line 4", "expected the end of the file after 2 words" },
        { "1 2\na 1 2\n\n", "line 3", "found 1 more bytes" },
        { "1 2\na 1\n", "line 2", "expected 2 numbers, found 1" },
        { "1 2\na\n", "line 2", "expected 2 numbers, found 0" },
        { "1 2\na 1 2 3\n", "line 2", "expected 2 numbers, found 3 or more" },
        { "1 2\na 1 2", "line 2", "cut short" },
        { "1 2\na", "line 2", "cut short" },
        { "1 2\n 1 2\n", "line 2", "expected a word" },
        { "2 1\na 1\na 2\n", "line 3", "expected a word that is new, found \"a\"" },
        { "1 2\na 1 x\n", "line 2", "expected a number, found \"x\"" },
        { "1 2\na 1 2x\n", "line 2", "expected a number, found \"2x\"" },
        { "1 2\na 1 0x10\n", "line 2", "expected a number, found \"0x10\"" },
        { "1 2\na 1 1,5\n", "line 2", "expected a number, found \"1,5\"" },
        { "1 2\na 1 \t2\n", "line 2", "expected a number" },
        { "1 2\na 1 -\n", "line 2", "expected a number, found \"-\"" },
        { "1 2\na 1 .\n", "line 2", "expected a number, found \".\"" },
        { "1 2\na 1 1e\n", "line 2", "expected a number, found \"1e\"" },
        { "1 2\na 1 nan\n", "line 2", "expected a finite number, found \"nan\"" },
        { "1 2\na 1 -inf\n", "line 2", "expected a finite number, found \"-inf\"" },
        { "1 2\na 1 1e39\n", "line 2", "expected a finite number, found \"1e39\"" },
        { "1 2\na 1 3.4028236e38\n", "line 2", "expected a finite number" },
    };
    const char *path = in_folder("bad.txt");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(path, bad[i][0]);
        wl_vectors *vectors;
        wl_error error = { "" };
        wl_status status = wl_vectors_read(&vectors, path, 0, &error);
        if (status != WL_BAD_FILE) fail_msg("%s: %d %s", bad[i][0], status, error.text);
        assert_null(vectors);
        assert_error(&error, path, bad[i][1], bad[i][2], NULL);
    }
    write_bytes(path, "1 2\na 1 2\0003\n", 12);
    wl_vectors *vectors;
    assert_int_equal(wl_vectors_read(&vectors, path, 0, NULL), WL_BAD_FILE);
}

static void numbers_that_are_not_finite_load_on_request_only(void **state)
{
    (void)state;
    const char *path = in_folder("infinite.txt");
    write_text(path, "1 4\na nan -inf 1e39 Infinity\n");
    wl_vectors *vectors;
    wl_error error;
    assert_int_equal(wl_vectors_read(&vectors, path, WL_VECTORS_ALLOW_NONFINITE, &error), WL_OK);
    assert_true(isnan(vectors->table[0]));
    assert_true(vectors->table[1] == -INFINITY && vectors->table[2] == INFINITY);
    for (int format = WL_VECTORS_TEXT; format <= WL_VECTORS_NPY; format++) {
        int files = files_in_folder();
        assert_int_equal(
            wl_vectors_write(vectors, in_folder("unwritten"), (wl_vectors_format)format, &error),
            WL_NOT_FINITE);
        assert_error(&error, "unwritten", "word \"a\", number 1", "nan", NULL);
        assert_int_equal(files_in_folder(), files);
    }
    wl_vectors_destroy(vectors);
}

static void what_is_no_table_of_words_is_not_written(void **state)
{
    (void)state;
    const char *path = in_folder("unwritten"), *folder_word[] = { "two words" };
    wl_vectors *vectors = make(words, 3, 2);
    wl_error error;
    vectors->V = 2;
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "V = 2, D = 2 and 3 words", NULL);
    vectors->V = 3;
    assert_int_equal(wl_vectors_write(vectors, path, (wl_vectors_format)9, &error),
                     WL_OUT_OF_RANGE);
    wl_vectors_destroy(vectors);
    vectors = make(folder_word, 1, 2);
    assert_int_equal(wl_vectors_write(vectors, path, WL_VECTORS_TEXT, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "word 0", "no space in it", NULL);
    assert_int_equal(access(path, F_OK), -1);
    wl_vectors_destroy(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_reads_back_the_same_bits),
        cmocka_unit_test(text_without_a_first_line_has_the_rows_alone),
        cmocka_unit_test(words_of_glove_may_have_spaces),
        cmocka_unit_test(text_of_two_columns_is_read_by_name),
        cmocka_unit_test(text_has_the_digits_that_printf_prints),
        cmocka_unit_test(text_is_the_same_under_every_locale),
        cmocka_unit_test(text_of_others_is_read),
        cmocka_unit_test(text_comes_from_standard_input_too),
        cmocka_unit_test(bad_text_is_told_by_line),
        cmocka_unit_test(numbers_that_are_not_finite_load_on_request_only),
        cmocka_unit_test(what_is_no_table_of_words_is_not_written),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
