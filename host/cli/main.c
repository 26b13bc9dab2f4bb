/* The program `wordloom NOUN VERB [options]`: finds the subcommand and runs it. */
#include "program.h"
#include "spelling.h"

#include <wordloom/context.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A verb of null: the noun is the whole command. */
static const struct entry {
    const char *noun, *verb, *summary;
    int (*run)(int count, char **args);
} entries[] = {
    { "devices", NULL, "list what can compute here", run_devices },
    { "classify", "train", "learn to tell classes of points", run_classify_train },
    { "classify", "eval", "how many points are told right", run_classify_eval },
    { "thesaurus", "similarity", "how alike two words are by WordNet", run_thesaurus_similarity },
    { "thesaurus", NULL, "what words mean, by WordNet", run_thesaurus },
    { "vectors", "train", "learn word vectors from a text", run_vectors_train },
    { "vectors", "phrases", "join words that go together, before training", run_vectors_phrases },
    { "vectors", "convert", "word vectors in another file format", run_vectors_convert },
    { "vectors", "similar", "the nearest words of a word", run_vectors_similar },
    { "vectors", "analogy", "the word that is to one as two others", run_vectors_analogy },
    { "vectors", "eval", "answer questions, compare with people", run_vectors_eval },
    { "lm", "train", "learn a language model from a text", run_lm_train },
    { "lm", "eval", "the perplexity of a text", run_lm_eval },
    { "lm", "generate", "text drawn by a language model", run_lm_generate },
    { "seq2seq", "train", "learn to translate from pairs", run_seq2seq_train },
    { "seq2seq", "eval", "how many translations are exact", run_seq2seq_eval },
    { "seq2seq", "translate", "standard input, line by line", run_seq2seq_translate },
    { "seq2seq", "attention", "what a translation looks at, as a map", run_seq2seq_map },
    { "seq2seq", "examples", "the pairs of a task", run_seq2seq_examples },
};
enum { ENTRIES = sizeof entries / sizeof *entries };

void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("wordloom: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}

int fail(wl_status status, const wl_error *error)
{
    say("%s", error->text);
    switch (status) {
    case WL_IO_ERROR:
    case WL_BAD_FILE: return EXIT_BAD_FILE;
    case WL_OUT_OF_RANGE: return EXIT_USAGE; /* what was asked for does not go together */
    case WL_UNSUPPORTED: return EXIT_NO_DEVICE;
    case WL_INTERRUPTED: return EXIT_INTERRUPTED;
    default: return EXIT_FAILED;
    }
}

/* The commands of one noun, or of all. */
static void print_commands(FILE *to, const char *noun)
{
    for (int i = 0; i < ENTRIES; i++) {
        char name[64];
        const struct entry *e = &entries[i];
        if (noun && strcmp(noun, e->noun)) continue;
        snprintf(name, sizeof name, "%s%s%s", e->noun, e->verb ? " " : "", e->verb ? e->verb : "");
        fprintf(to, "  wordloom %-18s %s\n", name, e->summary);
    }
}

static void print_help(FILE *to)
{
    fputs("Usage: wordloom COMMAND [options]\n\n"
          "Word vectors, language models and translation on the GPU or the CPU.\n\nCommands:\n",
          to);
    print_commands(to, NULL);
    fputs("\n  wordloom COMMAND --help    its options\n"
          "  wordloom --version\n\n"
          "Exit codes: 0 done, 1 the run failed, 2 usage, 3 bad file, 4 no such device,\n"
          "130 interrupted. Results go to stdout, everything else to stderr.\n",
          to);
}

static void print_version(void)
{
    const int version = wl_version();
    printf("wordloom %d.%d.%d\n", version / 10000, version / 100 % 100, version % 100);
}

static int is_help(const char *argument)
{
    return !strcmp(argument, "--help") || !strcmp(argument, "-h") || !strcmp(argument, "help");
}

static int unknown_noun(const char *noun)
{
    say("%s: unknown command; the nearest is %s (see wordloom --help)", noun,
        spelling_nearest(noun, &entries[0].noun, ENTRIES, sizeof *entries));
    return EXIT_USAGE;
}

static const char *nearest_verb(const char *noun, const char *verb)
{
    const char *verbs[ENTRIES];
    size_t count = 0;
    for (int i = 0; i < ENTRIES; i++)
        if (!strcmp(noun, entries[i].noun)) verbs[count++] = entries[i].verb;
    return spelling_nearest(verb, verbs, count, sizeof *verbs);
}

/* `noun` has verbs, and none of them is args[0] (null: there is none). */
static int without_verb(const char *noun, const char *verb)
{
    if (verb && is_help(verb)) {
        printf("Usage: wordloom %s COMMAND [options]\n\nCommands:\n", noun);
        print_commands(stdout, noun);
        return EXIT_DONE;
    }
    if (verb)
        say("%s %s: unknown command; the nearest is %s; there are:", noun, verb,
            nearest_verb(noun, verb));
    else
        say("%s: a command is missing; there are:", noun);
    print_commands(stderr, noun);
    return EXIT_USAGE;
}

static int dispatch(int count, char **args)
{
    const char *noun = args[0], *verb = count > 1 ? args[1] : NULL;
    int known = 0;
    for (int i = 0; i < ENTRIES; i++) {
        const struct entry *e = &entries[i];
        if (strcmp(noun, e->noun)) continue;
        known = 1;
        if (!e->verb) return e->run(count, args);
        if (verb && !strcmp(verb, e->verb)) return e->run(count - 1, args + 1);
    }
    return known ? without_verb(noun, verb) : unknown_noun(noun);
}

/* Results that did not reach their reader are a failure. */
static int flush(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    say("standard output: cannot write");
    return code ? code : EXIT_BAD_FILE;
}

/* A thread of libgomp that waits for its team turns for some 14 ms (300,000 rounds) before it
 * sleeps. Where another program wants the core, it keeps off just the thread it waits for, and
 * training was measured up to 20 times slower than with a wait of about 0.1 ms. libgomp reads the
 * variable when it is loaded, so that it takes a program that begins anew. Whoever sets one of
 * the variables has the say. */
static void wait_briefly(char **argv)
{
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
    if (setenv("GOMP_SPINCOUNT", "2000", 1) == 0) execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    wait_briefly(argv);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (is_help(argv[1])) {
        print_help(stdout);
        return flush(EXIT_DONE);
    }
    if (!strcmp(argv[1], "--version")) {
        print_version();
        return flush(EXIT_DONE);
    }
    return flush(dispatch(argc - 1, argv + 1));
}
