/* The options of wordloom seq2seq train, and its help. */
#include "seq2seq_train_options.h"

#include "program.h"

#include <inttypes.h>

/* What is a word, or a flag, and a number in the configuration. */
typedef struct words {
    int model, score; /* numbers of choices */
    bool reverse, bidirectional, shared;
} words;

static const int64_t EXAMPLES = 50000;
static const double HELD_OUT = 0.1;

static void add_examples(option_row to[EPOCH_ROWS], seq2seq_train_options *o)
{
    option_row made[SEQ2SEQ_TASK_ROWS];
    const option_row rows[] = {
        { .name = "pairs",
          .kind = OPTION_TEXT,
          .value = &o->pairs,
          .placeholder = "FILE",
          .help = "or read them, one a line, - for stdin" },
        { .name = "held-out",
          .kind = OPTION_REAL,
          .value = &o->held_out,
          .high = 0.999,
          .help = "part of them that is for validation, 0: none" },
        { .name = "valid",
          .kind = OPTION_TEXT,
          .value = &o->validation,
          .placeholder = "FILE",
          .help = "or read what is for validation" },
        { .name = "translated",
          .kind = OPTION_INTEGER,
          .value = &o->translated,
          .high = 0x7fffffff,
          .help = "of these at most are translated after an epoch" },
        { 0 },
    };
    seq2seq_task_options(&o->task, EXAMPLES, made);
    options_append(to, EPOCH_ROWS, made);
    options_append(to, EPOCH_ROWS, rows);
}

static void add_model(option_row to[EPOCH_ROWS], wl_seq2seq_config *c, words *w)
{
    const option_row rows[] = {
        { .name = "shared",
          .kind = OPTION_FLAG,
          .value = &w->shared,
          .help = "one vocabulary for both sides" },
        { .name = "pool",
          .kind = OPTION_INTEGER,
          .value = &c->pool,
          .low = 1,
          .high = 65536,
          .help = "batches sorted by length at a time: more pad less, but mix worse" },
        { .name = "model",
          .kind = OPTION_CHOICE,
          .value = &w->model,
          .choices = wl_seq2seq_models,
          .help = "what the decoder sees of the source" },
        { .name = "score",
          .kind = OPTION_CHOICE,
          .value = &w->score,
          .choices = wl_seq2seq_scores,
          .help = "how attention compares the two sides" },
        { .name = "reverse",
          .kind = OPTION_FLAG,
          .value = &w->reverse,
          .help = "read sources from their end on" },
        { .name = "bidirectional",
          .kind = OPTION_FLAG,
          .value = &w->bidirectional,
          .help = "half the encoder's first layer reads backwards" },
        { .name = "smoothing",
          .kind = OPTION_REAL,
          .value = &c->smoothing,
          .high = 0.999,
          .help = "part of each label that goes to all tokens alike" },
        { 0 },
    };
    options_append(to, EPOCH_ROWS, rows);
}

static const char summary[] =
    "Learns to write a target for a source from pairs of both: an encoder reads the source, a\n"
    "decoder writes the target. The pairs are those of a task, such as 16+75 and 91 (see wordloom\n"
    "seq2seq examples), or of a file: on each line a source, a tab and its target, or\n"
    "source_target, as in \"Deep Learning from Scratch 2\".\n"
    "\n"
    "Of the source the decoder sees besides its end (--model=plain) the last output of the "
    "encoder\n"
    "at every step (peeky), or what it pays attention to (attention; --score says how).\n"
    "\n"
    "The model of the epoch with the best validation loss is written; without validation the last\n"
    "one is. \"exact\" is how many of the validation's targets the model writes to the letter.\n"
    "\n"
    "The same pairs, options and seed give the same model, to the bit, on one machine, for any\n"
    "number of threads. Every so often the run is kept in a checkpoint, which is removed at its\n"
    "end. SIGINT and SIGTERM keep it there too and end with 130; a second signal ends it at once.\n"
    "The same command with --resume goes on, with the same bits as one that was not stopped.\n"
    "\n"
    "With --init a new run begins with the numbers of a model file, written here or by others:\n"
    "vocabularies, level, model, score, cell, layers, embed, hidden, reverse, bidirectional,\n"
    "residual, shared and tie are the file's, whatever the options say.";

/* ------------------------------------------------------------------ what goes together */

static int refuse_examples(const seq2seq_train_options *o)
{
    static const char help[] = "(see wordloom seq2seq train --help)";
    const bool held_out_too = o->held_out > 0 && o->held_out != HELD_OUT;
    if (o->task.task < 0 && !o->pairs)
        say("--task or --pairs is missing %s", help);
    else if (o->task.task >= 0 && o->pairs)
        say("--task and --pairs: expected one of them %s", help);
    else if (o->pairs && o->task.examples != EXAMPLES)
        say("--examples: expected --task with it, found --pairs, which has its own %s", help);
    else if (o->validation && held_out_too)
        say("--held-out and --valid: expected one of them %s", help);
    else
        return OPTIONS_READ;
    return EXIT_USAGE;
}

static int refuse_model(const wl_seq2seq_config *c)
{
    static const char help[] = "(see wordloom seq2seq train --help)";
    const int64_t read = c->model == WL_SEQ2SEQ_PLAIN ? c->hidden : 2 * c->hidden;
    if (c->score != WL_SCORE_DOT && c->model != WL_SEQ2SEQ_ATTENTION)
        say("--score: expected --model=attention, which alone scores, found %s %s",
            wl_seq2seq_models[c->model], help);
    else if (c->bidirectional && c->hidden % 2)
        say("--bidirectional: expected --hidden to be even, found %" PRId64 " %s", c->hidden, help);
    else if (c->tie && c->embed != read)
        say("--tie: expected --embed to be %s--hidden with --model=%s, found %" PRId64
            " and %" PRId64 " %s",
            c->model == WL_SEQ2SEQ_PLAIN ? "" : "twice ", wl_seq2seq_models[c->model], c->embed,
            c->hidden, help);
    else
        return OPTIONS_READ;
    return EXIT_USAGE;
}

/* Puts the words into the configuration. */
static int settle(seq2seq_train_options *o, const words *w)
{
    wl_seq2seq_config *c = &o->config;
    c->model = w->model;
    c->score = w->score;
    c->reverse = w->reverse;
    c->bidirectional = w->bidirectional;
    c->shared = w->shared;
    const int code = refuse_examples(o);
    if (code != OPTIONS_READ || o->usual.init) return code; /* the layers are the file's */
    return refuse_model(c);
}

int seq2seq_train_options_read(seq2seq_train_options *o, epoch_run *run, int count, char **args)
{
    option_row rows[EPOCH_ROWS] = { { 0 } };
    *o = (seq2seq_train_options){ .config = wl_seq2seq_defaults(),
                                  .held_out = HELD_OUT,
                                  .translated = 5000 };
    wl_seq2seq_config *c = &o->config;
    words w = { .model = c->model, .score = c->score };
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
                                  .optimizers = wl_seq2seq_optimizers,
                                  .batch_help = "pairs of a step" };
    o->usual = epoch_options_of(&fields);
    add_examples(rows, o);
    epoch_options_files(rows, &o->usual, run);
    add_model(rows, c, &w);
    epoch_options_layers(rows, &o->usual);
    epoch_options_descent(rows, &o->usual);
    const int status =
        epoch_options_read(&o->usual, run, "seq2seq train", summary, rows, count, args);
    return status == OPTIONS_READ ? settle(o, &w) : status;
}
