/* See tokenize.h. */
#include "tokenize.h"

#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wordloom/nn/text.h>

wl_status wl_check_line(const char *name, int64_t number, int64_t at, const char *line,
                        size_t length, wl_error *error)
{
    const size_t bad = wl_invalid_utf8(line, length);
    const char *zero = memchr(line, 0, length);
    char where[32] = "";
    if (bad == length && !zero) return WL_OK;
    if (number) snprintf(where, sizeof where, "line %" PRId64 ", ", number);
    if (bad < length)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: %sbyte %" PRId64
                            ": expected UTF-8, found an invalid sequence that begins with 0x%02x",
                            name, where, at + (int64_t)bad, (unsigned)(unsigned char)line[bad]);
    return wl_error_set(error, WL_BAD_FILE, "%s: %sbyte %" PRId64 ": expected text, found a NUL",
                        name, where, at + (zero - line));
}

static int is_gap(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

size_t wl_next_token(const char *line, size_t length, int32_t level, size_t *at)
{
    size_t end = *at;
    if (level == WL_TEXT_CHAR) {
        if (end < length) end++;
        while (end < length && ((unsigned char)line[end] & 0xc0) == 0x80) end++;
        return end - *at;
    }
    while (end < length && is_gap(line[end])) end++;
    *at = end;
    while (end < length && !is_gap(line[end])) end++;
    return end - *at;
}
