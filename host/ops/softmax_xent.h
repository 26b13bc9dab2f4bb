/* The workspaces of <wordloom/softmax_xent.h>, for the contract and both sides. */
#ifndef WL_SOFTMAX_XENT_CALL_H
#define WL_SOFTMAX_XENT_CALL_H

#include "carve.h"

#include <string.h>

/* ------------------------------------------------------------------ the logits' pair
 *
 * On CUDA a row is worked in parts that depend on V alone, and what all rows come to is added in
 * groups of them. */
enum {
    WL_XENT_PART = 16384, /* elements, at most */
    WL_XENT_GROUP = 4096, /* rows */
};

/* Elements of a part: whole packs, unless there is one part. */
static inline int64_t wl_xent_part(int64_t V)
{
    if (V <= WL_XENT_PART) return V;
    const int64_t parts = (V + WL_XENT_PART - 1) / WL_XENT_PART;
    return ((V + parts - 1) / parts + 7) / 8 * 8;
}

static inline int64_t wl_xent_parts(int64_t V)
{
    const int64_t part = wl_xent_part(V);
    return V > part ? (V + part - 1) / part : 1;
}

static inline int64_t wl_xent_groups(int64_t N)
{
    return N > WL_XENT_GROUP ? (N + WL_XENT_GROUP - 1) / WL_XENT_GROUP : 1;
}

typedef struct wl_xent_rows_space {
    void *losses; /* REAL [N] */
    void *parts;  /* 4 REAL [N,parts] on CUDA */
    void *groups; /* 2 of 8 bytes a group, on CUDA */
} wl_xent_rows_space;

static inline size_t wl_xent_rows_carve(wl_xent_rows_space *out, char *base,
                                        const wl_backend *backend, int64_t N, int64_t V)
{
    const int64_t parts = wl_xent_parts(V), groups = wl_xent_groups(N);
    size_t at = 0;
    memset(out, 0, sizeof *out);
    out->losses = wl_carve(base, &at, N, wl_dtype_size(backend->real));
    if (backend->device == WL_CPU) return at;
    if (parts > 1) out->parts = wl_carve(base, &at, N * parts, 16);
    if (groups > 1) out->groups = wl_carve(base, &at, groups, 16);
    return at;
}

/* ------------------------------------------------------------------ the linear pair */

/* A call of either of the pair. */
typedef struct wl_xent {
    int64_t N, D, V;
    const wl_tensor *x, *w, *b, *labels, *dloss, *loss, *losses, *count;
    const wl_tensor *dx, *dw, *db; /* null in forward, and where there is none */
    double smoothing;
    int32_t reduction;
} wl_xent;

static inline wl_xent wl_xent_of_forward(const wl_dims *d,
                                         const wl_softmax_xent_linear_forward_args *a)
{
    wl_xent n;
    memset(&n, 0, sizeof n);
    n.N = d->N, n.D = d->D, n.V = d->V;
    n.x = &a->x, n.w = &a->w, n.b = wl_if_present(&a->b), n.labels = &a->labels;
    n.loss = &a->loss, n.losses = wl_if_present(&a->losses), n.count = wl_if_present(&a->count);
    n.smoothing = a->smoothing, n.reduction = a->reduction;
    return n;
}

static inline wl_xent wl_xent_of_backward(const wl_dims *d,
                                          const wl_softmax_xent_linear_backward_args *a)
{
    wl_xent n;
    memset(&n, 0, sizeof n);
    n.N = d->N, n.D = d->D, n.V = d->V;
    n.x = &a->x, n.w = &a->w, n.b = wl_if_present(&a->b), n.labels = &a->labels;
    n.dloss = wl_if_present(&a->dloss);
    n.loss = &a->loss, n.losses = wl_if_present(&a->losses), n.count = wl_if_present(&a->count);
    n.dx = wl_if_present(&a->dx), n.dw = &a->dw, n.db = wl_if_present(&a->db);
    n.smoothing = a->smoothing, n.reduction = a->reduction;
    return n;
}

enum {
    WL_XENT_ROWS = 350,         /* worked at a time on the CPU, at most */
    WL_XENT_ELEMENTS = 1 << 24, /* of logits at a time, at most: fewer rows for more words */
    WL_XENT_LEAST_ROWS = 32,
    WL_XENT_SEEN = 64,      /* words that a tile on CUDA tells of together */
    WL_XENT_FEATURES = 512, /* up to which products are made twice rather than stored */
};

/* Whether no logits are stored: kernels/softmax_xent_tiles.cu. */
static inline bool wl_xent_in_tiles(const wl_xent *n, bool cpu)
{
    return !cpu && n->x->dtype != WL_F32 && (!n->dw || n->D <= WL_XENT_FEATURES);
}

static inline int64_t wl_xent_seen_parts(int64_t V)
{
    return (V + WL_XENT_SEEN - 1) / WL_XENT_SEEN;
}

/* Rows worked at a time: parts of equal size. On CUDA at least half as many as x has features:
 * every part reads and writes dw, and that many logits take as much memory as w. */
static inline int64_t wl_xent_rows(const wl_xent *n, bool cpu)
{
    const int64_t kept = !n->dw && wl_xent_in_tiles(n, cpu) ? 4 * wl_xent_seen_parts(n->V) : n->V;
    int64_t least = WL_XENT_LEAST_ROWS, most = WL_XENT_ELEMENTS / (kept > 0 ? kept : 1);
    if (!cpu && n->D / 2 > least) least = n->D / 2;
    if (most < least) most = least;
    if (cpu && most > WL_XENT_ROWS) most = WL_XENT_ROWS;
    const int64_t parts = n->N > most ? (n->N + most - 1) / most : 1;
    return (n->N + parts - 1) / parts;
}

/* What is null is not needed. */
typedef struct wl_xent_space {
    int64_t rows;  /* worked at a time */
    int64_t pitch; /* of z and dz: on CUDA whole packs */
    void *z;       /* REAL [rows,V] logits, and where that is their type gradients at them */
    void *dz;      /* STORED [rows,V] gradients, of 16 bits on CUDA */
    void *losses;  /* REAL [N] */
    void *x, *w;   /* of 16 bits: REAL [N,D], [V,D] on the CPU; on CUDA STORED, in whole packs */
    void *dx;      /* REAL [rows,D] likewise */
    void *count;   /* I64 [1] */
    void *lse;     /* REAL [rows] on CUDA */
    void *parts;   /* 4 REAL [rows,parts] on CUDA */
    void *groups;  /* 2 of 8 bytes a group, on CUDA */
    void *b;       /* REAL [V] on CUDA: a bias that is aligned */
    void *columns; /* REAL [WL_COLUMN_PARTS,V] on CUDA */
    void *gemm;
} wl_xent_space;

static inline void wl_xent_carve_cpu(wl_xent_space *out, char *base, size_t *at, size_t real,
                                     const wl_xent *n)
{
    out->x = wl_carve(base, at, n->N * n->D, real);
    out->w = wl_carve(base, at, n->V * n->D, real);
    if (n->dx) out->dx = wl_carve(base, at, out->rows * n->D, real);
}

static inline void wl_xent_carve_cuda(wl_xent_space *out, char *base, size_t *at, bool narrow,
                                      const wl_xent *n)
{
    const bool tiles = wl_xent_in_tiles(n, false);
    const int64_t parts = tiles ? wl_xent_seen_parts(n->V) : wl_xent_parts(n->V);
    const int64_t groups = wl_xent_groups(n->N);
    out->lse = wl_carve(base, at, out->rows, sizeof(float));
    if (tiles || parts > 1) out->parts = wl_carve(base, at, out->rows * parts, 16);
    if (groups > 1) out->groups = wl_carve(base, at, groups, 16);
    if (narrow && n->dw && n->D % 8) {
        out->x = wl_carve(base, at, n->N * ((n->D + 7) / 8 * 8), 2);
        out->w = wl_carve(base, at, n->V * ((n->D + 7) / 8 * 8), 2);
    }
    if (narrow && n->dw)
        out->dz = wl_carve(base, at, out->rows * out->pitch, wl_dtype_size(n->x->dtype));
    if (n->b && !tiles) out->b = wl_carve(base, at, n->V, sizeof(float));
    if (n->db) out->columns = wl_carve(base, at, WL_COLUMN_PARTS * n->V, sizeof(float));
}

static inline size_t wl_xent_carve(wl_xent_space *out, char *base, const wl_backend *backend,
                                   const wl_xent *n)
{
    const bool cpu = backend->device == WL_CPU, narrow = n->x->dtype != backend->real;
    const size_t real = wl_dtype_size(backend->real);
    size_t at = 0;
    memset(out, 0, sizeof *out);
    out->rows = wl_xent_rows(n, cpu);
    out->pitch = cpu ? n->V : (n->V + 7) / 8 * 8;
    if (!wl_xent_in_tiles(n, cpu)) out->z = wl_carve(base, &at, out->rows * out->pitch, real);
    out->losses = wl_carve(base, &at, n->N, real);
    out->count = wl_carve(base, &at, 1, sizeof(int64_t));
    if (narrow && cpu) wl_xent_carve_cpu(out, base, &at, real, n);
    if (!cpu) wl_xent_carve_cuda(out, base, &at, narrow, n);
    out->gemm = wl_carve(base, &at, (int64_t)backend->gemm_bytes, 1);
    return at;
}

#endif
