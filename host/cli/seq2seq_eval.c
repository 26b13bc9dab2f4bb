/* wordloom seq2seq eval: how often a sequence-to-sequence model writes the target to the letter. */
#include "pair_table.h"
#include "program.h"
#include "seq2seq.h"
#include "text_width.h"

#include <wordloom/nn/chrf.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the run owns, and its options. */
typedef struct evaluation {
    common_options common;
    seq2seq_task task;
    const char *pairs_path;
    wl_seq2seq_search search;
    int64_t shown;
    bool chrf;
    wl_ctx *ctx;
    wl_seq2seq *model;
    wl_examples *examples;
    wl_pairs *pairs;
    const int32_t **sources; /* [size], and the next two */
    int64_t *lengths;
    wl_translation *found;
    wl_chrf *sums;
} evaluation;

static const wl_seq2seq_config *config_of(const evaluation *e)
{
    return wl_seq2seq_configuration(e->model);
}

/* ------------------------------------------------------------------ translations */

static wl_status translate(evaluation *e, wl_error *error)
{
    const int64_t size = wl_pairs_size(e->pairs);
    e->sources = calloc((size_t)size, sizeof *e->sources);
    e->lengths = calloc((size_t)size, sizeof *e->lengths);
    e->found = calloc((size_t)size, sizeof *e->found);
    if (!e->sources || !e->lengths || !e->found)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for %" PRId64 " translations", size);
    for (int64_t i = 0; i < size; i++) e->sources[i] = wl_pairs_source(e->pairs, i, &e->lengths[i]);
    return wl_seq2seq_translate(e->model, e->sources, e->lengths, size, &e->search, NULL, e->found,
                                error);
}

static bool is_right(const evaluation *e, int64_t i)
{
    const wl_translation *t = &e->found[i];
    int64_t count;
    const int32_t *target = wl_pairs_target(e->pairs, i, &count);
    return t->ended && t->count == count &&
           (!count || !memcmp(t->ids, target, (size_t)count * sizeof *target));
}

static wl_status spell(const evaluation *e, int64_t i, char **out, wl_error *error)
{
    return wl_line_text(out, e->found[i].ids, e->found[i].count, config_of(e)->level,
                        wl_seq2seq_target(e->model), error);
}

static wl_status add_chrf(evaluation *e, int64_t i, wl_error *error)
{
    char *text;
    size_t length;
    const char *expected = wl_examples_target(e->examples, i, &length);
    wl_status status = spell(e, i, &text, error);
    if (status) return status;
    status = wl_chrf_add(e->sums, text, strlen(text), expected, length, error);
    free(text);
    return status;
}

/* ------------------------------------------------------------------ printing */

static wl_status print_chrf(evaluation *e, wl_error *error)
{
    if (!e->chrf && config_of(e)->level == WL_TEXT_CHAR) return WL_OK;
    wl_status status = wl_chrf_create(&e->sums, error);
    for (int64_t i = 0; i < wl_pairs_size(e->pairs) && !status; i++) status = add_chrf(e, i, error);
    if (!status) printf("chrF %.2f\n", wl_chrf_score(e->sums));
    return status;
}

static wl_status print_figures(evaluation *e, wl_error *error)
{
    double loss;
    int64_t labels, right = 0;
    const int64_t size = wl_pairs_size(e->pairs);
    wl_status status = wl_seq2seq_evaluate(e->model, e->pairs, NULL, &loss, &labels, error);
    if (!status) status = translate(e, error);
    if (status) return status;
    for (int64_t i = 0; i < size; i++) right += is_right(e, i);
    printf("pairs %" PRId64 ", tokens %" PRId64 "\nloss %.6f\n", size, labels, loss);
    printf("exact %" PRId64 ", %.2f %%\n", right, 100 * (double)right / (double)size);
    return print_chrf(e, error);
}

/* The first of those that are right, or wrong, into rows of which there are *count. */
static wl_status add_rows(const evaluation *e, bool right, pair_row *rows, int64_t *count,
                          wl_error *error)
{
    const int64_t most = *count + e->shown;
    wl_status status = WL_OK;
    for (int64_t i = 0; i < wl_pairs_size(e->pairs) && *count < most && !status; i++) {
        char *text;
        if (is_right(e, i) != right) continue;
        status = spell(e, i, &text, error);
        if (status) continue;
        rows[(*count)++] = (pair_row){ .cell = { wl_examples_source(e->examples, i, NULL),
                                                 wl_examples_target(e->examples, i, NULL), text },
                                       .right = right };
    }
    return status;
}

static wl_status print_table(const evaluation *e, wl_error *error)
{
    enum { FILE_WIDTH = 132 };
    int64_t count = 0;
    if (!e->shown) return WL_OK;
    pair_row *rows = calloc((size_t)e->shown, 2 * sizeof *rows);
    if (!rows) return wl_error_set(error, WL_NO_MEMORY, "no memory for a table of examples");
    wl_status status = add_rows(e, true, rows, &count, error);
    if (!status) status = add_rows(e, false, rows, &count, error);
    const int width = isatty(STDOUT_FILENO) ? terminal_width(STDOUT_FILENO) : FILE_WIDTH;
    if (!status) putchar('\n');
    if (!status) pair_table_print(stdout, rows, count, width, terminal_has_utf8());
    for (int64_t i = 0; i < count; i++) free((char *)rows[i].cell[PAIR_CELLS - 1]);
    free(rows);
    return status;
}

/* ------------------------------------------------------------------ the run */

static wl_status evaluate(evaluation *e, wl_error *error)
{
    const uint64_t seed = (uint64_t)e->common.seed;
    wl_status status = seq2seq_examples(&e->examples, &e->task, e->pairs_path, seed, error);
    if (!status)
        status = wl_pairs_create(&e->pairs, e->examples, config_of(e)->level,
                                 wl_seq2seq_source(e->model), wl_seq2seq_target(e->model), error);
    if (!status) status = print_figures(e, error);
    return status ? status : print_table(e, error);
}

static int run(evaluation *e, const char *path)
{
    wl_error error;
    const int code = seq2seq_open(&e->ctx, &e->model, &e->common, path);
    if (code) return code;
    if (e->task.task >= 0 && (uint64_t)e->common.seed == config_of(e)->seed && !e->common.quiet)
        say("the model's run had --seed %" PRId64 " too: another one makes other examples",
            e->common.seed);
    const wl_status status = evaluate(e, &error);
    return status ? fail(status, &error) : EXIT_DONE;
}

static void destroy(evaluation *e)
{
    wl_chrf_destroy(e->sums);
    if (e->found) wl_translations_free(e->found, wl_pairs_size(e->pairs));
    free(e->found);
    free(e->lengths);
    free(e->sources);
    wl_pairs_destroy(e->pairs);
    wl_examples_destroy(e->examples);
    wl_seq2seq_destroy(e->model);
    wl_ctx_destroy(e->ctx);
}

static const char summary[] =
    "Translates the sources of pairs, of a FILE (- for stdin) as wordloom seq2seq train reads it\n"
    "or of a task. Prints the loss a token of the targets, how many translations are exact, which\n"
    "is the same to the letter, and a table of the first that are and of the first that are not.\n"
    "chrF, which tells from 0 to 100 how much translations have in common with targets, is\n"
    "printed for models of words, and for those of characters with --chrf.";

int run_seq2seq_eval(int count, char **args)
{
    evaluation e = { .shown = 5 };
    enum { ROWS = 16, MORE_THAN_SEED_1 = 2 };
    option_row common[COMMON_ROWS], rows[ROWS] = { { 0 } }, made[SEQ2SEQ_TASK_ROWS];
    option_row search[SEQ2SEQ_SEARCH_ROWS];
    seq2seq_task_options(&e.task, 5000, made);
    seq2seq_search_options(&e.search, search);
    const option_row more[] = {
        seq2seq_batch_option(&e.search),
        { .name = "show",
          .kind = OPTION_INTEGER,
          .value = &e.shown,
          .high = 1e6,
          .help = "right and wrong ones in the table, of each" },
        { .name = "chrf", .kind = OPTION_FLAG, .value = &e.chrf, .help = "print chrF too" },
        { 0 },
    };
    const subcommand command = { .name = "seq2seq eval",
                                 .arguments = "MODEL [FILE]",
                                 .summary = summary,
                                 .options = rows,
                                 .common = common };
    int first;
    options_append(rows, ROWS, made);
    options_append(rows, ROWS, search);
    options_append(rows, ROWS, more);
    options_common(&e.common, common);
    e.common.seed = MORE_THAN_SEED_1; /* examples that a run did not learn from */
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    const int files = count - first - 1;
    if (files < 0 || files + (e.task.task >= 0) != 1) {
        say("expected MODEL, and either FILE or --task (see wordloom seq2seq eval --help)");
        return EXIT_USAGE;
    }
    e.pairs_path = files ? args[first + 1] : NULL;
    code = run(&e, args[first]);
    destroy(&e);
    return code;
}
