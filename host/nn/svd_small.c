/* Eigenproblems of svd.c: see svd_small.h. */
#include "svd_small.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory for svd");
}

/* The eigenvalues of a symmetric [n,n], rising; its columns become their vectors. */
static wl_status eigen(double *matrix, int64_t n, double *values, wl_error *error)
{
    const lapack_int info =
        LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'U', (lapack_int)n, matrix, (lapack_int)n, values);
    if (info == 0) return WL_OK;
    return wl_error_set(error, info == LAPACK_WORK_MEMORY_ERROR ? WL_NO_MEMORY : WL_NOT_FINITE,
                        "svd: LAPACK's dsyevd failed with %d; are all numbers finite?", (int)info);
}

wl_status wl_svd_block_create(wl_svd_block *out, int64_t b, int64_t D, wl_error *error)
{
    *out = (wl_svd_block){ .b = b, .D = D };
    out->product = malloc((size_t)(b * D) * sizeof *out->product);
    out->factor = malloc((size_t)(b * D) * sizeof *out->factor);
    out->gram = malloc((size_t)(b * b) * sizeof *out->gram);
    out->length = malloc((size_t)b * sizeof *out->length);
    return out->product && out->factor && out->gram && out->length ? WL_OK : no_memory(error);
}

void wl_svd_block_destroy(wl_svd_block *block)
{
    free(block->product);
    free(block->factor);
    free(block->gram);
    free(block->length);
}

/* gram = X^T X, less `part` of what X has of the columns before it. */
static void set_gram(wl_svd_block *x, double part)
{
    const int64_t b = x->b, before = x->D - b;
    for (int64_t r = 0; r < b; r++)
        for (int64_t c = 0; c < b; c++) {
            const float *one = x->product + r * x->D, *other = x->product + c * x->D;
            double sum = 0.5 * ((double)one[before + c] + (double)other[before + r]);
            for (int64_t i = 0; i < before && part > 0; i++)
                sum -= part * (double)one[i] * (double)other[i];
            x->gram[r * b + c] = sum;
        }
}

/* The factor's rows from weights [b,b] of X's columns: weight (X - what it has of those before). */
static void set_factor(wl_svd_block *x, const double *weight)
{
    const int64_t b = x->b, before = x->D - b;
    for (int64_t r = 0; r < b; r++) {
        float *row = x->factor + r * x->D;
        for (int64_t i = 0; i < before; i++) {
            double sum = 0;
            for (int64_t c = 0; c < b; c++)
                sum -= weight[r * b + c] * (double)x->product[c * x->D + i];
            row[i] = (float)sum;
        }
        for (int64_t c = 0; c < b; c++) row[before + c] = (float)weight[r * b + c];
    }
}

/* Row r: eigenvector r over the length of its direction, or 0. */
static void set_weights(const wl_svd_block *x, double *weight)
{
    const int64_t b = x->b;
    const double least = 1e-10 * x->first; /* squared: rounding leaves 1e-13 of it */
    for (int64_t r = 0; r < b; r++) {
        const double squared = x->length[r];
        const double scale = squared > least && squared > 0 ? 1 / sqrt(squared) : 0;
        for (int64_t c = 0; c < b; c++) weight[r * b + c] = scale * x->gram[c * b + r];
    }
}

wl_status wl_svd_block_factor(wl_svd_block *x, int step, wl_error *error)
{
    const int64_t b = x->b;
    double *weight = calloc((size_t)(b * b), sizeof *weight);
    if (!weight) return no_memory(error);
    set_gram(x, step ? 1 : 0);
    wl_status status = eigen(x->gram, b, x->length, error);
    if (step == 0) {
        x->first = x->length[b - 1];
        for (int64_t r = 0; r < b; r++) weight[r * b + r] = 1;
    } else {
        set_weights(x, weight);
        x->first = 1; /* from now on */
    }
    if (!status) set_factor(x, weight);
    free(weight);
    return status;
}

wl_status wl_svd_leading(const float *gram, int64_t d, int64_t k, float *s, float *vectors,
                         wl_error *error)
{
    double *matrix = malloc((size_t)(d * d) * sizeof *matrix);
    double *values = malloc((size_t)d * sizeof *values);
    wl_status status = matrix && values ? WL_OK : no_memory(error);
    for (int64_t r = 0; r < d && !status; r++)
        for (int64_t c = 0; c < d; c++)
            matrix[r * d + c] = 0.5 * ((double)gram[r * d + c] + (double)gram[c * d + r]);
    if (!status) status = eigen(matrix, d, values, error);
    for (int64_t i = 0; i < k && !status; i++) {
        const double value = values[d - 1 - i], first = values[d - 1];
        const int there = value > 1e-6 * first && value > 0;
        s[i] = there ? (float)sqrt(value) : 0;
        for (int64_t r = 0; r < d; r++)
            vectors[i * d + r] = there ? (float)matrix[r * d + d - 1 - i] : 0;
    }
    free(matrix);
    free(values);
    return status;
}
