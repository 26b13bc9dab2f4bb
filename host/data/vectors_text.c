/* Word vectors as text, a line for each word: word2vec's with a first line "V D", GloVe's without.
 */
#include "decimal.h"
#include "vectors_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPACED = 1024 }; /* bytes of a word with spaces, and one more */

/* What belongs to one reading. Without a first line, V is the rows so far, and D is 0 until the
 * first row ends. */
typedef struct text {
    wl_vectors *vectors;
    wl_reader *reader;
    locale_t plain;
    uint32_t flags;
    int64_t line, before; /* lines before the first row */
    int64_t held, room;   /* floats of the table */
    wl_error *error;
} text;

static wl_status expected(const text *t, const char *what, const wl_token *found)
{
    return wl_error_set(t->error, WL_BAD_FILE, "%s: line %" PRId64 ": expected %s, found \"%.*s\"",
                        wl_reader_name(t->reader), t->line, what, wl_vectors_shown(found),
                        found->bytes);
}

static wl_status cut_short(const wl_reader *reader, int64_t line, wl_error *error)
{
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected a newline at its end, found the end of the "
                        "file after %" PRId64 " bytes: it is cut short",
                        wl_reader_name(reader), line, wl_reader_size(reader));
}

static wl_status wrong_count(const text *t, int64_t found, const char *more)
{
    return wl_error_set(t->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected %" PRId64 " numbers, found %" PRId64 "%s",
                        wl_reader_name(t->reader), t->line, t->vectors->D ? t->vectors->D : 1,
                        found, more);
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

static wl_status expected_sizes(const wl_reader *reader, const char *what, const wl_token *line,
                                wl_error *error)
{
    return wl_error_set(error, WL_BAD_FILE, "%s: line 1: expected %s, found \"%.*s\"",
                        wl_reader_name(reader), what, wl_vectors_shown(line), line->bytes);
}

wl_status wl_vectors_read_sizes(wl_vectors *v, wl_reader *reader, wl_error *error)
{
    static const unsigned char newline[256] = { ['\n'] = 1 };
    wl_token line;
    wl_status status = wl_reader_token(reader, newline, &line, error);
    if (status) return status;
    if (line.stop < 0) return cut_short(reader, 1, error);
    const char *p = line.bytes;
    int64_t bytes;
    v->V = take_size(&p);
    int gap = *p == ' ';
    v->D = gap ? (p++, take_size(&p)) : 0;
    p += strspn(p, " \r");
    if (v->V < 1 || v->D < 1 || p != line.bytes + line.length)
        return expected_sizes(reader, "the number of words, a space and the number of dimensions",
                              &line, error);
    if (__builtin_mul_overflow(v->V, v->D, &bytes) ||
        __builtin_mul_overflow(bytes, (int64_t)sizeof *v->table, &bytes))
        return expected_sizes(reader, "a table of less than 2^63 bytes", &line, error);
    return WL_OK;
}

/* The table may take twice the bytes that were read and 4 MiB, but never more than it needs:
 * every number takes at least two bytes of text, so that there is always room for one more. */
static wl_status grow(text *t)
{
    int64_t most = wl_reader_position(t->reader) / 2 + (1 << 20);
    int64_t needed = t->before ? t->vectors->V * t->vectors->D : most;
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

static wl_status next_number(const text *t, wl_token *token)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\r'] = 1, ['\n'] = 1 };
    wl_status status = wl_reader_token(t->reader, gaps, token, t->error);
    if (status || token->stop >= 0) return status;
    return cut_short(t->reader, t->line, t->error);
}

/* The numbers of a line from this token on. */
static wl_status read_numbers(text *t, wl_token token)
{
    int64_t count = 0, D = t->vectors->D ? t->vectors->D : INT64_MAX;
    for (;;) {
        if (token.length > 0 && count == D) return wrong_count(t, count + 1, " or more");
        wl_status status = token.length > 0 ? add_number(t, &token) : WL_OK;
        count += token.length > 0;
        if (!status && token.stop == '\n') break;
        if (!status) status = next_number(t, &token);
        if (status) return status;
    }
    if (D == INT64_MAX) t->vectors->D = D = count;
    return count == D && count > 0 ? WL_OK : wrong_count(t, count, "");
}

/* Without a first line, a word may have spaces, as some of glove.840B have: what follows it and is
 * no number belongs to it. `word` becomes the whole of it, in `to`, and `*next` the number. */
static wl_status join(text *t, wl_token *word, char to[SPACED], wl_token *next)
{
    float number;
    size_t length = word->length;
    memcpy(to, word->bytes, length);
    for (;;) {
        wl_status status = next_number(t, next);
        if (status) return status;
        if (next->length == 0 && next->stop != '\n') continue;
        if (next->stop == '\n' || length + 1 + next->length >= SPACED) break;
        if (wl_decimal_read(next->bytes, next->length, t->plain, &number) == 0) break;
        to[length++] = ' ';
        memcpy(to + length, next->bytes, next->length);
        length += next->length;
    }
    to[length] = 0;
    *word = (wl_token){ to, length, ' ' };
    return WL_OK;
}

/* Of a line whose first token is that word. */
static wl_status read_line(text *t, wl_token *word)
{
    char spaced[SPACED];
    wl_token next = { .stop = ' ' };
    wl_status status = WL_OK;
    if (word->stop < 0) return cut_short(t->reader, t->line, t->error);
    if (word->stop == '\n') return wrong_count(t, 0, "");
    if (!t->before && t->vectors->D && word->length < SPACED) status = join(t, word, spaced, &next);
    if (!status)
        status = wl_vectors_add_word(t->vectors, word, 0, t->reader, "line", t->line, t->error);
    return status ? status : read_numbers(t, next);
}

static wl_status read_row(text *t)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\n'] = 1 };
    wl_token word;
    wl_status status = wl_reader_token(t->reader, gaps, &word, t->error);
    if (status) return status;
    if (word.stop >= 0 || word.length > 0) return read_line(t, &word);
    if (!t->before)
        return wl_error_set(t->error, WL_BAD_FILE,
                            "%s: line 1: expected a word and its numbers, found an empty file",
                            wl_reader_name(t->reader));
    return wl_error_set(t->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected %" PRId64 " words, found the end of the "
                        "file after %" PRId64,
                        wl_reader_name(t->reader), t->line, t->vectors->V, t->line - 2);
}

static wl_status read_counted(text *t)
{
    wl_status status = wl_vectors_read_sizes(t->vectors, t->reader, t->error);
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

static wl_status read_headerless(text *t)
{
    wl_status status = WL_OK;
    do {
        t->line++;
        status = read_row(t);
        t->vectors->V++;
    } while (!status && wl_reader_position(t->reader) < wl_reader_size(t->reader));
    if (status) return status;
    size_t bytes = (size_t)t->held * sizeof *t->vectors->table;
    float *table = realloc(t->vectors->table, bytes);
    if (table) t->vectors->table = table;
    return WL_OK;
}

static wl_status begin_words(wl_vectors *vectors, wl_reader *reader, locale_t *plain,
                             wl_error *error)
{
    wl_status status = wl_vocabulary_create(&vectors->words);
    *plain = status ? (locale_t)0 : newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (*plain) return WL_OK;
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for its words", wl_reader_name(reader));
}

wl_status wl_vectors_read_text(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                               wl_error *error)
{
    text t = { .vectors = vectors, .reader = reader, .flags = flags, .error = error };
    wl_status status = begin_words(vectors, reader, &t.plain, error);
    if (status) return status;
    t.line = t.before = 1;
    status = read_counted(&t);
    freelocale(t.plain);
    return status;
}

wl_status wl_vectors_read_glove(wl_vectors *vectors, wl_reader *reader, uint32_t flags,
                                wl_error *error)
{
    text t = { .vectors = vectors, .reader = reader, .flags = flags, .error = error };
    wl_status status = begin_words(vectors, reader, &t.plain, error);
    if (status) return status;
    status = read_headerless(&t);
    freelocale(t.plain);
    return status;
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

static wl_status write_sizes(const wl_vectors *v, wl_writer *writer, wl_error *error)
{
    char sizes[64];
    int n = snprintf(sizes, sizeof sizes, "%" PRId64 " %" PRId64 "\n", v->V, v->D);
    return wl_writer_write(writer, sizes, (size_t)n, error);
}

static wl_status write_all(const wl_vectors *v, int headed, wl_writer *writer, wl_error *error)
{
    wl_status status = headed ? write_sizes(v, writer, error) : WL_OK;
    for (int64_t id = 0; id < v->V && !status; id++) status = write_row(v, id, writer, error);
    return status ? status : wl_writer_commit(writer, error);
}

static wl_status write(const wl_vectors *vectors, int headed, const char *path, wl_error *error)
{
    wl_status status = wl_vectors_check_words(vectors, " \n", path, error);
    if (status) return status;
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to write it", path);
    wl_writer *writer;
    status = wl_writer_open(&writer, path, error);
    if (!status) {
        locale_t callers = uselocale(plain);
        status = write_all(vectors, headed, writer, error);
        uselocale(callers);
        wl_writer_close(writer);
    }
    freelocale(plain);
    return status;
}

wl_status wl_vectors_write_text(const wl_vectors *vectors, const char *path, wl_error *error)
{
    return write(vectors, 1, path, error);
}

wl_status wl_vectors_write_glove(const wl_vectors *vectors, const char *path, wl_error *error)
{
    return write(vectors, 0, path, error);
}
