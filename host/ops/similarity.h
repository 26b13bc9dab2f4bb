/* The searches of <wordloom/similarity.h> as one: what a call is about, the tiles of scores that it
 * goes by, and how its workspace is laid out on every side. */
#ifndef WL_SIMILARITY_CALL_H
#define WL_SIMILARITY_CALL_H

#include "carve.h"

#include <string.h>

enum {
    WL_SIMILARITY_FEW = 4,          /* queries that rows are multiplied with as they come */
    WL_SIMILARITY_QUERIES = 256,    /* of a tile, at most */
    WL_SIMILARITY_SCORES = 1 << 21, /* of a tile, where that is more than a part of the rows */
    WL_SIMILARITY_BLOCK = 8192,     /* rows of a tile of many queries on the CPU */
    WL_SIMILARITY_PART = 4096,      /* rows of which CUDA takes the best apart, at least */
    WL_SIMILARITY_PARTS = 64,       /* at most */
    WL_SIMILARITY_KEPT = 1 << 15,   /* of all queries of a tile and one part, at most */
};

typedef struct wl_similarity {
    int64_t Q, V, D, E, K;
    int per; /* queries a question: 1, or a, b and c */
    const wl_tensor *table, *inverse, *ids, *scores;
    const wl_tensor *excluded; /* null: none */
    wl_tensor queries;         /* [per Q, D] */
    uint32_t where;            /* WL_ID_ROW of `excluded` */
} wl_similarity;

static inline wl_similarity wl_similarity_of_topk(const wl_dims *d,
                                                  const wl_similarity_topk_args *a)
{
    wl_similarity n;
    memset(&n, 0, sizeof n);
    n.Q = d->Q, n.V = d->V, n.D = d->D, n.K = d->K, n.per = 1;
    n.table = &a->table, n.inverse = &a->inverse, n.ids = &a->ids, n.scores = &a->scores;
    n.excluded = wl_if_present(&a->excluded);
    n.E = n.excluded ? d->E : 0;
    n.queries = a->queries;
    n.where = WL_ID_ROW(similarity_topk, excluded);
    return n;
}

static inline wl_similarity wl_similarity_of_multiply(const wl_dims *d,
                                                      const wl_similarity_multiply_args *a)
{
    wl_similarity n;
    memset(&n, 0, sizeof n);
    n.Q = d->Q, n.V = d->V, n.D = d->D, n.K = d->K, n.per = 3;
    n.table = &a->table, n.inverse = &a->inverse, n.ids = &a->ids, n.scores = &a->scores;
    n.excluded = wl_if_present(&a->excluded);
    n.E = n.excluded ? d->E : 0;
    n.queries.data = a->queries.data, n.queries.dtype = a->queries.dtype, n.queries.ndim = 2;
    n.queries.shape[0] = 3 * d->Q, n.queries.shape[1] = d->D;
    n.where = WL_ID_ROW(similarity_multiply, excluded);
    return n;
}

/* What is null is not needed. */
typedef struct wl_similarity_space {
    int64_t questions, rows; /* of a tile, at most */
    int64_t part, parts;     /* rows of a part, and parts of all rows: on CUDA */
    bool few;                /* queries, or no features: products without gemm */
    void *inverse;           /* REAL [per Q]: of the queries' lengths */
    void *scores;            /* REAL [per questions, rows] */
    void *best;              /* on the CPU pairs of REAL [questions,K], on CUDA U64
                                [questions,parts,K] */
    void *queries, *table;   /* REAL [per questions,D], [rows,D]: on the CPU, of 16 bits */
    void *gemm;
} wl_similarity_space;

static inline int64_t wl_similarity_least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Both sides cut by the shape of the call alone. */
static inline void wl_similarity_cut(wl_similarity_space *s, const wl_similarity *n, bool cpu)
{
    int64_t most = WL_SIMILARITY_QUERIES / n->per;
    if (!cpu && n->K * most > WL_SIMILARITY_KEPT) most = WL_SIMILARITY_KEPT / n->K;
    s->questions = wl_similarity_least(n->Q, most);
    const int64_t count = s->questions ? s->questions * n->per : 1;
    s->few = count <= WL_SIMILARITY_FEW || n->D == 0;
    s->rows = WL_SIMILARITY_SCORES / count;
    if (cpu && !s->few) s->rows = wl_similarity_least(s->rows, WL_SIMILARITY_BLOCK);
    s->part = (n->V + WL_SIMILARITY_PARTS - 1) / WL_SIMILARITY_PARTS;
    if (s->part < WL_SIMILARITY_PART) s->part = WL_SIMILARITY_PART;
    s->parts = (n->V + s->part - 1) / s->part;
    if (!cpu) s->rows = s->rows > s->part ? s->rows / s->part * s->part : s->part;
    s->rows = wl_similarity_least(s->rows, n->V);
}

/* Answers the bytes; `base` null: only measures. */
static inline size_t wl_similarity_carve(wl_similarity_space *s, char *base,
                                         const wl_backend *backend, const wl_similarity *n)
{
    const bool cpu = backend->device == WL_CPU;
    const size_t real = wl_dtype_size(backend->real);
    size_t at = 0;
    memset(s, 0, sizeof *s);
    wl_similarity_cut(s, n, cpu);
    const int64_t count = s->questions * n->per;
    s->inverse = wl_carve(base, &at, n->Q * n->per, real);
    s->scores = wl_carve(base, &at, count * s->rows, real);
    s->best = cpu ? wl_carve(base, &at, s->questions * n->K, 2 * real)
                  : wl_carve(base, &at, s->questions * s->parts * n->K, sizeof(uint64_t));
    if (cpu && !s->few && n->table->dtype != backend->real) {
        s->queries = wl_carve(base, &at, count * n->D, real);
        s->table = wl_carve(base, &at, s->rows * n->D, real);
    }
    if (!s->few) s->gemm = wl_carve(base, &at, (int64_t)backend->gemm_bytes, 1);
    return at;
}

#endif
