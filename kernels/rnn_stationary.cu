/* The RNN as a cell of stationary_call.cuh.
 * Moves: forward a sum and h a unit and step; backward h and dh, and a gradient.
 * Bound by: what those say. */
#include "rnn.cuh"
#include "stationary_call.cuh"

namespace
{

template <class T> struct rnn_cell {
    using stored = T;
    static constexpr int gates = 1;
    const float *z; /* [T,B,H], of rows so far apart */
    int64_t pitch;
    const float *bias; /* [H]; null: 0 */
    int B, H;
    bool relu;

    struct loaded {
        float z;
    };
    __device__ loaded load(const unit_at &at) const
    {
        return { z[at.row(B) * pitch + at.j] + (bias ? bias[at.j] : 0.0f) };
    }
    __device__ float run(const unit_at &, const loaded &in, const float (&sum)[1], float) const
    {
        const float x = in.z + sum[0];
        return !relu ? tanhf(x) : x < 0 ? 0 : x;
    }
    __device__ void end(const unit_at &, const loaded &) const {}
};

template <class T> struct rnn_gradient {
    using stored = T;
    static constexpr int gates = 1;
    steps_of<const T> h, dh;
    T *dz, *first; /* [T,B,H], and [B,H] */
    lengths_of lengths;
    int B, H;
    bool relu;

    struct loaded {
        float h, dh;
    };
    __device__ loaded load(const unit_at &at) const
    {
        return { to_float(*h.at(at.t, at.b, at.j)),
                 dh.data ? to_float(*dh.at(at.t, at.b, at.j)) : 0.0f };
    }
    __device__ float run(const unit_at &at, const loaded &in, float through, float (&d)[1]) const
    {
        d[0] = (through + in.dh) * (relu ? float(in.h > 0) : 1 - in.h * in.h);
        from_float(&dz[at.row(B) * H + at.j], d[0]);
        if (at.t == lengths.first(lengths.of(at.b)))
            from_float(&first[int64_t(at.b) * H + at.j], d[0]);
        return 0;
    }
    __device__ void end(const unit_at &at) const { from_float(&dz[at.row(B) * H + at.j], 0.0f); }
};

} // namespace

wl_status rnn_stationary_forward(wl_ctx *ctx, const wl_recurrence &n, const wl_rnn_forward_args *a,
                                 const wl_recurrence_space &space, bool *ran)
{
    return if_stationary(n, ran, [&](auto type) {
        const rnn_cell<decltype(type)> cell = { (const float *)wl_sums(&n, &space),
                                                wl_sums_pitch(&n, &space),
                                                (const float *)a->b.data,
                                                int(n.B),
                                                int(n.H),
                                                a->activation == WL_RNN_RELU };
        return run_stationary_forward(ctx, n, space, cell, ran);
    });
}

wl_status rnn_stationary_backward(wl_ctx *ctx, const wl_recurrence &n,
                                  const wl_rnn_backward_args *a, const wl_recurrence_space &space,
                                  bool *ran)
{
    return if_stationary(n, ran, [&](auto type) {
        using T = decltype(type);
        const rnn_gradient<T> cell = { steps<const T>(&a->h),
                                       steps<const T>(&a->dh),
                                       (T *)space.z,
                                       (T *)space.first,
                                       lengths(&n),
                                       int(n.B),
                                       int(n.H),
                                       a->activation == WL_RNN_RELU };
        return run_stationary_backward(ctx, n, space, cell, ran);
    });
}
