/* The GRU that resets after the product as a cell of stationary_call.cuh.
 * Moves: forward 3 sums, 4 gates and h a unit and step; backward 4 gates, h before and dh, and two
 * times 3 gradients.
 * Bound by: what those say. */
#include "gru.cuh"
#include "stationary_call.cuh"

namespace
{

template <class T> struct gru_cell {
    using stored = T;
    static constexpr int gates = 3;
    const float *z; /* [T,B,3H], of rows so far apart */
    int64_t pitch;
    const float *bias, *bn; /* [3H], [H]; null: 0 */
    T *open;                /* [T,B,4H]: r, z, n, q */
    int B, H;

    struct loaded {
        float z[3], bn;
    };
    __device__ loaded load(const unit_at &at) const
    {
        loaded in;
        const float *from = z + at.row(B) * pitch + at.j;
#pragma unroll
        for (int k = 0; k < 3; k++) in.z[k] = from[k * H] + (bias ? bias[k * H + at.j] : 0.0f);
        in.bn = bn ? bn[at.j] : 0.0f;
        return in;
    }
    __device__ void put(const unit_at &at, const float (&gate)[4]) const
    {
        T *to = open + at.row(B) * 4 * H + at.j;
#pragma unroll
        for (int k = 0; k < 4; k++) from_float(&to[k * H], gate[k]);
    }
    __device__ float run(const unit_at &at, const loaded &in, const float (&sum)[3],
                         float before) const
    {
        const float r = sigmoid(in.z[0] + sum[0]), keep = sigmoid(in.z[1] + sum[1]);
        const float q = sum[2] + in.bn, n = tanhf(in.z[2] + r * q);
        const float gate[4] = { r, keep, n, q };
        put(at, gate);
        return (1 - keep) * n + keep * before;
    }
    __device__ void end(const unit_at &at, const loaded &) const
    {
        const float closed[4] = {};
        put(at, closed);
    }
};

template <class T> struct gru_gradient {
    using stored = T;
    static constexpr int gates = 3;
    const T *open; /* [T,B,4H]: r, z, n, q */
    const T *h0;   /* [B,H]; null: 0 */
    steps_of<const T> h, dh;
    T *dz, *dzr, *first; /* [T,B,3H] twice, and [B,3H] */
    lengths_of lengths;
    int B, H;

    struct loaded {
        float gate[4], before, dh;
    };
    __device__ bool begins(const unit_at &at) const
    {
        return at.t == lengths.first(lengths.of(at.b));
    }
    __device__ loaded load(const unit_at &at) const
    {
        loaded in;
        const T *from = open + at.row(B) * 4 * H + at.j;
        const bool inside = at.before >= 0 && !begins(at);
#pragma unroll
        for (int k = 0; k < 4; k++) in.gate[k] = to_float(from[k * H]);
        in.before = inside ? to_float(*h.at(at.before, at.b, at.j))
                    : h0   ? to_float(h0[int64_t(at.b) * H + at.j])
                           : 0.0f;
        in.dh = dh.data ? to_float(*dh.at(at.t, at.b, at.j)) : 0.0f;
        return in;
    }
    __device__ float run(const unit_at &at, const loaded &in, float through, float (&d)[3]) const
    {
        const float r = in.gate[0], keep = in.gate[1], n = in.gate[2], q = in.gate[3];
        const float at_h = through + in.dh, at_n = at_h * (1 - keep) * (1 - n * n);
        d[0] = at_n * q * r * (1 - r);
        d[1] = at_h * (in.before - n) * keep * (1 - keep);
        d[2] = at_n * r;
        const float at_inputs[3] = { d[0], d[1], at_n };
        put(dz + at.row(B) * 3 * H + at.j, at_inputs);
        put(dzr + at.row(B) * 3 * H + at.j, d);
        if (begins(at)) put(first + int64_t(at.b) * 3 * H + at.j, d);
        return at_h * keep;
    }
    __device__ void end(const unit_at &at) const
    {
        const float none[3] = {};
        put(dz + at.row(B) * 3 * H + at.j, none);
        put(dzr + at.row(B) * 3 * H + at.j, none);
    }
    __device__ void put(T *to, const float (&d)[3]) const
    {
#pragma unroll
        for (int k = 0; k < 3; k++) from_float(&to[k * H], d[k]);
    }
};

} // namespace

wl_status gru_stationary_forward(wl_ctx *ctx, const wl_recurrence &n, const wl_gru_forward_args *a,
                                 const wl_recurrence_space &space, bool *ran)
{
    return if_stationary(n, ran, [&](auto type) {
        using T = decltype(type);
        const gru_cell<T> cell = { (const float *)wl_sums(&n, &space),
                                   wl_sums_pitch(&n, &space),
                                   (const float *)a->b.data,
                                   (const float *)a->bn.data,
                                   (T *)a->gates.data,
                                   int(n.B),
                                   int(n.H) };
        return run_stationary_forward(ctx, n, space, cell, ran);
    });
}

wl_status gru_stationary_backward(wl_ctx *ctx, const wl_recurrence &n,
                                  const wl_gru_backward_args *a, const wl_recurrence_space &space,
                                  bool *ran)
{
    return if_stationary(n, ran, [&](auto type) {
        using T = decltype(type);
        const gru_gradient<T> cell = { (const T *)a->gates.data,
                                       (const T *)a->h0.data,
                                       steps<const T>(&a->h),
                                       steps<const T>(&a->dh),
                                       (T *)space.z,
                                       (T *)space.zr,
                                       (T *)space.first,
                                       lengths(&n),
                                       int(n.B),
                                       int(n.H) };
        return run_stationary_backward(ctx, n, space, cell, ran);
    });
}
