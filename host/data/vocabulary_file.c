/* The two forms a vocabulary has outside memory: the text file "word count", and the escaped
 * words of a model file. */
#include <wordloom/nn/file.h>
#include <wordloom/nn/vocabulary.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 64 }; /* bytes of a word that a message quotes */

static int shown(size_t length) { return length < SHOWN ? (int)length : SHOWN; }

static wl_status out_of_memory(const char *name, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for its words", name);
}

/* Adds a word that must be new. `where` is the line, from 1. */
static wl_status add_new(wl_vocabulary *v, const char *name, int64_t where, const char *word,
                         size_t length, int64_t count, wl_error *error)
{
    if (length == 0)
        return wl_error_set(error, WL_BAD_FILE, "%s: line %" PRId64 ": expected a word, found none",
                            name, where);
    int64_t id, size = wl_vocabulary_size(v);
    wl_status status = wl_vocabulary_add_count(v, word, length, count, &id);
    if (status == WL_NO_MEMORY) return out_of_memory(name, error);
    if (status)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: line %" PRId64 ": expected at most 2^31 - 1 words and 2^63 - 1 "
                            "tokens, found more",
                            name, where);
    if (id == size) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected a new word, found \"%.*s\" of line %" PRId64
                        " again",
                        name, where, shown(length), word, id + 1);
}

/* Digits only, within 63 bits; -1 otherwise. */
static int64_t count_of(const wl_token *token)
{
    const char *p = token->bytes, *end = p + token->length;
    if (p < end && end[-1] == '\r') end--;
    if (p == end) return -1;
    int64_t count = 0;
    for (; p < end; p++) {
        int digit = *p - '0';
        if (digit < 0 || digit > 9 || count > (INT64_MAX - digit) / 10) return -1;
        count = count * 10 + digit;
    }
    return count;
}

/* The rest of a line after its word, which the reader no longer holds but the vocabulary does. */
static wl_status read_count(wl_reader *reader, int64_t line, int64_t *count, wl_error *error)
{
    static const unsigned char newline[256] = { ['\n'] = 1 };
    const char *name = wl_reader_name(reader);
    wl_token token;
    wl_status status = wl_reader_token(reader, newline, &token, error);
    if (status) return status;
    if (token.stop < 0)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: line %" PRId64 ": expected a newline at its end, found the end of "
                            "the file: it is cut short",
                            name, line);
    *count = count_of(&token);
    if (*count >= 0) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected a count of at most 2^63 - 1, found "
                        "\"%.*s\"",
                        name, line, shown(token.length), token.bytes);
}

static wl_status read_line(wl_vocabulary *v, wl_reader *reader, int64_t line, wl_error *error)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\n'] = 1 };
    const char *name = wl_reader_name(reader);
    wl_token word;
    wl_status status = wl_reader_token(reader, gaps, &word, error);
    if (status) return status;
    if (word.stop != ' ' && word.length > 0)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: line %" PRId64 ": expected a space and a count after \"%.*s\", "
                            "found the end of the %s",
                            name, line, shown(word.length), word.bytes,
                            word.stop < 0 ? "file" : "line");
    int64_t count = 0, id = wl_vocabulary_size(v);
    status = add_new(v, name, line, word.bytes, word.length, 0, error);
    if (!status) status = read_count(reader, line, &count, error);
    if (status) return status;
    size_t length;
    const char *kept = wl_vocabulary_word(v, id, &length);
    if (wl_vocabulary_add_count(v, kept, length, count, NULL) == WL_OK) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected a total of at most 2^63 - 1, found more",
                        name, line);
}

static wl_status read_lines(wl_vocabulary *v, wl_reader *reader, wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t line = 1; !status && wl_reader_position(reader) < wl_reader_size(reader); line++)
        status = read_line(v, reader, line, error);
    return status;
}

wl_status wl_vocabulary_read(wl_vocabulary **out, const char *path, wl_error *error)
{
    *out = NULL;
    wl_reader *reader;
    wl_status status = wl_reader_open(&reader, path, error);
    if (status) return status;
    wl_vocabulary *v;
    status = wl_vocabulary_create(&v);
    if (status) out_of_memory(path, error);
    if (!status) status = read_lines(v, reader, error);
    wl_reader_close(reader);
    if (status)
        wl_vocabulary_destroy(v);
    else
        *out = v;
    return status;
}

static wl_status check_words(const wl_vocabulary *v, const char *path, wl_error *error)
{
    for (int64_t id = 0; id < wl_vocabulary_size(v); id++) {
        size_t length;
        const char *word = wl_vocabulary_word(v, id, &length);
        if (!memchr(word, ' ', length) && !memchr(word, '\n', length)) continue;
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: word %" PRId64 ": expected neither space nor newline in it, found "
                            "\"%.*s\"",
                            path, id, shown(length), word);
    }
    return WL_OK;
}

static wl_status write_line(const wl_vocabulary *v, int64_t id, wl_writer *writer, wl_error *error)
{
    size_t length;
    const char *word = wl_vocabulary_word(v, id, &length);
    wl_status status = wl_writer_write(writer, word, length, error);
    if (status) return status;
    char count[32];
    int n = snprintf(count, sizeof count, " %" PRId64 "\n", wl_vocabulary_count(v, id));
    return wl_writer_write(writer, count, (size_t)n, error);
}

wl_status wl_vocabulary_write(const wl_vocabulary *v, const char *path, wl_error *error)
{
    wl_status status = check_words(v, path, error);
    if (status) return status;
    wl_writer *writer;
    status = wl_writer_open(&writer, path, error);
    if (status) return status;
    for (int64_t id = 0; !status && id < wl_vocabulary_size(v); id++)
        status = write_line(v, id, writer, error);
    if (!status) status = wl_writer_commit(writer, error);
    wl_writer_close(writer);
    return status;
}

/* Writes the escaped word and its newline at `to`, where that is not null; answers its length. */
static size_t escape(const char *word, size_t length, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        int escaped = word[i] == '\n' || word[i] == '\\';
        if (escaped && to) to[n] = '\\';
        n += (size_t)escaped;
        if (to) to[n] = word[i] == '\n' ? 'n' : word[i];
        n++;
    }
    if (to) to[n] = '\n';
    return n + 1;
}

static size_t escape_all(const wl_vocabulary *v, char *to)
{
    size_t n = 0;
    for (int64_t id = 0; id < wl_vocabulary_size(v); id++) {
        size_t length;
        const char *word = wl_vocabulary_word(v, id, &length);
        n += escape(word, length, to ? to + n : NULL);
    }
    return n;
}

wl_status wl_vocabulary_encode(const wl_vocabulary *v, char **bytes, size_t *length)
{
    *length = escape_all(v, NULL);
    *bytes = malloc(*length + 1);
    if (!*bytes) return WL_NO_MEMORY;
    escape_all(v, *bytes);
    (*bytes)[*length] = 0;
    return WL_OK;
}

/* Undoes the escapes of a line into `to`. Answers the length, or -1 with `*bad` the place. */
static int64_t unescape(const char *line, size_t length, char *to, size_t *bad)
{
    int64_t n = 0;
    for (size_t i = 0; i < length; i++) {
        char byte = line[i];
        if (byte == '\\') {
            char next = i + 1 < length ? line[i + 1] : 0;
            *bad = i++;
            if (next != 'n' && next != '\\') return -1;
            byte = next == 'n' ? '\n' : '\\';
        }
        to[n++] = byte;
    }
    return n;
}

static wl_status decode_line(wl_vocabulary *v, const char *line, size_t length, int64_t offset,
                             const char *source, wl_error *error)
{
    int64_t number = wl_vocabulary_size(v) + 1;
    if (!memchr(line, '\\', length)) return add_new(v, source, number, line, length, 0, error);
    char *word = malloc(length);
    if (!word) return out_of_memory(source, error);
    size_t bad = 0;
    int64_t n = unescape(line, length, word, &bad);
    wl_status status = n < 0 ? wl_error_set(error, WL_BAD_FILE,
                                            "%s: line %" PRId64 ", byte %" PRId64
                                            ": expected n or a backslash after a backslash",
                                            source, number, offset + (int64_t)bad)
                             : add_new(v, source, number, word, (size_t)n, 0, error);
    free(word);
    return status;
}

static wl_status decode_lines(wl_vocabulary *v, const char *bytes, size_t length,
                              const char *source, wl_error *error)
{
    wl_status status = WL_OK;
    for (size_t at = 0; !status && at < length;) {
        const char *end = memchr(bytes + at, '\n', length - at);
        if (!end)
            return wl_error_set(error, WL_BAD_FILE,
                                "%s: line %" PRId64 ", byte %zu: expected a newline at the end of "
                                "the last word, found none",
                                source, wl_vocabulary_size(v) + 1, length);
        size_t n = (size_t)(end - (bytes + at));
        status = decode_line(v, bytes + at, n, (int64_t)at, source, error);
        at += n + 1;
    }
    return status;
}

wl_status wl_vocabulary_decode(wl_vocabulary **out, const char *bytes, size_t length,
                               const char *source, wl_error *error)
{
    *out = NULL;
    wl_vocabulary *v;
    if (wl_vocabulary_create(&v)) return out_of_memory(source, error);
    wl_status status = decode_lines(v, bytes, length, source, error);
    if (status)
        wl_vocabulary_destroy(v);
    else
        *out = v;
    return status;
}
