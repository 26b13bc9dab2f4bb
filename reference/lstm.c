/* Reference of <wordloom/lstm.h>. */
#include "../host/ops/lstm.h"
#include "recurrence.h"

/* One sequence's step: z are the sums before the gates, and then the gates. */
static void cell(real *z, const real *bias, const real *before, real *c, real *h, int64_t H)
{
    real *zi = z, *zf = z + H, *zg = z + 2 * H, *zo = z + 3 * H;
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real i = logistic_function(zi[j] + bias[j]);
        const real f = logistic_function(zf[j] + bias[H + j]);
        const real g = hyperbolic_tangent(zg[j] + bias[2 * H + j]);
        const real o = logistic_function(zo[j] + bias[3 * H + j]);
        const real after = f * before[j] + i * g;
        zi[j] = i, zf[j] = f, zg[j] = g, zo[j] = o;
        c[j] = after;
        h[j] = o * hyperbolic_tangent(after);
    }
}

/* The cell states of all sequences before step t. */
static const real *cells_before(const wl_recurrence *n, const wl_recurrence_space *space,
                                const wl_tensor *c, int64_t t)
{
    const int64_t before = wl_step_before(n, t);
    return before < 0 || before == n->T ? space->cell : (real *)c->data + before * n->B * n->H;
}

/* Step t of sequence b, whose sums before the gates are z. */
static void forward_step(const wl_lstm_forward_args *a, const wl_recurrence *n,
                         const wl_recurrence_space *space, int64_t t, int64_t b, real *z)
{
    const int64_t H = n->H, at = t * n->B + b;
    const real *before = cells_before(n, space, &a->c, t) + b * H;
    real *c = (real *)a->c.data + at * H, *state = (real *)space->state + b * H;
    const row h = step_row(&a->h, t, b), gates = step_row(&a->gates, t, b);
    if (t >= length_of(n, b)) {
        memset(h.data, 0, (size_t)H * bytes_of(h.dtype));
        memset(gates.data, 0, (size_t)(4 * H) * bytes_of(gates.dtype));
        memcpy(c, before, (size_t)H * sizeof *c);
        return;
    }
    keep_state(n, space, b, state);
    cell(z, space->bias, before, c, state, H);
    hold_state(n, space, t, b, state);
    if (n->cell_zoneout.on) hold_some(n, &n->cell_zoneout, t, b, before, c);
    round_row(state, h.dtype, H);
    store_row(h, state, H);
    if (space->z) store_row(gates, z, 4 * H);
}

wl_status WL_REF(lstm_forward)(wl_ctx *ctx, const wl_dims *d, const wl_lstm_forward_args *a)
{
    const wl_recurrence n = wl_lstm_forward_of(d, a);
    wl_recurrence_space space;
    wl_recurrence_forward_carve(&space, ctx->workspace, ctx->backend, &n);
    real *z = wl_sums(&n, &space);
    begin_forward(&n, &space);
    load_or_zero(space.bias, wl_if_present(&a->b), 4 * n.H);
    load_or_zero(space.cell, wl_if_present(&a->c0), n.B * n.H);
    for (int64_t s = 0; s < n.T; s++) {
        const int64_t t = wl_step_at(&n, s);
        real *zt = z + t * n.B * 4 * n.H;
        recurrent_product(&n, &space, wl_direct_gates(&n), space.state, 1, zt, 4 * n.H);
#pragma omp parallel for schedule(static) if (worth_sharing(&n))
        for (int64_t b = 0; b < n.B; b++) forward_step(a, &n, &space, t, b, zt + b * 4 * n.H);
    }
    if (wl_present(&a->hT)) store_row(row_of(&a->hT, 0, 0), space.state, n.B * n.H);
    if (wl_present(&a->cT))
        memcpy(a->cT.data, cells_before(&n, &space, &a->c, wl_step_at(&n, n.T)),
               (size_t)(n.B * n.H) * sizeof(real));
    return WL_OK;
}

/* A step's gates become the gradients at them; `carry`, the gradient at h, is taken, and dc, that
 * at the cell state after the step, becomes that before it. */
static void cell_gradient(real *dz, const real *before, const real *c, real *carry, real *dc,
                          int64_t H)
{
    real *zi = dz, *zf = dz + H, *zg = dz + 2 * H, *zo = dz + 3 * H;
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real i = zi[j], f = zf[j], g = zg[j], o = zo[j], dh = carry[j];
        const real tanh_c = hyperbolic_tangent(c[j]);
        const real dcj = dc[j] + dh * o * (1 - tanh_c * tanh_c);
        zi[j] = dcj * g * i * (1 - i);
        zf[j] = dcj * before[j] * f * (1 - f);
        zg[j] = dcj * i * (1 - g * g);
        zo[j] = dh * tanh_c * o * (1 - o);
        dc[j] = dcj * f;
        carry[j] = 0;
    }
}

/* With zoneout of c: parts dc, and finds the cell states as they would have been after the step,
 * which the gradient at h goes by: those that hold are told by the gates alone. */
static void part_cell_gradient(const wl_recurrence *a, int64_t t, int64_t b, const real *gates,
                               const real *before, const real *c, real *dc, real *round,
                               real *candidate)
{
    const int64_t H = a->H;
    const real *zi = gates, *zf = gates + H, *zg = gates + 2 * H;
    for (int64_t at = 0; at < H; at += BLOCK) {
        const int64_t n = least(BLOCK, H - at);
        drawn_block drawn;
        const uint16_t *bits =
            zone_bits(&a->cell_zoneout, &drawn, (uint64_t)((t * a->B + b) * H + at), n);
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            const int64_t j = at + i;
            const bool holds = bits[i] < a->cell_zoneout.threshold;
            round[j] = holds ? dc[j] : 0;
            dc[j] = holds ? 0 : dc[j];
            candidate[j] = holds ? zf[j] * before[j] + zi[j] * zg[j] : c[j];
        }
    }
}

/* The gradients of a sequence's step, with zoneout or without. */
static void gradients(const wl_recurrence *n, const wl_recurrence_space *space, int64_t t,
                      int64_t b, real *dz, const real *before, const real *c)
{
    const int64_t H = n->H;
    real *carry = (real *)space->carry + b * H, *dc = (real *)space->dc + b * H;
    take_round(n, space, t, b, carry);
    if (n->cell_zoneout.on) {
        real *round = held_row(n, space, 1, b), *candidate = held_row(n, space, 2, b);
        part_cell_gradient(n, t, b, dz, before, c, dc, round, candidate);
        cell_gradient(dz, before, candidate, carry, dc, H);
        add_as(dc, 1, round, REAL_DTYPE, H);
    } else {
        cell_gradient(dz, before, c, carry, dc, H);
    }
    add_round(n, space, b, carry);
}

/* Step t of sequence b. */
static void backward_step(const wl_lstm_backward_args *a, const wl_recurrence *n,
                          const wl_recurrence_space *space, int64_t t, int64_t b)
{
    const int64_t H = n->H, at = t * n->B + b, length = length_of(n, b);
    real *dz = (real *)space->z + at * 4 * H, *carry = (real *)space->carry + b * H;
    if (t >= length) {
        memset(dz, 0, (size_t)(4 * H) * sizeof *dz);
        return;
    }
    load_row(dz, step_row(&a->gates, t, b), 4 * H);
    if (wl_present(&a->dh)) add(carry, 1, step_row(&a->dh, t, b), H);
    gradients(n, space, t, b, dz, cells_before(n, space, &a->c, t) + b * H,
              (real *)a->c.data + at * H);
    round_row(dz, a->gates.dtype, 4 * H);
    if (t == first_step(n, length))
        memcpy((real *)space->first + b * 4 * H, dz, (size_t)(4 * H) * sizeof *dz);
}

wl_status WL_REF(lstm_backward)(wl_ctx *ctx, const wl_dims *d, const wl_lstm_backward_args *a)
{
    const wl_recurrence n = wl_lstm_backward_of(d, a);
    wl_recurrence_space space;
    wl_recurrence_backward_carve(&space, ctx->workspace, ctx->backend, &n);
    const real *r = begin_backward(&n, &space, &a->dhT);
    load_or_zero(space.cell, wl_if_present(&a->c0), n.B * n.H);
    load_or_zero(space.dc, wl_if_present(&a->dcT), n.B * n.H);
    for (int64_t s = n.T - 1; s >= 0; s--) {
        const int64_t t = wl_step_at(&n, s);
#pragma omp parallel for schedule(static) if (worth_sharing(&n))
        for (int64_t b = 0; b < n.B; b++) backward_step(a, &n, &space, t, b);
        product_back(&n, wl_direct_gates(&n), (real *)space.z + t * n.B * 4 * n.H, r, 1,
                     space.carry);
    }
    if (wl_present(&a->dh0)) store_row(row_of(&a->dh0, 0, 0), space.carry, n.B * n.H);
    if (wl_present(&a->dc0)) memcpy(a->dc0.data, space.dc, (size_t)(n.B * n.H) * sizeof(real));
    end_backward(&n, &space, rows_in_line(n.h, space.h), a->dw.data, a->dr.data, &a->db);
    return WL_OK;
}
