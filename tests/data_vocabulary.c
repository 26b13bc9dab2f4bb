/* Counting words, ordering them, and the two forms they have in files. */
#include "data_files.h"

#include <wordloom/nn/vocabulary.h>

static wl_vocabulary *make(const char *const *words, int n)
{
    wl_vocabulary *v;
    assert_int_equal(wl_vocabulary_create(&v), WL_OK);
    for (int i = 0; i < n; i++)
        assert_int_equal(wl_vocabulary_add(v, words[i], strlen(words[i])), WL_OK);
    return v;
}

static int64_t id_of(const wl_vocabulary *v, const char *word)
{
    return wl_vocabulary_find(v, word, strlen(word));
}

static void assert_word(const wl_vocabulary *v, int64_t id, const char *word, int64_t count)
{
    size_t length;
    assert_string_equal(wl_vocabulary_word(v, id, &length), word);
    assert_int_equal(length, strlen(word));
    assert_int_equal(wl_vocabulary_count(v, id), count);
    assert_int_equal(id_of(v, word), id);
}

static const char *const words[] = { "b", "a", "c", "a", "bb", "c", "a", "\xc3\xa9", "b" };
enum { WORDS = sizeof words / sizeof *words };

static void words_get_ids_as_they_come(void **state)
{
    (void)state;
    wl_vocabulary *v = make(words, WORDS);
    assert_int_equal(wl_vocabulary_size(v), 5);
    assert_word(v, 0, "b", 2);
    assert_word(v, 1, "a", 3);
    assert_word(v, 4, "\xc3\xa9", 1);
    assert_int_equal(id_of(v, "absent"), -1);
    assert_int_equal(wl_vocabulary_find(v, "", 0), -1);
    assert_int_equal(wl_vocabulary_all_tokens(v), 9);
    wl_vocabulary_destroy(v);
    wl_vocabulary_destroy(NULL);
}

static void finishing_orders_by_count_then_bytes(void **state)
{
    (void)state;
    wl_vocabulary *v = make(words, WORDS);
    assert_int_equal(wl_vocabulary_finish(v, 1, 0), WL_OK);
    static const char *const order[] = { "a", "b", "c", "bb", "\xc3\xa9" };
    static const int64_t counts[] = { 3, 2, 2, 1, 1 };
    for (int i = 0; i < 5; i++) assert_word(v, i, order[i], counts[i]);
    wl_vocabulary_destroy(v);
}

static void finishing_drops_the_rare_and_those_past_the_size(void **state)
{
    (void)state;
    wl_vocabulary *v = make(words, WORDS);
    assert_int_equal(wl_vocabulary_finish(v, 2, 2), WL_OK);
    assert_int_equal(wl_vocabulary_size(v), 2);
    assert_word(v, 0, "a", 3);
    assert_word(v, 1, "b", 2);
    assert_int_equal(id_of(v, "c"), -1);
    assert_int_equal(id_of(v, "bb"), -1);
    assert_int_equal(wl_vocabulary_kept_tokens(v), 5);
    assert_int_equal(wl_vocabulary_all_tokens(v), 9);
    int64_t id;
    assert_int_equal(wl_vocabulary_add_count(v, "new", 3, 7, &id), WL_OK);
    assert_int_equal(id, 2);
    assert_int_equal(wl_vocabulary_finish(v, 100, 0), WL_OK);
    assert_int_equal(wl_vocabulary_size(v), 0);
    assert_int_equal(wl_vocabulary_kept_tokens(v), 0);
    assert_int_equal(wl_vocabulary_all_tokens(v), 16);
    wl_vocabulary_destroy(v);
}

static void it_grows_and_finds_all(void **state)
{
    (void)state;
    enum { N = 200000 };
    wl_vocabulary *v;
    char word[32];
    assert_int_equal(wl_vocabulary_create(&v), WL_OK);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < N; i++) {
            int n = snprintf(word, sizeof word, "%d", i);
            assert_int_equal(wl_vocabulary_add(v, word, (size_t)n), WL_OK);
        }
    assert_int_equal(wl_vocabulary_size(v), N);
    for (int i = 0; i < N; i++) {
        int n = snprintf(word, sizeof word, "%d", i);
        if (wl_vocabulary_find(v, word, (size_t)n) != i) fail_msg("%s is lost", word);
        if (wl_vocabulary_count(v, i) != 2) fail_msg("%s is miscounted", word);
    }
    wl_vocabulary_destroy(v);
}

static void words_may_be_any_bytes_of_any_length(void **state)
{
    (void)state;
    enum { N = 5 << 20 };
    char *longest = malloc(N);
    memset(longest, 'w', N);
    wl_vocabulary *v;
    assert_int_equal(wl_vocabulary_create(&v), WL_OK);
    assert_int_equal(wl_vocabulary_add(v, "a\0b", 3), WL_OK);
    assert_int_equal(wl_vocabulary_add(v, "a\0c", 3), WL_OK);
    assert_int_equal(wl_vocabulary_add(v, "a", 1), WL_OK);
    assert_int_equal(wl_vocabulary_add(v, longest, N), WL_OK);
    assert_int_equal(wl_vocabulary_add(v, longest, N - 1), WL_OK);
    assert_int_equal(wl_vocabulary_size(v), 5);
    assert_int_equal(wl_vocabulary_find(v, "a\0c", 3), 1);
    assert_int_equal(wl_vocabulary_find(v, longest, N - 1), 4);
    wl_vocabulary_destroy(v);
    free(longest);
}

static void what_cannot_be_counted_is_refused(void **state)
{
    (void)state;
    wl_vocabulary *v;
    assert_int_equal(wl_vocabulary_create(&v), WL_OK);
    assert_int_equal(wl_vocabulary_add(v, "", 0), WL_OUT_OF_RANGE);
    assert_int_equal(wl_vocabulary_add_count(v, "a", 1, -1, NULL), WL_OUT_OF_RANGE);
    assert_int_equal(wl_vocabulary_add_count(v, "a", 1, INT64_MAX, NULL), WL_OK);
    assert_int_equal(wl_vocabulary_add(v, "b", 1), WL_OUT_OF_RANGE);
    assert_int_equal(wl_vocabulary_size(v), 1);
    wl_vocabulary_destroy(v);
}

static void the_text_file_keeps_order_and_counts(void **state)
{
    (void)state;
    const char *path = in_folder("vocabulary.txt");
    wl_vocabulary *v = make(words, WORDS), *copy;
    assert_int_equal(wl_vocabulary_write(v, path, NULL), WL_OK);
    wl_vocabulary_destroy(v);
    size_t length;
    char *text = read_bytes(path, &length);
    assert_string_equal(text, "b 2\na 3\nc 2\nbb 1\n\xc3\xa9 1\n");
    free(text);
    assert_int_equal(wl_vocabulary_read(&copy, path, NULL), WL_OK);
    assert_int_equal(wl_vocabulary_size(copy), 5);
    assert_word(copy, 1, "a", 3);
    assert_int_equal(wl_vocabulary_kept_tokens(copy), 9);
    wl_vocabulary_destroy(copy);
}

static void a_bad_text_file_is_told_by_line(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        { "a 1\nb", "line 2",
          "expected a space and a count after \"b\", found the end of the file" },
        { "a\n", "line 1", "found the end of the line" },
        { "a 1\nb 2", "line 2", "cut short" },
        { "a 1\na 2\n", "line 2", "expected a new word, found \"a\" of line 1 again" },
        { " 3\n", "line 1", "expected a word, found none" },
        { "\n", "line 1", "expected a word, found none" },
        { "a -1\n", "line 1", "expected a count of at most 2^63 - 1, found \"-1\"" },
        { "a 1.5\n", "line 1", "found \"1.5\"" },
        { "a \n", "line 1", "expected a count" },
        { "a 1 2\n", "line 1", "found \"1 2\"" },
        { "a 9223372036854775808\n", "line 1", "expected a count of at most" },
        { "a 9223372036854775807\nb 1\n", "line 2", "expected a total of at most" },
    };
    const char *path = in_folder("bad-vocabulary.txt");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(path, bad[i][0]);
        wl_vocabulary *v;
        wl_error error;
        assert_int_equal(wl_vocabulary_read(&v, path, &error), WL_BAD_FILE);
        assert_null(v);
        assert_error(&error, path, bad[i][1], bad[i][2], NULL);
    }
}

static void windows_line_ends_and_zero_counts_are_read(void **state)
{
    (void)state;
    const char *path = in_folder("dos.txt");
    write_text(path, "</s> 0\r\nthe 10\r\n");
    wl_vocabulary *v;
    assert_int_equal(wl_vocabulary_read(&v, path, NULL), WL_OK);
    assert_word(v, 0, "</s>", 0);
    assert_word(v, 1, "the", 10);
    wl_vocabulary_destroy(v);
    write_text(path, "");
    assert_int_equal(wl_vocabulary_read(&v, path, NULL), WL_OK);
    assert_int_equal(wl_vocabulary_size(v), 0);
    wl_vocabulary_destroy(v);
}

static void a_word_that_text_cannot_hold_is_not_written(void **state)
{
    (void)state;
    static const char *const odd[] = { "fine", "two words" };
    const char *path = in_folder("unwritten.txt");
    wl_vocabulary *v = make(odd, 2);
    wl_error error;
    int files = files_in_folder();
    assert_int_equal(wl_vocabulary_write(v, path, &error), WL_OUT_OF_RANGE);
    assert_error(&error, path, "word 1", "two words", NULL);
    assert_int_equal(files_in_folder(), files);
    wl_vocabulary_destroy(v);
}

static void the_model_form_escapes_newline_and_backslash(void **state)
{
    (void)state;
    static const char *const odd[] = { "\n", "\\", "a b", "\\n", "x\ny\\", "\xc3\xa9" };
    wl_vocabulary *v = make(odd, 6), *copy;
    char *bytes;
    size_t length;
    assert_int_equal(wl_vocabulary_encode(v, &bytes, &length), WL_OK);
    wl_vocabulary_destroy(v);
    assert_string_equal(bytes, "\\n\n\\\\\na b\n\\\\n\nx\\ny\\\\\n\xc3\xa9\n");
    assert_int_equal(length, strlen(bytes));
    assert_int_equal(wl_vocabulary_decode(&copy, bytes, length, "it", NULL), WL_OK);
    assert_int_equal(wl_vocabulary_size(copy), 6);
    for (int i = 0; i < 6; i++) assert_word(copy, i, odd[i], 0);
    wl_vocabulary_destroy(copy);
    free(bytes);
}

static void a_bad_model_form_is_told_by_line(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        { "a", "line 1, byte 1: expected a newline" },
        { "a\nb", "line 2, byte 3: expected a newline" },
        { "a\n\nb\n", "line 2: expected a word" },
        { "a\nb\na\n", "line 3: expected a new word, found \"a\" of line 1 again" },
        { "a\nb\\tc\n", "line 2, byte 3: expected n or a backslash" },
        { "a\\\n", "line 1, byte 1: expected n or a backslash" },
        { "\\n\n\\n\n", "line 2: expected a new word" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wl_vocabulary *v;
        wl_error error;
        assert_int_equal(wl_vocabulary_decode(&v, bad[i][0], strlen(bad[i][0]), "m: t", &error),
                         WL_BAD_FILE);
        assert_null(v);
        assert_error(&error, "m: t: ", bad[i][1], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_get_ids_as_they_come),
        cmocka_unit_test(finishing_orders_by_count_then_bytes),
        cmocka_unit_test(finishing_drops_the_rare_and_those_past_the_size),
        cmocka_unit_test(it_grows_and_finds_all),
        cmocka_unit_test(words_may_be_any_bytes_of_any_length),
        cmocka_unit_test(what_cannot_be_counted_is_refused),
        cmocka_unit_test(the_text_file_keeps_order_and_counts),
        cmocka_unit_test(a_bad_text_file_is_told_by_line),
        cmocka_unit_test(windows_line_ends_and_zero_counts_are_read),
        cmocka_unit_test(a_word_that_text_cannot_hold_is_not_written),
        cmocka_unit_test(the_model_form_escapes_newline_and_backslash),
        cmocka_unit_test(a_bad_model_form_is_told_by_line),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
