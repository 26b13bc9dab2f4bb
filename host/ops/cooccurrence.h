/* The workspace of cooccurrence_count, by routines that the contract measures with and the sides
 * carve with. */
#ifndef WL_OPS_COOCCURRENCE_H
#define WL_OPS_COOCCURRENCE_H

#include "carve.h"

/* On the CPU: the tokens ordered by id, and what becomes of the pairs of each. */
typedef struct wl_count_rows {
    char *grouping;
    int64_t *entries; /* [N+1] how many entries each row has, then those before it */
    uint64_t *pairs;  /* [2WN] columns, each above its distance; at last columns */
    uint64_t *spare;  /* [2WN] to sort them; at last sums */
} wl_count_rows;

/* Answers the bytes; the parts lie at `base`, or nowhere while that is null. */
static inline size_t wl_count_rows_carve(wl_count_rows *out, char *base, size_t grouping,
                                         const wl_dims *d)
{
    size_t at = 0;
    const int64_t pairs = 2 * d->W * d->N;
    out->grouping = (char *)wl_carve(base, &at, 1, grouping);
    out->entries = (int64_t *)wl_carve(base, &at, d->N + 1, sizeof *out->entries);
    out->pairs = (uint64_t *)wl_carve(base, &at, pairs, sizeof *out->pairs);
    out->spare = (uint64_t *)wl_carve(base, &at, pairs, sizeof *out->spare);
    return at;
}

/* On CUDA: all pairs ordered by key, and what it takes to select where entries begin. */
typedef struct wl_count_pairs {
    uint64_t *key[2]; /* [2WN] */
    int64_t *sum[2];  /* [2WN] weights; at last also what is summed before each */
    char *selection;
} wl_count_pairs;

static inline size_t wl_count_pairs_carve(wl_count_pairs *out, char *base, size_t selection,
                                          const wl_dims *d)
{
    size_t at = 0;
    const int64_t pairs = 2 * d->W * d->N;
    for (int i = 0; i < 2; i++) {
        out->key[i] = (uint64_t *)wl_carve(base, &at, pairs, sizeof *out->key[i]);
        out->sum[i] = (int64_t *)wl_carve(base, &at, pairs, sizeof *out->sum[i]);
    }
    out->selection = (char *)wl_carve(base, &at, 1, selection);
    return at;
}

#endif
