/* The readers of analogy questions and of word pairs: what they take, and what they refuse. */
#include "data_tables.h"

#include <wordloom/nn/questions.h>
#include <wordloom/nn/word_pairs.h>

#include "../host/data/upper_case.h"

static wl_status read_questions(wl_questions **out, const char *text, wl_error *error)
{
    write_text(in_folder("questions"), text);
    return wl_questions_read(out, in_folder("questions"), error);
}

static wl_status read_pairs(wl_word_pairs **out, const char *text, wl_error *error)
{
    write_text(in_folder("pairs"), text);
    return wl_word_pairs_read(out, in_folder("pairs"), error);
}

static void assert_word(const wl_vocabulary *words, int32_t id, const char *word)
{
    assert_string_equal(wl_vocabulary_word(words, id, NULL), word);
}

/* ------------------------------------------------------------------ questions */

static void questions_come_in_their_sections(void **state)
{
    (void)state;
    wl_questions *q;
    wl_error error;
    assert_int_equal(read_questions(&q,
                                    "\xef\xbb\xbf: one \t two\n\na b c d\r\n  a\tb e  f \n"
                                    ": empty\n: last\n:x b c d",
                                    &error),
                     WL_OK);
    assert_int_equal(q->count, 3);
    assert_int_equal(q->sections, 3);
    assert_string_equal(q->section[0].name, "one two");
    assert_string_equal(q->section[1].name, "empty");
    assert_string_equal(q->section[2].name, "last");
    assert_int_equal(q->section[0].first, 0);
    assert_int_equal(q->section[1].first, 2);
    assert_int_equal(q->section[2].first, 2);
    const char *words[] = { "a", "b", "c", "d", "a", "b", "e", "f", ":x", "b", "c", "d" };
    for (int i = 0; i < 12; i++) assert_word(q->words, q->ids[i], words[i]);
    assert_int_equal(wl_vocabulary_size(q->words), 7);
    assert_int_equal(wl_vocabulary_count(q->words, wl_vocabulary_find(q->words, "b", 1)), 3);
    wl_questions_destroy(q);
    wl_questions_destroy(NULL);
}

static void malformed_questions_name_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line, *part;
    } cases[] = {
        { "", "line 1", "found the end" },
        { ": s\n\n", "line 3", "found the end" },
        { "a b c d\n", "line 1", "found a question" },
        { ": s\na b c\n", "line 2", "found 3 words" },
        { ": s\na b c d\na\n", "line 3", "found 1 word" },
        { ": s\na b c d e f g\n", "line 2", "found 5 or more" },
        { ": s\na b c d\n:\n", "line 3", "name of a section" },
        { ": s\n:t\n", "line 2", "found 1 word" },
        { ": s\na b \xff d\n", "line 2", "UTF-8" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wl_questions *q;
        wl_error error = { "" };
        assert_int_equal(read_questions(&q, cases[i].text, &error), WL_BAD_FILE);
        assert_null(q);
        assert_error(&error, "questions: ", cases[i].line, "expected", cases[i].part, NULL);
    }
    wl_questions *q;
    wl_error error;
    assert_int_equal(wl_questions_read(&q, in_folder("missing"), &error), WL_IO_ERROR);
    assert_error(&error, "missing", NULL);
}

/* ------------------------------------------------------------------ pairs */

static void pairs_are_columns_apart_by_tabs_or_spaces(void **state)
{
    (void)state;
    wl_word_pairs *p;
    wl_error error;
    assert_int_equal(read_pairs(&p,
                                "\xef\xbb\xbf# a comment\nWord 1\tWord 2\tHuman (mean)\n"
                                "ice cream\tsun \t7.5\textra\r\n\n  sun   moon 1e-1 9 9\n"
                                "#x y 1\nmoon sun -2",
                                &error),
                     WL_OK);
    assert_int_equal(p->count, 3);
    const char *words[] = { "ice cream", "sun", "sun", "moon", "moon", "sun" };
    for (int i = 0; i < 6; i++) assert_word(p->words, p->ids[i], words[i]);
    assert_true(p->score[0] == 7.5 && p->score[1] == 0.1 && p->score[2] == -2);
    wl_word_pairs_destroy(p);
    wl_word_pairs_destroy(NULL);
}

static void the_own_layout_of_simlex_is_known_by_its_header(void **state)
{
    (void)state;
    wl_word_pairs *p;
    wl_error error;
    assert_int_equal(
        read_pairs(&p,
                   "word1\tword2\tPOS\tSimLex999\tconc(w1)\tconc(w2)\tconcQ\tAssoc(USF)\n"
                   "old\tnew\tA\t1.58\t2.72\t2.81\t2\t7.25\n"
                   "smart\tintelligent\tA\t9.2\t1.75\t2.46\t1\t7.11\n",
                   &error),
        WL_OK);
    assert_int_equal(p->count, 2);
    assert_true(p->score[0] == 1.58 && p->score[1] == 9.2);
    assert_word(p->words, p->ids[3], "intelligent");
    wl_word_pairs_destroy(p);
}

static void malformed_pairs_name_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line, *part;
    } cases[] = {
        { "", "line 1", "found the end" },
        { "a b c\n", "line 2", "found the end" }, /* a header alone */
        { "a b 1\n#\nc d\n", "line 3", "found 2 columns" },
        { "a\n", "line 1", "found 1 column" },
        { "a b 1\nc d e\n", "line 2", "score, found \"e\"" },
        { "a b 1x\n", "line 1", "score, found \"1x\"" },
        { "a b 1\na b 1e999\n", "line 2", "finite number" },
        { "a b 1\na b nan\n", "line 2", "finite number" },
        { "a b 1\na b 0x1\n", "line 2", "finite number" },
        { "\tb\t1\n", "line 1", "a word" },
        { "a b POS SimLex999\na b A\n", "line 2", "score, found \"\"" },
        { "a b 1\n\xc3( b 2\n", "line 2", "0xc3 at its byte 1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wl_word_pairs *p;
        wl_error error = { "" };
        assert_int_equal(read_pairs(&p, cases[i].text, &error), WL_BAD_FILE);
        assert_null(p);
        assert_error(&error, "pairs: ", cases[i].line, "expected", cases[i].part, NULL);
    }
    wl_word_pairs *p;
    wl_error error;
    write_bytes(in_folder("nul"), "a b 1\na\0b c 2\n", 14);
    assert_int_equal(wl_word_pairs_read(&p, in_folder("nul"), &error), WL_BAD_FILE);
    assert_error(&error, "line 2", "0x00 at its byte 2", NULL);
}

static void a_line_may_have_any_length(void **state)
{
    (void)state;
    enum { LONG = 200000 };
    char *text = malloc(3 * LONG + 64), *word = malloc(LONG + 1);
    wl_word_pairs *p;
    wl_questions *q;
    wl_error error;
    memset(word, 'w', LONG);
    word[LONG] = 0;
    sprintf(text, "%s b 1%*s\n", word, LONG, "");
    assert_int_equal(read_pairs(&p, text, &error), WL_OK);
    assert_word(p->words, p->ids[0], word);
    wl_word_pairs_destroy(p);
    sprintf(text, ": %s\n%s b%*s c d\n", word, word, LONG, "");
    assert_int_equal(read_questions(&q, text, &error), WL_OK);
    assert_string_equal(q->section[0].name, word);
    assert_word(q->words, q->ids[0], word);
    wl_questions_destroy(q);
    free(text);
    free(word);
}

static void any_prefix_and_any_changed_byte_loads_or_is_told(void **state)
{
    (void)state;
    static const char text[] = ": s t\na b c d\n: u\ne f \xc3\xa9 h\n# x\nw v 1.5\n";
    const int length = (int)sizeof text - 1;
    for (int at = 0; at < length; at++)
        for (int change = 0; change < 6; change++) {
            static const char to[] = { 0, ' ', '\n', '\t', ':' };
            char copy[sizeof text];
            memcpy(copy, text, sizeof text);
            if (change > 0) copy[at] = to[change - 1];
            wl_questions *q;
            wl_word_pairs *p;
            wl_error error = { "" };
            write_bytes(in_folder("changed"), copy, (size_t)(change > 0 ? length : at));
            wl_status status = wl_questions_read(&q, in_folder("changed"), &error);
            if (status) assert_error(&error, "changed: line ", "expected", NULL);
            wl_questions_destroy(q);
            status = wl_word_pairs_read(&p, in_folder("changed"), &error);
            if (status) assert_error(&error, "changed: line ", "expected", NULL);
            wl_word_pairs_destroy(p);
        }
}

/* ------------------------------------------------------------------ upper case */

static void upper_case_is_of_ascii_or_of_unicode(void **state)
{
    (void)state;
    static const struct {
        const char *word, *ascii, *unicode;
    } cases[] = {
        { "aZ-09{`", "AZ-09{`", "AZ-09{`" },
        { "\xc3\xa9t\xc3\xa9", "\xc3\xa9T\xc3\xa9", "\xc3\x89T\xc3\x89" },
        { "stra\xc3\x9f"
          "e",
          "STRA\xc3\x9f"
          "E",
          "STRASSE" },
        { "\xce\x90", "\xce\x90", "\xce\x99\xcc\x88\xcc\x81" }, /* one character becomes three */
        { "\xef\xac\x83x", "\xef\xac\x83X", "FFIX" },
        { "a\xff\xc3", "A\xff\xc3", "A\xff\xc3" }, /* no UTF-8 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char to[64];
        const size_t length = strlen(cases[i].word);
        to[wl_upper_case_ascii(to, cases[i].word, length)] = 0;
        assert_string_equal(to, cases[i].ascii);
        to[wl_upper_case_unicode(to, cases[i].word, length)] = 0;
        assert_string_equal(to, cases[i].unicode);
    }
}

/* ------------------------------------------------------------------ the real files */

static void the_questions_of_word2vec_are_read_whole(void **state)
{
    (void)state;
    wl_questions *q;
    wl_error error;
    assert_int_equal(wl_questions_read(&q, shared_data("questions-words.txt"), &error), WL_OK);
    assert_int_equal(q->count, 19544);
    assert_int_equal(q->sections, 14);
    assert_string_equal(q->section[4].name, "family");
    assert_int_equal(q->section[5].first, 8869); /* the semantic ones */
    wl_questions_destroy(q);
}

static void wordsim_and_simlex_are_read_whole(void **state)
{
    (void)state;
    wl_word_pairs *p;
    wl_error error;
    assert_int_equal(wl_word_pairs_read(&p, shared_data("wordsim353.tsv"), &error), WL_OK);
    assert_int_equal(p->count, 353);
    assert_true(p->score[0] == 6.77);
    wl_word_pairs_destroy(p);
    assert_int_equal(wl_word_pairs_read(&p, shared_data("simlex999.txt"), &error), WL_OK);
    assert_int_equal(p->count, 999);
    assert_true(p->score[998] == 6.08);
    wl_word_pairs_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_come_in_their_sections),
        cmocka_unit_test(malformed_questions_name_their_line),
        cmocka_unit_test(pairs_are_columns_apart_by_tabs_or_spaces),
        cmocka_unit_test(the_own_layout_of_simlex_is_known_by_its_header),
        cmocka_unit_test(malformed_pairs_name_their_line),
        cmocka_unit_test(a_line_may_have_any_length),
        cmocka_unit_test(any_prefix_and_any_changed_byte_loads_or_is_told),
        cmocka_unit_test(upper_case_is_of_ascii_or_of_unicode),
        cmocka_unit_test(the_questions_of_word2vec_are_read_whole),
        cmocka_unit_test(wordsim_and_simlex_are_read_whole),
    };
    return cmocka_run_group_tests_name("questions", tests, make_folder, remove_folder);
}
