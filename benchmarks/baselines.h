/* What stands beside an operator's row: its matrix products alone, by the device's BLAS; and the
 * same call of cuDNN, where it has one. */
#ifndef WL_BENCHMARK_BASELINES_H
#define WL_BENCHMARK_BASELINES_H

#include "../tests/opcase.h"

#include <string>
#include <vector>

/* c[M,N] = a b, `times` in a row, of `batch` matrices each; a or b stored transposed. All are of
 * `dtype`, and dense. */
struct matrix_product {
    int64_t M, N, K;
    bool at, bt;
    int64_t times = 1, batch = 1;
    int32_t dtype = WL_F32;
};

/* The products of a case, of sequences of full length; none: it has none. */
std::vector<matrix_product> products_of(const op_case &c);

/* The best of several runs, with data where the run before left it. */
struct baseline {
    double seconds = 0;  /* 0: there is none */
    std::string trouble; /* why there is none though there should be */
};

/* By OpenBLAS in f32, with as many threads as OpenMP has. Leaves it with one thread, as the library
 * wants it. */
baseline openblas_baseline(const op_case &c);
/* By cuBLASLt with the case's types and sums in f32, of the algorithms that it proposes first the
 * fastest, in a captured graph: no launch is waited for. */
baseline cublaslt_baseline(const op_case &c);
/* cuDNN's softmax: all log p [N,V] of the logits for softmax_xent_forward, and for its backward
 * dlogits of those and of their gradients [N,V], which ours need not read. */
baseline cudnn_baseline(const op_case &c);

#endif
