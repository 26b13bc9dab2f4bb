/* Word vectors of any format: who reads and writes them, and what every writer checks. */
#include "subword.h"
#include "vectors_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    wl_vectors_reader *read;
    wl_vectors_writer *write; /* null: cannot be written */
} formats[] = {
    [WL_VECTORS_TEXT] = { wl_vectors_read_text, wl_vectors_write_text },
    [WL_VECTORS_SAFETENSORS] = { wl_vectors_read_safetensors, wl_vectors_write_safetensors },
    [WL_VECTORS_BINARY] = { wl_vectors_read_binary, wl_vectors_write_binary },
    [WL_VECTORS_BINARY_GENSIM] = { wl_vectors_read_binary, wl_vectors_write_binary_gensim },
    [WL_VECTORS_GLOVE] = { wl_vectors_read_glove, wl_vectors_write_glove },
    [WL_VECTORS_NPY] = { wl_vectors_read_npy, wl_vectors_write_npy },
    [WL_VECTORS_FASTTEXT] = { wl_vectors_read_fasttext, NULL },
};

enum { FORMATS = sizeof formats / sizeof *formats };

static wl_status no_format(const char *path, int format, wl_error *error)
{
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "%s: expected a wl_vectors_format that does this, found %d", path, format);
}

/* The file is not standard input under the name of a file, which has no file beside it. */
static wl_status check_beside(int format, const char *path, wl_error *error)
{
    if (format != WL_VECTORS_NPY || strcmp(path, "-") != 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "standard input: byte 0: expected vectors with their words, found .npy, "
                        "whose words lie in a file beside it");
}

/* The reader is closed, also after an error. */
static wl_status read_open(wl_vectors *vectors, wl_reader *reader, int format, const char *path,
                           uint32_t flags, wl_error *error)
{
    wl_status status = format ? WL_OK : wl_vectors_sniff(reader, &format, error);
    if (!status) status = check_beside(format, path, error);
    if (!status && format == WL_VECTORS_SAFETENSORS)
        return wl_vectors_read_safetensors(vectors, reader, flags, error);
    if (!status && !format)
        status = wl_error_set(error, WL_BAD_FILE,
                              "%s: byte 0: expected the numbers of words and of dimensions "
                              "(word2vec), a word and two numbers or more (text without that "
                              "line), or the start of .npy, of fastText's .bin or of safetensors, "
                              "found none of them",
                              wl_reader_name(reader));
    if (!status) status = formats[format].read(vectors, reader, flags, error);
    wl_reader_close(reader);
    return status;
}

wl_status wl_vectors_read_as(wl_vectors **out, const char *path, wl_vectors_format format,
                             uint32_t flags, wl_error *error)
{
    *out = NULL;
    if ((unsigned)format >= FORMATS) return no_format(path, (int)format, error);
    wl_vectors *vectors = calloc(1, sizeof *vectors);
    if (!vectors) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to open it", path);
    wl_reader *reader;
    wl_status status = wl_reader_open(&reader, path, error);
    if (!status) status = read_open(vectors, reader, (int)format, path, flags, error);
    if (status)
        wl_vectors_destroy(vectors);
    else
        *out = vectors;
    return status;
}

wl_status wl_vectors_read(wl_vectors **out, const char *path, uint32_t flags, wl_error *error)
{
    return wl_vectors_read_as(out, path, (wl_vectors_format)0, flags, error);
}

void wl_vectors_destroy(wl_vectors *vectors)
{
    if (!vectors) return;
    wl_vocabulary_destroy(vectors->words);
    free(vectors->table);
    free(vectors->output);
    free(vectors->config);
    free(vectors->subwords);
    free(vectors->own);
    free(vectors);
}

wl_status wl_vectors_compose(const wl_vectors *v, const char *word, size_t length, float *to,
                             wl_error *error)
{
    int64_t id = wl_vocabulary_find(v->words, word, length);
    for (int64_t d = 0; d < v->D; d++) to[d] = id < 0 ? 0 : v->table[id * v->D + d];
    if (id >= 0) return WL_OK;
    if (!v->subwords)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "expected a word of the vectors, which have no n-grams, found "
                            "\"%.*s\"",
                            length < 64 ? (int)length : 64, word);
    if (wl_subword_mean(&v->subword, NULL, v->subwords, v->D, word, length, to) > 0) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "expected a word of the vectors, or with n-grams of %d to %d characters, "
                        "found \"%.*s\"",
                        v->subword.min, v->subword.max, length < 64 ? (int)length : 64, word);
}

wl_status wl_vectors_add_word(wl_vectors *vectors, const wl_token *word, int64_t count,
                              const wl_reader *reader, const char *where, int64_t number,
                              wl_error *error)
{
    int64_t id, size = wl_vocabulary_size(vectors->words);
    const char *what = "a word that is new";
    wl_status status =
        wl_vocabulary_add_count(vectors->words, word->bytes, word->length, count, &id);
    if (status == WL_NO_MEMORY)
        return wl_error_set(error, status, "%s: %s %" PRId64 ": no memory for its word",
                            wl_reader_name(reader), where, number);
    if (!status && id == size) return WL_OK;
    if (status) what = word->length ? "at most 2^31 - 1 words and 2^63 - 1 tokens" : "a word";
    return wl_error_set(error, WL_BAD_FILE, "%s: %s %" PRId64 ": expected %s, found \"%.*s\"",
                        wl_reader_name(reader), where, number, what, wl_vectors_shown(word),
                        word->bytes);
}

wl_status wl_vectors_check_words(const wl_vectors *vectors, const char *without, const char *path,
                                 wl_error *error)
{
    for (int64_t id = 0; id < vectors->V; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(vectors->words, id, &length);
        const char *bad = NULL;
        for (const char *p = without; *p && !bad; p++) bad = memchr(word, *p, length);
        if (!bad) continue;
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: not written: word %" PRId64 ": expected no %s in it, found "
                            "\"%.64s\"",
                            path, id, *bad == ' ' ? "space" : "newline", word);
    }
    return WL_OK;
}

int64_t wl_vectors_nonfinite(const float *table, int64_t rows, int64_t D)
{
    for (int64_t i = 0; i < rows * D; i++)
        if (!isfinite(table[i])) return i;
    return -1;
}

static wl_status check_finite(const wl_vectors *vectors, const float *table, const char *name,
                              const char *path, wl_error *error)
{
    int64_t bad = table ? wl_vectors_nonfinite(table, vectors->V, vectors->D) : -1;
    if (bad < 0) return WL_OK;
    return wl_error_set(error, WL_NOT_FINITE,
                        "%s: not written: %s: word \"%.64s\", number %" PRId64
                        ": expected a finite number, found %g",
                        path, name, wl_vocabulary_word(vectors->words, bad / vectors->D, NULL),
                        bad % vectors->D + 1, (double)table[bad]);
}

/* The n-grams and their table are both there or both not, and such as a file may have. */
static wl_status check_subwords(const wl_vectors *v, const char *path, wl_error *error)
{
    const wl_subword *s = &v->subword;
    int some = s->buckets > 0, sound = s->min >= 0 && s->max >= 0 && s->buckets <= INT32_MAX;
    if (some != (v->subwords != NULL) || (v->own && !some) || !sound || s->buckets < 0 ||
        s->max > WL_SUBWORD_LONGEST || s->min > WL_SUBWORD_LONGEST)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: not written: expected n-grams of at most %d characters in fewer "
                            "than 2^31 buckets with one row each, found %d to %d characters and "
                            "%" PRId64 " buckets with%s rows",
                            path, WL_SUBWORD_LONGEST, s->min, s->max, s->buckets,
                            v->subwords ? "" : "out");
    int64_t bad = some ? wl_vectors_nonfinite(v->subwords, s->buckets, v->D) : -1;
    if (bad < 0) return WL_OK;
    return wl_error_set(error, WL_NOT_FINITE,
                        "%s: not written: subword.weight: row %" PRId64 ", number %" PRId64
                        ": expected a finite number, found %g",
                        path, bad / v->D, bad % v->D + 1, (double)v->subwords[bad]);
}

static wl_status check(const wl_vectors *vectors, const char *path, wl_error *error)
{
    int64_t words = vectors->words ? wl_vocabulary_size(vectors->words) : 0;
    if (!vectors->table || vectors->D < 1 || words < 1 || words != vectors->V)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: not written: expected a table of words, one row each, found V = "
                            "%" PRId64 ", D = %" PRId64 " and %" PRId64 " words",
                            path, vectors->V, vectors->D, words);
    wl_status status = check_finite(vectors, vectors->table, "embedding.weight", path, error);
    if (!status) status = check_finite(vectors, vectors->output, "output.weight", path, error);
    if (!status) status = check_subwords(vectors, path, error);
    return status ? status : check_finite(vectors, vectors->own, "subword.own", path, error);
}

wl_status wl_vectors_write(const wl_vectors *vectors, const char *path, wl_vectors_format format,
                           wl_error *error)
{
    wl_status status = check(vectors, path, error);
    if (status) return status;
    if ((unsigned)format >= FORMATS || !formats[format].write)
        return no_format(path, (int)format, error);
    return formats[format].write(vectors, path, error);
}
