/* Kernels of <wordloom/gru.h>, the general path: one product for all steps' inputs; then, for each
 * step, the recurrent product and a kernel that is the rest of the cell, or, where the state is
 * reset before the product of n, two of both. Backward likewise, and the weights' gradients in one
 * product after the last step.
 * Moves: forward 6 sums, h before, 4 gates and h a unit and step.
 * Bound by: the steps' latency; the weights, which each step's product reads anew. */
#include "gru.cuh"
#include "sums.cuh"

namespace
{

/* What a step reads and writes; [B,H] unless said otherwise. */
template <class T> struct forward_step {
    const float *z; /* [B,3H], `pitch` apart */
    int64_t pitch;
    const float *recurrent; /* [B,3H] what R adds, reset after; else part of z */
    const float *bias, *bn; /* [3H], [H]; null: 0 */
    T *gates;               /* [B,4H] */
    T *h;                   /* `sequence` apart */
    int64_t sequence;
    T *state;
    lengths_of lengths;
    wl_zoneout zoneout;
};

/* W units of a gate's sums from the inputs on, and its bias. */
template <int W, class T>
__device__ void load_sums(float (&out)[W], const forward_step<T> &s, int64_t b, int64_t at)
{
    load_gate<W>(out, s.z + b * s.pitch + at, s.bias ? s.bias + at : nullptr);
}

/* A gate between 0 and 1: `recurrent` null where z has everything. */
template <int W, class T>
__device__ void load_open(float (&out)[W], const forward_step<T> &s, int64_t b, int64_t at,
                          int64_t H)
{
    float more[W] = {};
    load_sums<W>(out, s, b, at);
    if (s.recurrent) load_floats<W>(more, s.recurrent + b * 3 * H + at);
    for (int i = 0; i < W; i++) out[i] = sigmoid(out[i] + more[i]);
}

/* Reset before the product: r and q = r h. A thread owns W units of a sequence. */
template <class T, int W>
__global__ void reset_state(forward_step<T> s, int64_t t, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W;
        T *gates = s.gates + b * 4 * H + j;
        float r[W], q[W] = {};
        if (t < s.lengths.of(b)) {
            load_open<W>(r, s, b, j, H);
            load_pack<W>(q, s.state + b * H + j);
            for (int i = 0; i < W; i++) q[i] *= r[i];
            store_pack<W>(gates, r);
        }
        store_pack<W>(gates + 3 * H, q);
    }
}

/* A sequence that has ended: h and the gates are 0, and the state holds. */
template <int W, class T>
__device__ void hold(const forward_step<T> &s, int64_t b, int64_t j, int64_t H)
{
    const float zero[W] = {};
    store_pack<W>(s.h + b * s.sequence + j, zero);
    for (int k = 0; k < 4; k++) store_pack<W>(s.gates + (b * 4 + k) * H + j, zero);
}

/* The sums of n, reset after the product: r and q on the way. */
template <int W, class T>
__device__ void add_reset(float (&n)[W], const forward_step<T> &s, int64_t b, int64_t j, int64_t H)
{
    T *gates = s.gates + b * 4 * H + j;
    float r[W], q[W];
    load_open<W>(r, s, b, j, H);
    load_gate<W>(q, s.recurrent + (b * 3 + 2) * H + j, s.bn ? s.bn + j : nullptr);
    for (int i = 0; i < W; i++) n[i] += r[i] * q[i];
    store_pack<W>(gates, r);
    store_pack<W>(gates + 3 * H, q);
}

/* The rest of the cell. A thread owns W units of a sequence. */
template <class T, int W>
__global__ void forward(forward_step<T> s, int64_t t, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W;
        T *gates = s.gates + b * 4 * H + j;
        float z[W], candidate[W], h[W];
        if (t >= s.lengths.of(b)) {
            hold<W>(s, b, j, H);
            continue;
        }
        load_open<W>(z, s, b, H + j, H);
        load_sums<W>(candidate, s, b, 2 * H + j);
        if (s.recurrent) add_reset<W>(candidate, s, b, j, H);
        load_pack<W>(h, s.state + b * H + j);
        for (int i = 0; i < W; i++) {
            candidate[i] = tanhf(candidate[i]);
            h[i] = (1 - z[i]) * candidate[i] + z[i] * h[i];
        }
        if (s.zoneout.on) hold_some<W>(h, s.state + b * H + j, s.zoneout, (t * B + b) * H + j);
        store_pack<W>(gates + H, z);
        store_pack<W>(gates + 2 * H, candidate);
        store_pack<W>(s.h + b * s.sequence + j, h);
        store_pack<W>(s.state + b * H + j, h);
    }
}

template <class T> struct backward_step {
    const T *gates;  /* [B,4H] */
    const T *before; /* states before the step, `sequence` apart, but for a sequence's first */
    int64_t sequence;
    const T *h0; /* null: 0 */
    const T *dh; /* `dh_sequence` apart; null: 0 */
    int64_t dh_sequence;
    T *dz, *dzr, *first; /* [B,3H]; the same two, reset before */
    float *carry;
    const float *dq; /* gradient at q, reset before */
    lengths_of lengths;
    int64_t t, B;
    wl_zoneout zoneout;
};

template <int W, class T>
__device__ void load_before(float (&out)[W], const backward_step<T> &s, int64_t b, int64_t j,
                            int64_t H, bool first)
{
    const T *from = first ? s.h0 : s.before;
    for (int i = 0; i < W; i++) out[i] = 0;
    if (from) load_pack<W>(out, from + b * (first ? H : s.sequence) + j);
}

/* The gradients before z and n of W units; `carry`, the gradient at h, becomes what z lets through,
 * and what goes round the cell. */
template <int W, class T>
__device__ void cell_gradient(float (&dz)[W], float (&dn)[W], const backward_step<T> &s, int64_t b,
                              int64_t j, int64_t H, const float (&before)[W])
{
    float dh[W], above[W] = {}, round[W] = {};
    load_pack<W>(dz, s.gates + (b * 4 + 1) * H + j);
    load_pack<W>(dn, s.gates + (b * 4 + 2) * H + j);
    load_floats<W>(dh, s.carry + b * H + j);
    if (s.dh) load_pack<W>(above, s.dh + b * s.dh_sequence + j);
    for (int i = 0; i < W; i++) dh[i] += above[i];
    if (s.zoneout.on) part_gradient<W>(dh, round, s.zoneout, (s.t * s.B + b) * H + j);
    for (int i = 0; i < W; i++) {
        const float z = dz[i], n = dn[i], d = dh[i];
        dz[i] = d * (before[i] - n) * z * (1 - z);
        dn[i] = d * (1 - z) * (1 - n * n);
        dh[i] = s.zoneout.on ? d * z + round[i] : d * z;
    }
    store_floats<W>(s.carry + b * H + j, dh);
}

/* Three gates' gradients of W units, or 0. */
template <int W, class T>
__device__ void store_three(T *to, int64_t H, const float (&r)[W], const float (&z)[W],
                            const float (&n)[W])
{
    store_pack<W>(to, r);
    store_pack<W>(to + H, z);
    store_pack<W>(to + 2 * H, n);
}

/* Reset after the product, all of a step. A thread owns W units of a sequence. */
template <class T, int W> __global__ void backward_after(backward_step<T> s, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W, length = s.lengths.of(b);
        const int64_t at = b * 3 * H + j;
        const bool first = s.t == s.lengths.first(length);
        float dr[W] = {}, dz[W] = {}, dn[W] = {}, dq[W] = {}, before[W];
        if (s.t < length) {
            load_before<W>(before, s, b, j, H, first);
            cell_gradient<W>(dz, dn, s, b, j, H, before);
            load_pack<W>(dr, s.gates + b * 4 * H + j);
            load_pack<W>(dq, s.gates + (b * 4 + 3) * H + j);
            for (int i = 0; i < W; i++) {
                const float r = dr[i];
                dr[i] = dn[i] * dq[i] * r * (1 - r);
                dq[i] = dn[i] * r;
            }
            if (first) store_three<W>(s.first + at, H, dr, dz, dq);
        }
        store_three<W>(s.dz + at, H, dr, dz, dn);
        store_three<W>(s.dzr + at, H, dr, dz, dq);
    }
}

/* Reset before the product: the gradients before z and n. A thread owns W units of a sequence. */
template <class T, int W> __global__ void backward_cell(backward_step<T> s, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W, length = s.lengths.of(b);
        float dr[W] = {}, dz[W] = {}, dn[W] = {}, before[W];
        if (s.t < length) {
            load_before<W>(before, s, b, j, H, s.t == s.lengths.first(length));
            cell_gradient<W>(dz, dn, s, b, j, H, before);
        }
        store_three<W>(s.dz + b * 3 * H + j, H, dr, dz, dn);
    }
}

/* Then, with the gradient at q, that before r and the rest of that at h. A thread owns W units of a
 * sequence. */
template <class T, int W> __global__ void backward_reset(backward_step<T> s, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W, length = s.lengths.of(b);
        const bool first = s.t == s.lengths.first(length);
        float r[W], dq[W], dh[W], before[W];
        if (s.t >= length) continue;
        load_before<W>(before, s, b, j, H, first);
        load_pack<W>(r, s.gates + b * 4 * H + j);
        load_floats<W>(dq, s.dq + b * H + j);
        load_floats<W>(dh, s.carry + b * H + j);
        for (int i = 0; i < W; i++) {
            dh[i] += dq[i] * r[i];
            r[i] = dq[i] * before[i] * r[i] * (1 - r[i]);
        }
        store_floats<W>(s.carry + b * H + j, dh);
        store_pack<W>(s.dz + b * 3 * H + j, r);
        if (!first) continue;
        store_pack<W>(s.first + b * 3 * H + j, r);
        load_pack<W>(dq, s.dz + (b * 3 + 1) * H + j);
        store_pack<W>(s.first + (b * 3 + 1) * H + j, dq);
    }
}

/* A call, forward or backward. */
template <class Args> struct pass {
    wl_ctx *ctx;
    const Args *a;
    wl_recurrence n;
    wl_recurrence_space space;
};
using forward_pass = pass<wl_gru_forward_args>;
using backward_pass = pass<wl_gru_backward_args>;

float *sums_at(const forward_pass &p, int64_t t)
{
    return (float *)wl_sums(&p.n, &p.space) + t * p.n.B * wl_sums_pitch(&p.n, &p.space);
}

/* A kernel of step t: to reset the states, or the rest of the cell. */
wl_status launch_forward(const forward_pass &p, int64_t t, bool reset)
{
    const wl_gru_forward_args *a = p.a;
    const int64_t B = p.n.B, H = p.n.H;
    const bool packed =
        in_packs(a->gates) && in_packs(a->b) && in_packs(a->bn) && steps_in_packs(&a->h);
    return with_packs(a->x.dtype, packed, H, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const bool apart = p.n.meeting == WL_APART;
        const forward_step<T> step = { sums_at(p, t),
                                       wl_sums_pitch(&p.n, &p.space),
                                       apart ? (const float *)p.space.meet : nullptr,
                                       (const float *)a->b.data,
                                       (const float *)a->bn.data,
                                       (T *)a->gates.data + t * B * 4 * H,
                                       (T *)a->h.data + t * wl_stride(&a->h, 0),
                                       wl_stride(&a->h, 1),
                                       (T *)p.space.state,
                                       lengths(&p.n),
                                       p.n.zoneout };
        return launch(p.ctx, reset ? reset_state<T, A::width> : forward<T, A::width>,
                      blocks_for(B * H / A::width, THREADS), THREADS, step, t, B, H);
    });
}

/* The recurrent product, in two with q between them where the state is reset before. */
wl_status multiply_states(const forward_pass &p, int64_t t)
{
    const int64_t H = p.n.H, pitch = wl_sums_pitch(&p.n, &p.space);
    const matrix state = { p.space.state, H, false };
    float *z = sums_at(p, t);
    if (p.n.meeting == WL_APART)
        return recurrent_product(p.ctx, &p.n, &p.space, wl_direct_gates(&p.n), state, 0,
                                 (float *)p.space.meet, 3 * H);
    const wl_tensor kept = wl_gru_q(&p.n, &p.a->gates);
    const size_t step = size_t(t * wl_stride(&kept, 0)) * wl_dtype_size(kept.dtype);
    const matrix q = { (const char *)kept.data + step, wl_stride(&kept, 1), false };
    wl_status status =
        recurrent_product(p.ctx, &p.n, &p.space, wl_direct_gates(&p.n), state, 1, z, pitch);
    if (!status) status = launch_forward(p, t, true);
    if (status) return status;
    return recurrent_product(p.ctx, &p.n, &p.space, wl_gru_reset_gates(), q, 1, z + 2 * H, pitch);
}

enum backward_kernel { AFTER, CELL, RESET };

template <class T, int W> auto kernel_of(backward_kernel which)
{
    return which == AFTER  ? backward_after<T, W>
           : which == CELL ? backward_cell<T, W>
                           : backward_reset<T, W>;
}

wl_status launch_backward(const backward_pass &p, int64_t t, backward_kernel which)
{
    const wl_gru_backward_args *a = p.a;
    const wl_recurrence &n = p.n;
    const int64_t B = n.B, H = n.H, at = t * B * 3 * H;
    const bool packed =
        in_packs(a->gates) && in_packs(a->h0) && steps_in_packs(&a->h) && steps_in_packs(&a->dh);
    return with_packs(a->x.dtype, packed, H, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const int64_t before = wl_step_before(&n, t);
        const bool inside = before >= 0 && before < n.T;
        const steps_of<const T> h = steps<const T>(&a->h), dh = steps<const T>(&a->dh);
        const backward_step<T> step = { (const T *)a->gates.data + t * B * 4 * H,
                                        inside ? h.data + before * h.step : nullptr,
                                        h.sequence,
                                        (const T *)a->h0.data,
                                        dh.data ? dh.data + t * dh.step : nullptr,
                                        dh.sequence,
                                        (T *)p.space.z + at,
                                        (T *)p.space.zr + at,
                                        (T *)p.space.first,
                                        (float *)p.space.carry,
                                        (const float *)p.space.meet,
                                        lengths(&n),
                                        t,
                                        B,
                                        n.zoneout };
        return launch(p.ctx, kernel_of<T, A::width>(which), blocks_for(B * H / A::width, THREADS),
                      THREADS, step, B, H);
    });
}

wl_status step_back(const backward_pass &p, int64_t t)
{
    wl_status status = launch_backward(p, t, p.n.meeting == WL_APART ? AFTER : CELL);
    if (!status && p.n.meeting == WL_IN_TWO) {
        status =
            product_back(p.ctx, &p.n, &p.space, wl_gru_reset_gates(), t, 0, (float *)p.space.meet);
        if (!status) status = launch_backward(p, t, RESET);
    }
    if (status) return status;
    return product_back(p.ctx, &p.n, &p.space, wl_direct_gates(&p.n), t, 1, (float *)p.space.carry);
}

/* The gradients that only this cell has: of R's rows of n where q enters them, and of bn. */
wl_status end_reset(const backward_pass &p)
{
    const wl_gru_backward_args *a = p.a;
    const int64_t rows = p.n.T * p.n.B, H = p.n.H;
    const size_t size = wl_dtype_size(a->x.dtype);
    if (p.n.meeting == WL_IN_TWO) {
        const wl_tensor q = wl_gru_q(&p.n, &a->gates);
        const matrix dn = { (const char *)p.space.z + size_t(2 * H) * size, 3 * H, true };
        return gemm(p.ctx, H, H, rows, a->x.dtype, dn, { q.data, 4 * H, false }, 1,
                    (float *)a->dr.data + 2 * H * H, H, p.space.gemm);
    }
    if (!wl_present(&a->dbn)) return WL_OK;
    return add_columns(p.ctx, (float *)a->dbn.data, (const char *)p.space.zr + size_t(2 * H) * size,
                       a->x.dtype, 3 * H, rows, H, (float *)p.space.columns);
}

} // namespace

wl_status wl_cuda_gru_forward(wl_ctx *ctx, const wl_dims *d, const wl_gru_forward_args *a)
{
    forward_pass p = { ctx, a, wl_gru_forward_of(d, a), {} };
    wl_recurrence_forward_carve(&p.space, ctx->workspace, ctx->backend, &p.n);
    wl_status status = begin_forward(ctx, &p.n, &p.space);
    bool ran = false;
    if (!status) status = gru_stationary_forward(ctx, p.n, a, p.space, &ran);
    for (int64_t s = 0; s < p.n.T && !status && !ran; s++) {
        const int64_t t = wl_step_at(&p.n, s);
        status = multiply_states(p, t);
        if (!status) status = launch_forward(p, t, false);
    }
    if (status || !wl_present(&a->hT)) return status;
    return copy_or_clear(ctx, a->hT.data, p.space.state,
                         size_t(p.n.B * p.n.H) * wl_dtype_size(a->x.dtype));
}

wl_status wl_cuda_gru_backward(wl_ctx *ctx, const wl_dims *d, const wl_gru_backward_args *a)
{
    backward_pass p = { ctx, a, wl_gru_backward_of(d, a), {} };
    wl_recurrence_backward_carve(&p.space, ctx->workspace, ctx->backend, &p.n);
    wl_status status = begin_backward(ctx, &p.n, &p.space, &a->dhT, nullptr);
    bool ran = false;
    if (!status) status = gru_stationary_backward(ctx, p.n, a, p.space, &ran);
    for (int64_t s = p.n.T - 1; s >= 0 && !status && !ran; s--)
        status = step_back(p, wl_step_at(&p.n, s));
    if (!status)
        status = end_backward(ctx, &p.n, &p.space, &a->dh0, (float *)a->dw.data,
                              (float *)a->dr.data, &a->db);
    return status ? status : end_reset(p);
}
