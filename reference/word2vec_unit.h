/* The arithmetic of a unit of <wordloom/word2vec.h>: inputs x[i], samples o[j], the scores between
 * them, and what both sides get. Rows may be the tables' own: what is read and what is added to may
 * be the same memory, and two inputs, or two samples, the same row. */
#ifndef WL_REF_WORD2VEC_UNIT_H
#define WL_REF_WORD2VEC_UNIT_H

#include "../host/ops/word2vec_workspace.h"
#include "lanes.h"

/* Not inlined: what is live around these loops would take their registers. */
#define APART static __attribute__((noinline))

enum { SIX = WL_WORD2VEC_SIX, TEN = WL_WORD2VEC_TEN };

typedef struct unit {
    int64_t inputs, samples, padded; /* padded: samples and what fills up to a multiple of six */
    int64_t yes;                     /* so many samples, from the first, are to be told yes */
    int64_t D;
    bool fresh;       /* dout is overwritten instead of added to */
    bool input_only;  /* of one input: only dx is added to, g tells the rest */
    real **x, **dx;   /* [inputs]: rows, and where their gradients times -lr are added */
    real **o, **dout; /* [padded] */
    real *g;          /* [padded,inputs]: scores, then gradients times -lr */
    real *quads;      /* [padded,inputs,4] */
} unit;

/* ------------------------------------------------------------------ scores */

/* x[i] . o[j] for `count` inputs (a constant, 1 or 2) and six samples, as sums still in four parts.
 * `apart`: scores from one sample to the next. */
ALWAYS void dots(int count, real *const *x, real *const *o, int64_t D, real *quads, int64_t apart)
{
    const int64_t whole = D / LANES;
    lanes sum[2 * SIX];
#pragma GCC unroll 12
    for (int n = 0; n < count * SIX; n++) sum[n] = (lanes){ 0 };
    for (int64_t n = 0; n < whole; n++) {
        const int64_t k = nth(n, whole) * LANES;
        lanes a[2];
#pragma GCC unroll 2
        for (int i = 0; i < count; i++) a[i] = load_lanes(x[i] + k);
#pragma GCC unroll 6
        for (int j = 0; j < SIX; j++) {
            const lanes b = load_lanes(o[j] + k);
#pragma GCC unroll 2
            for (int i = 0; i < count; i++) sum[i * SIX + j] += a[i] * b;
        }
    }
#pragma GCC unroll 6
    for (int j = 0; j < SIX; j++)
#pragma GCC unroll 2
        for (int i = 0; i < count; i++)
            *(quad_at *)(quads + (j * apart + i) * QUAD) = quad_of(sum[i * SIX + j]);
}

APART void dots_of_one(real *const *x, real *const *o, int64_t D, real *quads, int64_t apart)
{
    dots(1, x, o, D, quads, apart);
}
APART void dots_of_two(real *const *x, real *const *o, int64_t D, real *quads, int64_t apart)
{
    dots(2, x, o, D, quads, apart);
}

/* What lies past the last whole vector of features. */
static inline void add_tails(const unit *u)
{
    for (int64_t j = 0; j < u->padded; j++)
        for (int64_t i = 0; i < u->inputs; i++)
            for (int64_t k = u->D / LANES * LANES; k < u->D; k++)
                u->g[j * u->inputs + i] += u->x[i][k] * u->o[j][k];
}

/* The sum of the parts of n scores, whole vectors of them: what is past the last means nothing. */
ALWAYS void collapse(real *g, const real *quads, int64_t n)
{
    for (int64_t e = 0; e < n; e++) {
        const real *q = quads + e * QUAD;
        g[e] = QUAD == 4 ? (q[0] + q[2]) + (q[1] + q[3]) : QUAD == 2 ? q[0] + q[1] : q[0];
    }
}

APART void scores(const unit *u)
{
    const int64_t c = u->inputs, n = u->padded * c;
    for (int64_t j = 0; j < u->padded; j += SIX) {
        int64_t i = 0;
        for (; i + 1 < c; i += 2)
            dots_of_two(u->x + i, u->o + j, u->D, u->quads + (j * c + i) * QUAD, c);
        if (i < c) dots_of_one(u->x + i, u->o + j, u->D, u->quads + (j * c + i) * QUAD, c);
    }
    collapse(u->g, u->quads, (n + LANES - 1) / LANES * LANES);
    if (u->D % LANES) add_tails(u);
}

/* ------------------------------------------------------------------ gradients at the scores */

enum { FEW = 96 };      /* a product of so many numbers up to 2 is finite in float */
enum { NOTHING = -40 }; /* a score whose 1 + e^x is 1, and whose gradient is no subnormal number */

/* A loss, the sum of log(1 + e^x) over many x: `linear` sums max(x, 0); the rest, log(1 + e^-|x|),
 * is the logarithm of a product, which is taken now and then. */
typedef struct loss_sum {
    wide linear, logs;
    double product; /* from 1 */
} loss_sum;

ALWAYS wide loss_of(const loss_sum *l) { return l->linear + l->logs + (wide)log(l->product); }

/* n scores, at most FEW, of which the first are those of `targets`, to gradients times -lr, in
 * whole vectors: what is past the last means nothing. The x of the loss is a score, or minus a
 * target's. Returns the sum of max(x, 0), NaN where a score is not finite; *product *= 1 + e^-|x|.
 */
ALWAYS real few_gradients(real *scores, int n, int targets, real lr, double *product)
{
    real linear[FEW] __attribute__((aligned(64))), factor[FEW] __attribute__((aligned(64)));
    real *g = __builtin_assume_aligned(scores, 64);
    const int whole = (n + LANES - 1) / LANES * LANES;
#pragma omp simd
    for (int i = 0; i < whole; i++) {
        const real sign = i < targets ? -1 : 1, x = i < n ? sign * g[i] : (real)NOTHING;
        const real e = exponential(x < 0 ? x : -x);
        linear[i] = (x > 0 ? x : 0) + x * 0;
        factor[i] = 1 + e;
        g[i] = -lr * sign * (x < 0 ? e : 1) / (1 + e);
    }
    lanes sum = load_lanes(linear), times = load_lanes(factor);
    for (int i = LANES; i < whole; i += LANES) {
        sum += load_lanes(linear + i);
        times *= load_lanes(factor + i);
    }
    const quad four = quad_of(sum), product_of_four = quad_product(times);
    real total = 0;
    for (int i = 0; i < QUAD; i++) {
        total += four[i];
        *product *= (double)product_of_four[i];
    }
    return total;
}

/* Sets what belongs to samples that count nothing. */
ALWAYS void set_dropped(const unit *u, const int32_t *drawn, real value)
{
    for (int64_t j = 1; j < u->samples; j++)
        if (drawn[j - 1] < 0)
            for (int64_t i = 0; i < u->inputs; i++) u->g[j * u->inputs + i] = value;
}

/* Scores in g to gradients times -lr, those of the padding 0; adds to the loss. False: a score is
 * not finite. */
APART bool score_gradients(const unit *u, real lr, const int32_t *drawn, loss_sum *loss)
{
    const int64_t c = u->inputs, n = u->samples * c;
    real linear = 0;
    loss_sum sum = *loss;
    set_dropped(u, drawn, NOTHING);
    for (int64_t i = 0; i < n; i += FEW) {
        linear += few_gradients(u->g + i, (int)least(FEW, n - i), (int)(u->yes * c - i), lr,
                                &sum.product);
        if (sum.product < 1e200) continue;
        sum.logs += (wide)log(sum.product);
        sum.product = 1;
    }
    set_dropped(u, drawn, 0);
    for (int64_t i = n; i < u->padded * c; i++) u->g[i] = 0;
    if (linear - linear != 0) return false;
    sum.linear += (wide)linear;
    *loss = sum;
    return true;
}

/* ------------------------------------------------------------------ gradients of the rows */

/* to += weight (the sum of n rows) */
ALWAYS void add_sum(real *to, real weight, real *const *rows, int64_t n, int64_t D)
{
    int64_t k = 0;
    for (; k + LANES <= D; k += LANES) {
        lanes sum = { 0 };
        for (int64_t i = 0; i < n; i++) sum += load_lanes(rows[nth(i, n)] + k);
        store_lanes(to + k, load_lanes(to + k) + weight * sum);
    }
    for (; k < D; k++) {
        real sum = 0;
        for (int64_t i = 0; i < n; i++) sum += rows[nth(i, n)][k];
        to[k] += weight * sum;
    }
}

/* `count`, a constant, vectors of features of to += scale (the sum of n rows, weighed) */
ALWAYS void add_weighed_lanes(int count, real *to, real scale, real *const *rows,
                              const real *weights, int64_t n, int64_t k)
{
    lanes sum[4];
#pragma GCC unroll 4
    for (int v = 0; v < count; v++) sum[v] = (lanes){ 0 };
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = nth(i, n);
#pragma GCC unroll 4
        for (int v = 0; v < count; v++)
            sum[v] += weights[at] * load_lanes(rows[at] + k + v * LANES);
    }
#pragma GCC unroll 4
    for (int v = 0; v < count; v++)
        store_lanes(to + k + v * LANES, load_lanes(to + k + v * LANES) + scale * sum[v]);
}

ALWAYS void add_weighed(real *to, real scale, real *const *rows, const real *weights, int64_t n,
                        int64_t D)
{
    int64_t k = 0;
    for (; k + 4 * LANES <= D; k += 4 * LANES) add_weighed_lanes(4, to, scale, rows, weights, n, k);
    for (; k + LANES <= D; k += LANES) add_weighed_lanes(1, to, scale, rows, weights, n, k);
    for (; k < D; k++) {
        real sum = 0;
        for (int64_t i = 0; i < n; i++) sum += weights[nth(i, n)] * rows[nth(i, n)][k];
        to[k] += scale * sum;
    }
}

/* each of n rows += weight x */
ALWAYS void add_to_each(real *const *rows, int64_t n, real weight, const real *x, int64_t D)
{
    int64_t k = 0;
    for (; k + LANES <= D; k += LANES) {
        const lanes v = weight * load_lanes(x + k);
        for (int64_t i = 0; i < n; i++) store_lanes(rows[i] + k, load_lanes(rows[i] + k) + v);
    }
    for (; k < D; k++)
        for (int64_t i = 0; i < n; i++) rows[i][k] += weight * x[k];
}

/* A gradient as a vector: where vectors have four lanes, from `quads`, since instruction sets of
 * that width cannot spread a number while they compute with it. */
ALWAYS lanes weight(const real *g, const real *quads, int64_t at)
{
    return LANES == QUAD && LANES > 1 ? load_lanes(quads + at * LANES) : g[at] - (lanes){ 0 };
}

/* Inputs, at most ten, and six samples. */
typedef struct tile {
    real *const *x, *const *dx, *const *o, *const *dout;
    const real *g, *quads;
    int64_t apart; /* gradients from one sample to the next */
    bool fresh;
} tile;

/* One vector of features of `count` inputs, a constant: all rows are read before any is added to.
 */
ALWAYS void spread_lanes(int count, bool fresh, int64_t k, const tile *t)
{
    lanes a[SIX], s[SIX];
#pragma GCC unroll 6
    for (int j = 0; j < SIX; j++) {
        a[j] = load_lanes(t->o[j] + k);
        s[j] = (lanes){ 0 };
    }
#pragma GCC unroll 10
    for (int n = 0; n < count; n++) {
        const int i = (int)nth(n, count);
        const lanes v = load_lanes(t->x[i] + k);
#pragma GCC unroll 6
        for (int j = 0; j < SIX; j++) s[j] += weight(t->g, t->quads, j * t->apart + i) * v;
    }
#pragma GCC unroll 10
    for (int i = 0; i < count; i++) {
        lanes v = load_lanes(t->dx[i] + k);
#pragma GCC unroll 6
        for (int j = 0; j < SIX; j++) v += weight(t->g, t->quads, j * t->apart + i) * a[j];
        store_lanes(t->dx[i] + k, v);
    }
#pragma GCC unroll 6
    for (int j = 0; j < SIX; j++)
        store_lanes(t->dout[j] + k, fresh ? s[j] : load_lanes(t->dout[j] + k) + s[j]);
}

/* The same for one feature. */
static inline void spread_one(int count, bool fresh, int64_t k, const tile *t)
{
    real a[SIX], s[SIX] = { 0 };
    for (int j = 0; j < SIX; j++) a[j] = t->o[j][k];
    for (int n = 0; n < count; n++) {
        const int64_t i = nth(n, count);
        for (int j = 0; j < SIX; j++) s[j] += t->g[j * t->apart + i] * t->x[i][k];
    }
    for (int i = 0; i < count; i++)
        for (int j = 0; j < SIX; j++) t->dx[i][k] += t->g[j * t->apart + i] * a[j];
    for (int j = 0; j < SIX; j++) t->dout[j][k] = (fresh ? 0 : t->dout[j][k]) + s[j];
}

ALWAYS void spread_some(int count, bool fresh, int64_t D, const tile *t)
{
    int64_t k = 0;
    for (; k + LANES <= D; k += LANES) spread_lanes(count, fresh, k, t);
    for (; k < D; k++) spread_one(count, fresh, k, t);
}

ALWAYS void spread_tile(int count, int64_t D, const tile *t)
{
    if (t->fresh)
        spread_some(count, true, D, t);
    else
        spread_some(count, false, D, t);
}

/* With WL_REF_SMALL, of builds that need not be fast, one body does for all counts. */
ALWAYS void spread_inputs(int64_t count, int64_t D, const tile *t)
{
#ifdef WL_REF_SMALL
    spread_tile((int)count, D, t);
#else
    switch (count) {
    case 1: spread_tile(1, D, t); break;
    case 2: spread_tile(2, D, t); break;
    case 3: spread_tile(3, D, t); break;
    case 4: spread_tile(4, D, t); break;
    case 5: spread_tile(5, D, t); break;
    case 6: spread_tile(6, D, t); break;
    case 7: spread_tile(7, D, t); break;
    case 8: spread_tile(8, D, t); break;
    case 9: spread_tile(9, D, t); break;
    default: spread_tile(10, D, t); break;
    }
#endif
}

/* Whether one tile does: then rows may be read and added to in place. */
ALWAYS bool one_tile(int64_t inputs, int64_t padded) { return inputs <= TEN && padded == SIX; }

/* dx[i] += sum_j g[j,i] o[j], and dout[j] += sum_i g[j,i] x[i]. */
APART void spread(const unit *u)
{
    const int64_t c = u->inputs;
    for (int64_t e = 0; LANES == QUAD && LANES > 1 && e < u->padded * c; e++)
        store_lanes(u->quads + e * LANES, u->g[e] - (lanes){ 0 });
    for (int64_t j = 0; j < u->padded; j += SIX)
        for (int64_t i = 0; i < c; i += TEN) {
            const tile t = { u->x + i,    u->dx + i,         u->o + j,
                             u->dout + j, u->g + j * c + i,  u->quads + (j * c + i) * QUAD,
                             c,           u->fresh && i == 0 };
            spread_inputs(least(TEN, c - i), u->D, &t);
        }
}

/* dx[0] += sum_j g[j] o[j] */
APART void spread_to_input(const unit *u)
{
    add_weighed(u->dx[0], 1, u->o, u->g, u->samples, u->D);
}

/* Adds a unit's gradients, and its loss. False: a score is not finite, and nothing was added. */
static inline bool compute(const unit *u, real lr, const int32_t *drawn, loss_sum *loss)
{
    scores(u);
    if (!score_gradients(u, lr, drawn, loss)) return false;
    if (u->input_only)
        spread_to_input(u);
    else
        spread(u);
    return true;
}

#endif
