/* wordloom vectors train --method count and ppmi as their users see them. */
#include "program_runs.h"

#include <wordloom/nn/counts.h>
#include <wordloom/nn/vectors.h>

#include <signal.h>
#include <unistd.h>

static int setup(void **state)
{
    const int status = make_program_folder(state);
    write_text(in_folder("small.txt"), "a b a\nc a\nc\n");
    return status;
}

static wl_counts read_counts(const char *name)
{
    wl_counts c;
    wl_error error = { "" };
    if (wl_counts_read(&c, in_folder(name), &error)) fail_msg("%s", error.text);
    return c;
}

static void counts_are_written_with_their_configuration(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "train", "--method=count", "--corpus", in_folder("small.txt"),
                         "--out", in_folder("c.safetensors"), "--min-count=1", "--window=1",
                         "--distance-weights=harmonic", "--device=cpu", "--log", in_folder("log"),
                         NULL),
                     0);
    assert_empty("stdout");
    assert_has("stderr", "6 words, of them 6 in the vocabulary of 3");
    assert_has("stderr", "4 pairs of words");
    assert_has("stderr", "wrote ");
    assert_has("log", "{\"event\":\"done\"");
    wl_counts c = read_counts("c.safetensors");
    assert_int_equal(c.matrix.rows, 3);
    assert_int_equal(c.matrix.count, 4);
    assert_non_null(strstr(c.config, "\"method\":\"count\""));
    assert_non_null(strstr(c.config, "\"distance-weights\":\"harmonic\""));
    assert_non_null(strstr(c.config, "\"window\":1"));
    wl_counts_destroy(&c);
}

static void singular_vectors_are_those_of_any_format(void **state)
{
    (void)state;
    write_corpus("corpus.txt", 400);
    assert_int_equal(run("vectors", "train", "--method=svd", "--corpus", in_folder("corpus.txt"),
                         "--out", in_folder("v.safetensors"), "--dim=3", "--singular-power=1",
                         "--iterations=4", "--seed=5", "--device=cpu", NULL),
                     0);
    assert_has("stderr", "singular values from ");
    assert_has("stderr", ", 3 numbers each");
    wl_vectors *vectors;
    wl_error error = { "" };
    if (wl_vectors_read(&vectors, in_folder("v.safetensors"), 0, &error))
        fail_msg("%s", error.text);
    assert_int_equal(vectors->D, 3);
    assert_non_null(strstr(vectors->config, "\"method\":\"svd\""));
    assert_non_null(strstr(vectors->config, "\"window\":5"));
    wl_vectors_destroy(vectors);
    assert_int_equal(run("vectors", "train", "--method=svd", "--corpus", in_folder("corpus.txt"),
                         "--out", in_folder("v.txt"), "--dim=3", "--quiet", NULL),
                     0);
    assert_empty("stderr");
    assert_int_equal(run("vectors", "train", "--method=svd", "--corpus", in_folder("small.txt"),
                         "--out", in_folder("v.txt"), "--min-count=1", NULL),
                     2);
    assert_has("stderr", "--dim 100: expected at most the 3 words");
    assert_int_equal(run("vectors", "train", "--method=ppmi", "--corpus", in_folder("small.txt"),
                         "--out", in_folder("v.safetensors"), "--dim=3", NULL),
                     2);
    assert_has("stderr", "--dim: is not an option of --method ppmi");
}

static void phrases_become_words(void **state)
{
    (void)state;
    write_text(in_folder("text.txt"), "a new york\nnew york b\n");
    assert_int_equal(run("vectors", "phrases", "--corpus", in_folder("text.txt"), "--out",
                         in_folder("joined.txt"), "--min-count=1", "--discount=0",
                         "--threshold=2.9", NULL),
                     0);
    assert_has("stderr", "2 words joined, of 6");
    assert_has("joined.txt", "new_york b");
    assert_int_equal(run("vectors", "phrases", "--corpus", in_folder("none.txt"), "--out",
                         in_folder("joined.txt"), NULL),
                     3);
    assert_int_equal(run("vectors", "phrases", "--corpus", in_folder("text.txt"), NULL), 2);
}

static void ppmi_drops_what_is_by_chance(void **state)
{
    (void)state;
    write_corpus("corpus.txt", 400);
    const char *const shifts[] = { "--shift=1", "--shift=4" };
    int64_t kept[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run("vectors", "train", "--method=ppmi", "--corpus",
                             in_folder("corpus.txt"), "--out", in_folder("p.safetensors"),
                             "--context-power=0.75", shifts[i], "--memory=1", "--device=cpu",
                             "--quiet", NULL),
                         0);
        assert_empty("stderr");
        wl_counts c = read_counts("p.safetensors");
        for (int64_t k = 0; k < c.matrix.count; k++) assert_true(c.matrix.value[k] > 0);
        kept[i] = c.matrix.count;
        wl_counts_destroy(&c);
    }
    assert_true(kept[1] < kept[0]);
}

static void only_the_most_frequent_words_are_kept(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "train", "--method=count", "--corpus", in_folder("small.txt"),
                         "--out", in_folder("two.safetensors"), "--min-count=1", "--max-vocab=2",
                         "--device=cpu", NULL),
                     0);
    wl_counts c = read_counts("two.safetensors");
    assert_int_equal(wl_vocabulary_size(c.words), 2);
    assert_int_equal(wl_vocabulary_find(c.words, "b", 1), -1);
    wl_counts_destroy(&c);
}

static void options_of_other_methods_are_refused(void **state)
{
    static const struct {
        const char *method, *option, *said;
    } cases[] = {
        { "--method=count", "--dim=8", "--dim: is not an option of --method count" },
        { "--method=ppmi", "--epochs=2", "--epochs: is not an option of --method ppmi" },
        { "--method=count", "--shift=2", "--shift: is not an option of --method count" },
        { "--method=count", "--resume", "--resume: is not an option of --method count" },
        { "--method=ppmi", "--dtype=f16", "--dtype: is not an option of --method ppmi" },
        { "--method=cbow", "--memory=9", "--memory: is not an option of --method cbow" },
        { "--method=skipgram", "--epsilon=0", "--epsilon: is not an option of --method skipgram" },
        { "--method=count", "--format=text", "--out: counts are written as safetensors alone" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(run("vectors", "train", "--corpus", in_folder("small.txt"), "--out",
                             in_folder("no.safetensors"), cases[i].method, cases[i].option, NULL),
                         2);
        assert_has("stderr", cases[i].said);
        assert_int_equal(access(in_folder("no.safetensors"), F_OK), -1);
    }
}

static void help_tells_which_options_are_for_which_method(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "train", "--help", NULL), 0);
    assert_has("stdout", "\nWith --method skipgram or cbow or svd:\n  --dim N ");
    assert_has("stdout", "\nWith --method count or ppmi or svd:\n  --distance-weights");
    assert_has("stdout", "\nWith --method ppmi or svd:\n  --context-power X ");
}

/* "sun" stands beside what "moon" stands beside. */
static void counted_rows_are_searched_and_evaluated(void **state)
{
    (void)state;
    write_corpus("corpus.txt", 400);
    write_text(in_folder("questions"), ": s\nsun moon star sky\nred blue green sun\n");
    write_text(in_folder("pairs"), "sun\tmoon\t9\nred\tblue\t8\nsun\tred\t1\n");
    assert_int_equal(run("vectors", "train", "--method=ppmi", "--corpus", in_folder("corpus.txt"),
                         "--out", in_folder("w.safetensors"), "--window=2", "--device=cpu",
                         "--quiet", NULL),
                     0);
    assert_int_equal(
        run("vectors", "similar", in_folder("w.safetensors"), "sun", "red", "--top=2", NULL), 0);
    assert_has("stdout", "sun\n   1  ");
    assert_has("stdout", "\n\nred\n   1  ");
    assert_int_equal(run("vectors", "similar", in_folder("w.safetensors"), "mooon", NULL), 1);
    assert_has("stderr", "\"mooon\"; close to it: moon");
    assert_int_equal(run("vectors", "analogy", "--top=1", "--method=multiply",
                         in_folder("w.safetensors"), "sun", "moon", "star", NULL),
                     0);
    assert_has("stdout", "sun : moon :: star : ?\n   1  ");
    assert_int_equal(run("vectors", "eval", in_folder("w.safetensors"), "--analogies",
                         in_folder("questions"), "--similarities", in_folder("pairs"), "--json",
                         "-", NULL),
                     0);
    assert_has("stdout", "\"answered\"");
    assert_int_equal(
        run("vectors", "convert", in_folder("w.safetensors"), in_folder("w.txt"), NULL), 3);
    assert_has("stderr", "expected \"word2vec\", found \"counts\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_written_with_their_configuration),
        cmocka_unit_test(ppmi_drops_what_is_by_chance),
        cmocka_unit_test(singular_vectors_are_those_of_any_format),
        cmocka_unit_test(phrases_become_words),
        cmocka_unit_test(only_the_most_frequent_words_are_kept),
        cmocka_unit_test(options_of_other_methods_are_refused),
        cmocka_unit_test(counted_rows_are_searched_and_evaluated),
        cmocka_unit_test(help_tells_which_options_are_for_which_method),
    };
    return cmocka_run_group_tests_name("cli_count", tests, setup, remove_folder);
}
