/* wordloom lm generate: text by a language model, shown as it is drawn. */
#include "lm.h"
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the run owns, and its options. */
typedef struct generation {
    common_options common;
    const char *prompt, *skip;
    int64_t length;
    wl_lm_draw draw;
    wl_ctx *ctx;
    wl_lm *model;
    wl_text *begin, *banned;
    bool in_line; /* a word stands before the next one */
} generation;

/* ------------------------------------------------------------------ printing */

static void print_word(generation *g, const char *word)
{
    if (!strcmp(word, "<eos>")) {
        putchar('\n');
        g->in_line = false;
        return;
    }
    printf("%s%s", g->in_line ? " " : "", word);
    g->in_line = true;
}

static int on_id(void *user, int32_t id)
{
    generation *g = user;
    const char *token = wl_vocabulary_word(wl_lm_vocabulary(g->model), id, NULL);
    if (wl_lm_configuration(g->model)->level == WL_TEXT_CHAR)
        fputs(token, stdout);
    else
        print_word(g, token);
    return fflush(stdout) != 0;
}

/* ------------------------------------------------------------------ the run */

/* What the text begins with: the prompt or, without one, what follows the end of a line. */
static wl_status read_prompt(generation *g, wl_error *error)
{
    const int32_t level = wl_lm_configuration(g->model)->level;
    const char *after = level == WL_TEXT_CHAR ? "\n" : "<eos>";
    wl_status status = wl_text_parse(&g->begin, g->prompt ? g->prompt : after, "--prompt", level,
                                     wl_lm_vocabulary(g->model), error);
    if (!status && g->skip)
        status =
            wl_text_parse(&g->banned, g->skip, "--skip", level, wl_lm_vocabulary(g->model), error);
    return status;
}

static int generate(generation *g)
{
    wl_error error;
    wl_status status = read_prompt(g, &error);
    if (status)
        return status == WL_OUT_OF_RANGE ? (fail(status, &error), EXIT_USAGE)
                                         : fail(status, &error);
    if (g->banned) {
        g->draw.banned = wl_text_ids(g->banned);
        g->draw.bans = wl_text_size(g->banned);
    }
    for (int64_t i = 0; g->prompt && i < wl_text_size(g->begin); i++)
        on_id(g, wl_text_ids(g->begin)[i]);
    status = wl_lm_generate(g->model, wl_text_ids(g->begin), wl_text_size(g->begin), g->length,
                            &g->draw, on_id, g, &error);
    putchar('\n');
    return status ? fail(status, &error) : EXIT_DONE;
}

static const char summary[] =
    "Writes text that the model draws token by token, each from the probabilities after all\n"
    "before it. The same seed draws the same text. Words to be skipped, such as \"<unk> N $\", "
    "are\n"
    "never drawn.";

int run_lm_generate(int count, char **args)
{
    generation g = { .length = 100, .draw = { .temperature = 1, .top_p = 1 } };
    option_row common[COMMON_ROWS];
    const option_row rows[] = {
        { .name = "prompt",
          .kind = OPTION_TEXT,
          .value = &g.prompt,
          .placeholder = "TEXT",
          .help = "what the text begins with; else a new line" },
        { .name = "length",
          .kind = OPTION_INTEGER,
          .value = &g.length,
          .high = 0x1p40,
          .help = "tokens to draw" },
        { .name = "temperature",
          .kind = OPTION_REAL,
          .value = &g.draw.temperature,
          .high = 0x1p100,
          .help = "below 1 likely tokens become likelier, 0: always the likeliest" },
        { .name = "top-k",
          .kind = OPTION_INTEGER,
          .value = &g.draw.top_k,
          .high = 0x1p31,
          .help = "only the K likeliest, 0: all" },
        { .name = "top-p",
          .kind = OPTION_REAL,
          .value = &g.draw.top_p,
          .high = 1,
          .help = "only the likeliest that have this probability together" },
        { .name = "skip",
          .kind = OPTION_TEXT,
          .value = &g.skip,
          .placeholder = "WORDS",
          .help = "tokens never to be drawn" },
        { 0 },
    };
    const subcommand command = { .name = "lm generate",
                                 .arguments = "MODEL",
                                 .summary = summary,
                                 .options = rows,
                                 .common = common };
    int first;
    options_common(&g.common, common);
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first != 1) {
        say("expected MODEL (see wordloom lm generate --help)");
        return EXIT_USAGE;
    }
    g.draw.seed = (uint64_t)g.common.seed;
    code = lm_open(&g.ctx, &g.model, &g.common, args[first]);
    if (!code) code = generate(&g);
    wl_text_destroy(g.banned);
    wl_text_destroy(g.begin);
    wl_lm_destroy(g.model);
    wl_ctx_destroy(g.ctx);
    return code;
}
