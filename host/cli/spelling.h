/* Which known word an unknown one may have been meant to be. */
#ifndef WL_CLI_SPELLING_H
#define WL_CLI_SPELLING_H

#include <stddef.h>

/* Letters to insert, delete, replace or swap with their neighbour to make one of the other (the
 * restricted distance of Damerau and Levenshtein), in bytes; more than `limit` counts as limit + 1.
 * Words beyond 63 bytes are compared by their first 63. */
int spelling_distance(const char *a, const char *b, int limit);

/* The one of `count` names, each at `stride` bytes from the one before, that is nearest to `word`;
 * null if there are none. */
const char *spelling_nearest(const char *word, const char *const *names, size_t count,
                             size_t stride);

#endif
