/* Dense products, and sums of columns, for the references. */
#ifndef WL_REF_GEMM_H
#define WL_REF_GEMM_H

#include "ref.h"

/* c[M,N] = op(a)[M,K] op(b)[K,N] + beta c, row-major; `at` says that a holds its transpose, of
 * [K,M], and `bt` that b does, of [N,K]. lda, ldb, ldc: elements from a stored row to the next.
 * The product is cut into tiles by its shape alone, each a one-thread OpenBLAS call: the same
 * bits for any number of threads, provided that OpenBLAS itself is set to one thread. */
void WL_REF(gemm)(bool at, bool bt, int64_t M, int64_t N, int64_t K, const real *a, int64_t lda,
                  const real *b, int64_t ldb, real beta, real *c, int64_t ldc);

/* Elements from a row of a matrix to the next, as a product is to be told: never under its width,
 * which the stride of a single row may be. */
static inline int64_t pitch_of(const wl_tensor *t)
{
    const int64_t stride = wl_stride(t, 0);
    return stride < t->shape[1] ? t->shape[1] : stride;
}

/* A matrix as a product takes it. */
typedef struct matrix {
    real *data;
    int64_t pitch;
} matrix;

/* A tensor itself if it is REAL, else a copy in `room` that is. */
static inline matrix widened(const wl_tensor *t, real *room)
{
    const int64_t N = t->shape[0], D = t->shape[1];
    if (t->dtype == REAL_DTYPE) return (matrix){ t->data, pitch_of(t) };
#pragma omp parallel for schedule(static) if (N * D > 16384)
    for (int64_t n = 0; n < N; n++) load_row(room + n * D, row_of(t, n, 0), D);
    return (matrix){ room, D };
}

/* What comes of storing as a dtype and loading again. */
static inline void round_row(real *x, int32_t dtype, int64_t n)
{
    if (dtype == REAL_DTYPE) return;
    for (int64_t i = 0; i < n; i++)
        x[i] = dtype == WL_F16 ? (real)wl_f32_of_f16(wl_f16_of_f32((float)x[i]))
                               : (real)wl_f32_of_bf16(wl_bf16_of_f32((float)x[i]));
}

/* to[h] += the sum over n of x[n,h], N rows of H: the bias's part of a product's gradient. */
void WL_REF(add_columns)(real *to, const real *x, int64_t pitch, int64_t N, int64_t H);

#endif
