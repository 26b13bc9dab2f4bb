/* Vectors of as many REAL as the instruction set computes with at once, in the compiler's own
 * notation. For loops whose sums the vectoriser does not keep in registers. Plain has vectors of
 * one. */
#ifndef WL_REF_LANES_H
#define WL_REF_LANES_H

#include "ref.h"

#define ALWAYS static inline __attribute__((always_inline))

#if defined(WL_REF_ORDER)
enum { LANES = 1, QUAD = 1 };
#elif defined(WL_REF_DOUBLE)
enum { LANES = 2, QUAD = 2 };
#elif !defined(WL_REF_LEVEL)
enum { LANES = 4, QUAD = 4 };
#elif WL_REF_LEVEL == 3
enum { LANES = 8, QUAD = 4 };
#else
enum { LANES = 16, QUAD = 4 };
#endif

typedef real lanes __attribute__((vector_size(LANES * sizeof(real))));
typedef real quad __attribute__((vector_size(QUAD * sizeof(real))));
/* the same where they lie in memory, at any element */
typedef real lanes_at
    __attribute__((vector_size(LANES * sizeof(real)), aligned(sizeof(real)), may_alias));
typedef real quad_at
    __attribute__((vector_size(QUAD * sizeof(real)), aligned(sizeof(real)), may_alias));

ALWAYS lanes load_lanes(const real *p) { return *(const lanes_at *)p; }
ALWAYS void store_lanes(real *p, lanes v) { *(lanes_at *)p = v; }

/* Sums of halves, until four are left. */
ALWAYS quad quad_of(lanes v)
{
#if defined(WL_REF_LEVEL) && !defined(WL_REF_ORDER) && WL_REF_LEVEL == 4
    typedef real eight __attribute__((vector_size(8 * sizeof(real))));
    const eight h = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
#elif defined(WL_REF_LEVEL) && !defined(WL_REF_ORDER) && WL_REF_LEVEL == 3
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
#else
    return v;
#endif
}

#endif
