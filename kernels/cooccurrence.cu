/* Kernels of <wordloom/cooccurrence.h>.
 * count: every pair as a key and a weight; ordered by key; the weights summed up from the first on,
 * so that an entry's sum is what that grows by from its first pair to its last: whole numbers lose
 * nothing. Moves: 2 W pairs a token of 16 bytes, about 8 times each way for a vocabulary of 2^16.
 * Bound by: memory, the order most.
 * ppmi: elementwise. Moves: 16 bytes an entry and its sums, which L2 holds. Bound by: memory. */
#include "../host/ops/cooccurrence.h"
#include "algorithms.cuh"
#include "device.cuh"

namespace
{

/* A key that is none, and behind all that are. */
__host__ __device__ inline uint64_t no_key(int64_t V) { return uint64_t(V) * uint64_t(V); }

/* A thread owns a token: its pairs with those before it, both ways round. */
__global__ void expand(uint64_t *key, int64_t *weight, ids_of tokens, const int64_t *weights,
                       int64_t N, int64_t W, int64_t old)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < N; i += step) {
        const int64_t id = tokens.at(i);
        bool within = id >= 0 && i >= old;
        tokens.check(i);
        for (int64_t k = 1; k <= W; k++) {
            const int64_t there = within && k <= i ? tokens.at(i - k) : -1;
            const int64_t at = 2 * (k - 1) * N + i;
            within = there >= 0;
            key[at] = within ? uint64_t(id * tokens.V + there) : no_key(tokens.V);
            key[at + N] = within ? uint64_t(there * tokens.V + id) : no_key(tokens.V);
            weight[at] = weight[at + N] = within ? weights[k - 1] : 0;
        }
    }
}

/* A thread owns a place: 1 where an entry begins. */
__global__ void mark_entries(uint8_t *flag, const uint64_t *key, int64_t pairs, uint64_t none)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < pairs; i += step)
        flag[i] = key[i] < none && (i == 0 || key[i] != key[i - 1]) ? 1 : 0;
}

/* A thread owns an entry, whose sum is what comes before its end less what comes before its first
 * pair. Behind the last one's pairs stand weights of 0, to the last of all. */
__global__ void write_entries(int64_t *keys, int64_t *sums, const int64_t *begins,
                              const int64_t *count, const uint64_t *key, const int64_t *weight,
                              const int64_t *before, int64_t pairs)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x, entries = count[0];
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < entries; i += step) {
        const int64_t begin = begins[i], last = (i + 1 < entries ? begins[i + 1] : pairs) - 1;
        keys[i] = int64_t(key[begin]);
        sums[i] =
            int64_t(uint64_t(before[last]) + uint64_t(weight[last]) - uint64_t(before[begin]));
    }
}

/* What ppmi reads. */
struct association {
    ids_of rows, columns;
    const float *values, *row_sums, *column_sums;
    double total, eps, shift;
};

/* A thread owns an entry. */
__global__ void ppmi(float *y, association a, int64_t N)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t n = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; n < N; n += step) {
        const int64_t i = a.rows.at(n), j = a.columns.at(n);
        const float value = a.values[n];
        double bits = 0;
        a.rows.check(n);
        a.columns.check(n);
        if (i >= 0 && j >= 0 && !(value <= 0)) {
            const double chance = double(a.row_sums[i]) * double(a.column_sums[j]);
            bits = log2(double(value) * a.total / chance + a.eps) - a.shift;
        }
        y[n] = float(bits < 0 ? 0 : bits);
    }
}

/* The parts of what it takes to select. */
struct selection {
    int64_t *begins;
    uint8_t *flag;
    void *memory;
    size_t bytes;
};

selection selection_of(const wl_count_pairs &w, int64_t pairs)
{
    char *at = w.selection;
    return { (int64_t *)at, (uint8_t *)(at + wl_part(pairs, 8)),
             at + wl_part(pairs, 8) + wl_part(pairs, 1), algorithms_bytes(pairs) };
}

/* What the pairs that are ordered add up to, entry by entry. */
wl_status write_sums(wl_ctx *ctx, const wl_cooccurrence_count_args *a, const wl_count_pairs &w,
                     const selection &s, int sorted, int64_t pairs)
{
    int64_t *count = (int64_t *)a->count.data, *before = w.sum[1 - sorted];
    const uint64_t *key = w.key[sorted];
    wl_status status = launch(ctx, mark_entries, blocks_for(pairs, THREADS), THREADS, s.flag, key,
                              pairs, no_key(a->V));
    if (!status) status = select_flagged(ctx, s.flag, pairs, s.begins, count, s.memory, s.bytes);
    if (!status) status = running_sums(ctx, w.sum[sorted], before, pairs, s.memory, s.bytes);
    if (status) return status;
    return launch(ctx, write_entries, blocks_for(pairs, THREADS), THREADS, (int64_t *)a->keys.data,
                  (int64_t *)a->sums.data, (const int64_t *)s.begins, (const int64_t *)count, key,
                  (const int64_t *)w.sum[sorted], (const int64_t *)before, pairs);
}

} // namespace

wl_status wl_cuda_cooccurrence_count(wl_ctx *ctx, const wl_dims *d,
                                     const wl_cooccurrence_count_args *a)
{
    const ids_of tokens = ids(ctx, a->tokens, d->V, WL_ID_ROW(cooccurrence_count, tokens), true);
    const int64_t pairs = 2 * d->W * d->N;
    wl_count_pairs w;
    int bits = 1, sorted = 0;
    while (bits < 64 && no_key(d->V) >> bits) bits++;
    wl_count_pairs_carve(&w, ctx->workspace, selection_bytes(pairs), d);
    wl_status status = launch(ctx, expand, blocks_for(d->N, THREADS), THREADS, w.key[0], w.sum[0],
                              tokens, (const int64_t *)a->weights.data, d->N, d->W, d->O);
    if (status) return status;
    if (pairs == 0)
        return status_of(
            ctx, cudaMemsetAsync(a->count.data, 0, sizeof(int64_t), cudaStream_t(ctx->stream)));
    const selection s = selection_of(w, pairs);
    status = sort_pairs(ctx, w.key, w.sum, pairs, bits, s.memory, s.bytes, &sorted);
    return status ? status : write_sums(ctx, a, w, s, sorted, pairs);
}

wl_status wl_cuda_cooccurrence_ppmi(wl_ctx *ctx, const wl_dims *d,
                                    const wl_cooccurrence_ppmi_args *a)
{
    const association in = {
        ids(ctx, a->rows, d->R, WL_ID_ROW(cooccurrence_ppmi, rows), false),
        ids(ctx, a->columns, d->C, WL_ID_ROW(cooccurrence_ppmi, columns), false),
        (const float *)a->values.data,
        (const float *)a->row_sums.data,
        (const float *)a->column_sums.data,
        a->total,
        a->eps,
        a->shift,
    };
    return launch(ctx, ppmi, blocks_for(d->N, THREADS), THREADS, (float *)a->y.data, in, d->N);
}
