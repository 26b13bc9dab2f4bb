/* wordloom thesaurus, and vectors eval with one, as their users see them. */
#include "program_runs.h"
#include "small_wordnet.h"

static int setup(void **state)
{
    const int status = make_program_folder(state);
    write_small_wordnet();
    return status;
}

static void senses_are_printed(void **state)
{
    (void)state;
    assert_int_equal(run("thesaurus", "--wordnet", in_folder("."), "dogs", "oxen", NULL), 0);
    assert_empty("stderr");
    assert_has("stdout", "dog, noun\n"
                         "  1  dog, domestic dog\n"
                         "       it barks\n"
                         "       < animal < entity\n"
                         "  2  dog\n"
                         "       it holds a log\n"
                         "       < tool < entity\n"
                         "\n"
                         "ox, noun\n");
    setenv("WNSEARCHDIR", in_folder("."), 1);
    assert_int_equal(run("thesaurus", "--", "similarity", "run", NULL), 1);
    assert_has("stderr", "\"similarity\": the thesaurus has no such word");
    assert_has("stdout", "run, verb\n  1  run\n       to move fast\n       < move\n");
    unsetenv("WNSEARCHDIR");
}

static void words_are_compared(void **state)
{
    (void)state;
    assert_int_equal(
        run("thesaurus", "similarity", "--wordnet", in_folder("."), "cat", "geese", NULL), 0);
    assert_has("stdout", "path        0.3333\nWu-Palmer   0.6667\n\n  cat: cat (noun)\n");
    assert_has("stdout", "\nAbove both stands: animal\n");
    assert_int_equal(
        run("thesaurus", "similarity", "--wordnet", in_folder("."), "run", "say", NULL), 0);
    assert_has("stdout", "Above both stands: a root that is thought above all verbs\n");
    assert_int_equal(
        run("thesaurus", "similarity", "--wordnet", in_folder("."), "big", "run", NULL), 0);
    assert_has("stdout", "path        0.0000\nWu-Palmer   0.0000\n");
    assert_int_equal(
        run("thesaurus", "similarity", "--wordnet", in_folder("."), "cat", "nothing", NULL), 1);
    assert_has("stderr", "\"nothing\": the thesaurus has no such word");
}

static void vectors_are_compared_with_it(void **state)
{
    (void)state;
    write_text(in_folder("vectors.txt"),
               "6 2\nthe 1 1\ndog 1 0.1\ncat 1 0.2\ngoose 1 0.3\ntool 0 1\nentity 0.6 0.7\n");
    assert_int_equal(run("vectors", "eval", in_folder("vectors.txt"), "--device=cpu", "--thesaurus",
                         in_folder("."), NULL),
                     0);
    assert_has("stdout", "With the thesaurus:\npairs           100000\nused            100000\n"
                         "Spearman rho    0.");
    assert_int_equal(run("vectors", "eval", in_folder("vectors.txt"), "--device=cpu", "--thesaurus",
                         in_folder("."), "--json=-", NULL),
                     0);
    assert_has("stdout", "\"thesaurus\": {\n    \"file\": null,\n    \"pairs\": 100000,");
}

static void what_is_missing_is_told(void **state)
{
    (void)state;
    assert_int_equal(run("thesaurus", "--wordnet", in_folder("nowhere"), "dog", NULL), 3);
    assert_has("stderr", "nowhere/data.noun");
    assert_int_equal(run("thesaurus", NULL), 2);
    assert_has("stderr", "expected a WORD at least");
    assert_int_equal(run("thesaurus", "similarity", "dog", NULL), 2);
    assert_has("stderr", "expected two words");
    write_text(in_folder("data.adv"), "00000000 03 r 01 fast 0 000 no gloss\n");
    assert_int_equal(run("thesaurus", "--wordnet", in_folder("."), "dog", NULL), 3);
    assert_has("stderr", "data.adv: line 1: expected a gloss behind \"| \"");
    write_small_wordnet();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(senses_are_printed),
        cmocka_unit_test(words_are_compared),
        cmocka_unit_test(vectors_are_compared_with_it),
        cmocka_unit_test(what_is_missing_is_told),
    };
    return cmocka_run_group_tests_name("cli_thesaurus", tests, setup, remove_folder);
}
