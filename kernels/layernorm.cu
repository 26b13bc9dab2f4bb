/* Kernels of <wordloom/layernorm.h>: a team, which is a warp where a row has at most 1,024
 * features and else a block, owns a row. A warp holds it in registers; a block reads it again for
 * each of its sums, from cache.
 * Moves: forward x once and y once; backward dy and x twice (the second time from L2, where they
 * fit) and dx once.
 * Bound by: memory. */
#include "../host/ops/layernorm.h"
#include "device.cuh"
#include "sums.cuh"

namespace
{

constexpr int HELD = 32;              /* features that a lane holds, at most */
constexpr int HELD_ROW = HELD * WARP; /* and a warp */

template <int TEAM> __device__ inline int64_t team_index()
{
    return TEAM == WARP ? warp_index() : int64_t(blockIdx.x);
}
template <int TEAM> __device__ inline int64_t team_count()
{
    return TEAM == WARP ? warp_count() : int64_t(gridDim.x);
}

/* The sum over the threads of a team, known to all of them. */
template <int TEAM> __device__ inline float team_sum(float v)
{
    v = wl::warp_sum(v);
    if constexpr (TEAM == WARP) return v;
    WL_SHARED(float, sums, [WARPS]);
    float total = 0;
    if (lane_index() == 0) sums[threadIdx.x / WARP] = v;
    __syncthreads();
    for (int w = 0; w < WARPS; w++) total += sums[w];
    __syncthreads();
    return total;
}

/* Calls f(d, v) for each pack of a row that is the thread's, d being its first feature. `row` has
 * load(v, d), which yields a pack: called once where the team is a warp, else each time. */
template <class R, int W, int TEAM> struct share {
    static constexpr int PACKS = TEAM == WARP ? HELD / W : 1;
    using pack = typename R::pack;
    R row;
    int64_t D;
    pack held[PACKS];

    __device__ share(const R &of, int64_t features) : row(of), D(features)
    {
        if constexpr (TEAM == WARP)
#pragma unroll
            for (int p = 0; p < PACKS; p++)
                if (first(p) < D) row.load(held[p], first(p));
    }
    __device__ static int64_t first(int64_t p)
    {
        return (p * TEAM + int64_t(threadIdx.x) % TEAM) * W;
    }
    template <class F> __device__ void each(F f)
    {
        if constexpr (TEAM == WARP) {
#pragma unroll
            for (int p = 0; p < PACKS; p++)
                if (first(p) < D) f(first(p), held[p]);
        } else
            for (int64_t p = 0; first(p) < D; p++) {
                row.load(held[0], first(p));
                f(first(p), held[0]);
            }
    }
};

/* ------------------------------------------------------------------ forward */

template <int W> struct values {
    float v[W];
};

template <class T, int W> struct row_of_x {
    using pack = values<W>;
    const T *x;
    __device__ void load(pack &to, int64_t d) const { load_pack<W>(to.v, x + d); }
};

/* A team owns a row. */
template <class T, int W, int TEAM>
__global__ void forward(rows_of<T> y, rows_of<const T> x, const float *weight, const float *bias,
                        float *means, float *rstds, float eps, int64_t N, int64_t D)
{
    wl::await_earlier();
    const float features = float(D > 0 ? D : 1);
    for (int64_t n = team_index<TEAM>(); n < N; n += team_count<TEAM>()) {
        share<row_of_x<T, W>, W, TEAM> mine({ x.at(n, 0) }, D);
        float sum = 0, squares = 0;
        mine.each([&](int64_t, const values<W> &p) {
            for (int j = 0; j < W; j++) sum += p.v[j];
        });
        const float mean = team_sum<TEAM>(sum) / features;
        mine.each([&](int64_t, const values<W> &p) {
            for (int j = 0; j < W; j++) squares += (p.v[j] - mean) * (p.v[j] - mean);
        });
        const float rstd = 1 / sqrtf(team_sum<TEAM>(squares) / features + eps);
        mine.each([&](int64_t d, const values<W> &p) {
            float v[W], w[W], b[W] = {};
            for (int j = 0; j < W; j++) v[j] = (p.v[j] - mean) * rstd, w[j] = 1;
            if (weight) load_floats<W>(w, weight + d);
            if (bias) load_floats<W>(b, bias + d);
            for (int j = 0; j < W; j++) v[j] = v[j] * w[j] + b[j];
            store_pack<W>(y.at(n, d), v);
        });
        if (threadIdx.x % TEAM > 0) continue;
        means[n] = mean;
        rstds[n] = rstd;
    }
}

/* ------------------------------------------------------------------ backward */

template <int W> struct gradients {
    float g[W], z[W];
};

template <class T, int W> struct row_of_gradients {
    using pack = gradients<W>;
    const T *dy, *x;
    const float *weight;
    float mean, rstd;
    /* g is rounded before anything is taken from it: of one feature nothing is to be left */
    __device__ void load(pack &to, int64_t d) const
    {
        float w[W];
        load_pack<W>(to.g, dy + d);
        load_pack<W>(to.z, x + d);
        for (int j = 0; j < W; j++) to.z[j] = (to.z[j] - mean) * rstd;
        if (!weight) return;
        load_floats<W>(w, weight + d);
        for (int j = 0; j < W; j++) to.g[j] = __fmul_rn(to.g[j], w[j]);
    }
};

/* A team owns a row, whose dx may lie in the place of its dy. */
template <class T, int W, int TEAM>
__global__ void backward(rows_of<T> dx, rows_of<const T> dy, rows_of<const T> x,
                         const float *weight, const float *means, const float *rstds, int64_t N,
                         int64_t D)
{
    wl::await_earlier();
    for (int64_t n = team_index<TEAM>(); n < N; n += team_count<TEAM>()) {
        const float rstd = rstds[n];
        share<row_of_gradients<T, W>, W, TEAM> mine(
            { dy.at(n, 0), x.at(n, 0), weight, means[n], rstd }, D);
        float sum = 0, product = 0;
        mine.each([&](int64_t, const gradients<W> &p) {
            for (int j = 0; j < W; j++) sum += p.g[j], product += p.g[j] * p.z[j];
        });
        sum = team_sum<TEAM>(sum) / float(D);
        product = team_sum<TEAM>(product) / float(D);
        mine.each([&](int64_t d, const gradients<W> &p) {
            float v[W];
            for (int j = 0; j < W; j++) v[j] = rstd * (p.g[j] - sum - p.z[j] * product);
            store_pack<W>(dx.at(n, d), v);
        });
    }
}

/* A block owns 32 columns of a part's rows: its warps take every 8th row, its lanes a column each.
 * weight[part,d] = the sum of dy z, and bias[part,d] that of dy; null: not wanted. */
template <class T>
__global__ void sum_parts(float *weight, float *bias, rows_of<const T> dy, rows_of<const T> x,
                          const float *means, const float *rstds, int64_t N, int64_t D,
                          int64_t rows, int64_t parts)
{
    wl::await_earlier();
    WL_SHARED(float2, sums, [WARPS][WARP]);
    const int64_t tiles = (D + WARP - 1) / WARP;
    const int warp = int(threadIdx.x) / WARP;
    for (int64_t i = blockIdx.x; i < tiles * parts; i += gridDim.x) {
        const int64_t part = i / tiles, d = i % tiles * WARP + lane_index();
        const int64_t end = part * rows + rows < N ? part * rows + rows : N;
        float2 sum = { 0, 0 };
        for (int64_t n = part * rows + warp; n < end && d < D; n += WARPS) {
            const float g = to_float(*dy.at(n, d));
            if (weight) sum.x += g * ((to_float(*x.at(n, d)) - means[n]) * rstds[n]);
            sum.y += g;
        }
        sums[warp][lane_index()] = sum;
        __syncthreads();
        if (warp == 0 && d < D) {
            for (int w = 1; w < WARPS; w++) {
                sum.x += sums[w][lane_index()].x;
                sum.y += sums[w][lane_index()].y;
            }
            if (weight) weight[part * D + d] = sum.x;
            if (bias) bias[part * D + d] = sum.y;
        }
        __syncthreads();
    }
}

/* dweight and dbias, by way of parts in the workspace */
wl_status add_column_sums(wl_ctx *ctx, const wl_dims *d, const wl_layernorm_backward_args *a)
{
    const int64_t rows_each = wl_norm_rows(d->N), parts = wl_norm_parts(d->N);
    const int64_t tiles = (d->D + WARP - 1) / WARP;
    const bool has_weight = wl_present(&a->dweight), has_bias = wl_present(&a->dbias);
    float *weight = (float *)(void *)ctx->workspace;
    float *bias = weight + (has_weight ? wl_part(parts * d->D, sizeof *bias) / sizeof *bias : 0);
    if (!has_weight) weight = nullptr;
    if (!has_bias) bias = nullptr;
    if (!weight && !bias) return WL_OK;
    wl_status status = with_packs(a->dy.dtype, false, 0, [&](auto how) {
        using T = typename decltype(how)::type;
        return launch(ctx, sum_parts<T>, blocks_for(tiles * parts, 1), THREADS, weight, bias,
                      rows<const T>(a->dy), rows<const T>(a->x), (const float *)a->mean.data,
                      (const float *)a->rstd.data, d->N, d->D, rows_each, parts);
    });
    if (!status && weight) status = add_parts(ctx, (float *)a->dweight.data, weight, parts, d->D);
    if (!status && bias) status = add_parts(ctx, (float *)a->dbias.data, bias, parts, d->D);
    return status;
}

} // namespace

wl_status wl_cuda_layernorm_forward(wl_ctx *ctx, const wl_dims *d,
                                    const wl_layernorm_forward_args *a)
{
    const bool packed =
        in_packs(a->x) && in_packs(a->y) && in_packs(a->weight) && in_packs(a->bias);
    return with_packs(a->x.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const bool short_row = d->D <= HELD_ROW;
        return launch(ctx, short_row ? forward<T, A::width, WARP> : forward<T, A::width, THREADS>,
                      blocks_for(d->N, short_row ? WARPS : 1), THREADS, rows<T>(a->y),
                      rows<const T>(a->x), (const float *)a->weight.data,
                      (const float *)a->bias.data, (float *)a->mean.data, (float *)a->rstd.data,
                      float(a->eps), d->N, d->D);
    });
}

wl_status wl_cuda_layernorm_backward(wl_ctx *ctx, const wl_dims *d,
                                     const wl_layernorm_backward_args *a)
{
    const bool packed = in_packs(a->dy) && in_packs(a->x) && in_packs(a->dx) && in_packs(a->weight);
    const wl_status status = add_column_sums(ctx, d, a); /* first: dx may be dy */
    if (status || d->D == 0) return status;
    return with_packs(a->dy.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const bool short_row = d->D <= HELD_ROW;
        return launch(ctx, short_row ? backward<T, A::width, WARP> : backward<T, A::width, THREADS>,
                      blocks_for(d->N, short_row ? WARPS : 1), THREADS, rows<T>(a->dx),
                      rows<const T>(a->dy), rows<const T>(a->x), (const float *)a->weight.data,
                      (const float *)a->mean.data, (const float *)a->rstd.data, d->N, d->D);
    });
}
