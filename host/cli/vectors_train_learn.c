/* wordloom vectors train by word2vec. */
#include "vectors_train.h"

#include "devices.h"
#include "program.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct learner {
    train_job *job;
    wl_word2vec *model;
    wl_word2vec_progress last;
} learner;

static wl_status save(void *user, const char *path, wl_error *error)
{
    learner *l = user;
    return wl_word2vec_save(l->model, l->job->tokens, path, error);
}

static wl_status load(void *user, const char *path, wl_error *error)
{
    learner *l = user;
    return wl_word2vec_load(l->model, l->job->tokens, path, error);
}

static void tell_loss(char *to, size_t room, double loss) { snprintf(to, room, "loss %.4f", loss); }

static int on_report(void *user, const wl_word2vec_progress *now)
{
    learner *l = user;
    training_run *run = &l->job->run;
    const progress_report report = { .epoch = now->epoch,
                                     .epochs = now->epochs,
                                     .words = now->words,
                                     .total_words = now->total_words,
                                     .lr = now->lr,
                                     .recent_loss = now->recent_loss,
                                     .epoch_loss = now->epoch_loss,
                                     .epoch_ended = now->epoch_ended };
    l->last = *now;
    progress_train(&run->report, &report,
                   json_pack("{s:I, s:I}", "pairs", (json_int_t)now->pairs, "skipped",
                             (json_int_t)now->skipped));
    if (now->epoch_ended)
        progress_note(&run->report, "epoch %" PRId64 "/%" PRId64 ": loss %.4f a pair", now->epoch,
                      now->epochs, now->epoch_loss);
    training_keep(run);
    return 0;
}

static wl_status make_model(learner *l, wl_error *error)
{
    train_job *j = l->job;
    wl_word2vec_config *c = &j->set.config;
    if (c->hogwild) c->workers = device_workers(j->set.common.device);
    const wl_status status = wl_word2vec_create(&l->model, j->ctx, c, j->words, error);
    return status ? status : training_resume(&j->run, error);
}

static void summarise(const learner *l)
{
    progress *p = &l->job->run.report;
    const double seconds = progress_seconds(p);
    const int64_t words = l->last.words - p->first_words;
    progress_note(p, "%" PRId64 " words in %.2f s: %.0f k words/s, loss %.4f a pair", words,
                  seconds, seconds > 0 ? (double)words / seconds * 1e-3 : 0, l->last.epoch_loss);
    if (l->last.skipped)
        progress_note(p, "%" PRId64 " updates were left out, for their scores were not finite",
                      l->last.skipped);
}

static int write_vectors(const learner *l)
{
    wl_error error;
    train_job *j = l->job;
    const wl_status status = wl_word2vec_write(l->model, j->run.out, j->set.format, &error);
    if (!status)
        progress_note(&j->run.report, "wrote %s: %" PRId64 " words, %" PRId64 " numbers each",
                      j->run.out, wl_vocabulary_size(j->words), j->set.config.dim);
    return training_written(&j->run, status, &error);
}

static int train(learner *l)
{
    wl_error error;
    train_job *j = l->job;
    progress_start(&j->run.report);
    const wl_status status =
        wl_word2vec_train(l->model, j->tokens, on_report, l, &training_stop, &error);
    if (status && status != WL_INTERRUPTED) return fail(status, &error);
    summarise(l);
    return status ? training_interrupted(&j->run) : write_vectors(l);
}

int train_learn(train_job *job)
{
    wl_error error;
    learner l = { .job = job, .last = { .epoch_loss = NAN } };
    job->run.save = save;
    job->run.load = load;
    job->run.user = &l;
    job->run.report.tell_loss = tell_loss;
    job->run.report.unit = "words";
    const wl_status status = make_model(&l, &error);
    const int code = status ? fail(status, &error) : train(&l);
    wl_word2vec_destroy(l.model);
    return code;
}
