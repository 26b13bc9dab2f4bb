/* What the references of recurrent cells share: everything about a recurrence but its cell. */
#ifndef WL_REF_RECURRENCE_H
#define WL_REF_RECURRENCE_H

#include "../host/ops/recurrence.h"
#include "gemm.h"

/* A [T,B,X] as rows of reals in line: itself, or copied to `space`. */
static inline matrix rows_in_line(const wl_tensor *t, real *space)
{
    const int64_t B = t->shape[1], X = t->shape[2], rows = t->shape[0] * B;
    if (!space) return (matrix){ t->data, wl_pitch(t) };
#pragma omp parallel for schedule(static) if (rows * X > 16384)
    for (int64_t i = 0; i < rows; i++) load_row(space + i * X, step_row(t, i / B, i % B), X);
    return (matrix){ space, X };
}

/* to[n] = a [n] tensor's elements, or zeros where it is null */
static inline void load_or_zero(real *to, const wl_tensor *t, int64_t n)
{
    if (t)
        load_row(to, (row){ t->data, t->dtype }, n);
    else
        memset(to, 0, (size_t)n * sizeof *to);
}

/* Steps of sequence b. */
static inline int64_t length_of(const wl_recurrence *a, int64_t b)
{
    if (!a->lengths) return a->T;
    const int64_t length = ((const int32_t *)a->lengths->data)[b];
    return length < 0 ? 0 : least(length, a->T);
}

/* The first step to run of a sequence that has any. */
static inline int64_t first_step(const wl_recurrence *a, int64_t length)
{
    return a->reverse ? length - 1 : 0;
}

/* The sequences are worth being shared among threads. */
static inline bool worth_sharing(const wl_recurrence *a) { return a->B * a->H > 2048; }

/* to [N,M] = the transpose of a stored [M,N] */
static inline void transpose(real *to, const wl_tensor *from, int64_t M, int64_t N)
{
    enum { TILE = 16 };
#pragma omp parallel for schedule(static) if (M * N > 16384)
    for (int64_t n = 0; n < N; n += TILE)
        for (int64_t m = 0; m < M; m += TILE)
            for (int64_t j = n; j < least(n + TILE, N); j++)
                for (int64_t i = m; i < least(m + TILE, M); i++)
                    to[j * M + i] = load(from->data, from->dtype, i * N + j);
}

/* ------------------------------------------------------------------ zoneout */

/* The bits that decide which of n elements hold, at most BLOCK, from number `element` on. */
static inline const uint16_t *zone_bits(const wl_zoneout *o, drawn_block *drawn, uint64_t element,
                                        int64_t n)
{
    return draw_block(drawn, o->seed, element, n, (uint32_t)*o->step, o->purpose);
}

/* `now`, a sequence's states as they would be after step t, become what they are: some hold. */
static inline void hold_some(const wl_recurrence *a, const wl_zoneout *o, int64_t t, int64_t b,
                             const real *before, real *now)
{
    const uint64_t element = (uint64_t)((t * a->B + b) * a->H);
    const real mean = (real)o->mean;
    if (mean > 0) {
#pragma omp simd
        for (int64_t j = 0; j < a->H; j++) now[j] = mean * before[j] + (1 - mean) * now[j];
        return;
    }
    for (int64_t at = 0; at < a->H; at += BLOCK) {
        const int64_t n = least(BLOCK, a->H - at);
        drawn_block drawn;
        const uint16_t *bits = zone_bits(o, &drawn, element + (uint64_t)at, n);
#pragma omp simd
        for (int64_t j = 0; j < n; j++)
            now[at + j] = bits[j] < o->threshold ? before[at + j] : now[at + j];
    }
}

/* Parts a gradient at a sequence's states after step t: what goes round the cell, and what is left
 * in d for it. */
static inline void part_gradient(const wl_recurrence *a, const wl_zoneout *o, int64_t t, int64_t b,
                                 real *d, real *round)
{
    const uint64_t element = (uint64_t)((t * a->B + b) * a->H);
    for (int64_t at = 0; at < a->H; at += BLOCK) {
        const int64_t n = least(BLOCK, a->H - at);
        drawn_block drawn;
        const uint16_t *bits = zone_bits(o, &drawn, element + (uint64_t)at, n);
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
            const bool holds = bits[j] < o->threshold;
            round[at + j] = holds ? d[at + j] : 0;
            d[at + j] = holds ? 0 : d[at + j];
        }
    }
}

/* A sequence's row of part 0, 1 or 2 of `held`. */
static inline real *held_row(const wl_recurrence *a, const wl_recurrence_space *space, int64_t part,
                             int64_t b)
{
    return (real *)space->held + (part * a->B + b) * a->H;
}

/* What a cell does to h, of any cell: to be called before it and after it, forward and backward.
 * Without zoneout they do nothing. */
static inline void keep_state(const wl_recurrence *a, const wl_recurrence_space *space, int64_t b,
                              const real *state)
{
    if (a->zoneout.on) memcpy(held_row(a, space, 0, b), state, (size_t)a->H * sizeof *state);
}
static inline void hold_state(const wl_recurrence *a, const wl_recurrence_space *space, int64_t t,
                              int64_t b, real *state)
{
    if (a->zoneout.on) hold_some(a, &a->zoneout, t, b, held_row(a, space, 0, b), state);
}
static inline void take_round(const wl_recurrence *a, const wl_recurrence_space *space, int64_t t,
                              int64_t b, real *carry)
{
    if (a->zoneout.on) part_gradient(a, &a->zoneout, t, b, carry, held_row(a, space, 0, b));
}
static inline void add_round(const wl_recurrence *a, const wl_recurrence_space *space, int64_t b,
                             real *carry)
{
    if (a->zoneout.on) add_as(carry, 1, held_row(a, space, 0, b), REAL_DTYPE, a->H);
}

/* ------------------------------------------------------------------ forward */

/* The sums before the gates, of every step = s W^T; w: W's columns of s. */
static inline void sums_of_sequences(const wl_recurrence *a, const wl_recurrence_space *space,
                                     const real *w)
{
    const int64_t gates = a->G * a->H, rows = a->T * a->B, pitch = wl_sums_pitch(a, space);
    const matrix s = widened(a->s, space->s);
    real *z = wl_sums(a, space);
    WL_REF(gemm)
    (false, true, a->B, gates, a->S, s.data, s.pitch, w, a->D + a->S, 0, space->zs, gates);
#pragma omp parallel for schedule(static) if (rows * gates > 16384)
    for (int64_t i = 0; i < rows; i++)
        memcpy(z + i * pitch, (real *)space->zs + i % a->B * gates, (size_t)gates * sizeof *z);
}

/* The sums before the gates = [s; x] W^T; the state = h0; and R transposed, for the steps'
 * products. */
static inline void begin_forward(const wl_recurrence *a, const wl_recurrence_space *space)
{
    const int64_t gates = a->G * a->H;
    const matrix x = rows_in_line(a->x, space->x);
    const real *w = widened(a->w, space->w).data;
    if (a->s) sums_of_sequences(a, space, w);
    WL_REF(gemm)
    (false, true, a->T * a->B, gates, a->D, x.data, x.pitch, w + a->S, a->D + a->S, a->s ? 1 : 0,
     wl_sums(a, space), wl_sums_pitch(a, space));
    transpose(space->r, a->r, gates, a->H);
    load_or_zero(space->state, a->h0, a->B * a->H);
}

/* to [B,count H] = before [B,H] R^T + beta to, for some gates of R */
static inline void recurrent_product(const wl_recurrence *a, const wl_recurrence_space *space,
                                     wl_gates some, const real *before, real beta, real *to,
                                     int64_t pitch)
{
    WL_REF(gemm)
    (false, false, a->B, some.count * a->H, a->H, before, a->H,
     (real *)space->r + some.first * a->H, a->G * a->H, beta, to, pitch);
}

/* ------------------------------------------------------------------ backward */

/* The recurrent weights as reals. The gradients at the states after the last step are those given,
 * or 0. */
static inline const real *begin_backward(const wl_recurrence *a, const wl_recurrence_space *space,
                                         const wl_tensor *dhT)
{
    load_or_zero(space->carry, wl_if_present(dhT), a->B * a->H);
    memset(space->first, 0, (size_t)(a->B * a->G * a->H) * sizeof(real));
    return widened(a->r, space->r).data;
}

/* to [B,H] = dz [B,GH] R + beta to, for some gates of both */
static inline void product_back(const wl_recurrence *a, wl_gates some, const real *dz,
                                const real *r, real beta, real *to)
{
    WL_REF(gemm)
    (false, false, a->B, a->H, some.count * a->H, dz + some.first * a->H, a->G * a->H,
     r + some.first * a->H * a->H, a->H, beta, to, a->H);
}

/* dx = dz W; w: W's columns of x */
static inline void input_gradient(const wl_recurrence *a, const wl_recurrence_space *space,
                                  const real *w)
{
    const int64_t rows = a->T * a->B, gates = a->G * a->H, D = a->D;
    if (!a->dx) return;
    real *dx = space->dx ? space->dx : a->dx->data;
    const int64_t pitch = space->dx ? D : wl_pitch(a->dx);
    WL_REF(gemm)
    (false, false, rows, D, gates, space->z, gates, w, D + a->S, 0, dx, pitch);
#pragma omp parallel for schedule(static) if (rows * D > 16384)
    for (int64_t i = 0; i < (space->dx ? rows : 0); i++)
        store_row(step_row(a->dx, i / a->B, i % a->B), dx + i * D, D);
}

/* zs = the sum of dz over the steps; ds = zs W; dw += zs^T s. w, dw: W's columns of s, and theirs.
 */
static inline void sequence_gradients(const wl_recurrence *a, const wl_recurrence_space *space,
                                      const real *w, real *dw)
{
    const int64_t B = a->B, S = a->S, gates = a->G * a->H, pitch = a->D + S;
    const matrix s = widened(a->s, space->s);
    real *zs = space->zs;
    memset(zs, 0, (size_t)(B * gates) * sizeof *zs);
    WL_REF(add_columns)(zs, space->z, B * gates, a->T, B * gates);
    round_row(zs, a->x->dtype, B * gates);
    WL_REF(gemm)(true, false, gates, S, B, zs, gates, s.data, s.pitch, 1, dw, pitch);
    if (!a->ds) return;
    real *ds = space->ds ? space->ds : a->ds->data;
    WL_REF(gemm)(false, false, B, S, gates, zs, gates, w, pitch, 0, ds, S);
    if (space->ds) store_row(row_of(a->ds, 0, 0), ds, B * S);
}

/* dr += dz[t]^T h[t-1] over all steps, for the gates that h[t-1] enters as it is: those after a
 * step in one product, then those after h0. */
static inline void recurrent_gradient(const wl_recurrence *a, const wl_recurrence_space *space,
                                      matrix h, real *dr)
{
    const int64_t gates = a->G * a->H, later = a->reverse ? 0 : 1;
    const int64_t direct = wl_direct_gates(a).count * a->H;
    const real *dz = (const real *)space->zr + later * a->B * gates;
    if (a->T > 1) WL_REF(gemm)
    (true, false, direct, a->H, (a->T - 1) * a->B, dz, gates, h.data + (1 - later) * a->B * h.pitch,
     h.pitch, 1, dr, a->H);
    if (a->h0 && a->T > 0) WL_REF(gemm)
    (true, false, direct, a->H, a->B, space->first, gates, widened(a->h0, space->state).data, a->H,
     1, dr, a->H);
}

/* What comes of the gradients at all steps' gates; h: the states after each. */
static inline void end_backward(const wl_recurrence *a, const wl_recurrence_space *space, matrix h,
                                real *dw, real *dr, const wl_tensor *db)
{
    const int64_t rows = a->T * a->B, gates = a->G * a->H;
    const matrix x = rows_in_line(a->x, space->x);
    const real *w = widened(a->w, space->w).data;
    input_gradient(a, space, w + a->S);
    if (rows > 0) WL_REF(gemm)
    (true, false, gates, a->D, rows, space->z, gates, x.data, x.pitch, 1, dw + a->S, a->D + a->S);
    if (a->s) sequence_gradients(a, space, w, dw);
    recurrent_gradient(a, space, h, dr);
    if (wl_present(db)) WL_REF(add_columns)(db->data, space->z, gates, rows, gates);
}

#endif
