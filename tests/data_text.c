/* Texts of words and of characters. */
#include "data_files.h"

#include <wordloom/nn/text.h>

/* All tokens, each in brackets. */
static void assert_reads(const wl_text *text, const wl_vocabulary *words, const char *expected)
{
    char found[256] = "";
    for (int64_t i = 0; i < wl_text_size(text); i++) {
        strcat(found, "[");
        strcat(found, wl_vocabulary_word(words, wl_text_ids(text)[i], NULL));
        strcat(found, "]");
    }
    assert_string_equal(found, expected);
}

static void assert_counts(const char *bytes, int32_t level, int64_t min_count, int64_t max_size,
                          const char *expected, const char *vocabulary)
{
    wl_text *text;
    wl_vocabulary *words;
    wl_error error = { "" };
    char list[64] = "";
    write_text(in_folder("text"), bytes);
    if (wl_text_count(&text, &words, in_folder("text"), level, min_count, max_size, &error))
        fail_msg("%s", error.text);
    assert_reads(text, words, expected);
    for (int64_t i = 0; i < wl_vocabulary_size(words); i++) {
        strcat(list, wl_vocabulary_word(words, i, NULL));
        strcat(list, " ");
    }
    if (vocabulary) assert_string_equal(list, vocabulary);
    wl_text_destroy(text);
    wl_vocabulary_destroy(words);
}

static void each_line_of_words_ends(void **state)
{
    (void)state;
    assert_counts(" b a  b \n\na c", WL_TEXT_WORD, 1, 0, "[b][a][b][<eos>][<eos>][a][c][<eos>]",
                  "<eos> a b c ");
    assert_counts("\xef\xbb\xbf"
                  "a\tb\r\n",
                  WL_TEXT_WORD, 1, 0, "[a][b][<eos>]", NULL);
}

static void characters_are_code_points(void **state)
{
    (void)state;
    assert_counts("a\xc3\xa9 \n\xe2\x82\xac", WL_TEXT_CHAR, 1, 0,
                  "[a][\xc3\xa9][ ][\n][\xe2\x82\xac]", NULL);
}

static void what_is_rare_becomes_unknown(void **state)
{
    (void)state;
    assert_counts("a a b c\n", WL_TEXT_WORD, 2, 0, "[a][a][<unk>][<unk>][<unk>]", "a <unk> ");
    assert_counts("a a b b c\n", WL_TEXT_WORD, 1, 2, "[a][a][<unk>][<unk>][<unk>][<unk>]",
                  "a <unk> ");
    assert_counts("<unk> a a b\n", WL_TEXT_WORD, 1, 0, "[<unk>][a][a][b][<eos>]", NULL);
}

static void unknown_words_need_a_word_for_them(void **state)
{
    (void)state;
    wl_vocabulary *words;
    wl_text *text;
    wl_error error = { "" };
    assert_int_equal(wl_vocabulary_create(&words), WL_OK);
    assert_int_equal(wl_vocabulary_add(words, "a", 1), WL_OK);
    assert_int_equal(wl_vocabulary_add(words, "<eos>", 5), WL_OK);
    write_text(in_folder("text"), "a\na b\n");
    assert_int_equal(wl_text_read(&text, in_folder("text"), WL_TEXT_WORD, words, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "text: line 2: \"b\" is not in the vocabulary", NULL);
    assert_int_equal(wl_text_parse(&text, "a b", "--prompt", WL_TEXT_WORD, words, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "--prompt: line 1: \"b\"", NULL);
    assert_int_equal(wl_vocabulary_add(words, "<unk>", 5), WL_OK);
    assert_int_equal(wl_text_read(&text, in_folder("text"), WL_TEXT_WORD, words, &error), WL_OK);
    assert_reads(text, words, "[a][<eos>][a][<unk>][<eos>]");
    wl_text_destroy(text);
    assert_int_equal(wl_text_parse(&text, "a a", "--prompt", WL_TEXT_WORD, words, &error), WL_OK);
    assert_reads(text, words, "[a][a]");
    wl_text_destroy(text);
    wl_vocabulary_destroy(words);
}

static void a_string_has_lines_too_of_which_the_last_need_not_end(void **state)
{
    static const struct {
        const char *string, *expected;
    } cases[] = { { "a b\n\nb", "[a][b][<eos>][<eos>][b]" }, { "\nb\n", "[<eos>][b][<eos>]" } };
    (void)state;
    wl_vocabulary *words;
    wl_text *text;
    wl_error error = { "" };
    write_text(in_folder("text"), "a b\n");
    assert_int_equal(wl_text_count(&text, &words, in_folder("text"), WL_TEXT_WORD, 1, 0, &error),
                     WL_OK);
    wl_text_destroy(text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            wl_text_parse(&text, cases[i].string, "string", WL_TEXT_WORD, words, &error), WL_OK);
        assert_reads(text, words, cases[i].expected);
        wl_text_destroy(text);
    }
    assert_int_equal(wl_text_parse(&text, "a\nb c", "--prompt", WL_TEXT_WORD, words, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "--prompt: line 2: \"c\"", NULL);
    wl_vocabulary_destroy(words);
}

static void what_is_no_text_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        wl_status status;
        const char *part;
    } cases[] = { { "", 0, WL_OUT_OF_RANGE, "is empty" },
                  { "\xef\xbb\xbf", 3, WL_OUT_OF_RANGE, "is empty" },
                  { "a\nb\xff\n", 5, WL_BAD_FILE, "line 2, byte 3: expected UTF-8" },
                  { "a\n\0b\n", 5, WL_BAD_FILE, "line 2, byte 2: expected text, found a NUL" } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int32_t level = WL_TEXT_WORD; level <= WL_TEXT_CHAR; level++) {
            wl_text *text;
            wl_vocabulary *words;
            wl_error error = { "" };
            write_bytes(in_folder("text"), cases[i].bytes, cases[i].length);
            assert_int_equal(wl_text_count(&text, &words, in_folder("text"), level, 1, 0, &error),
                             cases[i].status);
            assert_error(&error, cases[i].part, NULL);
            assert_null(words);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_of_words_ends),
        cmocka_unit_test(characters_are_code_points),
        cmocka_unit_test(what_is_rare_becomes_unknown),
        cmocka_unit_test(unknown_words_need_a_word_for_them),
        cmocka_unit_test(a_string_has_lines_too_of_which_the_last_need_not_end),
        cmocka_unit_test(what_is_no_text_is_refused),
    };
    return cmocka_run_group_tests_name("data_text", tests, make_folder, remove_folder);
}
