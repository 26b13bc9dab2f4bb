/* Lines of text: see lines.h. */
#include "lines.h"

#include "utf8.h"

#include <inttypes.h>
#include <string.h>

static wl_status check_text(const char *name, int64_t number, const wl_token *line, wl_error *error)
{
    const size_t bad = wl_invalid_utf8(line->bytes, line->length), nul = strlen(line->bytes);
    if (bad == line->length && nul == line->length) return WL_OK;
    const size_t at = bad < nul ? bad : nul;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected UTF-8 text, found 0x%02x at its byte %zu",
                        name, number, (unsigned)(unsigned char)line->bytes[at], at + 1);
}

wl_status wl_lines_read(wl_reader *reader, wl_take_line *take, void *user, int64_t *lines,
                        wl_error *error)
{
    static const unsigned char newline[256] = { ['\n'] = 1 };
    wl_token token = { .stop = '\n' };
    for (*lines = 0; token.stop >= 0;) {
        wl_status status = wl_reader_token(reader, newline, &token, error);
        ++*lines;
        if (!status) status = check_text(wl_reader_name(reader), *lines, &token, error);
        if (status) return status;
        char *line = (char *)token.bytes; /* the reader's buffer */
        size_t length = token.length;
        if (*lines == 1 && !strncmp(line, "\xef\xbb\xbf", 3)) line += 3, length -= 3;
        while (length > 0 && strchr("\r ", line[length - 1])) line[--length] = 0;
        if (length > 0 && line[0] != '#') status = take(user, *lines, line, error);
        if (status) return status;
    }
    return WL_OK;
}
