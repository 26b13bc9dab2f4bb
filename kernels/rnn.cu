/* Kernels of <wordloom/rnn.h>, the general path: one product for all steps' inputs; then, for each
 * step, the recurrent product and a kernel that is the activation. Backward likewise, and the
 * weights' gradients in one product after the last step. Where the weights fit on chip, the steps
 * are one kernel: rnn_stationary.cu.
 * Moves: forward a sum and h a unit and step.
 * Bound by: the steps' latency; the weights, which each step's product reads anew. */
#include "rnn.cuh"

namespace
{

/* What a step reads and writes; [B,H] unless said otherwise. */
template <class T> struct forward_step {
    const float *z; /* `pitch` apart */
    int64_t pitch;
    const float *bias; /* [H]; null: 0 */
    T *h;              /* `sequence` apart */
    int64_t sequence;
    T *state;
    lengths_of lengths;
    bool relu;
    wl_zoneout zoneout;
};

/* A thread owns W units of a sequence. One that has ended has h 0, and its state holds. */
template <class T, int W>
__global__ void forward(forward_step<T> s, int64_t t, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W;
        const bool runs = t < s.lengths.of(b);
        float h[W] = {};
        if (runs) {
            load_gate<W>(h, s.z + b * s.pitch + j, s.bias ? s.bias + j : nullptr);
            for (int i = 0; i < W; i++) h[i] = !s.relu ? tanhf(h[i]) : h[i] < 0 ? 0 : h[i];
            if (s.zoneout.on) hold_some<W>(h, s.state + b * H + j, s.zoneout, (t * B + b) * H + j);
            store_pack<W>(s.state + b * H + j, h);
        }
        store_pack<W>(s.h + b * s.sequence + j, h);
    }
}

template <class T> struct backward_step {
    const T *h; /* `sequence` apart */
    int64_t sequence;
    const T *dh; /* `dh_sequence` apart; null: 0 */
    int64_t dh_sequence;
    T *dz, *first;
    float *carry;
    lengths_of lengths;
    bool relu;
    wl_zoneout zoneout;
};

/* A thread owns W units of a sequence; it takes their gradient from `carry` and leaves there what
 * goes round the cell. */
template <class T, int W>
__global__ void backward(backward_step<T> s, int64_t t, int64_t B, int64_t H)
{
    wl::await_earlier();
    const int64_t packs = H / W, stride = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < B * packs; n += stride) {
        const int64_t b = n / packs, j = n % packs * W, at = b * H + j, length = s.lengths.of(b);
        float dz[W] = {}, round[W] = {}, above[W] = {}, h[W], dh[W];
        if (t < length) {
            if (s.dh) load_pack<W>(above, s.dh + b * s.dh_sequence + j);
            load_pack<W>(h, s.h + b * s.sequence + j);
            load_floats<W>(dh, s.carry + at);
            for (int i = 0; i < W; i++) dh[i] += above[i];
            if (s.zoneout.on) part_gradient<W>(dh, round, s.zoneout, t * B * H + at);
            for (int i = 0; i < W; i++)
                dz[i] = dh[i] * (s.relu ? float(h[i] > 0) : 1 - h[i] * h[i]);
            store_floats<W>(s.carry + at, round);
        }
        store_pack<W>(s.dz + at, dz);
        if (t < length && t == s.lengths.first(length)) store_pack<W>(s.first + at, dz);
    }
}

} // namespace

wl_status wl_cuda_rnn_forward(wl_ctx *ctx, const wl_dims *d, const wl_rnn_forward_args *a)
{
    const wl_recurrence n = wl_rnn_forward_of(d, a);
    const int64_t states = n.B * n.H;
    wl_recurrence_space space;
    wl_recurrence_forward_carve(&space, ctx->workspace, ctx->backend, &n);
    float *z = (float *)wl_sums(&n, &space);
    const int64_t pitch = wl_sums_pitch(&n, &space);
    wl_status status = begin_forward(ctx, &n, &space);
    const bool packed = in_packs(a->b) && steps_in_packs(&a->h);
    bool ran = false;
    if (!status) status = rnn_stationary_forward(ctx, n, a, space, &ran);
    for (int64_t s = 0; s < n.T && !status && !ran; s++) {
        const int64_t t = wl_step_at(&n, s);
        float *zt = z + t * n.B * pitch;
        status = recurrent_product(ctx, &n, &space, wl_direct_gates(&n),
                                   { space.state, n.H, false }, 1, zt, pitch);
        if (status) break;
        status = with_packs(a->x.dtype, packed, n.H, [&](auto how) {
            using A = decltype(how);
            using T = typename A::type;
            const forward_step<T> step = { zt,
                                           pitch,
                                           (const float *)a->b.data,
                                           (T *)a->h.data + t * wl_stride(&a->h, 0),
                                           wl_stride(&a->h, 1),
                                           (T *)space.state,
                                           lengths(&n),
                                           a->activation == WL_RNN_RELU,
                                           n.zoneout };
            return launch(ctx, forward<T, A::width>, blocks_for(states / A::width, THREADS),
                          THREADS, step, t, n.B, n.H);
        });
    }
    if (status || !wl_present(&a->hT)) return status;
    return copy_or_clear(ctx, a->hT.data, space.state, size_t(states) * wl_dtype_size(a->x.dtype));
}

wl_status wl_cuda_rnn_backward(wl_ctx *ctx, const wl_dims *d, const wl_rnn_backward_args *a)
{
    const wl_recurrence n = wl_rnn_backward_of(d, a);
    const int64_t states = n.B * n.H;
    wl_recurrence_space space;
    wl_recurrence_backward_carve(&space, ctx->workspace, ctx->backend, &n);
    wl_status status = begin_backward(ctx, &n, &space, &a->dhT, nullptr);
    const bool packed = steps_in_packs(&a->h) && steps_in_packs(&a->dh);
    bool ran = false;
    if (!status) status = rnn_stationary_backward(ctx, n, a, space, &ran);
    for (int64_t s = n.T - 1; s >= 0 && !status && !ran; s--) {
        const int64_t t = wl_step_at(&n, s);
        status = with_packs(a->x.dtype, packed, n.H, [&](auto how) {
            using A = decltype(how);
            using T = typename A::type;
            const steps_of<const T> h = steps<const T>(&a->h), dh = steps<const T>(&a->dh);
            const backward_step<T> step = { h.data + t * h.step,
                                            h.sequence,
                                            dh.data ? dh.data + t * dh.step : nullptr,
                                            dh.sequence,
                                            (T *)space.z + t * states,
                                            (T *)space.first,
                                            (float *)space.carry,
                                            lengths(&n),
                                            a->activation == WL_RNN_RELU,
                                            n.zoneout };
            return launch(ctx, backward<T, A::width>, blocks_for(states / A::width, THREADS),
                          THREADS, step, t, n.B, n.H);
        });
        if (!status)
            status = product_back(ctx, &n, &space, wl_direct_gates(&n), t, 1, (float *)space.carry);
    }
    if (status) return status;
    return end_backward(ctx, &n, &space, &a->dh0, (float *)a->dw.data, (float *)a->dr.data, &a->db);
}
