/* Word vectors as a model of wordloom: embedding.weight, output.weight, the rows of n-grams, and
 * vocabulary. */
#include "model_file.h"
#include "safetensors_header.h"
#include "subword.h"
#include "vectors_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the vectors", path);
}

static wl_status load_words(wl_vectors *vectors, wl_safetensors *file, wl_error *error)
{
    const wl_status status = wl_model_words(&vectors->words, file, "vocabulary", error);
    if (status || wl_vocabulary_size(vectors->words) == vectors->V) return status;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: tensor vocabulary: expected %" PRId64 " words, one for each row of "
                        "embedding.weight, found %" PRId64,
                        wl_safetensors_name(file), vectors->V, wl_vocabulary_size(vectors->words));
}

static wl_status check_finite(const float *table, int64_t rows, int64_t D, const char *name,
                              const char *path, wl_error *error)
{
    int64_t bad = wl_vectors_nonfinite(table, rows, D);
    if (bad < 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: tensor %s: row %" PRId64 ", column %" PRId64
                        ": expected a finite number, found %g",
                        path, name, bad / D, bad % D, (double)table[bad]);
}

/* A [rows,D] tensor into new memory. */
static wl_status load_table(int64_t rows, int64_t D, wl_safetensors *file, const char *name,
                            uint32_t flags, float **out, wl_error *error)
{
    const char *path = wl_safetensors_name(file);
    const wl_safetensor *tensor;
    wl_status status = wl_model_tensor(file, name, 2, &tensor, error);
    if (status) return status;
    if (tensor->shape[0] != rows || tensor->shape[1] != D)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: tensor %s: expected the shape [%" PRId64 ",%" PRId64 "], found "
                            "[%" PRId64 ",%" PRId64 "]",
                            path, name, rows, D, tensor->shape[0], tensor->shape[1]);
    size_t bytes;
    if (__builtin_mul_overflow((size_t)wl_safetensors_elements(tensor), sizeof **out, &bytes) ||
        !(*out = malloc(bytes)))
        return no_memory(path, error);
    status = wl_safetensors_read_f32(file, tensor, *out, error);
    if (status || flags & WL_VECTORS_ALLOW_NONFINITE) return status;
    return check_finite(*out, rows, D, name, path, error);
}

/* The rows of n-grams, where there are any; then there is also the metadata. */
static wl_status load_subwords(wl_vectors *vectors, wl_safetensors *file, uint32_t flags,
                               wl_error *error)
{
    const char *range = wl_safetensors_metadata(file, "subword");
    const wl_safetensor *tensor = wl_safetensors_find(file, "subword.weight");
    if (!range && !tensor) return WL_OK;
    wl_subword *s = &vectors->subword;
    if (!range || !wl_subword_parse(s, range))
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: __metadata__ subword: expected \"MIN-MAX\", characters an n-gram "
                            "up to %d, found %s%.64s%s",
                            wl_safetensors_name(file), WL_SUBWORD_LONGEST, range ? "\"" : "nothing",
                            range ? range : "", range ? "\"" : "");
    wl_status status = wl_model_tensor(file, "subword.weight", 2, &tensor, error);
    if (status) return status;
    s->buckets = tensor->shape[0];
    if (s->buckets < 1 || s->buckets > INT32_MAX)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: tensor subword.weight: expected 1 to 2^31 - 1 rows, found "
                            "%" PRId64,
                            wl_safetensors_name(file), s->buckets);
    status = load_table(s->buckets, vectors->D, file, "subword.weight", flags, &vectors->subwords,
                        error);
    if (status || !wl_safetensors_find(file, "subword.own")) return status;
    return load_table(vectors->V, vectors->D, file, "subword.own", flags, &vectors->own, error);
}

static wl_status load_config(wl_vectors *vectors, const wl_safetensors *file, wl_error *error)
{
    const char *config = wl_safetensors_metadata(file, "config");
    if (!config) return WL_OK;
    vectors->config = strdup(config);
    return vectors->config ? WL_OK : no_memory(wl_safetensors_name(file), error);
}

static wl_status load_size(wl_vectors *vectors, const wl_safetensors *file, wl_error *error)
{
    const wl_safetensor *tensor;
    wl_status status = wl_model_tensor(file, "embedding.weight", 2, &tensor, error);
    if (status) return status;
    vectors->V = tensor->shape[0];
    vectors->D = tensor->shape[1];
    if (vectors->V > 0 && vectors->D > 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: tensor embedding.weight: expected at least one row and one column, "
                        "found the shape [%" PRId64 ",%" PRId64 "]",
                        wl_safetensors_name(file), vectors->V, vectors->D);
}

static wl_status load(wl_vectors *vectors, wl_safetensors *file, uint32_t flags, wl_error *error)
{
    wl_status status = wl_model_check(file, "word2vec", error);
    if (!status) status = load_config(vectors, file, error);
    if (!status) status = load_size(vectors, file, error);
    if (!status) status = load_words(vectors, file, error);
    int64_t V = vectors->V, D = vectors->D;
    if (!status) status = load_table(V, D, file, "embedding.weight", flags, &vectors->table, error);
    if (!status && wl_safetensors_find(file, "output.weight"))
        status = load_table(V, D, file, "output.weight", flags, &vectors->output, error);
    return status ? status : load_subwords(vectors, file, flags, error);
}

wl_status wl_vectors_read_safetensors(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                                      wl_error *error)
{
    wl_safetensors *file;
    wl_status status = wl_safetensors_take(&file, reader, error);
    if (status) return status;
    status = load(vectors, file, flags, error);
    wl_safetensors_close(file);
    return status;
}

/* The tables that there are, each with its rows, in the order of the file. */
typedef struct table {
    const char *name;
    const float *rows; /* null: none */
    int64_t count;
} table;

enum { TABLES = 4 };

static void list_tables(const wl_vectors *v, table to[TABLES])
{
    to[0] = (table){ "embedding.weight", v->table, v->V };
    to[1] = (table){ "output.weight", v->output, v->V };
    to[2] = (table){ "subword.weight", v->subwords, v->subword.buckets };
    to[3] = (table){ "subword.own", v->own, v->V };
}

/* Begins the file: the words last, so that the tables are aligned. */
static wl_status begin(const wl_vectors *vectors, const table tables[TABLES], const char *path,
                       size_t words, wl_safetensors_writer **out, wl_error *error)
{
    wl_safetensors_entry entries[TABLES + 1];
    wl_safetensors_pair metadata[4] = { { "format", "wordloom" }, { "model", "word2vec" } };
    char range[32];
    int n = 0, pairs = 2;
    for (int i = 0; i < TABLES; i++)
        if (tables[i].rows)
            entries[n++] = (wl_safetensors_entry){
                tables[i].name, WL_F32, 2, { tables[i].count, vectors->D }
            };
    entries[n++] = (wl_safetensors_entry){ "vocabulary", WL_U8, 1, { (int64_t)words } };
    if (vectors->config) metadata[pairs++] = (wl_safetensors_pair){ "config", vectors->config };
    snprintf(range, sizeof range, "%" PRId32 "-%" PRId32, vectors->subword.min,
             vectors->subword.max);
    if (vectors->subwords) metadata[pairs++] = (wl_safetensors_pair){ "subword", range };
    return wl_safetensors_writer_open(out, path, entries, n, metadata, pairs, error);
}

wl_status wl_vectors_write_safetensors(const wl_vectors *vectors, const char *path, wl_error *error)
{
    char *words;
    size_t length, row = (size_t)vectors->D * sizeof *vectors->table;
    table tables[TABLES];
    list_tables(vectors, tables);
    if (wl_vocabulary_encode(vectors->words, &words, &length)) return no_memory(path, error);
    wl_safetensors_writer *writer = NULL;
    wl_status status = begin(vectors, tables, path, length, &writer, error);
    for (const table *t = tables; t < tables + TABLES && !status; t++)
        if (t->rows)
            status = wl_safetensors_writer_append(writer, t->rows, (size_t)t->count * row, error);
    if (!status) status = wl_safetensors_writer_append(writer, words, length, error);
    if (!status) status = wl_safetensors_writer_commit(writer, error);
    wl_safetensors_writer_close(writer);
    free(words);
    return status;
}
