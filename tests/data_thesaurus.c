/* The thesaurus: a small one, damaged ones, and WordNet itself where it is installed. */
#include "data_files.h"
#include "small_wordnet.h"

#include <wordloom/nn/thesaurus_pairs.h>

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

static const char debian[] = "/usr/share/wordnet";

static wl_thesaurus *open_small(void)
{
    wl_thesaurus *t;
    wl_error error = { "" };
    write_small_wordnet();
    if (wl_thesaurus_open(&t, in_folder("."), &error)) fail_msg("%s", error.text);
    return t;
}

static int32_t sense_of(const wl_thesaurus *t, const char *word, int32_t part, int64_t number)
{
    const int32_t *ids;
    assert_true(wl_thesaurus_senses(t, word, part, &ids) > number);
    return ids[number];
}

static void words_have_senses(void **state)
{
    char word[64];
    size_t length;
    const int32_t *ids;
    (void)state;
    wl_thesaurus *t = open_small();
    const int64_t sizes[] = { 8, 3, 1, 1 };
    for (int part = 0; part < 4; part++) assert_int_equal(wl_thesaurus_size(t, part), sizes[part]);
    assert_int_equal(wl_thesaurus_senses(t, "dog", WL_NOUN, &ids), 2);
    assert_int_equal(wl_thesaurus_senses(t, "Domestic Dog", WL_NOUN, &ids), 1);
    assert_int_equal(ids[0], sense_of(t, "dog", WL_NOUN, 0));
    assert_int_equal(wl_thesaurus_synonyms(t, ids[0]), 2);
    wl_thesaurus_synonym(t, ids[0], 1, word);
    assert_string_equal(word, "domestic dog");
    const char *gloss = wl_thesaurus_gloss(t, ids[0], &length);
    assert_int_equal(length, strlen("it barks"));
    assert_memory_equal(gloss, "it barks", length);
    wl_thesaurus_synonym(t, sense_of(t, "large", WL_ADJECTIVE, 0), 0, word);
    assert_string_equal(word, "big"); /* without what says where it stands */
    assert_int_equal(wl_thesaurus_part(t, sense_of(t, "run", WL_VERB, 0)), WL_VERB);
    assert_int_equal(wl_thesaurus_senses(t, "dog", WL_VERB, &ids), 0);
    assert_int_equal(wl_thesaurus_senses(t, "dogg", WL_NOUN, &ids), 0);
    assert_int_equal(wl_thesaurus_senses(t, "", WL_NOUN, &ids), 0);
    const int32_t ox = sense_of(t, "ox", WL_NOUN, 0);
    assert_int_equal(wl_thesaurus_hypernyms(t, ox, &ids), 2);
    assert_int_equal(ids[0], sense_of(t, "animal", WL_NOUN, 0));
    assert_int_equal(wl_thesaurus_depth(t, ox), 3);
    assert_int_equal(wl_thesaurus_depth(t, sense_of(t, "entity", WL_NOUN, 0)), 1);
    wl_thesaurus_close(t);
}

static void inflected_words_have_a_base(void **state)
{
    static const struct {
        const char *form, *base;
        int32_t part;
    } forms[] = {
        { "dogs", "dog", WL_NOUN },
        { "geese", "goose", WL_NOUN },
        { "Oxen", "ox", WL_NOUN },
        { "dog", "dog", WL_NOUN },
        { "moving", "move", WL_VERB },
        { "moved", "move", WL_VERB },
        { "runs", "run", WL_VERB },
        { "larger", "large", WL_ADJECTIVE },
        { "largest", "large", WL_ADJECTIVE },
        { "s", "", WL_NOUN },
        { "dogses", "", WL_NOUN },
        { "dogs", "", WL_VERB },
    };
    char base[64];
    (void)state;
    wl_thesaurus *t = open_small();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const int found = wl_thesaurus_base(t, forms[i].form, forms[i].part, base);
        assert_string_equal(base, forms[i].base);
        assert_int_equal(found, *forms[i].base != 0);
    }
    wl_thesaurus_close(t);
}

static void compares(wl_thesaurus *t, const char *a, const char *b, double path, double wu_palmer,
                     const char *common)
{
    wl_word_likeness l;
    wl_error error = { "" };
    char word[64] = "";
    if (wl_thesaurus_compare(t, a, b, &l, &error)) fail_msg("%s", error.text);
    if (fabs(l.path - path) > 1e-12 || fabs(l.wu_palmer - wu_palmer) > 1e-12)
        fail_msg("%s, %s: path %.6f, Wu-Palmer %.6f", a, b, l.path, l.wu_palmer);
    if (l.common >= 0) wl_thesaurus_synonym(t, l.common, 0, word);
    assert_string_equal(word, common);
}

/* by hand, in nodes from the top: entity 1, animal and tool 2, what is below 3 */
static void likeness_is_by_what_is_above(void **state)
{
    wl_word_likeness l;
    wl_error error = { "" };
    (void)state;
    wl_thesaurus *t = open_small();
    compares(t, "dog", "cat", 1 / 3., 4 / 6., "animal");
    compares(t, "dogs", "domestic dog", 1, 1, "dog");
    compares(t, "cat", "tool", 1 / 4., 2 / 5., "entity");
    compares(t, "cat", "animal", 1 / 2., 4 / 5., "animal"); /* one above the other */
    compares(t, "ox", "tool", 1 / 2., 4 / 5., "tool");
    compares(t, "run", "move", 1 / 2., 4 / 5., "move"); /* a root above: move is at 2 */
    compares(t, "run", "say", 1 / 4., 2 / 5., "");      /* which alone is above both */
    compares(t, "big", "large", 1, 1, "big");
    compares(t, "big", "cat", 0, 0, "");
    assert_int_equal(wl_thesaurus_compare(t, "cat", "nothing", &l, &error), WL_OUT_OF_RANGE);
    assert_error(&error, "\"nothing\": the thesaurus has no such word", NULL);
    wl_thesaurus_close(t);
}

static void pairs_are_of_nouns(void **state)
{
    static const char *const words[] = { "the", "dog", "run", "cat", "big", "ox", "goose" };
    wl_vocabulary *vocabulary;
    wl_word_pairs *pairs, *again;
    wl_error error = { "" };
    (void)state;
    wl_thesaurus *t = open_small();
    assert_int_equal(wl_vocabulary_create(&vocabulary), WL_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(wl_vocabulary_add(vocabulary, words[i], strlen(words[i])), WL_OK);
    assert_int_equal(wl_thesaurus_pairs(&pairs, t, vocabulary, 1, &error), WL_OUT_OF_RANGE);
    assert_error(&error, "found 1", NULL);
    for (int i = 2; i < 7; i++)
        assert_int_equal(wl_vocabulary_add(vocabulary, words[i], strlen(words[i])), WL_OK);
    assert_int_equal(wl_thesaurus_pairs(&pairs, t, vocabulary, 1, &error), WL_OK);
    assert_int_equal(pairs->count, WL_THESAURUS_PAIRS);
    assert_int_equal(wl_vocabulary_size(pairs->words), 3); /* ox has two letters */
    int64_t drawn[3][3] = { { 0 } };
    for (int64_t i = 0; i < pairs->count; i++) {
        const int32_t a = pairs->ids[2 * i], b = pairs->ids[2 * i + 1];
        assert_true(a != b && fabs(pairs->score[i] - 4 / 6.) < 1e-12); /* all animals */
        drawn[a][b]++;
    }
    for (int i = 0; i < 9; i++) /* within five deviations of a sixth */
        if (i / 3 != i % 3)
            assert_true(fabs((double)drawn[i / 3][i % 3] - 1e5 / 6) < 5 * sqrt(1e5 * 5 / 36));
    assert_int_equal(wl_thesaurus_pairs(&again, t, vocabulary, 1, &error), WL_OK);
    assert_memory_equal(pairs->ids, again->ids, 2 * sizeof *pairs->ids * WL_THESAURUS_PAIRS);
    wl_word_pairs_destroy(again), wl_word_pairs_destroy(pairs);
    wl_vocabulary_destroy(vocabulary);
    wl_thesaurus_close(t);
}

/* ------------------------------------------------------------------ damage */

/* Opens what is in the folder, and looks at all of it; or it is a bad file, with its place. */
static void open_or_refuse(void)
{
    wl_thesaurus *t;
    wl_error error = { "" };
    const wl_status status = wl_thesaurus_open(&t, in_folder("."), &error);
    if (status) {
        if (status != WL_BAD_FILE || !strstr(error.text, ": line ") ||
            !strstr(error.text, "expected"))
            fail_msg("status %d: %s", (int)status, error.text);
        return;
    }
    wl_word_likeness l;
    char word[64];
    size_t length;
    int32_t all = 0;
    for (int part = 0; part < 4; part++) all += (int32_t)wl_thesaurus_size(t, part);
    for (int32_t i = 0; i < all; i++) {
        wl_climb climb;
        wl_thesaurus_gloss(t, i, &length);
        for (int64_t k = 0; k < wl_thesaurus_synonyms(t, i); k++)
            wl_thesaurus_synonym(t, i, k, word);
        assert_int_equal(wl_thesaurus_climb(t, i, &climb), WL_OK);
        free(climb.ids);
    }
    const wl_status compared = wl_thesaurus_compare(t, "geese", "dogs", &l, &error);
    assert_true(compared == WL_OK || compared == WL_OUT_OF_RANGE);
    wl_thesaurus_close(t);
}

static void damage(const char *name)
{
    static const char others[] = "\n 09@nz~\xff";
    size_t length;
    char *bytes = read_bytes(in_folder(name), &length);
    const int fd = open(in_folder(name), O_RDWR);
    assert_true(fd >= 0);
    for (size_t at = 0; at < length; at++)
        for (size_t k = 0; k < sizeof others; k++) { /* the last is 0 */
            assert_int_equal(pwrite(fd, &others[k], 1, (off_t)at), 1);
            open_or_refuse();
            assert_int_equal(pwrite(fd, &bytes[at], 1, (off_t)at), 1);
        }
    for (size_t cut = length; cut-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)cut), 0);
        open_or_refuse();
    }
    close(fd);
    write_bytes(in_folder(name), bytes, length);
    free(bytes);
}

static void every_changed_or_cut_byte_is_borne(void **state)
{
    (void)state;
    write_small_wordnet();
    damage("data.noun");
    damage("index.noun");
    damage("noun.exc");
    damage("index.verb");
}

static void what_makes_no_sense_is_told(void **state)
{
    static const struct {
        const char *name, *from, *to, *told;
    } bad[] = {
        { "data.noun", "n 02 dog", "v 02 dog", "data.noun: line 5: expected the part of speech" },
        { "data.noun", "n 02 dog", "n 00 dog", "line 5: expected how many words there are" },
        { "data.noun", " | it barks", " : it barks", "line 5: expected a gloss behind \"| \"" },
        { "data.verb", "@ 00000040", "@ 00000041", "expected a hypernym that there is, found \"0" },
        { "index.noun", "cat n 1", "cat n 2", "index.noun: line 4: expected an offset, found \"0" },
        { "index.noun", "dog n", "bog n", "expected a word after the one before" },
        { "index.verb", " 00000040", " 00000041", "expected the offset of a synset" },
        { "noun.exc", "geese goose", "geesegoose ", "noun.exc: line 1: expected a form and its" },
    };
    wl_error error = { "" };
    wl_thesaurus *t;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t length;
        write_small_wordnet();
        char *bytes = read_bytes(in_folder(bad[i].name), &length), *at;
        bytes = realloc(bytes, length + 1);
        bytes[length] = 0;
        at = strstr(bytes, bad[i].from);
        if (!at) fail_msg("no \"%s\" in %s", bad[i].from, bad[i].name);
        memcpy(at, bad[i].to, strlen(bad[i].to));
        write_bytes(in_folder(bad[i].name), bytes, length);
        free(bytes);
        assert_int_equal(wl_thesaurus_open(&t, in_folder("."), &error), WL_BAD_FILE);
        assert_null(t);
        assert_error(&error, bad[i].told, NULL);
    }
    assert_int_equal(wl_thesaurus_open(&t, in_folder("nowhere"), &error), WL_IO_ERROR);
}

/* run above move, which is above run */
static void a_circle_is_told(void **state)
{
    wl_error error = { "" };
    wl_thesaurus *t;
    (void)state;
    write_small_wordnet();
    write_text(in_folder("data.verb"), "00000000 03 v 01 move 0 001 @ 00000047 v 0000 | go up\n"
                                       "00000054 03 v 01 run 0 001 @ 00000000 v 0000 | go on\n");
    assert_int_equal(wl_thesaurus_open(&t, in_folder("."), &error), WL_BAD_FILE);
    assert_error(&error, "data.verb: line 1: expected a hypernym that there is", NULL);
    write_text(in_folder("data.verb"), "00000000 03 v 01 move 0 001 @ 00000054 v 0000 | go up\n"
                                       "00000054 03 v 01 run 0 001 @ 00000000 v 0000 | go on\n");
    assert_int_equal(wl_thesaurus_open(&t, in_folder("."), &error), WL_BAD_FILE);
    assert_error(&error, "data.verb: line 1: expected hypernyms that end, found \"a circle\"",
                 NULL);
}

/* ------------------------------------------------------------------ WordNet 3.0 */

static void wordnet_is_read_whole(void **state)
{
    static const int64_t sizes[] = { 82115, 13767, 18156, 3621 }; /* wnstats(7WN) */
    char base[64];
    const int32_t *ids;
    wl_thesaurus *t;
    wl_error error = { "" };
    (void)state;
    if (access("/usr/share/wordnet/data.noun", R_OK)) {
        print_message("skipped: no WordNet in %s (Debian's package wordnet-base)\n", debian);
        skip();
    }
    if (wl_thesaurus_open(&t, debian, &error)) fail_msg("%s", error.text);
    for (int part = 0; part < 4; part++) assert_int_equal(wl_thesaurus_size(t, part), sizes[part]);
    assert_int_equal(wl_thesaurus_senses(t, "dog", WL_NOUN, &ids), 7);
    assert_int_equal(wl_thesaurus_senses(t, "dog", WL_VERB, &ids), 1);
    assert_true(wl_thesaurus_base(t, "geese", WL_NOUN, base));
    assert_string_equal(base, "goose");
    assert_true(wl_thesaurus_base(t, "went", WL_VERB, base));
    assert_string_equal(base, "go");
    /* as NLTK's documentation has them: path 0.2, Wu-Palmer 0.857 */
    compares(t, "dog", "cat", 0.2, 24 / 28., "carnivore");
    wl_thesaurus_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_have_senses),
        cmocka_unit_test(inflected_words_have_a_base),
        cmocka_unit_test(likeness_is_by_what_is_above),
        cmocka_unit_test(pairs_are_of_nouns),
        cmocka_unit_test(every_changed_or_cut_byte_is_borne),
        cmocka_unit_test(what_makes_no_sense_is_told),
        cmocka_unit_test(a_circle_is_told),
        cmocka_unit_test(wordnet_is_read_whole),
    };
    return cmocka_run_group_tests_name("data_thesaurus", tests, make_folder, remove_folder);
}
