/* wordloom vectors train: word vectors from a text. */
#include "devices.h"
#include "program.h"
#include "progress.h"
#include "vectors_train_options.h"

#include <wordloom/nn/file.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* What the run owns, in the order in which it is made. */
typedef struct job {
    train_options set;
    progress report;
    char *checkpoint; /* its path; null: there is no place for one */
    double kept_at;   /* seconds of training at the last checkpoint */
    bool kept;        /* there is one of this run */
    wl_ctx *ctx;
    wl_corpus *corpus;
    wl_vocabulary *words;
    wl_tokens *tokens;
    wl_word2vec *model;
} job;

/* ------------------------------------------------------------------ files */

static bool regular(const char *path)
{
    struct stat found;
    return stat(path, &found) || S_ISREG(found.st_mode) || S_ISDIR(found.st_mode);
}

/* Finds out before an hour of training whether a file can be written. A FIFO or a device is not
 * touched. */
static wl_status try_to_write(const char *path, wl_error *error)
{
    wl_writer *writer;
    if (!path || !regular(path)) return WL_OK;
    const wl_status status = wl_writer_open(&writer, path, error);
    if (!status) wl_writer_close(writer);
    return status;
}

/* Beside a FIFO or a device there is no place for a checkpoint. */
static wl_status name_checkpoint(job *j, wl_error *error)
{
    static const char suffix[] = ".checkpoint";
    const train_options *s = &j->set;
    if (!s->checkpoint && !regular(s->out)) return WL_OK;
    j->checkpoint = s->checkpoint ? strdup(s->checkpoint) : malloc(strlen(s->out) + sizeof suffix);
    if (!j->checkpoint) return wl_error_set(error, WL_NO_MEMORY, "no memory for a file's name");
    if (!s->checkpoint) strcat(strcpy(j->checkpoint, s->out), suffix);
    return WL_OK;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    if (stat(a, &x) || stat(b, &y)) return !strcmp(a, b);
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino && S_ISREG(x.st_mode);
}

/* No file is written over another that the run reads or writes. */
static int check_distinct(const job *j)
{
    const struct {
        const char *option, *path;
    } files[] = { { "--corpus", j->set.corpus },
                  { "--read-vocab", j->set.read_vocabulary },
                  { "--out", j->set.out },
                  { "--save-vocab", j->set.save_vocabulary },
                  { "--checkpoint", j->checkpoint } };
    enum { FILES = sizeof files / sizeof *files };
    for (int i = 0; i < FILES; i++)
        for (int k = i + 1; k < FILES; k++) {
            if (!files[i].path || !files[k].path || !same_file(files[i].path, files[k].path))
                continue;
            say("%s and %s: expected two files, found \"%s\" for both", files[i].option,
                files[k].option, files[k].path);
            return EXIT_USAGE;
        }
    return EXIT_DONE;
}

/* Whether the run is kept where it stands now and then. */
static bool keeps(const job *j) { return j->checkpoint && j->set.checkpoint_every > 0; }

static wl_status keep(job *j, wl_error *error)
{
    const wl_status status = wl_word2vec_save(j->model, j->tokens, j->checkpoint, error);
    j->kept_at = progress_seconds(&j->report);
    j->kept = j->kept || !status;
    return status;
}

/* A checkpoint that cannot be written does not end the run. */
static int on_report(void *user, const wl_word2vec_progress *now)
{
    job *j = user;
    wl_error error;
    progress_train(&j->report, now);
    if (!keeps(j) || stop) return 0;
    if (progress_seconds(&j->report) - j->kept_at < j->set.checkpoint_every) return 0;
    if (keep(j, &error)) say("no checkpoint: %s", error.text);
    return 0;
}

/* ------------------------------------------------------------------ before training */

static wl_status read_text(job *j, wl_error *error)
{
    const train_options *s = &j->set;
    if (!s->read_vocabulary)
        return wl_tokens_count(&j->tokens, &j->words, j->corpus, s->min_count, progress_count,
                               &j->report, &stop, error);
    const wl_status status = wl_vocabulary_read(&j->words, s->read_vocabulary, error);
    return status ? status
                  : wl_tokens_encode(&j->tokens, j->corpus, j->words, progress_count, &j->report,
                                     &stop, error);
}

static wl_status resume(job *j, wl_error *error)
{
    const bool there = j->checkpoint && (access(j->checkpoint, F_OK) == 0 || errno != ENOENT);
    if (!j->set.resume && there)
        progress_note(&j->report, "%s is there; --resume would go on from it", j->checkpoint);
    if (j->set.resume && !there)
        progress_note(&j->report, "there is no checkpoint %s: starting anew",
                      j->checkpoint ? j->checkpoint : "beside a device");
    if (!j->set.resume || !there) return WL_OK;
    const wl_status status = wl_word2vec_load(j->model, j->tokens, j->checkpoint, error);
    if (status) return status;
    j->kept = true;
    progress_note(&j->report, "going on from %s", j->checkpoint);
    return WL_OK;
}

static wl_status make_model(job *j, wl_error *error)
{
    train_options *s = &j->set;
    if (s->config.hogwild) s->config.workers = device_workers(s->common.device);
    const wl_status status = wl_word2vec_create(&j->model, j->ctx, &s->config, j->words, error);
    return status ? status : resume(j, error);
}

static wl_status prepare(job *j, wl_error *error)
{
    const train_options *s = &j->set;
    wl_status status = try_to_write(s->out, error);
    if (!status && keeps(j)) status = try_to_write(j->checkpoint, error);
    if (!status) status = wl_corpus_open(&j->corpus, s->corpus, error);
    if (status) return status;
    catch_signals();
    status = read_text(j, error);
    if (status) return status;
    progress_note(
        &j->report, "%" PRId64 " words, of them %" PRId64 " in the vocabulary of %" PRId64,
        wl_tokens_all(j->tokens), wl_tokens_words(j->tokens), wl_vocabulary_size(j->words));
    if (s->save_vocabulary) status = wl_vocabulary_write(j->words, s->save_vocabulary, error);
    return status ? status : make_model(j, error);
}

/* ------------------------------------------------------------------ the run */

static void summarise(job *j, double seconds)
{
    const wl_word2vec_progress *last = &j->report.last;
    const int64_t words = last->words - j->report.first_words;
    progress_note(&j->report, "%" PRId64 " words in %.2f s: %.0f k words/s, loss %.4f a pair",
                  words, seconds, seconds > 0 ? (double)words / seconds * 1e-3 : 0,
                  last->epoch_loss);
    if (last->skipped)
        progress_note(&j->report,
                      "%" PRId64 " updates were left out, for their scores were not finite",
                      last->skipped);
}

static int interrupted(job *j)
{
    wl_error error;
    if (!keeps(j)) {
        say(j->kept ? "interrupted: %s is as it was, without newer checkpoints"
                    : "interrupted: nothing is kept, without checkpoints",
            j->checkpoint);
        return EXIT_INTERRUPTED;
    }
    const wl_status status = keep(j, &error);
    if (status) return fail(status, &error);
    say("interrupted: %s has the run so far; the same command with --resume goes on",
        j->checkpoint);
    return EXIT_INTERRUPTED;
}

static int write_vectors(job *j)
{
    const train_options *s = &j->set;
    wl_error error, other;
    const wl_status status = wl_word2vec_write(j->model, s->out, s->format, &error);
    if (status && keeps(j) && !keep(j, &other))
        say("%s has the run: the same command with --resume writes the vectors", j->checkpoint);
    if (status) return fail(status, &error);
    progress_note(&j->report, "wrote %s: %" PRId64 " words, %" PRId64 " numbers each", s->out,
                  wl_vocabulary_size(j->words), s->config.dim);
    if (j->kept && unlink(j->checkpoint) && errno != ENOENT)
        say("%s: cannot remove: %s", j->checkpoint, strerror(errno));
    return EXIT_DONE;
}

static int train(job *j)
{
    wl_error error;
    progress_start(&j->report);
    const wl_status status = wl_word2vec_train(j->model, j->tokens, on_report, j, &stop, &error);
    if (status && status != WL_INTERRUPTED) return fail(status, &error);
    summarise(j, progress_seconds(&j->report));
    return status ? interrupted(j) : write_vectors(j);
}

static int run(job *j)
{
    wl_error error;
    int code = device_open(j->set.common.device, &j->ctx);
    if (code) return code;
    wl_status status = name_checkpoint(j, &error);
    if (status) return fail(status, &error);
    code = check_distinct(j);
    if (code) return code;
    status = prepare(j, &error);
    return status ? fail(status, &error) : train(j);
}

int run_vectors_train(int count, char **args)
{
    job j = { 0 };
    int code = train_options_read(&j.set, count, args);
    if (code != OPTIONS_READ) return code;
    code = progress_open(&j.report, &j.set.common);
    if (code) return code;
    options_apply_threads(j.set.common.threads);
    code = run(&j);
    progress_outcome(&j.report, code == EXIT_DONE          ? "done"
                                : code == EXIT_INTERRUPTED ? "interrupted"
                                                           : "failed");
    wl_word2vec_destroy(j.model);
    wl_tokens_destroy(j.tokens);
    wl_vocabulary_destroy(j.words);
    wl_corpus_close(j.corpus);
    wl_ctx_destroy(j.ctx);
    free(j.checkpoint);
    const int closed = progress_close(&j.report);
    return code ? code : closed;
}
