/* Searches among sparse rows: the queries of a batch stand side by side, so that each number of a
 * row meets all of them at once; then the best of each question are picked. */
#include "similar_search.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_QUERIES = 192 }; /* of a batch */

/* Scaled by the greatest number first, so that squares neither overflow nor vanish. */
static void scale(float *to, const float *from, int64_t n)
{
    float greatest = 0;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) greatest = fmaxf(greatest, fabsf(from[i]));
    for (int64_t i = 0; i < n; i++) {
        const double x = greatest > 0 ? (double)from[i] / (double)greatest : 0;
        sum += x * x;
    }
    const double length = (double)greatest * sqrt(sum);
    for (int64_t i = 0; i < n; i++) to[i] = length > 0 ? (float)((double)from[i] / length) : 0;
}

wl_status wl_sparse_rows_create(wl_sparse_rows *out, const wl_sparse *m, wl_error *error)
{
    *out = (wl_sparse_rows){ m, malloc(((size_t)m->count + 1) * sizeof(float)) };
    if (!out->value) return wl_error_set(error, WL_NO_MEMORY, "no memory to search counts");
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < m->rows; i++) {
        const int64_t from = m->offsets[i];
        scale(out->value + from, m->value + from, m->offsets[i + 1] - from);
    }
    return WL_OK;
}

void wl_sparse_rows_destroy(wl_sparse_rows *rows)
{
    free(rows->value);
    *rows = (wl_sparse_rows){ 0 };
}

void wl_sparse_rows_add(const wl_sparse_rows *r, float *to, float weight, int64_t id)
{
    for (int64_t at = r->matrix->offsets[id]; at < r->matrix->offsets[id + 1]; at++)
        to[r->matrix->column[at]] += weight * r->value[at];
}

double wl_sparse_rows_cosine(const wl_sparse_rows *r, int64_t a, int64_t b)
{
    const wl_sparse *m = r->matrix;
    double xx = 0, yy = 0, xy = 0;
    int64_t at = m->offsets[b];
    for (int64_t i = m->offsets[b]; i < m->offsets[b + 1]; i++)
        yy += (double)r->value[i] * (double)r->value[i];
    for (int64_t i = m->offsets[a]; i < m->offsets[a + 1]; i++) {
        xx += (double)r->value[i] * (double)r->value[i];
        while (at < m->offsets[b + 1] && m->column[at] < m->column[i]) at++;
        if (at < m->offsets[b + 1] && m->column[at] == m->column[i])
            xy += (double)r->value[i] * (double)r->value[at];
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* ------------------------------------------------------------------ scores */

/* Some questions on their way, and the scores of the rows. */
typedef struct batch {
    int64_t first, questions, queries;
    int64_t searched;
    float *beside; /* [D,queries] */
    float *score;  /* [queries,searched] */
} batch;

/* Queries that stand alone need not be of length 1. */
static void set_beside(const wl_search *q, const batch *b)
{
    const float *from = q->queries + b->first * q->per * q->D;
    for (int64_t k = 0; k < b->queries; k++) {
        double sum = 0;
        for (int64_t d = 0; d < q->D; d++)
            sum += (double)from[k * q->D + d] * (double)from[k * q->D + d];
        const double length = q->per == 1 ? sqrt(sum) : 1;
        for (int64_t d = 0; d < q->D; d++)
            b->beside[d * b->queries + k] =
                length > 0 ? (float)((double)from[k * q->D + d] / length) : 0;
    }
}

static void multiply(const wl_sparse_rows *r, const batch *b)
{
    const wl_sparse *m = r->matrix;
    const int64_t n = b->queries;
#pragma omp parallel for schedule(dynamic, 64)
    for (int64_t i = 0; i < b->searched; i++) {
        float sum[MOST_QUERIES] = { 0 };
        for (int64_t at = m->offsets[i]; at < m->offsets[i + 1]; at++) {
            const float *query = b->beside + (int64_t)m->column[at] * n, value = r->value[at];
#pragma omp simd
            for (int64_t k = 0; k < n; k++) sum[k] += value * query[k];
        }
        for (int64_t k = 0; k < n; k++) b->score[k * b->searched + i] = sum[k];
    }
}

/* The scores of b and c over that of a, as <wordloom/similarity.h> has it, in the place of a's. */
static void combine(float *score, int64_t V)
{
    for (int64_t i = 0; i < V; i++)
        score[i] =
            (1 + score[V + i]) / 2 * ((1 + score[2 * V + i]) / 2) / ((1 + score[i]) / 2 + 1e-3f);
}

/* ------------------------------------------------------------------ the best */

static bool excludes(const wl_search *q, int64_t question, int64_t id)
{
    for (int64_t e = 0; e < q->E; e++)
        if (q->excluded[question * q->E + e] == id) return true;
    return false;
}

/* Rows come in rising order, so that one which equals another comes after it. */
static void pick(const wl_search *q, int64_t question, const float *score, int64_t searched)
{
    int32_t *id = q->ids + question * q->K;
    float *best = q->scores + question * q->K;
    int64_t n = 0;
    for (int64_t i = 0; i < searched && q->K > 0; i++) {
        if (n == q->K && !(score[i] > best[n - 1])) continue;
        if (excludes(q, question, i)) continue;
        int64_t at = n < q->K ? n++ : n - 1;
        for (; at > 0 && score[i] > best[at - 1]; at--)
            best[at] = best[at - 1], id[at] = id[at - 1];
        best[at] = score[i];
        id[at] = (int32_t)i;
    }
    for (; n < q->K; n++) id[n] = -1, best[n] = 0;
}

static void answer(const wl_sparse_rows *r, const wl_search *q, const batch *b)
{
    set_beside(q, b);
    multiply(r, b);
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < b->questions; i++) {
        float *score = b->score + i * q->per * b->searched;
        if (q->per == 3) combine(score, b->searched);
        pick(q, b->first + i, score, b->searched);
    }
}

wl_status wl_sparse_rows_search(const wl_sparse_rows *r, const wl_search *q, int64_t searched,
                                wl_error *error)
{
    const int64_t most = q->Q * q->per < MOST_QUERIES ? q->Q * q->per : MOST_QUERIES;
    batch b = { .searched = searched };
    b.beside = malloc((size_t)(most * q->D + 1) * sizeof *b.beside);
    b.score = malloc((size_t)(most * searched + 1) * sizeof *b.score);
    const bool there = b.beside && b.score;
    for (; there && b.first < q->Q; b.first += b.questions) {
        b.questions = most / q->per < q->Q - b.first ? most / q->per : q->Q - b.first;
        b.queries = b.questions * q->per;
        answer(r, q, &b);
    }
    free(b.beside);
    free(b.score);
    return there ? WL_OK
                 : wl_error_set(error, WL_NO_MEMORY, "no memory for %lld queries", (long long)most);
}
