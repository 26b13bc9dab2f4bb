/* The linear pair of <wordloom/softmax_xent.h> in 16 bits, without logits in memory: products of
 * tiles, of which forward keeps what a row's loss needs, once for 64 words, and from which backward
 * makes gradients where the sums are. Backward so multiplies once more, which takes less than to
 * store and load logits in f32 while D is some hundreds.
 * A block owns 128 rows by 128 words, a warp 64 by 64: 32 products of 16 x 8 a step of 16 features.
 * Steps of 32 come by asynchronous copies, two ahead.
 * Moves: x and w through L2, once for every 128 of the others; parts, or dz, to memory.
 * Bound by: that and the tensor cores; with few features by an exponential for each logit. */
#include "mma.cuh"
#include "pipe.cuh"
#include "softmax_xent.cuh"

namespace
{

constexpr int TILE = 128, DEPTH = 32, STAGES = 3, TILE_WARPS = 4, TILE_THREADS = TILE_WARPS * WARP;
constexpr int OWN = 64; /* rows and words of a warp */
static_assert(OWN == WL_XENT_SEEN, "a warp tells of its words");

/* A step's features of a tile. Rows are 64 bytes, in which packs lie so that eight rows of ldmatrix
 * are in eight banks. */
template <class T> struct alignas(128) stage {
    T x[TILE * DEPTH], w[TILE * DEPTH];
};

__device__ inline int place_of(int row, int k)
{
    return row * DEPTH + (k / 8 ^ row / 2 % 4) * 8 + k % 8;
}

/* Words lie in an order in which the sums of a lane are eight neighbours: which one is a row of
 * w in shared memory. */
__device__ inline int word_of(int row)
{
    return row / 32 * 32 + row / 2 % 4 * 8 + row / 8 % 4 * 2 + row % 2;
}

/* x [N,D], w [V,D] and perhaps a bias. */
template <class T> struct operands {
    rows_of<const T> x, w;
    const float *bias;
    int64_t N, V, D;
    __device__ int64_t row_tiles() const { return (N + TILE - 1) / TILE; }
    __device__ int64_t tiles() const { return row_tiles() * ((V + TILE - 1) / TILE); }
};

/* A block asks for a step's features of a matrix, E at a time, of which `from` is the first of its
 * first row; there are zeros beyond so many rows and features. */
template <int E, bool words, class T>
__device__ inline void fetch(T *to, const T *from, int64_t pitch, int rows, int features)
{
    constexpr int pieces = DEPTH / E, step = TILE_THREADS / pieces;
    const int row = int(threadIdx.x) / pieces, k = int(threadIdx.x) % pieces * E;
    const int here = features - k < 0 ? 0 : features - k < E ? features - k : E;
    const int first = words ? word_of(row) : row;
    const T *piece = from + first * pitch + k;
#pragma unroll 4
    for (int j = 0; j < TILE; j += step) {
        const int beside = words ? word_of(j) : j; /* of bits that `row` has not */
        const int n = first + beside < rows ? here : 0;
        const T *source = n ? piece + beside * pitch : from;
        T *there = to + place_of(row + j, k);
        if constexpr (E > 1)
            wl::copy_async_padded<E *int(sizeof(T))>(there, source, n * int(sizeof(T)));
        else
            from_float(there, n ? to_float(*source) : 0.0f);
    }
}

/* The products of a warp's rows and words, 64 of each from these on. */
template <class T>
__device__ inline void multiply(wl::fragment_c (&c)[4][8], const stage<T> &s, int row, int word)
{
    const int lane = lane_index();
    const wl::place a = wl::row_of_a(lane);
#pragma unroll
    for (int k = 0; k < DEPTH; k += 16) {
        wl::fragment_a<T> x[4];
#pragma unroll
        for (int i = 0; i < 4; i++)
            wl::ldmatrix(x[i].words, s.x + place_of(row + 16 * i + a.row, k + a.column));
#pragma unroll
        for (int j = 0; j < 8; j += 2) {
            unsigned w[4]; /* of two fragments */
            wl::ldmatrix(
                w, s.w + place_of(word + 8 * j + lane / 16 * 8 + lane % 8, k + lane / 8 % 2 * 8));
#pragma unroll
            for (int i = 0; i < 4; i++) {
                c[i][j] = wl::mma(x[i], wl::fragment_b<T>{ { w[0], w[1] } }, c[i][j]);
                c[i][j + 1] = wl::mma(x[i], wl::fragment_b<T>{ { w[2], w[3] } }, c[i][j + 1]);
            }
        }
    }
}

/* What of `all` is left from `first` on, at most so much. */
__device__ inline int left_of(int64_t all, int64_t first, int most)
{
    return all - first < most ? int(all - first) : most;
}

/* The sums of a warp's part of the tile that begins at `row` and `word`. */
template <int E, class T>
__device__ inline void sum_tile(wl::fragment_c (&c)[4][8], stage<T> *stages, const operands<T> &o,
                                int64_t row, int64_t word)
{
    const int warp = int(threadIdx.x) / WARP, steps = int((o.D + DEPTH - 1) / DEPTH);
    const int rows = left_of(o.N, row, TILE), words = left_of(o.V, word, TILE);
    const T *x = o.x.at(row, 0), *w = o.w.at(word, 0);
    const auto ask = [&](int step, stage<T> &s) {
        if (step < steps) {
            const int64_t from = int64_t(step) * DEPTH;
            const int features = left_of(o.D, from, DEPTH);
            fetch<E, false>(s.x, x + from, o.x.pitch, rows, features);
            fetch<E, true>(s.w, w + from, o.w.pitch, words, features);
        }
        wl::commit_copies();
    };
#pragma unroll
    for (int i = 0; i < 32; i++) c[i / 8][i % 8] = {};
    for (int step = 0; step < STAGES - 1; step++) ask(step, stages[step]);
    int now = 0, next = STAGES - 1;
    for (int step = 0; step < steps; step++) {
        wl::wait_copies<STAGES - 2>();
        __syncthreads(); /* the step is there for all, and the one before is done with */
        ask(step + STAGES - 1, stages[next]);
        multiply(c, stages[now], warp / 2 * OWN, warp % 2 * OWN);
        now = now + 1 == STAGES ? 0 : now + 1;
        next = next + 1 == STAGES ? 0 : next + 1;
    }
    __syncthreads(); /* before the next tile's */
}

/* A lane has 16 words of 8 rows: 8 from word_of_lane() on and 8 from 32 further. */
__device__ inline int word_of_lane()
{
    return int(threadIdx.x) / WARP % 2 * OWN + lane_index() % 4 * 8;
}
__device__ inline int row_of_lane() { return int(threadIdx.x) / WARP / 2 * OWN + lane_index() / 4; }
__device__ inline constexpr int word_beside(int i) { return i / 8 * 32 + i % 8; }

/* Calls f with each of a lane's rows and its logits there: sums and bias, -inf beyond V. */
template <class T, class F>
__device__ inline void for_rows(const wl::fragment_c (&c)[4][8], const operands<T> &o, int64_t row,
                                int64_t word, F f)
{
    float bias[16];
#pragma unroll
    for (int i = 0; i < 16; i++) {
        const int64_t v = word + word_of_lane() + word_beside(i);
        bias[i] = v >= o.V ? -INFINITY : o.bias ? o.bias[v] : 0.0f;
    }
#pragma unroll
    for (int r = 0; r < 8; r++) {
        float z[16];
#pragma unroll
        for (int i = 0; i < 16; i++)
            z[i] = c[r / 2][i / 8 * 4 + i % 8 / 2].values[r % 2 * 2 + i % 2] + bias[i];
        f(row + row_of_lane() + 8 * r, z);
    }
}

/* A sum over the four lanes of a row. */
__device__ inline float row_sum(float v)
{
    v += __shfl_xor_sync(0xffffffffu, v, 1);
    return v + __shfl_xor_sync(0xffffffffu, v, 2);
}

/* What the four lanes of a row see of it; the label is at `label` of the warp's words. */
template <class T>
__device__ inline seen see_row(const float (&z)[16], int64_t label, bool sums, int64_t words)
{
    const int first = lane_index() % 4 * 8;
    float most = z[0], exps = 0, sum = 0, target = 0;
    for (int i = 1; i < 16; i++) most = fmaxf(most, z[i]);
    most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 1));
    most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, 2));
    const float base = base_of(most);
    for (int i = 0; i < 16; i++) exps += exponential<T>(z[i] - base);
    if (label >= 0 && label < OWN) /* seldom */
        for (int i = 0; i < 16; i++)
            if (first + word_beside(i) == label) target = z[i];
    for (int i = 0; sums && i < 16; i++)
        if (first + word_beside(i) < words) sum += z[i];
    return { most, row_sum(exps), row_sum(sum), row_sum(target) };
}

/* A block owns a tile: parts[row, word / 64] of it. */
template <class T, int E>
__global__ void __launch_bounds__(TILE_THREADS, 2) see_tiles(seen *parts, operands<T> o, xent x)
{
    wl::await_earlier();
    WL_SHARED(stage<T>, stages, [STAGES]);
    const int64_t count = (o.V + OWN - 1) / OWN;
    for (int64_t t = blockIdx.x; t < o.tiles(); t += gridDim.x) {
        const int64_t word = quotient(t, o.row_tiles()) * TILE;
        const int64_t row = (t - word / TILE * o.row_tiles()) * TILE;
        const int64_t first = word + word_of_lane() / OWN * OWN; /* of the warp's words */
        wl::fragment_c c[4][8];
        sum_tile<E>(c, stages, o, row, word);
        for_rows(c, o, row, word, [&](int64_t n, const float(&z)[16]) {
            const int64_t label = n < o.N ? x.labels.at(n) - first : -1;
            const seen s = see_row<T>(z, label, x.smoothing > 0, o.V - first);
            if (n < o.N && first < o.V && lane_index() % 4 == 0) parts[n * count + first / OWN] = s;
        });
    }
}

/* Stores eight neighbours by one instruction. */
template <class T> __device__ inline void store_eight(T *to, const float *z)
{
    T e[8];
    for (int i = 0; i < 8; i++) from_float(e + i, z[i]);
    const uint4 words = { wl::pack(e[0], e[1]), wl::pack(e[2], e[3]), wl::pack(e[4], e[5]),
                          wl::pack(e[6], e[7]) };
    __stcg(reinterpret_cast<uint4 *>(to), words);
}

/* A block owns a tile of dz, whose rows are whole packs. */
template <class T, int E>
__global__ void __launch_bounds__(TILE_THREADS, 2)
    write_tiles(rows_of<T> dz, operands<T> o, const float *lse, xent x)
{
    wl::await_earlier();
    WL_SHARED(stage<T>, stages, [STAGES]);
    const gradient g(x);
    for (int64_t t = blockIdx.x; t < o.tiles(); t += gridDim.x) {
        const int64_t word = quotient(t, o.row_tiles()) * TILE;
        const int64_t row = (t - word / TILE * o.row_tiles()) * TILE;
        wl::fragment_c c[4][8];
        sum_tile<E>(c, stages, o, row, word);
        for_rows(c, o, row, word, [&](int64_t n, float(&z)[16]) {
            if (n >= o.N) return;
            const int64_t first = word + word_of_lane(), label = x.labels.at(n);
            const float all = lse[n];
            const bool counts = label >= 0;
            for (int i = 0; i < 16; i++) z[i] = counts ? g.of(exponential<T>(z[i] - all)) : 0.0f;
            if (label >= first && label < first + OWN) /* seldom */
                for (int i = 0; i < 16; i++)
                    z[i] -= first + word_beside(i) == label ? g.scale * g.peak : 0.0f;
            const int64_t beside = first + word_beside(8);
            if (first < o.V) store_eight(dz.at(n, first), z);
            if (beside < o.V) store_eight(dz.at(n, beside), z + 8);
        });
    }
}

/* ------------------------------------------------------------------ launchers */

/* Features that one copy can bring: as many as the pointer and the pitch of both allow. */
bool aligned(const linear_at &l, int features)
{
    const size_t bytes = size_t(features) * 2;
    return uintptr_t(l.x) % bytes == 0 && uintptr_t(l.w) % bytes == 0 &&
           l.x_pitch % features == 0 && l.w_pitch % features == 0;
}

/* Calls f with the operands and how they are copied. */
template <class T, class F> wl_status with_copies(const linear_at &l, int64_t N, int64_t V, F f)
{
    const operands<T> o = {
        { (const T *)l.x, l.x_pitch }, { (const T *)l.w, l.w_pitch }, l.bias, N, V, l.D
    };
    if (aligned(l, 8)) return f(o, packs<T, 8>());
    if (aligned(l, 2)) return f(o, packs<T, 2>());
    return f(o, packs<T, 1>());
}

template <class F> wl_status with_operands(const linear_at &l, int64_t N, int64_t V, F f)
{
    return l.dtype == WL_F16 ? with_copies<__half>(l, N, V, f)
                             : with_copies<__nv_bfloat16>(l, N, V, f);
}

unsigned blocks_of(int64_t N, int64_t V)
{
    return blocks_for((N + TILE - 1) / TILE * ((V + TILE - 1) / TILE), 1);
}

} // namespace

wl_status forward_tiles(wl_ctx *ctx, float *losses, float *lse, void *parts, const linear_at &l,
                        const xent &x, int64_t N)
{
    const wl_status status = with_operands(l, N, x.V, [&](const auto &o, auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, see_tiles<T, A::width>, blocks_of(N, x.V), TILE_THREADS, (seen *)parts,
                      o, x);
    });
    return status ? status : merge_rows(ctx, losses, lse, parts, wl_xent_seen_parts(x.V), x, N);
}

wl_status backward_tiles(wl_ctx *ctx, const logits_at &dz, const linear_at &l, const float *lse,
                         const xent &x, int64_t N)
{
    return with_operands(l, N, x.V, [&](const auto &o, auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, write_tiles<T, A::width>, blocks_of(N, x.V), TILE_THREADS,
                      rows_of<T>{ (T *)dz.data, dz.pitch }, o, lse, x);
    });
}
