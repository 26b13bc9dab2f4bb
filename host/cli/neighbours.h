/* What `vectors similar` and `vectors analogy` share: vectors opened to be searched, words looked
 * up in them, and lists of what was found. */
#ifndef WL_CLI_NEIGHBOURS_H
#define WL_CLI_NEIGHBOURS_H

#include "options.h"
#include "vectors_open.h"

typedef struct neighbours {
    wl_ctx *ctx;
    opened_vectors opened;
    wl_similar *similar;
    wl_neighbour *found; /* [top]: room for the result of one search */
    int64_t top;         /* at most the number of words, once opened */
    int64_t threads;
    int device; /* the number of a choice */
} neighbours;

enum { NEIGHBOURS_ROWS = 4 };

/* Sets the defaults, and fills the rows, which point to them; the last ends the table. */
void neighbours_options(neighbours *n, option_row rows[NEIGHBOURS_ROWS]);

/* Reads the vectors, for the device and with the threads asked for. Of the words that will be
 * looked up, those that the vectors do not know but have n-grams of join them, without being found
 * by a search. Answers an exit code; what went wrong is told. Either way neighbours_close frees
 * what there is. */
int neighbours_open(neighbours *n, const char *path, int count, char **words);
void neighbours_close(neighbours *n);

/* The id of a word, or -1, which is told with the words that are spelt nearly so: at most two
 * letters away, the closest first and of equals the one that stands first in the vocabulary. */
int64_t neighbours_find(const neighbours *n, const char *word);

/* Prints the first `count` of n->found, best first, a line each. */
void neighbours_print(const neighbours *n, int64_t count);

#endif
