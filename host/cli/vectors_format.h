/* Which format vectors are written in: by the option --format, or by the name of the file. */
#ifndef WL_CLI_VECTORS_FORMAT_H
#define WL_CLI_VECTORS_FORMAT_H

#include <wordloom/nn/vectors.h>

/* The choices of --format, of which the first is to go by the name; end with null. */
extern const char *const format_choices[];

/* The format of a number of choices for this file, into *out. Answers an exit code: EXIT_USAGE
 * after a name that tells none, or "-", which `what` ("--out") then names on stderr. */
int format_choose(const char *what, const char *path, int choice, wl_vectors_format *out);

#endif
