/* wordloom seq2seq as its users see it. */
#include "program_runs.h"

#include <signal.h>
#include <unistd.h>

/* Paths of the pairs, and of models that learned from them. */
static char pairs[300], yes[300];

/* Whatever the source, the target is "yes": what a model learns in a moment, on any machine. */
static void write_pairs(void)
{
    char text[2000], *to = text;
    for (int i = 10; i < 90; i++) to += sprintf(to, "%d\tyes\n", i);
    snprintf(pairs, sizeof pairs, "%s", in_folder("pairs.tsv"));
    snprintf(yes, sizeof yes, "%s", in_folder("yes"));
    write_text(pairs, text);
}

static void train_yes(const char *out, const char *model)
{
    assert_int_equal(run("seq2seq", "train", "--pairs", pairs, "--out", in_folder(out),
                         "--device=cpu", "--hidden=16", "--batch=10", "--epochs=20", "--lr=0.03",
                         "--held-out=0", "--quiet", "--model", model, NULL),
                     0);
    assert_empty("stderr");
}

static int setup(void **state)
{
    const int status = make_program_folder(state);
    setenv("LC_ALL", "C", 1); /* signs in ASCII */
    write_pairs();
    train_yes("yes", "attention");
    train_yes("plain", "plain");
    return status;
}

/* A quick run on a task's examples, with more options; null: none. */
static int train(const char *out, const char *task, const char *more, const char *value)
{
    return run("seq2seq", "train", "--task", task, "--examples=300", "--out", in_folder(out),
               "--device=cpu", "--hidden=16", "--batch=20", "--epochs=2", more, value, NULL);
}

static int translate(const char *lines, size_t length, const char *more)
{
    write_bytes(in_folder("stdin"), lines, length);
    const int code = run("seq2seq", "translate", yes, "--device=cpu", "--batch=2", more, NULL);
    write_text(in_folder("stdin"), "");
    return code;
}

static void assert_is(const char *file, const char *text)
{
    size_t length;
    char *found = read_bytes(in_folder(file), &length);
    assert_int_equal(length, strlen(text));
    assert_memory_equal(found, text, length);
    free(found);
}

/* ------------------------------------------------------------------ training */

static void a_run_tells_its_sizes_and_its_epochs(void **state)
{
    (void)state;
    assert_int_equal(train("m", "copy", "--log", in_folder("log")), 0);
    assert_empty("stdout");
    assert_has("stderr", "270 pairs of 1772 and 1772 tokens\n30 pairs for validation\n"
                         "vocabularies of 11 and 13, 4829 parameters\n");
    assert_has("stderr", "epoch 2/2: loss ");
    assert_has("stderr", ", validation loss ");
    assert_has("stderr", ", exact ");
    assert_has("log", "{\"event\":\"epoch\"");
    assert_has("log", "\"validation\":2.");
    assert_has("log", "\"accuracy\":0.");
    assert_has("log", "{\"event\":\"done\"");
    assert_int_equal(train("m", "copy", "--shared", "--translated=0"), 0);
    assert_has("stderr", "a vocabulary of 13, ");
    assert_int_equal(train("m", "copy", "--held-out=0", NULL), 0);
    assert_has("stderr", "tokens\nvocabularies of ");
    assert_int_equal(train("m", "copy", "--valid", pairs), 0);
    assert_has("stderr", "300 pairs of 1951 and 1951 tokens\n80 pairs for validation\n");
}

/* What is printed as examples, read again, is what a run makes itself. */
static void printed_examples_train_the_same(void **state)
{
    (void)state;
    size_t length;
    assert_int_equal(train("made", "sort", NULL, NULL), 0);
    assert_int_equal(run("seq2seq", "examples", "--task=sort", "--examples=300", NULL), 0);
    assert_empty("stderr");
    char *all = read_bytes(in_folder("stdout"), &length);
    write_bytes(in_folder("stdin"), all, length);
    assert_int_equal(run("seq2seq", "train", "--pairs=-", "--out", in_folder("read"),
                         "--device=cpu", "--hidden=16", "--batch=20", "--epochs=2", NULL),
                     0);
    write_text(in_folder("stdin"), "");
    assert_same("made", "read");
    assert_int_equal(run("seq2seq", "examples", "--task=sort", "--examples=299", NULL), 0);
    char *fewer = read_bytes(in_folder("stdout"), &length);
    assert_memory_equal(all, fewer, length);
    assert_int_equal(run("seq2seq", "examples", "--task=sort", "--examples=299", "--seed=2", NULL),
                     0);
    char *others = read_bytes(in_folder("stdout"), &length);
    assert_string_not_equal(fewer, others);
    free(others), free(fewer), free(all);
}

/* The options end with a null. */
static pid_t start_run(const char *out, const char *resume)
{
    char *args[] = { (char *)WORDLOOM_PROGRAM,
                     "seq2seq",
                     "train",
                     "--task=reverse",
                     "--examples=300",
                     "--hidden=16",
                     "--batch=10",
                     "--epochs=80",
                     "--lr=0.1", /* few epochs are the best: a model is written but now and then */
                     "--dropout=0.1",
                     "--model=peeky",
                     "--device=cpu",
                     "--out",
                     (char *)in_folder(out),
                     (char *)resume,
                     NULL };
    return start(args);
}

static void an_interrupted_run_goes_on_where_it_was(void **state)
{
    (void)state;
    const pid_t child = start_run("early", NULL);
    while (access(in_folder("early"), F_OK)) usleep(1000); /* until the first epoch's end */
    kill(child, SIGINT);
    assert_int_equal(wait_for(child), 130);
    assert_has("stderr", "interrupted: ");
    assert_int_equal(access(in_folder("early.checkpoint"), F_OK), 0);
    assert_int_equal(wait_for(start_run("early", "--resume")), 0);
    assert_has("stderr", "going on from");
    assert_int_equal(wait_for(start_run("whole", NULL)), 0);
    assert_same("early", "whole");
    assert_int_not_equal(access(in_folder("early.checkpoint"), F_OK), 0);
}

static void a_run_begins_with_a_model_that_was_written(void **state)
{
    (void)state;
    size_t length;
    assert_int_equal(run("seq2seq", "eval", yes, pairs, "--device=cpu", NULL), 0);
    char *first = read_bytes(in_folder("stdout"), &length);
    assert_int_equal(run("seq2seq", "train", "--init", yes, "--pairs", pairs, "--out",
                         in_folder("again"), "--epochs=1", "--lr=1e-30", "--device=cpu", NULL),
                     0);
    assert_has("stderr", "72 pairs of ");
    assert_int_equal(run("seq2seq", "eval", in_folder("again"), pairs, "--device=cpu", NULL), 0);
    assert_has("stdout", first);
    free(first);
    assert_int_equal(train("bad", "copy", "--init", pairs), 3);
    assert_has("stderr", "pairs.tsv");
    assert_int_equal(access(in_folder("bad"), F_OK), -1);
}

static void a_run_draws_its_curves(void **state)
{
    (void)state;
    if (!WORDLOOM_DRAWS) skip();
    assert_int_equal(train("m", "copy", "--plot", in_folder("m.svg")), 0);
    assert_has("m.svg", "<desc>loss (nats per token) over training (epochs): training, "
                        "validation (best: ");
    assert_has("m.svg", "; exact (% of validation) over training (epochs): exact (best: ");
    assert_int_equal(run("seq2seq", "train", "--pairs", pairs, "--out", in_folder("m"),
                         "--epochs=1", "--hidden=4", "--device=cpu", "--held-out=0", "--plot",
                         in_folder("m.svg"), NULL),
                     0);
    assert_has("m.svg", "<desc>loss (nats per token) over training (epochs): training</desc>");
}

/* ------------------------------------------------------------------ evaluation */

static void evaluation_shows_what_is_right_and_what_is_wrong(void **state)
{
    (void)state;
    write_text(in_folder("some.tsv"), "12\tyes\n\xe6\x97\xa5\xe6\x9c\xac\tyes\n34\tno\n"
                                      "5\x1b[1m\tyes\n66\tyes!\n");
    assert_int_equal(run("seq2seq", "eval", yes, in_folder("some.tsv"), "--device=cpu", NULL), 0);
    assert_empty("stderr");
    assert_has("stdout", "pairs 5, tokens 20\nloss ");
    assert_has("stdout", "\nexact 3, 60.00 %\n\n"
                         "       source  expected  found\n"
                         "right  12      yes       yes\n"
                         "right  \xe6\x97\xa5\xe6\x9c\xac    yes       yes\n"
                         "right  5?[1m   yes       yes\n"
                         "wrong  34      no        yes\n"
                         "wrong  66      yes!      yes\n");
    assert_int_equal(run("seq2seq", "eval", yes, in_folder("some.tsv"), "--show=1", "--chrf",
                         "--beam=2", "--device=cpu", NULL),
                     0);
    assert_has("stdout", "\nexact 3, 60.00 %\nchrF ");
    assert_has("stdout", "found\nright  12      yes       yes\nwrong  34      no        yes\n");
    assert_int_equal(run("seq2seq", "eval", yes, in_folder("some.tsv"), "--show=0", "--most=2",
                         "--device=cpu", NULL),
                     0);
    assert_has("stdout", "exact 0, 0.00 %\n");
}

static void long_cells_are_cut(void **state)
{
    (void)state;
    char line[600], cut[200];
    snprintf(line, sizeof line, "%0*d\tyes\n", 500, 1);
    write_text(in_folder("long.tsv"), line);
    assert_int_equal(
        run("seq2seq", "eval", yes, in_folder("long.tsv"), "--most=3", "--device=cpu", NULL), 0);
    const int room = 132 - 7 - 4 - 8 - 5; /* but for the mark, gaps, and what the others take */
    snprintf(cut, sizeof cut, "wrong  %0*d~  yes       yes\n", room - 1, 0);
    assert_has("stdout", cut);
}

static void examples_of_a_task_are_others_than_those_trained_on(void **state)
{
    (void)state;
    assert_int_equal(
        run("seq2seq", "eval", yes, "--task=copy", "--examples=20", "--device=cpu", NULL), 0);
    assert_empty("stderr");
    assert_has("stdout", "pairs 20, ");
    assert_int_equal(run("seq2seq", "eval", yes, "--task=copy", "--examples=20", "--seed=1",
                         "--device=cpu", NULL),
                     0);
    assert_has("stderr", "the model's run had --seed 1 too");
}

static void models_of_words_are_told_by_chrf(void **state)
{
    (void)state;
    write_text(in_folder("words.tsv"), "uno dos\tone two\ndos uno\ttwo one\nuno\tone\ndos\ttwo\n");
    assert_int_equal(run("seq2seq", "train", "--pairs", in_folder("words.tsv"), "--out",
                         in_folder("words"), "--level=word", "--hidden=8", "--epochs=1",
                         "--held-out=0.25", "--device=cpu", NULL),
                     0);
    assert_has("stderr", "3 pairs of ");
    assert_int_equal(
        run("seq2seq", "eval", in_folder("words"), in_folder("words.tsv"), "--device=cpu", NULL),
        0);
    assert_has("stdout", "\nchrF ");
}

/* ------------------------------------------------------------------ translation */

static void lines_are_translated_in_order(void **state)
{
    (void)state;
    static const char lines[] = "\xef\xbb\xbf"
                                "12\n\n34\r\nx5y\n\n1234567890123456789012345678901234567890\n6";
    assert_int_equal(translate(lines, sizeof lines - 1, NULL), 0);
    assert_is("stdout", "yes\n\nyes\nyes\n\nyes\nyes\n");
    assert_is("stderr", "wordloom: 2 tokens were unknown to the model, the first in line 4\n");
    assert_int_equal(translate("12\n\n", 4, "--scores"), 0);
    assert_has("stdout", "-0.");
    assert_has("stdout", "\tyes\n\n");
    assert_empty("stderr");
    assert_int_equal(translate("x\n", 2, "--quiet"), 0);
    assert_empty("stderr");
    assert_int_equal(translate("12\n3", 4, "--most=1"), 0);
    assert_is("stdout", "y\ny\n");
    assert_int_equal(translate("12\n3", 4, "--beam=3"), 0);
    assert_is("stdout", "yes\nyes\n");
    assert_int_equal(translate("", 0, NULL), 0);
    assert_empty("stdout");
}

/* What came before is translated. */
static void lines_that_are_no_text_are_named(void **state)
{
    (void)state;
    assert_int_equal(translate("12\n34\n5\n6\xff\n7\n", 12, NULL), 3);
    assert_is("stdout", "yes\nyes\nyes\n");
    assert_has("stderr", "standard input: line 4: byte 1: expected UTF-8");
    assert_int_equal(translate("12\n3\0004\n", 8, NULL), 3);
    assert_is("stdout", "yes\n");
    assert_has("stderr", "standard input: line 2: byte 1: expected text, found a NUL");
}

/* ------------------------------------------------------------------ attention */

static void attention_is_shown_and_drawn(void **state)
{
    (void)state;
    assert_int_equal(run("seq2seq", "attention", yes, "12", "345", "--device=cpu", NULL), 0);
    assert_has("stdout", "12 -> yes\n      1 2 \ny    |");
    assert_has("stdout", "\n\n345 -> yes\n      3 4 5 \ny    |");
    assert_has("stdout", "\n</s> |");
    assert_empty("stderr");
    assert_int_equal(run("seq2seq", "attention", yes, "1x2", "--target=sy", "--device=cpu", NULL),
                     0);
    assert_has("stdout", "1x2 -> sy\n");
    assert_has("stderr", "SOURCE 1: 1 token is unknown to the model");
    if (!WORDLOOM_DRAWS) skip();
    assert_int_equal(run("seq2seq", "attention", yes, "12", "34", "--out", in_folder("maps.svg"),
                         "--device=cpu", NULL),
                     0);
    assert_has("maps.svg", "target: y e s &lt;/s>, over source: 1 2");
    assert_has("maps.svg", "over source: 3 4");
}

static void what_has_no_attention_is_refused(void **state)
{
    (void)state;
    assert_int_equal(run("seq2seq", "attention", in_folder("plain"), "12", NULL), 2);
    assert_has("stderr", "plain: expected a model with attention");
    assert_int_equal(run("seq2seq", "attention", yes, "12", "", "--device=cpu", NULL), 2);
    assert_has("stderr", "SOURCE 2: expected text, found no token");
    assert_int_equal(run("seq2seq", "attention", yes, "1\xff", "--device=cpu", NULL), 2);
    assert_has("stderr", "SOURCE 1: byte 1: expected UTF-8");
    assert_int_equal(run("seq2seq", "attention", yes, "1", "2", "--target=x", NULL), 2);
    assert_has("stderr", "one SOURCE with --target");
    assert_int_equal(run("seq2seq", "attention", yes, NULL), 2);
    assert_int_equal(run("seq2seq", "attention", yes, "12", "--out=map.gif", NULL), 2);
    assert_has("stderr", "--out: ");
}

/* ------------------------------------------------------------------ mistakes */

static void assert_refused(int code, const char *part, const char *one, const char *two,
                           const char *three)
{
    assert_int_equal(
        run("seq2seq", "train", "--out", in_folder("bad"), "--device=cpu", one, two, three, NULL),
        code);
    assert_has("stderr", part);
    assert_int_not_equal(access(in_folder("bad"), F_OK), 0);
}

static void mistakes_in_training_are_named(void **state)
{
    char all[320], lines[320], one[320];
    (void)state;
    snprintf(all, sizeof all, "--pairs=%s", pairs);
    snprintf(lines, sizeof lines, "--pairs=%s", in_folder("lines"));
    snprintf(one, sizeof one, "--pairs=%s", in_folder("one"));
    write_text(in_folder("lines"), "a\tb\nno tab\n");
    write_text(in_folder("one"), "a_b\n");
    assert_refused(2, "--task or --pairs is missing", NULL, NULL, NULL);
    assert_refused(2, "--task and --pairs: expected one of them", "--task=copy", all, NULL);
    assert_refused(2, "expected one of addition|date|copy|reverse|sort", "--task=cpy", NULL, NULL);
    assert_refused(2, "--examples: expected --task with it", all, "--examples=3", NULL);
    assert_refused(2, "--held-out and --valid: expected one of them", all, "--held-out=0.2",
                   "--valid=v");
    assert_refused(2, "--score: expected --model=attention", all, "--score=general", NULL);
    assert_refused(2, "--bidirectional: expected --hidden to be even", all, "--bidirectional",
                   "--hidden=9");
    assert_refused(2, "--tie: expected --embed to be --hidden", all, "--tie", "--embed=9");
    assert_refused(2, "--tie: expected --embed to be twice --hidden", all, "--tie",
                   "--model=peeky");
    assert_refused(2, "2 pairs or more", one, NULL, NULL);
    assert_refused(3, "lines: line 2: expected a tab", lines, NULL, NULL);
    assert_refused(3, "missing: ", "--pairs=missing", NULL, NULL);
    assert_refused(3, "missing: ", all, "--valid=missing", NULL);
}

static void other_mistakes_are_named(void **state)
{
    (void)state;
    assert_int_equal(run("seq2seq", "eval", pairs, "--task=copy", NULL), 3);
    assert_has("stderr", "pairs.tsv");
    assert_int_equal(run("seq2seq", "eval", yes, in_folder("none"), "--device=cpu", NULL), 3);
    assert_int_equal(run("seq2seq", "eval", yes, NULL), 2);
    assert_has("stderr", "expected MODEL, and either FILE or --task");
    assert_int_equal(run("seq2seq", "eval", yes, pairs, "--task=copy", NULL), 2);
    assert_int_equal(run("seq2seq", "eval", NULL), 2);
    assert_int_equal(run("seq2seq", "translate", NULL), 2);
    assert_has("stderr", "expected MODEL");
    assert_int_equal(run("seq2seq", "translate", pairs, NULL), 3);
    assert_int_equal(run("seq2seq", "translate", yes, "--beam=65", NULL), 2);
    assert_has("stderr", "--beam: expected an integer from 1 to 64");
    assert_int_equal(run("seq2seq", "examples", NULL), 2);
    assert_has("stderr", "--task is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_tells_its_sizes_and_its_epochs),
        cmocka_unit_test(printed_examples_train_the_same),
        cmocka_unit_test(an_interrupted_run_goes_on_where_it_was),
        cmocka_unit_test(a_run_begins_with_a_model_that_was_written),
        cmocka_unit_test(a_run_draws_its_curves),
        cmocka_unit_test(evaluation_shows_what_is_right_and_what_is_wrong),
        cmocka_unit_test(long_cells_are_cut),
        cmocka_unit_test(examples_of_a_task_are_others_than_those_trained_on),
        cmocka_unit_test(models_of_words_are_told_by_chrf),
        cmocka_unit_test(lines_are_translated_in_order),
        cmocka_unit_test(lines_that_are_no_text_are_named),
        cmocka_unit_test(attention_is_shown_and_drawn),
        cmocka_unit_test(what_has_no_attention_is_refused),
        cmocka_unit_test(mistakes_in_training_are_named),
        cmocka_unit_test(other_mistakes_are_named),
    };
    return cmocka_run_group_tests_name("cli_seq2seq", tests, setup, remove_folder);
}
