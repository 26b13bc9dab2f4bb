/* wordloom vectors train: word vectors from a text. */
#include "devices.h"
#include "options.h"
#include "program.h"
#include "progress.h"
#include "vectors_format.h"

#include <wordloom/nn/file.h>
#include <wordloom/nn/word2vec.h>

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

typedef struct settings {
    common_options common;
    wl_word2vec_config config;
    const char *method, *corpus, *out;
    int choice, optimizer; /* numbers of choices */
    wl_vectors_format format;
    int64_t min_count;
} settings;

static int read_settings(settings *s, int count, char **args)
{
    static const char *const optimizers[] = { "sgd", "adagrad", "adam", NULL };
    static const int rules[] = { WL_SGD, WL_ADAGRAD, WL_ADAM };
    static const int dtypes[] = { WL_F32, WL_F16, WL_BF16 };
    wl_word2vec_config *c = &s->config;
    const option_row rows[] = {
        { .name = "method",
          .kind = OPTION_TEXT,
          .value = &s->method,
          .placeholder = "NAME",
          .help = "how to learn: skipgram" },
        { .name = "corpus",
          .kind = OPTION_TEXT,
          .value = &s->corpus,
          .placeholder = "FILE",
          .help = "text to learn from, - for stdin",
          .required = true },
        { .name = "out",
          .kind = OPTION_TEXT,
          .value = &s->out,
          .placeholder = "FILE",
          .help = "where to write the vectors",
          .required = true },
        { .name = "format",
          .kind = OPTION_CHOICE,
          .value = &s->choice,
          .choices = format_choices,
          .help = "name: as its name ends, such as .txt or .safetensors" },
        { .name = "dim",
          .kind = OPTION_INTEGER,
          .value = &c->dim,
          .low = 1,
          .high = 65536,
          .help = "numbers a vector" },
        { .name = "window",
          .kind = OPTION_INTEGER,
          .value = &c->window,
          .low = 1,
          .high = 1000,
          .help = "context words to either side at most" },
        { .name = "negative",
          .kind = OPTION_INTEGER,
          .value = &c->negative,
          .low = 1,
          .high = 1000,
          .help = "negatives drawn for each pair" },
        { .name = "noise-power",
          .kind = OPTION_REAL,
          .value = &c->power,
          .low = -10,
          .high = 10,
          .help = "of counts, by which negatives are drawn" },
        { .name = "min-count",
          .kind = OPTION_INTEGER,
          .value = &s->min_count,
          .low = 1,
          .high = 0x1p62,
          .help = "rarer words are left out" },
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
          .help = "first learning rate, which then falls to 0" },
        { .name = "batch",
          .kind = OPTION_INTEGER,
          .value = &c->batch,
          .low = 1,
          .high = 1048576,
          .help = "centre words a mini-batch" },
        { .name = "cap",
          .kind = OPTION_REAL,
          .value = &c->cap,
          .high = HUGE_VAL,
          .help = "gradients a row and mini-batch count, 0 for all" },
        { .name = "optimizer",
          .kind = OPTION_CHOICE,
          .value = &s->optimizer,
          .choices = optimizers,
          .help = "the update rule" },
        { 0 },
    };
    option_row common[COMMON_ROWS];
    const subcommand command = {
        .name = "vectors train",
        .arguments = "",
        .summary =
            "Learns word vectors from a text with one sentence a line and words apart by spaces:\n"
            "skip-gram with negative sampling, as word2vec does. Interrupted by SIGINT or "
            "SIGTERM,\n"
            "it writes what it has learnt and exits 130; a second signal ends it at once.",
        .options = rows,
        .common = common,
    };
    int first;
    *c = wl_word2vec_defaults();
    s->method = "skipgram";
    s->min_count = 5;
    options_common(&s->common, common);
    const int status = options_read(&command, count, args, &first);
    c->optimizer = rules[s->optimizer];
    c->dtype = dtypes[s->common.dtype];
    c->seed = (uint64_t)s->common.seed;
    return status;
}

/* ------------------------------------------------------------------ before training */

static int choose_format(settings *s)
{
    if (!strcmp(s->method, "skipgram"))
        return format_choose("--out", s->out, s->choice, &s->format);
    say("--method: \"%s\" is not there; there is: skipgram", s->method);
    return EXIT_USAGE;
}

/* Finds out before an hour of training whether the result can be written. A FIFO or a device is
 * not touched. */
static wl_status try_out(const char *path, wl_error *error)
{
    struct stat found;
    wl_writer *writer;
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode)) return WL_OK;
    const wl_status status = wl_writer_open(&writer, path, error);
    if (!status) wl_writer_close(writer);
    return status;
}

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* The second signal finds the default action again. */
static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal,
                                .sa_flags = SA_RESTART | (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ------------------------------------------------------------------ the run */

/* What the run owns, in the order in which it is made. */
typedef struct job {
    settings set;
    progress report;
    wl_ctx *ctx;
    wl_corpus *corpus;
    wl_vocabulary *words;
    wl_word2vec *model;
} job;

static void summarise(job *j, double seconds)
{
    const wl_word2vec_progress *last = &j->report.last;
    progress_note(&j->report, "%" PRId64 " words in %.1f s: %.0f k words/s, loss %.4f a pair",
                  last->words, seconds, seconds > 0 ? (double)last->words / seconds * 1e-3 : 0,
                  last->epoch_loss);
    if (last->skipped)
        progress_note(&j->report, "%" PRId64 " mini-batches had no finite loss and were skipped",
                      last->skipped);
}

static int write_vectors(job *j, bool interrupted)
{
    const settings *s = &j->set;
    wl_error error;
    const wl_status status = wl_word2vec_write(j->model, s->out, s->format, &error);
    if (status) return fail(status, &error);
    progress_note(&j->report, "wrote %s: %" PRId64 " words, %" PRId64 " numbers each", s->out,
                  wl_vocabulary_size(j->words), s->config.dim);
    if (interrupted) say("interrupted: %s has the vectors as learnt so far", s->out);
    return interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
}

static int train(job *j)
{
    wl_error error;
    progress_start(&j->report);
    const wl_status status =
        wl_word2vec_train(j->model, j->corpus, progress_train, &j->report, &stop, &error);
    const bool interrupted = status == WL_INTERRUPTED;
    if (status && !interrupted) return fail(status, &error);
    summarise(j, progress_seconds(&j->report));
    return write_vectors(j, interrupted);
}

static wl_status prepare(job *j, wl_error *error)
{
    const settings *s = &j->set;
    wl_status status = try_out(s->out, error);
    if (!status) status = wl_corpus_open(&j->corpus, s->corpus, error);
    if (status) return status;
    catch_signals();
    status = wl_word2vec_count(&j->words, j->corpus, s->min_count, progress_count, &j->report,
                               &stop, error);
    if (status) return status;
    progress_note(&j->report,
                  "%" PRId64 " words, of them %" PRId64 " in the vocabulary of %" PRId64,
                  wl_vocabulary_all_tokens(j->words), wl_vocabulary_kept_tokens(j->words),
                  wl_vocabulary_size(j->words));
    return wl_word2vec_create(&j->model, j->ctx, &s->config, j->words, error);
}

static int run(job *j)
{
    wl_error error;
    const int code = device_open(j->set.common.device, &j->ctx);
    if (code) return code;
    const wl_status status = prepare(j, &error);
    return status ? fail(status, &error) : train(j);
}

int run_vectors_train(int count, char **args)
{
    job j = { 0 };
    int code = read_settings(&j.set, count, args);
    if (code != OPTIONS_READ) return code;
    code = choose_format(&j.set);
    if (!code) code = progress_open(&j.report, &j.set.common);
    if (code) return code;
    options_apply_threads(j.set.common.threads);
    code = run(&j);
    progress_outcome(&j.report, code == EXIT_DONE          ? "done"
                                : code == EXIT_INTERRUPTED ? "interrupted"
                                                           : "failed");
    wl_word2vec_destroy(j.model);
    wl_vocabulary_destroy(j.words);
    wl_corpus_close(j.corpus);
    wl_ctx_destroy(j.ctx);
    const int closed = progress_close(&j.report);
    return code ? code : closed;
}
