/* Word vectors as numpy's .npy, an array [V,D], and their words, one a line, in a file beside it.
 */
#include "npy_header.h"
#include "safetensors_dtype.h"
#include "vectors_format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the vectors", path);
}

/* The name of the file of words, NAME.vocab for NAME.npy and for NAME; the caller frees it. */
static char *beside(const char *path)
{
    static const char ours[] = ".npy", theirs[] = ".vocab";
    size_t length = strlen(path), n = sizeof ours - 1;
    if (length >= n && strcmp(path + length - n, ours) == 0) length -= n;
    char *name = malloc(length + sizeof theirs);
    if (!name) return NULL;
    memcpy(name, path, length);
    memcpy(name + length, theirs, sizeof theirs);
    return name;
}

/* The type of the elements, or null. */
static const wl_safetensors_dtype *dtype_of(const char *descr)
{
    static const char *const names[][2] = { { "<f4", "F32" }, { "<f2", "F16" }, { "<f8", "F64" } };
    for (int i = 0; i < 3; i++)
        if (strcmp(descr, names[i][0]) == 0) return wl_safetensors_dtype_named(names[i][1]);
    return NULL;
}

static wl_status check_header(const wl_npy_header *h, wl_reader *reader, wl_error *error)
{
    const char *path = wl_reader_name(reader);
    if (!dtype_of(h->descr) || h->fortran)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: byte 8: expected '<f4', '<f2' or '<f8' in C order, found '%s' in "
                            "%s order",
                            path, h->descr, h->fortran ? "Fortran" : "C");
    if (h->ndim != 2 || h->shape[0] < 1 || h->shape[1] < 1)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: byte 8: expected two axes with at least one row and one column, "
                            "found %s%d axes, the first two of %" PRId64 " and %" PRId64,
                            path, h->ndim > 2 ? "at least " : "", h->ndim, h->shape[0],
                            h->shape[1]);
    int64_t left = wl_reader_size(reader) - wl_reader_position(reader), bytes;
    if (!__builtin_mul_overflow(h->shape[0], h->shape[1], &bytes) &&
        !__builtin_mul_overflow(bytes, (int64_t)dtype_of(h->descr)->bits / 8, &bytes) &&
        bytes == left)
        return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": expected the %" PRId64 " times %" PRId64
                        " elements of '%s' and no more, found %" PRId64 " bytes",
                        path, wl_reader_position(reader), h->shape[0], h->shape[1], h->descr, left);
}

static wl_status read_elements(float *to, int64_t n, const wl_safetensors_dtype *dtype,
                               wl_reader *reader, wl_error *error)
{
    enum { PIECE = 4096 };
    double piece[PIECE];
    if (!dtype->widen) return wl_reader_read(reader, to, (size_t)n * sizeof *to, error);
    while (n > 0) {
        size_t some = n < PIECE ? (size_t)n : PIECE;
        wl_status status = wl_reader_read(reader, piece, some * (size_t)dtype->bits / 8, error);
        if (status) return status;
        dtype->widen(to, piece, some);
        to += some;
        n -= (int64_t)some;
    }
    return WL_OK;
}

static wl_status read_table(wl_vectors *v, wl_reader *reader, uint32_t flags, wl_error *error)
{
    wl_npy_header header;
    wl_status status = wl_npy_read_header(&header, reader, error);
    if (!status) status = check_header(&header, reader, error);
    if (status) return status;
    v->V = header.shape[0];
    v->D = header.shape[1];
    v->table = malloc((size_t)(v->V * v->D) * sizeof *v->table);
    if (!v->table) return no_memory(wl_reader_name(reader), error);
    int64_t begin = wl_reader_position(reader);
    const wl_safetensors_dtype *dtype = dtype_of(header.descr);
    status = read_elements(v->table, v->V * v->D, dtype, reader, error);
    if (status || flags & WL_VECTORS_ALLOW_NONFINITE) return status;
    int64_t bad = wl_vectors_nonfinite(v->table, v->V, v->D);
    if (bad < 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": row %" PRId64 ", column %" PRId64
                        ": expected a finite number, found %g",
                        wl_reader_name(reader), begin + bad * dtype->bits / 8, bad / v->D,
                        bad % v->D, (double)v->table[bad]);
}

static wl_status read_word(wl_vectors *v, wl_reader *reader, int64_t line, wl_error *error)
{
    static const unsigned char newline[256] = { ['\n'] = 1 };
    wl_token word;
    wl_status status = wl_reader_token(reader, newline, &word, error);
    if (status) return status;
    if (word.stop >= 0) return wl_vectors_add_word(v, &word, 0, reader, "line", line, error);
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected %" PRId64 " words, one for each row of "
                        ".npy, each with a newline behind it, found the end of the file",
                        wl_reader_name(reader), line, v->V);
}

static wl_status read_words(wl_vectors *v, wl_reader *reader, wl_error *error)
{
    wl_status status = wl_vocabulary_create(&v->words);
    if (status) return no_memory(wl_reader_name(reader), error);
    for (int64_t line = 1; line <= v->V && !status; line++)
        status = read_word(v, reader, line, error);
    if (status || wl_reader_position(reader) == wl_reader_size(reader)) return status;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected %" PRId64 " words, one for each row of "
                        ".npy, found more",
                        wl_reader_name(reader), v->V + 1, v->V);
}

wl_status wl_vectors_read_npy(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                              wl_error *error)
{
    wl_reader *words;
    wl_status status = read_table(vectors, reader, flags, error);
    if (status) return status;
    char *name = beside(wl_reader_name(reader));
    if (!name) return no_memory(wl_reader_name(reader), error);
    status = wl_reader_open(&words, name, error);
    free(name);
    if (status) return status;
    status = read_words(vectors, words, error);
    wl_reader_close(words);
    return status;
}

static wl_status write_words(const wl_vocabulary *words, wl_writer *writer, wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t id = 0; id < wl_vocabulary_size(words) && !status; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(words, id, &length);
        status = wl_writer_write(writer, word, length, error);
        if (!status) status = wl_writer_write(writer, "\n", 1, error);
    }
    return status;
}

/* Both files are whole before the first is put in place. */
static wl_status write_both(const wl_vectors *v, wl_writer *array, wl_writer *words,
                            wl_error *error)
{
    wl_status status = wl_npy_write_header(array, v->V, v->D, error);
    size_t bytes = (size_t)(v->V * v->D) * sizeof *v->table;
    if (!status) status = wl_writer_write(array, v->table, bytes, error);
    if (!status) status = write_words(v->words, words, error);
    if (!status) status = wl_writer_commit(words, error);
    return status ? status : wl_writer_commit(array, error);
}

wl_status wl_vectors_write_npy(const wl_vectors *vectors, const char *path, wl_error *error)
{
    wl_status status = wl_vectors_check_words(vectors, "\n", path, error);
    if (status) return status;
    wl_writer *array = NULL, *words = NULL;
    char *name = beside(path);
    if (!name) return no_memory(path, error);
    status = wl_writer_open(&array, path, error);
    if (!status) status = wl_writer_open(&words, name, error);
    free(name);
    if (!status) status = write_both(vectors, array, words, error);
    wl_writer_close(array);
    wl_writer_close(words);
    return status;
}
