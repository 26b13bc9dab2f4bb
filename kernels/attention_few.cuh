/* Forward of few queries, for either kind of scores. A cluster has a query of a sequence and a
 * slice of its y; its blocks share the keys, their warps take a few rows at a time, straight from
 * memory, and keep what they have seen. The parts are merged in their order, first of the warps,
 * then of the blocks, each of which has a part of the features.
 * Moves: k and v once a query, k alone where it is v too. Bound by: memory; latency where
 * sequences are few and short. */
#ifndef WL_ATTENTION_FEW_CUH
#define WL_ATTENTION_FEW_CUH

#include "attention_rows.cuh"
#include "cluster.cuh"

namespace
{

constexpr int FEW = 4;          /* queries of a sequence, at most */
constexpr int FEW_BLOCKS = 256; /* with fewer, keys are split over more */
constexpr int FEW_SPLIT = 8;    /* blocks of a cluster, at most */

/* A lane has P features of a slice, in packs of W, a warp's side by side. */
template <int W, int P> struct few {
    static constexpr int packs = P / W, width = P * WARP;
    static constexpr int rows = 32 / P; /* of a warp at a time */
};

/* What was seen of some keys: the greatest score, and the sum of exp(e - most). */
struct weighed {
    float most, sum;

    /* what a part counts beside a greater score; nothing, where it has no keys */
    __device__ float share(float all) const { return most == -INFINITY ? 0.0f : expf(most - all); }
};

/* Of `count` parts, in their order; a stride apart. */
template <class PART> __device__ inline weighed merge(const PART *parts, int count)
{
    weighed all = { -INFINITY, 0 };
    for (int i = 0; i < count; i++) all.most = fmaxf(all.most, parts[i].x);
    for (int i = 0; i < count; i++)
        all.sum += weighed{ parts[i].x, parts[i].y }.share(all.most) * parts[i].y;
    return all;
}

/* What lanes' packs of a row, from the feature `at` on, add to the score with a query. */
template <class SCORE, int W, class T>
__device__ inline float score_pack(const float (&q)[W], const float (&u)[W], const pack<T, W> &k)
{
    float sum = 0;
#pragma unroll
    for (int j = 0; j < W; j++) sum += SCORE::of(q[j], to_float(k.v[j]), u[j]);
    return sum;
}

/* Up to R rows of a sequence, by the lane's packs, from the step s on. */
template <class T, int W, int P> struct few_rows {
    using lot = few<W, P>;
    pack<T, W> row[lot::rows][lot::packs];

    __device__ static int place(int g) { return (g * WARP + lane_index()) * W; }

    __device__ void load(const steps_of<const T> &from, int s, int64_t b, int64_t first, int count,
                         int n)
    {
#pragma unroll
        for (int r = 0; r < lot::rows; r++)
#pragma unroll
            for (int g = 0; g < lot::packs; g++) {
                row[r][g] = pack<T, W>();
                if (r < count && place(g) < n)
                    row[r][g] =
                        *reinterpret_cast<const pack<T, W> *>(from.at(s + r, b, first + place(g)));
            }
    }

    /* e[r] += the lane's part of the dot products with keys that are held */
    __device__ void score(float (&e)[lot::rows], const T *q, int n) const
    {
#pragma unroll
        for (int g = 0; g < lot::packs; g++) {
            if (place(g) >= n) continue;
            const float none[W] = {};
            float own[W];
            load_pack<W>(own, q + place(g));
#pragma unroll
            for (int r = 0; r < lot::rows; r++)
                e[r] += score_pack<dot_score, W>(own, none, row[r][g]);
        }
    }

    /* y = share y + sum_r p[r] row r */
    __device__ void add(float (&y)[P], float share, const float (&p)[lot::rows]) const
    {
#pragma unroll
        for (int g = 0; g < lot::packs; g++)
#pragma unroll
            for (int j = 0; j < W; j++) {
                float sum = y[g * W + j] * share;
#pragma unroll
                for (int r = 0; r < lot::rows; r++) sum += p[r] * to_float(row[r][g].v[j]);
                y[g * W + j] = sum;
            }
    }
};

/* The same of keys that are only met: each pack once, in any number of slices. */
template <class SCORE, class T, int W, int R>
__device__ inline void score_rows(float (&e)[R], const T *q, const float *u,
                                  const steps_of<const T> &k, int64_t s, int64_t b, int count,
                                  int64_t H)
{
#pragma unroll 2
    for (int64_t h = int64_t(lane_index()) * W; h < H; h += WARP * W) {
        pack<T, W> row[R];
        float own[W], bent[W] = {};
#pragma unroll
        for (int r = 0; r < R; r++) {
            row[r] = pack<T, W>();
            if (r < count) row[r] = *reinterpret_cast<const pack<T, W> *>(k.at(s + r, b, h));
        }
        load_pack<W>(own, q + h);
        if (SCORE::additive) load_floats<W>(bent, u + h);
#pragma unroll
        for (int r = 0; r < R; r++) e[r] += score_pack<SCORE, W>(own, bent, row[r]);
    }
}

/* A block's part of the keys of a query, and of the features of its y. */
struct few_part {
    int rank, blocks;
    int begin, end; /* keys */
    int features;   /* of each block, in whole packs */

    __device__ few_part(int among, int length, int width)
        : rank(int(blockIdx.x) % among), blocks(among)
    {
        const int64_t keys = (int64_t(length) + among - 1) / among;
        begin = int(rank * keys < length ? rank * keys : length);
        end = int(begin + keys < length ? begin + keys : length);
        features = (width + 8 * among - 1) / (8 * among) * 8;
    }
};

/* Scores that the block has left in its part become weights; zeros past the sequence's end. */
__device__ inline void finish_few_weights(float *w, const weighed &all, const few_part &part,
                                          int64_t length, int64_t S)
{
    const float share = 1 / all.sum;
    for (int64_t s = part.begin + int(threadIdx.x); s < part.end; s += THREADS)
        w[s] = expf(w[s] - all.most) * share;
    for (int64_t s = length + part.rank * THREADS + threadIdx.x; s < S; s += part.blocks * THREADS)
        w[s] = 0;
}

/* A warp's rows of the block's part: what they weigh, and y of the lane's features. */
template <class SCORE, class T, int W, int P>
__device__ inline weighed see_keys(float (&y)[P], float *w, const T *q, steps_of<const T> k,
                                   steps_of<const T> v, const problem &of, const few_part &part,
                                   int64_t b, int64_t d, int width)
{
    constexpr int R = few<W, P>::rows;
    const bool once = !SCORE::additive && of.one && of.H <= few<W, P>::width;
    weighed mine = { -INFINITY, 0 };
    few_rows<T, W, P> rows;
#pragma unroll 1
    for (int s = part.begin + int(threadIdx.x) / WARP * R; s < part.end; s += WARPS * R) {
        const int count = part.end - s < R ? part.end - s : R;
        float e[R] = {}, p[R], all = mine.most;
        rows.load(v, s, b, d, count, width);
        if (once)
            rows.score(e, q, width);
        else
            score_rows<SCORE, T, W>(e, q, of.u, k, s, b, count, of.H);
#pragma unroll
        for (int r = 0; r < R; r++) {
            e[r] = of.scale * wl::warp_sum(e[r]);
            if (w && lane_index() == r && r < count) w[s + r] = e[r];
            if (r < count) all = fmaxf(all, e[r]);
        }
        const float share = mine.share(all);
        mine.sum *= share;
#pragma unroll
        for (int r = 0; r < R; r++) {
            p[r] = r < count ? expf(e[r] - all) : 0.0f;
            mine.sum += p[r];
        }
        mine.most = all;
        rows.add(y, share, p);
    }
    return mine;
}

/* A block's share of a query, merged over its warps and sent to those that own the features.
 * `room`, `found`: a warp's y, and what it weighs; `sums`, `parts`: the same of all blocks. */
template <int P>
__device__ inline void merge_warps(const float4 (&room)[WARPS][P * WARP / 4],
                                   const float2 (&found)[WARPS], float4 *sums, float4 *parts,
                                   wl::mbarrier *full, const few_part &part)
{
    const weighed all = merge(found, WARPS);
    const float4 told = make_float4(all.most, all.sum, 0, 0);
    const int packs = part.features / 4;
    float share[WARPS];
#pragma unroll
    for (int w = 0; w < WARPS; w++) share[w] = weighed{ found[w].x, found[w].y }.share(all.most);
    for (int i = int(threadIdx.x); i < packs * part.blocks; i += THREADS) {
        float4 sum = make_float4(0, 0, 0, 0);
#pragma unroll
        for (int w = 0; w < WARPS; w++) {
            const float4 y = room[w][i];
            sum.x += share[w] * y.x;
            sum.y += share[w] * y.y;
            sum.z += share[w] * y.z;
            sum.w += share[w] * y.w;
        }
        float4 *to = sums + part.rank * packs + i % packs;
        if (part.blocks > 1)
            wl::store_async(to, sum, full, unsigned(i / packs));
        else
            *to = sum;
    }
    if (part.blocks > 1 && int(threadIdx.x) < part.blocks)
        wl::store_async(parts + part.rank, told, full, threadIdx.x);
    if (part.blocks == 1 && threadIdx.x == 0) parts[0] = told;
}

/* The block's features of y from those of all blocks. */
template <int W, class T>
__device__ inline void merge_blocks(T *y, const float4 *sums, const float4 *parts,
                                    const weighed &all, const few_part &part, int width)
{
    const float *from = reinterpret_cast<const float *>(sums);
    const float whole = 1 / all.sum;
    const int first = part.rank * part.features;
    for (int i = int(threadIdx.x) * W; i < part.features && first + i < width; i += THREADS * W) {
        float total[W] = {};
        for (int p = 0; p < part.blocks; p++) {
            float v[W];
            const float share = weighed{ parts[p].x, parts[p].y }.share(all.most) * whole;
            load_floats<W>(v, from + p * part.features + i);
            for (int j = 0; j < W; j++) total[j] += share * v[j];
        }
        store_pack<W>(y + first + i, total);
    }
}

/* Of a sequence without keys. */
template <class T> __device__ inline void write_nothing(T *y, const few_part &part, int width)
{
    for (int i = part.rank * THREADS + int(threadIdx.x); i < width; i += part.blocks * THREADS)
        from_float(y + i, 0.0f);
}

/* A cluster of `blocks` owns a query and a slice of its y; without a cluster, so does a block.
 * Where there is a cluster there is one such for each. */
template <class SCORE, class T, int W, int P>
__global__ void __launch_bounds__(THREADS, 2)
    forward_few(steps_of<T> y, float *weights, float *lse, steps_of<const T> q, steps_of<const T> k,
                steps_of<const T> v, problem of, int64_t d_slices, int blocks)
{
    wl::await_earlier();
    WL_SHARED(float4, room, [WARPS][P * WARP / 4]);
    WL_SHARED(float4, sums, [P * WARP / 4]);
    WL_SHARED(float4, parts, [FEW_SPLIT]);
    WL_SHARED(float2, found, [WARPS]);
    WL_SHARED(wl::mbarrier, full, [1]);
    const int warp = int(threadIdx.x) / WARP;
    if (blocks > 1) {
        if (threadIdx.x == 0) wl::mbarrier_init(full, 1);
        wl::mbarrier_init_fence();
        wl::cluster_sync();
    }
    for (int64_t i = blockIdx.x / blocks; i < of.T * of.B * d_slices; i += gridDim.x / blocks) {
        const int64_t d = i % d_slices * few<W, P>::width, row = i / d_slices;
        const int64_t t = row / of.B, b = row % of.B;
        const int length = int(of.length(b));
        const int width = int(of.D - d < P * WARP ? of.D - d : P * WARP);
        const few_part part(blocks, length, width);
        float *w = weights && d == 0 ? weights + row * of.S : nullptr;
        weighed all = { 0, 1 };
        if (length > 0) {
            float mine[P] = {};
            const weighed seen =
                see_keys<SCORE, T, W, P>(mine, w, q.at(t, b, 0), k, v, of, part, b, d, width);
            __syncthreads();
#pragma unroll
            for (int g = 0; g < P / W; g++)
                store_floats<W>(reinterpret_cast<float *>(room[warp]) + few_rows<T, W, P>::place(g),
                                reinterpret_cast<float(&)[W]>(mine[g * W]));
            if (lane_index() == 0) found[warp] = make_float2(seen.most, seen.sum);
            if (blocks > 1 && threadIdx.x == 0)
                wl::mbarrier_arrive_expect(full, unsigned(blocks * (part.features * 4 + 16)));
            __syncthreads();
            merge_warps<P>(room, found, sums, parts, full, part);
            if (blocks > 1)
                wl::mbarrier_wait(full, 0);
            else
                __syncthreads();
            all = merge(parts, blocks);
            merge_blocks<W>(y.at(t, b, d), sums, parts, all, part, width);
        } else {
            write_nothing(y.at(t, b, d), part, width);
        }
        if (w) finish_few_weights(w, all, part, length, of.S);
        if (d == 0 && part.rank == 0 && threadIdx.x == 0)
            lse[row] = length > 0 ? all.most + logf(all.sum) : 0.0f;
    }
}

/* Blocks that share a query's keys: while there are few of them, and keys for all their warps. */
inline int few_blocks(int64_t items, int64_t S, int rows)
{
    int blocks = 1;
    while (blocks < FEW_SPLIT && items * blocks < FEW_BLOCKS && S > blocks * WARPS * rows)
        blocks *= 2;
    return blocks;
}

template <class SCORE, class T, int W, int P>
wl_status launch_few_of(wl_ctx *ctx, const wl_attention &n)
{
    constexpr int width = few<W, P>::width;
    const auto kernel = forward_few<SCORE, T, W, P>;
    const problem of = problem_of(n);
    const int64_t d_slices = n.D > width ? (n.D + width - 1) / width : 1;
    const int64_t items = n.T * n.B * d_slices;
    const steps_of<const T> q = steps<const T>(n.q), k = steps<const T>(n.k);
    const steps_of<const T> v = steps<const T>(n.v ? n.v : n.k);
    float *weights = n.weights ? (float *)n.weights->data : nullptr;
    float *lse = (float *)n.lse->data;
    for (int blocks = few_blocks(items, n.S, few<W, P>::rows); blocks > 1; blocks /= 2) {
        const cluster_launch l(ctx, unsigned(items), unsigned(blocks), THREADS, 0);
        if (clusters_at_once(ctx, kernel, l))
            return launch(ctx, kernel, l, steps<T>(n.y), weights, lse, q, k, v, of, d_slices,
                          blocks);
    }
    return launch(ctx, kernel, blocks_for(items, 1), THREADS, steps<T>(n.y), weights, lse, q, k, v,
                  of, d_slices, 1);
}

template <class SCORE> wl_status launch_few(wl_ctx *ctx, const wl_attention &n, bool packed)
{
    return with_packs(n.q->dtype, packed, n.D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return n.D <= few<A::width, 8>::width ? launch_few_of<SCORE, T, A::width, 8>(ctx, n)
                                              : launch_few_of<SCORE, T, A::width, 32>(ctx, n);
    });
}

} // namespace

#endif
