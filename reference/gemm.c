/* Dense products for the references: OpenBLAS in tiles, or in plain three loops. Sums of columns.
 */
#include "gemm.h"

void WL_REF(add_columns)(real *to, const real *x, int64_t pitch, int64_t N, int64_t H)
{
    enum { COLUMNS = 64 };
#pragma omp parallel for schedule(static) if (N * H > 16384)
    for (int64_t h = 0; h < H; h += COLUMNS) {
        const int64_t width = least(COLUMNS, H - h);
        real sum[COLUMNS] = { 0 };
        for (int64_t n = 0; n < N; n++)
            add(sum, 1, (row){ (real *)(uintptr_t)(x + nth(n, N) * pitch + h), REAL_DTYPE }, width);
        for (int64_t i = 0; i < width; i++) to[h + i] += sum[i];
    }
}

#ifdef WL_REF_ORDER

void WL_REF(gemm)(bool at, bool bt, int64_t M, int64_t N, int64_t K, const real *a, int64_t lda,
                  const real *b, int64_t ldb, real beta, real *c, int64_t ldc)
{
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++) {
            real sum = 0;
            for (int64_t i = 0; i < K; i++) {
                const int64_t k = nth(i, K);
                sum +=
                    (at ? a[k * lda + m] : a[m * lda + k]) * (bt ? b[n * ldb + k] : b[k * ldb + n]);
            }
            c[m * ldc + n] = sum + (beta == 0 ? 0 : beta * c[m * ldc + n]);
        }
}

#else

#include <cblas.h>

/* The tile's extent along an axis: not under `small`, and 1, 2, 4, 8 or 16 equal tiles, so that two
 * or four threads have the same to do. */
static int64_t tile_of(int64_t size, int64_t small)
{
    int64_t tiles = 1;
    while (tiles < 16 && size / (2 * tiles) >= small) tiles *= 2;
    return (size + tiles - 1) / tiles;
}

static void one_tile(bool at, bool bt, int64_t M, int64_t N, int64_t K, const real *a, int64_t lda,
                     const real *b, int64_t ldb, real beta, real *c, int64_t ldc)
{
    const CBLAS_TRANSPOSE ta = at ? CblasTrans : CblasNoTrans, tb = bt ? CblasTrans : CblasNoTrans;
#ifdef WL_REF_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, (blasint)M, (blasint)N, (blasint)K, 1, a, (blasint)lda, b,
                (blasint)ldb, beta, c, (blasint)ldc);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)M, (blasint)N, (blasint)K, 1, a, (blasint)lda, b,
                (blasint)ldb, beta, c, (blasint)ldc);
#endif
}

void WL_REF(gemm)(bool at, bool bt, int64_t M, int64_t N, int64_t K, const real *a, int64_t lda,
                  const real *b, int64_t ldb, real beta, real *c, int64_t ldc)
{
    if (M == 0 || N == 0) return;
    /* 175 rows or 1,024 columns keep a tile's packing cheap beside its products; two tiles of fewer
     * columns, but 3 for each row, or of 64 rows or more are worth it for a second thread
     * (docs/performance.md) */
    const int64_t few = 3 * M < 320 ? 320 : 3 * M, columns = N < 2048 ? few : 1024;
    const bool by_rows = M >= 352 || N < 2 * columns;
    const int64_t worth_sharing = 1 << 21; /* products: some ten microseconds */
    const int64_t small = M < 128 || M >= 350 ? 175 : M / 2;
    const int64_t tm = by_rows ? tile_of(M, small) : M, tn = by_rows ? N : tile_of(N, columns);
    const int64_t rows = (M + tm - 1) / tm, tiles = rows * ((N + tn - 1) / tn);
#pragma omp parallel for schedule(static) if (tiles > 1 && M * N * K > worth_sharing)
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t m = tile % rows * tm, n = tile / rows * tn;
        one_tile(at, bt, least(tm, M - m), least(tn, N - n), K, a + (at ? m : m * lda), lda,
                 b + (bt ? n * ldb : n), ldb, beta, c + m * ldc + n, ldc);
    }
}

#endif
