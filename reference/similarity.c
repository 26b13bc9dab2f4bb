/* Reference of <wordloom/similarity.h>: tiles of queries and rows by one product, then the best of
 * each question in a heap whose root is the last of them. Few queries are multiplied with each row
 * as it comes from memory. */
#include "../host/ops/similarity.h"
#include "gemm.h"

/* ------------------------------------------------------------------ lengths */

static inline __attribute__((always_inline)) wide squares_as(const void *x, int32_t dtype,
                                                             int64_t n)
{
    wide sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) {
        const wide value = load(x, dtype, nth(i, n));
        sum += value * value;
    }
    return sum;
}

static wide squares(row x, int64_t n)
{
    switch (x.dtype) {
    case WL_F16: return squares_as(x.data, WL_F16, n);
    case WL_BF16: return squares_as(x.data, WL_BF16, n);
    default: return squares_as(x.data, REAL_DTYPE, n);
    }
}

/* 1 / length of each row, or 0 where that is no number, or too large a one. */
static void inverse_lengths(real *out, const wl_tensor *rows)
{
    const int64_t N = rows->shape[0], D = rows->shape[1];
#pragma omp parallel for schedule(static) if (N * D > 16384)
    for (int64_t n = 0; n < N; n++) {
        const double length = sqrt((double)squares(row_of(rows, n, 0), D));
        out[n] = length >= 0x1p-126 ? (real)(1 / length) : 0;
    }
}

wl_status WL_REF(similarity_norms)(wl_ctx *ctx, const wl_dims *d, const wl_similarity_norms_args *a)
{
    (void)ctx, (void)d;
    inverse_lengths(a->inverse.data, &a->table);
    return WL_OK;
}

/* ------------------------------------------------------------------ products */

/* Some questions and some rows. */
typedef struct tile {
    int64_t question, questions, row, rows;
} tile;

/* `count` rows of a matrix from `first` on. */
static wl_tensor some_rows(const wl_tensor *t, int64_t first, int64_t count)
{
    wl_tensor some = *t;
    some.data = row_of(t, first, 0).data;
    some.shape[0] = count;
    return some;
}

static void multiply(const wl_similarity *n, const wl_similarity_space *s, const tile *t)
{
    const int64_t count = t->questions * n->per;
    const wl_tensor table = some_rows(n->table, t->row, t->rows);
    const wl_tensor queries = some_rows(&n->queries, t->question * n->per, count);
    real *scores = s->scores;
    if (!s->few) {
        const matrix x = widened(&queries, s->queries), y = widened(&table, s->table);
        WL_REF(gemm)
        (false, true, count, t->rows, n->D, x.data, x.pitch, y.data, y.pitch, 0, scores, s->rows);
        return;
    }
#pragma omp parallel for schedule(static) if (t->rows * n->D > 16384)
    for (int64_t i = 0; i < t->rows; i++)
        for (int64_t q = 0; q < count; q++)
            scores[q * s->rows + i] = dot(row_of(&table, i, 0), row_of(&queries, q, 0), n->D);
}

/* ------------------------------------------------------------------ the best */

typedef struct scored {
    real score;
    int32_t id;
} scored;

/* Entries that are still to come are of -infinity, after all others. */
static bool before(scored a, scored b)
{
    return a.score > b.score || (a.score == b.score && a.id < b.id);
}

/* heap[at] sinks below those that come after it; the last of all is on top. */
static void sink(scored *heap, int64_t n, int64_t at)
{
    const scored moved = heap[at];
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && before(heap[child], heap[child + 1])) child++;
        if (!before(moved, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

/* The product of a question with each row becomes its score, by way of the row's and the queries'
 * inverse lengths. */
static void finish_scores(const wl_similarity *n, real *score, int64_t pitch, const real *inverse,
                          const real *of_query, int64_t rows)
{
    if (n->per == 1) {
#pragma omp simd
        for (int64_t i = 0; i < rows; i++) score[i] = score[i] * inverse[i] * of_query[0];
        return;
    }
#pragma omp simd
    for (int64_t i = 0; i < rows; i++) {
        const real a = score[i] * inverse[i] * of_query[0];
        const real b = score[pitch + i] * inverse[i] * of_query[1];
        const real c = score[2 * pitch + i] * inverse[i] * of_query[2];
        score[i] = (1 + b) / 2 * ((1 + c) / 2) / ((1 + a) / 2 + (real)1e-3);
    }
}

/* Rows come in rising order, so that one that equals the last of the best comes after it. */
static void keep_best(scored *heap, int64_t K, const real *score, int64_t first, int64_t rows)
{
    for (int64_t at = 0; at < rows; at += BLOCK) {
        const int64_t width = least(BLOCK, rows - at);
        const real last = heap[0].score;
        int better = 0;
#pragma omp simd reduction(| : better)
        for (int64_t i = 0; i < width; i++) better |= score[at + i] > last;
        for (int64_t i = at; i < at + width && better; i++) {
            if (!(score[i] > heap[0].score)) continue;
            heap[0] = (scored){ score[i], (int32_t)(first + i) };
            sink(heap, K, 0);
        }
    }
}

static void search_rows(const wl_similarity *n, const wl_similarity_space *s, const tile *t)
{
    multiply(n, s, t);
#pragma omp parallel for schedule(static) if (t->questions > 1 && t->questions * t->rows > 16384)
    for (int64_t i = 0; i < t->questions; i++) {
        const int64_t q = t->question + i;
        real *score = (real *)s->scores + i * n->per * s->rows;
        finish_scores(n, score, s->rows, (const real *)n->inverse->data + t->row,
                      (const real *)s->inverse + q * n->per, t->rows);
        for (int64_t e = 0; e < n->E; e++) {
            const int64_t row = id_at(n->excluded, q * n->E + e, n->V) - t->row;
            if (row >= 0 && row < t->rows) score[row] = -INFINITY;
        }
        keep_best((scored *)s->best + i * n->K, n->K, score, t->row, t->rows);
    }
}

/* Takes the last from the heap until it is in order. */
static void write_best(const wl_similarity *n, scored *heap, int64_t q)
{
    real *scores = (real *)n->scores->data + q * n->K;
    for (int64_t k = n->K - 1; k >= 0; k--) {
        const scored last = heap[0];
        heap[0] = heap[k];
        sink(heap, k, 0);
        scores[k] = last.id < 0 ? 0 : last.score;
        if (n->ids->dtype == WL_I32)
            ((int32_t *)n->ids->data)[q * n->K + k] = last.id;
        else
            ((int64_t *)n->ids->data)[q * n->K + k] = last.id;
    }
}

static wl_status search(wl_ctx *ctx, const wl_similarity *n)
{
    wl_similarity_space s;
    wl_similarity_carve(&s, ctx->workspace, ctx->backend, n);
    for (int64_t i = 0; i < n->Q * n->E; i++) checked_id(ctx, n->where, n->excluded, i, n->V, true);
    inverse_lengths(s.inverse, &n->queries);
    tile t = { 0 };
    for (; t.question < n->Q; t.question += s.questions) {
        scored *best = s.best;
        t.questions = least(s.questions, n->Q - t.question);
        for (int64_t i = 0; i < t.questions * n->K; i++) best[i] = (scored){ -INFINITY, -1 };
        for (t.row = 0; t.row < n->V && n->K; t.row += s.rows) {
            t.rows = least(s.rows, n->V - t.row);
            search_rows(n, &s, &t);
        }
        for (int64_t i = 0; i < t.questions; i++) write_best(n, best + i * n->K, t.question + i);
    }
    return WL_OK;
}

wl_status WL_REF(similarity_topk)(wl_ctx *ctx, const wl_dims *d, const wl_similarity_topk_args *a)
{
    const wl_similarity n = wl_similarity_of_topk(d, a);
    return search(ctx, &n);
}

wl_status WL_REF(similarity_multiply)(wl_ctx *ctx, const wl_dims *d,
                                      const wl_similarity_multiply_args *a)
{
    const wl_similarity n = wl_similarity_of_multiply(d, a);
    return search(ctx, &n);
}
