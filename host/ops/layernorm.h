/* How layernorm_backward cuts N rows for the sums over them: into at most WL_COLUMN_PARTS parts,
 * the same on every backend, for any number of threads and on every device. */
#ifndef WL_LAYERNORM_H
#define WL_LAYERNORM_H

#include "../core/op.h"

/* Rows of a part; the last may have fewer. */
static inline int64_t wl_norm_rows(int64_t N)
{
    const int64_t least = 16, rows = (N + WL_COLUMN_PARTS - 1) / WL_COLUMN_PARTS;
    return rows > least ? rows : least;
}

static inline int64_t wl_norm_parts(int64_t N)
{
    return (N + wl_norm_rows(N) - 1) / wl_norm_rows(N);
}

#endif
