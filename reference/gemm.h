/* Dense products for the references. */
#ifndef WL_REF_GEMM_H
#define WL_REF_GEMM_H

#include "ref.h"

/* c[M,N] = op(a)[M,K] op(b)[K,N] + beta c, row-major; `at` says that a holds its transpose, of
 * [K,M], and `bt` that b does, of [N,K]. lda, ldb, ldc: elements from a stored row to the next.
 * The product is cut into tiles by its shape alone, each a one-thread OpenBLAS call: the same
 * bits for any number of threads, provided that OpenBLAS itself is set to one thread. */
void WL_REF(gemm)(bool at, bool bt, int64_t M, int64_t N, int64_t K, const real *a, int64_t lda,
                  const real *b, int64_t ldb, real beta, real *c, int64_t ldc);

#endif
