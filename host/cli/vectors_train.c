/* wordloom vectors train: word vectors from a text. */
#include "vectors_train.h"

#include "devices.h"
#include "program.h"

#include <inttypes.h>

static wl_status number_text(train_job *j, wl_error *error)
{
    const train_options *s = &j->set;
    if (!s->read_vocabulary)
        return wl_tokens_count(&j->tokens, &j->words, j->corpus, s->min_count, s->max_vocabulary,
                               progress_count, &j->run.report, &training_stop, error);
    const wl_status status = wl_vocabulary_read(&j->words, s->read_vocabulary, error);
    return status ? status
                  : wl_tokens_encode(&j->tokens, j->corpus, j->words, progress_count,
                                     &j->run.report, &training_stop, error);
}

static wl_status read_text(train_job *j, wl_error *error)
{
    const char *save = j->set.save_vocabulary;
    wl_status status = wl_corpus_open(&j->corpus, j->set.corpus, error);
    if (status) return status;
    training_catch_signals();
    status = number_text(j, error);
    if (status) return status;
    progress_note(
        &j->run.report, "%" PRId64 " words, of them %" PRId64 " in the vocabulary of %" PRId64,
        wl_tokens_all(j->tokens), wl_tokens_words(j->tokens), wl_vocabulary_size(j->words));
    return save ? wl_vocabulary_write(j->words, save, error) : WL_OK;
}

static int run(train_job *j)
{
    static int (*const ways[])(train_job *) = {
        [METHOD_SKIPGRAM] = train_learn, [METHOD_CBOW] = train_learn, [METHOD_COUNT] = train_count,
        [METHOD_PPMI] = train_count,     [METHOD_SVD] = train_svd,
    };
    const training_path files[] = { { "--corpus", j->set.corpus, false },
                                    { "--read-vocab", j->set.read_vocabulary, false },
                                    { "--save-vocab", j->set.save_vocabulary, true },
                                    { 0 } };
    wl_error error;
    int code = device_open(j->set.common.device, &j->ctx);
    if (!code) code = training_begin(&j->run, files);
    if (code) return code;
    const wl_status status = read_text(j, &error);
    return status ? fail(status, &error) : ways[j->set.method](j);
}

int run_vectors_train(int count, char **args)
{
    train_job j = { 0 };
    int code = train_options_read(&j.set, &j.run, count, args);
    if (code != OPTIONS_READ) return code;
    code = progress_open(&j.run.report, &j.set.common);
    if (code) return code;
    options_apply_threads(j.set.common.threads);
    code = run(&j);
    wl_tokens_destroy(j.tokens);
    wl_vocabulary_destroy(j.words);
    wl_corpus_close(j.corpus);
    wl_ctx_destroy(j.ctx);
    return training_end(&j.run, code);
}
