/* wordloom seq2seq translate: standard input, line by line, by a sequence-to-sequence model. */
#include "program.h"
#include "seq2seq.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char input[] = "standard input";

/* What the run owns, and its options. */
typedef struct translation {
    common_options common;
    wl_seq2seq_search search;
    bool scores;
    wl_ctx *ctx;
    wl_seq2seq *model;
    int32_t **sources; /* [batch], of which the first `waiting` are lines; the next two too */
    int64_t *lengths;
    wl_translation *found;
    int64_t waiting;
    int64_t line; /* lines read so far */
    int64_t unknown, unknown_line;
} translation;

/* ------------------------------------------------------------------ a batch */

static wl_status print_one(const translation *t, int64_t i, wl_error *error)
{
    char *text;
    const wl_translation *found = &t->found[i];
    if (!t->lengths[i]) {
        putchar('\n');
        return WL_OK;
    }
    const wl_status status =
        wl_line_text(&text, found->ids, found->count, wl_seq2seq_configuration(t->model)->level,
                     wl_seq2seq_target(t->model), error);
    if (status) return status;
    if (t->scores) printf("%.4f\t", found->log_probability);
    puts(text);
    free(text);
    return WL_OK;
}

/* Translates and prints the lines that wait. */
static wl_status flush(translation *t, wl_error *error)
{
    const int64_t count = t->waiting;
    if (!count) return WL_OK;
    wl_status status = wl_seq2seq_translate(t->model, (const int32_t *const *)t->sources,
                                            t->lengths, count, &t->search, NULL, t->found, error);
    for (int64_t i = 0; i < count && !status; i++) status = print_one(t, i, error);
    wl_translations_free(t->found, count);
    memset(t->found, 0, (size_t)count * sizeof *t->found);
    for (int64_t i = 0; i < count; i++) free(t->sources[i]);
    t->waiting = 0;
    if (!status && fflush(stdout))
        status = wl_error_set(error, WL_IO_ERROR, "standard output: %s", strerror(errno));
    return status;
}

/* ------------------------------------------------------------------ lines */

/* Without its end, and without a mark at the beginning of all that only says that it is UTF-8. */
static const char *strip(const translation *t, const char *line, size_t *length)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (*length && line[*length - 1] == '\n') --*length;
    if (*length && line[*length - 1] == '\r') --*length;
    if (t->line > 1 || *length < 3 || memcmp(line, mark, 3)) return line;
    *length -= 3;
    return line + 3;
}

static wl_status add_line(translation *t, const char *line, size_t length, wl_error *error)
{
    char name[64];
    int64_t unknown;
    wl_error trouble;
    const int64_t i = t->waiting;
    t->line++;
    line = strip(t, line, &length);
    snprintf(name, sizeof name, "%s: line %" PRId64, input, t->line);
    wl_status status = wl_line_ids(&t->sources[i], &t->lengths[i], &unknown, line, length,
                                   wl_seq2seq_configuration(t->model)->level,
                                   wl_seq2seq_source(t->model), name, &trouble);
    if (status) { /* those before it are good */
        const wl_status flushed = flush(t, error);
        return flushed ? flushed : wl_error_set(error, status, "%s", trouble.text);
    }
    if (unknown && !t->unknown) t->unknown_line = t->line;
    t->unknown += unknown;
    t->waiting++;
    return t->waiting == t->search.batch ? flush(t, error) : WL_OK;
}

static wl_status translate(translation *t, wl_error *error)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length = 0;
    wl_status status = WL_OK;
    while (!status && (length = getline(&line, &room, stdin)) >= 0)
        status = add_line(t, line, (size_t)length, error);
    const int reason = errno;
    free(line);
    if (!status) status = flush(t, error);
    if (status || feof(stdin)) return status;
    return wl_error_set(error, WL_IO_ERROR, "%s: cannot read: %s", input, strerror(reason));
}

/* ------------------------------------------------------------------ the run */

static wl_status make_room(translation *t, wl_error *error)
{
    const size_t batch = (size_t)t->search.batch;
    t->sources = calloc(batch, sizeof *t->sources);
    t->lengths = calloc(batch, sizeof *t->lengths);
    t->found = calloc(batch, sizeof *t->found);
    if (t->sources && t->lengths && t->found) return WL_OK;
    return wl_error_set(error, WL_NO_MEMORY, "no memory for %" PRId64 " lines", t->search.batch);
}

static int run(translation *t, const char *path)
{
    wl_error error;
    const int code = seq2seq_open(&t->ctx, &t->model, &t->common, path);
    if (code) return code;
    if (isatty(STDIN_FILENO)) t->search.batch = 1; /* who types a line waits for its answer */
    wl_status status = make_room(t, &error);
    if (!status) status = translate(t, &error);
    if (t->unknown && !t->common.quiet)
        say("%" PRId64 " token%s unknown to the model, the first in line %" PRId64, t->unknown,
            t->unknown == 1 ? " was" : "s were", t->unknown_line);
    return status ? fail(status, &error) : EXIT_DONE;
}

static void destroy(translation *t)
{
    for (int64_t i = 0; i < t->waiting; i++) free(t->sources[i]);
    free(t->found);
    free(t->lengths);
    free(t->sources);
    wl_seq2seq_destroy(t->model);
    wl_ctx_destroy(t->ctx);
}

static const char summary[] =
    "Reads sources from standard input, a line each, and writes a line with the translation of\n"
    "each, in the same order: as soon as --batch of them are read, and on a terminal at once. A\n"
    "line without tokens gives an empty line. Tokens that the model does not know are read as\n"
    "<unk>, and counted on stderr at the end.\n"
    "\n"
    "With --beam the hypotheses are compared by log p / ((5 + n) / 6)^PENALTY, n their tokens.";

int run_seq2seq_translate(int count, char **args)
{
    translation t = { 0 };
    enum { ROWS = 8 };
    option_row common[COMMON_ROWS], rows[ROWS] = { { 0 } }, search[SEQ2SEQ_SEARCH_ROWS];
    seq2seq_search_options(&t.search, search);
    const option_row more[] = {
        seq2seq_batch_option(&t.search),
        { .name = "scores",
          .kind = OPTION_FLAG,
          .value = &t.scores,
          .help = "write the log-probability and a tab before each" },
        { 0 },
    };
    const subcommand command = { .name = "seq2seq translate",
                                 .arguments = "MODEL",
                                 .summary = summary,
                                 .options = rows,
                                 .common = common };
    int first;
    options_append(rows, ROWS, search);
    options_append(rows, ROWS, more);
    options_common(&t.common, common);
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first != 1) {
        say("expected MODEL (see wordloom seq2seq translate --help)");
        return EXIT_USAGE;
    }
    code = run(&t, args[first]);
    destroy(&t);
    return code;
}
