/* The program as its users see it: exit codes, messages, and where output goes. */
#include "program_runs.h"

#include <wordloom/context.h>

#include <unistd.h>

static int setup(void **state)
{
    const int status = make_program_folder(state);
    write_corpus("corpus.txt", 400);
    return status;
}

/* ------------------------------------------------------------------ usage */

static void help_and_version_go_to_stdout(void **state)
{
    (void)state;
    assert_int_equal(run("--help", NULL), 0);
    assert_has("stdout", "vectors train");
    assert_has("stdout", "Exit codes");
    assert_empty("stderr");
    assert_int_equal(run("--version", NULL), 0);
    assert_has("stdout", "wordloom ");
    assert_int_equal(run("vectors", "--help", NULL), 0);
    assert_has("stdout", "vectors similar");
    assert_int_equal(run("vectors", "train", "--help", NULL), 0);
    assert_has("stdout", "--min-count N");
    assert_has("stdout", "[0.025]");
    assert_has("stdout", "--device auto|cuda|cpu");
    assert_has("stdout", "same vectors, to the bit");
    assert_empty("stderr");
}

static void a_wrong_command_is_usage(void **state)
{
    (void)state;
    assert_int_equal(run(NULL), 2);
    assert_int_equal(run("vectros", "train", NULL), 2);
    assert_has("stderr", "nearest is vectors");
    assert_int_equal(run("vectors", NULL), 2);
    assert_int_equal(run("vectors", "trian", NULL), 2);
    assert_has("stderr", "nearest is train");
    assert_empty("stdout");
}

static void a_wrong_option_names_itself_and_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(run("vectors", "train", "--epohcs", "3", NULL), 2);
    assert_has("stderr", "--epohcs");
    assert_has("stderr", "nearest is --epochs");
    assert_int_equal(run("vectors", "train", "--epoch", "3", NULL), 2); /* an abbreviation */
    assert_has("stderr", "nearest is --epochs");
    assert_int_equal(run("vectors", "train", "-window=3", NULL), 2);
    assert_has("stderr", "nearest is --window");
    assert_empty("stdout");
}

static void a_wrong_value_names_its_option_and_what_it_takes(void **state)
{
    (void)state;
    static const struct {
        const char *argument, *name, *expected;
    } cases[] = {
        { "--dim=ten", "--dim", "an integer from 1 to 65536" },
        { "--dim=0", "--dim", "an integer from 1 to 65536" },
        { "--dim=", "--dim", "an integer" },
        { "--dim=12x", "--dim", "\"12x\"" },
        { "--window=99999999999999999999", "--window", "an integer" },
        { "--lr=nan", "--lr", "a number" },
        { "--min-lr-fraction=2", "--min-lr-fraction", "a number from 0 to 1" },
        { "--sample=-1", "--sample", "0 or more" },
        { "--dtype=f64", "--dtype", "one of f32|f16|bf16" },
        { "--method=glove", "--method", "one of skipgram|cbow" },
        { "--context=last", "--context", "one of mean|corrected|sum" },
        { "--subword=6-3", "--subword", "MIN-MAX such as 3-6" },
        { "--subword=3", "--subword", "\"3\"" },
        { "--subword=3-6x", "--subword", "\"3-6x\"" },
        { "--buckets=0", "--buckets", "an integer from 1" },
        { "--checkpoint-every=-1", "--checkpoint-every", "a number" },
        { "--quiet=yes", "--quiet", "takes no value" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            run("vectors", "train", "--corpus", "c", "--out", "o.txt", cases[i].argument, NULL), 2);
        assert_has("stderr", cases[i].name);
        assert_has("stderr", cases[i].expected);
    }
    assert_int_equal(run("vectors", "train", "--corpus", NULL), 2);
    assert_has("stderr", "a value is missing");
    assert_int_equal(run("vectors", "train", "--out", "o.txt", NULL), 2);
    assert_has("stderr", "--corpus is missing");
    assert_int_equal(run("vectors", "train", "--corpus", "c", "--out", "o.dat", NULL), 2);
    assert_has("stderr", "--format");
    assert_int_equal(run("vectors", "train", "extra", NULL), 2);
    assert_int_equal(run("vectors", "similar", "only.txt", NULL), 2);
}

static void a_bad_file_is_exit_3(void **state)
{
    (void)state;
    write_bytes(in_folder("bad.txt"), "fine words\nand \xff bad\n", 22);
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("missing"), "--out",
                         in_folder("o.txt"), NULL),
                     3);
    assert_has("stderr", "missing");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("bad.txt"), "--out",
                         in_folder("o.txt"), NULL),
                     3);
    assert_has("stderr", "line 2");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("no/such/o.txt"), NULL),
                     3);
    assert_has("stderr", "no/such/o.txt");
    assert_int_equal(run("vectors", "similar", in_folder("bad.txt"), "words", NULL), 3);
    assert_has("stderr", "bad.txt");
    assert_int_equal(access(in_folder("o.txt"), F_OK), -1);
}

static void no_such_device_is_exit_4(void **state)
{
    (void)state;
    if (wl_device_count(WL_CUDA) > 0) {
        print_message("skipped: there is a CUDA device\n");
        skip();
    }
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("corpus.txt"), "--out",
                         in_folder("o.txt"), "--device", "cuda", NULL),
                     4);
    assert_has("stderr", "no CUDA device");
}

static void devices_lists_the_cpu(void **state)
{
    (void)state;
    assert_int_equal(run("devices", NULL), 0);
    assert_has("stdout", "threads");
    if (wl_device_count(WL_CUDA) == 0) assert_has("stdout", "none: ");
    assert_empty("stderr");
}

/* ------------------------------------------------------------------ converting */

/* From one format to the next and back to the first, whose bytes are then the same. */
static void vectors_are_the_same_in_every_format(void **state)
{
    (void)state;
    static const char *const names[] = { "c.vec", "c.bin", "c.npy", "c.glove", "c.safetensors" };
    enum { NAMES = sizeof names / sizeof *names };
    write_text(in_folder("first.txt"),
               "2 3\na 1 -0 1.40129846e-45\n\xc3\xa9 3.40282347e+38 0.100000001 7\n");
    const char *last = "first.txt";
    for (int i = 0; i < NAMES; last = names[i++]) {
        assert_int_equal(run("vectors", "convert", in_folder(last), in_folder(names[i]), NULL), 0);
        assert_empty("stdout");
        assert_has("stderr", ": 2 words, 3 numbers each\n");
    }
    assert_int_equal(run("vectors", "convert", in_folder(last), in_folder("last"), "--format",
                         "binary-gensim", NULL),
                     0);
    assert_int_equal(run("vectors", "convert", "--quiet", "--from=binary", in_folder("last"),
                         in_folder("last"), "--format=text", NULL),
                     0);
    assert_empty("stderr");
    size_t n, m;
    char *first = read_bytes(in_folder("first.txt"), &n),
         *again = read_bytes(in_folder("last"), &m);
    assert_int_equal(n, m);
    assert_memory_equal(first, again, n);
    free(first);
    free(again);
}

static void what_cannot_be_converted_is_told(void **state)
{
    (void)state;
    char in[256];
    snprintf(in, sizeof in, "%s", in_folder("first.txt"));
    write_text(in_folder("cut.bin"), "2 3\na 1 2 3\n");
    assert_int_equal(run("vectors", "convert", in_folder("cut.bin"), in_folder("o.txt"), NULL), 3);
    assert_has("stderr", "cut.bin: line 3: expected 2 words");
    assert_int_equal(access(in_folder("o.txt"), F_OK), -1);
    assert_int_equal(run("vectors", "convert", in_folder("missing"), in_folder("o.txt"), NULL), 3);
    assert_int_equal(run("vectors", "convert", in, in_folder("no/such/o.txt"), NULL), 3);
    assert_int_equal(run("vectors", "convert", in, in_folder("o.dat"), NULL), 2);
    assert_has("stderr", "--format names one");
    assert_int_equal(run("vectors", "convert", in, "-", NULL), 2);
    assert_has("stderr", "/dev/stdout");
    assert_int_equal(run("vectors", "convert", in, NULL), 2);
    assert_has("stderr", "expected IN and OUT");
    assert_int_equal(run("vectors", "convert", in, in, "--format=fasttext", NULL), 2);
    assert_int_equal(run("vectors", "convert", in, "/dev/stdout", "--format=glove", NULL), 0);
    assert_has("stdout", "a 1 -0 1.40129846e-45\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_version_go_to_stdout),
        cmocka_unit_test(a_wrong_command_is_usage),
        cmocka_unit_test(a_wrong_option_names_itself_and_the_nearest),
        cmocka_unit_test(a_wrong_value_names_its_option_and_what_it_takes),
        cmocka_unit_test(a_bad_file_is_exit_3),
        cmocka_unit_test(no_such_device_is_exit_4),
        cmocka_unit_test(devices_lists_the_cpu),
        cmocka_unit_test(vectors_are_the_same_in_every_format),
        cmocka_unit_test(what_cannot_be_converted_is_told),
    };
    return cmocka_run_group_tests_name("cli", tests, setup, remove_folder);
}
