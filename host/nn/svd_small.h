/* The small dense problems of svd.c, solved in double by LAPACK. */
#ifndef WL_SVD_SMALL_H
#define WL_SVD_SMALL_H

#include <stdint.h>

#include <wordloom/nn/error.h>

/* A block of b columns X that stands last of D columns Q, of which those before it are orthonormal
 * (or 0). */
typedef struct wl_svd_block {
    int64_t b, D;
    double first;   /* the greatest squared length in X, of any direction, as it came */
    float *product; /* [b,D]: X^T Q, the caller's to fill */
    float *factor;  /* [b,D]: Q times its transpose is what X is to become */
    double *gram;   /* [b,b] */
    double *length; /* [b] */
} wl_svd_block;

/* Of step 0 X becomes orthogonal to what is before it, of those after it orthonormal too;
 * directions of which X has no more than rounding left become 0. */
enum { WL_SVD_STEPS = 3 };

wl_status wl_svd_block_create(wl_svd_block *out, int64_t b, int64_t D, wl_error *error);
void wl_svd_block_destroy(wl_svd_block *block); /* takes one that is all zero */
wl_status wl_svd_block_factor(wl_svd_block *block, int step, wl_error *error);

/* Of a symmetric gram [d,d] the roots s [k] of the k largest eigenvalues, falling, and their
 * vectors as rows [k,d]; those under a thousandth of the first, and their vectors, are 0. */
wl_status wl_svd_leading(const float *gram, int64_t d, int64_t k, float *s, float *vectors,
                         wl_error *error);

#endif
