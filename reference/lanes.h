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

/* Sums, or products, of halves, until four are left. */
#if defined(WL_REF_LEVEL) && !defined(WL_REF_ORDER) && WL_REF_LEVEL == 4
typedef real eight __attribute__((vector_size(8 * sizeof(real))));
ALWAYS eight low_eight(lanes v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7); }
ALWAYS eight high_eight(lanes v)
{
    return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
}
ALWAYS quad low_quad(eight v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
ALWAYS quad high_quad(eight v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
ALWAYS quad quad_of(lanes v)
{
    const eight h = low_eight(v) + high_eight(v);
    return low_quad(h) + high_quad(h);
}
ALWAYS quad quad_product(lanes v)
{
    const eight h = low_eight(v) * high_eight(v);
    return low_quad(h) * high_quad(h);
}
#elif defined(WL_REF_LEVEL) && !defined(WL_REF_ORDER) && WL_REF_LEVEL == 3
ALWAYS quad low_quad(lanes v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
ALWAYS quad high_quad(lanes v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }
ALWAYS quad quad_of(lanes v) { return low_quad(v) + high_quad(v); }
ALWAYS quad quad_product(lanes v) { return low_quad(v) * high_quad(v); }
#else
ALWAYS quad quad_of(lanes v) { return v; }
ALWAYS quad quad_product(lanes v) { return v; }
#endif

#endif
