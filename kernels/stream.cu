/* Kernels of <wordloom/stream.h>.
 * Moves: two ids a step and stream each way.
 * Bound by: the launch. */
#include "device.cuh"

namespace
{

/* A thread owns a step of a stream. */
__global__ void batch(int32_t *inputs, int32_t *labels, const int32_t *ids, const int64_t *position,
                      int64_t N, int64_t T, int64_t B)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x, round = N - 1, jump = round / B;
    const int64_t from = position[0] % round;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < T * B; i += step) {
        const int64_t at = (i % B * jump + from + i / B) % round;
        inputs[i] = ids[at];
        labels[i] = ids[at + 1];
    }
}

/* One thread. */
__global__ void advance(int64_t *position, int64_t T)
{
    wl::await_earlier();
    position[0] += T;
}

} // namespace

wl_status wl_cuda_stream_batch(wl_ctx *ctx, const wl_dims *d, const wl_stream_batch_args *a)
{
    int64_t *position = (int64_t *)a->position.data;
    const wl_status status =
        launch(ctx, batch, blocks_for(d->T * d->B, THREADS), THREADS, (int32_t *)a->inputs.data,
               (int32_t *)a->labels.data, (const int32_t *)a->ids.data, (const int64_t *)position,
               d->N, d->T, d->B);
    return status ? status : launch(ctx, advance, 1, 1, position, d->T);
}
