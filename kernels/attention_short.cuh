/* Backward of short sequences in 16 bits over dot products, where no side has more than a tile: see
 * attention_tiles.cuh. A cluster has a sequence, a block some features of all its rows, which it
 * reads once and whose gradients it writes. Blocks give each other their parts of the scores and of
 * the weights' gradients; each adds them up in the same order.
 * Moves: everything once. Bound by: memory. */
#ifndef WL_ATTENTION_SHORT_CUH
#define WL_ATTENTION_SHORT_CUH

#include "attention_tiles_backward.cuh"

namespace
{

using short_tiling = tiling<2, 4, 8, 32>;
constexpr int SHORT = short_tiling::own;     /* queries, and keys, at most */
constexpr int SHORT_BLOCKS = 8;              /* of a cluster, at most */
constexpr int SHORT_PITCH = SHORT + 8;       /* of weights on their way */
constexpr int SHORT_SUMS = 2 * 2 * 4 * WARP; /* float4: what a block has of all pairs */

/* What a call reads and writes. */
template <class T> struct short_call {
    steps_of<T> dq, dk, dv;
    steps_of<const T> q, k, v, y, dy;
    const float *lse;
    problem of;
    int blocks, features; /* of a cluster, of a block */
    bool packed;
};

/* Of n features, those of a block from `first` on. */
__device__ inline int features_from(int64_t n, int first, int most)
{
    return int(n - first < most ? n > first ? n - first : 0 : most);
}

/* Elements of rows of y, of which what a block's warps add up takes the place, then weights. */
__host__ __device__ inline int short_room(int rows)
{
    const int sums = 4 * short_tiling::threads * int(sizeof(float4)) / 2;
    return rows > sums ? rows : sums;
}

/* As bring_near_1, for all rows of a group. */
template <class T> __device__ inline float bring_group_near_1(wl::fragment_c (&c)[4])
{
    float most = 0, power = 1;
    if constexpr (exponents<T>::few) {
        for (int n = 0; n < 4; n++)
            for (int i = 0; i < 4; i++) most = fmaxf(most, fabsf(c[n].values[i]));
        for (int step = 1; step < WARP; step *= 2)
            most = fmaxf(most, __shfl_xor_sync(~0u, most, step));
        power = power_below(most);
        for (int n = 0; n < 4; n++)
            for (int i = 0; i < 4; i++) c[n].values[i] *= 1 / power;
    }
    return power;
}

/* da -= dy . y of the lane's two rows, from the product of the group's rows of both. */
__device__ inline void subtract_diagonal(wl::fragment_c (&da)[4],
                                         const wl::fragment_c (&product)[4])
{
    const int row = lane_index() / 4;
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const wl::fragment_c c = short_tiling::group() ? product[2 + half] : product[half];
        const float own = row % 2 ? c.values[half * 2 + 1] : c.values[half * 2];
        const float dot = __shfl_sync(~0u, own, row * 4 + row / 2);
#pragma unroll
        for (int n = 0; n < 4; n++)
            for (int j = 0; j < 2; j++) da[n].values[half * 2 + j] -= dot;
    }
}

/* Sums of a block become those of the cluster. `others`: what the other blocks send. */
__device__ inline void exchange(wl::fragment_c (&e)[4], wl::fragment_c (&da)[4], float4 *others,
                                wl::mbarrier *full, unsigned parity, int blocks)
{
    const int mine = int(wl::cluster_rank()), group = short_tiling::group() * 4;
#pragma unroll
    for (int n = 0; n < 4; n++) {
        if (n != short_tiling::part())
            continue; /* a warp sends a part of what all of a group have */
        const float *s = e[n].values, *g = da[n].values;
        const float4 score = make_float4(s[0], s[1], s[2], s[3]);
        const float4 slope = make_float4(g[0], g[1], g[2], g[3]);
#pragma unroll 1
        for (int peer = 0; peer < blocks; peer++) {
            if (peer == mine) continue;
            float4 *to =
                others + (mine - (mine > peer)) * SHORT_SUMS + (group + n) * WARP + lane_index();
            wl::store_async(to, score, full, unsigned(peer));
            wl::store_async(to + SHORT_SUMS / 2, slope, full, unsigned(peer));
        }
    }
    wl::mbarrier_wait(full, parity);
#pragma unroll
    for (int n = 0; n < 4; n++) {
        wl::fragment_c sum[2] = {};
#pragma unroll 1
        for (int rank = 0; rank < blocks; rank++) {
            const float4 *from =
                others + (rank - (rank > mine)) * SHORT_SUMS + (group + n) * WARP + lane_index();
            for (int i = 0; i < 2; i++) {
                const wl::fragment_c &own = i ? da[n] : e[n];
                const float4 x = rank == mine ? make_float4(own.values[0], own.values[1],
                                                            own.values[2], own.values[3])
                                              : from[i * (SHORT_SUMS / 2)];
                sum[i].values[0] += x.x;
                sum[i].values[1] += x.y;
                sum[i].values[2] += x.z;
                sum[i].values[3] += x.w;
            }
        }
        e[n] = sum[0];
        da[n] = sum[1];
    }
}

/* The group's 16 rows of weights as two matrices [SHORT,SHORT_PITCH], for products over queries. A
 * warp puts the columns of its part. */
template <class T> __device__ inline void put_weights(T *high, T *low, const wl::fragment_c (&c)[4])
{
#pragma unroll
    for (int n = 0; n < 4; n++) {
        if (n != short_tiling::part()) continue;
        for (int i = 0; i < 4; i++) {
            const wl::place p = wl::place_in_c(lane_index(), i);
            const int at = (short_tiling::group() * 16 + p.row) * SHORT_PITCH + n * 8 + p.column;
            from_float(high + at, c[n].values[i]);
            from_float(low + at, c[n].values[i] - to_float(high[at]));
        }
    }
}

/* to += of the group's 16 keys, weights by rows of queries. */
template <class T>
__device__ inline void add_by_queries(wl::fragment_c (&to)[8], const T *high, const T *low,
                                      const T *x, int pitch, int n, const float *powers)
{
    const wl::place from = wl::row_of_a_trans(lane_index());
#pragma unroll 1
    for (int k = 0; k < 2; k++) {
        const int at = (k * 16 + from.row) * SHORT_PITCH + short_tiling::group() * 16 + from.column;
        const float times[2] = { powers[k], powers[k] };
        halves<T> p;
        wl::ldmatrix_trans(p.high.words, high + at);
        wl::ldmatrix_trans(p.low.words, low + at);
        add_products<short_tiling, exponents<T>::few>(to, p, x + k * 16 * pitch, pitch, n, times);
    }
}

/* Scores and weights' gradients less dy . y become weights and gradients at scores. */
template <class T>
__device__ inline void weigh_short(wl::fragment_c (&a)[4], wl::fragment_c (&de)[4],
                                   const short_call<T> &c, int64_t b, int64_t length)
{
    const int row = short_tiling::group() * 16 + lane_index() / 4, column = lane_index() % 4 * 2;
    float lse[2] = {};
    for (int half = 0; half < 2; half++)
        if (row + half * 8 < c.of.T) lse[half] = c.lse[(row + half * 8) * c.of.B + b];
#pragma unroll
    for (int n = 0; n < 4; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const bool pair = row + i / 2 * 8 < c.of.T && n * 8 + column + i % 2 < length;
            float *weight = &a[n].values[i], *slope = &de[n].values[i];
            *weight = pair ? expf(c.of.scale * *weight - lse[i / 2]) : 0.0f;
            *slope = pair ? *weight * *slope * c.of.scale : 0.0f;
        }
}

/* A cluster of blocks, or one block, owns a sequence; a block so many features. */
template <class T>
__global__ void __launch_bounds__(short_tiling::threads, exponents<T>::few ? 1 : 2)
    backward_short(short_call<T> c)
{
    wl::await_earlier();
    using L = short_tiling;
    constexpr bool scaled = exponents<T>::few;
    WL_DYN_SHARED(T, shared);
    WL_SHARED(float, powers, [2][2]); /* of gradients, of weights; by groups of queries */
    WL_SHARED(wl::mbarrier, full, [1]);
    const problem &of = c.of;
    const int first = int(blockIdx.x) % c.blocks * c.features,
              room = SHORT * tile_pitch(c.features);
    const int h = features_from(of.H, first, c.features),
              d = features_from(of.D, first, c.features);
    const int x_pitch = tile_pitch(h), z_pitch = tile_pitch(d), own = L::group() * 16;
    const int x = L::first(h), z = L::first(d), T_rows = int(of.T);
    const int x_count = L::count(h), z_count = L::count(d);
    T *qs = shared, *dys = qs + room, *ks = dys + room, *vs = of.one ? ks : ks + room;
    T *ys = vs + room, *weights = ys;
    float4 *parts = reinterpret_cast<float4 *>(ys);
    float4 *others = reinterpret_cast<float4 *>(ys + short_room(room));
    unsigned parity = 0;
    if (c.blocks > 1 && threadIdx.x == 0) wl::mbarrier_init(full, 1);
    if (c.blocks > 1) wl::mbarrier_init_fence();
    for (int64_t b = blockIdx.x / c.blocks; b < of.B; b += gridDim.x / c.blocks, parity ^= 1) {
        const int length = int(of.length(b)), S = int(of.S);
        wl::fragment_c e[4], da[4], sum[8] = {};
        if (c.blocks > 1 && threadIdx.x == 0)
            wl::mbarrier_arrive_expect(full, unsigned((c.blocks - 1) * SHORT_SUMS) * 16);
        __syncthreads();
        load_rows<L::threads>(qs, c.q, 0, b, first, SHORT, T_rows, h, c.packed);
        load_rows<L::threads>(ks, c.k, 0, b, first, SHORT, length, h, c.packed);
        wl::commit_copies();
        load_rows<L::threads>(dys, c.dy, 0, b, first, SHORT, T_rows, d, c.packed);
        load_rows<L::threads>(ys, c.y, 0, b, first, SHORT, T_rows, d, c.packed);
        if (!of.one) load_rows<L::threads>(vs, c.v, 0, b, first, SHORT, length, d, c.packed);
        wl::commit_copies();
        if (c.blocks > 1) wl::cluster_sync();
        wl::wait_copies<1>();
        __syncthreads();
        multiply_rows<L>(e, qs, ks, h);
        wl::wait_copies<0>();
        __syncthreads();
        {
            wl::fragment_c dot[4];
            multiply_rows<L>(dot, dys, ys, d);
            multiply_rows<L>(da, dys, vs, d);
            subtract_diagonal(da, dot);
        }
        __syncthreads();
        add_up_parts<L>(e, parts);
        __syncthreads();
        add_up_parts<L>(da, parts);
        if (c.blocks > 1) exchange(e, da, others, full, parity, c.blocks);
        weigh_short(e, da, c, b, length);
        const float of_slopes = bring_group_near_1<T>(da), of_weights = bring_group_near_1<T>(e);
        if (lane_index() == 0 && L::part() == 0) {
            powers[0][L::group()] = of_slopes;
            powers[1][L::group()] = of_weights;
        }
        __syncthreads();
        put_weights(weights, weights + SHORT * SHORT_PITCH, da);
        put_weights(weights + 2 * SHORT * SHORT_PITCH, weights + 3 * SHORT * SHORT_PITCH, e);
        const float times[2] = { of_slopes, of_slopes }, as_it_is[2] = { 1, 1 };
        add_tile<L, scaled>(sum, da, ks + x, x_pitch, x_count, times);
        store_rows<L>(c.dq, sum, as_it_is, own, b, first + x, T_rows - own, x_count, c.packed);
        __syncthreads();
        for (int f = 0; f < 8; f++) sum[f] = wl::fragment_c();
        add_by_queries(sum, weights, weights + SHORT * SHORT_PITCH, qs + x, x_pitch, x_count,
                       powers[0]);
        if (!of.one) {
            clear_rows<8>(sum, length - own);
            store_rows<L>(c.dk, sum, as_it_is, own, b, first + x, S - own, x_count, c.packed);
            for (int f = 0; f < 8; f++) sum[f] = wl::fragment_c();
        }
        add_by_queries(sum, weights + 2 * SHORT * SHORT_PITCH, weights + 3 * SHORT * SHORT_PITCH,
                       dys + z, z_pitch, z_count, powers[1]);
        clear_rows<8>(sum, length - own);
        store_rows<L>(of.one ? c.dk : c.dv, sum, as_it_is, own, b, first + z, S - own, z_count,
                      c.packed);
    }
}

/* *ran: whether sequences are short enough, and the device has room. */
template <class T> wl_status backward_if_short(wl_ctx *ctx, short_call<T> c, bool *ran)
{
    const problem &of = c.of;
    const int64_t most = of.H > of.D ? of.H : of.D, width = short_tiling::width;
    *ran = false;
    if (of.T < 1 || of.T > SHORT || of.S < 1 || of.S > SHORT || of.B < 1) return WL_OK;
    if (most < 1 || most > SHORT_BLOCKS * width) return WL_OK;
    c.blocks = int((most + width - 1) / width);
    c.features = int((most + 64 * c.blocks - 1) / (64 * c.blocks) * 64);
    const int room = SHORT * tile_pitch(c.features);
    const size_t shared = size_t((of.one ? 3 : 4) * room + short_room(room)) * sizeof(T) +
                          size_t(c.blocks - 1) * SHORT_SUMS * sizeof(float4);
    const cluster_launch l(ctx, blocks_for(of.B, 1), unsigned(c.blocks), short_tiling::threads,
                           shared);
    *ran = clusters_at_once(ctx, backward_short<T>, l) > 0;
    return *ran ? launch(ctx, backward_short<T>, l, c) : WL_OK;
}

} // namespace

#endif
