/* Products of a few rows with a few rows, in registers: what the reference of attention is made
 * of. */
#ifndef WL_REF_ATTENTION_H
#define WL_REF_ATTENTION_H

#include "gemm.h"
#include "lanes.h"

/* to[i,j] = a[i] . b[j] of n features. The sum of a pair has the same order in any block. */
ALWAYS void dots_of(int I, int J, real *to, int64_t pitch, matrix a, matrix b, int64_t n)
{
    const int64_t whole = n / LANES;
    lanes sum[8];
    for (int i = 0; i < I * J; i++) sum[i] = (lanes){ 0 };
    for (int64_t p = 0; p < whole; p++) {
        const int64_t at = nth(p, whole) * LANES;
        lanes x[2];
        for (int i = 0; i < I; i++) x[i] = load_lanes(a.data + i * a.pitch + at);
        for (int j = 0; j < J; j++) {
            const lanes y = load_lanes(b.data + j * b.pitch + at);
            for (int i = 0; i < I; i++) sum[i * J + j] += x[i] * y;
        }
    }
    for (int i = 0; i < I; i++)
        for (int j = 0; j < J; j++) {
            const quad four = quad_of(sum[i * J + j]);
            real total = 0;
            for (int k = 0; k < QUAD; k++) total += four[k];
            for (int64_t k = whole * LANES; k < n; k++)
                total += a.data[i * a.pitch + k] * b.data[j * b.pitch + k];
            to[i * pitch + j] = total;
        }
}

static inline matrix from_row(matrix m, int64_t i)
{
    return (matrix){ m.data + i * m.pitch, m.pitch };
}

/* The same of any numbers of rows. */
static inline void dots(real *to, int64_t pitch, matrix a, int64_t I, matrix b, int64_t J,
                        int64_t n)
{
    for (int64_t i = 0, rows; i < I; i += rows) {
        rows = I - i < 2 ? 1 : 2;
        for (int64_t j = 0, columns; j < J; j += columns) {
            real *at = to + i * pitch + j;
            columns = J - j < 4 ? 1 : 4;
            if (rows == 2 && columns == 4)
                dots_of(2, 4, at, pitch, from_row(a, i), from_row(b, j), n);
            else if (rows == 2)
                dots_of(2, 1, at, pitch, from_row(a, i), from_row(b, j), n);
            else if (columns == 4)
                dots_of(1, 4, at, pitch, from_row(a, i), from_row(b, j), n);
            else
                dots_of(1, 1, at, pitch, from_row(a, i), from_row(b, j), n);
        }
    }
}

/* Weights of rows i and j, these and those so far apart. */
typedef struct weights {
    const real *data;
    int64_t i, j;
} weights;

/* to[i] += sum_j w[i,j] x[j], of V vectors of features */
ALWAYS void add_sums_of(int I, int V, matrix to, weights w, matrix x, int64_t J)
{
    lanes sum[8];
    for (int i = 0; i < I * V; i++) sum[i] = (lanes){ 0 };
    for (int64_t p = 0; p < J; p++) {
        const int64_t j = nth(p, J);
        lanes row[2];
        for (int v = 0; v < V; v++) row[v] = load_lanes(x.data + j * x.pitch + v * LANES);
        for (int i = 0; i < I; i++)
            for (int v = 0; v < V; v++) sum[i * V + v] += w.data[i * w.i + j * w.j] * row[v];
    }
    for (int i = 0; i < I; i++)
        for (int v = 0; v < V; v++) {
            real *at = to.data + i * to.pitch + v * LANES;
            store_lanes(at, load_lanes(at) + sum[i * V + v]);
        }
}

/* The same of a row, and of the few features that fill no vector. */
static inline void add_last_sums(real *to, const real *w, int64_t apart, matrix x, int64_t J,
                                 int64_t from, int64_t n)
{
    for (int64_t k = from; k < n; k++) {
        real sum = 0;
        for (int64_t p = 0; p < J; p++) {
            const int64_t j = nth(p, J);
            sum += w[j * apart] * x.data[j * x.pitch + k];
        }
        to[k] += sum;
    }
}

/* The same of any numbers of rows of n features. */
static inline void add_sums(matrix to, int64_t I, weights w, matrix x, int64_t J, int64_t n)
{
    for (int64_t i = 0, rows; i < I; i += rows) {
        const weights of = { w.data + i * w.i, w.i, w.j };
        int64_t k = 0;
        rows = I - i < 4 ? 1 : 4;
        for (; k + 2 * LANES <= n; k += 2 * LANES) {
            const matrix at = { to.data + i * to.pitch + k, to.pitch };
            if (rows == 4)
                add_sums_of(4, 2, at, of, (matrix){ x.data + k, x.pitch }, J);
            else
                add_sums_of(1, 2, at, of, (matrix){ x.data + k, x.pitch }, J);
        }
        for (; k + LANES <= n; k += LANES) {
            const matrix at = { to.data + i * to.pitch + k, to.pitch };
            if (rows == 4)
                add_sums_of(4, 1, at, of, (matrix){ x.data + k, x.pitch }, J);
            else
                add_sums_of(1, 1, at, of, (matrix){ x.data + k, x.pitch }, J);
        }
        for (int64_t r = 0; r < rows; r++)
            add_last_sums(to.data + (i + r) * to.pitch, of.data + r * w.i, w.j, x, J, k, n);
    }
}

#endif
