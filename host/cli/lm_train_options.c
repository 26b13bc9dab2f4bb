/* The options of wordloom lm train, and its help. */
#include "lm_train_options.h"

#include "plot.h"
#include "program.h"

#include <math.h>

/* What is a word, or a flag, and a number in the configuration. */
typedef struct words {
    int level, cell, optimizer; /* numbers of choices */
    bool tie, variational, residual, norm;
} words;

enum { ROWS = 48 };

static void add_files(option_row to[ROWS], lm_train_options *o, training_run *run, words *w)
{
    const option_row rows[] = {
        { .name = "corpus",
          .kind = OPTION_TEXT,
          .value = &o->corpus,
          .placeholder = "FILE",
          .help = "text to learn from, - for stdin",
          .required = true },
        { .name = "valid",
          .kind = OPTION_TEXT,
          .value = &o->validation,
          .placeholder = "FILE",
          .help = "text that tells the best epoch, and when --lr is lowered" },
        { .name = "out",
          .kind = OPTION_TEXT,
          .value = &run->out,
          .placeholder = "FILE",
          .help = "where to write the model (safetensors)",
          .required = true },
        { .name = "init",
          .kind = OPTION_TEXT,
          .value = &o->init,
          .placeholder = "FILE",
          .help = "a model to begin with; vocabulary and layers are its own" },
        { .name = "plot",
          .kind = OPTION_TEXT,
          .value = &o->plot,
          .placeholder = "FILE",
          .help = "a picture of the run's curves: .png, .svg or .pdf" },
        { .name = "level",
          .kind = OPTION_CHOICE,
          .value = &w->level,
          .choices = wl_lm_levels,
          .help = "what the tokens are" },
        { .name = "min-count",
          .kind = OPTION_INTEGER,
          .value = &o->min_count,
          .low = 1,
          .high = 0x1p62,
          .help = "rarer tokens become <unk>" },
        { .name = "max-vocab",
          .kind = OPTION_INTEGER,
          .value = &o->max_vocabulary,
          .high = 0x1p31,
          .help = "tokens at most, 0: any number" },
        { 0 },
    };
    options_append(to, ROWS, rows);
}

static void add_model(option_row to[ROWS], wl_lm_config *c, words *w)
{
    const option_row rows[] = {
        { .name = "cell",
          .kind = OPTION_CHOICE,
          .value = &w->cell,
          .choices = wl_cells,
          .help = "of the recurrent layers" },
        { .name = "layers",
          .kind = OPTION_INTEGER,
          .value = &c->layers,
          .low = 1,
          .high = WL_LM_MOST_LAYERS,
          .help = "recurrent layers" },
        { .name = "embed",
          .kind = OPTION_INTEGER,
          .value = &c->embed,
          .low = 1,
          .high = 65536,
          .help = "numbers a token's vector" },
        { .name = "hidden",
          .kind = OPTION_INTEGER,
          .value = &c->hidden,
          .low = 1,
          .high = 65536,
          .help = "units a layer" },
        { .name = "dropout",
          .kind = OPTION_REAL,
          .value = &c->dropout,
          .high = 0.999,
          .help = "part of what enters and leaves layers that is dropped" },
        { .name = "variational",
          .kind = OPTION_FLAG,
          .value = &w->variational,
          .help = "drop the same for all steps of a pass" },
        { .name = "weight-drop",
          .kind = OPTION_REAL,
          .value = &c->weight_drop,
          .high = 0.999,
          .help = "part of the recurrent weights that is dropped" },
        { .name = "zoneout",
          .kind = OPTION_REAL,
          .value = &c->zoneout,
          .high = 0.999,
          .help = "part of the states that holds from step to step" },
        { .name = "zoneout-c",
          .kind = OPTION_REAL,
          .value = &c->zoneout_c,
          .high = 0.999,
          .help = "the same of an lstm's cell states" },
        { .name = "residual",
          .kind = OPTION_FLAG,
          .value = &w->residual,
          .help = "add to each layer its input, where both are as wide" },
        { .name = "norm",
          .kind = OPTION_FLAG,
          .value = &w->norm,
          .help = "normalise what enters each layer" },
        { .name = "tie",
          .kind = OPTION_FLAG,
          .value = &w->tie,
          .help = "the output's weights are the embedding" },
        { 0 },
    };
    options_append(to, ROWS, rows);
}

static void add_training(option_row to[ROWS], wl_lm_config *c, words *w)
{
    const option_row rows[] = {
        { .name = "epochs",
          .kind = OPTION_INTEGER,
          .value = &c->epochs,
          .low = 1,
          .high = 100000,
          .help = "passes over the text" },
        { .name = "batch",
          .kind = OPTION_INTEGER,
          .value = &c->batch,
          .low = 1,
          .high = 65536,
          .help = "streams that are read side by side" },
        { .name = "time",
          .kind = OPTION_INTEGER,
          .value = &c->time,
          .low = 1,
          .high = 65536,
          .help = "steps that gradients go back" },
        { .name = "optimizer",
          .kind = OPTION_CHOICE,
          .value = &w->optimizer,
          .choices = wl_lm_optimizers,
          .help = "how gradients move parameters" },
        { .name = "lr",
          .kind = OPTION_REAL,
          .value = &c->lr,
          .low = 1e-30,
          .high = 1e6,
          .help = "learning rate; with adam try 0.001" },
        { .name = "clip",
          .kind = OPTION_REAL,
          .value = &c->clip,
          .high = HUGE_VAL,
          .help = "norm of the gradients at most, 0: any" },
        { .name = "decay",
          .kind = OPTION_REAL,
          .value = &c->decay,
          .high = 1,
          .help = "factor of --lr after an epoch that is not the best" },
        { .name = "patience",
          .kind = OPTION_INTEGER,
          .value = &c->patience,
          .high = 100000,
          .help = "epochs without a better one that end the run, 0: none" },
        { 0 },
    };
    options_append(to, ROWS, rows);
}

static const char summary[] =
    "Learns a recurrent language model from a text with one sentence a line, of its words or of\n"
    "its characters, by truncated back-propagation.\n"
    "\n"
    "With --valid the model of the best epoch is written, and the learning rate is lowered where\n"
    "an epoch is not the best; without it the last one is. The defaults are the LSTM of chapter 6\n"
    "of \"Deep Learning from Scratch 2\".\n"
    "\n"
    "The same text, options and seed give the same model, to the bit, on one machine, for any\n"
    "number of threads. Every so often the run is kept in a checkpoint, which is removed at its\n"
    "end. SIGINT and SIGTERM keep it there too and end with 130; a second signal ends it at once.\n"
    "The same command with --resume goes on, with the same bits as one that was not stopped.\n"
    "\n"
    "With --init a new run begins with the numbers of a model file, written here or by others:\n"
    "vocabulary, level, cell, layers, embed, hidden, tie, residual and norm are the file's,\n"
    "whatever the options say.";

/* Puts the words into the configuration. */
static int settle(lm_train_options *o, const words *w)
{
    static const int dtypes[] = { WL_F32, WL_F16, WL_BF16 };
    wl_lm_config *c = &o->config;
    if (o->plot && plot_check("--plot", o->plot)) return EXIT_USAGE;
    c->level = w->level;
    c->cell = w->cell;
    c->optimizer = w->optimizer;
    c->tie = w->tie;
    c->variational = w->variational;
    c->residual = w->residual;
    c->norm = w->norm;
    c->dtype = dtypes[o->common.dtype];
    c->seed = (uint64_t)o->common.seed;
    if (o->init) return OPTIONS_READ; /* the layers are the file's */
    if (c->zoneout_c > 0 && c->cell != WL_CELL_LSTM) {
        say("--zoneout-c: expected --cell=lstm, which alone has cell states, found %s (see "
            "wordloom "
            "lm train --help)",
            wl_cells[c->cell]);
        return EXIT_USAGE;
    }
    if (!c->tie || c->embed == c->hidden) return OPTIONS_READ;
    say("--tie: expected --embed and --hidden to be the same, found %lld and %lld (see wordloom lm "
        "train --help)",
        (long long)c->embed, (long long)c->hidden);
    return EXIT_USAGE;
}

int lm_train_options_read(lm_train_options *o, training_run *run, int count, char **args)
{
    words w;
    option_row rows[ROWS] = { { 0 } }, common[COMMON_ROWS], checkpoints[TRAINING_ROWS];
    const subcommand command = {
        .name = "lm train", .arguments = "", .summary = summary, .options = rows, .common = common
    };
    int first;
    *o = (lm_train_options){ .config = wl_lm_defaults(), .min_count = 1 };
    w = (words){ .level = o->config.level,
                 .cell = o->config.cell,
                 .optimizer = o->config.optimizer };
    add_files(rows, o, run, &w);
    add_model(rows, &o->config, &w);
    add_training(rows, &o->config, &w);
    training_options(run, checkpoints);
    options_append(rows, ROWS, checkpoints);
    options_common(&o->common, common);
    const int status = options_read(&command, count, args, &first);
    return status == OPTIONS_READ ? settle(o, &w) : status;
}
