/* Kernels of <wordloom/lstm.h>, the general path: one product for all steps' inputs; then, for each
 * step, the recurrent product and a kernel that is the rest of the cell. Backward likewise, and the
 * weights' gradients in one product after the last step. Where the weights fit on chip, the steps
 * are one kernel: lstm_stationary.cu.
 * Moves: forward 4 sums, c and h before, 4 gates, c and h a unit and step.
 * Bound by: the steps' latency; the weights, which each step's product reads anew. */
#include "lstm.cuh"

namespace
{

/* What a step reads and writes; [B,H] unless said otherwise. */
template <class T> struct forward_step {
    const float *z;      /* [B,4H] */
    const float *bias;   /* [4H]; null: 0 */
    const float *before; /* cell states before the step; null: 0 */
    float *c;
    T *gates; /* [B,4H] */
    T *h;     /* `sequence` apart */
    int64_t sequence;
    T *state;
    lengths_of lengths;
    wl_zoneout zoneout, cell_zoneout;
};

/* A sequence that has ended: h and the gates are 0, and the states hold. */
template <int W, class T>
__device__ void hold(const forward_step<T> &s, int64_t b, int64_t j, int64_t H,
                     const float (&before)[W])
{
    const float zero[W] = {};
    store_pack<W>(s.h + b * s.sequence + j, zero);
    store_floats<W>(s.c + b * H + j, before);
    for (int k = 0; k < 4; k++) store_pack<W>(s.gates + (b * 4 + k) * H + j, zero);
}

/* A thread owns W units of a sequence. */
template <class T, int W>
__global__ void forward(forward_step<T> s, int64_t t, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W, at = b * H + j;
        float before[W] = {}, c[W], h[W], gate[4][W];
        if (s.before) load_floats<W>(before, s.before + at);
        if (t >= s.lengths.of(b)) {
            hold<W>(s, b, j, H, before);
            continue;
        }
        for (int k = 0; k < 4; k++) {
            const int64_t gate_at = k * H + j;
            load_gate<W>(gate[k], s.z + b * 4 * H + gate_at, s.bias ? s.bias + gate_at : nullptr);
            for (int i = 0; i < W; i++)
                gate[k][i] = k == 2 ? tanhf(gate[k][i]) : sigmoid(gate[k][i]);
            store_pack<W>(s.gates + b * 4 * H + gate_at, gate[k]);
        }
        for (int i = 0; i < W; i++) {
            c[i] = gate[1][i] * before[i] + gate[0][i] * gate[2][i];
            h[i] = gate[3][i] * tanhf(c[i]);
        }
        if (s.zoneout.on) hold_some<W>(h, s.state + at, s.zoneout, t * B * H + at);
        if (s.cell_zoneout.on) hold_some<W>(c, before, s.cell_zoneout, t * B * H + at);
        store_floats<W>(s.c + at, c);
        store_pack<W>(s.h + b * s.sequence + j, h);
        store_pack<W>(s.state + at, h);
    }
}

template <class T> struct backward_step {
    const T *gates;      /* [B,4H] */
    const float *before; /* cell states before the step; null: 0 */
    const float *c;
    const T *dh; /* `sequence` apart; null: 0 */
    int64_t sequence;
    T *dz, *first; /* [B,4H] */
    float *carry, *dc;
    lengths_of lengths;
    wl_zoneout zoneout, cell_zoneout;
};

/* With zoneout of c: parts dc, and puts the cell states of W units as they would have been in the
 * place of those that hold. */
template <int W>
__device__ void part_cell_gradient(float (&dc)[W], float (&round)[W], float (&c)[W],
                                   const float (&gate)[4][W], const float (&before)[W],
                                   const wl_zoneout &o, int64_t element)
{
    const uint32_t held = part_gradient<W>(dc, round, o, element);
    for (int i = 0; i < W; i++)
        if (held >> i & 1) c[i] = gate[1][i] * before[i] + gate[0][i] * gate[2][i];
}

/* A thread owns W units of a sequence; it takes their gradient from `carry` and leaves there what
 * goes round the cell. */
template <class T, int W>
__global__ void backward(backward_step<T> s, int64_t t, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W, at = b * H + j, length = s.lengths.of(b);
        const bool runs = t < length, first = t == s.lengths.first(length);
        float gate[4][W] = {}, before[W] = {}, above[W] = {}, c[W], dh[W], dc[W];
        float round[W] = {}, cell_round[W];
        if (runs) {
            for (int k = 0; k < 4; k++) load_pack<W>(gate[k], s.gates + (b * 4 + k) * H + j);
            if (s.before) load_floats<W>(before, s.before + at);
            if (s.dh) load_pack<W>(above, s.dh + b * s.sequence + j);
            load_floats<W>(c, s.c + at);
            load_floats<W>(dh, s.carry + at);
            load_floats<W>(dc, s.dc + at);
            for (int i = 0; i < W; i++) dh[i] += above[i];
            if (s.zoneout.on) part_gradient<W>(dh, round, s.zoneout, t * B * H + at);
            if (s.cell_zoneout.on)
                part_cell_gradient<W>(dc, cell_round, c, gate, before, s.cell_zoneout,
                                      t * B * H + at);
            cell_gradient<W>(gate, dc, before, c, dh);
            for (int i = 0; i < W; i++) dc[i] = s.cell_zoneout.on ? dc[i] + cell_round[i] : dc[i];
            store_floats<W>(s.dc + at, dc);
            store_floats<W>(s.carry + at, round);
        }
        for (int k = 0; k < 4; k++) {
            store_pack<W>(s.dz + (b * 4 + k) * H + j, gate[k]);
            if (runs && first) store_pack<W>(s.first + (b * 4 + k) * H + j, gate[k]);
        }
    }
}

/* The cell states before a step: `c` [T,B,H] has those after each, c0 the initial ones. */
const float *cells_before(const wl_recurrence &n, const wl_tensor &c, const wl_tensor &c0,
                          int64_t t)
{
    const int64_t before = wl_step_before(&n, t);
    if (before < 0 || before == n.T) return (const float *)c0.data;
    return (const float *)c.data + before * n.B * n.H;
}

} // namespace

wl_status wl_cuda_lstm_forward(wl_ctx *ctx, const wl_dims *d, const wl_lstm_forward_args *a)
{
    const wl_recurrence n = wl_lstm_forward_of(d, a);
    const int64_t states = n.B * n.H;
    wl_recurrence_space space;
    wl_recurrence_forward_carve(&space, ctx->workspace, ctx->backend, &n);
    float *z = (float *)wl_sums(&n, &space);
    wl_status status = begin_forward(ctx, &n, &space);
    const bool packed = in_packs(a->gates) && in_packs(a->c) && in_packs(a->b) && in_packs(a->c0) &&
                        steps_in_packs(&a->h);
    bool ran = false;
    if (!status) status = lstm_stationary_forward(ctx, n, a, space, &ran);
    for (int64_t s = 0; s < n.T && !status && !ran; s++) {
        const int64_t t = wl_step_at(&n, s);
        status = recurrent_product(ctx, &n, &space, wl_direct_gates(&n),
                                   { space.state, n.H, false }, 1, z + t * 4 * states, 4 * n.H);
        if (status) break;
        status = with_packs(a->x.dtype, packed, n.H, [&](auto how) {
            using A = decltype(how);
            using T = typename A::type;
            const forward_step<T> step = { z + t * 4 * states,
                                           (const float *)a->b.data,
                                           cells_before(n, a->c, a->c0, t),
                                           (float *)a->c.data + t * states,
                                           (T *)a->gates.data + t * 4 * states,
                                           (T *)a->h.data + t * wl_stride(&a->h, 0),
                                           wl_stride(&a->h, 1),
                                           (T *)space.state,
                                           lengths(&n),
                                           n.zoneout,
                                           n.cell_zoneout };
            return launch(ctx, forward<T, A::width>, blocks_for(states / A::width, THREADS),
                          THREADS, step, t, n.B, n.H);
        });
    }
    if (!status && wl_present(&a->hT))
        status =
            copy_or_clear(ctx, a->hT.data, space.state, size_t(states) * wl_dtype_size(a->x.dtype));
    if (status || !wl_present(&a->cT)) return status;
    return copy_or_clear(ctx, a->cT.data, cells_before(n, a->c, a->c0, wl_step_at(&n, n.T)),
                         size_t(states) * sizeof(float));
}

wl_status wl_cuda_lstm_backward(wl_ctx *ctx, const wl_dims *d, const wl_lstm_backward_args *a)
{
    const wl_recurrence n = wl_lstm_backward_of(d, a);
    const int64_t states = n.B * n.H;
    wl_recurrence_space space;
    wl_recurrence_backward_carve(&space, ctx->workspace, ctx->backend, &n);
    wl_status status = begin_backward(ctx, &n, &space, &a->dhT, &a->dcT);
    const bool packed =
        in_packs(a->gates) && in_packs(a->c) && in_packs(a->c0) && steps_in_packs(&a->dh);
    bool ran = false;
    if (!status) status = lstm_stationary_backward(ctx, n, a, space, &ran);
    for (int64_t s = n.T - 1; s >= 0 && !status && !ran; s--) {
        const int64_t t = wl_step_at(&n, s);
        status = with_packs(a->x.dtype, packed, n.H, [&](auto how) {
            using A = decltype(how);
            using T = typename A::type;
            const steps_of<const T> dh = steps<const T>(&a->dh);
            const backward_step<T> step = { (const T *)a->gates.data + t * 4 * states,
                                            cells_before(n, a->c, a->c0, t),
                                            (const float *)a->c.data + t * states,
                                            dh.data ? dh.data + t * dh.step : nullptr,
                                            dh.sequence,
                                            (T *)space.z + t * 4 * states,
                                            (T *)space.first,
                                            (float *)space.carry,
                                            (float *)space.dc,
                                            lengths(&n),
                                            n.zoneout,
                                            n.cell_zoneout };
            return launch(ctx, backward<T, A::width>, blocks_for(states / A::width, THREADS),
                          THREADS, step, t, n.B, n.H);
        });
        if (!status)
            status = product_back(ctx, &n, &space, wl_direct_gates(&n), t, 1, (float *)space.carry);
    }
    if (!status && wl_present(&a->dc0))
        status = copy_or_clear(ctx, a->dc0.data, space.dc, size_t(states) * sizeof(float));
    if (status) return status;
    return end_backward(ctx, &n, &space, &a->dh0, (float *)a->dw.data, (float *)a->dr.data, &a->db);
}
