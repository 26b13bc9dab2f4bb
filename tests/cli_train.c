/* wordloom vectors train as its users see it, and what becomes of a run that is stopped. */
#include "program_runs.h"

#include <wordloom/nn/vectors.h>

#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int setup(void **state)
{
    const int status = make_program_folder(state);
    write_corpus("corpus.txt", 400);
    return status;
}

/* ------------------------------------------------------------------ training */

static void training_writes_vectors_and_tells_on_stderr(void **state)
{
    (void)state;
    wl_vectors *vectors;
    wl_error error;
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("v.safetensors"), "--dim=16", "--epochs", "20", "--sample", "0",
                         "--batch", "16", "--device", "cpu", "--log", in_folder("log"), NULL),
                     0);
    assert_empty("stdout");
    assert_has("stderr", "k words/s");
    assert_has("stderr", "wrote ");
    assert_has("log", "{\"event\":\"epoch\"");
    assert_has("log", "{\"event\":\"done\"");
    assert_int_equal(wl_vectors_read(&vectors, in_folder("v.safetensors"), 0, &error), WL_OK);
    assert_int_equal(vectors->V, 7);
    assert_int_equal(vectors->D, 16);
    assert_non_null(vectors->output);
    wl_vectors_destroy(vectors);

    assert_int_equal(
        run("vectors", "similar", in_folder("v.safetensors"), "sun", "red", "--top=2", NULL), 0);
    assert_has("stdout", "sun\n   1  ");
    assert_has("stdout", "\n\nred\n   1  ");
    assert_empty("stderr");
    assert_int_equal(run("vectors", "similar", in_folder("v.safetensors"), "mooon", "red", NULL),
                     1);
    assert_has("stderr", "\"mooon\"; close to it: moon");
    assert_has("stdout", "red\n   1  ");
}

/* The same bytes from a file and from a pipe's end, whatever the number of threads. */
static void a_corpus_from_stdin_trains_the_same(void **state)
{
    (void)state;
    size_t length;
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("file.txt"), "--dim=8", "--threads=1", "--quiet", "--device=cpu",
                         NULL),
                     0);
    assert_empty("stderr");
    char *text = read_bytes(in_folder("corpus.txt"), &length);
    write_bytes(in_folder("stdin"), text, length);
    free(text);
    assert_int_equal(run("vectors", "train", "--corpus", "-", "--out", in_folder("stdin.vec"),
                         "--dim=8", "--threads=4", "--device=cpu", NULL),
                     0);
    write_text(in_folder("stdin"), "");
    assert_same("file.txt", "stdin.vec");
}

static void a_saved_vocabulary_trains_the_same(void **state)
{
    (void)state;
    write_text(in_folder("some.txt"), "b a b a\nc a b rare\nb a c c\n");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("some.txt"), "--out",
                         in_folder("counted.txt"), "--min-count=2", "--save-vocab",
                         in_folder("words"), "--sample=0", "--dim=8", "--device=cpu", NULL),
                     0);
    assert_has("words", "a 4\nb 4\nc 3\n");
    assert_has("stderr", "12 words, of them 11 in the vocabulary of 3");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("some.txt"), "--out",
                         in_folder("given.txt"), "--read-vocab", in_folder("words"), "--sample=0",
                         "--dim=8", "--device=cpu", NULL),
                     0);
    assert_same("counted.txt", "given.txt");
    write_text(in_folder("words"), "a 4\nb\n");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("some.txt"), "--out",
                         in_folder("given.txt"), "--read-vocab", in_folder("words"), NULL),
                     3);
    assert_has("stderr", "words: line 2");
}

/* One worker of hogwild is as reproducible as mini-batches. */
static void every_way_is_the_same_again(void **state)
{
    (void)state;
    static const char *const ways[][2] = { { "--method=cbow", "--context=corrected" },
                                           { "--negatives-per=pair", "--init-range=1" },
                                           { "--subword=2-3", "--buckets=50" },
                                           { "--hogwild", "--dtype=bf16" },
                                           { "--loss=hs", "--hogwild" },
                                           { "--loss=softmax", "--method=cbow" } };
    for (int i = 0; i < 6; i++) {
        const char *const names[] = { "one.txt", "two.txt" };
        for (int j = 0; j < 2; j++)
            assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                                 in_folder(names[j]), "--dim=8", "--threads=1", "--device=cpu",
                                 ways[i][0], ways[i][1], NULL),
                             0);
        assert_same("one.txt", "two.txt");
    }
}

/* A word that no line of the text has, but of whose n-grams some were learnt. */
static void n_grams_find_unknown_words(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("grams.safetensors"), "--dim=8", "--subword=1-3", "--buckets=99",
                         "--device=cpu", "--quiet", NULL),
                     0);
    assert_int_equal(run("vectors", "similar", "--top=2", in_folder("grams.safetensors"), "unseen",
                         "unseen-too", NULL),
                     0);
    assert_has("stdout", "unseen\n   1  ");
    assert_has("stdout", "\n\nunseen-too\n   1  ");
    assert_int_equal(run("vectors", "analogy", "--top=1", in_folder("grams.safetensors"), "unseen",
                         "unseen-too", "unseen-as-well", NULL),
                     0);
    assert_has("stdout", "unseen : unseen-too :: unseen-as-well : ?\n   1  ");
}

/* The text stays, and so does a checkpoint that the vectors would take the place of. */
static void one_file_for_two_things_is_usage(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("corpus.txt"), "--format=text", NULL),
                     2);
    assert_has("stderr", "--corpus and --out: expected two files");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("same.txt"), "--checkpoint", in_folder("same.txt"), NULL),
                     2);
    assert_has("stderr", "--out and --checkpoint: expected two files");
}

static void the_softmax_takes_what_it_can(void **state)
{
    (void)state;
    static const char *const others[] = { "--hogwild", "--subword=3-6" };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                             in_folder("never.txt"), "--loss=softmax", others[i], NULL),
                         2);
        assert_has("stderr", i ? "--loss softmax takes no --subword (see" : "takes no --hogwild");
    }
}

static void a_corpus_without_frequent_words_fails(void **state)
{
    (void)state;
    write_text(in_folder("rare.txt"), "one two three\n");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("rare.txt"), "--out",
                         in_folder("rare.vec"), NULL),
                     2);
    assert_has("stderr", "5 times");
    assert_int_equal(access(in_folder("rare.vec"), F_OK), -1);
}

static void wait_for_file(const char *path)
{
    const struct timespec pause = { 0, 20000000 };
    for (int i = 0; i < 3000; i++) {
        struct stat found;
        if (stat(path, &found) == 0 && found.st_size > 0) return;
        nanosleep(&pause, NULL);
    }
    fail_msg("%s did not appear", path);
}

/* A run of a second or so, in the background; the options end with a null. */
static pid_t start_run(const char *out, const char *every, const char *log)
{
    char *args[] = { (char *)WORDLOOM_PROGRAM,
                     "vectors",
                     "train",
                     "--corpus",
                     (char *)in_folder("corpus.txt"),
                     "--out",
                     (char *)in_folder(out),
                     "--checkpoint-every",
                     (char *)every,
                     "--resume",
                     "--epochs=300",
                     "--sample=0",
                     "--dim=32",
                     "--threads=2",
                     "--device=cpu",
                     "--log",
                     (char *)in_folder(log),
                     NULL };
    return start(args);
}

/* "whole.vec", from a run that nobody stops. */
static void run_whole(void)
{
    if (access(in_folder("whole.vec"), F_OK) == 0) return;
    assert_int_equal(wait_for(start_run("whole.vec", "0", "whole.log")), 0);
    assert_int_equal(access(in_folder("whole.vec.checkpoint"), F_OK), -1);
}

static void an_interrupted_run_goes_on_where_it_was(void **state)
{
    (void)state;
    const int signals[] = { SIGINT, SIGTERM };
    run_whole();
    for (int i = 0; i < 2; i++) {
        remove(in_folder("early.vec"));
        remove(in_folder("early.log"));
        const pid_t child = start_run("early.vec", "300", "early.log");
        wait_for_file(in_folder("early.log"));
        kill(child, signals[i]);
        assert_int_equal(wait_for(child), 130);
        assert_has("stderr", "no checkpoint");
        assert_has("stderr", "interrupted");
        assert_has("stderr", "--resume");
        assert_has("early.log", "{\"event\":\"interrupted\"");
        assert_int_equal(access(in_folder("early.vec"), F_OK), -1);
        assert_int_equal(access(in_folder("early.vec.checkpoint"), F_OK), 0);
        assert_int_equal(wait_for(start_run("early.vec", "300", "early.log")), 0);
        assert_has("stderr", "going on from");
        assert_same("early.vec", "whole.vec");
        assert_int_equal(access(in_folder("early.vec.checkpoint"), F_OK), -1);
    }
}

/* Killed at ten moments, of which some are in the midst of writing a checkpoint. */
static void a_killed_run_ends_with_the_same_bytes(void **state)
{
    (void)state;
    unsigned random = 1;
    int went_on = 0;
    run_whole();
    for (int i = 0; i < 10; i++) {
        const pid_t child = start_run("killed.vec", "0.001", "killed.log");
        random = random * 1664525 + 1013904223;
        const struct timespec pause = { 0, 30000000 + (long)(random >> 24) * 1000000 };
        nanosleep(&pause, NULL);
        kill(child, SIGKILL);
        wait_for(child);
        went_on += access(in_folder("killed.vec.checkpoint"), F_OK) == 0;
    }
    assert_true(went_on > 0);
    assert_int_equal(wait_for(start_run("killed.vec", "300", "killed.log")), 0);
    assert_same("killed.vec", "whole.vec");
    assert_int_equal(access(in_folder("killed.vec.checkpoint"), F_OK), -1);
}

static void a_checkpoint_that_is_none_is_exit_3(void **state)
{
    (void)state;
    write_text(in_folder("none"), "no checkpoint");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("o.txt"), "--checkpoint", in_folder("none"), "--resume",
                         "--device=cpu", NULL),
                     3);
    assert_has("stderr", "none: ");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("o.txt"), "--read-vocab", in_folder("missing"), "--device=cpu",
                         NULL),
                     3);
    assert_has("stderr", "missing: ");
    assert_int_equal(access(in_folder("o.txt"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_writes_vectors_and_tells_on_stderr),
        cmocka_unit_test(a_corpus_from_stdin_trains_the_same),
        cmocka_unit_test(a_saved_vocabulary_trains_the_same),
        cmocka_unit_test(every_way_is_the_same_again),
        cmocka_unit_test(n_grams_find_unknown_words),
        cmocka_unit_test(one_file_for_two_things_is_usage),
        cmocka_unit_test(the_softmax_takes_what_it_can),
        cmocka_unit_test(a_corpus_without_frequent_words_fails),
        cmocka_unit_test(an_interrupted_run_goes_on_where_it_was),
        cmocka_unit_test(a_killed_run_ends_with_the_same_bytes),
        cmocka_unit_test(a_checkpoint_that_is_none_is_exit_3),
    };
    return cmocka_run_group_tests_name("cli_train", tests, setup, remove_folder);
}
