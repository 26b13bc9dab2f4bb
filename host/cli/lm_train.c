/* wordloom lm train: a recurrent language model from a text. */
#include "epoch_run.h"
#include "lm.h"
#include "lm_plot.h"
#include "lm_train_options.h"
#include "program.h"

#include <inttypes.h>

/* What the run owns, in the order in which it is made. */
typedef struct job {
    lm_train_options set;
    epoch_run epochs;
    wl_vocabulary *words;
    wl_text *text, *validation;
    wl_lm *model;
} job;

static wl_status save(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_lm_save(j->model, j->text, path, error);
}

static wl_status load(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_lm_load(j->model, j->text, path, error);
}

static wl_status write_model(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_lm_write(j->model, path, error);
}

static wl_status draw(void *user, const char *path, wl_error *error)
{
    const job *j = user;
    return lm_plot(j->model, path, error);
}

static int at_best(const void *user)
{
    const job *j = user;
    return wl_lm_at_best(j->model);
}

static void tell_words(char *to, size_t room, double loss)
{
    lm_tell_loss(to, room, WL_TEXT_WORD, loss);
}

static void tell_characters(char *to, size_t room, double loss)
{
    lm_tell_loss(to, room, WL_TEXT_CHAR, loss);
}

static void tell_unit(job *j)
{
    const bool characters = wl_lm_configuration(j->model)->level == WL_TEXT_CHAR;
    progress *p = &j->epochs.run.report;
    p->tell_loss = characters ? tell_characters : tell_words;
    p->unit = characters ? "characters" : "words";
}

/* ------------------------------------------------------------------ the run */

/* The model, drawn or from a file, and the texts by its vocabulary. */
static wl_status make_model(job *j, wl_error *error)
{
    const lm_train_options *s = &j->set;
    const char *init = s->usual.init;
    wl_status status = init ? wl_lm_create_from(&j->model, j->epochs.ctx, init, &s->config, error)
                            : wl_text_count(&j->text, &j->words, s->corpus, s->config.level,
                                            s->usual.min_count, s->usual.max_vocabulary, error);
    if (status) return status;
    const int32_t level = init ? wl_lm_configuration(j->model)->level : s->config.level;
    const wl_vocabulary *words = init ? wl_lm_vocabulary(j->model) : j->words;
    if (init) status = wl_text_read(&j->text, s->corpus, level, words, error);
    if (!status && s->validation)
        status = wl_text_read(&j->validation, s->validation, level, words, error);
    if (status || init) return status;
    return wl_lm_create(&j->model, j->epochs.ctx, &s->config, words, error);
}

static wl_status prepare(void *user, wl_error *error)
{
    job *j = user;
    const wl_status status = make_model(j, error);
    if (status) return status;
    tell_unit(j);
    progress_note(&j->epochs.run.report,
                  "%" PRId64 " tokens, a vocabulary of %" PRId64 ", %" PRId64 " parameters",
                  wl_text_size(j->text), wl_vocabulary_size(wl_lm_vocabulary(j->model)),
                  wl_lm_parameters(j->model));
    return WL_OK;
}

static wl_status train(void *user, wl_error *error)
{
    job *j = user;
    return wl_lm_train(j->model, j->text, j->validation, epoch_run_report, &j->epochs,
                       &training_stop, error);
}

int run_lm_train(int count, char **args)
{
    job j = { .epochs = { .run = { .save = save, .load = load, .user = &j },
                          .prepare = prepare,
                          .train = train,
                          .at_best = at_best,
                          .write = write_model,
                          .draw = draw } };
    int code = lm_train_options_read(&j.set, &j.epochs, count, args);
    if (code != OPTIONS_READ) return code;
    const training_path files[] = { { "--corpus", j.set.corpus, false },
                                    { "--valid", j.set.validation, false },
                                    { "--init", j.set.usual.init, false },
                                    { "--plot", j.epochs.plot, true },
                                    { 0 } };
    code = epoch_run_go(&j.epochs, &j.set.usual.common, files);
    wl_lm_destroy(j.model);
    wl_text_destroy(j.validation);
    wl_text_destroy(j.text);
    wl_vocabulary_destroy(j.words);
    wl_ctx_destroy(j.epochs.ctx);
    return training_end(&j.epochs.run, code);
}
