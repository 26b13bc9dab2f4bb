/* Kernels of <wordloom/embedding.h>.
 * gathers: a thread a few packs of y, straight from the table, as bits where nothing is pooled.
 * scatter: slots ordered by row, then a warp a group, or a block one of many slots; or atomic
 * additions of what a block has of a row. compact, update: the same groups, written out or applied
 * to the table at once. Moves: the rows that are looked up, once each way; the order 12 bytes a
 * slot and 16 a pass. Bound by: memory for D >= 64; the order for few features; a block for a row
 * of most slots. */
#include "grouping.cuh"
#include "update_rule.cuh"

namespace
{

/* Packs of y, or slots of one, whose reads a thread has on their way at once. */
constexpr int AHEAD = 4;

/* A thread owns packs of y, a block's width apart. Whoever has a row's first one looks at its id.
 */
template <class P>
__global__ void gather(rows_of<P> y, rows_of<const P> table, ids_of ids, int64_t N, int64_t packs)
{
    wl::await_earlier();
    const int64_t width = packs > 0 ? packs : 1, items = N * width, part = THREADS * AHEAD;
    const int64_t rows = quotient(THREADS, width); /* from one of its packs to the next */
    for (int64_t first = blockIdx.x * part + threadIdx.x; first < items;
         first += gridDim.x * part) {
        int64_t n[AHEAD], i[AHEAD], id[AHEAD];
        P p[AHEAD];
        n[0] = quotient(first, width), i[0] = first - n[0] * width;
#pragma unroll
        for (int u = 1; u < AHEAD; u++) {
            n[u] = n[u - 1] + rows, i[u] = i[u - 1] + THREADS - rows * width;
            if (i[u] >= width) n[u]++, i[u] -= width;
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) id[u] = n[u] < N && packs > 0 ? ids.at(n[u]) : -1;
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            p[u] = {};
            if (id[u] >= 0) p[u] = *table.at(id[u], i[u]);
        }
#pragma unroll
        for (int u = 0; u < AHEAD; u++) {
            if (n[u] < N && packs > 0) *y.at(n[u], i[u]) = p[u];
            if (n[u] < N && i[u] == 0) ids.check(n[u]);
        }
    }
}

/* Adds to a pack of y those of up to AHEAD slots of its row, in order; returns how many hold an id.
 */
template <class T, int W>
__device__ inline int pool_slots(float (&sum)[W], rows_of<const T> table, const float *weights,
                                 const ids_of &ids, int64_t slot, int64_t end, int64_t i)
{
    int64_t id[AHEAD];
    float weight[AHEAD];
    pack<T, W> x[AHEAD];
    int present = 0;
#pragma unroll
    for (int u = 0; u < AHEAD; u++) {
        id[u] = slot + u < end ? ids.at(slot + u) : -1;
        weight[u] = weights && slot + u < end ? weights[slot + u] : 1.0f;
    }
#pragma unroll
    for (int u = 0; u < AHEAD; u++)
        if (id[u] >= 0) x[u] = *reinterpret_cast<const pack<T, W> *>(table.at(id[u], i));
#pragma unroll
    for (int u = 0; u < AHEAD; u++) {
        if (id[u] < 0) continue;
        for (int j = 0; j < W; j++) sum[j] += weight[u] * to_float(x[u].v[j]);
        present++;
    }
    return present;
}

/* A thread owns a pack of y and walks the slots of its row; whoever has the first one looks at the
 * ids. */
template <class T, int W>
__global__ void gather_pooled(rows_of<T> y, rows_of<const T> table, const float *weights,
                              ids_of ids, int64_t N, int64_t K, int64_t D, bool mean)
{
    wl::await_earlier();
    const int64_t width = D > 0 ? D / W : 1, step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t item = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; item < N * width;
         item += step) {
        const int64_t n = quotient(item, width), i = (item - n * width) * W;
        float sum[W] = {};
        int64_t present = 0;
        for (int64_t k = 0; i == 0 && k < K; k++) ids.check(n * K + k);
        if (D == 0) continue;
        for (int64_t slot = n * K; slot < (n + 1) * K; slot += AHEAD)
            present += pool_slots<T, W>(sum, table, weights, ids, slot, (n + 1) * K, i);
        const float share = mean && present > 0 ? 1.0f / float(present) : 1.0f;
        for (int j = 0; j < W; j++) sum[j] *= share;
        store_pack<W>(y.at(n, i), sum);
    }
}

/* W neighbouring atomic additions, in fours where they fit. */
template <int W> __device__ void add_atomically(float *to, const float (&x)[W])
{
    if constexpr (W % 4 == 0)
        for (int i = 0; i < W; i += 4)
            wl::red_add4(to + i, make_float4(x[i], x[i + 1], x[i + 2], x[i + 3]));
    else
        for (int i = 0; i < W; i++) wl::red_add(to + i, x[i]);
}

constexpr int TILE = 64; /* slots among which equal ids are added up before they meet the table */

/* The ids of a tile, in ascending order, and whose they are; -1 past the end. */
struct tile {
    int64_t id[TILE], row[TILE];
    int slot[TILE];
};

/* All threads of the block call. */
__device__ inline void order_tile(tile &t, const ids_of &ids, int64_t first, int64_t slots)
{
    const int i = int(threadIdx.x);
    int before = 0;
    __syncthreads(); /* with the tile before this one all are done */
    if (i < TILE) t.id[i] = first + i < slots ? ids.at(first + i) : -1;
    __syncthreads();
    for (int j = 0; i < TILE && j < TILE; j++)
        before += t.id[j] < t.id[i] || (t.id[j] == t.id[i] && j < i);
    if (i < TILE) t.row[before] = t.id[i], t.slot[before] = i;
    __syncthreads();
}

/* A block owns a tile of slots and a span of features, its warps a row of the tile each. */
template <class T, int W>
__global__ void scatter_atomic(rows_of<float> dtable, contribution<T> c, int64_t slots, int64_t D)
{
    wl::await_earlier();
    WL_SHARED(tile, t, [1]);
    const int64_t spans = spans_of(D), turns = (slots + TILE - 1) / TILE * spans;
    for (int64_t turn = blockIdx.x; turn < turns; turn += gridDim.x) {
        const int64_t tiles = quotient(turn, spans), from = (turn - tiles * spans) * SPAN;
        const int64_t first = tiles * TILE, mine = first + threadIdx.x;
        if (from == 0 && threadIdx.x < TILE && mine < slots) c.ids.check(mine);
        order_tile(t[0], c.ids, first, slots);
        for (int place = int(threadIdx.x) / WARP; place < TILE; place += WARPS) {
            const int64_t row = t[0].row[place];
            if (row < 0 || (place > 0 && t[0].row[place - 1] == row)) continue;
            float sum[HELD] = {};
            for (int at = place, some = WARP; some == WARP; at += WARP) {
                const int own = at + lane_index();
                const bool same = own < TILE && t[0].row[own] == row;
                some = __popc(__ballot_sync(~0u, same));
                add_slots<W>(sum, c, same ? first + t[0].slot[own] : 0, some, from, D);
            }
            each_pack<W>(sum, from, D, [&](int64_t i, const float(&x)[W]) {
                add_atomically<W>(dtable.at(row, i), x);
            });
        }
    }
}

template <int W> struct listing {
    int64_t *rows;
    rows_of<float> sums;
    const int64_t *number;
    int64_t D;
    __device__ void expect(int64_t, int64_t) const {}
    __device__ void take(int64_t place, int64_t row, int64_t from, const float (&sum)[HELD]) const
    {
        const int64_t group = number[place];
        if (lane_index() == 0 && from == 0) rows[group] = row;
        each_pack<W>(sum, from, D,
                     [&](int64_t i, const float(&x)[W]) { store_floats<W>(sums.at(group, i), x); });
    }
};

/* A block owns the groups that begin at its warps' places. */
template <class T, int W>
__global__ void write_groups(int64_t *out_rows, rows_of<float> sums, grouping by, contribution<T> c,
                             int64_t D)
{
    wl::await_earlier();
    sum_all_groups<W>(by, c, D, listing<W>{ out_rows, sums, by.number, D });
}

template <class T, int W> struct descent {
    rule r;
    rows_of<T> table;
    rows_of<float> m, v;
    int64_t D;
    __device__ void expect(int64_t row, int64_t from) const
    {
        expect_row<W>(table, row, from, D);
        if (r.has_m()) expect_row<W>(m, row, from, D);
        if (r.has_v()) expect_row<W>(v, row, from, D);
    }
    __device__ void take(int64_t, int64_t row, int64_t from, const float (&sum)[HELD]) const
    {
        each_pack<W>(sum, from, D, [&](int64_t i, const float(&x)[W]) {
            update_pack<W>(r, table, m.data, v.data, row, i, D, x);
        });
    }
};

/* A block owns the groups that begin at its warps' places. */
template <class T, int W>
__global__ void update_groups(rows_of<T> table, float *m, float *v, rule_inputs in, grouping by,
                              contribution<T> c, int64_t D)
{
    wl::await_earlier();
    const rule r = shared_rule(in);
    if (r.skip) return;
    sum_all_groups<W>(by, c, D, descent<T, W>{ r, table, { m, D }, { v, D }, D });
}

/* What divides these divides where each row of a tensor begins, in bytes. */
uint64_t bits_of_rows(const wl_tensor &t)
{
    return uint64_t(uintptr_t(t.data)) | uint64_t(wl_stride(&t, 0)) * wl_dtype_size(t.dtype);
}

/* Rows of so many bytes, moved as they are in units of P. */
template <class P>
wl_status gather_by(wl_ctx *ctx, const wl_dims *d, const wl_embedding_gather_args *a, int64_t bytes)
{
    const ids_of from = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_gather, ids), false);
    const int64_t size = int64_t(sizeof(P)), stored = int64_t(wl_dtype_size(a->y.dtype));
    const int64_t packs = bytes / size, items = d->N * (packs > 0 ? packs : 1);
    const rows_of<P> to = { (P *)a->y.data, wl_stride(&a->y, 0) * stored / size };
    const rows_of<const P> table = { (const P *)a->table.data,
                                     wl_stride(&a->table, 0) * stored / size };
    return launch(ctx, gather<P>, blocks_for(items, THREADS * AHEAD), THREADS, to, table, from,
                  d->N, packs);
}

template <class T, class Args>
contribution<T> contribution_of(const Args &a, const ids_of &ids, int64_t K, double cap)
{
    return {
        rows<const T>(a.dy), (const float *)a.weights.data, nullptr, ids, K, a.mean != 0, cap
    };
}

} // namespace

wl_status wl_cuda_embedding_gather(wl_ctx *ctx, const wl_dims *d, const wl_embedding_gather_args *a)
{
    const int64_t size = int64_t(wl_dtype_size(a->y.dtype)), row = d->D * size;
    const uint64_t all = uint64_t(row) | bits_of_rows(a->y) | bits_of_rows(a->table);
    if (all % 16 == 0) return gather_by<pack<uint32_t, 4>>(ctx, d, a, row);
    if (all % 8 == 0) return gather_by<pack<uint32_t, 2>>(ctx, d, a, row);
    if (all % 4 == 0) return gather_by<uint32_t>(ctx, d, a, row);
    return gather_by<uint16_t>(ctx, d, a, row);
}

wl_status wl_cuda_embedding_gather_pooled(wl_ctx *ctx, const wl_dims *d,
                                          const wl_embedding_gather_pooled_args *a)
{
    const ids_of from = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_gather_pooled, ids), true);
    const bool packed = in_packs(a->table) && in_packs(a->y);
    return with_packs(a->y.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const int64_t width = d->D > 0 ? d->D / A::width : 1;
        return launch(ctx, gather_pooled<T, A::width>, blocks_for(d->N * width, THREADS), THREADS,
                      rows<T>(a->y), rows<const T>(a->table), (const float *)a->weights.data, from,
                      d->N, d->K, d->D, a->mean != 0);
    });
}

wl_status wl_cuda_embedding_scatter(wl_ctx *ctx, const wl_dims *d,
                                    const wl_embedding_scatter_args *a)
{
    const ids_of to = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_scatter, ids), true);
    const int64_t slots = d->N * d->K;
    grouping by;
    const wl_status status = group(ctx, to, slots, ctx->workspace, &by);
    if (status) return status;
    return with_packs(a->dy.dtype, in_packs(a->dy) && in_packs(a->dtable), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, add_groups<T, A::width>, blocks_for_groups(slots, d->D), THREADS,
                      rows<float>(a->dtable), by, contribution_of<T>(*a, to, d->K, 0), d->D);
    });
}

wl_status wl_cuda_embedding_scatter_atomic(wl_ctx *ctx, const wl_dims *d,
                                           const wl_embedding_scatter_atomic_args *a)
{
    const ids_of to = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_scatter_atomic, ids), true);
    const int64_t slots = d->N * d->K;
    return with_packs(a->dy.dtype, in_packs(a->dy) && in_packs(a->dtable), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, scatter_atomic<T, A::width>,
                      blocks_for((slots + TILE - 1) / TILE * spans_of(d->D), 1), THREADS,
                      rows<float>(a->dtable), contribution_of<T>(*a, to, d->K, 0), slots, d->D);
    });
}

wl_status wl_cuda_embedding_compact(wl_ctx *ctx, const wl_dims *d,
                                    const wl_embedding_compact_args *a)
{
    const ids_of from = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_compact, ids), true);
    const int64_t slots = d->N * d->K;
    grouping by;
    const wl_status status = group(ctx, from, slots, ctx->workspace, &by, (int64_t *)a->count.data);
    if (status) return status;
    return with_packs(a->dy.dtype, in_packs(a->dy) && in_packs(a->sums), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, write_groups<T, A::width>, blocks_for_groups(slots, d->D), THREADS,
                      (int64_t *)a->rows.data, rows<float>(a->sums), by,
                      contribution_of<T>(*a, from, d->K, a->cap), d->D);
    });
}

wl_status wl_cuda_embedding_update(wl_ctx *ctx, const wl_dims *d, const wl_embedding_update_args *a)
{
    const ids_of to = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_update, ids), true);
    const int64_t slots = d->N * d->K;
    grouping by;
    const wl_status status = group(ctx, to, slots, ctx->workspace, &by);
    if (status) return status;
    const bool packed = in_packs(a->table) && in_packs(a->m) && in_packs(a->v) && in_packs(a->dy);
    return with_packs(a->table.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, update_groups<T, A::width>, blocks_for_groups(slots, d->D), THREADS,
                      rows<T>(a->table), (float *)a->m.data, (float *)a->v.data, inputs_of(a->rule),
                      by, contribution_of<T>(*a, to, d->K, a->cap), d->D);
    });
}
