/* wordloom vectors train: word vectors from a text. */
#include "devices.h"
#include "program.h"
#include "vectors_train_options.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* What the run owns, in the order in which it is made. */
typedef struct job {
    train_options set;
    training_run run;
    wl_word2vec_progress last;
    wl_ctx *ctx;
    wl_corpus *corpus;
    wl_vocabulary *words;
    wl_tokens *tokens;
    wl_word2vec *model;
} job;

static wl_status save(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_word2vec_save(j->model, j->tokens, path, error);
}

static wl_status load(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_word2vec_load(j->model, j->tokens, path, error);
}

static void tell_loss(char *to, size_t room, double loss) { snprintf(to, room, "loss %.4f", loss); }

static int on_report(void *user, const wl_word2vec_progress *now)
{
    job *j = user;
    const progress_report report = { .epoch = now->epoch,
                                     .epochs = now->epochs,
                                     .words = now->words,
                                     .total_words = now->total_words,
                                     .lr = now->lr,
                                     .recent_loss = now->recent_loss,
                                     .epoch_loss = now->epoch_loss,
                                     .epoch_ended = now->epoch_ended };
    j->last = *now;
    progress_train(&j->run.report, &report,
                   json_pack("{s:I, s:I}", "pairs", (json_int_t)now->pairs, "skipped",
                             (json_int_t)now->skipped));
    if (now->epoch_ended)
        progress_note(&j->run.report, "epoch %" PRId64 "/%" PRId64 ": loss %.4f a pair", now->epoch,
                      now->epochs, now->epoch_loss);
    training_keep(&j->run);
    return 0;
}

/* ------------------------------------------------------------------ before training */

static wl_status read_text(job *j, wl_error *error)
{
    const train_options *s = &j->set;
    if (!s->read_vocabulary)
        return wl_tokens_count(&j->tokens, &j->words, j->corpus, s->min_count, 0, progress_count,
                               &j->run.report, &training_stop, error);
    const wl_status status = wl_vocabulary_read(&j->words, s->read_vocabulary, error);
    return status ? status
                  : wl_tokens_encode(&j->tokens, j->corpus, j->words, progress_count,
                                     &j->run.report, &training_stop, error);
}

static wl_status make_model(job *j, wl_error *error)
{
    train_options *s = &j->set;
    if (s->config.hogwild) s->config.workers = device_workers(s->common.device);
    const wl_status status = wl_word2vec_create(&j->model, j->ctx, &s->config, j->words, error);
    return status ? status : training_resume(&j->run, error);
}

static wl_status prepare(job *j, wl_error *error)
{
    const train_options *s = &j->set;
    wl_status status = wl_corpus_open(&j->corpus, s->corpus, error);
    if (status) return status;
    training_catch_signals();
    status = read_text(j, error);
    if (status) return status;
    progress_note(
        &j->run.report, "%" PRId64 " words, of them %" PRId64 " in the vocabulary of %" PRId64,
        wl_tokens_all(j->tokens), wl_tokens_words(j->tokens), wl_vocabulary_size(j->words));
    if (s->save_vocabulary) status = wl_vocabulary_write(j->words, s->save_vocabulary, error);
    return status ? status : make_model(j, error);
}

/* ------------------------------------------------------------------ the run */

static void summarise(job *j)
{
    progress *p = &j->run.report;
    const double seconds = progress_seconds(p);
    const int64_t words = j->last.words - p->first_words;
    progress_note(p, "%" PRId64 " words in %.2f s: %.0f k words/s, loss %.4f a pair", words,
                  seconds, seconds > 0 ? (double)words / seconds * 1e-3 : 0, j->last.epoch_loss);
    if (j->last.skipped)
        progress_note(p, "%" PRId64 " updates were left out, for their scores were not finite",
                      j->last.skipped);
}

static int write_vectors(job *j)
{
    wl_error error;
    const char *out = j->run.out;
    const wl_status status = wl_word2vec_write(j->model, out, j->set.format, &error);
    if (!status)
        progress_note(&j->run.report, "wrote %s: %" PRId64 " words, %" PRId64 " numbers each", out,
                      wl_vocabulary_size(j->words), j->set.config.dim);
    return training_written(&j->run, status, &error);
}

static int train(job *j)
{
    wl_error error;
    progress_start(&j->run.report);
    const wl_status status =
        wl_word2vec_train(j->model, j->tokens, on_report, j, &training_stop, &error);
    if (status && status != WL_INTERRUPTED) return fail(status, &error);
    summarise(j);
    return status ? training_interrupted(&j->run) : write_vectors(j);
}

static int run(job *j)
{
    const training_path files[] = { { "--corpus", j->set.corpus, false },
                                    { "--read-vocab", j->set.read_vocabulary, false },
                                    { "--save-vocab", j->set.save_vocabulary, true },
                                    { 0 } };
    wl_error error;
    int code = device_open(j->set.common.device, &j->ctx);
    if (!code) code = training_begin(&j->run, files);
    if (code) return code;
    const wl_status status = prepare(j, &error);
    return status ? fail(status, &error) : train(j);
}

int run_vectors_train(int count, char **args)
{
    job j = { .run = { .save = save, .load = load, .user = &j } };
    j.last.epoch_loss = NAN;
    int code = train_options_read(&j.set, &j.run, count, args);
    if (code != OPTIONS_READ) return code;
    code = progress_open(&j.run.report, &j.set.common);
    if (code) return code;
    j.run.report.tell_loss = tell_loss;
    j.run.report.unit = "words";
    options_apply_threads(j.set.common.threads);
    code = run(&j);
    wl_word2vec_destroy(j.model);
    wl_tokens_destroy(j.tokens);
    wl_vocabulary_destroy(j.words);
    wl_corpus_close(j.corpus);
    wl_ctx_destroy(j.ctx);
    return training_end(&j.run, code);
}
