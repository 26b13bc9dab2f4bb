/* Kernels of <wordloom/sampling.h>.
 * categorical: a block a row, which is read once for the first entry and once for the draw. Where
 * the row is cut, each of two searches narrows the key of the last entry kept by a digit a reading,
 * on sums of whole numbers, so that their order does not matter. Moves: the row once from
 * memory, then from L2. Bound by: arithmetic, two logarithms an entry; what is cut costs none.
 * alias: a thread two draws. Moves: 8 bytes of the table and an id a draw. Bound by: the latency
 * of the table's rows, which L2 holds for vocabularies up to some millions. */
#include "../host/core/alias.h"
#include "device.cuh"

namespace
{

/* Ids of either width to write. */
struct ids_out {
    void *data;
    bool wide;
    __device__ void put(int64_t position, int64_t id) const
    {
        if (wide)
            ((int64_t *)data)[position] = id;
        else
            ((int32_t *)data)[position] = int32_t(id);
    }
};

ids_out written(const wl_tensor &t) { return { t.data, t.dtype == WL_I64 }; }

/* The draws' index of row 0. */
__device__ inline uint64_t first_index(const int64_t *position)
{
    return position ? uint64_t(position[0]) : 0;
}

/* A thread owns draws 2 pair and 2 pair + 1 of a row. */
__global__ void alias(ids_out out, const wl_alias_column *columns, const int64_t *position,
                      ids_of exclude, uint64_t seed, int64_t N, int64_t K, int64_t V)
{
    wl::await_earlier();
    const int64_t pairs = (K + 1) / 2, stride = int64_t(gridDim.x) * blockDim.x;
    const uint64_t first = first_index(position);
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < N * pairs; i += stride) {
        const int64_t n = i / pairs, pair = i % pairs;
        const int64_t excluded = exclude.data ? exclude.at(n) : -1;
        int32_t drawn[2] = { -1, -1 };
        if (V > 0) wl_alias_pair(columns, V, seed, first + uint64_t(n), uint32_t(pair), drawn);
        for (int j = 0; j < 2; j++)
            if (2 * pair + j < K)
                out.put(n * K + 2 * pair + j, drawn[j] == excluded ? -1 : drawn[j]);
    }
}

using word = unsigned long long; /* a key, or a sum of weights */

/* Bits of a key that one reading decides. The block of a row has a thread a value of them. */
constexpr int DIGIT = 10, SHORT_DIGIT = 7;
constexpr int64_t SHORT_ROW = 512; /* entries that the smaller block is for */

/* How every row is drawn. */
struct drawing {
    uint64_t seed;
    const int64_t *position;
    int64_t K;
    double top_p;
    float inverse; /* 1 / temperature */
    bool greedy;
};

/* A row of logits. Its entries have keys, greater for those that come before: the bits of the
 * value in an order of unsigned numbers, then of V - 1 - id. 0 is no entry: NaN or -inf. */
template <class T, int BITS> struct entries {
    static constexpr int digit = BITS, threads = 1 << BITS;
    const T *x;
    int64_t V;
    int id_bits;
    bool packed; /* in fours */

    __device__ word key(float value, int64_t id) const
    {
        const uint32_t u = wl_bits_of_f32(value == 0 ? 0.0f : value); /* no -0 */
        const uint32_t ordered = u >> 31 ? ~u : u | 0x80000000u;
        return value > -INFINITY ? word(ordered) << id_bits | word(V - 1 - id) : 0;
    }
    __device__ int64_t id(word key) const { return V - 1 - int64_t(key & ((1ull << id_bits) - 1)); }
    __device__ float value(word key) const
    {
        const uint32_t ordered = uint32_t(key >> id_bits);
        return wl_f32_of_bits(ordered >> 31 ? ordered & 0x7fffffffu : ~ordered);
    }
    /* Calls f(first id, four values) for the thread's share; past the end they are NaN. */
    template <class F> __device__ void walk(F f) const
    {
        for (int64_t i = 4 * int64_t(threadIdx.x); i < V; i += 4 * threads) {
            float v[4];
            if (packed && i + 4 <= V)
                load_pack<4>(v, x + i);
            else
                for (int j = 0; j < 4; j++) v[j] = i + j < V ? to_float(x[i + j]) : NAN;
            f(i, v);
        }
    }
};

/* The greatest of all threads' keys, to each of them. */
template <int threads> __device__ word block_max(word key)
{
    WL_SHARED(word, part, [threads]);
    __syncthreads(); /* what is left from the last time has been read */
    part[threadIdx.x] = key;
    for (unsigned half = threads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half && part[threadIdx.x + half] > part[threadIdx.x])
            part[threadIdx.x] = part[threadIdx.x + half];
    }
    __syncthreads();
    return part[0];
}

/* sum[i] = the sum of sum[j], j >= i */
template <int threads> __device__ void add_from_the_end(word *sum)
{
    for (int step = 1; step < threads; step *= 2) {
        const word more = threadIdx.x + step < threads ? sum[threadIdx.x + step] : 0;
        __syncthreads();
        sum[threadIdx.x] += more;
        __syncthreads();
    }
}

/* high, low += v: shared memory adds no 64 bits at once. Whole when every thread has added. */
__device__ inline void add_in_halves(unsigned *low, unsigned *high, word v)
{
    const unsigned lower = unsigned(v), before = atomicAdd(low, lower);
    const unsigned upper = unsigned(v >> 32) + (before + lower < before);
    if (upper) atomicAdd(high, upper);
}

/* The greatest key such that the entries with this key or more weigh goal(total) together, total
 * being the weight of all with a key of `least` or more; `least` where that is not exceeded. */
template <class R, class W, class G>
__device__ word reach(const R &row, word least, W weight, G goal)
{
    WL_SHARED(word, sum, [R::threads]);
    WL_SHARED(unsigned, low_half, [R::threads]);
    WL_SHARED(unsigned, high_half, [R::threads]);
    WL_SHARED(word, found, [3]);
    const int all_bits = 32 + row.id_bits;
    word prefix = 0, above = 0, target = 0; /* above: the weight beyond the prefix */
    int bits = all_bits;                    /* of the key, still to be found */
    do {
        const int low = bits > R::digit ? bits - R::digit : 0;
        __syncthreads(); /* the last sums have been read */
        low_half[threadIdx.x] = high_half[threadIdx.x] = 0;
        __syncthreads();
        row.walk([&](int64_t i, const float(&x)[4]) {
            for (int j = 0; j < 4; j++) {
                const word key = row.key(x[j], i + j);
                if (key < least || key >> bits != prefix) continue;
                const word to = (key >> low) - (prefix << (bits - low));
                add_in_halves(&low_half[to], &high_half[to], weight(x[j]));
            }
        });
        __syncthreads();
        sum[threadIdx.x] = word(high_half[threadIdx.x]) << 32 | low_half[threadIdx.x];
        __syncthreads();
        add_from_the_end<R::threads>(sum);
        if (bits == all_bits) target = goal(sum[0]);
        if (bits == all_bits && target >= sum[0]) return least;
        const word here = above + sum[threadIdx.x];
        const word next = above + (threadIdx.x + 1 < R::threads ? sum[threadIdx.x + 1] : 0);
        if (here >= target && next < target) {
            found[0] = threadIdx.x;
            found[1] = next;
            found[2] = here;
        }
        __syncthreads();
        prefix = prefix << (bits - low) | found[0];
        above = found[1];
        bits = low;
    } while (bits > 0 && found[2] > target);
    return prefix << bits > least ? prefix << bits : least;
}

/* (x - top) / temperature: 0 at most, and 0 at the top even where both are infinite */
__device__ inline float scaled(float x, float top, float inverse)
{
    return x == top ? 0.0f : (x - top) * inverse;
}

/* -log(-log(1 - u)), u = (r + 1/2) / 2^32, with no digit lost where u is near 0 or 1 */
__device__ inline float gumbel(uint32_t r)
{
    return -logf(r >> 31 ? -logf((float(~r) + 0.5f) * 0x1p-32f)
                         : -log1pf(-(float(r) + 0.5f) * 0x1p-32f));
}

/* The key from which on entries are kept. Weights of top-p are in parts of 2^(62 - id_bits), as
 * fine as 64 bits of their sum allow. */
template <class R> __device__ word last_kept(const R &row, const drawing &how, float top)
{
    word least = 1;
    if (how.K > 0)
        least = reach(
            row, least, [](float) { return word(1); }, [&](word) { return word(how.K); });
    if (how.top_p >= 1) return least;
    const float parts = float(1ull << (62 - row.id_bits));
    return reach(
        row, least, [&](float x) { return word(expf(scaled(x, top, how.inverse)) * parts); },
        [&](word total) { return word(ceil(how.top_p * double(total))); });
}

/* The key of the entry with the greatest score, among those kept; id and score make it up. */
template <class R> __device__ word draw(const R &row, const drawing &how, float top, uint64_t index)
{
    const word least = last_kept(row, how, top);
    word best = 0;
    row.walk([&](int64_t i, const float(&x)[4]) {
        bool kept[4], any = false;
        for (int j = 0; j < 4; j++) any |= kept[j] = row.key(x[j], i + j) >= least;
        if (!any) return;
        const wl_random r = wl_philox(how.seed, index, uint32_t(i / 4), WL_PURPOSE_CATEGORICAL);
        for (int j = 0; j < 4; j++) {
            const float score = scaled(x[j], top, how.inverse) + gumbel(r.word[j]);
            const word key = kept[j] ? row.key(score, i + j) : 0;
            if (key > best) best = key;
        }
    });
    return block_max<R::threads>(best);
}

/* A block owns a row, its threads the fours of entries. */
template <class T, int BITS>
__global__ void __launch_bounds__(1 << BITS, 1)
    categorical(ids_out out, rows_of<const T> logits, drawing how, int id_bits, int64_t N,
                int64_t V)
{
    wl::await_earlier();
    const uint64_t first = first_index(how.position);
    for (int64_t n = blockIdx.x; n < N; n += gridDim.x) {
        const T *x = logits.at(n, 0);
        const entries<T, BITS> row = { x, V, id_bits, uintptr_t(x) % sizeof(pack<T, 4>) == 0 };
        word best = 0;
        row.walk([&](int64_t i, const float(&v)[4]) {
            for (int j = 0; j < 4; j++) {
                const word key = row.key(v[j], i + j);
                if (key > best) best = key;
            }
        });
        best = block_max<1 << BITS>(best);
        if (best && !how.greedy) best = draw(row, how, row.value(best), first + uint64_t(n));
        if (threadIdx.x == 0) out.put(n, best ? row.id(best) : -1);
    }
}

} // namespace

wl_status wl_cuda_sampling_alias(wl_ctx *ctx, const wl_dims *d, const wl_sampling_alias_args *a)
{
    const ids_of exclude = ids(ctx, a->exclude, INT64_MAX, 0, true).reported();
    return launch(ctx, alias, blocks_for(d->N * ((d->K + 1) / 2), THREADS), THREADS,
                  written(a->ids), (const wl_alias_column *)a->columns.data,
                  (const int64_t *)a->position.data, exclude, a->seed, d->N, d->K, d->V);
}

wl_status wl_cuda_sampling_categorical(wl_ctx *ctx, const wl_dims *d,
                                       const wl_sampling_categorical_args *a)
{
    const bool greedy = a->temperature < 0x1p-100 || a->top_k == 1 || a->top_p == 0;
    const drawing how = { a->seed,  (const int64_t *)a->position.data,         a->top_k,
                          a->top_p, greedy ? 0.0f : float(1 / a->temperature), greedy };
    int id_bits = 0;
    while (int64_t(1) << id_bits < d->V) id_bits++;
    const bool small = d->V <= SHORT_ROW;
    return with_packs(a->logits.dtype, false, 1, [&](auto packs_of) {
        using T = typename decltype(packs_of)::type;
        return launch(ctx, small ? categorical<T, SHORT_DIGIT> : categorical<T, DIGIT>,
                      blocks_for(d->N, 1), small ? 1 << SHORT_DIGIT : 1 << DIGIT, written(a->ids),
                      rows<const T>(a->logits), how, id_bits, d->N, d->V);
    });
}
