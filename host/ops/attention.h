/* The calls of <wordloom/attention.h> as one: what they are about, and how their workspace is laid
 * out on every side. */
#ifndef WL_ATTENTION_CALL_H
#define WL_ATTENTION_CALL_H

#include "carve.h"

#include <string.h>

/* Queries whose part of du one block on CUDA sums. */
enum { WL_ATTENTION_QUERIES = 8 };

/* What a call is about. A tensor that is absent there is null here. */
typedef struct wl_attention {
    int64_t T, B, S, H, D;
    const wl_tensor *q, *k, *v, *lengths, *y, *weights, *lse;
    const wl_tensor *dy, *dq, *dk, *dv; /* backward's */
    const wl_tensor *u, *du;            /* of additive scores; null: of dot products */
    double scale;
} wl_attention;

/* What is null is not needed: the caller's own tensor serves. */
typedef struct wl_attention_space {
    void *q, *k, *v, *y, *dy, *dq, *dk, *dv; /* REAL, on the CPU, of 16-bit storage */
    void *delta;                             /* REAL [T,B] backward on CUDA: dy . y */
    void *du;   /* REAL [parts,H] sums over a sequence; on CUDA over a block's queries */
    void *tanh; /* REAL [B,H] backward on the CPU */
    int64_t parts;
} wl_attention_space;

/* What both directions of both kinds have. */
static inline wl_attention wl_attention_of(const wl_dims *d, const wl_tensor *q, const wl_tensor *k,
                                           const wl_tensor *v, const wl_tensor *lengths,
                                           const wl_tensor *y, const wl_tensor *lse)
{
    wl_attention n;
    memset(&n, 0, sizeof n);
    n.T = d->T, n.B = d->B, n.S = d->S, n.H = d->H, n.D = d->D;
    n.q = q, n.k = k, n.v = wl_if_present(v), n.y = y, n.lse = lse;
    n.lengths = wl_if_present(lengths);
    n.scale = 1;
    return n;
}

static inline wl_attention wl_attention_forward_of(const wl_dims *d,
                                                   const wl_attention_forward_args *a)
{
    wl_attention n = wl_attention_of(d, &a->q, &a->k, &a->v, &a->lengths, &a->y, &a->lse);
    n.weights = wl_if_present(&a->weights);
    n.scale = a->scale;
    return n;
}

static inline wl_attention wl_attention_backward_of(const wl_dims *d,
                                                    const wl_attention_backward_args *a)
{
    wl_attention n = wl_attention_of(d, &a->q, &a->k, &a->v, &a->lengths, &a->y, &a->lse);
    n.dy = &a->dy, n.dq = &a->dq, n.dk = &a->dk;
    n.dv = wl_if_present(&a->dv);
    n.scale = a->scale;
    return n;
}

static inline wl_attention
wl_attention_additive_forward_of(const wl_dims *d, const wl_attention_additive_forward_args *a)
{
    wl_attention n = wl_attention_of(d, &a->q, &a->k, &a->v, &a->lengths, &a->y, &a->lse);
    n.weights = wl_if_present(&a->weights);
    n.u = &a->u;
    return n;
}

static inline wl_attention
wl_attention_additive_backward_of(const wl_dims *d, const wl_attention_additive_backward_args *a)
{
    wl_attention n = wl_attention_of(d, &a->q, &a->k, &a->v, &a->lengths, &a->y, &a->lse);
    n.dy = &a->dy, n.dq = &a->dq, n.dk = &a->dk, n.dv = &a->dv;
    n.u = &a->u, n.du = &a->du;
    return n;
}

/* A [.,B,.] in REAL, where there is one and it is not REAL itself. */
static inline void *wl_attention_copy(char *base, size_t *at, int32_t real, const wl_tensor *t)
{
    if (!t || t->dtype == real) return NULL;
    return wl_carve(base, at, t->shape[0] * t->shape[1] * t->shape[2], wl_dtype_size(real));
}

/* Answers the bytes; `base` null: only measures. */
static inline size_t wl_attention_carve(wl_attention_space *s, char *base,
                                        const wl_backend *backend, const wl_attention *n)
{
    const int32_t real = backend->real;
    const size_t size = wl_dtype_size(real);
    const int64_t blocks = (n->T + WL_ATTENTION_QUERIES - 1) / WL_ATTENTION_QUERIES;
    size_t at = 0;
    memset(s, 0, sizeof *s);
    s->parts = backend->device == WL_CPU ? n->B : n->B * blocks;
    if (n->du) s->du = wl_carve(base, &at, s->parts * n->H, size);
    if (backend->device == WL_CUDA) {
        if (n->dy) s->delta = wl_carve(base, &at, n->T * n->B, size);
        return at;
    }
    if (n->du) s->tanh = wl_carve(base, &at, n->B * n->H, size);
    s->q = wl_attention_copy(base, &at, real, n->q);
    s->k = wl_attention_copy(base, &at, real, n->k);
    s->v = wl_attention_copy(base, &at, real, n->v);
    s->y = wl_attention_copy(base, &at, real, n->y);
    s->dy = wl_attention_copy(base, &at, real, n->dy);
    s->dq = wl_attention_copy(base, &at, real, n->dq);
    s->dk = wl_attention_copy(base, &at, real, n->dk);
    s->dv = wl_attention_copy(base, &at, real, n->dv);
    return at;
}

#endif
