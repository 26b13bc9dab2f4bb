/* Kernels of <wordloom/attention.h> for either kind of scores. A warp owns a row, of a query or of
 * a key; the eight rows of a block meet those of the other side, of the same sequence, eight at a
 * time in shared memory. A lane holds four features in every 128 of up to 512, and a block owns so
 * many of what it writes: where there are more, several blocks find the same scores.
 * Moves: a row of the other side once for every eight of this one, from L2; what is written once.
 * Bound by: shared memory and the warps' sums, a pair of rows each. Left to others
 * are forward of few queries (attention_few.cuh), and dot products of 16 bits (attention_tiles.cuh,
 * attention_short.cuh) on devices and of rows that suit these. */
#ifndef WL_ATTENTION_CUH
#define WL_ATTENTION_CUH

#include "attention_few.cuh"
#include "attention_rows.cuh"
#include "attention_short.cuh"
#include "attention_tiles_backward.cuh"
#include "attention_tiles_forward.cuh"
#include "sums.cuh"

namespace
{

/* ------------------------------------------------------------------ forward */

/* What a warp's query has seen: the greatest score, the sum of exp(e - most), and that of so
 * weighted values. */
struct seen {
    float most, sum;
    float y[HELD];

    __device__ void add(const float (&e)[ROWS], const tile &values, int count, int n)
    {
        float all = most;
        for (int r = 0; r < ROWS; r++)
            if (r < count) all = fmaxf(all, e[r]);
        const float share = expf(most - all);
        most = all;
        sum *= share;
        for (int i = 0; i < HELD; i++) y[i] *= share;
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            if (r < count) {
                const float p = expf(e[r] - most);
                sum += p;
                add_row(y, p, values[r], n);
            }
        }
    }
};

/* Scores that lane r has left in every eighth place become weights. */
__device__ inline void finish_weights(float *w, const seen &of, int64_t length, int64_t S)
{
    const float share = 1 / of.sum;
    for (int64_t s = lane_index(); s < S && lane_index() < ROWS; s += ROWS)
        w[s] = s < length ? expf(w[s] - of.most) * share : 0.0f;
}

/* A block owns eight queries of a sequence and a slice of their y. */
template <class SCORE, class T, int W>
__global__ void forward(steps_of<T> y, float *weights, float *lse, steps_of<const T> q,
                        steps_of<const T> k, steps_of<const T> v, problem of, int64_t d_slices)
{
    wl::await_earlier();
    WL_SHARED(float4, keys, [ROWS][WIDTH / 4]);
    WL_SHARED(float4, others, [ROWS][WIDTH / 4]);
    const int64_t tiles = (of.T + ROWS - 1) / ROWS;
    const bool at_once = of.one && of.H <= WIDTH;
    for (int64_t i = blockIdx.x; i < of.B * tiles * d_slices; i += gridDim.x) {
        const int64_t b = i / (tiles * d_slices), d = i % d_slices * WIDTH;
        const int64_t t = i / d_slices % tiles * ROWS + threadIdx.x / WARP, length = of.length(b);
        const int width = slice_of(of.D, d);
        const bool active = t < of.T;
        float *w = weights && d == 0 && active ? weights + (t * of.B + b) * of.S : nullptr;
        held_row<T, W> own(q);
        held_vector u(of.u);
        seen mine = { -INFINITY, 0, {} };
        for (int64_t s = 0; s < length; s += ROWS) {
            const int count = int(length - s < ROWS ? length - s : ROWS);
            float e[ROWS] = {};
            for (int64_t h = 0; h < of.H; h += WIDTH) {
                const int n = slice_of(of.H, h);
                __syncthreads();
                load_tile<W>(keys, k, s, b, h, count, n);
                __syncthreads();
                if (!active) continue;
                own.hold(t, b, h, n);
                if (SCORE::additive) u.hold(h, n);
                add_slice<SCORE>(e, own.v, keys, u.v, count, n);
            }
            if (!at_once) {
                __syncthreads();
                load_tile<W>(others, v, s, b, d, count, width);
                __syncthreads();
            }
            if (!active) continue;
#pragma unroll
            for (int r = 0; r < ROWS; r++) {
                e[r] *= of.scale;
                if (w && lane_index() == r && r < count) w[s + r] = e[r];
            }
            mine.add(e, at_once ? keys : others, count, width);
        }
        if (!active) continue;
        const float share = length > 0 ? 1 / mine.sum : 0.0f;
        for (int j = 0; j < HELD; j++) mine.y[j] *= share;
        store_held<W>(y.at(t, b, d), mine.y, width);
        if (w) finish_weights(w, mine, length, of.S);
        if (d == 0 && lane_index() == 0)
            lse[t * of.B + b] = length > 0 ? mine.most + logf(mine.sum) : 0.0f;
    }
}

template <class SCORE> wl_status launch_forward(wl_ctx *ctx, const wl_attention &n)
{
    const problem of = problem_of(n);
    const wl_tensor &v = n.v ? *n.v : *n.k;
    const bool packed = in_packs(*n.q) && in_packs(*n.k) && in_packs(v) && in_packs(*n.y) &&
                        n.H % int64_t(16 / wl_dtype_size(n.q->dtype)) == 0;
    const int64_t tiles = (n.T + ROWS - 1) / ROWS, d_slices = slices(n.D);
    if (n.T <= FEW && n.S <= INT32_MAX / 2) return launch_few<SCORE>(ctx, n, packed);
    if constexpr (!SCORE::additive) {
        bool ran = false;
        const bool whole = packed && n.D % 8 == 0;
        wl_status status = WL_OK;
        if (n.q->dtype == WL_F16) status = forward_in_tiles<__half>(ctx, n, whole, &ran);
        if (n.q->dtype == WL_BF16) status = forward_in_tiles<__nv_bfloat16>(ctx, n, whole, &ran);
        if (status || ran) return status;
    }
    return with_packs(n.q->dtype, packed, n.D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, forward<SCORE, T, A::width>, blocks_for(n.B * tiles * d_slices, 1),
                      THREADS, steps<T>(n.y), n.weights ? (float *)n.weights->data : nullptr,
                      (float *)n.lse->data, steps<const T>(n.q), steps<const T>(n.k),
                      steps<const T>(&v), of, d_slices);
    });
}

/* ------------------------------------------------------------------ backward */

/* Whose sum over a block is a row of parts [B,tiles,H]: each warp's is put in a row of the tile. */
__device__ inline void add_up(float *part, tile &room, const float (&du)[HELD], int n)
{
    __syncthreads();
    for (int g = 0; g < GROUPS; g++)
        room[threadIdx.x / WARP][g * WARP + lane_index()] =
            make_float4(du[4 * g], du[4 * g + 1], du[4 * g + 2], du[4 * g + 3]);
    __syncthreads();
    for (int h = int(threadIdx.x); h < n; h += THREADS) {
        float sum = 0;
        for (int r = 0; r < ROWS; r++) sum += reinterpret_cast<const float *>(room[r])[h];
        part[h] = sum;
    }
}

/* delta[t,b] = dy . y, summed as the weights' gradients are, so that one key leaves nothing. A warp
 * owns a query. */
template <class T, int W>
__global__ void sum_deltas(float *delta, steps_of<const T> dy, steps_of<const T> y, int64_t N,
                           int64_t B, int64_t D)
{
    wl::await_earlier();
    for (int64_t i = warp_index(); i < N; i += warp_count()) {
        float total = 0;
        for (int64_t d = 0; d < D; d += WIDTH) {
            const int n = slice_of(D, d);
            float g[HELD], v[HELD], sum = 0;
            load_held<W>(g, dy.at(i / B, i % B, d), n);
            load_held<W>(v, y.at(i / B, i % B, d), n);
#pragma unroll
            for (int j = 0; j < HELD; j++)
                if (j / 4 * GROUP < n) sum += g[j] * v[j];
            total += wl::warp_sum(sum);
        }
        if (lane_index() == 0) delta[i] = total;
    }
}

/* A block owns eight queries, or keys, of a sequence and a slice of their dx, which is dq or dk; of
 * keys also of dv. du_parts: null where it is not wanted. */
template <class SCORE, bool OF_KEYS, class T, int W>
__global__ void backward(steps_of<T> dx, steps_of<T> dv, float *du_parts, side<T> own,
                         side<T> other, const float *lse, const float *delta, problem of,
                         int64_t n_slices)
{
    wl::await_earlier();
    WL_SHARED(float4, xs, [ROWS][WIDTH / 4]);
    WL_SHARED(float4, zs, [ROWS][WIDTH / 4]);
    const int64_t rows = OF_KEYS ? of.S : of.T, tiles = (rows + ROWS - 1) / ROWS;
    const bool one_slice = of.H <= WIDTH && of.D <= WIDTH;
    for (int64_t i = blockIdx.x; i < of.B * tiles * n_slices; i += gridDim.x) {
        const int64_t b = i / (tiles * n_slices), first = i % n_slices * WIDTH;
        const int64_t at = i / n_slices % tiles * ROWS, mine = at + threadIdx.x / WARP;
        const int64_t length = of.length(b), end = OF_KEYS ? (at < length ? of.T : 0) : length;
        const int width = slice_of(of.H, first), value_width = slice_of(of.D, first);
        const bool active = mine < (OF_KEYS ? length : of.T);
        held_row<T, W> x(own.x), z(own.z);
        held_vector u(of.u);
        float sum[HELD] = {}, value_sum[HELD] = {}, du[HELD] = {};
        for (int64_t o = 0; o < end; o += ROWS) {
            const int count = int(end - o < ROWS ? end - o : ROWS);
            float e[ROWS] = {}, da[ROWS] = {};
            for (int64_t h = 0; h < of.H || h < of.D; h += WIDTH) {
                const int n = slice_of(of.H, h), m = slice_of(of.D, h);
                __syncthreads();
                load_tile<W>(xs, other.x, o, b, h, count, n);
                load_tile<W>(zs, other.z, o, b, h, count, m);
                __syncthreads();
                if (!active) continue;
                x.hold(mine, b, h, n);
                z.hold(mine, b, h, m);
                if (SCORE::additive) u.hold(h, n);
                add_slice<SCORE>(e, x.v, xs, u.v, count, n);
                add_slice<dot_score>(da, z.v, zs, u.v, count, m);
            }
            if (!one_slice) {
                __syncthreads();
                load_tile<W>(xs, other.x, o, b, first, count, width);
                load_tile<W>(zs, other.z, o, b, first, count, value_width);
                __syncthreads();
            }
            if (!active) continue;
            if (SCORE::additive) {
                x.hold(mine, b, first, width);
                u.hold(first, width);
            }
#pragma unroll
            for (int r = 0; r < ROWS; r++)
                if (r < count) {
                    const int64_t query = (OF_KEYS ? o + r : mine) * of.B + b;
                    const float a = expf(of.scale * e[r] - lse[query]);
                    const float de = a * (da[r] - delta[query]) * of.scale;
                    add_slopes<SCORE>(sum, du, de, x.v, xs[r], u.v, width);
                    if (OF_KEYS && of.one) add_row(sum, a, zs[r], value_width);
                    if (OF_KEYS && !of.one) add_row(value_sum, a, zs[r], value_width);
                }
        }
        if (du_parts) add_up(du_parts + (b * tiles + at / ROWS) * of.H + first, xs, du, width);
        if (mine >= rows) continue;
        store_held<W>(dx.at(mine, b, first), sum, width);
        if (OF_KEYS && !of.one) store_held<W>(dv.at(mine, b, first), value_sum, value_width);
    }
}

template <class SCORE> wl_status launch_backward(wl_ctx *ctx, const wl_attention &n)
{
    const problem of = problem_of(n);
    const wl_tensor &v = n.v ? *n.v : *n.k;
    const bool packed = in_packs(*n.q) && in_packs(*n.k) && in_packs(v) && in_packs(*n.y) &&
                        in_packs(*n.dy) && in_packs(*n.dq) && in_packs(*n.dk) &&
                        (!n.dv || in_packs(*n.dv)) &&
                        n.H % int64_t(16 / wl_dtype_size(n.q->dtype)) == 0;
    const int64_t query_tiles = (n.T + ROWS - 1) / ROWS, key_tiles = (n.S + ROWS - 1) / ROWS;
    const int64_t h_slices = slices(n.H), all = n.D > n.H ? slices(n.D) : h_slices;
    const float *lse = (const float *)n.lse->data;
    wl_attention_space space;
    wl_attention_carve(&space, ctx->workspace, ctx->backend, &n);
    float *delta = (float *)space.delta, *du = (float *)space.du;
    const wl_status status = with_packs(n.q->dtype, packed, n.D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const side<T> queries = { steps<const T>(n.q), steps<const T>(n.dy) };
        const side<T> keys = { steps<const T>(n.k), steps<const T>(&v) };
        if constexpr (!SCORE::additive && sizeof(T) == 2) {
            const gradient_of_side<T> of_queries = { steps<T>(n.dq),
                                                     steps<T>(nullptr),
                                                     queries,
                                                     keys,
                                                     steps<const T>(n.y),
                                                     lse,
                                                     delta,
                                                     of };
            const gradient_of_side<T> of_keys = {
                steps<T>(n.dk), steps<T>(n.dv), keys, queries, steps<const T>(n.y), lse, delta, of
            };
            const short_call<T> at_once = { steps<T>(n.dq),
                                            steps<T>(n.dk),
                                            steps<T>(n.dv),
                                            queries.x,
                                            keys.x,
                                            keys.z,
                                            steps<const T>(n.y),
                                            queries.z,
                                            lse,
                                            of,
                                            0,
                                            0,
                                            A::width > 1 };
            bool ran = false;
            wl_status s = backward_if_short(ctx, at_once, &ran);
            if (!s && !ran) s = backward_in_tiles(ctx, of_queries, of_keys, A::width > 1, &ran);
            if (s || ran) return s;
        }
        wl_status done =
            launch(ctx, sum_deltas<T, A::width>, blocks_for(n.T * n.B, WARPS), THREADS, delta,
                   steps<const T>(n.dy), steps<const T>(n.y), n.T * n.B, n.B, n.D);
        if (!done)
            done = launch(ctx, backward<SCORE, false, T, A::width>,
                          blocks_for(n.B * query_tiles * h_slices, 1), THREADS, steps<T>(n.dq),
                          steps<T>(nullptr), du, queries, keys, lse, delta, of, h_slices);
        return done ? done
                    : launch(ctx, backward<SCORE, true, T, A::width>,
                             blocks_for(n.B * key_tiles * all, 1), THREADS, steps<T>(n.dk),
                             steps<T>(n.dv), nullptr, keys, queries, lse, delta, of, all);
    });
    if (status || !n.du) return status;
    return add_parts(ctx, (float *)n.du->data, du, space.parts, n.H);
}

} // namespace

#endif
