/* The baseline of operators that consist of matrix products: those products alone. */
#ifndef BLAS_BASELINE_H
#define BLAS_BASELINE_H

#include "../tests/opcase.h"

/* Seconds that OpenBLAS takes, with as many threads as OpenMP has, for the products of a case, in
 * f32, each into memory of its own; 0 for an operator that has none. Leaves OpenBLAS with one
 * thread, as the library wants it. */
double blas_seconds(const op_case *c);

#endif
