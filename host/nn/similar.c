/* Cosine neighbours of <wordloom/nn/similar.h>: one dot product a row, then a heap of the best. */
#include "analogy_score.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

struct wl_similar {
    int64_t V, D; /* V: of the rows that can be found */
    float *rows;  /* of length 1; there may be more than V */
};

static float dot(const float *a, const float *b, int64_t n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* Row / length; scaled by its greatest number first, so that squares neither overflow nor vanish.
 */
static void normalise(float *to, const float *from, int64_t D)
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

wl_status wl_similar_create(wl_similar **out, const float *table, int64_t V, int64_t D,
                            wl_error *error)
{
    *out = NULL;
    wl_similar *s = calloc(1, sizeof *s);
    float *rows = calloc((size_t)V + 1, (size_t)D * sizeof *rows);
    if (!s || !rows) {
        free(s);
        free(rows);
        return wl_error_set(error, WL_NO_MEMORY, "no memory for a normalised table");
    }
    *s = (wl_similar){ V, D, rows };
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < V; i++) normalise(rows + i * D, table + i * D, D);
    *out = s;
    return WL_OK;
}

void wl_similar_destroy(wl_similar *s)
{
    if (!s) return;
    free(s->rows);
    free(s);
}

void wl_similar_search_first(wl_similar *s, int64_t rows)
{
    if (rows < s->V) s->V = rows;
}

int64_t wl_similar_width(const wl_similar *s) { return s->D; }

const float *wl_similar_row(const wl_similar *s, int64_t id) { return s->rows + id * s->D; }

static bool farther(wl_neighbour a, wl_neighbour b)
{
    return a.cosine < b.cosine || (a.cosine == b.cosine && a.id > b.id);
}

/* Moves the entry at `at` down the heap, whose root is the farthest. */
static void sift(wl_neighbour *heap, int64_t n, int64_t at)
{
    const wl_neighbour moved = heap[at];
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && farther(heap[child + 1], heap[child])) child++;
        if (!farther(heap[child], moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

/* Rows that are not to be found. */
typedef struct exceptions {
    int64_t id[3];
    int count;
} exceptions;

static bool excepted(const exceptions *except, int64_t id)
{
    for (int i = 0; i < except->count; i++)
        if (except->id[i] == id) return true;
    return false;
}

/* The nearest `top` in order: a heap of the first `top`, whose root gives way to what is nearer,
 * is then emptied from the farthest on. */
static int64_t select_nearest(const float *cosine, int64_t V, const exceptions *except, int64_t top,
                              wl_neighbour *heap)
{
    int64_t n = 0;
    for (int64_t i = 0; i < V; i++) {
        const wl_neighbour here = { i, cosine[i] };
        if (top < 1 || excepted(except, i)) continue;
        if (n < top) {
            heap[n++] = here;
            if (n == top)
                for (int64_t at = n / 2; at-- > 0;) sift(heap, n, at);
        } else if (farther(heap[0], here)) {
            heap[0] = here;
            sift(heap, n, 0);
        }
    }
    if (n < top)
        for (int64_t at = n / 2; at-- > 0;) sift(heap, n, at);
    for (int64_t last = n - 1; last > 0; last--) {
        const wl_neighbour far = heap[0];
        heap[0] = heap[last];
        heap[last] = far;
        sift(heap, last, 0);
    }
    return n;
}

static void cosines(const wl_similar *s, const float *unit, float *cosine)
{
#pragma omp parallel for schedule(static) if (s->V * s->D > 65536)
    for (int64_t i = 0; i < s->V; i++) cosine[i] = dot(wl_similar_row(s, i), unit, s->D);
}

static wl_status nearest(const wl_similar *s, const float *query, const exceptions *except,
                         int64_t top, wl_neighbour *out, int64_t *found, wl_error *error)
{
    float *cosine = malloc(((size_t)s->V + 1) * sizeof *cosine);
    float *unit = malloc((size_t)s->D * sizeof *unit);
    *found = 0;
    if (cosine && unit) {
        normalise(unit, query, s->D);
        cosines(s, unit, cosine);
        *found = select_nearest(cosine, s->V, except, top, out);
    }
    const bool worked = cosine && unit;
    free(cosine);
    free(unit);
    return worked ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory for the cosines");
}

wl_status wl_similar_nearest(const wl_similar *s, const float *query, int64_t except, int64_t top,
                             wl_neighbour *out, int64_t *found, wl_error *error)
{
    const exceptions one = { { except }, 1 };
    return nearest(s, query, &one, top, out, found, error);
}

/* ------------------------------------------------------------------ analogies */

static wl_status by_sum(const wl_similar *s, const exceptions *abc, int64_t top, wl_neighbour *out,
                        int64_t *found, wl_error *error)
{
    float *query = malloc((size_t)s->D * sizeof *query);
    *found = 0;
    if (!query) return wl_error_set(error, WL_NO_MEMORY, "no memory for the query");
    wl_analogy_sum(query, wl_similar_row(s, abc->id[0]), wl_similar_row(s, abc->id[1]),
                   wl_similar_row(s, abc->id[2]), s->D);
    const wl_status status = nearest(s, query, abc, top, out, found, error);
    free(query);
    return status;
}

static wl_status by_product(const wl_similar *s, const exceptions *abc, int64_t top,
                            wl_neighbour *out, int64_t *found, wl_error *error)
{
    float *cosine = malloc(((size_t)s->V + 1) * 3 * sizeof *cosine); /* [3,V] */
    *found = 0;
    if (!cosine) return wl_error_set(error, WL_NO_MEMORY, "no memory for the cosines");
    for (int k = 0; k < 3; k++) cosines(s, wl_similar_row(s, abc->id[k]), cosine + k * s->V);
    for (int64_t i = 0; i < s->V; i++)
        cosine[i] = wl_analogy_product(cosine[i], cosine[s->V + i], cosine[2 * s->V + i]);
    *found = select_nearest(cosine, s->V, abc, top, out);
    free(cosine);
    return WL_OK;
}

wl_status wl_similar_analogy(const wl_similar *s, const int64_t abc[3], wl_analogy_method method,
                             int64_t top, wl_neighbour *out, int64_t *found, wl_error *error)
{
    const exceptions given = { { abc[0], abc[1], abc[2] }, 3 };
    return method == WL_ANALOGY_MULTIPLY ? by_product(s, &given, top, out, found, error)
                                         : by_sum(s, &given, top, out, found, error);
}
