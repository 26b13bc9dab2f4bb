/* Rows to be found by their cosine, dense or sparse: see similar_rows.h. */
#include "similar_rows.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_QUERIES = 192 };

/* Scaled by the greatest number first, so that squares neither overflow nor vanish. */
void wl_similar_scale(float *to, const float *from, int64_t D)
{
    float greatest = 0;
    double sum = 0;
    for (int64_t i = 0; i < D; i++) greatest = fmaxf(greatest, fabsf(from[i]));
    for (int64_t i = 0; i < D; i++) {
        const double x = greatest > 0 ? (double)from[i] / (double)greatest : 0;
        sum += x * x;
    }
    const double length = (double)greatest * sqrt(sum);
    for (int64_t i = 0; i < D; i++) to[i] = length > 0 ? (float)((double)from[i] / length) : 0;
}

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory for a normalised table");
}

wl_status wl_similar_create(wl_similar **out, const float *table, int64_t V, int64_t D,
                            wl_error *error)
{
    *out = NULL;
    wl_similar *s = calloc(1, sizeof *s);
    float *rows = calloc((size_t)V + 1, (size_t)D * sizeof *rows);
    if (!s || !rows) {
        free(s);
        free(rows);
        return no_memory(error);
    }
    *s = (wl_similar){ .V = V, .D = D, .rows = rows };
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < V; i++) wl_similar_scale(rows + i * D, table + i * D, D);
    *out = s;
    return WL_OK;
}

wl_status wl_similar_create_sparse(wl_similar **out, const wl_sparse *m, wl_error *error)
{
    *out = NULL;
    wl_similar *s = calloc(1, sizeof *s);
    float *value = malloc(((size_t)m->count + 1) * sizeof *value);
    if (!s || !value) {
        free(s);
        free(value);
        return no_memory(error);
    }
    *s = (wl_similar){ .V = m->rows, .D = m->columns, .matrix = m, .value = value };
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < m->rows; i++) {
        const int64_t from = m->offsets[i];
        wl_similar_scale(value + from, m->value + from, m->offsets[i + 1] - from);
    }
    *out = s;
    return WL_OK;
}

void wl_similar_destroy(wl_similar *s)
{
    if (!s) return;
    free(s->rows);
    free(s->value);
    free(s);
}

void wl_similar_search_first(wl_similar *s, int64_t rows)
{
    if (rows < s->V) s->V = rows;
}

int64_t wl_similar_width(const wl_similar *s) { return s->D; }

void wl_similar_row(const wl_similar *s, int64_t id, float *to)
{
    if (s->rows) {
        memcpy(to, s->rows + id * s->D, (size_t)s->D * sizeof *to);
        return;
    }
    memset(to, 0, (size_t)s->D * sizeof *to);
    for (int64_t at = s->matrix->offsets[id]; at < s->matrix->offsets[id + 1]; at++)
        to[s->matrix->column[at]] = s->value[at];
}

/* ------------------------------------------------------------------ one query */

static float dot(const float *a, const float *b, int64_t n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static float sparse_dot(const wl_similar *s, int64_t row, const float *b)
{
    float sum = 0;
    for (int64_t at = s->matrix->offsets[row]; at < s->matrix->offsets[row + 1]; at++)
        sum += s->value[at] * b[s->matrix->column[at]];
    return sum;
}

void wl_similar_cosines(const wl_similar *s, const float *unit, float *cosine)
{
    const int64_t numbers = s->rows ? s->V * s->D : s->matrix->count;
#pragma omp parallel for schedule(static) if (numbers > 65536)
    for (int64_t i = 0; i < s->V; i++)
        cosine[i] = s->rows ? dot(s->rows + i * s->D, unit, s->D) : sparse_dot(s, i, unit);
}

/* By this formula equal rows have 1, whatever rounding did to their lengths. */
static double cosine_of(double xx, double yy, double xy)
{
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

static double dense_cosine(const float *x, const float *y, int64_t D)
{
    double xx = 0, yy = 0, xy = 0;
    for (int64_t d = 0; d < D; d++) {
        xx += (double)x[d] * (double)x[d];
        yy += (double)y[d] * (double)y[d];
        xy += (double)x[d] * (double)y[d];
    }
    return cosine_of(xx, yy, xy);
}

static double sparse_cosine(const wl_similar *s, int64_t a, int64_t b)
{
    const wl_sparse *m = s->matrix;
    double xx = 0, yy = 0, xy = 0;
    int64_t at = m->offsets[b];
    for (int64_t i = m->offsets[b]; i < m->offsets[b + 1]; i++)
        yy += (double)s->value[i] * (double)s->value[i];
    for (int64_t i = m->offsets[a]; i < m->offsets[a + 1]; i++) {
        xx += (double)s->value[i] * (double)s->value[i];
        while (at < m->offsets[b + 1] && m->column[at] < m->column[i]) at++;
        if (at < m->offsets[b + 1] && m->column[at] == m->column[i])
            xy += (double)s->value[i] * (double)s->value[at];
    }
    return cosine_of(xx, yy, xy);
}

double wl_similar_cosine(const wl_similar *s, int64_t a, int64_t b)
{
    return s->rows ? dense_cosine(s->rows + a * s->D, s->rows + b * s->D, s->D)
                   : sparse_cosine(s, a, b);
}

/* ------------------------------------------------------------------ many queries */

int64_t wl_similar_room(const wl_similar *s, int64_t n) { return s->rows ? 0 : n * s->D; }

/* The queries stand side by side, [D,n], so that a number of a row meets all of them at once. */
static void sparse_products(const wl_similar *s, const float *beside, int64_t n, int64_t first,
                            int64_t rows, float *score, int64_t pitch)
{
    const wl_sparse *m = s->matrix;
    for (int64_t i = 0; i < rows; i++) {
        float sum[MOST_QUERIES] = { 0 };
        for (int64_t at = m->offsets[first + i]; at < m->offsets[first + i + 1]; at++) {
            const float *query = beside + (int64_t)m->column[at] * n, value = s->value[at];
#pragma omp simd
            for (int64_t q = 0; q < n; q++) sum[q] += value * query[q];
        }
        for (int64_t q = 0; q < n; q++) score[q * pitch + i] = sum[q];
    }
}

void wl_similar_products(const wl_similar *s, const float *queries, int64_t n, int64_t first,
                         int64_t rows, float *room, float *score, int64_t pitch)
{
    if (s->rows) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)n, (blasint)rows,
                    (blasint)s->D, 1, queries, (blasint)s->D, s->rows + first * s->D, (blasint)s->D,
                    0, score, (blasint)pitch);
        return;
    }
    for (int64_t q = 0; q < n && first == 0; q++)
        for (int64_t d = 0; d < s->D; d++) room[d * n + q] = queries[q * s->D + d];
    sparse_products(s, room, n, first, rows, score, pitch);
}
