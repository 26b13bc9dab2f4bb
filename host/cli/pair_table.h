/* Tables of examples, and of what a model makes of them. */
#ifndef WL_CLI_PAIR_TABLE_H
#define WL_CLI_PAIR_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { PAIR_CELLS = 3 };

typedef struct pair_row {
    const char *cell[PAIR_CELLS]; /* source, what was expected, what was found */
    bool right;
} pair_row;

/* A line a row under a line of names, of `width` columns at most; cells that are cut end in …, or
 * where signs are to be ASCII (not `utf8`) in ~. What a terminal would act on is shown as ?. */
void pair_table_print(FILE *to, const pair_row *rows, int64_t count, int width, bool utf8);

#endif
