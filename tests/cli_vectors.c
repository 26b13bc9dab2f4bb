/* `wordloom vectors analogy` and `vectors eval` as their users see them. */
#include "program_runs.h"

#include <jansson.h>

static int setup(void **state)
{
    const int status = make_program_folder(state);
    write_text(in_folder("v.txt"), "6 4\nman 1 0 0 0\nking .6 0 .8 0\nwoman 0 1 0 0\n"
                                   "queen 0 3 4 0\napple 0 0 0 1\nprince .5 .1 .8 0\n");
    write_text(in_folder("questions"), ": royal\nman king woman queen\nMan King Woman Duchess\n"
                                       ": gram1-fruit\nman king woman apple\n");
    write_text(in_folder("pairs"), "man\tking\t6\nwoman\tqueen\t5\nman\tapple\t0\nman\tduke\t1\n");
    return status;
}

static json_t *read_json(const char *file)
{
    json_error_t trouble;
    json_t *json = json_load_file(in_folder(file), 0, &trouble);
    if (!json) print_error("%s: %s\n", file, trouble.text);
    assert_non_null(json);
    return json;
}

/* ------------------------------------------------------------------ analogy */

static void an_analogy_is_completed_by_either_method(void **state)
{
    (void)state;
    const char *v = in_folder("v.txt");
    assert_int_equal(run("vectors", "analogy", v, "man", "king", "woman", "--top=2", NULL), 0);
    assert_has("stdout", "man : king :: woman : ?\n   1  queen    0.924\n   2  prince   0.");
    assert_empty("stderr");
    assert_int_equal(run("vectors", "analogy", v, "--method", "multiply", "man", "king", "woman",
                         "woman", "queen", "man", NULL),
                     0);
    /* .8 times .82 over .501 */
    assert_has("stdout", "man : king :: woman : ?\n   1  queen    1.309\n");
    assert_has("stdout", "\n\nwoman : queen :: man : ?\n   1  ");
}

static void an_unknown_word_is_told_with_close_ones(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "analogy", in_folder("v.txt"), "man", "kin", "womam", "man",
                         "king", "woman", NULL),
                     1);
    assert_has("stderr", "\"kin\"; close to it: king");
    assert_has("stderr", "\"womam\"; close to it: woman");
    assert_has("stdout", "man : king :: woman : ?\n   1  queen");
}

static void words_come_by_threes(void **state)
{
    (void)state;
    const char *v = in_folder("v.txt");
    assert_int_equal(run("vectors", "analogy", v, "man", "king", NULL), 2);
    assert_int_equal(run("vectors", "analogy", v, "a", "b", "c", "d", NULL), 2);
    assert_int_equal(run("vectors", "analogy", v, NULL), 2);
    assert_int_equal(run("vectors", "analogy", NULL), 2);
    assert_has("stderr", "by threes");
    assert_empty("stdout");
}

/* ------------------------------------------------------------------ eval */

static void both_files_are_told_in_tables(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "eval", in_folder("v.txt"), "--analogies",
                         in_folder("questions"), "--similarities", in_folder("pairs"), NULL),
                     0);
    assert_has("stdout", "royal                2         1         1        1  100.00 %\n");
    assert_has("stdout", "gram1-fruit          1         0         1        0    0.00 %\n");
    assert_has("stdout", "all                  3         1         2        1   50.00 %\n");
    assert_has("stdout", "1 question skipped for 1 unknown word: Duchess\n");
    assert_has("stdout", "Spearman rho    0.8660\n");
    assert_has("stdout", "1 pair skipped for 1 unknown word: duke\n");
    assert_empty("stderr");
}

static void json_goes_to_a_file_or_to_stdout(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "eval", in_folder("v.txt"), "--analogies",
                         in_folder("questions"), "--json", in_folder("out.json"), "--counting",
                         "gensim", NULL),
                     0);
    assert_has("stdout", "section");
    json_t *json = read_json("out.json"), *analogies = json_object_get(json, "analogies");
    json_t *royal = json_array_get(json_object_get(analogies, "sections"), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "restrict")), 300000);
    assert_string_equal(json_string_value(json_object_get(json, "counting")), "gensim");
    assert_true(json_is_null(json_object_get(json, "similarities")));
    assert_string_equal(json_string_value(json_object_get(royal, "name")), "royal");
    assert_int_equal(json_integer_value(json_object_get(royal, "questions")), 2);
    assert_true(json_real_value(json_object_get(royal, "accuracy")) == 100);
    assert_int_equal(json_array_size(json_object_get(analogies, "unknown_words")), 1);
    json_decref(json);

    assert_int_equal(run("vectors", "eval", in_folder("v.txt"), "--similarities",
                         in_folder("pairs"), "--json=-", "--restrict=1", NULL),
                     0);
    json = read_json("stdout");
    json_t *similarities = json_object_get(json, "similarities");
    assert_int_equal(json_integer_value(json_object_get(similarities, "used")), 0);
    assert_true(json_is_null(json_object_get(similarities, "spearman")));
    json_decref(json);
}

static void a_malformed_file_is_exit_3_with_its_line(void **state)
{
    (void)state;
    write_text(in_folder("bad"), ": s\na b c\n");
    assert_int_equal(
        run("vectors", "eval", in_folder("v.txt"), "--analogies", in_folder("bad"), NULL), 3);
    assert_has("stderr", "bad: line 2: expected");
    assert_int_equal(
        run("vectors", "eval", in_folder("v.txt"), "--similarities", in_folder("bad"), NULL), 3);
    assert_has("stderr", "bad: line 1: expected");
    assert_int_equal(
        run("vectors", "eval", in_folder("bad"), "--similarities", in_folder("pairs"), NULL), 3);
    assert_int_equal(run("vectors", "eval", in_folder("v.txt"), "--analogies",
                         in_folder("questions"), "--json", in_folder("no/such"), NULL),
                     3);
    assert_has("stderr", "no/such");
}

static void eval_wants_vectors_and_a_file(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "eval", in_folder("v.txt"), NULL), 2);
    assert_has("stderr", "--analogies FILE, --similarities FILE or --thesaurus DIR");
    assert_int_equal(run("vectors", "eval", "--analogies", in_folder("questions"), NULL), 2);
    assert_int_equal(run("vectors", "eval", "--counting", "glove", in_folder("v.txt"), NULL), 2);
    assert_has("stderr", "one of word2vec|gensim");
    assert_int_equal(run("vectors", "eval", "--help", NULL), 0);
    assert_has("stdout", "compute-accuracy");
    assert_has("stdout", "evaluate_word_pairs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_analogy_is_completed_by_either_method),
        cmocka_unit_test(an_unknown_word_is_told_with_close_ones),
        cmocka_unit_test(words_come_by_threes),
        cmocka_unit_test(both_files_are_told_in_tables),
        cmocka_unit_test(json_goes_to_a_file_or_to_stdout),
        cmocka_unit_test(a_malformed_file_is_exit_3_with_its_line),
        cmocka_unit_test(eval_wants_vectors_and_a_file),
    };
    return cmocka_run_group_tests_name("cli_vectors", tests, setup, remove_folder);
}
