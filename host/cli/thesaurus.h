/* What commands share that ask WordNet. */
#ifndef WL_CLI_THESAURUS_H
#define WL_CLI_THESAURUS_H

#include "options.h"

#include <wordloom/nn/thesaurus.h>

/* The row of --wordnet, whose value it is; null: not given. */
option_row thesaurus_option(const char **directory);

/* Opens it in a directory, or, where that is null, in $WNSEARCHDIR or where Debian has it. Answers
 * 0, or says what is wrong, and answers the exit code. */
int thesaurus_open(wl_thesaurus **out, const char *directory);

/* A text in lines of the terminal's width, each after so many spaces. */
void thesaurus_print_wrapped(const char *text, size_t length, int indent);

#endif
