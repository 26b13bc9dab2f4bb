/* Labels of tokens: see token_label.h. */
#include "token_label.h"

#include "text_width.h"

#include <string.h>
#include <utf8proc.h>

/* The code point that stands for one that is not seen, or for bytes that are none (-1). */
static utf8proc_int32_t seen(utf8proc_int32_t point, bool utf8)
{
    if (point == ' ') return utf8 ? 0x2423 : '_';
    if (point >= 0 && point < ' ' && utf8) return 0x2400 + point;
    return point < ' ' || (point >= 0x7f && point < 0xa0) ? '?' : point;
}

/* All that `to` has room for, and then for a sign. */
static void make_seen(char *to, size_t room, const char *token, bool utf8)
{
    utf8proc_int32_t point;
    size_t length = 0;
    while (*token && length + 8 < room) {
        const utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)token,
                                                    (utf8proc_ssize_t)strnlen(token, 4), &point);
        length += (size_t)utf8proc_encode_char(seen(n > 0 ? point : -1, utf8),
                                               (utf8proc_uint8_t *)to + length);
        token += n > 0 ? n : 1;
    }
    to[length] = 0;
}

token_label token_label_of(const char *token, bool utf8)
{
    token_label label;
    char *end = label.text;
    make_seen(label.text, sizeof label.text, token, utf8);
    if (text_width(label.text) <= TOKEN_LABEL_WIDTH) return label;
    for (int width = 0, columns;; width += columns) {
        const size_t length = text_character(end, &columns);
        if (width + columns >= TOKEN_LABEL_WIDTH) break;
        end += length;
    }
    strcpy(end, utf8 ? "\u2026" : "~");
    return label;
}
