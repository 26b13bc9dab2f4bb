/* The workspace of the linear pair of <wordloom/softmax_xent.h>, for the contract and both sides.
 */
#ifndef WL_SOFTMAX_XENT_CALL_H
#define WL_SOFTMAX_XENT_CALL_H

#include "carve.h"

#include <string.h>

enum {
    WL_XENT_ROWS = 350,         /* worked at a time, at most */
    WL_XENT_ELEMENTS = 1 << 24, /* of logits at a time, at most: fewer rows for more words */
    WL_XENT_LEAST_ROWS = 32,
};

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

/* Rows worked at a time: parts of equal size. */
static inline int64_t wl_xent_rows(const wl_xent *n)
{
    int64_t most = WL_XENT_ELEMENTS / (n->V > 0 ? n->V : 1);
    if (most < WL_XENT_LEAST_ROWS) most = WL_XENT_LEAST_ROWS;
    if (most > WL_XENT_ROWS) most = WL_XENT_ROWS;
    const int64_t parts = n->N > most ? (n->N + most - 1) / most : 1;
    return (n->N + parts - 1) / parts;
}

/* What is null is not needed. */
typedef struct wl_xent_space {
    int64_t rows;  /* worked at a time */
    void *z;       /* REAL [rows,V] logits, and where that is their type gradients at them */
    void *dz;      /* STORED [rows,V] gradients, of 16 bits on CUDA */
    void *losses;  /* REAL [N] */
    void *x, *w;   /* REAL [N,D], [V,D] on the CPU, of 16 bits */
    void *dx;      /* REAL [rows,D] likewise */
    void *count;   /* I64 [1] */
    void *columns; /* REAL [WL_COLUMN_PARTS,V] on CUDA */
    void *gemm;
} wl_xent_space;

static inline size_t wl_xent_carve(wl_xent_space *out, char *base, const wl_backend *backend,
                                   const wl_xent *n)
{
    const bool cpu = backend->device == WL_CPU, narrow = n->x->dtype != backend->real;
    const size_t real = wl_dtype_size(backend->real);
    size_t at = 0;
    memset(out, 0, sizeof *out);
    out->rows = wl_xent_rows(n);
    out->z = wl_carve(base, &at, out->rows * n->V, real);
    out->losses = wl_carve(base, &at, n->N, real);
    out->count = wl_carve(base, &at, 1, sizeof(int64_t));
    if (narrow && cpu) {
        out->x = wl_carve(base, &at, n->N * n->D, real);
        out->w = wl_carve(base, &at, n->V * n->D, real);
        if (n->dx) out->dx = wl_carve(base, &at, out->rows * n->D, real);
    }
    if (narrow && !cpu && n->dw)
        out->dz = wl_carve(base, &at, out->rows * n->V, wl_dtype_size(n->x->dtype));
    if (!cpu && n->db) out->columns = wl_carve(base, &at, WL_COLUMN_PARTS * n->V, real);
    out->gemm = wl_carve(base, &at, (int64_t)backend->gemm_bytes, 1);
    return at;
}

#endif
