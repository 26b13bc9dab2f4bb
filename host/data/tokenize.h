/* Lines cut into words or characters, and what no line of a text may have. */
#ifndef WORDLOOM_HOST_TOKENIZE_H
#define WORDLOOM_HOST_TOKENIZE_H

#include <wordloom/nn/error.h>

/* WL_BAD_FILE where the line is no UTF-8 or has a NUL. The message names the source, the line's
 * number unless that is 0, and the byte, of which `at` come before the line. */
wl_status wl_check_line(const char *name, int64_t number, int64_t at, const char *line,
                        size_t length, wl_error *error);

/* Moves *at on to where the next token of a line begins, and answers its length; 0: there is none.
 * The level is WL_TEXT_WORD or WL_TEXT_CHAR. */
size_t wl_next_token(const char *line, size_t length, int32_t level, size_t *at);

#endif
