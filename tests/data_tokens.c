/* The corpus as numbers. */
#include "texts.h"

#include <wordloom/nn/tokens.h>

enum { SOME = 64 };

/* All ids, as letters of the words, and . for the end of a sentence. */
static void assert_reads(const wl_tokens *tokens, const wl_vocabulary *words, const char *expected)
{
    int32_t ids[SOME];
    char text[SOME + 1] = "";
    int64_t n;
    wl_error error;
    assert_int_equal(wl_tokens_read(tokens, 0, ids, SOME, &n, &error), WL_OK);
    assert_int_equal(n, wl_tokens_size(tokens));
    for (int64_t i = 0; i < n; i++)
        text[i] = ids[i] < 0 ? '.' : *wl_vocabulary_word(words, ids[i], NULL);
    assert_string_equal(text, expected);
}

static void a_text_is_its_words_in_order(void **state)
{
    (void)state;
    wl_vocabulary *words;
    wl_tokens *tokens = count_text("b a b\na c\n", 1, &words);
    assert_reads(tokens, words, "bab.ac.");
    assert_int_equal(wl_tokens_words(tokens), 5);
    assert_int_equal(wl_tokens_all(tokens), 5);
    assert_int_equal(wl_vocabulary_kept_tokens(words), 5);
    assert_string_equal(wl_vocabulary_word(words, 0, NULL), "a"); /* as often as b */
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
}

/* Neither a word that is too rare leaves a gap, nor a line that has none left. */
static void what_is_not_kept_leaves_no_gap(void **state)
{
    (void)state;
    wl_vocabulary *words;
    wl_tokens *tokens = count_text("\nz\nb a x b\n\ny y\na", 2, &words);
    assert_reads(tokens, words, "bab.yy.a.");
    assert_int_equal(wl_tokens_size(tokens), 9);
    assert_int_equal(wl_tokens_words(tokens), 6);
    assert_int_equal(wl_tokens_all(tokens), 8);
    assert_int_equal(wl_vocabulary_size(words), 3);
    assert_int_equal(wl_vocabulary_kept_tokens(words), 6);
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
}

static void a_given_vocabulary_gives_the_same_numbers(void **state)
{
    (void)state;
    const char *const text = "b a x b\n\nz\na c c";
    wl_vocabulary *words;
    wl_tokens *counted = count_text(text, 2, &words), *encoded;
    wl_corpus *corpus = open_text(text);
    wl_error error;
    assert_int_equal(wl_tokens_encode(&encoded, corpus, words, NULL, NULL, NULL, &error), WL_OK);
    assert_reads(encoded, words, "bab.acc.");
    assert_int_equal(wl_tokens_hash(encoded), wl_tokens_hash(counted));
    assert_int_equal(wl_tokens_words(encoded), wl_tokens_words(counted));
    assert_int_equal(wl_tokens_all(encoded), 8);
    wl_tokens_destroy(encoded);
    wl_tokens_destroy(counted);
    wl_vocabulary_destroy(words);
    wl_corpus_close(corpus);
}

/* More than is written or read at once, from any place. */
static void a_long_text_is_read_from_any_place(void **state)
{
    (void)state;
    enum { LINES = 30000, N = 9 * LINES };
    char *text = topics(LINES);
    wl_vocabulary *words;
    wl_tokens *tokens = count_text(text, 1, &words);
    int32_t *ids = malloc(N * sizeof *ids), part[100];
    int64_t n;
    wl_error error;
    assert_int_equal(wl_tokens_size(tokens), N);
    assert_int_equal(wl_tokens_read(tokens, 0, ids, 2 * N, &n, &error), WL_OK);
    assert_int_equal(n, N);
    for (int64_t i = 0; i < N; i++)
        if (i % 9 == 8)
            assert_int_equal(ids[i], -1);
        else
            assert_memory_equal(wl_vocabulary_word(words, ids[i], NULL),
                                text + i / 9 * 24 + i % 9 * 3, 2);
    for (int64_t place = 0; place < N + 200; place += 4999) {
        const int64_t left = place < N ? N - place : 0;
        assert_int_equal(wl_tokens_read(tokens, place, part, 100, &n, &error), WL_OK);
        assert_int_equal(n, left < 100 ? left : 100);
        assert_memory_equal(part, ids + (n ? place : 0), (size_t)n * sizeof *part);
    }
    free(ids);
    free(text);
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
}

static void the_hash_is_of_the_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = { "a b\nb a", "a  b \n\n b a\n", "a b b a", "a b\na b" };
    uint64_t hash[4];
    for (int i = 0; i < 4; i++) {
        wl_vocabulary *words;
        wl_tokens *tokens = count_text(texts[i], 1, &words);
        hash[i] = wl_tokens_hash(tokens);
        wl_tokens_destroy(tokens);
        wl_vocabulary_destroy(words);
    }
    assert_int_equal(hash[0], hash[1]);
    assert_int_not_equal(hash[0], hash[2]);
    assert_int_not_equal(hash[0], hash[3]);
}

static void no_file_is_left_behind(void **state)
{
    (void)state;
    wl_vocabulary *words;
    wl_tokens *tokens = count_text("a a", 1, &words);
    const int files = files_in_folder();
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
    assert_int_equal(files, 1); /* corpus.txt */
    assert_int_equal(files_in_folder(), 1);
}

static void no_more_words_than_asked_for_are_kept(void **state)
{
    (void)state;
    wl_corpus *corpus = open_text("c b a b\nd a a\n");
    wl_vocabulary *words;
    wl_tokens *tokens;
    wl_error error;
    int32_t ids[8];
    int64_t n;
    assert_int_equal(wl_tokens_count(&tokens, &words, corpus, 1, 2, NULL, NULL, NULL, &error),
                     WL_OK);
    assert_int_equal(wl_vocabulary_size(words), 2);
    assert_int_equal(wl_vocabulary_find(words, "a", 1), 0);
    assert_int_equal(wl_vocabulary_find(words, "b", 1), 1);
    assert_int_equal(wl_tokens_read(tokens, 0, ids, 8, &n, &error), WL_OK);
    assert_int_equal(n, 7);
    assert_memory_equal(ids, ((int32_t[]){ 1, 0, 1, -1, 0, 0, -1 }), 7 * sizeof *ids);
    wl_tokens_destroy(tokens);
    wl_vocabulary_destroy(words);
    wl_corpus_close(corpus);
}

static void a_text_without_words_of_the_vocabulary_is_refused(void **state)
{
    (void)state;
    const int64_t counts[] = { 1, 1 };
    wl_corpus *corpus = open_text("a b\nb c\n");
    wl_vocabulary *words, *others = of_counts(counts, 2);
    wl_tokens *tokens;
    wl_error error;
    assert_int_equal(wl_tokens_count(&tokens, &words, corpus, 3, 0, NULL, NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "3 different words", "3 times", NULL);
    assert_true(!tokens && !words);
    assert_int_equal(wl_tokens_encode(&tokens, corpus, others, NULL, NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "2 words", "4 of the corpus", NULL);
    assert_null(tokens);
    wl_vocabulary_destroy(others);
    wl_corpus_close(corpus);
}

static void what_stops_reading_comes_back(void **state)
{
    (void)state;
    const volatile sig_atomic_t stop = 1;
    wl_corpus *corpus = open_text("a b\nb \xff");
    wl_vocabulary *words;
    wl_tokens *tokens;
    wl_error error;
    assert_int_equal(wl_tokens_count(&tokens, &words, corpus, 1, 0, NULL, NULL, &stop, &error),
                     WL_INTERRUPTED);
    assert_int_equal(wl_tokens_count(&tokens, &words, corpus, 1, 0, NULL, NULL, NULL, &error),
                     WL_BAD_FILE);
    assert_error(&error, "line 2", NULL);
    assert_int_equal(setenv("TMPDIR", in_folder("missing"), 1), 0);
    assert_int_equal(wl_tokens_count(&tokens, &words, corpus, 1, 0, NULL, NULL, NULL, &error),
                     WL_IO_ERROR);
    assert_error(&error, "$TMPDIR", NULL);
    assert_int_equal(setenv("TMPDIR", in_folder(""), 1), 0);
    wl_corpus_close(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_its_words_in_order),
        cmocka_unit_test(what_is_not_kept_leaves_no_gap),
        cmocka_unit_test(a_given_vocabulary_gives_the_same_numbers),
        cmocka_unit_test(a_long_text_is_read_from_any_place),
        cmocka_unit_test(the_hash_is_of_the_numbers),
        cmocka_unit_test(no_file_is_left_behind),
        cmocka_unit_test(no_more_words_than_asked_for_are_kept),
        cmocka_unit_test(a_text_without_words_of_the_vocabulary_is_refused),
        cmocka_unit_test(what_stops_reading_comes_back),
    };
    return cmocka_run_group_tests_name("data_tokens", tests, make_folder, remove_folder);
}
