/* wordloom lm as its users see it. */
#include "program_runs.h"

#include <sys/stat.h>
#include <unistd.h>

static int setup(void **state)
{
    const int status = make_program_folder(state);
    write_corpus("corpus.txt", 200);
    write_corpus("valid.txt", 60);
    write_text(in_folder("short.txt"), "a b c\n");
    write_text(in_folder("empty.txt"), "");
    return status;
}

static int train(const char *out, const char *corpus, const char *more, const char *value)
{
    return run("lm", "train", "--corpus", in_folder(corpus), "--out", in_folder(out), "--device",
               "cpu", "--hidden=8", "--embed=8", "--batch=4", "--time=5", "--epochs=2", "--lr=2",
               more, value, NULL);
}

static void a_model_is_trained_evaluated_and_writes(void **state)
{
    (void)state;
    assert_int_equal(train("m.safetensors", "corpus.txt", "--log", in_folder("log")), 0);
    assert_empty("stdout");
    assert_has("stderr", "parameters");
    assert_has("stderr", "epoch 2/2: perplexity");
    assert_has("log", "{\"event\":\"epoch\"");
    assert_has("log", "\"steps\":");
    assert_int_equal(
        run("lm", "eval", in_folder("m.safetensors"), in_folder("corpus.txt"), "--batch=2", NULL),
        0);
    assert_has("stdout", "perplexity ");
    assert_has("stdout", "bits a word ");
    assert_int_equal(run("lm", "generate", in_folder("m.safetensors"), "--prompt", "sun moon",
                         "--length=5", "--skip", "<eos>", NULL),
                     0);
    assert_has("stdout", "sun moon ");
}

/* A model that could not be written at a run's end is written by the run that goes on from it. */
static void a_model_that_was_not_written_is_not_lost(void **state)
{
    char checkpoint[256], out[300], folder[256];
    (void)state;
    snprintf(checkpoint, sizeof checkpoint, "%s", in_folder("kept"));
    snprintf(folder, sizeof folder, "%s", in_folder("away"));
    snprintf(out, sizeof out, "%s/m.safetensors", folder);
    char *args[] = {
        WORDLOOM_PROGRAM, "lm",        "train",    "--corpus",     (char *)in_folder("corpus.txt"),
        "--out",          out,         "--device", "cpu",          "--hidden=8",
        "--embed=8",      "--batch=4", "--time=5", "--epochs=400", "--checkpoint",
        checkpoint,       NULL
    };
    assert_int_equal(mkdir(folder, 0700), 0);
    const pid_t child = start(args);
    while (access(out, F_OK)) usleep(1000); /* until the first epoch's end */
    char gone[280];
    snprintf(gone, sizeof gone, "%s.gone", folder);
    assert_int_equal(rename(folder, gone), 0);
    assert_int_equal(wait_for(child), 3);
    assert_has("stderr", "--resume writes the file");
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(run("lm", "train", "--corpus", in_folder("corpus.txt"), "--out", out,
                         "--device", "cpu", "--hidden=8", "--embed=8", "--batch=4", "--time=5",
                         "--epochs=400", "--checkpoint", checkpoint, "--resume", NULL),
                     0);
    assert_int_equal(access(out, F_OK), 0);
    assert_int_not_equal(access(checkpoint, F_OK), 0);
    unlink(out), rmdir(folder);
    snprintf(out, sizeof out, "%s/m.safetensors", gone);
    unlink(out), rmdir(gone);
}

/* Width and height of a PNG of the folder. */
static void assert_png(const char *name, unsigned width, unsigned height)
{
    size_t length;
    unsigned char *b = (unsigned char *)read_bytes(in_folder(name), &length);
    assert_true(length > 5000 && length < 500000);
    assert_memory_equal(b, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    assert_int_equal((unsigned)b[18] << 8 | b[19], width);
    assert_int_equal((unsigned)b[22] << 8 | b[23], height);
    assert_memory_equal(b + length - 8, "IEND", 4);
    free(b);
}

static void a_run_draws_its_curves(void **state)
{
    (void)state;
    if (!WORDLOOM_DRAWS) skip();
    assert_int_equal(train("m.safetensors", "corpus.txt", "--plot", in_folder("m.png")), 0);
    assert_png("m.png", 1440, 900);
    assert_int_equal(train("m.safetensors", "corpus.txt", "--plot", in_folder("m.svg")), 0);
    assert_has("m.svg", "<desc>perplexity (per word) over training (epochs): training</desc>");
    assert_int_equal(train("m.safetensors", "corpus.txt", "--plot", in_folder("m.pdf")), 0);
    assert_has("m.pdf", "%PDF-1.");
    assert_has("m.pdf", "%%EOF");
    assert_int_equal(run("lm", "train", "--corpus", in_folder("corpus.txt"), "--valid",
                         in_folder("valid.txt"), "--out", in_folder("c.safetensors"), "--device",
                         "cpu", "--hidden=8", "--embed=8", "--epochs=2", "--level=char", "--plot",
                         in_folder("c.svg"), NULL),
                     0);
    assert_has("c.svg", "<desc>loss (bits per character) over training (epochs): training, "
                        "validation (best: ");
}

static void assert_refused(const char *plot, int code, const char *part)
{
    assert_int_equal(train("none", "corpus.txt", "--plot", plot), code);
    assert_has("stderr", part);
    assert_int_not_equal(access(in_folder("none"), F_OK), 0);
}

static void what_cannot_be_drawn_is_refused_before_training(void **state)
{
    (void)state;
    if (!WORDLOOM_DRAWS) {
        assert_refused("m.png", 2, "--plot: this program was built without cairo");
        return;
    }
    assert_refused("m.jpeg", 2,
                   "--plot: expected a name that ends with .png, .svg or .pdf, "
                   "found \"m.jpeg\"");
    assert_refused("png", 2, "expected a name that ends with");
    assert_refused(in_folder("no/m.png"), 3, "no/m.png");
    assert_int_equal(run("lm", "train", "--corpus", in_folder("corpus.txt"), "--out", "m.png",
                         "--plot", "m.png", NULL),
                     2);
    assert_has("stderr", "--plot and --out: expected two files");
}

/* A step of next to nothing leaves the numbers as they were. */
static void a_run_begins_with_a_model_that_was_written(void **state)
{
    (void)state;
    size_t length;
    assert_int_equal(train("one.safetensors", "corpus.txt", "--cell", "gru"), 0);
    assert_int_equal(
        run("lm", "eval", in_folder("one.safetensors"), in_folder("valid.txt"), "--batch=2", NULL),
        0);
    char *first = read_bytes(in_folder("stdout"), &length);
    assert_int_equal(run("lm", "train", "--init", in_folder("one.safetensors"), "--corpus",
                         in_folder("valid.txt"), "--out", in_folder("two.safetensors"), "--device",
                         "cpu", "--batch=2", "--time=5", "--epochs=1", "--lr=1e-30", NULL),
                     0);
    assert_int_equal(
        run("lm", "eval", in_folder("two.safetensors"), in_folder("valid.txt"), "--batch=2", NULL),
        0);
    assert_has("stdout", first);
    free(first);
    assert_int_equal(train("bad", "corpus.txt", "--init", in_folder("valid.txt")), 3);
    assert_has("stderr", "valid.txt");
    assert_int_equal(train("bad", "short.txt", "--init", in_folder("one.safetensors")), 2);
    assert_has("stderr", "\"a\" is not in the vocabulary");
    assert_int_equal(train("one.safetensors", "corpus.txt", "--init", in_folder("one.safetensors")),
                     2);
    assert_has("stderr", "--init and --out: expected two files");
    assert_int_not_equal(access(in_folder("bad"), F_OK), 0);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    assert_int_equal(train("bad", "empty.txt", NULL, NULL), 2);
    assert_has("stderr", "empty.txt: is empty");
    assert_int_equal(train("bad", "short.txt", NULL, NULL), 2);
    assert_has("stderr", "too short to train on");
    assert_int_equal(train("bad", "corpus.txt", "--tie", "--hidden=9"), 2);
    assert_has("stderr", "--tie: expected --embed and --hidden to be the same");
    assert_int_equal(train("bad", "corpus.txt", "--cell=gru", "--zoneout-c=0.1"), 2);
    assert_has("stderr", "--zoneout-c: expected --cell=lstm, which alone has cell states");
    assert_int_equal(train("bad", "corpus.txt", "--cell", "elman"), 2);
    assert_int_equal(run("lm", "eval", in_folder("corpus.txt"), in_folder("corpus.txt"), NULL), 3);
    assert_int_equal(train("m.safetensors", "corpus.txt", NULL, NULL), 0);
    assert_int_equal(run("lm", "eval", in_folder("m.safetensors"), in_folder("short.txt"), NULL),
                     2);
    assert_has("stderr", "\"a\" is not in the vocabulary");
    assert_int_equal(run("lm", "generate", in_folder("m.safetensors"), "--prompt", "what", NULL),
                     2);
    assert_has("stderr", "--prompt: line 1: \"what\" is not in the vocabulary");
    assert_int_equal(run("lm", "generate", NULL), 2);
    assert_int_not_equal(access(in_folder("bad"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_trained_evaluated_and_writes),
        cmocka_unit_test(a_model_that_was_not_written_is_not_lost),
        cmocka_unit_test(a_run_draws_its_curves),
        cmocka_unit_test(what_cannot_be_drawn_is_refused_before_training),
        cmocka_unit_test(a_run_begins_with_a_model_that_was_written),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests_name("cli_lm", tests, setup, remove_folder);
}
