/* Cosine neighbours of <wordloom/nn/similar.h>: one dot product a row, then a heap of the best. */
#include "analogy_score.h"
#include "similar_rows.h"

#include <stdbool.h>
#include <stdlib.h>

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

static wl_status nearest(const wl_similar *s, const float *query, const exceptions *except,
                         int64_t top, wl_neighbour *out, int64_t *found, wl_error *error)
{
    float *cosine = malloc(((size_t)s->V + 1) * sizeof *cosine);
    float *unit = malloc((size_t)s->D * sizeof *unit);
    *found = 0;
    if (cosine && unit) {
        wl_similar_scale(unit, query, s->D);
        wl_similar_cosines(s, unit, cosine);
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
    float *query = malloc(4 * (size_t)s->D * sizeof *query); /* and the three rows */
    *found = 0;
    if (!query) return wl_error_set(error, WL_NO_MEMORY, "no memory for the query");
    float *row = query + s->D;
    for (int k = 0; k < 3; k++) wl_similar_row(s, abc->id[k], row + k * s->D);
    wl_analogy_sum(query, row, row + s->D, row + 2 * s->D, s->D);
    const wl_status status = nearest(s, query, abc, top, out, found, error);
    free(query);
    return status;
}

static wl_status by_product(const wl_similar *s, const exceptions *abc, int64_t top,
                            wl_neighbour *out, int64_t *found, wl_error *error)
{
    float *cosine = malloc(((size_t)s->V + 1) * 3 * sizeof *cosine); /* [3,V] */
    float *row = malloc((size_t)s->D * sizeof *row);
    const bool there = cosine && row;
    *found = 0;
    for (int k = 0; k < 3 && there; k++) {
        wl_similar_row(s, abc->id[k], row);
        wl_similar_cosines(s, row, cosine + k * s->V);
    }
    for (int64_t i = 0; i < s->V && there; i++)
        cosine[i] = wl_analogy_product(cosine[i], cosine[s->V + i], cosine[2 * s->V + i]);
    if (there) *found = select_nearest(cosine, s->V, abc, top, out);
    free(cosine);
    free(row);
    return there ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory for the cosines");
}

wl_status wl_similar_analogy(const wl_similar *s, const int64_t abc[3], wl_analogy_method method,
                             int64_t top, wl_neighbour *out, int64_t *found, wl_error *error)
{
    const exceptions given = { { abc[0], abc[1], abc[2] }, 3 };
    return method == WL_ANALOGY_MULTIPLY ? by_product(s, &given, top, out, found, error)
                                         : by_sum(s, &given, top, out, found, error);
}
