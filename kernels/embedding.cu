/* Kernels of <wordloom/embedding.h>.
 * gathers: a warp a row of y, straight from the table.
 * scatter: slots ordered by row, then a warp a group, summed in order; or atomic additions.
 * compact, update: the same groups, written out or applied to the table at once.
 * Moves: the rows that are looked up, once each way; the order costs 5 passes of 16 bytes a slot.
 * Bound by: memory for D >= 64; the order for few features; the longest group for skewed ids. */
#include "grouping.cuh"
#include "update_rule.cuh"

namespace
{

/* A warp owns a row of y, its lanes the features. */
template <class T, int W>
__global__ void gather(rows_of<T> y, rows_of<const T> table, ids_of ids, int64_t N, int64_t D)
{
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        const int64_t id = ids.at(n);
        if (lane_index() == 0) ids.check(n);
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            pack<T, W> p = {};
            if (id >= 0) p = *reinterpret_cast<const pack<T, W> *>(table.at(id, i));
            *reinterpret_cast<pack<T, W> *>(y.at(n, i)) = p;
        }
    }
}

/* A warp owns a row of y, its lanes the features; each lane walks the slots. */
template <class T, int W>
__global__ void gather_pooled(rows_of<T> y, rows_of<const T> table, const float *weights,
                              ids_of ids, int64_t N, int64_t K, int64_t D, bool mean)
{
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        const float share = ids.share(n, K, mean);
        for (int64_t k = lane_index(); k < K; k += WARP) ids.check(n * K + k);
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float sum[W] = {};
            for (int64_t slot = n * K; slot < (n + 1) * K; slot++) {
                const int64_t id = ids.at(slot);
                const float weight = weights ? weights[slot] : 1.0f;
                float x[W];
                if (id < 0) continue;
                load_pack<W>(x, table.at(id, i));
                for (int j = 0; j < W; j++) sum[j] += weight * x[j];
            }
            for (int j = 0; j < W; j++) sum[j] *= share;
            store_pack<W>(y.at(n, i), sum);
        }
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

/* A warp owns a slot, its lanes the features. */
template <class T, int W>
__global__ void scatter_atomic(rows_of<float> dtable, contribution<T> c, int64_t slots, int64_t D)
{
    for (int64_t slot = warp_index(); slot < slots; slot += warp_count()) {
        const int64_t id = c.ids.at(slot);
        if (lane_index() == 0) c.ids.check(slot);
        if (id < 0) continue;
        const float weight = c.weight(slot);
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float x[W];
            load_pack<W>(x, c.x.at(slot / c.K, i));
            for (int j = 0; j < W; j++) x[j] *= weight;
            add_atomically<W>(dtable.at(id, i), x);
        }
    }
}

/* A warp owns a group, its lanes the features. */
template <class T, int W>
__global__ void write_groups(int64_t *out_rows, rows_of<float> sums, const int64_t *begins,
                             const int64_t *count, grouping by, contribution<T> c, int64_t D)
{
    for (int64_t group = warp_index(); group < count[0]; group += warp_count()) {
        const int64_t place = begins[group];
        if (lane_index() == 0) out_rows[group] = int64_t(by.row[place]);
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float sum[W];
            sum_group<W>(sum, by, c, place, i);
            store_floats<W>(sums.at(group, i), sum);
        }
    }
}

/* A warp owns a group, its lanes the features. */
template <class T, int W>
__global__ void update_groups(rows_of<T> table, float *m, float *v, rule_inputs in, grouping by,
                              contribution<T> c, int64_t D)
{
    const rule r = shared_rule(in);
    if (r.skip) return;
    for (int64_t place = warp_index(); place < by.slots; place += warp_count()) {
        if (!by.begins(place)) continue;
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float sum[W];
            sum_group<W>(sum, by, c, place, i);
            update_pack<W>(r, table, m, v, int64_t(by.row[place]), i, D, sum);
        }
    }
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
    const ids_of from = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_gather, ids), false);
    const bool packed = in_packs(a->table) && in_packs(a->y);
    return with_packs(a->y.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, gather<T, A::width>, blocks_for(d->N, WARPS), THREADS, rows<T>(a->y),
                      rows<const T>(a->table), from, d->N, d->D);
    });
}

wl_status wl_cuda_embedding_gather_pooled(wl_ctx *ctx, const wl_dims *d,
                                          const wl_embedding_gather_pooled_args *a)
{
    const ids_of from = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_gather_pooled, ids), true);
    const bool packed = in_packs(a->table) && in_packs(a->y);
    return with_packs(a->y.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, gather_pooled<T, A::width>, blocks_for(d->N, WARPS), THREADS,
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
        return launch(ctx, add_groups<T, A::width>, blocks_for(slots, WARPS), THREADS,
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
        return launch(ctx, scatter_atomic<T, A::width>, blocks_for(slots, WARPS), THREADS,
                      rows<float>(a->dtable), contribution_of<T>(*a, to, d->K, 0), slots, d->D);
    });
}

wl_status wl_cuda_embedding_compact(wl_ctx *ctx, const wl_dims *d,
                                    const wl_embedding_compact_args *a)
{
    const ids_of from = ids(ctx, a->ids, d->V, WL_ID_ROW(embedding_compact, ids), true);
    const int64_t slots = d->N * d->K;
    const int64_t *begins = nullptr;
    int64_t *count = (int64_t *)a->count.data;
    grouping by;
    wl_status status = group(ctx, from, slots, ctx->workspace, &by);
    if (!status) status = list_groups(ctx, by, ctx->workspace, &begins, count);
    if (status) return status;
    return with_packs(a->dy.dtype, in_packs(a->dy) && in_packs(a->sums), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, write_groups<T, A::width>, blocks_for(slots, WARPS), THREADS,
                      (int64_t *)a->rows.data, rows<float>(a->sums), begins, count, by,
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
        return launch(ctx, update_groups<T, A::width>, blocks_for(slots, WARPS), THREADS,
                      rows<T>(a->table), (float *)a->m.data, (float *)a->v.data, inputs_of(a->rule),
                      by, contribution_of<T>(*a, to, d->K, a->cap), d->D);
    });
}
