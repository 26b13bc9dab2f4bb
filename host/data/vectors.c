/* Word vectors of either format: which one a file is, and what every writer checks. */
#include "vectors_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A wl_vectors_format, or 0. Text begins with a digit. The first eight bytes of safetensors are a
 * length of at most 10^8, so that the last four are 0, and the fourth, which ends the shortest
 * first line of a text, is no newline; the ninth opens the header. */
static int sniff(const unsigned char *first, size_t length)
{
    int digit = length > 0 && first[0] >= '0' && first[0] <= '9';
    int opens = length > 8 && first[8] == '{';
    int small = opens && first[3] != '\n' && memcmp(first + 4, "\0\0\0", 4) == 0;
    if (small || (opens && !digit)) return WL_VECTORS_SAFETENSORS;
    return digit ? WL_VECTORS_TEXT : 0;
}

static wl_status read_sniffed(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                              wl_error *error)
{
    unsigned char first[9];
    int64_t size = wl_reader_size(reader);
    size_t length = size < (int64_t)sizeof first ? (size_t)size : sizeof first;
    wl_status status = wl_reader_read(reader, first, length, error);
    wl_reader_seek(reader, 0);
    int format = status ? 0 : sniff(first, length);
    if (format == WL_VECTORS_SAFETENSORS)
        return wl_vectors_read_safetensors(vectors, reader, flags, error);
    if (format == WL_VECTORS_TEXT)
        status = wl_vectors_read_text(vectors, reader, flags, error);
    else if (!status)
        status = wl_error_set(error, WL_BAD_FILE,
                              "%s: byte 0: expected the numbers of words and of dimensions "
                              "(word2vec text) or the length of a header (safetensors), found "
                              "neither",
                              wl_reader_name(reader));
    wl_reader_close(reader);
    return status;
}

wl_status wl_vectors_read(wl_vectors **out, const char *path, uint32_t flags, wl_error *error)
{
    *out = NULL;
    wl_vectors *vectors = calloc(1, sizeof *vectors);
    if (!vectors) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to open it", path);
    wl_reader *reader;
    wl_status status = wl_reader_open(&reader, path, error);
    if (!status) status = read_sniffed(vectors, reader, flags, error);
    if (status)
        wl_vectors_destroy(vectors);
    else
        *out = vectors;
    return status;
}

void wl_vectors_destroy(wl_vectors *vectors)
{
    if (!vectors) return;
    wl_vocabulary_destroy(vectors->words);
    free(vectors->table);
    free(vectors->output);
    free(vectors->config);
    free(vectors);
}

int64_t wl_vectors_nonfinite(const float *table, int64_t V, int64_t D)
{
    for (int64_t i = 0; i < V * D; i++)
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

static wl_status check(const wl_vectors *vectors, const char *path, wl_error *error)
{
    int64_t words = vectors->words ? wl_vocabulary_size(vectors->words) : 0;
    if (!vectors->table || vectors->D < 1 || words < 1 || words != vectors->V)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: not written: expected a table of words, one row each, found V = "
                            "%" PRId64 ", D = %" PRId64 " and %" PRId64 " words",
                            path, vectors->V, vectors->D, words);
    wl_status status = check_finite(vectors, vectors->table, "embedding.weight", path, error);
    return status ? status : check_finite(vectors, vectors->output, "output.weight", path, error);
}

wl_status wl_vectors_write(const wl_vectors *vectors, const char *path, wl_vectors_format format,
                           wl_error *error)
{
    wl_status status = check(vectors, path, error);
    if (status) return status;
    if (format == WL_VECTORS_TEXT) return wl_vectors_write_text(vectors, path, error);
    if (format == WL_VECTORS_SAFETENSORS) return wl_vectors_write_safetensors(vectors, path, error);
    return wl_error_set(error, WL_OUT_OF_RANGE, "%s: expected a wl_vectors_format, found %d", path,
                        (int)format);
}
