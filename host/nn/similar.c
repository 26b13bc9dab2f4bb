/* Searches of <wordloom/nn/similar.h>: queries, made of length 1 on the host, go to the device some
 * at a time, and the answers come back. */
#include <wordloom/nn/similar.h>

#include "queue.h"
#include "similar_search.h"

#include <wordloom/nn/memory.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTIONS = 1024 }; /* at once: what their queries take on the host and on the device */

struct wl_similar {
    wl_ctx *ctx;
    const float *rows;     /* [V,D], the caller's; or null, and */
    wl_sparse_rows sparse; /* these on the host */
    int64_t V, D;
    int64_t searched; /* rows that can be found */
    wl_arena fixed, room;
    wl_tensor table, inverse; /* of the searches, on the device */
    const wl_search *now;
    wl_tensor queries, excluded, ids, scores, workspace; /* of `now` */
};

static wl_status told(const wl_similar *s, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(s->ctx)) : WL_OK;
}

/* ------------------------------------------------------------------ the table */

static wl_status carve_table(void *owner, wl_arena *arena)
{
    wl_similar *s = owner;
    s->inverse = wl_arena_take(arena, WL_F32, 1, (int64_t[4]){ s->V });
    if (wl_ctx_device(s->ctx) == WL_CPU)
        s->table = (wl_tensor){ (void *)(uintptr_t)s->rows, WL_F32, 2, { s->V, s->D }, { 0 } };
    else
        s->table = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ s->V, s->D });
    return WL_OK;
}

static wl_status begin(wl_similar *s, wl_error *error)
{
    wl_status status = wl_arena_create(&s->fixed, s->ctx, carve_table, s, error);
    if (status) return status;
    const size_t bytes = (size_t)s->V * (size_t)s->D * sizeof(float);
    if (s->table.data != s->rows) status = wl_ctx_copy(s->ctx, s->table.data, s->rows, bytes);
    const wl_similarity_norms_args norms = { sizeof norms, s->table, s->inverse };
    return told(s, status ? status : wl_similarity_norms(s->ctx, &norms), error);
}

wl_status wl_similar_create(wl_similar **out, wl_ctx *ctx, const float *table, int64_t V, int64_t D,
                            wl_error *error)
{
    *out = NULL;
    wl_similar *s = calloc(1, sizeof *s);
    if (!s) return wl_error_set(error, WL_NO_MEMORY, "no memory to search vectors");
    s->ctx = s->room.ctx = ctx;
    s->rows = table;
    s->V = s->searched = V;
    s->D = D;
    const wl_status status = begin(s, error);
    if (status)
        wl_similar_destroy(s);
    else
        *out = s;
    return status;
}

wl_status wl_similar_create_sparse(wl_similar **out, const wl_sparse *matrix, wl_error *error)
{
    *out = NULL;
    wl_similar *s = calloc(1, sizeof *s);
    if (!s) return wl_error_set(error, WL_NO_MEMORY, "no memory to search counts");
    s->V = s->searched = matrix->rows;
    s->D = matrix->columns;
    const wl_status status = wl_sparse_rows_create(&s->sparse, matrix, error);
    if (status)
        wl_similar_destroy(s);
    else
        *out = s;
    return status;
}

void wl_similar_destroy(wl_similar *s)
{
    if (!s) return;
    wl_sparse_rows_destroy(&s->sparse);
    wl_arena_destroy(&s->fixed);
    wl_arena_destroy(&s->room);
    free(s);
}

int64_t wl_similar_search_first(wl_similar *s, int64_t rows)
{
    const int64_t before = s->searched;
    s->searched = rows < s->V ? rows : s->V;
    return before;
}

static double length_of(const float *row, int64_t D)
{
    double sum = 0;
    for (int64_t d = 0; d < D; d++) sum += (double)row[d] * (double)row[d];
    return sqrt(sum);
}

/* By their directions as floats, so that those which are alike but for rounding have the same
 * cosines. The root of xx yy, where these are equal, is xx to the bit. */
double wl_similar_cosine(const wl_similar *s, int64_t a, int64_t b)
{
    if (!s->rows) return wl_sparse_rows_cosine(&s->sparse, a, b);
    const float *row_a = s->rows + a * s->D, *row_b = s->rows + b * s->D;
    const double of_a = length_of(row_a, s->D), of_b = length_of(row_b, s->D);
    double xx = 0, yy = 0, xy = 0;
    for (int64_t d = 0; d < s->D && of_a > 0 && of_b > 0; d++) {
        const double x = (double)(float)((double)row_a[d] / of_a);
        const double y = (double)(float)((double)row_b[d] / of_b);
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* ------------------------------------------------------------------ a search */

static void search_free(wl_search *q)
{
    free(q->queries);
    free(q->excluded);
    free(q->ids);
    free(q->scores);
}

/* Room for Q questions, of which `top` rows are wanted. */
static wl_status search_begin(wl_search *q, const wl_similar *s, int64_t Q, int64_t E, int per,
                              int64_t top, wl_error *error)
{
    *q = (wl_search){
        .Q = Q, .D = s->D, .E = E, .K = top < s->searched ? top : s->searched, .per = per
    };
    if (top < 0 || top > WL_SIMILARITY_MOST)
        return wl_error_set(error, WL_OUT_OF_RANGE, "%lld rows are to be found, expected 0 to %d",
                            (long long)top, WL_SIMILARITY_MOST);
    q->queries = calloc((size_t)(Q * per) + 1, (size_t)s->D * sizeof *q->queries);
    q->excluded = calloc((size_t)(Q * E) + 1, sizeof *q->excluded);
    q->ids = calloc((size_t)(Q * q->K) + 1, sizeof *q->ids);
    q->scores = calloc((size_t)(Q * q->K) + 1, sizeof *q->scores);
    if (q->queries && q->excluded && q->ids && q->scores) return WL_OK;
    search_free(q);
    return wl_error_set(error, WL_NO_MEMORY, "no memory for %lld questions", (long long)Q);
}

/* to += weight row / |row|; a row of zeros adds none */
static void add_unit(float *to, float weight, const float *row, int64_t D)
{
    double sum = 0;
    for (int64_t d = 0; d < D; d++) sum += (double)row[d] * (double)row[d];
    const double length = sqrt(sum);
    for (int64_t d = 0; d < D && length > 0; d++)
        to[d] += weight * (float)((double)row[d] / length);
}

/* to += weight times the row of an id, as if of length 1 */
static void add_row(const wl_similar *s, float *to, float weight, int64_t id)
{
    if (s->rows)
        add_unit(to, weight, s->rows + id * s->D, s->D);
    else
        wl_sparse_rows_add(&s->sparse, to, weight, id);
}

/* A row that cannot be found need not be excluded. */
static int32_t excluding(const wl_similar *s, int64_t id)
{
    return id >= 0 && id < s->searched ? (int32_t)id : -1;
}

static wl_status queue(const wl_similar *s, size_t *bytes)
{
    wl_tensor table = s->table, inverse = s->inverse;
    table.shape[0] = inverse.shape[0] = s->searched;
    const wl_similarity_topk_args topk = { sizeof topk, table,  inverse,  s->queries,
                                           s->excluded, s->ids, s->scores };
    const wl_similarity_multiply_args multiply = { sizeof multiply, table,  inverse,  s->queries,
                                                   s->excluded,     s->ids, s->scores };
    return s->now->per == 3 ? wl_queue_similarity_multiply(s->ctx, &multiply, bytes)
                            : wl_queue_similarity_topk(s->ctx, &topk, bytes);
}

static wl_status carve_room(void *owner, wl_arena *arena)
{
    wl_similar *s = owner;
    const wl_search *q = s->now;
    const int64_t queries[4] = { q->Q, q->per == 3 ? 3 : s->D, s->D };
    size_t bytes = 0;
    s->queries = wl_arena_take(arena, WL_F32, q->per == 3 ? 3 : 2, queries);
    s->excluded = wl_arena_take(arena, WL_I32, 2, (int64_t[4]){ q->Q, q->E });
    s->ids = wl_arena_take(arena, WL_I32, 2, (int64_t[4]){ q->Q, q->K });
    s->scores = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ q->Q, q->K });
    const wl_status status = queue(s, &bytes);
    s->workspace = wl_arena_take(arena, WL_U8, 1, (int64_t[4]){ (int64_t)bytes });
    return status;
}

static wl_status run(wl_similar *s, const wl_search *q, wl_error *error)
{
    const size_t asked = (size_t)(q->Q * q->per * s->D), answers = (size_t)(q->Q * q->K);
    int moved;
    if (!s->rows) return wl_sparse_rows_search(&s->sparse, q, s->searched, error);
    s->now = q;
    wl_status status = wl_arena_fit(&s->room, carve_room, s, &moved, error);
    if (status) return status;
    wl_ctx_set_workspace(s->ctx, s->workspace.data, (size_t)s->workspace.shape[0]);
    status = wl_ctx_copy(s->ctx, s->queries.data, q->queries, asked * sizeof(float));
    if (!status)
        status = wl_ctx_copy(s->ctx, s->excluded.data, q->excluded,
                             (size_t)(q->Q * q->E) * sizeof(int32_t));
    if (!status) status = queue(s, NULL);
    if (!status) status = wl_ctx_copy(s->ctx, q->ids, s->ids.data, answers * sizeof(int32_t));
    if (!status) status = wl_ctx_copy(s->ctx, q->scores, s->scores.data, answers * sizeof(float));
    return told(s, status, error);
}

/* The answers of each question into rows of `top`, of which what is over has the id -1. */
static void write_answers(const wl_search *q, int64_t top, wl_neighbour *out)
{
    for (int64_t i = 0; i < q->Q; i++)
        for (int64_t k = 0; k < top; k++)
            out[i * top + k] = k < q->K
                                   ? (wl_neighbour){ q->ids[i * q->K + k], q->scores[i * q->K + k] }
                                   : (wl_neighbour){ -1, 0 };
}

static int64_t count_found(const wl_neighbour *out, int64_t top)
{
    int64_t found = 0;
    while (found < top && out[found].id >= 0) found++;
    return found;
}

static wl_status nearest(wl_similar *s, wl_search *q, int64_t except, int64_t top,
                         wl_neighbour *out, int64_t *found, wl_error *error)
{
    q->excluded[0] = excluding(s, except);
    const wl_status status = run(s, q, error);
    if (!status) {
        write_answers(q, top, out);
        *found = count_found(out, top);
    }
    search_free(q);
    return status;
}

wl_status wl_similar_nearest(wl_similar *s, const float *query, int64_t except, int64_t top,
                             wl_neighbour *out, int64_t *found, wl_error *error)
{
    wl_search q;
    *found = 0;
    const wl_status status = search_begin(&q, s, 1, 1, 1, top, error);
    if (status) return status;
    add_unit(q.queries, 1, query, s->D);
    return nearest(s, &q, except, top, out, found, error);
}

wl_status wl_similar_nearest_row(wl_similar *s, int64_t id, int64_t top, wl_neighbour *out,
                                 int64_t *found, wl_error *error)
{
    wl_search q;
    *found = 0;
    const wl_status status = search_begin(&q, s, 1, 1, 1, top, error);
    if (status) return status;
    add_row(s, q.queries, 1, id);
    return nearest(s, &q, id, top, out, found, error);
}

/* ------------------------------------------------------------------ analogies */

/* Writes the queries of the i-th question of a search: the sum of the three, or each of them. */
static void ask(const wl_similar *s, const wl_search *q, int64_t i, const int64_t abc[3])
{
    static const float weight[3] = { -1, 1, 1 };
    float *query = q->queries + i * q->per * s->D;
    for (int k = 0; k < 3; k++) {
        add_row(s, q->per == 3 ? query + k * s->D : query, q->per == 3 ? 1 : weight[k], abc[k]);
        q->excluded[3 * i + k] = excluding(s, abc[k]);
    }
}

wl_status wl_similar_analogies(wl_similar *s, const int64_t *abc, int64_t count,
                               wl_analogy_method method, int64_t top, wl_neighbour *out,
                               wl_error *error)
{
    wl_search q;
    const int per = method == WL_ANALOGY_MULTIPLY ? 3 : 1;
    wl_status status =
        search_begin(&q, s, count < QUESTIONS ? count : QUESTIONS, 3, per, top, error);
    if (status) return status;
    for (int64_t at = 0; at < count && !status; at += q.Q) {
        if (count - at < q.Q) q.Q = count - at;
        memset(q.queries, 0, (size_t)(q.Q * per * s->D) * sizeof *q.queries);
        for (int64_t i = 0; i < q.Q; i++) ask(s, &q, i, abc + 3 * (at + i));
        status = run(s, &q, error);
        if (!status) write_answers(&q, top, out + at * top);
    }
    search_free(&q);
    return status;
}

wl_status wl_similar_analogy(wl_similar *s, const int64_t abc[3], wl_analogy_method method,
                             int64_t top, wl_neighbour *out, int64_t *found, wl_error *error)
{
    *found = 0;
    const wl_status status = wl_similar_analogies(s, abc, 1, method, top, out, error);
    if (!status) *found = count_found(out, top);
    return status;
}
