/* The options of wordloom vectors train, and its help. */
#include "vectors_train_options.h"
#include "program.h"
#include "vectors_format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is given as a word and is something else in the configuration. */
typedef struct words {
    int format, loss, negatives, context, distances; /* numbers of choices */
    bool hogwild;
    const char *subword;
    int64_t memory; /* MiB */
} words;

enum { ROWS = 40 };

/* Methods that options are for. */
enum {
    LEARNING = 1 << METHOD_SKIPGRAM | 1 << METHOD_CBOW,
    SVD = 1 << METHOD_SVD,
    PPMI = 1 << METHOD_PPMI | SVD,
    COUNTING = 1 << METHOD_COUNT | PPMI,
};

static void add_files(option_row to[ROWS], train_options *o, training_run *run, words *w)
{
    options_append(to, ROWS,
                   (const option_row[]){
                       { .name = "corpus",
                         .kind = OPTION_TEXT,
                         .value = &o->corpus,
                         .placeholder = "FILE",
                         .help = "text to learn from, - for stdin",
                         .required = true },
                       { .name = "out",
                         .kind = OPTION_TEXT,
                         .value = &run->out,
                         .placeholder = "FILE",
                         .help = "where to write the vectors",
                         .required = true },
                       { .name = "format",
                         .kind = OPTION_CHOICE,
                         .value = &w->format,
                         .choices = format_choices,
                         .help = "name: as its name ends, such as .txt or .safetensors" },
                       { .name = "min-count",
                         .kind = OPTION_INTEGER,
                         .value = &o->min_count,
                         .low = 1,
                         .high = 0x1p62,
                         .help = "rarer words are left out" },
                       { .name = "max-vocab",
                         .kind = OPTION_INTEGER,
                         .value = &o->max_vocabulary,
                         .high = 0x7fffffff,
                         .help = "only so many words, the most frequent; 0: all" },
                       { .name = "save-vocab",
                         .kind = OPTION_TEXT,
                         .value = &o->save_vocabulary,
                         .placeholder = "FILE",
                         .help = "write words and counts, before training" },
                       { .name = "read-vocab",
                         .kind = OPTION_TEXT,
                         .value = &o->read_vocabulary,
                         .placeholder = "FILE",
                         .help = "words and counts instead of counting; no --min-count" },
                       { .name = "window",
                         .kind = OPTION_INTEGER,
                         .value = &o->config.window,
                         .low = 1,
                         .high = 1000,
                         .help = "context words to either side at most" },
                       { 0 },
                   });
}

static void add_method(option_row to[ROWS], train_options *o)
{
    static const char *const methods[] = { "skipgram", "cbow", "count", "ppmi", "svd", NULL };
    options_append(
        to, ROWS,
        (const option_row[]){
            { .name = "method",
              .kind = OPTION_CHOICE,
              .value = &o->method,
              .choices = methods,
              .help = "learn by windows, or count them; ppmi: against chance; svd: of that" },
            { 0 },
        });
}

static void add_width(option_row to[ROWS], wl_word2vec_config *c)
{
    options_append(to, ROWS,
                   (const option_row[]){
                       { .name = "dim",
                         .kind = OPTION_INTEGER,
                         .value = &c->dim,
                         .low = 1,
                         .high = 65536,
                         .help = "numbers a vector",
                         .only = LEARNING | SVD },
                       { 0 },
                   });
}

static void add_model(option_row to[ROWS], wl_word2vec_config *c, words *w)
{
    static const char *const contexts[] = { "mean", "corrected", "sum", NULL };
    options_append(to, ROWS,
                   (const option_row[]){
                       { .name = "context",
                         .kind = OPTION_CHOICE,
                         .value = &w->context,
                         .choices = contexts,
                         .help = "cbow: what of the context; corrected: gradients too" },
                       { .name = "init-range",
                         .kind = OPTION_REAL,
                         .value = &c->init_range,
                         .high = 1e6,
                         .help = "vectors begin within plus or minus X/dim" },
                       { .name = "subword",
                         .kind = OPTION_TEXT,
                         .value = &w->subword,
                         .placeholder = "MIN-MAX",
                         .help = "learn n-grams of so many characters too" },
                       { .name = "buckets",
                         .kind = OPTION_INTEGER,
                         .value = &c->subword.buckets,
                         .low = 1,
                         .high = 0x7fffffff,
                         .help = "rows that n-grams share" },
                       { 0 },
                   });
}

static void add_loss(option_row to[ROWS], wl_word2vec_config *c, words *w)
{
    static const char *const losses[] = { "negative", "hs", "softmax", NULL };
    static const char *const negatives[] = { "window", "pair", NULL };
    options_append(to, ROWS,
                   (const option_row[]){
                       { .name = "loss",
                         .kind = OPTION_CHOICE,
                         .value = &w->loss,
                         .choices = losses,
                         .help = "negative sampling, hierarchical softmax, or over all words" },
                       { .name = "negative",
                         .kind = OPTION_INTEGER,
                         .value = &c->negative,
                         .low = 1,
                         .high = 1000,
                         .help = "negatives drawn at a time" },
                       { .name = "negatives-per",
                         .kind = OPTION_CHOICE,
                         .value = &w->negatives,
                         .choices = negatives,
                         .help = "drawn for a centre word, or for each pair of it" },
                       { .name = "noise-power",
                         .kind = OPTION_REAL,
                         .value = &c->power,
                         .low = -10,
                         .high = 10,
                         .help = "of counts, by which negatives are drawn" },
                       { 0 },
                   });
}

static void add_training(option_row to[ROWS], wl_word2vec_config *c, words *w)
{
    options_append(to, ROWS,
                   (const option_row[]){
                       { .name = "sample",
                         .kind = OPTION_REAL,
                         .value = &c->sample,
                         .high = HUGE_VAL,
                         .help = "subsampling of frequent words, 0 for none" },
                       { .name = "epochs",
                         .kind = OPTION_INTEGER,
                         .value = &c->epochs,
                         .low = 1,
                         .high = 100000,
                         .help = "passes over the text" },
                       { .name = "lr",
                         .kind = OPTION_REAL,
                         .value = &c->lr,
                         .low = 1e-30,
                         .high = 1000,
                         .help = "first learning rate, which then falls" },
                       { .name = "min-lr-fraction",
                         .kind = OPTION_REAL,
                         .value = &c->min_lr_fraction,
                         .low = 0,
                         .high = 1,
                         .help = "of the first learning rate: what it falls to" },
                       { .name = "batch",
                         .kind = OPTION_INTEGER,
                         .value = &c->batch,
                         .high = 1048576,
                         .help = "centre words a mini-batch, 0: by method" },
                       { .name = "cap",
                         .kind = OPTION_REAL,
                         .value = &c->cap,
                         .low = -1,
                         .high = HUGE_VAL,
                         .help = "updates of a row a mini-batch at most, 0: all, -1: by method" },
                       { .name = "hogwild",
                         .kind = OPTION_FLAG,
                         .value = &w->hogwild,
                         .help = "no mini-batches: threads race, which is faster" },
                       { 0 },
                   });
}

static void add_counting(option_row to[ROWS], wl_counts_config *c, words *w)
{
    static const char *const distances[] = { "uniform", "harmonic", "linear", NULL };
    options_append(to, ROWS,
                   (const option_row[]){
                       { .name = "distance-weights",
                         .kind = OPTION_CHOICE,
                         .value = &w->distances,
                         .choices = distances,
                         .help = "of neighbours: 1, 1/distance, or from 1 falling by 1/window",
                         .only = COUNTING },
                       { .name = "memory",
                         .kind = OPTION_INTEGER,
                         .value = &w->memory,
                         .low = 1,
                         .high = 0x1p42,
                         .help = "MiB to count in; what does not fit goes to $TMPDIR",
                         .only = COUNTING },
                       { .name = "context-power",
                         .kind = OPTION_REAL,
                         .value = &c->power,
                         .high = 1,
                         .help = "of contexts' sums: 0.75 smooths them",
                         .only = PPMI },
                       { .name = "shift",
                         .kind = OPTION_REAL,
                         .value = &c->shift,
                         .low = 1,
                         .high = 1e9,
                         .help = "subtract log2 X, as X negatives would",
                         .only = PPMI },
                       { .name = "epsilon",
                         .kind = OPTION_REAL,
                         .value = &c->eps,
                         .high = 1,
                         .help = "added within the logarithm",
                         .only = PPMI },
                       { 0 },
                   });
}

static void add_factoring(option_row to[ROWS], train_options *o)
{
    options_append(to, ROWS,
                   (const option_row[]){
                       { .name = "singular-power",
                         .kind = OPTION_REAL,
                         .value = &o->singular_power,
                         .high = 1,
                         .help = "vectors are singular ones by this power of their values",
                         .only = SVD },
                       { .name = "iterations",
                         .kind = OPTION_INTEGER,
                         .value = &o->svd.iterations,
                         .low = 1,
                         .high = 64,
                         .help = "products with the matrix: more are more exact",
                         .only = SVD },
                       { 0 },
                   });
}

static const char summary[] =
    "Learns word vectors from a text with one sentence a line and words apart by spaces, as\n"
    "word2vec does, or with n-grams as fastText does; by negative sampling (which the options of\n"
    "negatives are for), hierarchical softmax, or the softmax over all words: that takes long for\n"
    "more than some thousand (--max-vocab). Or counts how often\n"
    "words stand near each other, or by how much more often than by chance (positive pointwise\n"
    "mutual information), into a sparse matrix of safetensors; or finds the vectors of its "
    "largest\n"
    "singular values.\n"
    "\n"
    "The same text, options and seed give the same vectors, to the bit, on one machine, for any\n"
    "number of threads; with --hogwild only with --threads 1 on the CPU. A run that was stopped\n"
    "and resumed gives the same as one that was not.\n"
    "\n"
    "Every so often a run that learns is kept in a checkpoint, which is removed when the vectors "
    "are\n"
    "written. SIGINT and SIGTERM keep it there too and end with 130; a second signal ends it at\n"
    "once. The same command with --resume goes on.";

/* "3-6" */
static int read_subword(const char *text, wl_subword *to)
{
    if (!text) {
        to->buckets = 0;
        return OPTIONS_READ;
    }
    if (wl_subword_parse(to, text) && to->min >= 1 && to->max >= to->min) return OPTIONS_READ;
    say("--subword: expected MIN-MAX such as 3-6, from 1 to 64, found \"%s\" (see wordloom vectors "
        "train --help)",
        text);
    return EXIT_USAGE;
}

/* Puts the words into the configuration. */
static int settle(train_options *o, const training_run *run, const words *w)
{
    static const int dtypes[] = { WL_F32, WL_F16, WL_BF16 };
    wl_word2vec_config *c = &o->config;
    c->method = o->method == METHOD_CBOW ? WL_CBOW : WL_SKIPGRAM;
    c->loss = w->loss;
    c->negatives = w->negatives;
    c->context = w->context;
    c->hogwild = w->hogwild;
    c->dtype = dtypes[o->common.dtype];
    c->seed = (uint64_t)o->common.seed;
    const int status = read_subword(w->subword, &c->subword);
    if (status != OPTIONS_READ) return status;
    if (c->loss == WL_WORD2VEC_SOFTMAX && (c->hogwild || w->subword)) {
        say("--loss softmax takes no %s (see wordloom vectors train --help)",
            c->hogwild ? "--hogwild" : "--subword");
        return EXIT_USAGE;
    }
    const int code = format_choose("--out", run->out, w->format, &o->format);
    return code ? code : OPTIONS_READ;
}

static int settle_counting(train_options *o, training_run *run, const words *w)
{
    wl_counts_config *c = &o->counts;
    c->window = o->config.window;
    c->memory = w->memory << 20;
    c->distances = w->distances;
    c->method = o->method == METHOD_COUNT ? WL_COUNTS : WL_COUNTS_PPMI;
    o->svd.k = o->config.dim;
    o->svd.block = 0;
    o->svd.seed = (uint64_t)o->common.seed;
    run->checkpoint_every = 0;
    const int code = format_choose("--out", run->out, w->format, &o->format);
    if (code) return code;
    if (o->format == WL_VECTORS_SAFETENSORS || o->method == METHOD_SVD) return OPTIONS_READ;
    say("--out: counts are written as safetensors alone, as --format safetensors or a name that "
        "ends so asks for");
    return EXIT_USAGE;
}

/* Counting draws nothing, and what is not learned is of 32 bits. */
static void restrict_common(option_row *row)
{
    for (; row->name; row++) {
        if (!strcmp(row->name, "dtype")) row->only = LEARNING;
        if (!strcmp(row->name, "seed")) row->only = LEARNING | SVD;
    }
}

static void add_options(option_row rows[ROWS], train_options *o, training_run *run, words *w)
{
    option_row learning[ROWS] = { { 0 } }, checkpoints[TRAINING_ROWS];
    add_files(rows, o, run, w);
    add_method(rows, o);
    add_width(rows, &o->config);
    add_model(learning, &o->config, w);
    add_loss(learning, &o->config, w);
    add_training(learning, &o->config, w);
    training_options(run, checkpoints);
    options_append(learning, ROWS, checkpoints);
    options_restrict(learning, LEARNING);
    options_append(rows, ROWS, learning);
    add_counting(rows, &o->counts, w);
    add_factoring(rows, o);
}

int train_options_read(train_options *o, training_run *run, int count, char **args)
{
    *o = (train_options){ .config = wl_word2vec_defaults(),
                          .counts = wl_counts_defaults(),
                          .svd = wl_svd_defaults(1),
                          .singular_power = 0.5,
                          .min_count = 5 };
    words w = { .memory = o->counts.memory >> 20 };
    option_row rows[ROWS] = { { 0 } }, common[COMMON_ROWS];
    const subcommand command = { .name = "vectors train",
                                 .arguments = "",
                                 .summary = summary,
                                 .options = rows,
                                 .common = common,
                                 .decisive = "method" };
    int first;
    o->config.subword.buckets = 2000000;
    add_options(rows, o, run, &w);
    options_common(&o->common, common);
    restrict_common(common);
    const int status = options_read(&command, count, args, &first);
    if (status != OPTIONS_READ) return status;
    return 1 << o->method & LEARNING ? settle(o, run, &w) : settle_counting(o, run, &w);
}
