/* Kernels of <wordloom/sigmoid_xent.h>: a warp a row.
 * Moves: logits and targets once, and backward the gradients once.
 * Bound by: memory. */
#include "sums.cuh"

namespace
{

/* A warp owns a row. */
template <class T, int W>
__global__ void forward(float *losses, rows_of<const T> x, rows_of<const T> targets, int64_t N,
                        int64_t D, float scale)
{
    wl::await_earlier();
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        float sum = 0;
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float v[W], t[W];
            load_pack<W>(v, x.at(n, i));
            load_pack<W>(t, targets.at(n, i));
            for (int k = 0; k < W; k++)
                sum += fmaxf(v[k], 0.0f) - v[k] * t[k] + log1pf(expf(-fabsf(v[k])));
        }
        sum = wl::warp_sum(sum);
        if (lane_index() == 0) losses[n] = scale * sum;
    }
}

/* A warp owns a row. */
template <class T, int W>
__global__ void backward(rows_of<T> dx, rows_of<const T> x, rows_of<const T> targets,
                         const float *dloss, int64_t N, int64_t D, float scale)
{
    wl::await_earlier();
    const float factor = dloss ? scale * dloss[0] : scale;
    for (int64_t n = warp_index(); n < N; n += warp_count())
        for (int64_t i = lane_index() * W; i < D; i += WARP * W) {
            float v[W], t[W];
            load_pack<W>(v, x.at(n, i));
            load_pack<W>(t, targets.at(n, i));
            for (int k = 0; k < W; k++) v[k] = factor * (1.0f / (1.0f + expf(-v[k])) - t[k]);
            store_pack<W>(dx.at(n, i), v);
        }
}

/* What a row counts. */
float scale_of(int32_t reduction, int64_t N)
{
    return reduction == WL_LOSS_MEAN && N > 0 ? 1.0f / float(N) : 1.0f;
}

} // namespace

wl_status wl_cuda_sigmoid_xent_forward(wl_ctx *ctx, const wl_dims *d,
                                       const wl_sigmoid_xent_forward_args *a)
{
    float *losses = (float *)ctx->workspace;
    const bool packed = in_packs(a->x) && in_packs(a->targets);
    const wl_status status = with_packs(a->x.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, forward<T, A::width>, blocks_for(d->N, WARPS), THREADS, losses,
                      rows<const T>(a->x), rows<const T>(a->targets), d->N, d->D,
                      scale_of(a->reduction, d->N));
    });
    return status ? status : sum_floats(ctx, (float *)a->loss.data, losses, d->N, false);
}

wl_status wl_cuda_sigmoid_xent_backward(wl_ctx *ctx, const wl_dims *d,
                                        const wl_sigmoid_xent_backward_args *a)
{
    const bool packed = in_packs(a->x) && in_packs(a->targets) && in_packs(a->dx);
    return with_packs(a->x.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, backward<T, A::width>, blocks_for(d->N, WARPS), THREADS, rows<T>(a->dx),
                      rows<const T>(a->x), rows<const T>(a->targets), (const float *)a->dloss.data,
                      d->N, d->D, scale_of(a->reduction, d->N));
    });
}
