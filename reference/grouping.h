/* Ids ordered by row: which slots name each row of a table, in ascending order of both. */
#ifndef WL_REF_GROUPING_H
#define WL_REF_GROUPING_H

#include "ref.h"

typedef struct grouping {
    int64_t groups;       /* distinct rows */
    const uint64_t *row;  /* [slots] the row of each ordered slot */
    const int64_t *slot;  /* [slots] the position in ids */
    const int64_t *start; /* [groups + 1] the first ordered slot of each group */
} grouping;

/* Bytes that n ids need. */
size_t WL_REF(grouping_bytes)(int64_t n);

/* Orders the n ids; those that are absent or out of bounds are left out, the latter reported. */
grouping WL_REF(group)(wl_ctx *ctx, uint32_t where, const wl_tensor *ids, int64_t n, int64_t V,
                       char *memory);

#endif
