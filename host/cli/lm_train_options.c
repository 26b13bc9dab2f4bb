/* The options of wordloom lm train, and its help. */
#include "lm_train_options.h"

#include "program.h"

/* What is a flag, and a number in the configuration. */
typedef struct flags {
    bool variational, norm;
} flags;

static void add_texts(option_row to[EPOCH_ROWS], lm_train_options *o)
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
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
}

static void add_model(option_row to[EPOCH_ROWS], wl_lm_config *c, flags *f)
{
    const option_row rows[] = {
        { .name = "variational",
          .kind = OPTION_FLAG,
          .value = &f->variational,
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
        { .name = "norm",
          .kind = OPTION_FLAG,
          .value = &f->norm,
          .help = "normalise what enters each layer" },
        { .name = "time",
          .kind = OPTION_INTEGER,
          .value = &c->time,
          .low = 1,
          .high = 65536,
          .help = "steps that gradients go back" },
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
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

/* Puts the flags into the configuration. */
static int settle(lm_train_options *o, const flags *f)
{
    wl_lm_config *c = &o->config;
    c->variational = f->variational;
    c->norm = f->norm;
    if (o->usual.init) return OPTIONS_READ; /* the layers are the file's */
    if (c->zoneout_c > 0 && c->cell != WL_CELL_LSTM) {
        say("--zoneout-c: expected --cell=lstm, which alone has cell states, found %s (see "
            "wordloom lm train --help)",
            wl_cells[c->cell]);
        return EXIT_USAGE;
    }
    if (!c->tie || c->embed == c->hidden) return OPTIONS_READ;
    say("--tie: expected --embed and --hidden to be the same, found %lld and %lld (see wordloom lm "
        "train --help)",
        (long long)c->embed, (long long)c->hidden);
    return EXIT_USAGE;
}

int lm_train_options_read(lm_train_options *o, epoch_run *run, int count, char **args)
{
    option_row rows[EPOCH_ROWS] = { { 0 } };
    flags f = { 0 };
    *o = (lm_train_options){ .config = wl_lm_defaults() };
    wl_lm_config *c = &o->config;
    const epoch_fields fields = { .level = &c->level,
                                  .cell = &c->cell,
                                  .residual = &c->residual,
                                  .tie = &c->tie,
                                  .optimizer = &c->optimizer,
                                  .dtype = &c->dtype,
                                  .layers = &c->layers,
                                  .embed = &c->embed,
                                  .hidden = &c->hidden,
                                  .batch = &c->batch,
                                  .epochs = &c->epochs,
                                  .patience = &c->patience,
                                  .dropout = &c->dropout,
                                  .lr = &c->lr,
                                  .clip = &c->clip,
                                  .decay = &c->decay,
                                  .seed = &c->seed,
                                  .optimizers = wl_lm_optimizers,
                                  .batch_help = "streams that are read side by side" };
    o->usual = epoch_options_of(&fields);
    add_texts(rows, o);
    epoch_options_files(rows, &o->usual, run);
    epoch_options_layers(rows, &o->usual);
    add_model(rows, c, &f);
    epoch_options_descent(rows, &o->usual);
    const int status = epoch_options_read(&o->usual, run, "lm train", summary, rows, count, args);
    return status == OPTIONS_READ ? settle(o, &f) : status;
}
