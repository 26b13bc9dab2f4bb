/* What attention of many queries in 16 bits does on tensor cores, forward and backward. A block
 * owns a tile of rows of one side, 16 to a group of warps, and meets those of the other side, of
 * the same sequence, a tile at a time. Products of two tiles are shared by features among a group's
 * warps, which add up their parts; then each warp has all weights of its rows, and multiplies them
 * with its own part of the features. Weights enter that product as the sum of two numbers of 16
 * bits, so that they lose nothing that f32 has and the result would show. */
#ifndef WL_ATTENTION_TILES_CUH
#define WL_ATTENTION_TILES_CUH

#include "attention_rows.cuh"
#include "cluster.cuh"
#include "mma.cuh"

namespace
{

constexpr int MOST_IN_TILES = 226 * 1024; /* bytes of a block, but for 256 */

/* Blocks of GROUPS_OF_16 rows, each of SPLIT warps, that have 8 FEATURES of a slice each; and the
 * rows of the other side's tile. */
template <int GROUPS_OF_16, int SPLIT, int FEATURES, int OTHERS> struct tiling {
    static constexpr int own = 16 * GROUPS_OF_16, others = OTHERS;
    static constexpr int split = SPLIT, threads = GROUPS_OF_16 * SPLIT * WARP;
    static constexpr int features = FEATURES, width = 8 * FEATURES * SPLIT;
    static constexpr int columns = OTHERS / 8; /* products side by side */

    __device__ static int group() { return int(threadIdx.x) / WARP / SPLIT; }
    __device__ static int part() { return int(threadIdx.x) / WARP % SPLIT; }
    /* of n features of a slice, the first that is the warp's, and how many are; or fewer than 1 */
    __device__ static int each(int n) { return (n + 64 * SPLIT - 1) / (64 * SPLIT) * 64; }
    __device__ static int first(int n) { return part() * each(n); }
    __device__ static int count(int n) { return n - first(n) < each(n) ? n - first(n) : each(n); }
};

/* Features of a row in shared memory: whole lots of 64, then 8 so that rows lie in different banks.
 */
__host__ __device__ inline int tile_pitch(int64_t n) { return int((n + 63) / 64 * 64 + 8); }

/* The block loads `count` of a tile's rows, from step s on, of n features, the first of which is
 * given; and zeros to a whole tile. Copies go on until they are waited for. */
template <int threads, class T>
__device__ inline void load_rows(T *to, const steps_of<const T> &from, int64_t s, int64_t b,
                                 int64_t first, int rows, int count, int n, bool packed)
{
    const int pitch = tile_pitch(n), packs = pitch / 8 - 1;
    for (int i = int(threadIdx.x); i < rows * packs; i += threads) {
        const int row = i / packs, at = i % packs * 8;
        const bool within = row < count && at < n;
        const T *source = from.at(within ? s + row : s, b, within ? first + at : first);
        T *there = to + row * pitch + at;
        if (packed) {
            wl::copy_async_padded<16>(there, source, within ? 16 : 0);
            continue;
        }
        for (int j = 0; j < 8; j++) {
            from_float(there + j, 0.0f);
            if (within && at + j < n) there[j] = source[j];
        }
    }
}

/* e = the warp's group of rows by those of the other tile, over the warp's part of n features. */
template <class L, class T>
__device__ inline void multiply_rows(wl::fragment_c (&e)[L::columns], const T *own, const T *others,
                                     int64_t n)
{
    const int pitch = tile_pitch(n), steps = int(n + 15) / 16;
    const int begin = steps * L::part() / L::split, end = steps * (L::part() + 1) / L::split;
    const wl::place a = wl::row_of_a(lane_index());
    const wl::place b =
        wl::row_of_a_trans(lane_index()); /* of two matrices b, one below the other */
    own += (L::group() * 16 + a.row) * pitch + a.column;
    others += b.row * pitch + b.column;
    for (int c = 0; c < L::columns; c++) e[c] = wl::fragment_c();
#pragma unroll 2
    for (int k = begin; k < end; k++) {
        wl::fragment_a<T> x;
        wl::ldmatrix(x.words, own + k * 16);
#pragma unroll
        for (int c = 0; c < L::columns; c += 2) {
            unsigned two[4];
            wl::ldmatrix(two, others + c * 8 * pitch + k * 16);
            e[c] = wl::mma(x, wl::fragment_b<T>{ { two[0], two[1] } }, e[c]);
            e[c + 1] = wl::mma(x, wl::fragment_b<T>{ { two[2], two[3] } }, e[c + 1]);
        }
    }
}

/* The parts of a group's warps become their sum, in each of them, by N products a warp in shared
 * memory. A barrier, also where there is one part. */
template <class L, int N> __device__ inline void add_up_parts(wl::fragment_c (&e)[N], float4 *room)
{
    const int warp = int(threadIdx.x) / WARP, lane = lane_index();
    for (int n = 0; n < N && L::split > 1; n++)
        room[(warp * N + n) * WARP + lane] =
            make_float4(e[n].values[0], e[n].values[1], e[n].values[2], e[n].values[3]);
    __syncthreads();
    if (L::split == 1) return;
    const float4 *from = room + L::group() * L::split * N * WARP + lane;
#pragma unroll
    for (int n = 0; n < N; n++) {
        float4 sum = from[n * WARP];
        for (int p = 1; p < L::split; p++) {
            const float4 other = from[(p * N + n) * WARP];
            sum.x += other.x;
            sum.y += other.y;
            sum.z += other.z;
            sum.w += other.w;
        }
        e[n] = wl::fragment_c{ { sum.x, sum.y, sum.z, sum.w } };
    }
}

/* Weights of 16 by 16 pairs, as two matrices whose sum they are. */
template <class T> struct halves {
    wl::fragment_a<T> high, low;

    __device__ void of(const wl::fragment_c &left, const wl::fragment_c &right)
    {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const wl::fragment_c &c = i < 2 ? left : right;
            T h[2], l[2];
#pragma unroll
            for (int j = 0; j < 2; j++) {
                const float x = c.values[i % 2 * 2 + j];
                from_float(h + j, x);
                from_float(l + j, x - to_float(h[j]));
            }
            high.words[i] = wl::pack(h[0], h[1]);
            low.words[i] = wl::pack(l[0], l[1]);
        }
    }
};

/* to += the weights of 16 rows by features of the other tile, of which n are the warp's from x on;
 * SCALED: that product times `times`, of rows 0 to 7 and of 8 to 15. */
template <class L, bool SCALED, class T>
__device__ inline void add_products(wl::fragment_c (&to)[L::features], const halves<T> &p,
                                    const T *x, int pitch, int n, const float (&times)[2])
{
    const wl::place from = wl::row_of_a(lane_index()); /* of two matrices b, side by side */
    x += from.row * pitch + from.column;
#pragma unroll
    for (int lot = 0; lot < L::features; lot += 8) {
        if (lot * 8 >= n) continue;
#pragma unroll
        for (int f = lot; f < lot + 8; f += 2) {
            unsigned two[4];
            wl::ldmatrix_trans(two, x + f * 8);
            const wl::fragment_b<T> b[2] = { { { two[0], two[1] } }, { { two[2], two[3] } } };
#pragma unroll
            for (int i = 0; i < 2; i++) {
                if (!SCALED) {
                    to[f + i] = wl::mma(p.high, b[i], wl::mma(p.low, b[i], to[f + i]));
                    continue;
                }
                const wl::fragment_c c =
                    wl::mma(p.high, b[i], wl::mma(p.low, b[i], wl::fragment_c()));
#pragma unroll
                for (int e = 0; e < 4; e++) to[f + i].values[e] += times[e / 2] * c.values[e];
            }
        }
    }
}

/* The same of the whole other tile. */
template <class L, bool SCALED, class T>
__device__ inline void add_tile(wl::fragment_c (&to)[L::features],
                                const wl::fragment_c (&p)[L::columns], const T *x, int pitch, int n,
                                const float (&times)[2])
{
#pragma unroll
    for (int c = 0; c < L::columns; c += 2) {
        halves<T> both;
        both.of(p[c], p[c + 1]);
        add_products<L, SCALED>(to, both, x + c * 8 * pitch, pitch, n, times);
    }
}

/* Rows past a sequence's end become 0, whatever they have met. */
template <int N> __device__ inline void clear_rows(wl::fragment_c (&sum)[N], int rows)
{
#pragma unroll
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 4; i++)
            if (lane_index() / 4 + i / 2 * 8 >= rows) sum[n].values[i] = 0;
}

/* Words of four lanes side by side: word i of lane j becomes word j of lane i. */
__device__ inline void turn(unsigned (&w)[4])
{
    const bool odd = lane_index() & 1, high = lane_index() & 2;
#pragma unroll
    for (int i = 0; i < 4; i += 2) {
        const unsigned got = __shfl_xor_sync(~0u, odd ? w[i] : w[i + 1], 1);
        (odd ? w[i] : w[i + 1]) = got;
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
        const unsigned got = __shfl_xor_sync(~0u, high ? w[i] : w[i + 2], 2);
        (high ? w[i] : w[i + 2]) = got;
    }
}

/* Writes the warp's features of its group's rows, from step s and a feature on, of which there are
 * `count` and n; times a factor for each of the lane's two rows. */
template <class L, class T>
__device__ inline void store_rows(const steps_of<T> &to, const wl::fragment_c (&from)[L::features],
                                  const float (&times)[2], int64_t s, int64_t b, int64_t first,
                                  int count, int n, bool packed)
{
    const int lane = lane_index();
#pragma unroll
    for (int f = 0; f < L::features; f += 4) {
        if (f * 8 >= n) continue;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int row = lane / 4 + half * 8;
            unsigned words[4];
#pragma unroll
            for (int i = 0; i < 4; i++) {
                T x[2];
                for (int j = 0; j < 2; j++)
                    from_float(x + j, from[f + i].values[half * 2 + j] * times[half]);
                words[i] = wl::pack(x[0], x[1]);
                const int at = (f + i) * 8 + lane % 4 * 2;
                for (int j = 0; j < 2 && !packed && row < count; j++)
                    if (at + j < n) *to.at(s + row, b, first + at + j) = x[j];
            }
            const int at = f * 8 + lane % 4 * 8;
            if (!packed) continue;
            turn(words);
            if (row < count && at < n)
                *reinterpret_cast<uint4 *>(to.at(s + row, b, first + at)) =
                    make_uint4(words[0], words[1], words[2], words[3]);
        }
    }
}

/* Where tiles lie in shared memory, in elements; then, where warps share products, what they add
 * up.
 */
struct tile_room {
    int others[2], parts;
    int shared; /* bytes */
    bool packed;
};

/* Launches a kernel of tiles; *ran: whether the device has it, and as much shared memory. */
template <class L, class... P>
wl_status launch_tiles(wl_ctx *ctx, bool *ran, void (*kernel)(P...), int64_t items,
                       const tile_room &room, typename exactly<P>::type... args)
{
    const cluster_launch l(ctx, blocks_for(items > 0 ? items : 1, 1), 1, L::threads,
                           size_t(room.shared));
    *ran = clusters_at_once(ctx, kernel, l) > 0;
    return *ran && items ? launch(ctx, kernel, l, args...) : WL_OK;
}

} // namespace

#endif
