/* Kernels of <wordloom/similarity.h>: a tile of products into the workspace, which L2 holds, then a
 * block for each part of a question's row takes its K best, and at last one block those of all
 * parts.
 * norms: a warp a row. Moves: the table once. Bound by: memory.
 * products of few queries: a warp a row. Moves: the table once. Bound by: memory. Of more: by gemm.
 * take_best, merge_best: a block a part, or a question, which narrows the key of the last entry by
 * a digit a reading. Moves: scores some eight times, through L2. Bound by: that. */
#include "../host/ops/similarity.h"
#include "gemm.cuh"

namespace
{

/* ------------------------------------------------------------------ lengths */

/* A warp owns a row. Sums are double, so that no square overflows or vanishes. */
template <class T, int W>
__global__ void norms(float *inverse, rows_of<const T> table, int64_t V, int64_t D)
{
    wl::await_earlier();
    for (int64_t v = warp_index(); v < V; v += warp_count()) {
        double sum = 0;
        for (int64_t i = int64_t(lane_index()) * W; i < D; i += WARP * W) {
            float x[W];
            load_pack<W>(x, table.at(v, i));
            for (int j = 0; j < W; j++) sum += double(x[j]) * double(x[j]);
        }
        const double length = sqrt(wl::warp_sum(sum));
        if (lane_index() == 0) inverse[v] = length >= 0x1p-126 ? float(1 / length) : 0.0f;
    }
}

/* ------------------------------------------------------------------ products */

/* A warp owns a row of the table: its products with all queries, four at a time. */
template <class T, int W>
__global__ void products(float *out, int64_t pitch, rows_of<const T> table, const T *queries,
                         int64_t count, int64_t rows, int64_t D)
{
    wl::await_earlier();
    for (int64_t v = warp_index(); v < rows; v += warp_count())
        for (int64_t q = 0; q < count; q += WL_SIMILARITY_FEW) {
            float sum[WL_SIMILARITY_FEW] = {};
            for (int64_t i = int64_t(lane_index()) * W; i < D; i += WARP * W) {
                float x[W], y[W];
                load_pack<W>(x, table.at(v, i));
                for (int k = 0; k < WL_SIMILARITY_FEW; k++) {
                    if (q + k >= count) break;
                    load_pack<W>(y, queries + (q + k) * D + i);
                    for (int j = 0; j < W; j++) sum[k] += x[j] * y[j];
                }
            }
            for (int k = 0; k < WL_SIMILARITY_FEW; k++) {
                const float whole = wl::warp_sum(sum[k]);
                if (lane_index() == 0 && q + k < count) out[(q + k) * pitch + v] = whole;
            }
        }
}

/* ------------------------------------------------------------------ keys */

/* An entry as a number, greater for one that comes before: the bits of the score in an order of
 * unsigned numbers, then those of the id, inverted. 0 is no entry. */
using word = unsigned long long;

__device__ inline word key_of(float score, int64_t id)
{
    const uint32_t u = wl_bits_of_f32(score == 0 ? 0.0f : score); /* no -0 */
    const uint32_t ordered = u >> 31 ? ~u : u | 0x80000000u;
    return score > -INFINITY ? word(ordered) << 32 | uint32_t(~uint32_t(id)) : 0;
}

__device__ inline int32_t id_of(word key) { return key ? int32_t(~uint32_t(key)) : -1; }

__device__ inline float score_of(word key)
{
    const uint32_t ordered = uint32_t(key >> 32);
    const uint32_t u = ordered >> 31 ? ordered & 0x7fffffffu : ~ordered;
    return key ? wl_f32_of_bits(u) : 0.0f;
}

constexpr int DIGIT = 8; /* bits of a key that one reading decides */
static_assert(1 << DIGIT == THREADS, "a thread clears the count of a digit");

/* Of the counts of digits: the digit at which the greatest come to `wanted`, how many are beyond it
 * and with it, and how many there are. A warp calls; a lane owns eight digits, lane 0 the greatest.
 */
__device__ inline void find_digit(unsigned found[4], const unsigned *count, unsigned wanted)
{
    constexpr int own = THREADS / WARP;
    const int lane = lane_index(), greatest = THREADS - 1 - lane * own;
    unsigned mine = 0;
    for (int j = 0; j < own; j++) mine += count[greatest - j];
    unsigned here = mine; /* and what lanes before have */
    for (int step = 1; step < WARP; step *= 2) {
        const unsigned more = __shfl_up_sync(0xffffffffu, here, unsigned(step));
        if (lane >= step) here += more;
    }
    if (lane == WARP - 1) found[3] = here;
    unsigned beyond = here - mine;
    for (int j = 0; j < own; j++) {
        here = beyond + count[greatest - j];
        if (beyond < wanted && here >= wanted) {
            found[0] = unsigned(greatest - j);
            found[1] = beyond;
            found[2] = here;
        }
        beyond = here;
    }
}

/* The least of the K greatest of n keys, all of which differ; 1 where there are no more than K. All
 * threads of the block call, and all get it. */
template <class F> __device__ word last_of_best(int64_t n, unsigned K, F key)
{
    WL_SHARED(unsigned, count, [THREADS]);
    WL_SHARED(unsigned, found, [4]);
    word prefix = 0;
    unsigned wanted = K; /* of the keys with this prefix */
    for (int bits = 64 - DIGIT; bits >= 0; bits -= DIGIT) {
        __syncthreads(); /* what the last reading found has been read */
        count[threadIdx.x] = 0;
        __syncthreads();
        for (int64_t i = threadIdx.x; i < n; i += THREADS) {
            const word k = key(i);
            if (k && k >> bits >> DIGIT == prefix) atomicAdd(&count[k >> bits & (THREADS - 1)], 1u);
        }
        __syncthreads();
        if (threadIdx.x < WARP) find_digit(found, count, wanted);
        __syncthreads();
        if (bits == 64 - DIGIT && found[3] <= wanted) return 1;
        prefix = prefix << DIGIT | found[0];
        if (found[2] == wanted) return prefix << bits;
        wanted -= found[1];
    }
    return prefix;
}

/* Writes the K greatest of n keys in any order, and 0 behind them. */
template <class F> __device__ void write_best(word *out, int64_t n, unsigned K, F key)
{
    WL_SHARED(unsigned, written, [1]);
    const word last = last_of_best(n, K, key);
    __syncthreads(); /* what was written the last time has been read */
    if (threadIdx.x == 0) written[0] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < n; i += THREADS) {
        const word k = key(i);
        if (k >= last) out[atomicAdd(written, 1u)] = k;
    }
    __syncthreads();
    for (unsigned i = written[0] + threadIdx.x; i < K; i += THREADS) out[i] = 0;
}

/* ------------------------------------------------------------------ scores */

/* A tile of products, and what makes scores of them. */
struct tile {
    float *scores; /* [per questions, pitch] */
    int64_t pitch;
    const float *of_rows, *of_queries; /* inverse lengths, from the tile's first on */
    ids_of excluded;
    int64_t E, question, questions, row, rows; /* the tile's first, and how many */
    int64_t part;                              /* rows of a part */
};

/* Scores in the place of the n products of one part of a question; those of excluded rows are
 * NaN. One thread writes these, as two of them may be the same. */
template <int PER>
__device__ void finish_scores(float *score, const tile &t, int64_t q, int64_t first, int64_t n)
{
    const float *of_query = t.of_queries + q * PER, *of_rows = t.of_rows + first;
    for (int64_t i = threadIdx.x; i < n; i += THREADS) {
        float c[PER];
        for (int k = 0; k < PER; k++) c[k] = score[k * t.pitch + i] * of_rows[i] * of_query[k];
        if constexpr (PER == 1)
            score[i] = c[0];
        else
            score[i] = (1 + c[1]) / 2 * ((1 + c[2]) / 2) / ((1 + c[0]) / 2 + 1e-3f);
    }
    __syncthreads();
    for (int64_t e = 0; e < t.E && threadIdx.x == 0; e++) {
        const int64_t i = t.excluded.at((t.question + q) * t.E + e) - t.row - first;
        if (i >= 0 && i < n) score[i] = NAN;
    }
    __syncthreads();
}

/* A block owns a part of a question's row: its K best to best[question, part of all, K]. */
template <int PER>
__global__ void take_best(word *best, int64_t parts, tile t, int64_t first_part, int64_t K)
{
    wl::await_earlier();
    const int64_t here = (t.rows + t.part - 1) / t.part;
    for (int64_t i = blockIdx.x; i < t.questions * here; i += gridDim.x) {
        const int64_t q = quotient(i, here), p = i - q * here, first = p * t.part;
        const int64_t n = t.rows - first < t.part ? t.rows - first : t.part;
        float *score = t.scores + q * PER * t.pitch + first;
        finish_scores<PER>(score, t, q, first, n);
        write_best(best + (q * parts + first_part + p) * K, n, unsigned(K),
                   [&](int64_t v) { return key_of(score[v], t.row + first + v); });
    }
}

/* Sorts `size` keys, a power of two, the greatest first. */
__device__ inline void sort_keys(word *key, int size)
{
    for (int run = 2; run <= size; run *= 2)
        for (int step = run / 2; step > 0; step /= 2) {
            __syncthreads();
            for (int i = threadIdx.x; i < size; i += THREADS) {
                const int j = i ^ step;
                if (j < i) continue; /* thread j has this pair */
                const word a = key[i], b = key[j];
                if ((a < b) != ((i & run) == 0)) continue;
                key[i] = b;
                key[j] = a;
            }
        }
    __syncthreads();
}

/* Where the answers go. */
struct answers {
    void *ids;
    float *scores;
    bool wide;
};

/* A block owns a question: the K best of its parts' best, in order; and it reports what is wrong
 * with its excluded ids. */
__global__ void merge_best(answers out, const word *best, int64_t parts, ids_of excluded, int64_t E,
                           int64_t question, int64_t questions, int64_t K)
{
    wl::await_earlier();
    WL_SHARED(word, key, [WL_SIMILARITY_MOST]);
    int size = 1;
    while (size < K) size *= 2;
    for (int64_t i = blockIdx.x; i < questions; i += gridDim.x) {
        const int64_t q = question + i;
        const word *from = best + i * parts * K;
        for (int64_t e = threadIdx.x; e < E; e += THREADS) excluded.check(q * E + e);
        if (K == 0) continue;
        write_best(key, parts * K, unsigned(K), [&](int64_t at) { return from[at]; });
        for (int64_t k = K + threadIdx.x; k < size; k += THREADS) key[k] = 0;
        sort_keys(key, size);
        for (int64_t k = threadIdx.x; k < K; k += THREADS) {
            out.scores[q * K + k] = score_of(key[k]);
            if (out.wide)
                ((int64_t *)out.ids)[q * K + k] = id_of(key[k]);
            else
                ((int32_t *)out.ids)[q * K + k] = id_of(key[k]);
        }
        __syncthreads(); /* before the next question's keys */
    }
}

/* ------------------------------------------------------------------ launchers */

wl_status find_norms(wl_ctx *ctx, float *inverse, const wl_tensor &rows_in)
{
    const int64_t N = rows_in.shape[0], D = rows_in.shape[1];
    return with_packs(rows_in.dtype, in_packs(rows_in), D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, norms<T, A::width>, blocks_for(N, WARPS), THREADS, inverse,
                      rows<const T>(rows_in), N, D);
    });
}

/* `count` rows of a matrix from `first` on. */
wl_tensor some_rows(const wl_tensor &t, int64_t first, int64_t count)
{
    wl_tensor some = t;
    some.data = (char *)t.data + size_t(first * wl_stride(&t, 0)) * wl_dtype_size(t.dtype);
    some.shape[0] = count;
    return some;
}

wl_status multiply(wl_ctx *ctx, const wl_similarity *n, const wl_similarity_space *s, const tile &t)
{
    const int64_t count = t.questions * n->per;
    const wl_tensor table = some_rows(*n->table, t.row, t.rows);
    const wl_tensor queries = some_rows(n->queries, t.question * n->per, count);
    if (!s->few)
        return gemm(ctx, count, t.rows, n->D, table.dtype, matrix_of(queries, false),
                    matrix_of(table, true), 0, t.scores, t.pitch, s->gemm);
    return with_packs(table.dtype, in_packs(table) && in_packs(queries), n->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, products<T, A::width>, blocks_for(t.rows, WARPS), THREADS, t.scores,
                      t.pitch, rows<const T>(table), (const T *)queries.data, count, t.rows, n->D);
    });
}

wl_status search_rows(wl_ctx *ctx, const wl_similarity *n, const wl_similarity_space *s, tile t)
{
    t.of_rows = (const float *)n->inverse->data + t.row;
    const int64_t here = (t.rows + t.part - 1) / t.part;
    const wl_status status = multiply(ctx, n, s, t);
    if (status) return status;
    return launch(ctx, n->per == 1 ? take_best<1> : take_best<3>, blocks_for(t.questions * here, 1),
                  THREADS, (word *)s->best, s->parts, t, t.row / t.part, n->K);
}

wl_status search(wl_ctx *ctx, const wl_similarity *n)
{
    static const wl_tensor none = {};
    wl_similarity_space s;
    wl_similarity_carve(&s, ctx->workspace, ctx->backend, n);
    tile t = {};
    const ids_of excluded = ids(ctx, n->excluded ? *n->excluded : none, n->V, n->where, true);
    t.excluded = excluded.reported();
    t.E = n->E, t.scores = (float *)s.scores, t.pitch = s.rows, t.part = s.part;
    wl_status status = find_norms(ctx, (float *)s.inverse, n->queries);
    for (; t.question < n->Q && !status; t.question += s.questions) {
        const int64_t left = n->Q - t.question;
        t.questions = left < s.questions ? left : s.questions;
        t.of_queries = (const float *)s.inverse + t.question * n->per;
        for (t.row = 0; t.row < n->V && n->K && !status; t.row += s.rows) {
            t.rows = n->V - t.row < s.rows ? n->V - t.row : s.rows;
            status = search_rows(ctx, n, &s, t);
        }
        const answers out = { n->ids->data, (float *)n->scores->data, n->ids->dtype == WL_I64 };
        if (!status)
            status = launch(ctx, merge_best, blocks_for(t.questions, 1), THREADS, out,
                            (const word *)s.best, s.parts, excluded, n->E, t.question, t.questions,
                            n->K);
    }
    return status;
}

} // namespace

wl_status wl_cuda_similarity_norms(wl_ctx *ctx, const wl_dims *, const wl_similarity_norms_args *a)
{
    return find_norms(ctx, (float *)a->inverse.data, a->table);
}

wl_status wl_cuda_similarity_topk(wl_ctx *ctx, const wl_dims *d, const wl_similarity_topk_args *a)
{
    const wl_similarity n = wl_similarity_of_topk(d, a);
    return search(ctx, &n);
}

wl_status wl_cuda_similarity_multiply(wl_ctx *ctx, const wl_dims *d,
                                      const wl_similarity_multiply_args *a)
{
    const wl_similarity n = wl_similarity_of_multiply(d, a);
    return search(ctx, &n);
}
