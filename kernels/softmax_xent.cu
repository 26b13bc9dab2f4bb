/* Kernels of the logits' pair of <wordloom/softmax_xent.h>: a block a row, which looks at it once
 * for the greatest and the sum of exponentials (Milakov and Gimelshein 2018, "Online normalizer
 * calculation for softmax"); backward reads it once and writes it once.
 * Moves: forward the logits once, backward twice.
 * Bound by: memory. */
#include "softmax_xent.cuh"

namespace
{

__global__ void count_in_one_block(int64_t *count, int64_t *copy, ids_of labels, int64_t N)
{
    WL_SHARED(int64_t, part, [THREADS]);
    int64_t found = 0;
    for (int64_t n = threadIdx.x; n < N; n += THREADS) {
        labels.check(n);
        found += labels.at(n) >= 0;
    }
    part[threadIdx.x] = found;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    if (threadIdx.x > 0) return;
    count[0] = part[0];
    if (copy) copy[0] = part[0];
}

__global__ void total_in_one_block(float *loss, const float *losses, int64_t N, xent x)
{
    WL_SHARED(double, part, [THREADS]);
    double sum = 0;
    for (int64_t n = threadIdx.x; n < N; n += THREADS) sum += double(losses[n]);
    part[threadIdx.x] = sum;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    if (threadIdx.x > 0) return;
    const int64_t count = x.count[0];
    loss[0] = float(!x.mean ? part[0] : count > 0 ? part[0] / double(count) : 0.0);
}

/* A block owns a row. */
template <class T, int W>
__global__ void forward(float *losses, float *lse, rows_of<const T> logits, xent x, int64_t N)
{
    for (int64_t n = blockIdx.x; n < N; n += gridDim.x) {
        const int64_t label = x.labels.at(n);
        const seen s = look<W>(logits.at(n, 0), nullptr, x.V);
        if (threadIdx.x > 0) continue;
        lse[n] = x.V > 0 ? s.most + logf(s.exps) : 0.0f;
        losses[n] = label < 0 ? 0.0f : row_loss(s, lse[n], to_float(*logits.at(n, label)), x);
    }
}

/* A block owns a row. */
template <class T, int W>
__global__ void backward(rows_of<T> dlogits, rows_of<const T> logits, const float *lse, xent x,
                         int64_t N)
{
    for (int64_t n = blockIdx.x; n < N; n += gridDim.x) {
        if (threadIdx.x == 0) x.labels.check(n);
        write_gradient<W>(dlogits.at(n, 0), logits.at(n, 0), nullptr, lse[n], x.labels.at(n), x);
    }
}

} // namespace

wl_status count_labels(wl_ctx *ctx, int64_t *count, int64_t *copy, const ids_of &labels, int64_t N)
{
    return launch(ctx, count_in_one_block, 1, THREADS, count, copy, labels, N);
}

wl_status total_loss(wl_ctx *ctx, float *loss, const float *losses, int64_t N, const xent &x)
{
    return launch(ctx, total_in_one_block, 1, THREADS, loss, losses, N, x);
}

wl_status wl_cuda_softmax_xent_forward(wl_ctx *ctx, const wl_dims *d,
                                       const wl_softmax_xent_forward_args *a)
{
    const ids_of labels = ids(ctx, a->labels, d->V, WL_ID_ROW(softmax_xent_forward, labels), true);
    int64_t *count = (int64_t *)a->count.data;
    const xent x = { labels.reported(), d->V, float(a->smoothing), a->reduction == WL_LOSS_MEAN,
                     nullptr,           count };
    float *losses = (float *)(wl_present(&a->losses) ? a->losses.data : (void *)ctx->workspace);
    wl_status status = count_labels(ctx, count, nullptr, labels, d->N);
    if (!status)
        status = with_packs(a->logits.dtype, in_packs(a->logits), d->V, [&](auto how) {
            using A = decltype(how);
            using T = typename A::type;
            return launch(ctx, forward<T, A::width>, blocks_for(d->N, 1), THREADS, losses,
                          (float *)a->lse.data, rows<const T>(a->logits), x, d->N);
        });
    return status ? status : total_loss(ctx, (float *)a->loss.data, losses, d->N, x);
}

wl_status wl_cuda_softmax_xent_backward(wl_ctx *ctx, const wl_dims *d,
                                        const wl_softmax_xent_backward_args *a)
{
    const ids_of labels = ids(ctx, a->labels, d->V, WL_ID_ROW(softmax_xent_backward, labels), true);
    const xent x = { labels,
                     d->V,
                     float(a->smoothing),
                     a->reduction == WL_LOSS_MEAN,
                     (const float *)a->dloss.data,
                     (const int64_t *)a->count.data };
    const bool packed = in_packs(a->logits) && in_packs(a->dlogits);
    return with_packs(a->logits.dtype, packed, d->V, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, backward<T, A::width>, blocks_for(d->N, 1), THREADS, rows<T>(a->dlogits),
                      rows<const T>(a->logits), (const float *)a->lse.data, x, d->N);
    });
}
