/* Word vectors as a model of wordloom: embedding.weight, output.weight and vocabulary. */
#include "safetensors_header.h"
#include "vectors_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the vectors", path);
}

static wl_status check_metadata(const wl_safetensors *file, const char *key, const char *wanted,
                                wl_error *error)
{
    const char *found = wl_safetensors_metadata(file, key);
    if (found && strcmp(found, wanted) == 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE, "%s: __metadata__ %s: expected \"%s\", found %s%.64s%s",
                        wl_safetensors_name(file), key, wanted, found ? "\"" : "nothing",
                        found ? found : "", found ? "\"" : "");
}

static wl_status find(const wl_safetensors *file, const char *name, int ndim,
                      const wl_safetensor **out, wl_error *error)
{
    *out = wl_safetensors_find(file, name);
    if (!*out)
        return wl_error_set(error, WL_BAD_FILE, "%s: expected a tensor %s, found none",
                            wl_safetensors_name(file), name);
    if ((*out)->ndim == ndim) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE, "%s: tensor %s: expected %d axes, found %d",
                        wl_safetensors_name(file), name, ndim, (*out)->ndim);
}

/* The bytes of the tensor `vocabulary`, which the caller frees. */
static wl_status read_words(wl_safetensors *file, const wl_safetensor *tensor, char **out,
                            wl_error *error)
{
    const char *path = wl_safetensors_name(file);
    if (tensor->dtype != WL_U8)
        return wl_error_set(error, WL_BAD_FILE, "%s: tensor vocabulary: expected U8, found %s",
                            path, tensor->dtype_name);
    *out = malloc((size_t)tensor->bytes + 1);
    if (!*out) return no_memory(path, error);
    wl_status status = wl_safetensors_read(file, tensor, *out, error);
    if (status) free(*out);
    return status;
}

static wl_status decode_words(const char *bytes, size_t length, const char *path,
                              wl_vocabulary **out, wl_error *error)
{
    static const char suffix[] = ": tensor vocabulary";
    size_t room = strlen(path) + sizeof suffix;
    char *source = malloc(room);
    if (!source) return no_memory(path, error);
    snprintf(source, room, "%s%s", path, suffix);
    wl_status status = wl_vocabulary_decode(out, bytes, length, source, error);
    free(source);
    return status;
}

static wl_status load_words(wl_vectors *vectors, wl_safetensors *file, wl_error *error)
{
    const wl_safetensor *tensor;
    char *bytes;
    wl_status status = find(file, "vocabulary", 1, &tensor, error);
    if (!status) status = read_words(file, tensor, &bytes, error);
    if (status) return status;
    const char *path = wl_safetensors_name(file);
    status = decode_words(bytes, (size_t)tensor->bytes, path, &vectors->words, error);
    free(bytes);
    if (status || wl_vocabulary_size(vectors->words) == vectors->V) return status;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: tensor vocabulary: expected %" PRId64 " words, one for each row of "
                        "embedding.weight, found %" PRId64,
                        path, vectors->V, wl_vocabulary_size(vectors->words));
}

/* A [V,D] tensor into new memory. */
static wl_status load_table(const wl_vectors *vectors, wl_safetensors *file, const char *name,
                            uint32_t flags, float **out, wl_error *error)
{
    const char *path = wl_safetensors_name(file);
    const wl_safetensor *tensor;
    wl_status status = find(file, name, 2, &tensor, error);
    if (status) return status;
    if (tensor->shape[0] != vectors->V || tensor->shape[1] != vectors->D)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: tensor %s: expected the shape [%" PRId64 ",%" PRId64 "], found "
                            "[%" PRId64 ",%" PRId64 "]",
                            path, name, vectors->V, vectors->D, tensor->shape[0], tensor->shape[1]);
    size_t bytes;
    if (__builtin_mul_overflow((size_t)wl_safetensors_elements(tensor), sizeof **out, &bytes) ||
        !(*out = malloc(bytes)))
        return no_memory(path, error);
    status = wl_safetensors_read_f32(file, tensor, *out, error);
    if (status || flags & WL_VECTORS_ALLOW_NONFINITE) return status;
    int64_t bad = wl_vectors_nonfinite(*out, vectors->V, vectors->D);
    if (bad < 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: tensor %s: row %" PRId64 ", column %" PRId64
                        ": expected a finite number, found %g",
                        path, name, bad / vectors->D, bad % vectors->D, (double)(*out)[bad]);
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
    wl_status status = find(file, "embedding.weight", 2, &tensor, error);
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
    wl_status status = check_metadata(file, "format", "wordloom", error);
    if (!status) status = check_metadata(file, "model", "word2vec", error);
    if (!status) status = load_config(vectors, file, error);
    if (!status) status = load_size(vectors, file, error);
    if (!status) status = load_words(vectors, file, error);
    if (!status)
        status = load_table(vectors, file, "embedding.weight", flags, &vectors->table, error);
    if (!status && wl_safetensors_find(file, "output.weight"))
        status = load_table(vectors, file, "output.weight", flags, &vectors->output, error);
    return status;
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

/* Begins the file: the words last, so that the tables are aligned. */
static wl_status begin(const wl_vectors *vectors, const char *path, size_t words,
                       wl_safetensors_writer **out, wl_error *error)
{
    wl_safetensors_entry entries[3];
    int n = 0;
    int64_t V = vectors->V, D = vectors->D;
    entries[n++] = (wl_safetensors_entry){ "embedding.weight", WL_F32, 2, { V, D } };
    if (vectors->output)
        entries[n++] = (wl_safetensors_entry){ "output.weight", WL_F32, 2, { V, D } };
    entries[n++] = (wl_safetensors_entry){ "vocabulary", WL_U8, 1, { (int64_t)words } };
    wl_safetensors_pair metadata[] = { { "format", "wordloom" },
                                       { "model", "word2vec" },
                                       { "config", vectors->config } };
    return wl_safetensors_writer_open(out, path, entries, n, metadata, vectors->config ? 3 : 2,
                                      error);
}

wl_status wl_vectors_write_safetensors(const wl_vectors *vectors, const char *path, wl_error *error)
{
    char *words;
    size_t length, bytes = (size_t)vectors->V * (size_t)vectors->D * sizeof *vectors->table;
    if (wl_vocabulary_encode(vectors->words, &words, &length)) return no_memory(path, error);
    wl_safetensors_writer *writer = NULL;
    wl_status status = begin(vectors, path, length, &writer, error);
    if (!status) status = wl_safetensors_writer_append(writer, vectors->table, bytes, error);
    if (!status && vectors->output)
        status = wl_safetensors_writer_append(writer, vectors->output, bytes, error);
    if (!status) status = wl_safetensors_writer_append(writer, words, length, error);
    if (!status) status = wl_safetensors_writer_commit(writer, error);
    wl_safetensors_writer_close(writer);
    free(words);
    return status;
}
