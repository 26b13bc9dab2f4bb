/* Reference of <wordloom/layernorm.h>: a row in blocks, which is read again for each of its sums.
 */
#include "../host/ops/layernorm.h"
#include "gemm.h"

/* Where n elements lie as REAL: in place, or loaded into `room`. */
static const real *loaded(real *room, row from, int64_t n)
{
    if (from.dtype == REAL_DTYPE) return from.data;
    load_row(room, from, n);
    return room;
}

/* ------------------------------------------------------------------ forward */

static real sum_of_row(const wl_tensor *x, int64_t n, int64_t D)
{
    real total = 0;
    for (int64_t d = 0; d < D; d += BLOCK) {
        const int64_t width = least(BLOCK, D - d);
        real room[BLOCK], sum = 0;
        const real *v = loaded(room, row_of(x, n, d), width);
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; i++) sum += v[nth(i, width)];
        total += sum;
    }
    return total;
}

static real squared_distances(const wl_tensor *x, int64_t n, int64_t D, real mean)
{
    real total = 0;
    for (int64_t d = 0; d < D; d += BLOCK) {
        const int64_t width = least(BLOCK, D - d);
        real room[BLOCK], sum = 0;
        const real *v = loaded(room, row_of(x, n, d), width);
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < width; i++) {
            const real distance = v[nth(i, width)] - mean;
            sum += distance * distance;
        }
        total += sum;
    }
    return total;
}

/* `weight` and `bias` begin at the block; null: 1 and 0. */
static void write_block(row to, const real *x, const real *weight, const real *bias, real mean,
                        real rstd, int64_t n)
{
    real y[BLOCK];
#pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd;
    if (weight)
#pragma omp simd
        for (int64_t i = 0; i < n; i++) y[i] *= weight[i];
    if (bias)
#pragma omp simd
        for (int64_t i = 0; i < n; i++) y[i] += bias[i];
    store_row(to, y, n);
}

wl_status WL_REF(layernorm_forward)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_layernorm_forward_args *a)
{
    const real *weight = a->weight.data, *bias = a->bias.data;
    const real D = (real)(d->D ? d->D : 1), eps = (real)a->eps;
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        const real mean = sum_of_row(&a->x, n, d->D) / D;
        const real rstd = 1 / (real)sqrt(squared_distances(&a->x, n, d->D, mean) / D + eps);
        ((real *)a->mean.data)[n] = mean;
        ((real *)a->rstd.data)[n] = rstd;
        for (int64_t i = 0; i < d->D; i += BLOCK) {
            const int64_t width = least(BLOCK, d->D - i);
            real room[BLOCK];
            write_block(row_of(&a->y, n, i), loaded(room, row_of(&a->x, n, i), width),
                        weight ? weight + i : NULL, bias ? bias + i : NULL, mean, rstd, width);
        }
    }
    return WL_OK;
}

/* ------------------------------------------------------------------ backward */

/* A block of a row. g is stored before anything is taken from it, so that it is rounded once. */
typedef struct block {
    int64_t width;
    real dy[BLOCK], g[BLOCK], z[BLOCK];
} block;

static void load_block(block *b, const wl_layernorm_backward_args *a, int64_t n, int64_t d,
                       int64_t D)
{
    const real *weight = a->weight.data;
    const real mean = ((const real *)a->mean.data)[n], rstd = ((const real *)a->rstd.data)[n];
    b->width = least(BLOCK, D - d);
    load_row(b->dy, row_of(&a->dy, n, d), b->width);
    load_row(b->z, row_of(&a->x, n, d), b->width);
#pragma omp simd
    for (int64_t i = 0; i < b->width; i++) b->z[i] = (b->z[i] - mean) * rstd;
    memcpy(b->g, b->dy, (size_t)b->width * sizeof(real));
    if (weight)
#pragma omp simd
        for (int64_t i = 0; i < b->width; i++) b->g[i] *= weight[d + i];
}

/* The sums of some rows' columns; null: not wanted. */
typedef struct columns {
    real *weight, *bias;
} columns;

static void add_to_columns(columns to, const block *b, int64_t d)
{
    if (to.weight)
#pragma omp simd
        for (int64_t i = 0; i < b->width; i++) to.weight[d + i] += b->dy[i] * b->z[i];
    if (to.bias)
#pragma omp simd
        for (int64_t i = 0; i < b->width; i++) to.bias[d + i] += b->dy[i];
}

/* dx of a row, which may lie in the place of its dy. */
static void one_row(const wl_layernorm_backward_args *a, int64_t n, int64_t D, columns to)
{
    real sum = 0, product = 0; /* of g, and of g z */
    block b;
    for (int64_t d = 0; d < D; d += BLOCK) {
        real s = 0, p = 0;
        load_block(&b, a, n, d, D);
        add_to_columns(to, &b, d);
#pragma omp simd reduction(+ : s, p)
        for (int64_t i = 0; i < b.width; i++) {
            s += b.g[nth(i, b.width)];
            p += b.g[nth(i, b.width)] * b.z[nth(i, b.width)];
        }
        sum += s, product += p;
    }
    sum /= (real)D, product /= (real)D;
    for (int64_t d = 0; d < D; d += BLOCK) {
        const real rstd = ((const real *)a->rstd.data)[n];
        if (D > BLOCK) load_block(&b, a, n, d, D);
#pragma omp simd
        for (int64_t i = 0; i < b.width; i++) b.g[i] = rstd * (b.g[i] - sum - b.z[i] * product);
        store_row(row_of(&a->dx, n, d), b.g, b.width);
    }
}

/* to[d] += the sum of the parts' */
static void add_parts(real *to, const real *from, int64_t parts, int64_t D)
{
    if (from) WL_REF(add_columns)(to, from, D, parts, D);
}

wl_status WL_REF(layernorm_backward)(wl_ctx *ctx, const wl_dims *d,
                                     const wl_layernorm_backward_args *a)
{
    const int64_t D = d->D, rows = wl_norm_rows(d->N), parts = wl_norm_parts(d->N);
    const size_t bytes = wl_part(parts * D, sizeof(real));
    real *weight = wl_present(&a->dweight) ? (real *)(void *)ctx->workspace : NULL;
    real *bias =
        wl_present(&a->dbias) ? (real *)(void *)(ctx->workspace + (weight ? bytes : 0)) : NULL;
#pragma omp parallel for schedule(static) if (d->N * D > 16384)
    for (int64_t part = 0; part < parts; part++) {
        const int64_t first = part * rows, count = least(rows, d->N - first);
        const columns to = { weight ? weight + part * D : NULL, bias ? bias + part * D : NULL };
        if (weight) memset(to.weight, 0, (size_t)D * sizeof(real));
        if (bias) memset(to.bias, 0, (size_t)D * sizeof(real));
        for (int64_t i = 0; i < count; i++) one_row(a, first + nth(i, count), D, to);
    }
    add_parts(a->dweight.data, weight, parts, D);
    add_parts(a->dbias.data, bias, parts, D);
    return WL_OK;
}
