/* wordloom lm eval: how well a language model foretells a text. */
#include "lm.h"
#include "program.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* What the run owns, and its options. */
typedef struct evaluation {
    common_options common;
    int64_t batch, time;
    wl_ctx *ctx;
    wl_lm *model;
    wl_text *text;
} evaluation;

static int evaluate(evaluation *e, const char *path)
{
    wl_error error;
    double loss;
    int64_t labels;
    const int32_t level = wl_lm_configuration(e->model)->level;
    wl_status status = wl_text_read(&e->text, path, level, wl_lm_vocabulary(e->model), &error);
    if (!status)
        status = wl_lm_evaluate(e->model, e->text, e->batch, e->time, NULL, &loss, &labels, &error);
    if (status) return fail(status, &error);
    printf("tokens %" PRId64 ", counted %" PRId64 "\n", wl_text_size(e->text), labels);
    printf("loss %.6f\nperplexity %.4f\n", loss, exp(loss));
    printf("bits a %s %.6f\n", level == WL_TEXT_CHAR ? "character" : "word", loss / log(2));
    return EXIT_DONE;
}

int run_lm_eval(int count, char **args)
{
    evaluation e = { .batch = 10, .time = 35 };
    option_row common[COMMON_ROWS];
    const option_row rows[] = {
        { .name = "batch",
          .kind = OPTION_INTEGER,
          .value = &e.batch,
          .low = 1,
          .high = 65536,
          .help = "streams that the text is cut into" },
        { .name = "time",
          .kind = OPTION_INTEGER,
          .value = &e.time,
          .low = 1,
          .high = 65536,
          .help = "steps at a time" },
        { 0 },
    };
    const subcommand command = {
        .name = "lm eval",
        .arguments = "MODEL TEXT",
        .summary =
            "Prints the perplexity of a language model on a text, and the bits a token. What "
            "does\n"
            "not fill a last step of all streams is left out; each stream begins without "
            "memory.",
        .options = rows,
        .common = common,
    };
    int first;
    options_common(&e.common, common);
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first != 2) {
        say("expected MODEL and TEXT (see wordloom lm eval --help)");
        return EXIT_USAGE;
    }
    code = lm_open(&e.ctx, &e.model, &e.common, args[first]);
    if (!code) code = evaluate(&e, args[first + 1]);
    wl_text_destroy(e.text);
    wl_lm_destroy(e.model);
    wl_ctx_destroy(e.ctx);
    return code;
}
