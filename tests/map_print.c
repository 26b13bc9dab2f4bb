/* Maps of weights as text, and what text on a terminal is. */
#include "../host/cli/map_print.h"
#include "../host/cli/text_width.h"
#include "../host/cli/token_label.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_prints(const plot_map *map, map_style style, const char *expected)
{
    char *found = NULL;
    size_t length;
    FILE *to = open_memstream(&found, &length);
    assert_non_null(to);
    map_print(to, map, &style);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(found, expected);
    free(found);
}

static void weights_are_blocks_of_five_shades(void **state)
{
    const char *columns[] = { "a", " ", "c", "d", "e" }, *rows[] = { "x", "\n" };
    const float weights[] = { 0, 0.25f, 0.5f, 0.75f, 1, 0.19f, 0.39f, 0.59f, 0.79f, 0.81f };
    const plot_map map = { "title", "source", "target", columns, rows, 5, 2, weights };
    (void)state;
    assert_prints(&map, (map_style){ 80, true },
                  "title\n"
                  "   a \u2423 c d e \n"
                  "x |  \u2591\u2591\u2592\u2592\u2593\u2593\u2588\u2588|\n"
                  "\u240a |  \u2591\u2591\u2592\u2592\u2593\u2593\u2588\u2588|\n"
                  "0  \u2591\u2592\u2593\u2588 1\n");
    assert_prints(&map, (map_style){ 80, false },
                  "title\n"
                  "   a _ c d e \n"
                  "x |  ..::**##|\n"
                  "? |  ..::**##|\n"
                  "0  .:*# 1\n");
}

static void words_stand_above_their_columns(void **state)
{
    const char *columns[] = { "the", "d\u00e9j\u00e0", "" }, *rows[] = { "a", "long" };
    const float weights[] = { 1, 0, 0, 0, 1, 0 };
    const plot_map map = { "t", "", "", columns, rows, 3, 2, weights };
    (void)state;
    assert_prints(&map, (map_style){ 80, false },
                  "t\n"
                  "        d   \n"
                  "      t \u00e9   \n"
                  "      h j   \n"
                  "      e \u00e0   \n"
                  "a    |##    |\n"
                  "long |  ##  |\n"
                  "   0  .:*# 1\n");
}

/* A Chinese character takes two columns, an accent of its own none. */
static void characters_take_the_columns_they_have(void **state)
{
    const char *columns[] = { "\u6211", "\u7231" }, *rows[] = { "e\u0301", "\u5317\u4eac" };
    const float weights[] = { 1, 0, 0, 1 };
    const plot_map map = { "t", "", "", columns, rows, 2, 2, weights };
    (void)state;
    assert_prints(&map, (map_style){ 11, false },
                  "t\n"
                  "      \u6211\u7231\n"
                  "e\u0301    |##  |\n"
                  "\u5317\u4eac |  ##|\n"
                  "   0  .:*# 1\n");
    assert_prints(&map, (map_style){ 10, false },
                  "t\ne\u0301: \u6211 1.00, \u7231 0.00\n\u5317\u4eac: \u7231 1.00, \u6211 0.00\n");
}

static void cells_narrow_before_a_list_takes_their_place(void **state)
{
    const char *columns[] = { "a", "b", "c", "d" }, *rows[] = { "x", "y" };
    const float weights[] = { 0.5f, 0.25f, 0, 0.25f, NAN, 0.125f, 0.625f, 0.25f };
    const plot_map map = { "t", "", "", columns, rows, 4, 2, weights };
    (void)state;
    assert_prints(&map, (map_style){ 12, false },
                  "t\n   a b c d \nx |::..  ..|\ny |??  **..|\n0  .:*# 1\n");
    assert_prints(&map, (map_style){ 11, false }, "t\n   abcd\nx |:. .|\ny |? *.|\n0  .:*# 1\n");
    assert_prints(&map, (map_style){ 8, false }, "t\n   abcd\nx |:. .|\ny |? *.|\n0  .:*# 1\n");
    assert_prints(&map, (map_style){ 7, false },
                  "t\nx: a 0.50, b 0.25, d 0.25\ny: c 0.62, d 0.25, b 0.12\n");
}

static void a_map_may_be_small_or_empty(void **state)
{
    const char *one[] = { "a" };
    const float weight = 1;
    plot_map map = { "t", "", "", one, one, 1, 1, &weight };
    (void)state;
    assert_prints(&map, (map_style){ 80, false }, "t\n   a \na |##|\n0  .:*# 1\n");
    assert_prints(&map, (map_style){ 1, false }, "t\na: a 1.00\n");
    map.column_count = 0;
    assert_prints(&map, (map_style){ 80, false }, "t\na ||\n0  .:*# 1\n");
    map.row_count = 0;
    assert_prints(&map, (map_style){ 80, false }, "t\n0  .:*# 1\n");
}

static void assert_label(const char *token, bool utf8, const char *expected)
{
    assert_string_equal(token_label_of(token, utf8).text, expected);
}

static void labels_show_what_is_not_seen(void **state)
{
    (void)state;
    assert_label("", true, "");
    assert_label("a b\tc\x1b", true, "a\u2423b\u2409c\u241b");
    assert_label("a b\tc\x1b\x7f\xc2\x85", false, "a_b?c???");
    assert_label("\xff\xc3\u00e9\xe2\x82", true, "??\u00e9??");
}

static void labels_are_not_long(void **state)
{
    char accents[1001] = "a";
    (void)state;
    assert_label("abcdefghijklmnopqrstuvwx", true, "abcdefghijklmnopqrstuvwx");
    assert_label("abcdefghijklmnopqrstuvwxy", true, "abcdefghijklmnopqrstuvw\u2026");
    assert_label("abcdefghijklmnopqrstuvwxy", false, "abcdefghijklmnopqrstuvw~");
    assert_label("\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317",
                 true, "\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u5317\u2026");
    for (int i = 1; i < 1000; i += 2) memcpy(accents + i, "\u0301", 2);
    const token_label label = token_label_of(accents, true);
    assert_true(strlen(label.text) < sizeof label.text);
    assert_int_equal(text_width(label.text), 1);
}

static void the_locale_says_whether_signs_are_utf8(void **state)
{
    int ends[2];
    (void)state;
    setenv("LC_ALL", "C", 1);
    assert_false(terminal_has_utf8());
    setenv("LC_ALL", "no such locale", 1);
    assert_false(terminal_has_utf8());
    setenv("LC_ALL", "C.UTF-8", 1);
    assert_true(terminal_has_utf8());
    assert_int_equal(pipe(ends), 0);
    FILE *to = fdopen(ends[1], "w");
    const map_style style = map_style_of(to);
    assert_int_equal(style.width, 80);
    assert_true(style.utf8);
    fclose(to);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_blocks_of_five_shades),
        cmocka_unit_test(words_stand_above_their_columns),
        cmocka_unit_test(characters_take_the_columns_they_have),
        cmocka_unit_test(cells_narrow_before_a_list_takes_their_place),
        cmocka_unit_test(a_map_may_be_small_or_empty),
        cmocka_unit_test(labels_show_what_is_not_seen),
        cmocka_unit_test(labels_are_not_long),
        cmocka_unit_test(the_locale_says_whether_signs_are_utf8),
    };
    return cmocka_run_group_tests_name("map_print", tests, NULL, NULL);
}
