/* How text lies on a terminal: how wide it is, how wide that is, and what it can show. */
#ifndef WL_CLI_TEXT_WIDTH_H
#define WL_CLI_TEXT_WIDTH_H

#include <stdbool.h>
#include <stddef.h>

/* Columns of a text, of which a character may take 0, 1 or 2. */
int text_width(const char *text);

/* Bytes of its first character with the accents that stand over it, and its columns; of an empty
 * text both are 0. */
size_t text_character(const char *text, int *columns);

/* Columns of the terminal that a file descriptor is, or else 80. */
int terminal_width(int fd);

/* Whether the locale that the environment names writes UTF-8. */
bool terminal_has_utf8(void);

#endif
