/* wordloom vectors phrases: a text in which phrases are words. */
#include "program.h"
#include "training_run.h"

#include <wordloom/nn/phrases.h>

#include <inttypes.h>

typedef struct settings {
    common_options common; /* of it --quiet and --log */
    wl_phrases_config config;
    const char *corpus, *out;
    int64_t memory; /* MiB */
} settings;

static int read_settings(settings *s, int count, char **args)
{
    const option_row rows[] = {
        { .name = "corpus",
          .kind = OPTION_TEXT,
          .value = &s->corpus,
          .placeholder = "FILE",
          .required = true,
          .help = "text to read, - for stdin" },
        { .name = "out",
          .kind = OPTION_TEXT,
          .value = &s->out,
          .placeholder = "FILE",
          .required = true,
          .help = "where to write it, phrases joined" },
        { .name = "min-count",
          .kind = OPTION_INTEGER,
          .value = &s->config.min_count,
          .low = 1,
          .high = 0x1p62,
          .help = "rarer words are not joined" },
        { .name = "discount",
          .kind = OPTION_REAL,
          .value = &s->config.discount,
          .high = 1e18,
          .help = "taken off a pair's count, so that rare ones do not join" },
        { .name = "threshold",
          .kind = OPTION_REAL,
          .value = &s->config.threshold,
          .high = 1e18,
          .help = "score above which a pair joins: fewer the higher it is" },
        { .name = "memory",
          .kind = OPTION_INTEGER,
          .value = &s->memory,
          .low = 1,
          .high = 0x1p42,
          .help = "MiB to count pairs in; what does not fit goes to $TMPDIR" },
        { .name = "quiet",
          .kind = OPTION_FLAG,
          .value = &s->common.quiet,
          .help = "no progress and no summary on stderr" },
        { 0 },
    };
    const subcommand command = {
        .name = "vectors phrases",
        .arguments = "",
        .summary =
            "Joins words that stand beside each other much more often than by chance, as in\n"
            "new_york, so that vectors train learns them as words: pairs whose score, (count of "
            "the\n"
            "pair - discount) * words of the text / (count of one * count of the other), is above\n"
            "the threshold. For phrases of more words, run it again on what it wrote, with a "
            "lower\n"
            "threshold.",
        .options = rows,
    };
    int first;
    *s = (settings){ .config = wl_phrases_defaults(), .memory = 1024 };
    const int code = options_read(&command, count, args, &first);
    s->config.memory = s->memory << 20;
    return code;
}

static void on_report(void *user, int reading, int64_t bytes, int64_t total)
{
    static const char *const doing[] = { "counting words", "counting pairs", "writing" };
    progress_part(user, doing[reading], bytes, total);
}

static int join(const settings *s, progress *p)
{
    wl_error error;
    wl_corpus *corpus;
    wl_phrases_joined now;
    wl_status status = wl_corpus_open(&corpus, s->corpus, &error);
    if (status) return fail(status, &error);
    training_catch_signals();
    status =
        wl_phrases_join(corpus, s->out, &s->config, &now, on_report, p, &training_stop, &error);
    wl_corpus_close(corpus);
    if (status == WL_INTERRUPTED) progress_note(p, "interrupted: nothing was written");
    if (status == WL_INTERRUPTED) return EXIT_INTERRUPTED;
    if (status) return fail(status, &error);
    progress_note(p, "wrote %s: %" PRId64 " words joined, of %" PRId64, s->out, now.joins,
                  now.words);
    progress_note(p, "%" PRId64 " phrases of %" PRId64 " pairs of words", now.phrases, now.pairs);
    return EXIT_DONE;
}

int run_vectors_phrases(int count, char **args)
{
    settings s;
    progress p = { 0 };
    int code = read_settings(&s, count, args);
    if (code != OPTIONS_READ) return code;
    code = progress_open(&p, &s.common);
    if (code) return code;
    code = join(&s, &p);
    const int closed = progress_close(&p);
    return code ? code : closed;
}
