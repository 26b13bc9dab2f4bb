/* What the operators over whole sequences have in common on every side: how their workspace is laid
 * out, and which step comes when. G is the gates of a cell: 4 of an LSTM, 3 of a GRU, 1 of an RNN.
 */
#ifndef WL_RECURRENCE_H
#define WL_RECURRENCE_H

#include "../core/philox.h"
#include "carve.h"

#include <string.h>

/* How R h[t-1] meets W x[t]. */
typedef enum wl_meeting {
    WL_ADDED,  /* at once: rnn, lstm */
    WL_APART,  /* in the cell, which reads both: a GRU that resets after the product */
    WL_IN_TWO, /* for the last gate later, from r h[t-1]: a GRU that resets before the product */
} wl_meeting;

/* What holds of a state from step to step: zoneout, by <wordloom/lstm.h>. */
typedef struct wl_zoneout {
    bool on;
    const int64_t *step; /* [1] on the device */
    uint64_t seed;
    uint32_t purpose;
    uint32_t threshold; /* bits of a draw below it hold their element */
    double mean;        /* what holds of every element instead; 0: draws */
} wl_zoneout;

static inline wl_zoneout wl_zoneout_of(const wl_tensor *step, double p, uint64_t seed,
                                       int32_t layer, int32_t expected, uint32_t purpose)
{
    wl_zoneout o;
    memset(&o, 0, sizeof o);
    o.on = wl_present(step) && p > 0;
    o.step = (const int64_t *)step->data;
    o.seed = seed;
    o.purpose = wl_layer_purpose(purpose, layer);
    o.threshold = wl_dropout_threshold(p);
    o.mean = expected ? p : 0;
    return o;
}

/* What a call is about. A tensor that is absent there is null here. */
typedef struct wl_recurrence {
    int64_t T, B, D, S, H, G; /* S: 0 without s */
    const wl_tensor *x, *s, *h0, *w, *r, *lengths, *h;
    const wl_tensor
        *sums; /* forward's output [T,B,..] that may hold sums before the gates, if f32 */
    const wl_tensor *dx, *ds; /* backward's */
    wl_zoneout zoneout, cell_zoneout;
    wl_meeting meeting;
    bool cells; /* there are cell states too: lstm */
    bool reverse;
} wl_recurrence;

/* A call of a cell with G gates, but for what not every cell or direction has. */
static inline wl_recurrence wl_recurrence_of(const wl_dims *d, int64_t G, const wl_tensor *x,
                                             const wl_tensor *s, const wl_tensor *h0,
                                             const wl_tensor *w, const wl_tensor *r,
                                             const wl_tensor *lengths, const wl_tensor *h,
                                             int32_t reverse)
{
    wl_recurrence a;
    memset(&a, 0, sizeof a);
    a.T = d->T, a.B = d->B, a.D = d->D, a.H = d->H, a.G = G;
    a.x = x, a.w = w, a.r = r, a.h = h;
    a.s = wl_if_present(s);
    a.S = a.s ? s->shape[1] : 0;
    a.h0 = wl_if_present(h0);
    a.lengths = wl_if_present(lengths);
    a.reverse = reverse != 0;
    return a;
}

/* What a contract's rows cannot say: ds is that of s. */
static inline wl_status wl_recurrence_check(wl_ctx *ctx, const char *op, const wl_tensor *s,
                                            const wl_tensor *ds)
{
    if (wl_present(s) || !wl_present(ds)) return WL_OK;
    return wl_fail(ctx, WL_MISSING, "%s: s: is missing, expected it beside ds", op);
}

/* Operations of a forward pass. */
static inline double wl_recurrence_flops(const wl_dims *d, int64_t G)
{
    const int64_t S = d->S > 0 ? d->S : 0, steps = d->T * d->B;
    return 2.0 * (double)(G * d->H) * (double)(steps * (d->D + d->H) + d->B * S);
}

/* The step that runs as number s. */
static inline int64_t wl_step_at(const wl_recurrence *a, int64_t s)
{
    return a->reverse ? a->T - 1 - s : s;
}

/* The step whose state enters step t; -1 or T: the initial one does. */
static inline int64_t wl_step_before(const wl_recurrence *a, int64_t t)
{
    return a->reverse ? t + 1 : t - 1;
}

/* Whether all rows of a [T,B,X] lie at the same distance, so that a matrix product takes them at
 * once. */
static inline bool wl_rows_in_line(const wl_tensor *t)
{
    return t->shape[0] <= 1 || t->shape[1] <= 1 || wl_stride(t, 0) == t->shape[1] * wl_stride(t, 1);
}

/* The distance of such rows. */
static inline int64_t wl_pitch(const wl_tensor *t)
{
    if (t->shape[1] > 1) return wl_stride(t, 1);
    return t->shape[1] == 1 && t->shape[0] > 1 ? wl_stride(t, 0) : t->shape[2];
}

/* Gates that enter a product together: so many from the first on. */
typedef struct wl_gates {
    int64_t first, count;
} wl_gates;

/* Those that h[t-1] enters as it is; the others: r h[t-1]. */
static inline wl_gates wl_direct_gates(const wl_recurrence *a)
{
    return (wl_gates){ 0, a->meeting == WL_IN_TWO ? a->G - 1 : a->G };
}

/* What is null is not needed: the caller's own tensor serves. Elements are REAL, except on CUDA
 * of what enters products, which is STORED. */
typedef struct wl_recurrence_space {
    void *z;        /* [T,B,GH] forward: sums before the gates; backward: gradients at them */
    void *zr;       /* [T,B,GH] backward: gradients at what R adds to them: z, unless WL_APART */
    void *x;        /* [T,B,D] */
    void *h;        /* [T,B,H] */
    void *w;        /* [GH,D+S] */
    void *s;        /* [B,S] */
    void *zs;       /* [B,GH] forward: REAL, what s adds to the sums; backward: their gradient */
    void *r;        /* forward on the CPU [H,GH], transposed; backward [GH,H] */
    void *bias;     /* REAL [GH] forward on the CPU; WL_APART: [(G+1)H], R's own bias last */
    void *state;    /* [B,H] forward: h as the next step reads it; backward: h0 */
    void *cell;     /* REAL [B,H] c0, on the CPU */
    void *meet;     /* REAL WL_APART, forward: [B,GH] state R^T. WL_IN_TWO: [B,H] r h[t-1] (forward
                       on the CPU), and the gradient at it */
    void *held;     /* REAL [B,H] with zoneout, on the CPU: the states before a step, or the part of
                       their gradients that goes round the cell; the same of cell states, after which
                       come [B,H] of these as they would have been */
    void *carry;    /* REAL [B,H] gradient at the state */
    void *dc;       /* REAL [B,H] gradient at the cell state */
    void *first;    /* [B,GH] zr of each sequence's first step */
    void *dx;       /* REAL [T,B,D] */
    void *ds;       /* REAL [B,S] */
    void *columns;  /* REAL [WL_COLUMN_PARTS,GH] partial sums of z, on CUDA */
    void *exchange; /* [2,B,U] h, or [2,B,GU] gradients at the gates, U being H in whole tiles: what
                       blocks tell each other, on CUDA; and [1] how many have come */
    void *arrivals;
    void *gemm;
} wl_recurrence_space;

/* Rows of [B,H] at `held`. */
static inline int64_t wl_held_parts(const wl_recurrence *a)
{
    return a->cell_zoneout.on ? 3 : a->zoneout.on ? 1 : 0;
}

/* What the kernels that keep weights on chip exchange: `gates` values a unit. */
static inline void wl_exchange_carve(wl_recurrence_space *out, char *base, size_t *at,
                                     const wl_recurrence *a, int64_t gates)
{
    const int64_t units = (a->H + 15) / 16 * 16;
    out->exchange = wl_carve(base, at, 2 * a->B * gates * units, wl_dtype_size(a->x->dtype));
    out->arrivals = wl_carve(base, at, 1, sizeof(uint32_t));
}

/* Forward's sums before the gates, [T,B,GH], and the distance of their rows. */
static inline void *wl_sums(const wl_recurrence *a, const wl_recurrence_space *space)
{
    return space->z ? space->z : a->sums->data;
}
static inline int64_t wl_sums_pitch(const wl_recurrence *a, const wl_recurrence_space *space)
{
    return space->z ? a->G * a->H : wl_pitch(a->sums);
}

static inline size_t wl_recurrence_forward_carve(wl_recurrence_space *out, char *base,
                                                 const wl_backend *backend, const wl_recurrence *a)
{
    const bool cpu = backend->device == WL_CPU;
    const size_t real = wl_dtype_size(backend->real), stored = wl_dtype_size(a->x->dtype);
    const bool narrow = a->x->dtype != backend->real;
    const size_t element = cpu ? real : stored; /* of what enters products */
    const int64_t rows = a->T * a->B, gates = a->G * a->H;
    size_t at = 0;
    memset(out, 0, sizeof *out);
    if (narrow || !wl_rows_in_line(a->sums)) out->z = wl_carve(base, &at, rows * gates, real);
    if ((narrow && cpu) || !wl_rows_in_line(a->x))
        out->x = wl_carve(base, &at, rows * a->D, element);
    if (narrow && cpu) out->w = wl_carve(base, &at, gates * (a->D + a->S), real);
    if (narrow && cpu && a->s) out->s = wl_carve(base, &at, a->B * a->S, real);
    if (a->s) out->zs = wl_carve(base, &at, a->B * gates, real);
    if (cpu) {
        out->r = wl_carve(base, &at, gates * a->H, real);
        out->bias = wl_carve(base, &at, gates + (a->meeting == WL_APART ? a->H : 0), real);
    }
    if (cpu && a->cells) out->cell = wl_carve(base, &at, a->B * a->H, real);
    if (a->meeting == WL_APART) out->meet = wl_carve(base, &at, a->B * gates, real);
    if (a->meeting == WL_IN_TWO && cpu) out->meet = wl_carve(base, &at, a->B * a->H, real);
    if (cpu && a->zoneout.on) out->held = wl_carve(base, &at, a->B * a->H, real);
    out->state = wl_carve(base, &at, a->B * a->H, element);
    if (!cpu) wl_exchange_carve(out, base, &at, a, 1);
    out->gemm = wl_carve(base, &at, (int64_t)backend->gemm_bytes, 1);
    return at;
}

static inline size_t wl_recurrence_backward_carve(wl_recurrence_space *out, char *base,
                                                  const wl_backend *backend, const wl_recurrence *a)
{
    const bool cpu = backend->device == WL_CPU;
    const size_t real = wl_dtype_size(backend->real), stored = wl_dtype_size(a->x->dtype);
    const bool narrow = a->x->dtype != backend->real;
    const size_t element = cpu ? real : stored;
    const int64_t rows = a->T * a->B, gates = a->G * a->H;
    size_t at = 0;
    memset(out, 0, sizeof *out);
    out->z = wl_carve(base, &at, rows * gates, element);
    out->zr = a->meeting == WL_APART ? wl_carve(base, &at, rows * gates, element) : out->z;
    if ((narrow && cpu) || !wl_rows_in_line(a->x))
        out->x = wl_carve(base, &at, rows * a->D, element);
    if ((narrow && cpu) || !wl_rows_in_line(a->h))
        out->h = wl_carve(base, &at, rows * a->H, element);
    if (narrow && cpu) {
        out->w = wl_carve(base, &at, gates * (a->D + a->S), real);
        out->r = wl_carve(base, &at, gates * a->H, real);
    }
    if (narrow && cpu && a->s) out->s = wl_carve(base, &at, a->B * a->S, real);
    if (a->s) out->zs = wl_carve(base, &at, a->B * gates, element);
    if (cpu && (narrow || a->meeting != WL_ADDED))
        out->state = wl_carve(base, &at, a->B * a->H, real);
    if (cpu && a->cells) out->cell = wl_carve(base, &at, a->B * a->H, real);
    if (a->meeting == WL_IN_TWO) out->meet = wl_carve(base, &at, a->B * a->H, real);
    if (cpu && wl_held_parts(a) > 0)
        out->held = wl_carve(base, &at, wl_held_parts(a) * a->B * a->H, real);
    out->carry = wl_carve(base, &at, a->B * a->H, real);
    if (a->cells) out->dc = wl_carve(base, &at, a->B * a->H, real);
    out->first = wl_carve(base, &at, a->B * gates, element);
    if (a->dx && (narrow || !wl_rows_in_line(a->dx)))
        out->dx = wl_carve(base, &at, rows * a->D, real);
    if (a->ds && narrow) out->ds = wl_carve(base, &at, a->B * a->S, real);
    if (!cpu) out->columns = wl_carve(base, &at, WL_COLUMN_PARTS * gates, real);
    if (!cpu) wl_exchange_carve(out, base, &at, a, a->G);
    out->gemm = wl_carve(base, &at, (int64_t)backend->gemm_bytes, 1);
    return at;
}

#endif
