/* wordloom classify train: the two-layer network from points. */
#include "classify.h"
#include "epoch_options.h"
#include "epoch_plot.h"
#include "plot.h"
#include "program.h"

#include <inttypes.h>
#include <stdio.h>

/* What the run owns, in the order in which it is made, and its options. */
typedef struct job {
    epoch_options usual;
    wl_classifier_config config;
    const char *data, *held_out, *map; /* the last two: null for none */
    epoch_run epochs;
    wl_points *points, *validation;
    wl_classifier *model;
} job;

static wl_status save(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_classifier_save(j->model, j->points, path, error);
}

static wl_status load(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_classifier_load(j->model, j->points, path, error);
}

static wl_status write_model(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_classifier_write(j->model, path, error);
}

static wl_status draw(void *user, const char *path, wl_error *error)
{
    const job *j = user;
    const wl_classifier_config *c = &j->config;
    const wl_training_epoch *epochs;
    const int64_t count = wl_classifier_epochs(j->model, &epochs);
    char title[160];
    snprintf(title, sizeof title, "Classifier: %" PRId64 " %s units, %" PRId64 " parameters",
             c->hidden, wl_classifier_activations[c->activation],
             wl_classifier_parameters(j->model));
    const epoch_plot plot = { .title = title,
                              .loss = "loss (nats per point)",
                              .accuracy_title = "Points that are told right",
                              .accuracy = "right (% of validation)",
                              .accuracy_name = "right" };
    return epoch_plot_write(&plot, epochs, count, path, error);
}

static int at_best(const void *user)
{
    const job *j = user;
    return wl_classifier_at_best(j->model);
}

static void tell_loss(char *to, size_t room, double loss) { snprintf(to, room, "loss %.4f", loss); }

/* ------------------------------------------------------------------ the run */

static wl_status find_points(job *j, wl_error *error)
{
    wl_status status = classify_points(&j->points, j->data, j->config.seed, error);
    if (!status && j->map) status = classify_check_map(j->points, error);
    if (!status && j->held_out) status = wl_points_read(&j->validation, j->held_out, error);
    if (status || !j->validation) return status;
    return wl_points_renumber(j->validation, wl_points_classes(j->points), error);
}

static wl_status prepare(void *user, wl_error *error)
{
    job *j = user;
    progress *p = &j->epochs.run.report;
    p->tell_loss = tell_loss;
    p->unit = "points";
    wl_status status = find_points(j, error);
    if (!status)
        status = wl_classifier_create(&j->model, j->epochs.ctx, &j->config,
                                      wl_points_features(j->points), wl_points_classes(j->points),
                                      error);
    if (status) return status;
    progress_note(
        p,
        "%" PRId64 " points of %" PRId64 " numbers and %" PRId64 " classes, %" PRId64 " parameters",
        wl_points_size(j->points), wl_points_features(j->points),
        wl_vocabulary_size(wl_points_classes(j->points)), wl_classifier_parameters(j->model));
    return WL_OK;
}

static wl_status train(void *user, wl_error *error)
{
    job *j = user;
    return wl_classifier_train(j->model, j->points, j->validation, epoch_run_report, &j->epochs,
                               &training_stop, error);
}

/* How much of what it has learned from the model tells right, and the map of it. */
static int look_at(job *j)
{
    wl_error error;
    double loss;
    int64_t right;
    const int64_t N = wl_points_size(j->points);
    wl_status status = wl_classifier_evaluate(j->model, j->points, &loss, &right, NULL, &error);
    if (!status && j->map) status = classify_map(j->model, j->points, j->map, &error);
    if (status) return fail(status, &error);
    progress_note(&j->epochs.run.report, "%" PRId64 " of %" PRId64 " points right: %.2f %%", right,
                  N, 100 * (double)right / (double)N);
    return EXIT_DONE;
}

/* ------------------------------------------------------------------ options */

static void add_files(option_row to[EPOCH_ROWS], job *j)
{
    const option_row rows[] = {
        { .name = "data",
          .kind = OPTION_TEXT,
          .value = &j->data,
          .placeholder = "DATA",
          .help = "spiral, or a file of comma-separated values; - for stdin",
          .required = true },
        { .name = "out",
          .kind = OPTION_TEXT,
          .value = &j->epochs.run.out,
          .placeholder = "FILE",
          .help = "where to write the model (safetensors)",
          .required = true },
        { .name = "valid",
          .kind = OPTION_TEXT,
          .value = &j->held_out,
          .placeholder = "FILE",
          .help = "points that tell the best epoch, and when --lr is lowered" },
        { .name = "plot",
          .kind = OPTION_TEXT,
          .value = &j->epochs.plot,
          .placeholder = "FILE",
          .help = "a picture of the run's curves: .png, .svg or .pdf" },
        { .name = "map",
          .kind = OPTION_TEXT,
          .value = &j->map,
          .placeholder = "FILE",
          .help = "a picture of the points, and of the classes' regions" },
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
}

static void add_model(option_row to[EPOCH_ROWS], job *j)
{
    const option_row rows[] = {
        { .name = "hidden",
          .kind = OPTION_INTEGER,
          .value = &j->config.hidden,
          .low = 1,
          .high = 65536,
          .help = "units of the hidden layer" },
        { .name = "activation",
          .kind = OPTION_CHOICE,
          .value = &j->config.activation,
          .choices = wl_classifier_activations,
          .help = "of the hidden layer" },
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
}

static const char summary[] =
    "Learns to tell classes of points: a network of two layers, by cross entropy.\n"
    "\n"
    "DATA is \"spiral\", the three arms of chapter 1 of \"Deep Learning from Scratch 2\", drawn "
    "from\n"
    "--seed; or a file in which each line has the numbers of a point and then its class, any "
    "text,\n"
    "apart by commas. A first line without a number is taken for the columns' names.\n"
    "\n"
    "With --valid the model of the best epoch is written; without it the last one is. The same\n"
    "points, options and seed give the same model, to the bit, on one machine. A run that was\n"
    "stopped goes on with --resume.";

static int read_options(job *j, int count, char **args)
{
    option_row rows[EPOCH_ROWS] = { { 0 } };
    wl_classifier_config *c = &j->config;
    *c = wl_classifier_defaults();
    const epoch_fields fields = { .optimizer = &c->optimizer,
                                  .dtype = &c->dtype,
                                  .batch = &c->batch,
                                  .epochs = &c->epochs,
                                  .patience = &c->patience,
                                  .lr = &c->lr,
                                  .clip = &c->clip,
                                  .decay = &c->decay,
                                  .seed = &c->seed,
                                  .optimizers = wl_classifier_optimizers,
                                  .batch_help = "points a step" };
    j->usual = epoch_options_of(&fields);
    add_files(rows, j);
    add_model(rows, j);
    epoch_options_descent(rows, &j->usual);
    const int status =
        epoch_options_read(&j->usual, &j->epochs, "classify train", summary, rows, count, args);
    if (status != OPTIONS_READ) return status;
    return j->map && plot_check("--map", j->map) ? EXIT_USAGE : OPTIONS_READ;
}

int run_classify_train(int count, char **args)
{
    job j = { .epochs = { .run = { .save = save, .load = load, .user = &j },
                          .prepare = prepare,
                          .train = train,
                          .at_best = at_best,
                          .write = write_model,
                          .draw = draw,
                          .right = "right" } };
    int code = read_options(&j, count, args);
    if (code != OPTIONS_READ) return code;
    const training_path files[] = { { "--data", j.data, false },
                                    { "--valid", j.held_out, false },
                                    { "--plot", j.epochs.plot, true },
                                    { "--map", j.map, true },
                                    { 0 } };
    code = epoch_run_go(&j.epochs, &j.usual.common, files);
    if (!code) code = look_at(&j);
    wl_classifier_destroy(j.model);
    wl_points_destroy(j.validation);
    wl_points_destroy(j.points);
    wl_ctx_destroy(j.epochs.ctx);
    return training_end(&j.epochs.run, code);
}
