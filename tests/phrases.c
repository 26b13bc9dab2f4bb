/* Phrases: which pairs join, how a text is written, and what memory and signals do to it. */
#include "texts.h"

#include <wordloom/nn/phrases.h>

static wl_phrases_config config_of(int64_t min_count, double discount, double threshold)
{
    return (wl_phrases_config){ min_count, discount, threshold, 1 << 20 };
}

/* What becomes of a text; free() it */
static char *joined(const char *text, const wl_phrases_config *config, wl_phrases_joined *now)
{
    wl_error error = { "" };
    size_t length;
    wl_corpus *corpus = open_text(text);
    if (wl_phrases_join(corpus, in_folder("joined.txt"), config, now, NULL, NULL, NULL, &error))
        fail_msg("%s", error.text);
    wl_corpus_close(corpus);
    return read_bytes(in_folder("joined.txt"), &length);
}

static void gives(const char *text, const wl_phrases_config *config, const char *expected)
{
    wl_phrases_joined now;
    char *found = joined(text, config, &now);
    assert_string_equal(found, expected);
    free(found);
}

/* Of 9 words new and york are 2 each, so their pair scores (2 - 0) 9 / (2 2) = 4.5. */
static void what_scores_above_the_threshold_joins(void **state)
{
    static const char text[] = "i love new york\nnew york is big\nold\n";
    const wl_phrases_config below = config_of(2, 0, 4.4), at = config_of(2, 0, 4.5);
    (void)state;
    gives(text, &below, "i love new_york\nnew_york is big\nold\n");
    gives(text, &at, text);
}

/* (2 - 1) 9 / 4 = 2.25 */
static void a_discount_is_taken_off_the_pair(void **state)
{
    static const char text[] = "i love new york\nnew york is big\nold\n";
    const wl_phrases_config below = config_of(2, 1, 2.24), at = config_of(2, 1, 2.25);
    (void)state;
    gives(text, &below, "i love new_york\nnew_york is big\nold\n");
    gives(text, &at, text);
}

static void rare_words_do_not_join(void **state)
{
    const wl_phrases_config three = config_of(3, 0, 0.1), two = config_of(2, 0, 0.1);
    (void)state;
    gives("a b\na b\na c\n", &three, "a b\na b\na c\n");
    gives("a b\na b\na c\n", &two, "a_b\na_b\na c\n");
}

/* Neither past the end of a line, nor with a word that is joined already. */
static void words_join_once_and_within_their_sentence(void **state)
{
    const wl_phrases_config all = config_of(1, 0, 0);
    (void)state;
    gives("a b c d e\na\n\nb\n", &all, "a_b c_d e\na\n\nb\n");
    gives("a a a\n", &all, "a_a a\n");
}

static void what_is_told_is_so(void **state)
{
    const wl_phrases_config config = config_of(1, 0, 1.9);
    wl_phrases_joined now;
    (void)state;
    char *found = joined("x y  x y\tz\nw\n", &config, &now); /* x y: 2 6 / 4, y z: 6 / 2 */
    assert_string_equal(found, "x_y x_y z\nw\n");
    assert_int_equal(now.words, 6);
    assert_int_equal(now.pairs, 3);
    assert_int_equal(now.phrases, 2);
    assert_int_equal(now.joins, 2);
    free(found);
    found = joined("", &config, &now);
    assert_string_equal(found, "");
    assert_int_equal(now.words, 0);
    free(found);
}

/* More pairs than a run has, and than the least memory holds. */
static void any_memory_gives_the_same_text(void **state)
{
    enum { WORDS = 300000 };
    uint64_t random = 3;
    char *text = malloc(8 * WORDS), *end = text, *found[2];
    wl_phrases_joined now[2];
    (void)state;
    assert_non_null(text);
    for (int i = 0; i < WORDS; i++) {
        const unsigned draw = (unsigned)(next_random(&random) % 900);
        end += sprintf(end, "w%u%c", draw, i % 20 == 19 ? '\n' : ' ');
    }
    for (int i = 0; i < 2; i++) {
        wl_phrases_config config = config_of(5, 1, 1.5);
        config.memory = i ? (int64_t)1 << 30 : 1 << 20;
        found[i] = joined(text, &config, &now[i]);
    }
    assert_string_equal(found[0], found[1]);
    assert_memory_equal(&now[0], &now[1], sizeof now[0]);
    assert_true(now[0].joins > 1000 && now[0].pairs > 100000);
    free(found[0]), free(found[1]), free(text);
}

static void what_cannot_be_is_refused_and_nothing_written(void **state)
{
    static const struct {
        wl_phrases_config config;
        const char *why;
    } wrong[] = {
        { { 0, 0, 1, 1 << 20 }, "phrases: min_count is 0, expected 1 or more" },
        { { 1, -1, 1, 1 << 20 }, "phrases: discount is -1 and threshold 1, expected 0 or more" },
        { { 1, 0, 1, 5 }, "phrases: memory is 5 bytes, expected 1048576 or more" },
    };
    const volatile sig_atomic_t stop = 1;
    wl_phrases_joined now;
    wl_error error = { "" };
    (void)state;
    write_text(in_folder("kept.txt"), "as it was");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wl_corpus *corpus = open_text("a b\n");
        assert_int_equal(wl_phrases_join(corpus, in_folder("kept.txt"), &wrong[i].config, &now,
                                         NULL, NULL, NULL, &error),
                         WL_OUT_OF_RANGE);
        assert_string_equal(error.text, wrong[i].why);
        wl_corpus_close(corpus);
    }
    const wl_phrases_config fine = config_of(1, 0, 1);
    wl_corpus *corpus = open_text("a b\n");
    assert_int_equal(
        wl_phrases_join(corpus, in_folder("kept.txt"), &fine, &now, NULL, NULL, &stop, &error),
        WL_INTERRUPTED);
    wl_corpus_close(corpus);
    corpus = open_text("a \xff b\n");
    assert_int_equal(
        wl_phrases_join(corpus, in_folder("kept.txt"), &fine, &now, NULL, NULL, NULL, &error),
        WL_BAD_FILE);
    wl_corpus_close(corpus);
    size_t length;
    char *kept = read_bytes(in_folder("kept.txt"), &length);
    assert_string_equal(kept, "as it was");
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_scores_above_the_threshold_joins),
        cmocka_unit_test(a_discount_is_taken_off_the_pair),
        cmocka_unit_test(rare_words_do_not_join),
        cmocka_unit_test(words_join_once_and_within_their_sentence),
        cmocka_unit_test(what_is_told_is_so),
        cmocka_unit_test(any_memory_gives_the_same_text),
        cmocka_unit_test(what_cannot_be_is_refused_and_nothing_written),
    };
    return cmocka_run_group_tests_name("phrases", tests, make_folder, remove_folder);
}
