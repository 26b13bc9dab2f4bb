/* The LSTM as a cell of stationary_call.cuh.
 * Moves: forward 4 sums, c before, 4 gates, c and h a unit and step; backward 4 gates, c, c before,
 * dh and dc, and 4 gradients.
 * Bound by: what those say. */
#include "lstm.cuh"
#include "stationary_call.cuh"

namespace
{

/* The cell state before a step. */
__device__ inline float cell_before(const float *c, const float *c0, const unit_at &at, int B,
                                    int H)
{
    if (at.before >= 0) return c[(at.before * B + at.b) * H + at.j];
    return c0 ? c0[int64_t(at.b) * H + at.j] : 0.0f;
}

template <class T> struct lstm_cell {
    using stored = T;
    static constexpr int gates = 4;
    const float *z;    /* [T,B,4H] */
    const float *bias; /* [4H]; null: 0 */
    const float *c0;   /* [B,H]; null: 0 */
    float *c;          /* [T,B,H] */
    T *open;           /* [T,B,4H]: the gates */
    int B, H;

    struct loaded {
        float z[4], c;
    };
    __device__ loaded load(const unit_at &at) const
    {
        loaded in;
        const float *from = z + at.row(B) * 4 * H + at.j;
#pragma unroll
        for (int k = 0; k < 4; k++) in.z[k] = from[k * H] + (bias ? bias[k * H + at.j] : 0.0f);
        in.c = cell_before(c, c0, at, B, H);
        return in;
    }
    __device__ void put(const unit_at &at, const float (&gate)[4], float state) const
    {
        T *to = open + at.row(B) * 4 * H + at.j;
#pragma unroll
        for (int k = 0; k < 4; k++) from_float(&to[k * H], gate[k]);
        c[at.row(B) * H + at.j] = state;
    }
    __device__ float run(const unit_at &at, const loaded &in, const float (&sum)[4], float) const
    {
        float gate[4];
#pragma unroll
        for (int k = 0; k < 4; k++)
            gate[k] = k == 2 ? tanhf(in.z[k] + sum[k]) : sigmoid(in.z[k] + sum[k]);
        const float state = gate[1] * in.c + gate[0] * gate[2];
        put(at, gate, state);
        return gate[3] * tanhf(state);
    }
    __device__ void end(const unit_at &at, const loaded &in) const
    {
        const float closed[4] = {};
        put(at, closed, in.c);
    }
};

template <class T> struct lstm_gradient {
    using stored = T;
    static constexpr int gates = 4;
    const T *open;   /* [T,B,4H]: the gates */
    const float *c0; /* [B,H]; null: 0 */
    const float *c;  /* [T,B,H] */
    steps_of<const T> dh;
    T *dz, *first; /* [T,B,4H], and [B,4H] */
    float *dc;     /* [B,H] */
    lengths_of lengths;
    int B, H;

    struct loaded {
        float gate[4], before, c, dh, dc;
    };
    __device__ loaded load(const unit_at &at) const
    {
        loaded in;
        const T *from = open + at.row(B) * 4 * H + at.j;
#pragma unroll
        for (int k = 0; k < 4; k++) in.gate[k] = to_float(from[k * H]);
        in.before = cell_before(c, c0, at, B, H);
        in.c = c[at.row(B) * H + at.j];
        in.dh = dh.data ? to_float(*dh.at(at.t, at.b, at.j)) : 0.0f;
        in.dc = dc[int64_t(at.b) * H + at.j];
        return in;
    }
    __device__ float run(const unit_at &at, const loaded &in, float through, float (&d)[4]) const
    {
        const float before[1] = { in.before }, state[1] = { in.c }, above[1] = { through + in.dh };
        float gate[4][1] = { { in.gate[0] }, { in.gate[1] }, { in.gate[2] }, { in.gate[3] } };
        float left[1] = { in.dc };
        cell_gradient<1>(gate, left, before, state, above);
        dc[int64_t(at.b) * H + at.j] = left[0];
        const bool begins = at.t == lengths.first(lengths.of(at.b));
        T *to = dz + at.row(B) * 4 * H + at.j, *to_first = first + int64_t(at.b) * 4 * H + at.j;
#pragma unroll
        for (int k = 0; k < 4; k++) {
            d[k] = gate[k][0];
            from_float(&to[k * H], d[k]);
            if (begins) from_float(&to_first[k * H], d[k]);
        }
        return 0;
    }
    __device__ void end(const unit_at &at) const
    {
        T *to = dz + at.row(B) * 4 * H + at.j;
#pragma unroll
        for (int k = 0; k < 4; k++) from_float(&to[k * H], 0.0f);
    }
};

} // namespace

wl_status lstm_stationary_forward(wl_ctx *ctx, const wl_recurrence &n,
                                  const wl_lstm_forward_args *a, const wl_recurrence_space &space,
                                  bool *ran)
{
    return if_stationary(n, ran, [&](auto type) {
        using T = decltype(type);
        const lstm_cell<T> cell = { (const float *)wl_sums(&n, &space),
                                    (const float *)a->b.data,
                                    (const float *)a->c0.data,
                                    (float *)a->c.data,
                                    (T *)a->gates.data,
                                    int(n.B),
                                    int(n.H) };
        return run_stationary_forward(ctx, n, space, cell, ran);
    });
}

wl_status lstm_stationary_backward(wl_ctx *ctx, const wl_recurrence &n,
                                   const wl_lstm_backward_args *a, const wl_recurrence_space &space,
                                   bool *ran)
{
    return if_stationary(n, ran, [&](auto type) {
        using T = decltype(type);
        const lstm_gradient<T> cell = { (const T *)a->gates.data,
                                        (const float *)a->c0.data,
                                        (const float *)a->c.data,
                                        steps<const T>(&a->dh),
                                        (T *)space.z,
                                        (T *)space.first,
                                        (float *)space.dc,
                                        lengths(&n),
                                        int(n.B),
                                        int(n.H) };
        return run_stationary_backward(ctx, n, space, cell, ran);
    });
}
