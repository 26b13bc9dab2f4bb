/* Checkpoints of the sequence-to-sequence model: what of a run is kept. */
#include "seq2seq.h"

#include "../nn/run_state.h"

#include <stdlib.h>

/* What belongs to one saving or loading. */
typedef struct keeping {
    wl_run_state state;
    wl_epochs run;
    wl_checkpoint file;
    char *config, *words; /* words: of the source */
} keeping;

/* The run as it is now; the caller frees it. */
static wl_status describe(keeping **out, wl_seq2seq *m, const wl_pairs *pairs, const char *path,
                          wl_error *error)
{
    size_t length;
    const wl_status status = wl_seq2seq_begin_run(m, pairs, error);
    keeping *k = status ? NULL : calloc(1, sizeof *k);
    *out = k;
    if (status) return status;
    if (k) k->config = wl_seq2seq_json(&m->config);
    if (!k || !k->config || wl_vocabulary_encode(m->source, &k->words, &length))
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
    const wl_seq2seq_tables tables = wl_seq2seq_list_tables(m);
    k->run = wl_seq2seq_run_on(m);
    wl_run_state_list(&k->state, &k->run, tables.list);
    k->state.tensors[k->state.count++] = (wl_checkpoint_tensor){
        .name = "source.vocabulary",
        .tensor = { k->words, WL_U8, 1, { (int64_t)length }, { 0 } },
        .fixed = 1,
        .what = "the source's vocabulary",
    };
    k->file = (wl_checkpoint){
        .model = "seq2seq", .config = k->config, .words = m->target, .text = wl_pairs_hash(pairs)
    };
    return WL_OK;
}

static void forget(keeping *k)
{
    if (k) free(k->config), free(k->words);
    free(k);
}

wl_status wl_seq2seq_save(wl_seq2seq *m, const wl_pairs *pairs, const char *path, wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, pairs, path, error);
    if (!status) status = wl_run_state_save(&k->state, k->file, path, error);
    forget(k);
    return status;
}

wl_status wl_seq2seq_load(wl_seq2seq *m, const wl_pairs *pairs, const char *path, wl_error *error)
{
    keeping *k;
    wl_status status = describe(&k, m, pairs, path, error);
    if (!status) status = wl_run_state_load(&k->state, k->file, path, error);
    forget(k);
    return status;
}
