/* The program as its users see it: exit codes, messages, and where output goes. WORDLOOM_PROGRAM
 * is the path of the program. */
#include "data_files.h"

#include <wordloom/context.h>
#include <wordloom/nn/vectors.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 40 };

/* Runs in the background with stdin, stdout and stderr in files of the folder. */
static pid_t start(char **args)
{
    fflush(stdout); /* or the child would print it once more */
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) return child;
    const int in = open(in_folder("stdin"), O_RDONLY);
    const int out = open(in_folder("stdout"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    const int err = open(in_folder("stderr"), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(99);
    execv(WORDLOOM_PROGRAM, args);
    _exit(98);
}

static int wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* The exit code after the arguments, which end with a null. */
static int run(const char *first, ...)
{
    char *args[MOST] = { (char *)WORDLOOM_PROGRAM };
    int n = 1;
    va_list list;
    va_start(list, first);
    for (const char *a = first; a && n < MOST - 1; a = va_arg(list, const char *))
        args[n++] = (char *)a;
    va_end(list);
    return wait_for(start(args));
}

static void assert_has(const char *file, const char *part)
{
    size_t length;
    char *text = read_bytes(in_folder(file), &length);
    char *found = memmem(text, length, part, strlen(part));
    if (!found) print_error("%s has no \"%s\":\n%.*s\n", file, part, (int)length, text);
    free(text);
    assert_non_null(found);
}

static void assert_empty(const char *file)
{
    size_t length;
    char *text = read_bytes(in_folder(file), &length);
    if (length) print_error("%s has:\n%.*s\n", file, (int)length, text);
    free(text);
    assert_int_equal(length, 0);
}

/* Lines of words that stand with their like. */
static void write_corpus(const char *name, int lines)
{
    char *text = malloc((size_t)lines * 32), *to = text;
    for (int i = 0; i < lines; i++)
        to += sprintf(to, i % 2 ? "sun moon star sky sun star\n" : "red blue green red\n");
    write_text(in_folder(name), text);
    free(text);
}

static int setup(void **state)
{
    const int status = make_folder(state);
    write_text(in_folder("stdin"), "");
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
        { "--sample=-1", "--sample", "0 or more" },
        { "--dtype=f64", "--dtype", "one of f32|f16|bf16" },
        { "--optimizer=lbfgs", "--optimizer", "one of sgd|adagrad|adam" },
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
    assert_int_equal(
        run("vectors", "train", "--corpus", "c", "--out", "o.txt", "--method", "glove", NULL), 2);
    assert_has("stderr", "skipgram");
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
    size_t length, again_length;
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
    char *first = read_bytes(in_folder("file.txt"), &length);
    char *again = read_bytes(in_folder("stdin.vec"), &again_length);
    assert_int_equal(length, again_length);
    assert_memory_equal(first, again, length);
    free(first);
    free(again);
}

static void a_corpus_without_frequent_words_fails(void **state)
{
    (void)state;
    write_text(in_folder("rare.txt"), "one two three\n");
    assert_int_equal(run("vectors", "train", "--corpus", in_folder("rare.txt"), "--out",
                         in_folder("rare.vec"), NULL),
                     1);
    assert_has("stderr", "5 times");
    assert_int_equal(access(in_folder("rare.vec"), F_OK), -1);
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

static void an_interrupted_run_writes_what_it_learnt(void **state)
{
    (void)state;
    const int signals[] = { SIGINT, SIGTERM };
    for (int i = 0; i < 2; i++) {
        char *args[] = { (char *)WORDLOOM_PROGRAM,
                         "vectors",
                         "train",
                         "--corpus",
                         (char *)in_folder("corpus.txt"),
                         "--out",
                         (char *)in_folder("early.vec"),
                         "--epochs",
                         "100000",
                         "--dim",
                         "8",
                         "--device",
                         "cpu",
                         "--log",
                         (char *)in_folder("early.log"),
                         NULL };
        wl_vectors *vectors;
        wl_error error;
        remove(in_folder("early.vec"));
        remove(in_folder("early.log"));
        const pid_t child = start(args);
        wait_for_file(in_folder("early.log"));
        kill(child, signals[i]);
        assert_int_equal(wait_for(child), 130);
        assert_has("stderr", "interrupted");
        assert_has("early.log", "{\"event\":\"interrupted\"");
        assert_int_equal(wl_vectors_read(&vectors, in_folder("early.vec"), 0, &error), WL_OK);
        assert_int_equal(vectors->V, 7);
        wl_vectors_destroy(vectors);
    }
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
        cmocka_unit_test(training_writes_vectors_and_tells_on_stderr),
        cmocka_unit_test(a_corpus_from_stdin_trains_the_same),
        cmocka_unit_test(a_corpus_without_frequent_words_fails),
        cmocka_unit_test(vectors_are_the_same_in_every_format),
        cmocka_unit_test(what_cannot_be_converted_is_told),
        cmocka_unit_test(an_interrupted_run_writes_what_it_learnt),
    };
    return cmocka_run_group_tests_name("cli", tests, setup, remove_folder);
}
