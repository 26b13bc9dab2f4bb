/* Backward of queries in 16 bits over dot products: see attention_tiles.cuh. One launch has tiles
 * of queries and writes dq, the other tiles of keys and writes dk and dv: of either, a block owns a
 * slice of one of these, so that nothing is added to.
 * Moves: the rows of its own side once a slice; those of the other once for every tile of its own,
 * from L2. Bound by: memory where sequences are short or rows long; tensor cores, by mma.sync,
 * else. */
#ifndef WL_ATTENTION_TILES_BACKWARD_CUH
#define WL_ATTENTION_TILES_BACKWARD_CUH

#include "attention_tiles.cuh"

namespace
{

/* What a launch reads and writes. */
template <class T> struct gradient_of_side {
    steps_of<T> dx, dv; /* dv: of keys, that are not values too */
    side<T> own, other;
    steps_of<const T> y; /* of queries, which write delta; keys read it */
    const float *lse;
    float *delta;
    problem of;
    int64_t x_slices = 0, slices = 0; /* of dx; with those of dv */
};

/* Whether numbers of T reach less far than floats. */
template <class T> struct exponents {
    static constexpr bool few = false;
};
template <> struct exponents<__half> {
    static constexpr bool few = true;
};

/* The greatest power of 2 that is not above x; 1 where that is far out. */
__device__ inline float power_below(float x)
{
    const float power = wl_f32_of_bits(wl_bits_of_f32(x) & 0x7f800000u);
    return power > 0x1p-120f && power < INFINITY ? power : 1.0f;
}

/* Rows of weights or of their gradients are brought near 1 where T has few exponents; `times`: what
 * takes that back. */
template <class T, int N>
__device__ inline void bring_near_1(wl::fragment_c (&c)[N], float (&times)[2])
{
    times[0] = times[1] = 1;
    if constexpr (exponents<T>::few)
        for (int half = 0; half < 2; half++) {
            float most = 0;
#pragma unroll
            for (int n = 0; n < N; n++)
                for (int j = 0; j < 2; j++) most = fmaxf(most, fabsf(c[n].values[half * 2 + j]));
            for (int step = 1; step < 4; step *= 2)
                most = fmaxf(most, __shfl_xor_sync(~0u, most, step));
            times[half] = power_below(most);
#pragma unroll
            for (int n = 0; n < N; n++)
                for (int j = 0; j < 2; j++) c[n].values[half * 2 + j] *= 1 / times[half];
        }
}

/* Scores and products of dy and v become weights and the gradients at scores; 0 for pairs that are
 * none: those beyond `rows` and `count`. */
template <class L, bool OF_KEYS, class T>
__device__ inline void weigh_pairs(wl::fragment_c (&a)[L::columns],
                                   wl::fragment_c (&de)[L::columns], const gradient_of_side<T> &g,
                                   const float *delta, int64_t own, int64_t other, int64_t b,
                                   int rows, int count)
{
    const int row = L::group() * 16 + lane_index() / 4, column = lane_index() % 4 * 2;
    float lse[2] = {}, dot[2] = {}; /* of the lane's two queries: rows, or columns of a product */
    for (int i = 0; i < 2 && !OF_KEYS; i++) {
        if (row + i * 8 >= rows) continue;
        lse[i] = g.lse[(own + row + i * 8) * g.of.B + b];
        dot[i] = delta[row + i * 8];
    }
#pragma unroll
    for (int n = 0; n < L::columns; n++) {
        const int first = n * 8 + column;
        for (int j = 0; j < 2 && OF_KEYS; j++) {
            if (first + j >= count) continue;
            lse[j] = g.lse[(other + first + j) * g.of.B + b];
            dot[j] = g.delta[(other + first + j) * g.of.B + b];
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const int query = OF_KEYS ? i % 2 : i / 2;
            const bool pair = row + i / 2 * 8 < rows && first + i % 2 < count;
            float *weight = &a[n].values[i], *slope = &de[n].values[i];
            *weight = pair ? expf(g.of.scale * *weight - lse[query]) : 0.0f;
            *slope = pair ? *weight * (*slope - dot[query]) * g.of.scale : 0.0f;
        }
    }
}

/* dy . y of the block's queries, summed as dy . v is, so that one key leaves nothing: the diagonal
 * of a product. ys: room for so many rows of y at once. */
template <class L, class T>
__device__ inline void find_deltas(float *delta, const gradient_of_side<T> &g, const T *zs, T *ys,
                                   float4 *parts, int at_once, int64_t t, int64_t b, int rows,
                                   bool packed)
{
    const int D = int(g.of.D), pitch = tile_pitch(D);
    for (int first = 0; first < L::own; first += L::others) {
        wl::fragment_c sums[L::columns];
        if (first % at_once == 0) {
            const int left = rows - first;
            load_rows<L::threads>(ys, g.y, t + (left > 0 ? first : 0), b, 0, at_once, left, D,
                                  packed);
            wl::commit_copies();
            wl::wait_copies<0>();
            __syncthreads();
        }
        multiply_rows<L>(sums, zs, ys + first % at_once * pitch, D);
        add_up_parts<L>(sums, parts);
#pragma unroll
        for (int n = 0; n < L::columns; n++)
            for (int i = 0; i < 4; i++) {
                const wl::place p = wl::place_in_c(lane_index(), i);
                const int row = L::group() * 16 + p.row;
                if (L::part() == 0 && row - first == n * 8 + p.column)
                    delta[row] = sums[n].values[i];
            }
        __syncthreads();
    }
}

/* A block owns a tile of queries, or of keys, and a slice of their dx, or of dv. Where there is
 * room, the next tile of the other side comes during this one. */
template <class L, bool OF_KEYS, class T>
__global__ void __launch_bounds__(L::threads) backward_tiles(gradient_of_side<T> g, tile_room room)
{
    wl::await_earlier();
    constexpr bool scaled = exponents<T>::few;
    WL_DYN_SHARED(T, shared);
    WL_SHARED(float, delta, [L::own]);
    const problem &of = g.of;
    float4 *parts = reinterpret_cast<float4 *>(shared + room.parts);
    const int64_t all = OF_KEYS ? of.S : of.T, tiles = (all + L::own - 1) / L::own;
    const int H = int(of.H), D = int(of.D), x_pitch = tile_pitch(H), z_pitch = tile_pitch(D);
    T *xs = shared, *zs = xs + L::own * x_pitch;
    for (int64_t i = blockIdx.x; i < of.B * tiles * g.slices; i += gridDim.x) {
        const int64_t b = i / (tiles * g.slices), at = i / g.slices % tiles * L::own;
        const bool of_values = i % g.slices >= g.x_slices; /* dv alone: by weights */
        const int first_slice = int(i % g.slices - (of_values ? g.x_slices : 0)) * L::width;
        const int64_t length = of.length(b), ours = OF_KEYS ? length : of.T;
        const int64_t end = OF_KEYS ? (at < length ? of.T : 0) : length;
        const int rows = int(ours - at < L::own ? ours - at : L::own);
        const int wide = (of_values ? D : H) - first_slice;
        const int width = wide < L::width ? wide : L::width;
        const int first = first_slice + L::first(width), mine = L::count(width);
        wl::fragment_c sum[L::features] = {};
        auto load_others = [&](int64_t o) {
            const int count = int(end - o < L::others ? end - o : L::others);
            T *to =
                shared + (room.others[1] && o / L::others % 2 ? room.others[1] : room.others[0]);
            if (count > 0) {
                load_rows<L::threads>(to, g.other.x, o, b, 0, L::others, count, H, room.packed);
                load_rows<L::threads>(to + L::others * x_pitch, g.other.z, o, b, 0, L::others,
                                      count, D, room.packed);
            }
            wl::commit_copies();
        };
        __syncthreads();
        if (end > 0) {
            load_rows<L::threads>(xs, g.own.x, at, b, 0, L::own, rows, H, room.packed);
            if (!of_values)
                load_rows<L::threads>(zs, g.own.z, at, b, 0, L::own, rows, D, room.packed);
            if (!OF_KEYS)
                find_deltas<L>(delta, g, zs, shared + room.others[0], parts,
                               x_pitch < z_pitch && !room.others[1] ? L::others : L::own, at, b,
                               rows, room.packed);
            load_others(0);
        }
        for (int64_t o = 0; o < end; o += L::others) {
            const int count = int(end - o < L::others ? end - o : L::others);
            const T *other =
                shared + (room.others[1] && o / L::others % 2 ? room.others[1] : room.others[0]);
            const T *other_z = other + L::others * x_pitch;
            wl::fragment_c both[2 * L::columns] = {};
            auto &a = reinterpret_cast<wl::fragment_c(&)[L::columns]>(both[0]);
            auto &de = reinterpret_cast<wl::fragment_c(&)[L::columns]>(both[L::columns]);
            float times[2];
            wl::wait_copies<0>();
            __syncthreads();
            if (room.others[1]) load_others(o + L::others);
            multiply_rows<L>(a, xs, other, H);
            if (!of_values) multiply_rows<L>(de, zs, other_z, D);
            add_up_parts<L>(both, parts);
            weigh_pairs<L, OF_KEYS>(a, de, g, delta, at, o, b, rows, count);
            if (!of_values) {
                bring_near_1<T>(de, times);
                add_tile<L, scaled>(sum, de, other + first, x_pitch, mine, times);
            }
            if (of_values || (OF_KEYS && of.one)) {
                bring_near_1<T>(a, times);
                add_tile<L, scaled>(sum, a, other_z + first, z_pitch, mine, times);
            }
            if (room.others[1]) continue;
            __syncthreads();
            load_others(o + L::others);
        }
        if (!OF_KEYS && end > 0 && first_slice == 0 && int(threadIdx.x) < rows)
            g.delta[(at + threadIdx.x) * of.B + b] = delta[threadIdx.x];
        const float as_it_is[2] = { 1, 1 };
        if (OF_KEYS) clear_rows<L::features>(sum, rows - L::group() * 16);
        const int64_t left = all - at - L::group() * 16;
        store_rows<L>(of_values ? g.dv : g.dx, sum, as_it_is, at + L::group() * 16, b, first,
                      int(left < 16 ? left : 16), mine, room.packed);
    }
}

template <class L, bool OF_KEYS, class T>
wl_status launch_side_tiles(wl_ctx *ctx, gradient_of_side<T> g, bool packed, bool *ran)
{
    const problem &of = g.of;
    const int64_t rows = OF_KEYS ? of.S : of.T, tiles = (rows + L::own - 1) / L::own;
    const int64_t pitches = tile_pitch(of.H) + tile_pitch(of.D);
    const int64_t sums = L::split > 1 ? 2 * L::columns * L::threads * int64_t(sizeof(float4)) : 0;
    const int64_t once = (L::own + L::others) * pitches, twice = once + L::others * pitches;
    const bool in_turn = twice * int64_t(sizeof(T)) + sums <= MOST_IN_TILES;
    const int64_t shared = (in_turn ? twice : once) * int64_t(sizeof(T)) + sums;
    auto slices_of = [](int64_t n) { return n > L::width ? (n + L::width - 1) / L::width : 1; };
    *ran = false;
    if (shared > MOST_IN_TILES) return WL_OK;
    g.x_slices = slices_of(of.H);
    g.slices = g.x_slices + (OF_KEYS && !of.one ? slices_of(of.D) : 0);
    const tile_room room = { { int(L::own * pitches), in_turn ? int(once) : 0 },
                             int(in_turn ? twice : once),
                             int(shared),
                             packed };
    return launch_tiles<L>(ctx, ran, backward_tiles<L, OF_KEYS, T>, of.B * tiles * g.slices, room,
                           g, room);
}

template <class L, class T>
wl_status launch_backward_tiles(wl_ctx *ctx, const gradient_of_side<T> &queries,
                                const gradient_of_side<T> &keys, bool packed, bool *ran)
{
    const wl_status status = launch_side_tiles<L, false>(ctx, queries, packed, ran);
    return status || !*ran ? status : launch_side_tiles<L, true>(ctx, keys, packed, ran);
}

/* Tiles of as many rows as fit; *ran: whether any do. */
template <class T>
wl_status backward_in_tiles(wl_ctx *ctx, const gradient_of_side<T> &queries,
                            const gradient_of_side<T> &keys, bool packed, bool *ran)
{
    const int64_t H = queries.of.H, D = queries.of.D, most = H > D ? H : D;
    *ran = false;
    if (most > MOST_IN_TILES) return WL_OK;
    if (most <= 128)
        return launch_backward_tiles<tiling<4, 1, 16, 32>>(ctx, queries, keys, packed, ran);
    const wl_status status =
        most <= 512 ? launch_backward_tiles<tiling<2, 4, 16, 16>>(ctx, queries, keys, packed, ran)
                    : launch_backward_tiles<tiling<2, 4, 32, 16>>(ctx, queries, keys, packed, ran);
    if (status || *ran) return status;
    return launch_backward_tiles<tiling<1, 8, 16, 16>>(ctx, queries, keys, packed, ran);
}

} // namespace

#endif
