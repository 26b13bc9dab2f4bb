/* Word vectors as searches and evaluations open them: a table, or the sparse rows of counts. */
#ifndef WL_CLI_VECTORS_OPEN_H
#define WL_CLI_VECTORS_OPEN_H

#include <wordloom/nn/counts.h>
#include <wordloom/nn/similar.h>
#include <wordloom/nn/vectors.h>

typedef struct opened_vectors {
    wl_vectors *vectors; /* null: there are counts, */
    wl_counts counts;
    const wl_vocabulary *words; /* of either */
    int64_t V, D;
} opened_vectors;

/* Either way vectors_close frees what there is. */
wl_status vectors_open(opened_vectors *out, const char *path, wl_error *error);
void vectors_close(opened_vectors *opened);

/* To search the rows of all words, those that joined since then too: a table on the device of
 * `ctx`, counts on the host. */
wl_status vectors_similar(wl_similar **out, wl_ctx *ctx, const opened_vectors *opened,
                          wl_error *error);

#endif
