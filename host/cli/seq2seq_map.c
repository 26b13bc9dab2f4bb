/* wordloom seq2seq attention: what a translation pays attention to, as a map. */
#include "map_print.h"
#include "plot.h"
#include "program.h"
#include "seq2seq.h"
#include "text_width.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A map, and what it owns. */
typedef struct attention_map {
    plot_map map;
    char *title;
    const char **columns, **rows;
    float *weights;
} attention_map;

/* What the run owns, and its options. */
typedef struct attention {
    common_options common;
    wl_seq2seq_search search;
    const char *target, *out; /* null: the model's; no picture */
    wl_ctx *ctx;
    wl_seq2seq *model;
    attention_map *maps; /* [count] */
    int count;
} attention;

static int32_t level_of(const attention *a) { return wl_seq2seq_configuration(a->model)->level; }

/* ------------------------------------------------------------------ a map */

/* The source, and the target that is given or translated; the caller frees the ids. */
typedef struct sentence {
    int32_t *source, *target;
    int64_t source_count, target_count;
} sentence;

static wl_status read_line(const attention *a, int32_t **ids, int64_t *count, const char *text,
                           const wl_vocabulary *words, const char *name, wl_error *error)
{
    int64_t unknown;
    const wl_status status =
        wl_line_ids(ids, count, &unknown, text, strlen(text), level_of(a), words, name, error);
    if (!status && unknown && !a->common.quiet)
        say("%s: %" PRId64 " token%s unknown to the model", name, unknown,
            unknown == 1 ? " is" : "s are");
    return status == WL_BAD_FILE ? WL_OUT_OF_RANGE : status; /* which is no file */
}

static wl_status translate(const attention *a, sentence *s, wl_error *error)
{
    wl_translation found = { 0 };
    const int32_t *source = s->source;
    const wl_status status = wl_seq2seq_translate(a->model, &source, &s->source_count, 1,
                                                  &a->search, NULL, &found, error);
    s->target_count = found.count;
    s->target = calloc((size_t)found.count + 1, sizeof *s->target);
    if (s->target && found.count)
        memcpy(s->target, found.ids, (size_t)found.count * sizeof *s->target);
    wl_translations_free(&found, 1);
    if (status) return status;
    return s->target ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory for a translation");
}

static wl_status read_sentence(const attention *a, sentence *s, const char *source, int number,
                               wl_error *error)
{
    char name[32];
    snprintf(name, sizeof name, "SOURCE %d", number);
    wl_status status = read_line(a, &s->source, &s->source_count, source,
                                 wl_seq2seq_source(a->model), name, error);
    if (status) return status;
    if (!s->source_count)
        return wl_error_set(error, WL_OUT_OF_RANGE, "%s: expected text, found no token", name);
    if (!a->target) return translate(a, s, error);
    return read_line(a, &s->target, &s->target_count, a->target, wl_seq2seq_target(a->model),
                     "--target", error);
}

static void name_tokens(const char **to, const int32_t *ids, int64_t count,
                        const wl_vocabulary *words)
{
    for (int64_t i = 0; i < count; i++) to[i] = wl_vocabulary_word(words, ids[i], NULL);
}

static char *title_of(const char *source, const char *target, bool utf8)
{
    static const char *const arrows[] = { " -> ", " \u2192 " };
    const char *arrow = arrows[utf8];
    char *title = malloc(strlen(source) + strlen(arrow) + strlen(target) + 1);
    if (title) strcat(strcat(strcpy(title, source), arrow), target);
    return title;
}

static wl_status fill_map(const attention *a, attention_map *m, const sentence *s,
                          const char *source, wl_error *error)
{
    char *target;
    const int64_t columns = s->source_count, rows = s->target_count + 1;
    wl_status status = wl_line_text(&target, s->target, s->target_count, level_of(a),
                                    wl_seq2seq_target(a->model), error);
    if (status) return status;
    m->title = title_of(source, target, terminal_has_utf8());
    free(target);
    m->columns = calloc((size_t)columns, sizeof *m->columns);
    m->rows = calloc((size_t)rows, sizeof *m->rows);
    m->weights = calloc((size_t)columns * (size_t)rows, sizeof *m->weights);
    if (!m->title || !m->columns || !m->rows || !m->weights)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for a map of %" PRId64 " by %" PRId64,
                            rows, columns);
    name_tokens(m->columns, s->source, columns, wl_seq2seq_source(a->model));
    name_tokens(m->rows, s->target, rows - 1, wl_seq2seq_target(a->model));
    m->rows[rows - 1] = "</s>";
    m->map =
        (plot_map){ m->title, "source", "target", m->columns, m->rows, columns, rows, m->weights };
    return wl_seq2seq_attend(a->model, s->source, columns, s->target, rows - 1, m->weights, error);
}

static wl_status make_map(const attention *a, attention_map *m, const char *source, int number,
                          wl_error *error)
{
    sentence s = { 0 };
    wl_status status = read_sentence(a, &s, source, number, error);
    if (!status) status = fill_map(a, m, &s, source, error);
    free(s.source);
    free(s.target);
    return status;
}

/* ------------------------------------------------------------------ the run */

static wl_status write_picture(const attention *a, wl_error *error)
{
    plot_map *maps = calloc((size_t)a->count, sizeof *maps);
    if (!maps) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the maps", a->out);
    for (int i = 0; i < a->count; i++) maps[i] = a->maps[i].map;
    const wl_status status = plot_maps_write(maps, a->count, a->out, error);
    free(maps);
    return status;
}

static wl_status draw(attention *a, char **sources, wl_error *error)
{
    const map_style style = map_style_of(stdout);
    wl_status status = WL_OK;
    a->maps = calloc((size_t)a->count, sizeof *a->maps);
    if (!a->maps) return wl_error_set(error, WL_NO_MEMORY, "no memory for %d maps", a->count);
    for (int i = 0; i < a->count && !status; i++) {
        status = make_map(a, &a->maps[i], sources[i], i + 1, error);
        if (status) continue;
        if (i) putchar('\n');
        map_print(stdout, &a->maps[i].map, &style);
    }
    return !status && a->out ? write_picture(a, error) : status;
}

static int run(attention *a, const char *path, char **sources)
{
    wl_error error;
    const int code = seq2seq_open(&a->ctx, &a->model, &a->common, path);
    if (code) return code;
    const int32_t kind = wl_seq2seq_configuration(a->model)->model;
    if (kind != WL_SEQ2SEQ_ATTENTION) {
        say("%s: expected a model with attention (seq2seq train --model=attention), found a %s one",
            path, wl_seq2seq_models[kind]);
        return EXIT_USAGE;
    }
    const wl_status status = draw(a, sources, &error);
    return status ? fail(status, &error) : EXIT_DONE;
}

static void destroy(attention *a)
{
    for (int i = 0; a->maps && i < a->count; i++) {
        free(a->maps[i].title);
        free(a->maps[i].columns);
        free(a->maps[i].rows);
        free(a->maps[i].weights);
    }
    free(a->maps);
    wl_seq2seq_destroy(a->model);
    wl_ctx_destroy(a->ctx);
}

static const char summary[] =
    "Translates each SOURCE and shows how much each token of the translation, and the </s> that\n"
    "ends it, pays attention to the tokens of the source, as shaded blocks; where the terminal is\n"
    "too narrow for those, the three that get the most. The model is one with attention.";

int run_seq2seq_map(int count, char **args)
{
    attention a = { 0 };
    enum { ROWS = 8 };
    option_row common[COMMON_ROWS], rows[ROWS] = { { 0 } }, search[SEQ2SEQ_SEARCH_ROWS];
    const option_row more[] = {
        { .name = "target",
          .kind = OPTION_TEXT,
          .value = &a.target,
          .placeholder = "TEXT",
          .help = "what is written, in the place of the model's own" },
        { .name = "out",
          .kind = OPTION_TEXT,
          .value = &a.out,
          .placeholder = "FILE",
          .help = "a picture too: .png, .svg or .pdf" },
        { 0 },
    };
    const subcommand command = { .name = "seq2seq attention",
                                 .arguments = "MODEL SOURCE...",
                                 .summary = summary,
                                 .options = rows,
                                 .common = common };
    int first;
    seq2seq_search_options(&a.search, search);
    options_append(rows, ROWS, more);
    options_append(rows, ROWS, search);
    options_common(&a.common, common);
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    a.count = count - first - 1;
    if (a.count < 1 || (a.target && a.count > 1)) {
        say("expected MODEL and %s (see wordloom seq2seq attention --help)",
            a.target ? "one SOURCE with --target" : "SOURCE");
        return EXIT_USAGE;
    }
    if (a.out && plot_check("--out", a.out)) return EXIT_USAGE;
    code = run(&a, args[first], args + first + 1);
    destroy(&a);
    return code;
}
