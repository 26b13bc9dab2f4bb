/* Which format a file of word vectors has, by its first bytes. */
#include "vectors_format.h"

#include <string.h>

enum { SEEN = 16, ROW_SEEN = 1 << 16 }; /* bytes */

/* The first eight bytes of safetensors are a length of at most 10^8, so that the last four are 0,
 * and the fourth, which ends the shortest first line of a text, is no newline; the ninth opens
 * the header. Where a text cannot begin so, a damaged length will do. */
static int is_safetensors(const unsigned char *first, size_t length)
{
    int digit = length > 0 && first[0] >= '0' && first[0] <= '9';
    int opens = length > 8 && first[8] == '{';
    if (opens && first[3] != '\n' && memcmp(first + 4, "\0\0\0", 4) == 0) return 1;
    return opens && !digit && memchr(first, 0, 8);
}

static int begins(const unsigned char *first, size_t length, const char *magic, size_t bytes)
{
    return length >= bytes && memcmp(first, magic, bytes) == 0;
}

static int by_magic(const unsigned char *first, size_t length)
{
    if (begins(first, length, "\x93NUMPY", 6)) return WL_VECTORS_NPY;
    if (begins(first, length, "\xba\x16\x4f\x2f", 4)) return WL_VECTORS_FASTTEXT;
    return is_safetensors(first, length) ? WL_VECTORS_SAFETENSORS : 0;
}

/* Columns of the first line, at most 3; *digit: it begins with one. */
static wl_status count_columns(wl_reader *reader, int *columns, int *digit, wl_error *error)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\r'] = 1, ['\n'] = 1 };
    wl_token token = { .stop = ' ' };
    *columns = *digit = 0;
    while (*columns < 3 && token.stop != '\n' && token.stop >= 0) {
        wl_status status = wl_reader_token(reader, gaps, &token, error);
        if (status) return status;
        if (*columns == 0 && token.length > 0)
            *digit = token.bytes[0] >= '0' && token.bytes[0] <= '9';
        *columns += token.length > 0;
    }
    return WL_OK;
}

/* Whether bytes that follow a word and a space can be text: digits and what else a number begins
 * with, then nothing that is not shown, and within the line only ASCII. */
static int is_text(const unsigned char *row, size_t length)
{
    static const char starts[] = "0123456789+-.nNiI \r\n";
    if (length > 0 && !memchr(starts, row[0], sizeof starts - 1)) return 0;
    int line = 1;
    for (size_t i = 0; i < length; i++) {
        int shown = (row[i] >= ' ' && row[i] < 0x7f) || row[i] == '\t' || row[i] == '\r';
        if (row[i] == '\n') line = 0;
        if (!shown && row[i] != '\n' && (line || row[i] < ' ')) return 0;
    }
    return 1;
}

/* Text or binary, by the numbers of the first word. What has neither is text, whose reader tells
 * the line. */
static wl_status compare_row(wl_reader *reader, int *format, wl_error *error)
{
    static const unsigned char gaps[256] = { [' '] = 1, ['\n'] = 1 };
    unsigned char row[ROW_SEEN];
    wl_vectors sizes = { 0 };
    wl_token word;
    *format = WL_VECTORS_TEXT;
    wl_status status = wl_vectors_read_sizes(&sizes, reader, error);
    if (status == WL_BAD_FILE) return WL_OK;
    if (!status) status = wl_reader_token(reader, gaps, &word, error);
    if (status || word.stop != ' ') return status;
    int64_t left = wl_reader_size(reader) - wl_reader_position(reader);
    if (left > ROW_SEEN) left = ROW_SEEN;
    if (left / 4 >= sizes.D) left = sizes.D * 4;
    status = wl_reader_read(reader, row, (size_t)left, error);
    if (!status && !is_text(row, (size_t)left)) *format = WL_VECTORS_BINARY;
    return status;
}

wl_status wl_vectors_sniff(wl_reader *reader, int *format, wl_error *error)
{
    unsigned char first[SEEN];
    int64_t size = wl_reader_size(reader);
    size_t length = size < SEEN ? (size_t)size : SEEN;
    int columns = 0, digit = 0;
    wl_status status = wl_reader_read(reader, first, length, error);
    *format = by_magic(first, status ? 0 : length);
    wl_reader_seek(reader, 0);
    if (status || *format) return status;
    status = count_columns(reader, &columns, &digit, error);
    wl_reader_seek(reader, 0);
    if (status) return status;
    if (columns == 3) *format = WL_VECTORS_GLOVE;
    if (columns == 3 || !digit) return WL_OK;
    status = compare_row(reader, format, error);
    wl_reader_seek(reader, 0);
    return status;
}
