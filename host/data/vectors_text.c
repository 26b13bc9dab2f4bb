/* Word vectors as word2vec text: "V D\n", then a line for each word. */
#include "decimal.h"
#include "vectors_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 64 };

/* What belongs to one reading. */
typedef struct text {
    wl_vectors *vectors;
    wl_reader *reader;
    locale_t plain;
    uint32_t flags;
    int64_t line;
    int64_t held, room; /* floats of the table */
    wl_error *error;
} text;

static int shown(const wl_token *token)
{
    return token->length < SHOWN ? (int)token->length : SHOWN;
}

static wl_status expected(const text *t, const char *what, const wl_token *found)
{
    return wl_error_set(t->error, WL_BAD_FILE, "%s: line %" PRId64 ": expected %s, found \"%.*s\"",
                        wl_reader_name(t->reader), t->line, what, shown(found), found->bytes);
}

static wl_status cut_short(const text *t)
{
    return wl_error_set(t->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected a newline at its end, found the end of the "
                        "file after %" PRId64 " bytes: it is cut short",
                        wl_reader_name(t->reader), t->line, wl_reader_size(t->reader));
}

static wl_status wrong_count(const text *t, int64_t found, const char *more)
{
    return wl_error_set(t->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected %" PRId64 " numbers, found %" PRId64 "%s",
                        wl_reader_name(t->reader), t->line, t->vectors->D, found, more);
}

/* A number of the first line, from 1; `p` moves behind it. 0: there is none. */
static int64_t take_size(const char **p)
{
    int64_t value = 0;
    for (; **p >= '0' && **p <= '9'; ++*p)
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, (int64_t)(**p - '0'), &value))
            return 0;
    return value;
}

static wl_status read_sizes(text *t)
{
    static const unsigned char newline[256] = { ['\n'] = 1 };
    wl_vectors *v = t->vectors;
    wl_token line;
    wl_status status = wl_reader_token(t->reader, newline, &line, t->error);
    if (status) return status;
    if (line.stop < 0) return cut_short(t);
    const char *p = line.bytes;
    int64_t bytes;
    v->V = take_size(&p);
    int gap = *p == ' ';
    v->D = gap ? (p++, take_size(&p)) : 0;
    p += strspn(p, " \r");
    if (v->V < 1 || v->D < 1 || p != line.bytes + line.length)
        return expected(t, "the number of words, a space and the number of dimensions", &line);
    if (__builtin_mul_overflow(v->V, v->D, &bytes) ||
        __builtin_mul_overflow(bytes, (int64_t)sizeof *v->table, &bytes))
        return expected(t, "a table of less than 2^63 bytes", &line);
    return WL_OK;
}

/* The table may take twice the bytes that were read and 4 MiB, but never more than it needs:
 * every number takes at least two bytes of text, so that there is always room for one more. */
static wl_status grow(text *t)
{
    int64_t most = wl_reader_position(t->reader) / 2 + (1 << 20);
    int64_t needed = t->vectors->V * t->vectors->D;
    int64_t room = t->room * 2 + 4096;
    if (room > most) room = most;
    if (room > needed) room = needed;
    float *table = realloc(t->vectors->table, (size_t)room * sizeof *table);
    if (!table)
        return wl_error_set(t->error, WL_NO_MEMORY, "%s: line %" PRId64 ": no memory for the table",
                            wl_reader_name(t->reader), t->line);
    t->vectors->table = table;
    t->room = room;
    return WL_OK;
}

static wl_status add_number(text *t, const wl_token *token)
{
    if (t->held == t->room) {
        wl_status status = grow(t);
        if (status) return status;
    }
    float *number = &t->vectors->table[t->held];
    if (wl_decimal_read(token->bytes, token->length, t->plain, number))
        return expected(t, "a number", token);
    if (!isfinite(*number) && !(t->flags & WL_VECTORS_ALLOW_NONFINITE))
        return expected(t, "a finite number", token);
    t->held++;
    return WL_OK;
}

static wl_status read_numbers(text *t)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\r'] = 1, ['\n'] = 1 };
    wl_token token = { .stop = ' ' };
    int64_t count = 0;
    while (token.stop != '\n') {
        wl_status status = wl_reader_token(t->reader, gaps, &token, t->error);
        if (status) return status;
        if (token.stop < 0) return cut_short(t);
        if (token.length == 0) continue;
        if (count == t->vectors->D) return wrong_count(t, count + 1, " or more");
        status = add_number(t, &token);
        if (status) return status;
        count++;
    }
    return count == t->vectors->D ? WL_OK : wrong_count(t, count, "");
}

static wl_status add_word(text *t, const wl_token *word)
{
    if (word->length == 0) return expected(t, "a word", word);
    int64_t id, size = wl_vocabulary_size(t->vectors->words);
    wl_status status =
        wl_vocabulary_add_count(t->vectors->words, word->bytes, word->length, 0, &id);
    if (status == WL_OUT_OF_RANGE) return expected(t, "at most 2^31 - 1 words", word);
    if (status)
        return wl_error_set(t->error, status, "%s: line %" PRId64 ": no memory for its word",
                            wl_reader_name(t->reader), t->line);
    return id == size ? WL_OK : expected(t, "a word that no line before has", word);
}

static wl_status read_row(text *t)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\n'] = 1 };
    wl_token word;
    wl_status status = wl_reader_token(t->reader, gaps, &word, t->error);
    if (status) return status;
    if (word.stop < 0 && word.length == 0)
        return wl_error_set(t->error, WL_BAD_FILE,
                            "%s: line %" PRId64 ": expected %" PRId64 " words, found the end of "
                            "the file after %" PRId64,
                            wl_reader_name(t->reader), t->line, t->vectors->V, t->line - 2);
    if (word.stop < 0) return cut_short(t);
    if (word.stop == '\n') return wrong_count(t, 0, "");
    status = add_word(t, &word);
    return status ? status : read_numbers(t);
}

static wl_status read_all(text *t)
{
    wl_status status = read_sizes(t);
    for (int64_t row = 0; row < t->vectors->V && !status; row++) {
        t->line++;
        status = read_row(t);
    }
    int64_t size = wl_reader_size(t->reader), position = wl_reader_position(t->reader);
    if (status || position == size) return status;
    return wl_error_set(t->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected the end of the file after %" PRId64
                        " words, found %" PRId64 " more bytes",
                        wl_reader_name(t->reader), t->line + 1, t->vectors->V, size - position);
}

wl_status wl_vectors_read_text(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                               wl_error *error)
{
    text t = { .vectors = vectors, .reader = reader, .flags = flags, .line = 1, .error = error };
    t.plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    wl_status status = t.plain ? wl_vocabulary_create(&vectors->words) : WL_NO_MEMORY;
    if (status)
        wl_error_set(error, status, "%s: no memory for its words", wl_reader_name(reader));
    else
        status = read_all(&t);
    if (t.plain) freelocale(t.plain);
    return status;
}

static wl_status check_words(const wl_vocabulary *words, const char *path, wl_error *error)
{
    for (int64_t id = 0; id < wl_vocabulary_size(words); id++) {
        size_t length;
        const char *word = wl_vocabulary_word(words, id, &length);
        if (!memchr(word, ' ', length) && !memchr(word, '\n', length)) continue;
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: not written: word %" PRId64 ": expected neither space nor newline "
                            "in it, found \"%.64s\"",
                            path, id, word);
    }
    return WL_OK;
}

static wl_status write_row(const wl_vectors *v, int64_t id, wl_writer *writer, wl_error *error)
{
    char number[1 + WL_DECIMAL_ROOM] = " ";
    size_t length;
    const char *word = wl_vocabulary_word(v->words, id, &length);
    wl_status status = wl_writer_write(writer, word, length, error);
    for (int64_t d = 0; d < v->D && !status; d++) {
        size_t n = wl_decimal_write(number + 1, v->table[id * v->D + d]);
        status = wl_writer_write(writer, number, n + 1, error);
    }
    return status ? status : wl_writer_write(writer, "\n", 1, error);
}

static wl_status write_all(const wl_vectors *v, wl_writer *writer, wl_error *error)
{
    char sizes[64];
    int n = snprintf(sizes, sizeof sizes, "%" PRId64 " %" PRId64 "\n", v->V, v->D);
    wl_status status = wl_writer_write(writer, sizes, (size_t)n, error);
    for (int64_t id = 0; id < v->V && !status; id++) status = write_row(v, id, writer, error);
    return status ? status : wl_writer_commit(writer, error);
}

wl_status wl_vectors_write_text(const wl_vectors *vectors, const char *path, wl_error *error)
{
    wl_status status = check_words(vectors->words, path, error);
    if (status) return status;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to write it", path);
    wl_writer *writer;
    status = wl_writer_open(&writer, path, error);
    if (!status) {
        locale_t callers = uselocale(plain);
        status = write_all(vectors, writer, error);
        uselocale(callers);
        wl_writer_close(writer);
    }
    freelocale(plain);
    return status;
}
