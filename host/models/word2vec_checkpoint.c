/* Checkpoints of word2vec: what of a run is kept. */
#include "word2vec.h"

#include <wordloom/nn/checkpoint.h>

#include <stdlib.h>

enum { PLACES = 8, TENSORS = 5 };

/* What of a run lies in the host's memory on its way to or from a file. */
typedef struct state {
    wl_word2vec *model;
    const wl_tokens *text;
    int64_t place[PLACES];
    double loss;
    int64_t *counts; /* [V] */
    char *config;
    wl_checkpoint_tensor tensors[TENSORS];
} state;

static wl_tensor row_of(void *data, int32_t dtype, int64_t n)
{
    return (wl_tensor){ data, dtype, 1, { n }, { 0 } };
}

/* The tensors of a checkpoint, in the order of the file. */
static void list_tensors(state *s)
{
    wl_word2vec *m = s->model;
    static const char words[] = "the vocabulary";
    const wl_checkpoint_tensor all[TENSORS] = {
        { "counts", row_of(s->counts, WL_I64, m->V), NULL, 1,
          "how often the words of the vocabulary occur" },
        { "place", row_of(s->place, WL_I64, PLACES), NULL, 0, words },
        { "loss", row_of(&s->loss, WL_F64, 1), NULL, 0, words },
        { "embedding.weight", m->input, m->ctx, 0, words },
        { "output.weight", m->output, m->ctx, 0, words },
    };
    for (int i = 0; i < TENSORS; i++) s->tensors[i] = all[i];
}

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
}

/* The run as it is now. */
static wl_status describe(state *s, wl_word2vec *m, const wl_tokens *text, const char *path,
                          wl_error *error)
{
    const wl_word2vec_place *at = &m->at;
    *s = (state){ .model = m,
                  .text = text,
                  .place = { at->epoch, at->first, at->centre, at->words, at->pairs, at->skipped,
                             at->epoch_pairs, at->bad },
                  .loss = at->epoch_loss,
                  .counts = malloc((size_t)m->V * sizeof *s->counts + 1),
                  .config = wl_word2vec_json(&m->config) };
    if (!s->counts || !s->config) return no_memory(path, error);
    for (int64_t i = 0; i < m->V; i++) s->counts[i] = wl_vocabulary_count(m->words, i);
    list_tensors(s);
    return WL_OK;
}

/* The place is one within the run. */
static wl_status check_place(void *user, const char *name, wl_error *error)
{
    const state *s = user;
    const int64_t *p = s->place;
    bool sound = p[0] <= s->model->config.epochs && p[1] <= wl_tokens_size(s->text) &&
                 p[2] <= WL_WORD2VEC_SHARD && p[3] <= wl_tokens_words(s->text);
    for (int i = 0; i < PLACES; i++) sound = sound && p[i] >= 0;
    return sound ? WL_OK
                 : wl_error_set(error, WL_BAD_FILE, "%s: expected a place within the run", name);
}

static wl_checkpoint checkpoint_of(state *s)
{
    return (wl_checkpoint){ .model = "word2vec",
                            .config = s->config,
                            .words = s->model->words,
                            .text = wl_tokens_hash(s->text),
                            .tensors = s->tensors,
                            .count = TENSORS,
                            .check = check_place,
                            .user = s };
}

wl_status wl_word2vec_save(wl_word2vec *m, const wl_tokens *text, const char *path, wl_error *error)
{
    state s;
    wl_status status = wl_word2vec_collect(m, error);
    if (status) return status;
    if (m->at.bad > 0) /* the last one that was good stays */
        return wl_error_set(error, WL_NOT_FINITE,
                            "%s: not written: of late most scores were not finite", path);
    status = describe(&s, m, text, path, error);
    const wl_checkpoint c = checkpoint_of(&s);
    if (!status) status = wl_checkpoint_save(&c, path, error);
    free(s.counts);
    free(s.config);
    return status;
}

wl_status wl_word2vec_load(wl_word2vec *m, const wl_tokens *text, const char *path, wl_error *error)
{
    state s;
    wl_status status = describe(&s, m, text, path, error);
    const wl_checkpoint c = checkpoint_of(&s);
    if (!status) status = wl_checkpoint_load(&c, path, error);
    const int64_t *p = s.place;
    if (!status)
        m->at = (wl_word2vec_place){ p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], s.loss };
    free(s.counts);
    free(s.config);
    return status;
}
