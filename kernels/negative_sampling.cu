/* Kernels of <wordloom/negative_sampling.h>.
 * forward: a warp a row of h: K dot products, the loss and its gradients, and dh on request.
 * backward: the same second half; dtable through slots ordered by row (grouping.cuh).
 * shared: the K rows gathered to f32, then matrix products.
 * Moves: K + 2 rows of D a row of h; the second reading of the K rows comes from L1 or L2.
 * Bound by: memory; latency for few rows. */
#include "gemm.cuh"
#include "samples.cuh"
#include "sums.cuh"

namespace
{

/* A warp owns a row of h. */
template <class T, int W>
__global__ void forward(float *losses, float *g, rows_of<T> dh, rows_of<const T> h,
                        rows_of<const T> table, ids_of samples, int64_t N, int64_t K, int64_t D,
                        float scale)
{
    wl::await_earlier();
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        const float loss = score_row<W>(g, h, table, samples, n, K, D, 1, scale);
        if (lane_index() == 0) losses[n] = loss;
        __syncwarp();
        if (dh.data) write_hidden_gradient<W>(dh, table, samples, g, n, K, D, 1.0f);
    }
}

/* out[i] = table[ids[i]] in f32, zero where there is none: a warp owns a row. */
template <class T, int W>
__global__ void gather_floats(float *out, rows_of<const T> table, ids_of ids, int64_t N, int64_t D)
{
    wl::await_earlier();
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        const int64_t id = ids.at(n);
        if (lane_index() == 0) ids.check(n);
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float x[W] = {};
            if (id >= 0) load_pack<W>(x, table.at(id, i));
            store_floats<W>(out + n * D + i, x);
        }
    }
}

/* out = x in f32: a warp owns a row. */
template <class T, int W>
__global__ void widen(float *out, rows_of<const T> x, int64_t N, int64_t D)
{
    wl::await_earlier();
    for (int64_t n = warp_index(); n < N; n += warp_count())
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float v[W];
            load_pack<W>(v, x.at(n, i));
            store_floats<W>(out + n * D + i, v);
        }
}

/* A warp owns a row: its target's dot product, then its K scores in gn, 32 at a time. */
template <class T, int W>
__global__ void shared_losses(float *losses, float *gt, float *gn, rows_of<const T> h,
                              rows_of<const T> table, ids_of targets, ids_of negatives, int64_t N,
                              int64_t K, int64_t D, float scale)
{
    wl::await_earlier();
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        const int64_t id = targets.at(n);
        float loss = 0, gradient = 0;
        if (lane_index() == 0) targets.check(n);
        if (id >= 0) {
            const logistic l(warp_dot<W>(h.at(n, 0), table.at(id, 0), D), true, scale);
            loss = lane_index() == 0 ? l.loss : 0.0f;
            gradient = l.gradient;
        }
        for (int64_t k = lane_index(); k < K; k += WARP) {
            float *s = gn + n * K + k;
            if (negatives.at(k) >= 0) {
                const logistic l(*s, false, scale);
                loss += l.loss;
                *s = l.gradient;
            } else {
                *s = 0;
            }
        }
        loss = wl::warp_sum(loss);
        if (lane_index() > 0) continue;
        losses[n] = loss;
        gt[n] = gradient;
    }
}

/* dh = factor (products + gt table[target]): a warp owns a row. */
template <class T, int W>
__global__ void shared_hidden(rows_of<T> dh, const float *products, rows_of<const T> table,
                              ids_of targets, const float *gt, const float *dloss, int64_t N,
                              int64_t D)
{
    wl::await_earlier();
    const float factor = dloss ? dloss[0] : 1.0f;
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        const int64_t id = targets.at(n);
        if (lane_index() == 0) targets.check(n);
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float sum[W], x[W] = {};
            load_floats<W>(sum, products + n * D + i);
            if (id >= 0) load_pack<W>(x, table.at(id, i));
            for (int j = 0; j < W; j++) sum[j] = factor * (sum[j] + gt[n] * x[j]);
            store_pack<W>(dh.at(n, i), sum);
        }
    }
}

/* x *= dloss: a thread owns an element. */
__global__ void multiply(float *x, const float *dloss, int64_t n)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
        x[i] *= dloss[0];
}

/* The parts of the shared variant's workspace. */
struct shared_parts {
    float *rows, *h, *third;
    void *gemm, *grouping;
};

shared_parts parts_of(const wl_ctx *ctx, const wl_dims *d, size_t third)
{
    char *rows = ctx->workspace, *h = rows + wl_part(d->K * d->D, sizeof(float));
    char *next = h + wl_part(d->N * d->D, sizeof(float)), *product = next + third;
    return { (float *)rows, (float *)h, (float *)next, product, product + GEMM_BYTES };
}

} // namespace

wl_status wl_cuda_negative_sampling_forward(wl_ctx *ctx, const wl_dims *d,
                                            const wl_negative_sampling_forward_args *a)
{
    const ids_of from =
        ids(ctx, a->samples, d->V, WL_ID_ROW(negative_sampling_forward, samples), true);
    const bool packed = in_packs(a->h) && in_packs(a->table) && in_packs(a->dh);
    float *losses = (float *)ctx->workspace;
    const wl_status status = with_packs(a->h.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, forward<T, A::width>, blocks_for(d->N, WARPS), THREADS, losses,
                      (float *)a->g.data, rows<T>(a->dh), rows<const T>(a->h),
                      rows<const T>(a->table), from, d->N, d->K, d->D, float(a->scale));
    });
    return status ? status : sum_floats(ctx, (float *)a->loss.data, losses, d->N, false);
}

wl_status wl_cuda_negative_sampling_backward(wl_ctx *ctx, const wl_dims *d,
                                             const wl_negative_sampling_backward_args *a)
{
    return samples_backward(
        ctx, d, a,
        ids(ctx, a->samples, d->V, WL_ID_ROW(negative_sampling_backward, samples), true));
}

wl_status
wl_cuda_negative_sampling_shared_forward(wl_ctx *ctx, const wl_dims *d,
                                         const wl_negative_sampling_shared_forward_args *a)
{
    const ids_of targets =
        ids(ctx, a->targets, d->V, WL_ID_ROW(negative_sampling_shared_forward, targets), true);
    const ids_of negatives =
        ids(ctx, a->negatives, d->V, WL_ID_ROW(negative_sampling_shared_forward, negatives), true);
    const shared_parts p = parts_of(ctx, d, wl_part(d->N, sizeof(float)));
    const bool packed = in_packs(a->h) && in_packs(a->table);
    float *losses = p.third, *gn = (float *)a->gn.data;
    const wl_status status = with_packs(a->h.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        wl_status s = launch(ctx, gather_floats<T, A::width>, blocks_for(d->K, WARPS), THREADS,
                             p.rows, rows<const T>(a->table), negatives, d->K, d->D);
        if (!s)
            s = launch(ctx, widen<T, A::width>, blocks_for(d->N, WARPS), THREADS, p.h,
                       rows<const T>(a->h), d->N, d->D);
        if (!s)
            s = gemm(ctx, d->N, d->K, d->D, WL_F32, { p.h, d->D, false }, { p.rows, d->D, true }, 0,
                     gn, d->K, p.gemm);
        if (s) return s;
        return launch(ctx, shared_losses<T, A::width>, blocks_for(d->N, WARPS), THREADS, losses,
                      (float *)a->gt.data, gn, rows<const T>(a->h), rows<const T>(a->table),
                      targets, negatives, d->N, d->K, d->D, float(a->scale));
    });
    return status ? status : sum_floats(ctx, (float *)a->loss.data, losses, d->N, false);
}

/* dh and dnegatives: both products of the shared rows, h and the scores' gradients. */
template <class T, int W>
static wl_status
shared_products(wl_ctx *ctx, const wl_dims *d, const wl_negative_sampling_shared_backward_args *a,
                const ids_of &targets, const ids_of &negatives, const shared_parts &p)
{
    const float *gn = (const float *)a->gn.data, *dloss = (const float *)a->dloss.data;
    float *dnegatives = (float *)a->dnegatives.data;
    wl_status s = launch(ctx, gather_floats<T, W>, blocks_for(d->K, WARPS), THREADS, p.rows,
                         rows<const T>(a->table), negatives, d->K, d->D);
    if (!s)
        s = launch(ctx, widen<T, W>, blocks_for(d->N, WARPS), THREADS, p.h, rows<const T>(a->h),
                   d->N, d->D);
    if (!s)
        s = gemm(ctx, d->N, d->D, d->K, WL_F32, { gn, d->K, false }, { p.rows, d->D, false }, 0,
                 p.third, d->D, p.gemm);
    if (!s)
        s = gemm(ctx, d->K, d->D, d->N, WL_F32, { gn, d->K, true }, { p.h, d->D, false }, 0,
                 dnegatives, d->D, p.gemm);
    if (!s && dloss)
        s = launch(ctx, multiply, blocks_for(d->K * d->D, THREADS), THREADS, dnegatives, dloss,
                   d->K * d->D);
    if (s) return s;
    return launch(ctx, shared_hidden<T, W>, blocks_for(d->N, WARPS), THREADS, rows<T>(a->dh),
                  p.third, rows<const T>(a->table), targets, (const float *)a->gt.data, dloss, d->N,
                  d->D);
}

wl_status
wl_cuda_negative_sampling_shared_backward(wl_ctx *ctx, const wl_dims *d,
                                          const wl_negative_sampling_shared_backward_args *a)
{
    const ids_of targets =
        ids(ctx, a->targets, d->V, WL_ID_ROW(negative_sampling_shared_backward, targets), true);
    const ids_of negatives =
        ids(ctx, a->negatives, d->V, WL_ID_ROW(negative_sampling_shared_backward, negatives), true);
    const shared_parts p = parts_of(ctx, d, wl_part(d->N * d->D, sizeof(float)));
    const bool packed = in_packs(a->h) && in_packs(a->table) && in_packs(a->dh);
    return with_packs(a->h.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        wl_status s = shared_products<T, A::width>(ctx, d, a, targets, negatives, p);
        if (s || !wl_present(&a->dtable)) return s;
        const contribution<T> of_targets = { rows<const T>(a->h),
                                             (const float *)a->gt.data,
                                             (const float *)a->dloss.data,
                                             targets.reported(),
                                             1,
                                             false,
                                             0 };
        const contribution<float> of_negatives = {
            rows<const float>(a->dnegatives), nullptr, nullptr, negatives.reported(), 1, false, 0
        };
        s = add_to_table(ctx, a->dtable, of_targets, d->N, d->D,
                         in_packs(a->h) && in_packs(a->dtable), p.grouping);
        if (s) return s;
        return add_to_table(ctx, a->dtable, of_negatives, d->K, d->D,
                            in_packs(a->dnegatives) && in_packs(a->dtable), p.grouping);
    });
}
