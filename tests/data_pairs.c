/* Examples as ids, their vocabularies, and single lines there and back. */
#include "data_files.h"

#include <wordloom/nn/pairs.h>

static wl_examples *reads(const char *text)
{
    wl_examples *examples;
    wl_error error = { "" };
    write_text(in_folder("examples"), text);
    if (wl_examples_read(&examples, in_folder("examples"), &error)) fail_msg("%s", error.text);
    return examples;
}

/* The words in id order, each with its count. */
static void assert_words(const wl_vocabulary *words, const char *expected)
{
    char found[512] = "";
    for (int64_t i = 0; i < wl_vocabulary_size(words); i++)
        sprintf(found + strlen(found), "%s:%lld ", wl_vocabulary_word(words, i, NULL),
                (long long)wl_vocabulary_count(words, i));
    assert_string_equal(found, expected);
}

static void assert_vocabularies(const char *text, int32_t level, int64_t min_count,
                                int64_t max_size, const char *source, const char *target,
                                const char *shared)
{
    wl_examples *examples = reads(text);
    wl_vocabulary *sources, *targets, *both;
    assert_int_equal(
        wl_pairs_vocabularies(&sources, &targets, examples, level, min_count, max_size, 0, NULL),
        WL_OK);
    assert_words(sources, source);
    assert_words(targets, target);
    wl_vocabulary_destroy(sources);
    wl_vocabulary_destroy(targets);
    assert_int_equal(
        wl_pairs_vocabularies(&both, &targets, examples, level, min_count, max_size, 1, NULL),
        WL_OK);
    assert_ptr_equal(both, targets);
    assert_words(both, shared);
    wl_vocabulary_destroy(both);
    wl_examples_destroy(examples);
}

static wl_vocabulary *of_words(const char *const *list)
{
    wl_vocabulary *words;
    assert_int_equal(wl_vocabulary_create(&words), WL_OK);
    for (; *list; list++) assert_int_equal(wl_vocabulary_add(words, *list, strlen(*list)), WL_OK);
    return words;
}

/* ------------------------------------------------------------------ vocabularies */

static void each_side_has_its_vocabulary_with_marks_behind(void **state)
{
    (void)state;
    assert_vocabularies("b a b\tc\na \t c  a\n", WL_TEXT_WORD, 1, 0, "a:2 b:2 <unk>:0 ",
                        "c:2 a:1 <unk>:0 <s>:2 </s>:2 ", "a:3 b:2 c:2 <unk>:0 <s>:2 </s>:2 ");
    assert_vocabularies("ab\t\xc3\xa9 \nb\tb\n", WL_TEXT_CHAR, 1, 0, "b:2 a:1 <unk>:0 ",
                        " :1 b:1 \xc3\xa9:1 <unk>:0 <s>:2 </s>:2 ",
                        "b:3  :1 a:1 \xc3\xa9:1 <unk>:0 <s>:2 </s>:2 ");
}

static void what_is_rare_is_counted_as_unknown(void **state)
{
    (void)state;
    assert_vocabularies("a a a b b c\ta\n", WL_TEXT_WORD, 2, 0, "a:3 b:2 <unk>:1 ",
                        "<unk>:1 <s>:1 </s>:1 ", "a:4 b:2 <unk>:1 <s>:1 </s>:1 ");
    assert_vocabularies("a a a b b c\ta\n", WL_TEXT_WORD, 1, 1, "a:3 <unk>:3 ",
                        "a:1 <unk>:0 <s>:1 </s>:1 ", "a:4 <unk>:3 <s>:1 </s>:1 ");
    assert_vocabularies("a a a b b c\ta\n", WL_TEXT_WORD, 4, 1, "<unk>:6 ", "<unk>:1 <s>:1 </s>:1 ",
                        "a:4 <unk>:3 <s>:1 </s>:1 ");
}

static void marks_that_a_text_spells_are_no_words(void **state)
{
    (void)state;
    assert_vocabularies("<s> a <unk>\t</s> </s> <s\n", WL_TEXT_WORD, 1, 0, "a:1 <unk>:2 ",
                        "<s:1 <unk>:2 <s>:1 </s>:1 ", "<s:1 a:1 <unk>:4 <s>:1 </s>:1 ");
    assert_vocabularies("<s>\t<\n", WL_TEXT_CHAR, 1, 0, "<:1 >:1 s:1 <unk>:0 ",
                        "<:1 <unk>:0 <s>:1 </s>:1 ", "<:2 >:1 s:1 <unk>:0 <s>:1 </s>:1 ");
}

/* ------------------------------------------------------------------ pairs */

static void assert_ids(const int32_t *ids, int64_t count, const char *expected)
{
    char found[256] = "";
    for (int64_t i = 0; i < count; i++)
        sprintf(found + strlen(found), i ? " %d" : "%d", (int)ids[i]);
    assert_string_equal(found, expected);
}

static void pairs_are_ids_without_marks(void **state)
{
    (void)state;
    static const char *const lines[5][2] = {
        { "0 1 0", "0" }, { "1", "0 4" }, { "1 3 2 2", "1 4" }, { "", "1" }, { "0", "" }
    };
    static const char *const sources[] = { "a", "b", "<unk>", "?", NULL }, *const targets[] = {
        "c", "a", "<s>", "</s>", "<unk>", NULL
    };
    wl_examples *examples = reads("a b a\tc\nb\tc </s>\nb ? <unk> <s>\ta a?\n\ta\na\t\n");
    wl_vocabulary *source = of_words(sources), *target = of_words(targets);
    wl_pairs *p;
    wl_error error = { "" };
    assert_int_equal(wl_pairs_create(&p, examples, WL_TEXT_WORD, source, target, &error), WL_OK);
    wl_examples_destroy(examples);
    wl_vocabulary_destroy(source);
    wl_vocabulary_destroy(target);
    assert_int_equal(wl_pairs_size(p), 5);
    for (int64_t i = 0; i < 5; i++) {
        int64_t n, m;
        const int32_t *from = wl_pairs_source(p, i, &n), *to = wl_pairs_target(p, i, &m);
        assert_ids(from, n, lines[i][0]);
        assert_ids(to, m, lines[i][1]);
    }
    assert_int_equal(wl_pairs_longest_source(p), 4);
    assert_int_equal(wl_pairs_longest_target(p), 2);
    assert_int_equal(wl_pairs_source_tokens(p), 9);
    assert_int_equal(wl_pairs_target_tokens(p), 6);
    wl_pairs_destroy(p);
    wl_pairs_destroy(NULL);
}

static void an_unknown_token_names_its_pair(void **state)
{
    (void)state;
    static const char *const known[] = { "a", "b", NULL };
    static const struct {
        const char *text, *part;
        int32_t level;
    } cases[] = {
        { "a\tb\na\tb c a\n", "pair 2: target: \"c\" is not in the vocabulary", WL_TEXT_WORD },
        { "a d\te\n", "pair 1: source: \"d\" is not in", WL_TEXT_WORD },
        { "ab\tb\na\tb\nb\ta\xc3\xa9\n", "pair 3: target: \"\xc3\xa9\" is not in", WL_TEXT_CHAR },
    };
    wl_vocabulary *words = of_words(known);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wl_examples *examples = reads(cases[i].text);
        wl_pairs *p;
        wl_error error = { "" };
        assert_int_equal(wl_pairs_create(&p, examples, cases[i].level, words, words, &error),
                         WL_OUT_OF_RANGE);
        assert_error(&error, cases[i].part, NULL);
        assert_null(p);
        wl_examples_destroy(examples);
    }
    wl_vocabulary_destroy(words);
}

static uint64_t hash_of(const char *text, const char *const *list)
{
    wl_examples *examples = reads(text);
    wl_vocabulary *words = of_words(list);
    wl_pairs *p;
    assert_int_equal(wl_pairs_create(&p, examples, WL_TEXT_WORD, words, words, NULL), WL_OK);
    const uint64_t hash = wl_pairs_hash(p);
    wl_pairs_destroy(p);
    wl_vocabulary_destroy(words);
    wl_examples_destroy(examples);
    return hash;
}

static void the_hash_is_of_ids_and_where_they_are(void **state)
{
    (void)state;
    static const char *const ab[] = { "a", "b", NULL }, *const ba[] = { "b", "a", NULL };
    const uint64_t hash = hash_of("a b\ta\n", ab);
    assert_true(hash == hash_of("a  b\ta\n", ab));
    assert_true(hash == hash_of("b a\tb\n", ba));
    assert_true(hash != hash_of("a b\ta\n", ba));
    assert_true(hash != hash_of("a\tb a\n", ab));
    assert_true(hash != hash_of("a b a\t\n", ab));
    assert_true(hash != hash_of("a\t\nb\ta\n", ab));
    assert_true(hash != hash_of("a b\tb\n", ab));
    assert_true(hash != hash_of("b b\ta\n", ab));
}

/* ------------------------------------------------------------------ single lines */

static const char *const list[] = { "a", "b", "<unk>", "<s>", "</s>", " ", "\xc3\xa9", NULL };

static void a_line_becomes_ids_and_tells_how_many_are_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int32_t level;
        const char *ids;
        int64_t unknown;
    } cases[] = {
        { "", WL_TEXT_WORD, "", 0 },
        { "", WL_TEXT_CHAR, "", 0 },
        { " \t ", WL_TEXT_WORD, "", 0 },
        { "b a  c\ta", WL_TEXT_WORD, "1 0 2 0", 1 },
        { "<unk> <s> a </s>", WL_TEXT_WORD, "2 2 0 2", 3 },
        { "b\xc3\xa9 c ", WL_TEXT_CHAR, "1 6 5 2 5", 1 },
    };
    wl_vocabulary *words = of_words(list);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t *ids;
        int64_t count, unknown;
        wl_error error = { "" };
        if (wl_line_ids(&ids, &count, &unknown, cases[i].line, strlen(cases[i].line),
                        cases[i].level, words, "line", &error))
            fail_msg("%s", error.text);
        assert_ids(ids, count, cases[i].ids);
        assert_int_equal(unknown, cases[i].unknown);
        free(ids);
    }
    wl_vocabulary_destroy(words);
}

static void what_is_no_line_is_refused(void **state)
{
    (void)state;
    static const char *const known[] = { "a", NULL };
    static const struct {
        const char *line;
        size_t length;
        wl_status status;
        const char *message;
    } cases[] = {
        { "a\xff", 2, WL_BAD_FILE, "question: byte 1: expected UTF-8" },
        { "a a\0", 4, WL_BAD_FILE, "question: byte 3: expected text, found a NUL" },
        { "a b", 3, WL_OUT_OF_RANGE, "question: \"b\" is not in the vocabulary" },
    };
    wl_vocabulary *words = of_words(known);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t *ids;
        int64_t count, unknown;
        wl_error error = { "" };
        assert_int_equal(wl_line_ids(&ids, &count, &unknown, cases[i].line, cases[i].length,
                                     WL_TEXT_WORD, words, "question", &error),
                         cases[i].status);
        assert_error(&error, cases[i].message, NULL);
        assert_null(ids);
        assert_int_equal(count, 0);
        assert_int_equal(unknown, 0);
    }
    wl_vocabulary_destroy(words);
}

/* Pairs, single lines and texts cut a line alike. */
static void lines_are_cut_as_texts_are(void **state)
{
    (void)state;
    static const char *const lines[] = { "a", " b\va \f b", "\xc3\xa9 a\xc3\xa9", "a b c <unk>" };
    wl_vocabulary *words = of_words(list);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (int32_t level = WL_TEXT_WORD; level <= WL_TEXT_CHAR; level++) {
            char text[64];
            snprintf(text, sizeof text, "%s\t%s\n", lines[i], lines[i]);
            wl_examples *examples = reads(text);
            wl_text *parsed;
            wl_pairs *p;
            int32_t *ids;
            int64_t count, unknown, sources, targets;
            assert_int_equal(wl_text_parse(&parsed, lines[i], "line", level, words, NULL), WL_OK);
            assert_int_equal(wl_line_ids(&ids, &count, &unknown, lines[i], strlen(lines[i]), level,
                                         words, "line", NULL),
                             WL_OK);
            assert_int_equal(wl_pairs_create(&p, examples, level, words, words, NULL), WL_OK);
            const int32_t *source = wl_pairs_source(p, 0, &sources);
            const int32_t *target = wl_pairs_target(p, 0, &targets);
            assert_int_equal(count, wl_text_size(parsed));
            assert_int_equal(count, sources);
            assert_int_equal(count, targets);
            const size_t bytes = (size_t)count * sizeof *ids;
            assert_memory_equal(ids, wl_text_ids(parsed), bytes);
            assert_memory_equal(ids, source, bytes);
            assert_memory_equal(ids, target, bytes);
            free(ids);
            wl_pairs_destroy(p);
            wl_text_destroy(parsed);
            wl_examples_destroy(examples);
        }
    wl_vocabulary_destroy(words);
}

static void ids_become_a_line_without_the_marks_of_its_ends(void **state)
{
    (void)state;
    static const struct {
        int32_t ids[6];
        int64_t count;
        const char *words, *characters;
    } cases[] = {
        { { 0 }, 0, "", "" },
        { { 3, 4 }, 2, "", "" },
        { { 3, 0, 4, 1, 4, 4 }, 6, "a b", "ab" },
        { { 2, 0, 0, 2 }, 4, "<unk> a a <unk>", "<unk>aa<unk>" },
        { { 6, 5, 1 }, 3, "\xc3\xa9   b", "\xc3\xa9 b" },
    };
    wl_vocabulary *words = of_words(list);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int32_t level = WL_TEXT_WORD; level <= WL_TEXT_CHAR; level++) {
            char *text;
            assert_int_equal(wl_line_text(&text, cases[i].ids, cases[i].count, level, words, NULL),
                             WL_OK);
            assert_string_equal(text, level ? cases[i].characters : cases[i].words);
            free(text);
        }
    wl_vocabulary_destroy(words);
}

static void ids_that_the_vocabulary_lacks_are_refused(void **state)
{
    (void)state;
    static const int32_t bad[] = { -1, 7, INT32_MIN, INT32_MAX };
    wl_vocabulary *words = of_words(list);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text, found[32];
        wl_error error = { "" };
        snprintf(found, sizeof found, "found %d", (int)bad[i]);
        assert_int_equal(
            wl_line_text(&text, (int32_t[]){ 6, bad[i] }, 2, WL_TEXT_WORD, words, &error),
            WL_OUT_OF_RANGE);
        assert_error(&error, "id 2 ", "expected 0 to 6", found, NULL);
        assert_null(text);
    }
    wl_vocabulary_destroy(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_has_its_vocabulary_with_marks_behind),
        cmocka_unit_test(what_is_rare_is_counted_as_unknown),
        cmocka_unit_test(marks_that_a_text_spells_are_no_words),
        cmocka_unit_test(pairs_are_ids_without_marks),
        cmocka_unit_test(an_unknown_token_names_its_pair),
        cmocka_unit_test(the_hash_is_of_ids_and_where_they_are),
        cmocka_unit_test(a_line_becomes_ids_and_tells_how_many_are_unknown),
        cmocka_unit_test(what_is_no_line_is_refused),
        cmocka_unit_test(lines_are_cut_as_texts_are),
        cmocka_unit_test(ids_become_a_line_without_the_marks_of_its_ends),
        cmocka_unit_test(ids_that_the_vocabulary_lacks_are_refused),
    };
    return cmocka_run_group_tests_name("data_pairs", tests, make_folder, remove_folder);
}
