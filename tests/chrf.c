/* chrF: values worked out by hand, and those of sacreBLEU. */
#include <wordloom/nn/chrf.h>

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct pair {
    const char *hypothesis, *reference;
} pair;

static wl_chrf *make(void)
{
    wl_chrf *chrf;
    assert_int_equal(wl_chrf_create(&chrf, NULL), WL_OK);
    return chrf;
}

static void add(wl_chrf *chrf, pair p)
{
    wl_error error = { "" };
    if (wl_chrf_add(chrf, p.hypothesis, strlen(p.hypothesis), p.reference, strlen(p.reference),
                    &error))
        fail_msg("%s", error.text);
}

/* Of the pairs, which end with a null: but for the rounding of two dozen operations. */
static void assert_score(const pair *pairs, double expected)
{
    wl_chrf *chrf = make();
    for (; pairs->hypothesis; pairs++) add(chrf, *pairs);
    const double found = wl_chrf_score(chrf);
    if (!(fabs(found - expected) <= 24 * DBL_EPSILON * expected))
        fail_msg("found %.17g, expected %.17g", found, expected);
    wl_chrf_destroy(chrf);
}

static void assert_pair(const char *hypothesis, const char *reference, double expected)
{
    const pair pairs[] = { { hypothesis, reference }, { 0 } };
    assert_score(pairs, expected);
}

static double f(double precision, double recall)
{
    return 100 * 5 * precision * recall / (4 * precision + recall);
}

static void values_are_as_by_hand(void **state)
{
    (void)state;
    /* a a b | aa ab, and ab is all of the other; n = 3 has but one side */
    assert_pair("aab", "ab", f((2. / 3 + 1. / 2) / 2, 1));
    assert_pair("ab", "aab", f(1, (2. / 3 + 1. / 2 + 0) / 2));
    /* two of three, one of two, none of one */
    assert_pair("\u00e9t\u00e9", "\u00e9t\u00e8", f(7. / 18, 7. / 18));
    /* 8 characters of 9, 6 of 8, 4 of 7, 3 of 6, 2 of 5, 1 of 4 are as they were */
    const double same = (8. / 9 + 6. / 8 + 4. / 7 + 3. / 6 + 2. / 5 + 1. / 4) / 6;
    assert_pair("abcdefghi", "abXdefghi", f(same, same));
    assert_pair("abc", "ABC", 0);
}

static void identical_texts_have_100(void **state)
{
    (void)state;
    assert_pair("The cat sat on the mat.", "The cat sat on the mat.", 100);
    assert_pair("a", "a", 100);
    assert_pair("\u6211\u7231\u5317\u4eac", "\u6211\u7231\u5317\u4eac", 100);
}

static void texts_with_nothing_in_common_have_0(void **state)
{
    (void)state;
    assert_pair("abcdefgh", "ijklmnop", 0);
    assert_pair("a", "bcdefghi", 0);
}

static void empty_texts_have_no_share(void **state)
{
    const pair none[] = { { 0 } };
    const pair some[] = { { "", "abc" }, { "aab", "ab" }, { "abc", " " }, { "", "" }, { 0 } };
    (void)state;
    assert_score(none, 0);
    assert_pair("", "", 0);
    assert_pair("", "abc", 0);
    assert_pair("abc", "", 0);
    /* the n-grams of "abc" are missed where they are wanted, and not held against it where not */
    assert_score(some, f((2. / 3 + 1. / 2) / 2, (2. / 5 + 1. / 3) / 2));
}

static void white_space_of_any_kind_is_left_out(void **state)
{
    (void)state;
    assert_pair(" a b\tc\nd\r\v\f", "abcd", 100);
    assert_pair("a\u00a0b\u3000c\xc2\x85"
                "d\x1c"
                "e\u2028f",
                "abcdef", 100);
    assert_pair("a\u200bb", "ab", f((2. / 3 + 0) / 2, (2. / 2 + 0) / 2)); /* is no white space */
}

/* n = 4 does not count: only one side of each pair has such n-grams. */
static void pairs_are_summed_before_they_are_divided(void **state)
{
    const pair pairs[] = { { "abcdefgh", "abc" }, { "abc", "abcdefgh" }, { 0 } };
    const double mean = (6. / 11 + 4. / 9 + 2. / 7) / 3;
    (void)state;
    assert_score(pairs, f(mean, mean));
}

/* Found by sacreBLEU 2.6.0: corpus_chrf(hypotheses, [references]).score */
static void values_are_those_of_sacrebleu(void **state)
{
    const pair pairs[] = { { "The cat sat on the mat.", "The cat is on the mat!" },
                           { "Guten Tag", "guten Tag, Welt" },
                           { "", "abc" },
                           { "ab", "ab" },
                           { "x", "abcdef" },
                           { 0 } };
    (void)state;
    assert_pair(pairs[0].hypothesis, pairs[0].reference, 60.27590743659707);
    assert_pair(pairs[1].hypothesis, pairs[1].reference, 45.67716413209812);
    assert_score(pairs, 47.691126268174486);
}

static void what_is_no_utf8_is_refused_and_not_counted(void **state)
{
    wl_error error = { "" };
    wl_chrf *chrf = make();
    (void)state;
    add(chrf, (pair){ "aab", "ab" });
    const double before = wl_chrf_score(chrf);
    assert_int_equal(wl_chrf_add(chrf, "a\xff", 2, "a", 1, &error), WL_OUT_OF_RANGE);
    assert_string_equal(error.text, "hypothesis: expected UTF-8, found byte 0xff at 1");
    assert_int_equal(wl_chrf_add(chrf, "abc", 3, "\xc3", 1, &error), WL_OUT_OF_RANGE);
    assert_string_equal(error.text, "reference: expected UTF-8, found byte 0xc3 at 0");
    assert_true(wl_chrf_score(chrf) == before);
    wl_chrf_destroy(chrf);
    wl_chrf_destroy(NULL);
}

/* Lengths decide, and a byte of 0 is a character. */
static void texts_need_no_end(void **state)
{
    wl_chrf *chrf = make();
    (void)state;
    assert_int_equal(wl_chrf_add(chrf, "aabX", 3, "abX", 2, NULL), WL_OK);
    assert_true(fabs(wl_chrf_score(chrf) - 87.5) < 1e-12);
    wl_chrf_destroy(chrf);
    chrf = make();
    assert_int_equal(wl_chrf_add(chrf, "\0", 1, "\0\0", 2, NULL), WL_OK);
    assert_true(fabs(wl_chrf_score(chrf) - f(1, .5)) < 1e-12);
    wl_chrf_destroy(chrf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_as_by_hand),
        cmocka_unit_test(identical_texts_have_100),
        cmocka_unit_test(texts_with_nothing_in_common_have_0),
        cmocka_unit_test(empty_texts_have_no_share),
        cmocka_unit_test(white_space_of_any_kind_is_left_out),
        cmocka_unit_test(pairs_are_summed_before_they_are_divided),
        cmocka_unit_test(values_are_those_of_sacrebleu),
        cmocka_unit_test(what_is_no_utf8_is_refused_and_not_counted),
        cmocka_unit_test(texts_need_no_end),
    };
    return cmocka_run_group_tests_name("chrf", tests, NULL, NULL);
}
