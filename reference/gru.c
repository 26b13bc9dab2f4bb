/* Reference of <wordloom/gru.h>. */
#include "../host/ops/gru.h"
#include "recurrence.h"

/* What a sequence's step reads and writes beside its state. */
typedef struct step {
    real *z;      /* [3H] the sums of the inputs, and then the gates */
    real *meet;   /* after: [3H] what R adds, of which the last becomes q; before: [H] q */
    row gates, q; /* where they are kept */
    bool ended;
} step;

static step step_of(const wl_gru_forward_args *a, const wl_recurrence *n,
                    const wl_recurrence_space *space, int64_t t, int64_t b)
{
    const int64_t width = n->meeting == WL_APART ? 3 * n->H : n->H;
    const wl_tensor q = wl_gru_q(n, &a->gates);
    return (step){
        .z = (real *)wl_sums(n, space) + (t * n->B + b) * wl_sums_pitch(n, space),
        .meet = (real *)space->meet + b * width,
        .gates = step_row(&a->gates, t, b),
        .q = step_row(&q, t, b),
        .ended = t >= length_of(n, b),
    };
}

/* A sequence that has ended: h and the gates are 0, and the state holds. */
static void hold(const step *s, row h, int64_t H)
{
    memset(h.data, 0, (size_t)H * bytes_of(h.dtype));
    memset(s->gates.data, 0, (size_t)(4 * H) * bytes_of(s->gates.dtype));
}

/* Keeps the gates and the state after a step. */
static void keep(const wl_recurrence_space *space, const step *s, row h, real *state, int64_t H)
{
    round_row(state, h.dtype, H);
    store_row(h, state, H);
    if (space->z) store_row(s->gates, s->z, 3 * H);
}

/* ------------------------------------------------------------------ reset after the product */

static void cell_after(real *z, real *s, const real *bias, real *h, int64_t H)
{
    real *zr = z, *zz = z + H, *zn = z + 2 * H;
    const real *sr = s, *sz = s + H;
    real *sn = s + 2 * H;
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real r = logistic_function(zr[j] + sr[j] + bias[j]);
        const real u = logistic_function(zz[j] + sz[j] + bias[H + j]);
        const real q = sn[j] + bias[3 * H + j];
        const real n = hyperbolic_tangent(zn[j] + bias[2 * H + j] + r * q);
        zr[j] = r, zz[j] = u, zn[j] = n, sn[j] = q;
        h[j] = (1 - u) * n + u * h[j];
    }
}

static void forward_after(const wl_gru_forward_args *a, const wl_recurrence *n,
                          const wl_recurrence_space *space, int64_t t)
{
    const int64_t H = n->H;
    recurrent_product(n, space, wl_direct_gates(n), space->state, 0, space->meet, 3 * H);
#pragma omp parallel for schedule(static) if (worth_sharing(n))
    for (int64_t b = 0; b < n->B; b++) {
        const step s = step_of(a, n, space, t, b);
        real *state = (real *)space->state + b * H;
        if (s.ended) {
            hold(&s, step_row(&a->h, t, b), H);
            continue;
        }
        keep_state(n, space, b, state);
        cell_after(s.z, s.meet, space->bias, state, H);
        hold_state(n, space, t, b, state);
        store_row(s.q, s.meet + 2 * H, H);
        keep(space, &s, step_row(&a->h, t, b), state, H);
    }
}

/* ------------------------------------------------------------------ reset before the product */

/* r and q = r h */
static void reset_state(real *z, const real *bias, const real *h, real *q, int64_t H)
{
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        z[j] = logistic_function(z[j] + bias[j]);
        q[j] = z[j] * h[j];
    }
}

static void cell_before(real *z, const real *bias, real *h, int64_t H)
{
    real *zz = z + H, *zn = z + 2 * H;
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real u = logistic_function(zz[j] + bias[H + j]);
        const real n = hyperbolic_tangent(zn[j] + bias[2 * H + j]);
        zz[j] = u, zn[j] = n;
        h[j] = (1 - u) * n + u * h[j];
    }
}

static void reset_states(const wl_gru_forward_args *a, const wl_recurrence *n,
                         const wl_recurrence_space *space, int64_t t)
{
#pragma omp parallel for schedule(static) if (worth_sharing(n))
    for (int64_t b = 0; b < n->B; b++) {
        const step s = step_of(a, n, space, t, b);
        if (s.ended) {
            memset(s.meet, 0, (size_t)n->H * sizeof *s.meet);
            continue;
        }
        reset_state(s.z, space->bias, (real *)space->state + b * n->H, s.meet, n->H);
        round_row(s.meet, s.q.dtype, n->H);
        store_row(s.q, s.meet, n->H);
    }
}

static void forward_before(const wl_gru_forward_args *a, const wl_recurrence *n,
                           const wl_recurrence_space *space, int64_t t)
{
    const int64_t H = n->H, pitch = wl_sums_pitch(n, space);
    real *z = (real *)wl_sums(n, space) + t * n->B * pitch;
    recurrent_product(n, space, wl_direct_gates(n), space->state, 1, z, pitch);
    reset_states(a, n, space, t);
    recurrent_product(n, space, wl_gru_reset_gates(), space->meet, 1, z + 2 * H, pitch);
#pragma omp parallel for schedule(static) if (worth_sharing(n))
    for (int64_t b = 0; b < n->B; b++) {
        const step s = step_of(a, n, space, t, b);
        real *state = (real *)space->state + b * H;
        if (s.ended) {
            hold(&s, step_row(&a->h, t, b), H);
            continue;
        }
        keep_state(n, space, b, state);
        cell_before(s.z, space->bias, state, H);
        hold_state(n, space, t, b, state);
        keep(space, &s, step_row(&a->h, t, b), state, H);
    }
}

wl_status WL_REF(gru_forward)(wl_ctx *ctx, const wl_dims *d, const wl_gru_forward_args *a)
{
    const wl_recurrence n = wl_gru_forward_of(d, a);
    wl_recurrence_space space;
    wl_recurrence_forward_carve(&space, ctx->workspace, ctx->backend, &n);
    begin_forward(&n, &space);
    load_or_zero(space.bias, wl_if_present(&a->b), 3 * n.H);
    if (n.meeting == WL_APART)
        load_or_zero((real *)space.bias + 3 * n.H, wl_if_present(&a->bn), n.H);
    for (int64_t s = 0; s < n.T; s++)
        if (n.meeting == WL_APART)
            forward_after(a, &n, &space, wl_step_at(&n, s));
        else
            forward_before(a, &n, &space, wl_step_at(&n, s));
    if (wl_present(&a->hT)) store_row(row_of(&a->hT, 0, 0), space.state, n.B * n.H);
    return WL_OK;
}

/* ------------------------------------------------------------------ backward */

/* z and n become the gradients before them, and `carry`, the gradient at h, what z lets through of
 * it; r stays. */
static void cell_gradient(real *dz, const real *before, real *carry, int64_t H)
{
    real *zz = dz + H, *zn = dz + 2 * H;
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real u = zz[j], n = zn[j], dh = carry[j];
        zz[j] = dh * (before[j] - n) * u * (1 - u);
        zn[j] = dh * (1 - u) * (1 - n * n);
        carry[j] = dh * u;
    }
}

/* After: r becomes the gradient before it, and q the gradient at it. */
static void reset_gradient_after(real *r, const real *dn, real *q, int64_t H)
{
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real rj = r[j], d = dn[j];
        r[j] = d * q[j] * rj * (1 - rj);
        q[j] = d * rj;
    }
}

/* Before: the same of r, from the gradient at q = r h, whose part at h is added to `carry`. */
static void reset_gradient_before(real *r, const real *dq, const real *before, real *carry,
                                  int64_t H)
{
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real rj = r[j];
        r[j] = dq[j] * before[j] * rj * (1 - rj);
        carry[j] += dq[j] * rj;
    }
}

/* What a backward call's steps have in common. */
typedef struct pass {
    const wl_gru_backward_args *a;
    const wl_recurrence *n;
    const wl_recurrence_space *space;
    matrix h;
    const real *r;
} pass;

/* The state that enters step t of sequence b. */
static const real *state_before(const pass *p, int64_t t, int64_t b)
{
    const wl_recurrence *n = p->n;
    if (t == first_step(n, length_of(n, b))) return (real *)p->space->state + b * n->H;
    return p->h.data + (wl_step_before(n, t) * n->B + b) * p->h.pitch;
}

/* The gates of step t of sequence b become the gradients before z and n; false: it has ended. */
static bool begin_step(const pass *p, int64_t t, int64_t b, real *dz, real *carry)
{
    const int64_t H = p->n->H;
    if (t >= length_of(p->n, b)) {
        memset(dz, 0, (size_t)(3 * H) * sizeof *dz);
        return false;
    }
    load_row(dz, step_row(&p->a->gates, t, b), 3 * H);
    if (wl_present(&p->a->dh)) add(carry, 1, step_row(&p->a->dh, t, b), H);
    take_round(p->n, p->space, t, b, carry);
    cell_gradient(dz, state_before(p, t, b), carry, H);
    add_round(p->n, p->space, b, carry);
    return true;
}

/* Keeps what h0 is to be multiplied by, if step t is the first of sequence b. */
static void keep_first(const pass *p, int64_t t, int64_t b, const real *dzr)
{
    const size_t bytes = (size_t)(3 * p->n->H) * sizeof *dzr;
    if (t == first_step(p->n, length_of(p->n, b)))
        memcpy((char *)p->space->first + (size_t)b * bytes, dzr, bytes);
}

static void backward_after(const pass *p, int64_t t)
{
    const int64_t B = p->n->B, H = p->n->H;
    real *dz = (real *)p->space->z + t * B * 3 * H, *dzr = (real *)p->space->zr + t * B * 3 * H;
    const int32_t dtype = p->a->gates.dtype;
    const wl_tensor q = wl_gru_q(p->n, &p->a->gates);
#pragma omp parallel for schedule(static) if (worth_sharing(p->n))
    for (int64_t b = 0; b < B; b++) {
        real *at = dz + b * 3 * H, *recurrent = dzr + b * 3 * H;
        if (!begin_step(p, t, b, at, (real *)p->space->carry + b * H)) {
            memset(recurrent, 0, (size_t)(3 * H) * sizeof *recurrent);
            continue;
        }
        load_row(recurrent + 2 * H, step_row(&q, t, b), H);
        reset_gradient_after(at, at + 2 * H, recurrent + 2 * H, H);
        round_row(at, dtype, 3 * H);
        round_row(recurrent + 2 * H, dtype, H);
        memcpy(recurrent, at, (size_t)(2 * H) * sizeof *at);
        keep_first(p, t, b, recurrent);
    }
    product_back(p->n, wl_direct_gates(p->n), dzr, p->r, 1, p->space->carry);
}

static void backward_before(const pass *p, int64_t t)
{
    const int64_t B = p->n->B, H = p->n->H;
    real *dz = (real *)p->space->z + t * B * 3 * H, *carries = p->space->carry;
    const int32_t dtype = p->a->gates.dtype;
#pragma omp parallel for schedule(static) if (worth_sharing(p->n))
    for (int64_t b = 0; b < B; b++)
        if (begin_step(p, t, b, dz + b * 3 * H, carries + b * H))
            round_row(dz + b * 3 * H + H, dtype, 2 * H);
    product_back(p->n, wl_gru_reset_gates(), dz, p->r, 0, p->space->meet);
#pragma omp parallel for schedule(static) if (worth_sharing(p->n))
    for (int64_t b = 0; b < B; b++) {
        real *at = dz + b * 3 * H;
        if (t >= length_of(p->n, b)) continue;
        reset_gradient_before(at, (real *)p->space->meet + b * H, state_before(p, t, b),
                              carries + b * H, H);
        round_row(at, dtype, H);
        keep_first(p, t, b, at);
    }
    product_back(p->n, wl_direct_gates(p->n), dz, p->r, 1, carries);
}

/* dr += dz[t]^T q[t] over all steps, for the gate that h[t-1] enters through r. The states have
 * been used: where 16 bits become reals, q takes their place. */
static void reset_weight_gradient(const pass *p)
{
    const int64_t rows = p->n->T * p->n->B, H = p->n->H;
    const bool narrow = p->a->gates.dtype != REAL_DTYPE;
    const wl_tensor kept = wl_gru_q(p->n, &p->a->gates);
    const matrix q = rows_in_line(&kept, narrow ? p->space->h : NULL);
    if (rows > 0) WL_REF(gemm)
    (true, false, H, H, rows, (real *)p->space->z + 2 * H, 3 * H, q.data, q.pitch, 1,
     (real *)p->a->dr.data + 2 * H * H, H);
}

wl_status WL_REF(gru_backward)(wl_ctx *ctx, const wl_dims *d, const wl_gru_backward_args *a)
{
    const wl_recurrence n = wl_gru_backward_of(d, a);
    wl_recurrence_space space;
    wl_recurrence_backward_carve(&space, ctx->workspace, ctx->backend, &n);
    const real *r = begin_backward(&n, &space, &a->dhT);
    const pass p = { a, &n, &space, rows_in_line(n.h, space.h), r };
    load_or_zero(space.state, n.h0, n.B * n.H);
    for (int64_t s = n.T - 1; s >= 0; s--)
        if (n.meeting == WL_APART)
            backward_after(&p, wl_step_at(&n, s));
        else
            backward_before(&p, wl_step_at(&n, s));
    if (wl_present(&a->dh0)) store_row(row_of(&a->dh0, 0, 0), space.carry, n.B * n.H);
    end_backward(&n, &space, p.h, a->dw.data, a->dr.data, &a->db);
    if (n.meeting == WL_IN_TWO) reset_weight_gradient(&p);
    if (wl_present(&a->dbn)) WL_REF(add_columns)
    (a->dbn.data, (real *)space.zr + 2 * n.H, 3 * n.H, n.T * n.B, n.H);
    return WL_OK;
}
