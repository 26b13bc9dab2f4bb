/* How functions of the host layer (files, vocabularies, training) say what went wrong: they
 * return a wl_status and write one line into the caller's wl_error. */
#ifndef WORDLOOM_NN_ERROR_H
#define WORDLOOM_NN_ERROR_H

#include <wordloom/types.h>

WL_BEGIN

typedef struct wl_error {
    char text[1024]; /* "vectors.txt: line 7: expected 100 numbers, found 99"; no newline */
} wl_error;

/* Writes the text and returns the status. A null error is allowed: the text is dropped. */
WL_API wl_status wl_error_set(wl_error *error, wl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

WL_END
#endif
