/* The largest singular values of a sparse matrix and their left vectors, by a randomised block
 * Krylov method (Musco and Musco 2015, "Randomized Block Krylov Methods for Stronger and Faster
 * Approximate Singular Value Decomposition", algorithm 2). */
#ifndef WORDLOOM_NN_SVD_H
#define WORDLOOM_NN_SVD_H

#include <signal.h>

#include <wordloom/context.h>
#include <wordloom/nn/sparse.h>

WL_BEGIN

typedef struct wl_svd_config {
    int64_t k;          /* values, 1 to the lesser side of the matrix */
    int64_t block;      /* vectors that are multiplied at a time, 1 to 1024; 0: k / 2 + 14 */
    int64_t iterations; /* products with the matrix and its transpose, 1 to 64; 12 */
    uint64_t seed;      /* of the vectors that it begins with */
} wl_svd_config;

WL_API wl_svd_config wl_svd_defaults(int64_t k);

/* Hears how many products are made, and how many there will be. */
typedef void wl_svd_report(void *user, int64_t done, int64_t total);

/* Writes the k largest singular values of the matrix to s [k], falling, and their left vectors to
 * the columns of u [rows,k]. The space that is searched has block (iterations + 1) dimensions; k
 * is to fit in. Values under a thousandth of the first are not told from 0: they are 0, as are
 * their vectors. Vectors have the sign that makes their numbers of greatest size positive.
 *
 * Products run on the device of `ctx`, whose workspace is set anew; there they take 4 (rows +
 * columns) block (iterations + 1) bytes beside the matrix and its transpose. The same matrix,
 * configuration and device give the same bits, for any number of threads, where OpenBLAS has one of
 * its own. `report` and `stop` may be null. WL_OUT_OF_RANGE: names what of the configuration is.
 * WL_INTERRUPTED: *stop is not 0. WL_NO_MEMORY. WL_DEVICE_ERROR. */
WL_API wl_status wl_svd(wl_ctx *ctx, const wl_sparse *matrix, const wl_svd_config *config, float *u,
                        float *s, wl_svd_report *report, void *user,
                        const volatile sig_atomic_t *stop, wl_error *error);

WL_END
#endif
