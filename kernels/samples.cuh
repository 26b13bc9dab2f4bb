/* Scores of rows of h with rows of a table that are named for each, and their gradients: what
 * negative sampling and hierarchical softmax have in common. */
#ifndef WL_SAMPLES_CUH
#define WL_SAMPLES_CUH

#include "grouping.cuh"
#include "logistic.cuh"

/* a . b over D features, known to every lane of the warp */
template <int W, class T> __device__ float warp_dot(const T *a, const T *b, int64_t D)
{
    float sum = 0;
    for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
        float x[W], y[W];
        load_pack<W>(x, a + i);
        load_pack<W>(y, b + i);
        for (int j = 0; j < W; j++) sum += x[j] * y[j];
    }
    return wl::warp_sum(sum);
}

/* dh[n] = factor sum_k g[n,k] table[samples[n,k]] by one warp */
template <int W, class T>
__device__ void write_hidden_gradient(rows_of<T> dh, rows_of<const T> table, const ids_of &samples,
                                      const float *g, int64_t n, int64_t K, int64_t D, float factor)
{
    for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
        float sum[W] = {};
        for (int64_t slot = n * K; slot < (n + 1) * K; slot++) {
            const int64_t id = samples.at(slot);
            const float weight = factor * g[slot];
            float x[W];
            if (id < 0) continue;
            load_pack<W>(x, table.at(id, i));
            for (int j = 0; j < W; j++) sum[j] += weight * x[j];
        }
        store_pack<W>(dh.at(n, i), sum);
    }
}

/* Row n by one warp: gradients at its scores, of which the first `targets` are to be told yes.
 * Returns the loss; lane 0 has written g. */
template <int W, class T>
__device__ float score_row(float *g, const rows_of<const T> &h, const rows_of<const T> &table,
                           const ids_of &samples, int64_t n, int64_t K, int64_t D, int64_t targets,
                           float scale)
{
    float loss = 0;
    for (int64_t k = 0; k < K; k++) {
        const int64_t slot = n * K + k, id = samples.at(slot);
        float gradient = 0;
        if (id >= 0) {
            const float s = warp_dot<W>(h.at(n, 0), table.at(id, 0), D);
            const logistic l(s, k < targets, scale);
            loss += l.loss;
            gradient = l.gradient;
        }
        if (lane_index() == 0) {
            samples.check(slot);
            g[slot] = gradient;
        }
    }
    return loss;
}

/* A warp owns a row of h; without dh it only looks for bad ids. */
template <class T, int W>
__global__ void backward(rows_of<T> dh, rows_of<const T> table, ids_of samples, const float *g,
                         const float *dloss, int64_t N, int64_t K, int64_t D)
{
    wl::await_earlier();
    const float factor = dloss ? dloss[0] : 1.0f;
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        for (int64_t k = lane_index(); k < K; k += WARP) samples.check(n * K + k);
        if (dh.data) write_hidden_gradient<W>(dh, table, samples, g, n, K, D, factor);
    }
}

/* dtable[ids[slot]] += the contributions, in order; `packed` of dtable and of x */
template <class T>
wl_status add_to_table(wl_ctx *ctx, const wl_tensor &dtable, const contribution<T> &c,
                       int64_t slots, int64_t D, bool packed, void *workspace)
{
    constexpr int width = 16 / int(sizeof(T));
    grouping by;
    const wl_status status = group(ctx, c.ids, slots, workspace, &by);
    if (status) return status;
    const auto kernel = packed && D % width == 0 ? add_groups<T, width> : add_groups<T, 1>;
    return launch(ctx, kernel, blocks_for_groups(slots, D), THREADS, rows<float>(dtable), by, c, D);
}

/* The gradients of scores of which g has its own. */
inline wl_status samples_backward(wl_ctx *ctx, const wl_dims *d,
                                  const wl_negative_sampling_backward_args *a, const ids_of &from)
{
    return with_packs(a->h.dtype, true, d->D, [&](auto how) {
        using T = typename decltype(how)::type;
        const bool packed = in_packs(a->table) && in_packs(a->dh);
        constexpr int width = 16 / int(sizeof(T));
        const auto kernel = packed && d->D % width == 0 ? backward<T, width> : backward<T, 1>;
        const wl_status status = launch(
            ctx, kernel, blocks_for(d->N, WARPS), THREADS, rows<T>(a->dh), rows<const T>(a->table),
            from, (const float *)a->g.data, (const float *)a->dloss.data, d->N, d->K, d->D);
        if (status || !wl_present(&a->dtable)) return status;
        const contribution<T> c = { rows<const T>(a->h),
                                    (const float *)a->g.data,
                                    (const float *)a->dloss.data,
                                    from.reported(),
                                    d->K,
                                    false,
                                    0 };
        return add_to_table(ctx, a->dtable, c, d->N * d->K, d->D,
                            in_packs(a->h) && in_packs(a->dtable), ctx->workspace);
    });
}

#endif
