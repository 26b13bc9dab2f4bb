/* Word vectors as word2vec's binary file: "V D\n", then each word, a space and its numbers, with a
 * newline behind them (word2vec.c) or without (gensim). */
#include "vectors_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold little-endian numbers");

/* What belongs to one reading. */
typedef struct binary {
    wl_vectors *vectors;
    wl_reader *reader;
    uint32_t flags;
    int newlines; /* behind the rows, as the first one has it */
    wl_error *error;
} binary;

/* The rest of the file can hold V words of a byte or more, and so the table is no greater. */
static wl_status check_size(const binary *b)
{
    const wl_vectors *v = b->vectors;
    int64_t left = wl_reader_size(b->reader) - wl_reader_position(b->reader), row, all;
    if (!__builtin_mul_overflow(v->D, (int64_t)sizeof(float), &row) &&
        !__builtin_mul_overflow(row + 2, v->V, &all) && all <= left)
        return WL_OK;
    return wl_error_set(b->error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": expected %" PRId64 " words with %" PRId64
                        " numbers of 4 bytes each, found %" PRId64 " bytes in all",
                        wl_reader_name(b->reader), wl_reader_position(b->reader), v->V, v->D, left);
}

static wl_status read_word(const binary *b)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\n'] = 1 };
    int64_t begin = wl_reader_position(b->reader);
    wl_token word;
    wl_status status = wl_reader_token(b->reader, gaps, &word, b->error);
    if (status) return status;
    if (word.stop == ' ')
        return wl_vectors_add_word(b->vectors, &word, 0, b->reader, "byte", begin, b->error);
    return wl_error_set(b->error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": expected a word and a space, found \"%.*s\" and %s",
                        wl_reader_name(b->reader), begin, wl_vectors_shown(&word), word.bytes,
                        word.stop < 0 ? "the end of the file" : "a newline");
}

static wl_status read_numbers(const binary *b, int64_t id)
{
    int64_t D = b->vectors->D, begin = wl_reader_position(b->reader);
    float *row = b->vectors->table + id * D;
    wl_status status = wl_reader_read(b->reader, row, (size_t)D * sizeof *row, b->error);
    if (status || b->flags & WL_VECTORS_ALLOW_NONFINITE) return status;
    int64_t bad = wl_vectors_nonfinite(row, 1, D);
    if (bad < 0) return WL_OK;
    return wl_error_set(b->error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": number %" PRId64 " of word \"%.64s\": expected a "
                        "finite number, found %g",
                        wl_reader_name(b->reader), begin + bad * 4, bad + 1,
                        wl_vocabulary_word(b->vectors->words, id, NULL), (double)row[bad]);
}

/* The first row tells whether rows end in a newline; no word begins with one. */
static wl_status read_end(binary *b, int64_t id)
{
    int64_t place = wl_reader_position(b->reader);
    char byte = 0;
    if (id > 0 && !b->newlines) return WL_OK;
    if (place < wl_reader_size(b->reader)) {
        wl_status status = wl_reader_read(b->reader, &byte, 1, b->error);
        if (status) return status;
    }
    if (id == 0) b->newlines = byte == '\n';
    if (!b->newlines) wl_reader_seek(b->reader, place);
    if (byte == '\n' || id == 0) return WL_OK;
    return wl_error_set(b->error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": expected a newline after the numbers of word "
                        "\"%.64s\", as after those before, found none",
                        wl_reader_name(b->reader), place,
                        wl_vocabulary_word(b->vectors->words, id, NULL));
}

static wl_status read_rows(binary *b)
{
    wl_status status = WL_OK;
    for (int64_t id = 0; id < b->vectors->V && !status; id++) {
        status = read_word(b);
        if (!status) status = read_numbers(b, id);
        if (!status) status = read_end(b, id);
    }
    int64_t size = wl_reader_size(b->reader), position = wl_reader_position(b->reader);
    if (status || position == size) return status;
    return wl_error_set(b->error, WL_BAD_FILE,
                        "%s: byte %" PRId64 ": expected the end of the file after %" PRId64
                        " words, found %" PRId64 " more bytes",
                        wl_reader_name(b->reader), position, b->vectors->V, size - position);
}

wl_status wl_vectors_read_binary(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                                 wl_error *error)
{
    binary b = { .vectors = vectors, .reader = reader, .flags = flags, .error = error };
    wl_status status = wl_vectors_read_sizes(vectors, reader, error);
    if (!status) status = check_size(&b);
    if (status) return status;
    vectors->table = malloc((size_t)(vectors->V * vectors->D) * sizeof *vectors->table);
    if (!vectors->table || wl_vocabulary_create(&vectors->words))
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the vectors",
                            wl_reader_name(reader));
    return read_rows(&b);
}

static wl_status write_row(const wl_vectors *v, int64_t id, int newlines, wl_writer *writer,
                           wl_error *error)
{
    size_t length;
    const char *word = wl_vocabulary_word(v->words, id, &length);
    const float *row = v->table + id * v->D;
    wl_status status = wl_writer_write(writer, word, length, error);
    if (!status) status = wl_writer_write(writer, " ", 1, error);
    if (!status) status = wl_writer_write(writer, row, (size_t)v->D * sizeof *row, error);
    return status || !newlines ? status : wl_writer_write(writer, "\n", 1, error);
}

static wl_status write_all(const wl_vectors *v, int newlines, wl_writer *writer, wl_error *error)
{
    char sizes[64];
    int n = snprintf(sizes, sizeof sizes, "%" PRId64 " %" PRId64 "\n", v->V, v->D);
    wl_status status = wl_writer_write(writer, sizes, (size_t)n, error);
    for (int64_t id = 0; id < v->V && !status; id++)
        status = write_row(v, id, newlines, writer, error);
    return status ? status : wl_writer_commit(writer, error);
}

static wl_status write(const wl_vectors *v, int newlines, const char *path, wl_error *error)
{
    wl_writer *writer;
    wl_status status = wl_vectors_check_words(v, " \n", path, error);
    if (!status) status = wl_writer_open(&writer, path, error);
    if (status) return status;
    status = write_all(v, newlines, writer, error);
    wl_writer_close(writer);
    return status;
}

wl_status wl_vectors_write_binary(const wl_vectors *vectors, const char *path, wl_error *error)
{
    return write(vectors, 1, path, error);
}

wl_status wl_vectors_write_binary_gensim(const wl_vectors *vectors, const char *path,
                                         wl_error *error)
{
    return write(vectors, 0, path, error);
}
