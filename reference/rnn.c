/* Reference of <wordloom/rnn.h>. */
#include "../host/ops/rnn.h"
#include "recurrence.h"

/* One sequence's step: z are the sums before the activation. */
static void cell(const real *z, const real *bias, real *h, int64_t H, int32_t activation)
{
    if (activation == WL_RNN_RELU) {
#pragma omp simd
        for (int64_t j = 0; j < H; j++) {
            const real x = z[j] + bias[j];
            h[j] = x < 0 ? 0 : x; /* a NaN stays one */
        }
        return;
    }
#pragma omp simd
    for (int64_t j = 0; j < H; j++) h[j] = hyperbolic_tangent(z[j] + bias[j]);
}

/* Step t of sequence b, whose sums before the activation are z. */
static void forward_step(const wl_rnn_forward_args *a, const wl_recurrence *n,
                         const wl_recurrence_space *space, int64_t t, int64_t b, const real *z)
{
    real *state = (real *)space->state + b * n->H;
    const row h = step_row(&a->h, t, b);
    if (t >= length_of(n, b)) {
        memset(h.data, 0, (size_t)n->H * bytes_of(h.dtype));
        return;
    }
    keep_state(n, space, b, state);
    cell(z, space->bias, state, n->H, a->activation);
    hold_state(n, space, t, b, state);
    round_row(state, h.dtype, n->H);
    store_row(h, state, n->H);
}

wl_status WL_REF(rnn_forward)(wl_ctx *ctx, const wl_dims *d, const wl_rnn_forward_args *a)
{
    const wl_recurrence n = wl_rnn_forward_of(d, a);
    wl_recurrence_space space;
    wl_recurrence_forward_carve(&space, ctx->workspace, ctx->backend, &n);
    real *z = wl_sums(&n, &space);
    const int64_t pitch = wl_sums_pitch(&n, &space);
    begin_forward(&n, &space);
    load_or_zero(space.bias, wl_if_present(&a->b), n.H);
    for (int64_t s = 0; s < n.T; s++) {
        const int64_t t = wl_step_at(&n, s);
        real *zt = z + t * n.B * pitch;
        recurrent_product(&n, &space, wl_direct_gates(&n), space.state, 1, zt, pitch);
#pragma omp parallel for schedule(static) if (worth_sharing(&n))
        for (int64_t b = 0; b < n.B; b++) forward_step(a, &n, &space, t, b, zt + b * pitch);
    }
    if (wl_present(&a->hT)) store_row(row_of(&a->hT, 0, 0), space.state, n.B * n.H);
    return WL_OK;
}

/* dz is h, and becomes the gradient before the activation; `carry`, the gradient at h, is taken. */
static void cell_gradient(real *dz, real *carry, int64_t H, int32_t activation)
{
    const bool relu = activation == WL_RNN_RELU;
#pragma omp simd
    for (int64_t j = 0; j < H; j++) {
        const real h = dz[j], slope = relu ? (real)(h > 0) : 1 - h * h;
        dz[j] = carry[j] * slope;
        carry[j] = 0;
    }
}

/* Step t of sequence b. */
static void backward_step(const wl_rnn_backward_args *a, const wl_recurrence *n,
                          const wl_recurrence_space *space, int64_t t, int64_t b)
{
    const int64_t H = n->H, length = length_of(n, b);
    real *dz = (real *)space->z + (t * n->B + b) * H, *carry = (real *)space->carry + b * H;
    if (t >= length) {
        memset(dz, 0, (size_t)H * sizeof *dz);
        return;
    }
    load_row(dz, step_row(&a->h, t, b), H);
    if (wl_present(&a->dh)) add(carry, 1, step_row(&a->dh, t, b), H);
    take_round(n, space, t, b, carry);
    cell_gradient(dz, carry, H, a->activation);
    add_round(n, space, b, carry);
    round_row(dz, a->h.dtype, H);
    if (t == first_step(n, length))
        memcpy((real *)space->first + b * H, dz, (size_t)H * sizeof *dz);
}

wl_status WL_REF(rnn_backward)(wl_ctx *ctx, const wl_dims *d, const wl_rnn_backward_args *a)
{
    const wl_recurrence n = wl_rnn_backward_of(d, a);
    wl_recurrence_space space;
    wl_recurrence_backward_carve(&space, ctx->workspace, ctx->backend, &n);
    const real *r = begin_backward(&n, &space, &a->dhT);
    for (int64_t s = n.T - 1; s >= 0; s--) {
        const int64_t t = wl_step_at(&n, s);
#pragma omp parallel for schedule(static) if (worth_sharing(&n))
        for (int64_t b = 0; b < n.B; b++) backward_step(a, &n, &space, t, b);
        product_back(&n, wl_direct_gates(&n), (real *)space.z + t * n.B * n.H, r, 1, space.carry);
    }
    if (wl_present(&a->dh0)) store_row(row_of(&a->dh0, 0, 0), space.carry, n.B * n.H);
    end_backward(&n, &space, rows_in_line(n.h, space.h), a->dw.data, a->dr.data, &a->db);
    return WL_OK;
}
