/* A workspace cut into parts, by one routine that the contract measures with (the base is null) and
 * that both sides carve with. */
#ifndef WL_CARVE_H
#define WL_CARVE_H

#include "../core/op.h"

/* The next `count` of `size` bytes, `count` 0 or more. More than there can be, such as where a
 * device could not tell what it needs, stays SIZE_MAX. */
static inline void *wl_carve(char *base, size_t *at, int64_t count, size_t size)
{
    void *out = base ? base + *at : NULL;
    const bool fits = *at != SIZE_MAX && size < SIZE_MAX / 2 / (size_t)(count ? count : 1);
    *at = fits ? *at + wl_part(count, size) : SIZE_MAX;
    return out;
}

#endif
