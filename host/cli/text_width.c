/* Text on a terminal: see text_width.h. */
#include "text_width.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>
#include <sys/ioctl.h>
#include <utf8proc.h>

/* Bytes of the first code point, and its columns. What is no UTF-8 is a byte and a column. */
static size_t code_point(const char *text, int *columns)
{
    utf8proc_int32_t point;
    const utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text,
                                                (utf8proc_ssize_t)strnlen(text, 4), &point);
    *columns = n > 0 ? utf8proc_charwidth(point) : 1;
    return n > 0 ? (size_t)n : 1;
}

int text_width(const char *text)
{
    int width = 0, columns;
    for (; *text; width += columns) text += code_point(text, &columns);
    return width;
}

size_t text_character(const char *text, int *columns)
{
    size_t length = 0, more = 0;
    int further = 0;
    *columns = 0;
    if (*text) length = code_point(text, columns);
    for (; text[length] && !further; length += more) {
        more = code_point(text + length, &further);
        if (further > 0) more = 0;
    }
    return length;
}

int terminal_width(int fd)
{
    struct winsize size;
    const bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

bool terminal_has_utf8(void)
{
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!locale) return false;
    const bool is = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
    freelocale(locale);
    return is;
}
