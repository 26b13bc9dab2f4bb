/* Lines of text files in which # begins a comment. */
#ifndef WL_LINES_H
#define WL_LINES_H

#include <wordloom/nn/file.h>

WL_BEGIN

/* A line, numbered from 1, without what ends it and spaces before that; it may be cut up, until the
 * reader reads on. */
typedef wl_status wl_take_line(void *user, int64_t number, char *line, wl_error *error);

/* Passes all lines on that are not empty and do not begin with #. A byte order mark before the
 * first is left out. *lines, also after an error: the number of the last one that was read.
 * WL_BAD_FILE: a line is not UTF-8 text; or as `take` answers. */
wl_status wl_lines_read(wl_reader *reader, wl_take_line *take, void *user, int64_t *lines,
                        wl_error *error);

WL_END
#endif
