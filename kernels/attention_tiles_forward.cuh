/* Forward of many queries in 16 bits: see attention_tiles.cuh.
 * Moves: q once; k and v once a tile of queries, k alone where it is v too, ahead of their use.
 * Bound by: memory where sequences are short or rows long; tensor cores, by mma.sync, else. */
#ifndef WL_ATTENTION_TILES_FORWARD_CUH
#define WL_ATTENTION_TILES_FORWARD_CUH

#include "attention_tiles.cuh"

namespace
{

/* What was seen for the lane's two rows: the greatest score, and the lane's own part of the sum of
 * exp(e - most). */
struct seen_rows {
    float most[2] = { -INFINITY, -INFINITY }, sum[2] = {};

    /* Scores become exp(e - most), 0 past `count`; share: what is left of all before. */
    template <int N> __device__ void look(wl::fragment_c (&e)[N], float (&share)[2], int count)
    {
        const int column = lane_index() % 4 * 2;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float all = most[half];
#pragma unroll
            for (int n = 0; n < N; n++)
                for (int j = 0; j < 2; j++)
                    if (n * 8 + column + j < count) all = fmaxf(all, e[n].values[half * 2 + j]);
            for (int step = 1; step < 4; step *= 2)
                all = fmaxf(all, __shfl_xor_sync(~0u, all, step));
            share[half] = expf(most[half] - all);
            most[half] = all;
            sum[half] *= share[half];
#pragma unroll
            for (int n = 0; n < N; n++)
                for (int j = 0; j < 2; j++) {
                    float *p = &e[n].values[half * 2 + j];
                    *p = n * 8 + column + j < count ? expf(*p - all) : 0.0f;
                    sum[half] += *p;
                }
        }
    }

    __device__ void add_up()
    {
        for (int half = 0; half < 2; half++)
            for (int step = 1; step < 4; step *= 2)
                sum[half] += __shfl_xor_sync(~0u, sum[half], step);
    }
};

/* The weights of a block's rows, [own,B,S] from w on: first scores, by the warps of a group in
 * turn. */
template <class L>
__device__ inline void put_scores(float *w, const wl::fragment_c (&e)[L::columns],
                                  const problem &of, int64_t s, int rows, int count)
{
#pragma unroll
    for (int n = 0; n < L::columns; n++) {
        if (n % L::split != L::part()) continue;
        for (int i = 0; i < 4; i++) {
            const wl::place p = wl::place_in_c(lane_index(), i);
            const int row = L::group() * 16 + p.row, column = n * 8 + p.column;
            if (row < rows && column < count) w[row * of.B * of.S + s + column] = e[n].values[i];
        }
    }
}

/* Then, past a barrier, what they are to be. */
template <class L>
__device__ inline void finish_rows(float *w, const seen_rows &seen, const problem &of,
                                   int64_t length, int rows)
{
    for (int r = L::part(); r < 16; r += L::split) {
        const int row = L::group() * 16 + r;
        const float most = __shfl_sync(~0u, r < 8 ? seen.most[0] : seen.most[1], r % 8 * 4);
        const float sum = __shfl_sync(~0u, r < 8 ? seen.sum[0] : seen.sum[1], r % 8 * 4);
        float *of_row = w + row * of.B * of.S;
        if (row >= rows) continue;
        for (int64_t s = lane_index(); s < of.S; s += WARP)
            of_row[s] = s < length ? expf(of_row[s] - most) / sum : 0.0f;
    }
}

/* A block owns a tile of queries and a slice of their y. The next keys come while values are
 * multiplied, and the next values during the scores. */
template <class L, class T>
__global__ void __launch_bounds__(L::threads)
    forward_tiles(steps_of<T> y, float *weights, float *lse, steps_of<const T> q,
                  steps_of<const T> k, steps_of<const T> v, problem of, int64_t d_slices,
                  tile_room room)
{
    wl::await_earlier();
    WL_DYN_SHARED(T, shared);
    T *queries = shared;
    float4 *parts = reinterpret_cast<float4 *>(shared + room.parts);
    const int64_t tiles = (of.T + L::own - 1) / L::own;
    for (int64_t i = blockIdx.x; i < of.B * tiles * d_slices; i += gridDim.x) {
        const int64_t b = i / (tiles * d_slices), d = i % d_slices * L::width;
        const int64_t t = i / d_slices % tiles * L::own, length = of.length(b);
        const int rows = int(of.T - t < L::own ? of.T - t : L::own);
        const int width = int(of.D - d < L::width ? of.D - d : L::width);
        const int first = L::first(width), mine = L::count(width);
        float *w = weights && d == 0 ? weights + (t * of.B + b) * of.S : nullptr;
        wl::fragment_c sum[L::features] = {};
        seen_rows seen;
        /* where values are keys, two tiles in turn */
        auto load_keys = [&](int64_t s) {
            const int64_t left = length - s;
            const bool second = of.one && s / L::others % 2;
            if (left > 0)
                load_rows<L::threads>(shared + (second ? room.others[1] : room.others[0]), k, s, b,
                                      0, L::others, int(left < L::others ? left : L::others),
                                      int(of.H), room.packed);
            wl::commit_copies();
        };
        auto load_values = [&](int64_t s) {
            const int64_t left = length - s;
            if (left > 0 && !of.one)
                load_rows<L::threads>(shared + room.others[1], v, s, b, d, L::others,
                                      int(left < L::others ? left : L::others), width, room.packed);
            wl::commit_copies();
        };
        if (length > 0)
            load_rows<L::threads>(queries, q, t, b, 0, L::own, rows, int(of.H), room.packed);
        load_keys(0);
        load_values(0);
        for (int64_t s = 0; s < length; s += L::others) {
            const int count = int(length - s < L::others ? length - s : L::others);
            const bool second = of.one && s / L::others % 2;
            const T *keys = shared + (second ? room.others[1] : room.others[0]);
            const T *values = of.one ? keys + d : shared + room.others[1];
            const int pitch = tile_pitch(of.one ? of.H : width);
            wl::fragment_c e[L::columns];
            float share[2];
            wl::wait_copies<1>();
            __syncthreads();
            multiply_rows<L>(e, queries, keys, of.H);
            add_up_parts<L>(e, parts);
            load_keys(s + L::others);
#pragma unroll
            for (int n = 0; n < L::columns; n++)
                for (int j = 0; j < 4; j++) e[n].values[j] *= of.scale;
            if (w) put_scores<L>(w, e, of, s, rows, count);
            seen.look(e, share, count);
#pragma unroll
            for (int f = 0; f < L::features; f++)
                for (int j = 0; j < 4; j++) sum[f].values[j] *= share[j / 2];
            wl::wait_copies<1>();
            __syncthreads();
            add_tile<L, false>(sum, e, values + first, pitch, mine, share);
            __syncthreads();
            load_values(s + L::others);
        }
        seen.add_up();
        float whole[2];
        for (int half = 0; half < 2; half++) whole[half] = length > 0 ? 1 / seen.sum[half] : 0.0f;
        store_rows<L>(y, sum, whole, t + L::group() * 16, b, d + first, rows - L::group() * 16,
                      mine, room.packed);
        if (w) finish_rows<L>(w, seen, of, length, rows);
        for (int half = 0; half < 2; half++) {
            const int row = L::group() * 16 + lane_index() / 4 + half * 8;
            if (d == 0 && L::part() == 0 && lane_index() % 4 == 0 && row < rows)
                lse[(t + row) * of.B + b] =
                    length > 0 ? seen.most[half] + logf(seen.sum[half]) : 0.0f;
        }
    }
}

template <class L, class T>
wl_status launch_forward_tiles(wl_ctx *ctx, const wl_attention &n, bool packed, bool *ran)
{
    const int64_t tiles = (n.T + L::own - 1) / L::own;
    const int64_t d_slices = n.D > L::width ? (n.D + L::width - 1) / L::width : 1;
    const int64_t h = tile_pitch(n.H), values = tile_pitch(n.D < L::width ? n.D : L::width);
    const int64_t parts = (L::own + L::others) * h + L::others * (n.v ? values : h);
    const int64_t shared =
        parts * sizeof(T) + (L::split > 1 ? L::columns * L::threads * sizeof(float4) : 0);
    *ran = false;
    if (n.H > MOST_IN_TILES || shared > MOST_IN_TILES) return WL_OK;
    const tile_room room = {
        { int(L::own * h), int((L::own + L::others) * h) }, int(parts), int(shared), packed
    };
    return launch_tiles<L>(ctx, ran, forward_tiles<L, T>, n.B * tiles * d_slices, room,
                           steps<T>(n.y), n.weights ? (float *)n.weights->data : nullptr,
                           (float *)n.lse->data, steps<const T>(n.q), steps<const T>(n.k),
                           steps<const T>(n.v ? n.v : n.k), problem_of(n), d_slices, room);
}

/* Rows as long as fit, the shorter the more of them; *ran: whether they do. */
template <class T>
wl_status forward_in_tiles(wl_ctx *ctx, const wl_attention &n, bool packed, bool *ran)
{
    const int64_t most = n.H > n.D ? n.H : n.D;
    *ran = false;
    if (most <= 128) return launch_forward_tiles<tiling<4, 1, 16, 64>, T>(ctx, n, packed, ran);
    const wl_status status =
        n.D <= 512 ? launch_forward_tiles<tiling<2, 4, 16, 32>, T>(ctx, n, packed, ran)
                   : launch_forward_tiles<tiling<2, 4, 32, 32>, T>(ctx, n, packed, ran);
    if (status || *ran) return status;
    return launch_forward_tiles<tiling<1, 8, 16, 16>, T>(ctx, n, packed, ran);
}

} // namespace

#endif
