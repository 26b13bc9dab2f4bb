/* wordloom classify eval: how many points a classifier tells right. */
#include "classify.h"
#include "devices.h"
#include "options.h"
#include "plot.h"
#include "program.h"
#include "text_width.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_LISTED = 1000 }; /* classes */

/* What the run owns, and its options. */
typedef struct evaluation {
    common_options common;
    const char *data, *map; /* no map: null */
    wl_ctx *ctx;
    wl_classifier *model;
    wl_points *points;
    int32_t *told;   /* [N] */
    int64_t *counts; /* [C,C]: points of a class (row) that are told to be of another; null where
                        there are too many to list */
} evaluation;

/* ------------------------------------------------------------------ the table of classes */

static int64_t sum_of(const int64_t *counts, int64_t C)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < C; i++) sum += counts[i];
    return sum;
}

/* Which other class those of a class are taken for most often; -1: none. */
static int64_t mistaken_for(const int64_t *counts, int64_t class, int64_t C)
{
    int64_t most = -1;
    for (int64_t i = 0; i < C; i++)
        if (i != class && counts[i] > 0 && (most < 0 || counts[i] > counts[most])) most = i;
    return most;
}

static void print_classes(const evaluation *e)
{
    const wl_vocabulary *classes = wl_classifier_classes(e->model);
    const int64_t C = wl_vocabulary_size(classes);
    int width = (int)sizeof "class" - 1;
    for (int64_t i = 0; i < C; i++) {
        const int one = text_width(wl_vocabulary_word(classes, i, NULL));
        if (one > width && one <= 40) width = one;
    }
    printf("class%*s  points   right  accuracy  most taken for\n", width - 5, "");
    for (int64_t i = 0; i < C; i++) {
        const int64_t *counts = e->counts + i * C, all = sum_of(counts, C);
        const char *name = wl_vocabulary_word(classes, i, NULL);
        const int64_t other = mistaken_for(counts, i, C);
        if (all == 0) continue;
        const int gap = width - text_width(name);
        printf("%s%*s %7" PRId64 " %7" PRId64 " %7.2f %%", name, gap > 0 ? gap : 0, "", all,
               counts[i], 100 * (double)counts[i] / (double)all);
        if (other >= 0)
            printf("  %s (%" PRId64 ")", wl_vocabulary_word(classes, other, NULL), counts[other]);
        printf("\n");
    }
}

/* ------------------------------------------------------------------ the run */

static wl_status find_points(evaluation *e, wl_error *error)
{
    wl_status status = classify_points(&e->points, e->data, (uint64_t)e->common.seed, error);
    if (!status) status = wl_points_renumber(e->points, wl_classifier_classes(e->model), error);
    if (!status && e->map) status = classify_check_map(e->points, error);
    return status;
}

static wl_status evaluate(evaluation *e, double *loss, int64_t *right, wl_error *error)
{
    const int64_t N = wl_points_size(e->points);
    const int64_t C = wl_vocabulary_size(wl_classifier_classes(e->model));
    e->told = malloc((size_t)N * sizeof *e->told);
    if (C <= MOST_LISTED) e->counts = calloc((size_t)(C * C), sizeof *e->counts);
    if (!e->told || (C <= MOST_LISTED && !e->counts))
        return wl_error_set(error, WL_NO_MEMORY, "no memory to count");
    const wl_status status =
        wl_classifier_evaluate(e->model, e->points, loss, right, e->told, error);
    for (int64_t i = 0; i < N && !status && e->counts; i++)
        e->counts[wl_points_labels(e->points)[i] * C + e->told[i]]++;
    return status;
}

static int run(evaluation *e, const char *path)
{
    wl_error error;
    double loss;
    int64_t right;
    options_apply_threads(e->common.threads);
    const int code = device_open(e->common.device, &e->ctx);
    if (code) return code;
    wl_status status = wl_classifier_open(&e->model, e->ctx, path, &error);
    if (!status) status = find_points(e, &error);
    if (!status) status = evaluate(e, &loss, &right, &error);
    if (!status && e->map) status = classify_map(e->model, e->points, e->map, &error);
    if (status) return fail(status, &error);
    const int64_t N = wl_points_size(e->points);
    printf("points %" PRId64 "\nright %" PRId64 ", %.2f %%\nloss %.6f\n", N, right,
           100 * (double)right / (double)N, loss);
    if (e->counts) printf("\n"), print_classes(e);
    return EXIT_DONE;
}

int run_classify_eval(int count, char **args)
{
    evaluation e = { 0 };
    option_row common[COMMON_ROWS];
    const option_row rows[] = {
        { .name = "data",
          .kind = OPTION_TEXT,
          .value = &e.data,
          .placeholder = "DATA",
          .help = "spiral, or a file of comma-separated values; - for stdin",
          .required = true },
        { .name = "map",
          .kind = OPTION_TEXT,
          .value = &e.map,
          .placeholder = "FILE",
          .help = "a picture of the points, and of the classes' regions" },
        { 0 },
    };
    const subcommand command = {
        .name = "classify eval",
        .arguments = "MODEL",
        .summary = "Prints how many points a classifier tells right, and of each class, of a "
                   "thousand at most,\nwhat those that it tells wrong are most often taken for. "
                   "DATA is as for wordloom classify "
                   "train; another\n--seed gives another spiral.",
        .options = rows,
        .common = common,
    };
    int first;
    options_common(&e.common, common);
    int code = options_read(&command, count, args, &first);
    if (code != OPTIONS_READ) return code;
    if (count - first != 1) {
        say("expected one MODEL (see wordloom classify eval --help)");
        return EXIT_USAGE;
    }
    if (e.map && plot_check("--map", e.map)) return EXIT_USAGE;
    code = run(&e, args[first]);
    free(e.told);
    free(e.counts);
    wl_points_destroy(e.points);
    wl_classifier_destroy(e.model);
    wl_ctx_destroy(e.ctx);
    return code;
}
