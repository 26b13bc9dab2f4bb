/* UTF-8 by utf8proc, with a short way through ASCII. */
#include "utf8.h"

#include <utf8proc.h>

size_t wl_invalid_utf8(const char *text, size_t length)
{
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    size_t at = 0;
    while (at < length) {
        if (bytes[at] < 0x80) {
            at++;
            continue;
        }
        utf8proc_int32_t point;
        size_t left = length - at < 4 ? length - at : 4;
        utf8proc_ssize_t n = utf8proc_iterate(bytes + at, (utf8proc_ssize_t)left, &point);
        if (n <= 0) return at;
        at += (size_t)n;
    }
    return length;
}
