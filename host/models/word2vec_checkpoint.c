/* Checkpoints of word2vec: written whole, and trusted only by their checksum. */
#include "word2vec.h"

#include <wordloom/nn/safetensors.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char model_name[] = "word2vec checkpoint";

/* The tensors of a checkpoint in the order in which they lie. */
enum { COUNTS, PLACE, LOSS, INPUT, OUTPUT, WORDS, CHECKSUM, TENSORS };
static const char *const tensor_names[TENSORS] = {
    "counts", "place", "loss", "embedding.weight", "output.weight", "vocabulary", "checksum"
};

/* What is in it besides the tables. */
typedef struct content {
    int64_t *counts; /* [V] */
    int64_t place[8];
    char *words; /* [length] */
    size_t length;
    char *config, hash[32];
} content;

static void content_free(content *c)
{
    free(c->counts);
    free(c->words);
    free(c->config);
}

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
}

/* What a checkpoint of the model has, as it is now. */
static wl_status describe(const wl_word2vec *m, const wl_tokens *text, content *c, const char *path,
                          wl_error *error)
{
    const wl_word2vec_place *at = &m->at;
    *c = (content){ .place = { at->epoch, at->first, at->centre, at->words, at->pairs, at->skipped,
                               at->epoch_pairs, at->bad } };
    snprintf(c->hash, sizeof c->hash, "%016" PRIx64, wl_tokens_hash(text));
    c->config = wl_word2vec_json(&m->config);
    c->counts = malloc((size_t)m->V * sizeof *c->counts);
    if (!c->config || !c->counts || wl_vocabulary_encode(m->words, &c->words, &c->length))
        return no_memory(path, error);
    for (int64_t i = 0; i < m->V; i++) c->counts[i] = wl_vocabulary_count(m->words, i);
    return WL_OK;
}

static void list_entries(const wl_word2vec *m, const content *c,
                         wl_safetensors_entry entries[TENSORS])
{
    const struct {
        int32_t dtype, ndim;
        int64_t rows, columns;
    } tensors[TENSORS] = { [COUNTS] = { WL_I64, 1, m->V, 0 },
                           [PLACE] = { WL_I64, 1, 8, 0 },
                           [LOSS] = { WL_F64, 1, 1, 0 },
                           [INPUT] = { m->config.dtype, 2, m->R, m->D },
                           [OUTPUT] = { m->config.dtype, 2, m->V, m->D },
                           [WORDS] = { WL_U8, 1, (int64_t)c->length, 0 },
                           [CHECKSUM] = { WL_I64, 1, 1, 0 } };
    for (int i = 0; i < TENSORS; i++)
        entries[i] = (wl_safetensors_entry){ tensor_names[i],
                                             tensors[i].dtype,
                                             tensors[i].ndim,
                                             { tensors[i].rows, tensors[i].columns } };
}

/* ------------------------------------------------------------------ saving */

/* A table on its way to or from a file. */
typedef struct transfer {
    const wl_word2vec *model;
    wl_safetensors_writer *to;
    wl_safetensors *from;
    const wl_safetensor *tensor;
} transfer;

static size_t row_bytes(const wl_word2vec *m)
{
    return (size_t)m->D * wl_dtype_size(m->config.dtype);
}

static wl_status append_rows(void *user, void *host, int64_t from, int64_t rows, wl_error *error)
{
    const transfer *t = user;
    (void)from;
    return wl_safetensors_writer_append(t->to, host, (size_t)rows * row_bytes(t->model), error);
}

static wl_status append_all(wl_word2vec *m, const content *c, wl_safetensors_writer *to,
                            wl_error *error)
{
    transfer t = { .model = m, .to = to };
    wl_status status =
        wl_safetensors_writer_append(to, c->counts, (size_t)m->V * sizeof *c->counts, error);
    if (!status) status = wl_safetensors_writer_append(to, c->place, sizeof c->place, error);
    if (!status)
        status = wl_safetensors_writer_append(to, &m->at.epoch_loss, sizeof(double), error);
    if (!status) status = wl_word2vec_pass(m, &m->input, true, append_rows, &t, error);
    if (!status) status = wl_word2vec_pass(m, &m->output, true, append_rows, &t, error);
    if (!status) status = wl_safetensors_writer_append(to, c->words, c->length, error);
    if (status) return status;
    const uint64_t checksum = wl_safetensors_writer_checksum(to);
    return wl_safetensors_writer_append(to, &checksum, sizeof checksum, error);
}

static wl_status write_content(wl_word2vec *m, const content *c, const char *path, wl_error *error)
{
    const wl_safetensors_pair metadata[] = { { "format", "wordloom" },
                                             { "model", model_name },
                                             { "config", c->config },
                                             { "text", c->hash } };
    wl_safetensors_entry entries[TENSORS];
    wl_safetensors_writer *writer;
    list_entries(m, c, entries);
    wl_status status =
        wl_safetensors_writer_open(&writer, path, entries, TENSORS, metadata, 4, error);
    if (status) return status;
    status = append_all(m, c, writer, error);
    if (!status) status = wl_safetensors_writer_commit(writer, error);
    wl_safetensors_writer_close(writer);
    return status;
}

wl_status wl_word2vec_save(wl_word2vec *m, const wl_tokens *text, const char *path, wl_error *error)
{
    content c;
    if (m->at.bad > 0) /* the last one that was good stays */
        return wl_error_set(error, WL_NOT_FINITE,
                            "%s: not written: of late most scores were not finite", path);
    wl_status status = describe(m, text, &c, path, error);
    if (!status) status = write_content(m, &c, path, error);
    content_free(&c);
    return status;
}

/* ------------------------------------------------------------------ checking */

static wl_status bad(const wl_safetensors *file, const char *what, wl_error *error)
{
    return wl_error_set(error, WL_BAD_FILE, "%s: expected %s", wl_safetensors_name(file), what);
}

static wl_status other(const wl_safetensors *file, const char *what, wl_error *error)
{
    return wl_error_set(error, WL_OUT_OF_RANGE, "%s: the checkpoint is of another run: %s differs",
                        wl_safetensors_name(file), what);
}

static wl_status check_bytes(wl_safetensors *file, wl_error *error)
{
    const wl_safetensor *last = wl_safetensors_at(file, wl_safetensors_count(file) - 1);
    const char *model = wl_safetensors_metadata(file, "model");
    uint64_t told, found;
    if (!model || strcmp(model, model_name)) return bad(file, "a checkpoint of word2vec", error);
    if (!last || strcmp(last->name, tensor_names[CHECKSUM]) || last->bytes != sizeof told)
        return bad(file, "a tensor checksum of eight bytes at its end", error);
    wl_status status = wl_safetensors_checksum(file, last, &found, error);
    if (!status) status = wl_safetensors_read(file, last, &told, error);
    if (status || told == found) return status;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: expected the checksum %016" PRIx64 ", found %016" PRIx64
                        ": the file was changed or cut",
                        wl_safetensors_name(file), told, found);
}

/* The first option that both configurations do not have alike, and how each has it. */
static wl_status compare_options(const wl_safetensors *file, json_t *saved, json_t *now,
                                 wl_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach(now, name, value)
    {
        json_t *was = json_object_get(saved, name);
        if (json_equal(value, was)) continue;
        char *one = json_dumps(was, JSON_ENCODE_ANY), *two = json_dumps(value, JSON_ENCODE_ANY);
        const wl_status status =
            wl_error_set(error, WL_OUT_OF_RANGE,
                         "%s: the checkpoint is of another run: its %s is %s, that of this run %s",
                         wl_safetensors_name(file), name, one ? one : "none", two ? two : "none");
        free(one);
        free(two);
        return status;
    }
    return other(file, "the configuration", error);
}

static wl_status check_config(const wl_safetensors *file, const content *c, wl_error *error)
{
    const char *text = wl_safetensors_metadata(file, "config");
    if (!text) return bad(file, "a configuration", error);
    if (!strcmp(text, c->config)) return WL_OK;
    json_t *saved = json_loads(text, 0, NULL), *now = json_loads(c->config, 0, NULL);
    const wl_status status = compare_options(file, saved, now, error);
    json_decref(saved);
    json_decref(now);
    return status;
}

/* Tensor number i is as a checkpoint of this model has it. */
static bool same_form(const wl_safetensor *t, const wl_safetensors_entry *e)
{
    return t->dtype == e->dtype && t->ndim == e->ndim && t->shape[0] == e->shape[0] &&
           (t->ndim < 2 || t->shape[1] == e->shape[1]);
}

/* Whether a tensor has these bytes. */
static wl_status same_bytes(wl_safetensors *file, const wl_safetensor *t, const void *wanted,
                            bool *same, wl_error *error)
{
    void *bytes = malloc((size_t)t->bytes + 1);
    if (!bytes) return no_memory(wl_safetensors_name(file), error);
    const wl_status status = wl_safetensors_read(file, t, bytes, error);
    *same = !status && !memcmp(bytes, wanted, (size_t)t->bytes);
    free(bytes);
    return status;
}

static wl_status check_words(const wl_word2vec *m, wl_safetensors *file, const content *c,
                             const wl_safetensor *t[TENSORS], wl_error *error)
{
    wl_safetensors_entry entries[TENSORS];
    bool words = false, counts = false;
    list_entries(m, c, entries);
    for (int i = 0; i < TENSORS; i++) {
        t[i] = wl_safetensors_find(file, tensor_names[i]);
        if (!t[i]) return bad(file, "the tensors of a checkpoint", error);
        if (!same_form(t[i], &entries[i])) return other(file, "the vocabulary", error);
    }
    wl_status status = same_bytes(file, t[WORDS], c->words, &words, error);
    if (!status) status = same_bytes(file, t[COUNTS], c->counts, &counts, error);
    if (status || (words && counts)) return status;
    return other(file, words ? "how often the words of the vocabulary occur" : "the vocabulary",
                 error);
}

/* ------------------------------------------------------------------ loading */

/* Reads rows of the tensor, which begins with the table's first. */
static wl_status read_rows(void *user, void *host, int64_t from, int64_t rows, wl_error *error)
{
    const transfer *t = user;
    const int64_t bytes = (int64_t)row_bytes(t->model);
    wl_safetensor part = *t->tensor;
    part.offset += from * bytes;
    part.bytes = rows * bytes;
    return wl_safetensors_read(t->from, &part, host, error);
}

static wl_status read_place(wl_word2vec *m, wl_safetensors *file, const wl_tokens *text,
                            const wl_safetensor *const t[TENSORS], wl_error *error)
{
    int64_t p[8];
    wl_word2vec_place *at = &m->at;
    wl_status status = wl_safetensors_read(file, t[PLACE], p, error);
    if (!status) status = wl_safetensors_read(file, t[LOSS], &at->epoch_loss, error);
    if (status) return status;
    bool sound = p[0] <= m->config.epochs && p[1] <= wl_tokens_size(text) &&
                 p[2] <= WL_WORD2VEC_SHARD && p[3] <= wl_tokens_words(text);
    for (int i = 0; i < 8; i++) sound = sound && p[i] >= 0;
    if (!sound) return bad(file, "a place within the run", error);
    *at = (wl_word2vec_place){ p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], at->epoch_loss };
    return WL_OK;
}

static wl_status read_tables(wl_word2vec *m, wl_safetensors *file,
                             const wl_safetensor *const t[TENSORS], wl_error *error)
{
    transfer in = { .model = m, .from = file, .tensor = t[INPUT] };
    transfer out = { .model = m, .from = file, .tensor = t[OUTPUT] };
    const wl_status status = wl_word2vec_pass(m, &m->input, false, read_rows, &in, error);
    return status ? status : wl_word2vec_pass(m, &m->output, false, read_rows, &out, error);
}

static wl_status load(wl_word2vec *m, const wl_tokens *text, wl_safetensors *file, content *c,
                      wl_error *error)
{
    const wl_safetensor *t[TENSORS];
    wl_status status = check_bytes(file, error);
    if (!status) status = describe(m, text, c, wl_safetensors_name(file), error);
    if (!status) status = check_config(file, c, error);
    if (!status) status = check_words(m, file, c, t, error);
    if (status) return status;
    const char *hash = wl_safetensors_metadata(file, "text");
    if (!hash || strcmp(hash, c->hash)) return other(file, "the text", error);
    status = read_place(m, file, text, t, error);
    return status ? status : read_tables(m, file, t, error);
}

wl_status wl_word2vec_load(wl_word2vec *m, const wl_tokens *text, const char *path, wl_error *error)
{
    content c = { 0 };
    wl_safetensors *file;
    wl_status status = wl_safetensors_open(&file, path, error);
    if (status) return status;
    status = load(m, text, file, &c, error);
    wl_safetensors_close(file);
    content_free(&c);
    return status;
}
