/* The one line that says what went wrong in the host layer. */
#include <wordloom/nn/error.h>

#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Names and words come from files: what could end the line or drive a terminal goes, and so does
 * what is no UTF-8, such as a sequence that was cut. */
static void make_one_line(char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) text[i] = '?';
    for (size_t i; (i = wl_invalid_utf8(text, length)) < length;) text[i] = '?';
}

wl_status wl_error_set(wl_error *error, wl_status status, const char *format, ...)
{
    if (!error) return status;
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(error->text, sizeof error->text, format, arguments) < 0) error->text[0] = 0;
    va_end(arguments);
    make_one_line(error->text);
    return status;
}
