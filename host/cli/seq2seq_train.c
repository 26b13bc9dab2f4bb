/* wordloom seq2seq train: a sequence-to-sequence model from pairs of a source and its target. */
#include "program.h"
#include "seq2seq_plot.h"
#include "seq2seq_train_options.h"

#include <inttypes.h>
#include <math.h>

/* What the run owns, in the order in which it is made. */
typedef struct job {
    seq2seq_train_options set;
    epoch_run epochs;
    wl_examples *examples, *held; /* to learn from, and for validation */
    wl_vocabulary *source, *target;
    wl_seq2seq *model;
    wl_pairs *pairs, *validation;
} job;

static wl_status save(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_seq2seq_save(j->model, j->pairs, path, error);
}

static wl_status load(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_seq2seq_load(j->model, j->pairs, path, error);
}

static wl_status write_model(void *user, const char *path, wl_error *error)
{
    job *j = user;
    return wl_seq2seq_write(j->model, path, error);
}

static wl_status draw(void *user, const char *path, wl_error *error)
{
    const job *j = user;
    return seq2seq_plot(j->model, path, error);
}

static int at_best(const void *user)
{
    const job *j = user;
    return wl_seq2seq_at_best(j->model);
}

/* ------------------------------------------------------------------ before training */

/* Of few examples one is held out at least, and one is not. */
static wl_status hold_out(job *j, wl_error *error)
{
    wl_examples *all = j->examples;
    const int64_t size = wl_examples_size(all), part = llround(j->set.held_out * (double)size);
    const int64_t count = part < 1 ? 1 : part < size ? part : size - 1;
    if (size < 2)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "expected 2 pairs or more, to hold one out for validation, found 1 "
                            "(with --held-out=0 none is)");
    j->examples = NULL;
    const wl_status status =
        wl_examples_split(&j->examples, &j->held, all, count, j->set.config.seed, error);
    wl_examples_destroy(all);
    return status;
}

static wl_status find_examples(job *j, wl_error *error)
{
    const seq2seq_train_options *s = &j->set;
    const wl_status status =
        seq2seq_examples(&j->examples, &s->task, s->pairs, s->config.seed, error);
    if (status) return status;
    if (s->validation) return wl_examples_read(&j->held, s->validation, error);
    return s->held_out > 0 ? hold_out(j, error) : WL_OK;
}

static wl_status make_model(job *j, wl_error *error)
{
    const epoch_options *s = &j->set.usual;
    const wl_seq2seq_config *c = &j->set.config;
    if (s->init) return wl_seq2seq_create_from(&j->model, j->epochs.ctx, s->init, c, error);
    const wl_status status =
        wl_pairs_vocabularies(&j->source, &j->target, j->examples, c->level, s->min_count,
                              s->max_vocabulary, c->shared, error);
    if (status) return status;
    return wl_seq2seq_create(&j->model, j->epochs.ctx, c, j->source, j->target, error);
}

static wl_status make_pairs(wl_pairs **out, const job *j, const wl_examples *examples,
                            wl_error *error)
{
    const wl_seq2seq *m = j->model;
    return wl_pairs_create(out, examples, wl_seq2seq_configuration(m)->level, wl_seq2seq_source(m),
                           wl_seq2seq_target(m), error);
}

static void note_sizes(job *j)
{
    progress *p = &j->epochs.run.report;
    const int64_t source = wl_vocabulary_size(wl_seq2seq_source(j->model));
    const int64_t target = wl_vocabulary_size(wl_seq2seq_target(j->model));
    const int64_t held = j->validation ? wl_pairs_size(j->validation) : 0;
    progress_note(p, "%" PRId64 " pairs of %" PRId64 " and %" PRId64 " tokens",
                  wl_pairs_size(j->pairs), wl_pairs_source_tokens(j->pairs),
                  wl_pairs_target_tokens(j->pairs));
    if (held) progress_note(p, "%" PRId64 " pair%s for validation", held, held > 1 ? "s" : "");
    if (wl_seq2seq_configuration(j->model)->shared)
        progress_note(p, "a vocabulary of %" PRId64 ", %" PRId64 " parameters", source,
                      wl_seq2seq_parameters(j->model));
    else
        progress_note(p, "vocabularies of %" PRId64 " and %" PRId64 ", %" PRId64 " parameters",
                      source, target, wl_seq2seq_parameters(j->model));
}

static wl_status prepare(void *user, wl_error *error)
{
    job *j = user;
    progress *p = &j->epochs.run.report;
    p->tell_loss = seq2seq_tell_loss;
    p->unit = "tokens";
    wl_status status = find_examples(j, error);
    if (!status) status = make_model(j, error);
    if (!status) status = make_pairs(&j->pairs, j, j->examples, error);
    if (!status && j->held) status = make_pairs(&j->validation, j, j->held, error);
    if (!status) note_sizes(j);
    return status;
}

/* ------------------------------------------------------------------ the run */

static wl_status train(void *user, wl_error *error)
{
    job *j = user;
    return wl_seq2seq_train(j->model, j->pairs, j->validation, j->set.translated, epoch_run_report,
                            &j->epochs, &training_stop, error);
}

int run_seq2seq_train(int count, char **args)
{
    job j = { .epochs = { .run = { .save = save, .load = load, .user = &j },
                          .prepare = prepare,
                          .train = train,
                          .at_best = at_best,
                          .write = write_model,
                          .draw = draw,
                          .right = "exact" } };
    int code = seq2seq_train_options_read(&j.set, &j.epochs, count, args);
    if (code != OPTIONS_READ) return code;
    const training_path files[] = { { "--pairs", j.set.pairs, false },
                                    { "--valid", j.set.validation, false },
                                    { "--init", j.set.usual.init, false },
                                    { "--plot", j.epochs.plot, true },
                                    { 0 } };
    code = epoch_run_go(&j.epochs, &j.set.usual.common, files);
    wl_seq2seq_destroy(j.model);
    wl_pairs_destroy(j.validation);
    wl_pairs_destroy(j.pairs);
    if (j.target != j.source) wl_vocabulary_destroy(j.target);
    wl_vocabulary_destroy(j.source);
    wl_examples_destroy(j.held);
    wl_examples_destroy(j.examples);
    wl_ctx_destroy(j.epochs.ctx);
    return training_end(&j.epochs.run, code);
}
