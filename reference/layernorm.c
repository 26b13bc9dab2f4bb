/* Reference of <wordloom/layernorm.h>. Long rows are worked in blocks; sums run in chains, so that
 * an addition need not wait for the one before. */
#include "../host/ops/layernorm.h"
#include "gemm.h"

enum { WIDE = 2048 }; /* features of a block: its g and z stay in L1 */

/* Where n elements lie as REAL: in place, or loaded into `room`. */
static const real *loaded(real *room, row from, int64_t n)
{
    if (from.dtype == REAL_DTYPE) return from.data;
    load_row(room, from, n);
    return room;
}

/* ------------------------------------------------------------------ forward */

static real sum_of(const real *v, int64_t n)
{
    const int64_t q = n / 4;
    real a = 0, b = 0, c = 0, d = 0;
#pragma omp simd reduction(+ : a, b, c, d)
    for (int64_t i = 0; i < q; i++) {
        a += v[nth(i, q)];
        b += v[q + nth(i, q)];
        c += v[2 * q + nth(i, q)];
        d += v[3 * q + nth(i, q)];
    }
    for (int64_t i = 4 * q; i < n; i++) a += v[i];
    return (a + b) + (c + d);
}

static real square(real x) { return x * x; }

static real squared_distances(const real *v, real mean, int64_t n)
{
    const int64_t q = n / 4;
    real a = 0, b = 0, c = 0, d = 0;
#pragma omp simd reduction(+ : a, b, c, d)
    for (int64_t i = 0; i < q; i++) {
        a += square(v[nth(i, q)] - mean);
        b += square(v[q + nth(i, q)] - mean);
        c += square(v[2 * q + nth(i, q)] - mean);
        d += square(v[3 * q + nth(i, q)] - mean);
    }
    for (int64_t i = 4 * q; i < n; i++) a += square(v[i] - mean);
    return (a + b) + (c + d);
}

/* `weight` and `bias` begin at the block; null: 1 and 0. */
static void write_block(row to, const real *x, const real *weight, const real *bias, real mean,
                        real rstd, int64_t n)
{
    real room[WIDE], *y = to.dtype == REAL_DTYPE ? to.data : room;
#pragma omp simd
    for (int64_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) * rstd * (weight ? weight[i] : 1) + (bias ? bias[i] : 0);
    if (y == room) store_row(to, y, n);
}

static void normalise(const wl_layernorm_forward_args *a, int64_t n, int64_t D)
{
    const real *weight = a->weight.data, *bias = a->bias.data, *x = NULL;
    real room[WIDE], mean = 0, rstd = 0;
    for (int64_t d = 0; d < D; d += WIDE) {
        x = loaded(room, row_of(&a->x, n, d), least(WIDE, D - d));
        mean += sum_of(x, least(WIDE, D - d));
    }
    mean /= (real)(D ? D : 1);
    for (int64_t d = 0; d < D; d += WIDE) {
        if (D > WIDE) x = loaded(room, row_of(&a->x, n, d), least(WIDE, D - d));
        rstd += squared_distances(x, mean, least(WIDE, D - d));
    }
    rstd = 1 / (real)sqrt(rstd / (real)(D ? D : 1) + (real)a->eps);
    for (int64_t d = 0; d < D; d += WIDE) {
        if (D > WIDE) x = loaded(room, row_of(&a->x, n, d), least(WIDE, D - d));
        write_block(row_of(&a->y, n, d), x, weight ? weight + d : NULL, bias ? bias + d : NULL,
                    mean, rstd, least(WIDE, D - d));
    }
    ((real *)a->mean.data)[n] = mean;
    ((real *)a->rstd.data)[n] = rstd;
}

wl_status WL_REF(layernorm_forward)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_layernorm_forward_args *a)
{
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N * d->D > 16384)
    for (int64_t n = 0; n < d->N; n++) normalise(a, n, d->D);
    return WL_OK;
}

/* ------------------------------------------------------------------ backward */

/* The sums of some rows' columns; null: not wanted. */
typedef struct columns {
    real *weight, *bias;
} columns;

static void add_to_columns(columns to, const real *dy, const real *z, int64_t n)
{
    if (to.weight)
#pragma omp simd
        for (int64_t i = 0; i < n; i++) to.weight[i] += dy[i] * z[i];
    if (to.bias)
#pragma omp simd
        for (int64_t i = 0; i < n; i++) to.bias[i] += dy[i];
}

/* A block of a row. g is stored before anything is taken from it, so that it is rounded once. */
typedef struct block {
    int64_t width;
    real dy[WIDE], g[WIDE], z[WIDE];
} block;

/* Columns from the block's first on. */
static void load_block(block *b, const wl_layernorm_backward_args *a, int64_t n, int64_t d,
                       int64_t D, columns to)
{
    const real *weight = a->weight.data;
    const real mean = ((const real *)a->mean.data)[n], rstd = ((const real *)a->rstd.data)[n];
    b->width = least(WIDE, D - d);
    const real *dy = loaded(b->dy, row_of(&a->dy, n, d), b->width);
    const real *x = loaded(b->z, row_of(&a->x, n, d), b->width);
#pragma omp simd
    for (int64_t i = 0; i < b->width; i++) {
        b->z[i] = (x[i] - mean) * rstd;
        b->g[i] = dy[i] * (weight ? weight[d + i] : 1);
    }
    add_to_columns(to, dy, b->z, b->width);
}

/* Adds the sums of g and of g z. */
static void add_sums(const block *b, real *sum, real *product)
{
    const real *g = b->g, *z = b->z;
    const int64_t n = b->width, half = n / 2;
    real s = 0, t = 0, p = 0, q = 0;
#pragma omp simd reduction(+ : s, t, p, q)
    for (int64_t i = 0; i < half; i++) {
        const int64_t k = nth(i, half);
        s += g[k];
        t += g[half + k];
        p += g[k] * z[k];
        q += g[half + k] * z[half + k];
    }
    for (int64_t i = 2 * half; i < n; i++) s += g[i], p += g[i] * z[i];
    *sum += s + t, *product += p + q;
}

static void write_gradient(row to, const block *b, real sum, real product, real rstd)
{
    real room[WIDE], *dx = to.dtype == REAL_DTYPE ? to.data : room;
#pragma omp simd
    for (int64_t i = 0; i < b->width; i++) dx[i] = rstd * (b->g[i] - sum - b->z[i] * product);
    if (dx == room) store_row(to, dx, b->width);
}

/* dx of a row, which may lie in the place of its dy. */
static void one_row(const wl_layernorm_backward_args *a, int64_t n, int64_t D, columns to)
{
    const real rstd = ((const real *)a->rstd.data)[n];
    real sum = 0, product = 0;
    block b;
    for (int64_t d = 0; d < D; d += WIDE) {
        load_block(&b, a, n, d, D,
                   (columns){ to.weight ? to.weight + d : NULL, to.bias ? to.bias + d : NULL });
        add_sums(&b, &sum, &product);
    }
    for (int64_t d = 0; d < D; d += WIDE) {
        if (D > WIDE) load_block(&b, a, n, d, D, (columns){ NULL, NULL });
        write_gradient(row_of(&a->dx, n, d), &b, sum / (real)D, product / (real)D, rstd);
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
