/* Reference of <wordloom/attention.h>: some queries of a sequence by some of its keys at a time,
 * whose scores stay in L1. */
#include "attention.h"
#include "../host/ops/attention.h"

enum { QUERIES = 16, KEYS = 64 };

/* ------------------------------------------------------------------ tensors as REAL */

/* A [.,B,X], null where it is absent. */
typedef struct sequences {
    real *data;
    int64_t step, sequence;
} sequences;

typedef struct call {
    const wl_attention *n;
    sequences q, k, v, y, dy, dq, dk, dv;
    real *du, *tanh; /* a row for each sequence */
} call;

static sequences in(const wl_tensor *t, real *copy)
{
    if (!t) return (sequences){ NULL, 0, 0 };
    if (!copy) return (sequences){ t->data, wl_stride(t, 0), wl_stride(t, 1) };
    return (sequences){ copy, t->shape[1] * t->shape[2], t->shape[2] };
}

static matrix rows(sequences s, int64_t step, int64_t b)
{
    return (matrix){ s.data + step * s.step + b * s.sequence, s.step };
}

static row stored_row(const wl_tensor *t, int64_t i)
{
    const int64_t B = t->shape[1], at = i / B * wl_stride(t, 0) + i % B * wl_stride(t, 1);
    return (row){ (char *)t->data + (size_t)at * bytes_of(t->dtype), t->dtype };
}

/* copy = t, where there is a copy; or the other way. */
static void widen(real *copy, const wl_tensor *t)
{
    if (!copy) return;
    const int64_t count = t->shape[0] * t->shape[1], X = t->shape[2];
#pragma omp parallel for schedule(static) if (count * X > 16384)
    for (int64_t i = 0; i < count; i++) load_row(copy + i * X, stored_row(t, i), X);
}
static void narrow(const wl_tensor *t, const real *copy)
{
    if (!copy) return;
    const int64_t count = t->shape[0] * t->shape[1], X = t->shape[2];
#pragma omp parallel for schedule(static) if (count * X > 16384)
    for (int64_t i = 0; i < count; i++) store_row(stored_row(t, i), copy + i * X, X);
}

/* v is k where it is absent, and dv then dk. */
static call begin(const wl_attention *n, const wl_attention_space *s)
{
    call c = { .n = n, .du = s->du, .tanh = s->tanh };
    widen(s->q, n->q), widen(s->k, n->k);
    widen(s->v, n->v), widen(s->dy, n->dy);
    if (n->dy) widen(s->y, n->y);
    c.q = in(n->q, s->q), c.k = in(n->k, s->k);
    c.v = n->v ? in(n->v, s->v) : c.k;
    c.y = in(n->y, s->y), c.dy = in(n->dy, s->dy);
    c.dq = in(n->dq, s->dq), c.dk = in(n->dk, s->dk);
    c.dv = n->dv ? in(n->dv, s->dv) : c.dk;
    return c;
}

static int64_t length_of(const wl_attention *n, int64_t b)
{
    const int64_t length = n->lengths ? ((const int32_t *)n->lengths->data)[b] : n->S;
    return length < 0 ? 0 : least(length, n->S);
}

static void clear(matrix m, int64_t count, int64_t n)
{
    for (int64_t i = 0; i < count; i++) memset(m.data + i * m.pitch, 0, (size_t)n * sizeof(real));
}

static inline bool worth_sharing(const wl_attention *n)
{
    return n->T * n->B * n->S * (n->H + n->D) > 65536;
}

/* ------------------------------------------------------------------ scores */

/* Keeps the tanh that it meets. */
static real additive_score(real *tanh, const real *q, const real *k, const real *u, int64_t H)
{
    real sum = 0;
#pragma omp simd
    for (int64_t h = 0; h < H; h++) tanh[h] = hyperbolic_tangent(q[h] + k[h]);
#pragma omp simd reduction(+ : sum)
    for (int64_t h = 0; h < H; h++) sum += u[nth(h, H)] * tanh[nth(h, H)];
    return sum;
}

/* Of I queries from step t on by J keys from step s on. */
static void scores(real *e, const call *c, int64_t b, int64_t t, int64_t I, int64_t s, int64_t J)
{
    const matrix q = rows(c->q, t, b), k = rows(c->k, s, b);
    const real scale = (real)c->n->scale;
    real tanh[BLOCK];
    if (!c->n->u) dots(e, KEYS, q, I, k, J, c->n->H);
    for (int64_t i = 0; i < I; i++) {
#pragma omp simd
        for (int64_t j = 0; j < J; j++) e[i * KEYS + j] = c->n->u ? 0 : scale * e[i * KEYS + j];
        for (int64_t j = 0; j < J && c->n->u; j++)
            for (int64_t h = 0; h < c->n->H; h += BLOCK)
                e[i * KEYS + j] +=
                    additive_score(tanh, q.data + i * q.pitch + h, k.data + j * k.pitch + h,
                                   (const real *)c->n->u->data + h, least(BLOCK, c->n->H - h));
    }
}

/* ------------------------------------------------------------------ forward */

/* What a query has seen of its keys: the greatest score, and the sum of exp(e - most). */
typedef struct seen {
    real most, sum;
} seen;

/* e becomes exp(e - most); answers what is to be taken of all that was summed before. */
static real look(seen *of, real *e, int64_t J)
{
    const real before = of->most;
    real most = before;
#pragma omp simd reduction(greatest : most)
    for (int64_t j = 0; j < J; j++) most = e[j] > most ? e[j] : most;
    const real share = exponential(before - most);
    of->most = most;
    of->sum = share * of->sum + exponentials(e, most, J);
    return share;
}

/* e becomes a. */
static void write_weights(real *e, seen of, int64_t length, int64_t S)
{
    const real share = 1 / of.sum;
    exponentials(e, of.most, length);
#pragma omp simd
    for (int64_t s = 0; s < length; s++) e[s] *= share;
    memset(e + length, 0, (size_t)(S - length) * sizeof *e);
}

static void multiply(real *x, real by, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) x[i] *= by;
}

/* I queries of sequence b from step t on */
static void attend(const call *c, int64_t b, int64_t t, int64_t I)
{
    const wl_attention *n = c->n;
    const int64_t length = length_of(n, b), tiles = (length + KEYS - 1) / KEYS;
    const matrix y = rows(c->y, t, b);
    real *all = n->weights ? (real *)n->weights->data + (t * n->B + b) * n->S : NULL;
    real e[QUERIES * KEYS];
    seen of[QUERIES];
    for (int64_t i = 0; i < I; i++) of[i] = (seen){ -INFINITY, 0 };
    clear(y, I, n->D);
    for (int64_t tile = 0; tile < tiles; tile++) {
        const int64_t s = nth(tile, tiles) * KEYS, J = least(KEYS, length - s);
        scores(e, c, b, t, I, s, J);
        for (int64_t i = 0; i < I; i++) {
            if (all) memcpy(all + i * n->B * n->S + s, e + i * KEYS, (size_t)J * sizeof *e);
            const real share = look(&of[i], e + i * KEYS, J);
            if (tile > 0) multiply(y.data + i * y.pitch, share, n->D);
        }
        add_sums(y, I, (weights){ e, KEYS, 1 }, rows(c->v, s, b), J, n->D);
    }
    for (int64_t i = 0; i < I; i++) {
        ((real *)n->lse->data)[(t + i) * n->B + b] = length ? of[i].most + logarithm(of[i].sum) : 0;
        if (length) multiply(y.data + i * y.pitch, 1 / of[i].sum, n->D);
        if (all) write_weights(all + i * n->B * n->S, of[i], length, n->S);
    }
}

static void forward(wl_ctx *ctx, const wl_attention *n)
{
    wl_attention_space space;
    wl_attention_carve(&space, ctx->workspace, ctx->backend, n);
    const call c = begin(n, &space);
    const int64_t tiles = (n->T + QUERIES - 1) / QUERIES;
#pragma omp parallel for schedule(static) if (worth_sharing(n))
    for (int64_t i = 0; i < n->B * tiles; i++) {
        const int64_t t = i % tiles * QUERIES;
        attend(&c, i / tiles, t, least(QUERIES, n->T - t));
    }
    narrow(n->y, space.y);
}

wl_status WL_REF(attention_forward)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_attention_forward_args *a)
{
    const wl_attention n = wl_attention_forward_of(d, a);
    forward(ctx, &n);
    return WL_OK;
}

wl_status WL_REF(attention_additive_forward)(wl_ctx *ctx, const wl_dims *d,
                                             const wl_attention_additive_forward_args *a)
{
    const wl_attention n = wl_attention_additive_forward_of(d, a);
    forward(ctx, &n);
    return WL_OK;
}

/* ------------------------------------------------------------------ backward */

/* Some queries by some keys, from steps t and s on. */
typedef struct tile {
    int64_t b, t, I, s, J;
    real a[QUERIES * KEYS];  /* the weights */
    real de[QUERIES * KEYS]; /* their gradients, then those of the scores */
} tile;

/* The weight and the gradient at the score of a pair, from the score and the weight's gradient. */
static inline void weigh(real *a, real *de, real lse, real delta)
{
    *a = exponential(*a - lse);
    *de = *a * (*de - delta);
}

static void dot_gradients(const call *c, tile *at, const real *lse, const real *delta)
{
    const wl_attention *n = c->n;
    const real scale = (real)n->scale;
    scores(at->a, c, at->b, at->t, at->I, at->s, at->J);
    for (int64_t i = 0; i < at->I; i++) {
        real *a = at->a + i * KEYS, *de = at->de + i * KEYS;
        const real l = lse[i * n->B], d = delta[i];
#pragma omp simd
        for (int64_t j = 0; j < at->J; j++) {
            weigh(a + j, de + j, l, d);
            de[j] *= scale;
        }
    }
    add_sums(rows(c->dq, at->t, at->b), at->I, (weights){ at->de, KEYS, 1 },
             rows(c->k, at->s, at->b), at->J, n->H);
    add_sums(rows(c->dk, at->s, at->b), at->J, (weights){ at->de, 1, KEYS },
             rows(c->q, at->t, at->b), at->I, n->H);
}

/* What a pair adds to dq, dk and du. */
static void add_slopes(real *dq, real *dk, real *du, const real *tanh, const real *u, real de,
                       int64_t H)
{
#pragma omp simd
    for (int64_t h = 0; h < H; h++) {
        const real slope = de * u[h] * (1 - tanh[h] * tanh[h]);
        dq[h] += slope;
        dk[h] += slope;
        du[h] += de * tanh[h];
    }
}

static void additive_gradients(const call *c, tile *at, const real *lse, const real *delta)
{
    const wl_attention *n = c->n;
    const matrix q = rows(c->q, at->t, at->b), k = rows(c->k, at->s, at->b);
    const matrix dq = rows(c->dq, at->t, at->b), dk = rows(c->dk, at->s, at->b);
    const real *u = n->u->data;
    real *tanh = c->tanh + at->b * n->H, *du = c->du + at->b * n->H;
    for (int64_t p = 0; p < at->I; p++)
        for (int64_t r = 0; r < at->J; r++) {
            const int64_t i = nth(p, at->I), j = nth(r, at->J);
            real *a = at->a + i * KEYS + j, *de = at->de + i * KEYS + j;
            *a = additive_score(tanh, q.data + i * q.pitch, k.data + j * k.pitch, u, n->H);
            weigh(a, de, lse[i * n->B], delta[i]);
            add_slopes(dq.data + i * dq.pitch, dk.data + j * dk.pitch, du, tanh, u, *de, n->H);
        }
}

static void one_tile(const call *c, tile *at, const real *delta)
{
    const wl_attention *n = c->n;
    const real *lse = (const real *)n->lse->data + at->t * n->B + at->b;
    const matrix dy = rows(c->dy, at->t, at->b);
    dots(at->de, KEYS, dy, at->I, rows(c->v, at->s, at->b), at->J, n->D);
    if (n->u)
        additive_gradients(c, at, lse, delta);
    else
        dot_gradients(c, at, lse, delta);
    add_sums(rows(c->dv, at->s, at->b), at->J, (weights){ at->a, 1, KEYS }, dy, at->I, n->D);
}

/* Sequence b. */
static void attend_back(const call *c, int64_t b)
{
    const wl_attention *n = c->n;
    const int64_t length = length_of(n, b);
    const int64_t query_tiles = (n->T + QUERIES - 1) / QUERIES, tiles = (length + KEYS - 1) / KEYS;
    tile at = { .b = b };
    clear(rows(c->dq, 0, b), n->T, n->H);
    clear(rows(c->dk, 0, b), n->S, n->H);
    clear(rows(c->dv, 0, b), n->S, n->D);
    if (n->u) memset(c->du + b * n->H, 0, (size_t)n->H * sizeof(real));
    for (int64_t p = 0; p < query_tiles; p++) {
        real delta[QUERIES];
        at.t = nth(p, query_tiles) * QUERIES, at.I = least(QUERIES, n->T - at.t);
        for (int64_t i = 0; i < at.I; i++)
            dots(delta + i, 1, rows(c->dy, at.t + i, b), 1, rows(c->y, at.t + i, b), 1, n->D);
        for (int64_t r = 0; r < tiles; r++) {
            at.s = nth(r, tiles) * KEYS, at.J = least(KEYS, length - at.s);
            one_tile(c, &at, delta);
        }
    }
}

static void backward(wl_ctx *ctx, const wl_attention *n)
{
    wl_attention_space space;
    wl_attention_carve(&space, ctx->workspace, ctx->backend, n);
    const call c = begin(n, &space);
#pragma omp parallel for schedule(static) if (worth_sharing(n))
    for (int64_t b = 0; b < n->B; b++) attend_back(&c, b);
    if (n->u) WL_REF(add_columns)(n->du->data, c.du, n->H, n->B, n->H);
    narrow(n->dq, space.dq), narrow(n->dk, space.dk);
    if (n->dv) narrow(n->dv, space.dv);
}

wl_status WL_REF(attention_backward)(wl_ctx *ctx, const wl_dims *d,
                                     const wl_attention_backward_args *a)
{
    const wl_attention n = wl_attention_backward_of(d, a);
    backward(ctx, &n);
    return WL_OK;
}

wl_status WL_REF(attention_additive_backward)(wl_ctx *ctx, const wl_dims *d,
                                              const wl_attention_additive_backward_args *a)
{
    const wl_attention n = wl_attention_additive_backward_of(d, a);
    backward(ctx, &n);
    return WL_OK;
}
