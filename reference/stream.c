/* Reference of <wordloom/stream.h>. */
#include "ref.h"

wl_status WL_REF(stream_batch)(wl_ctx *ctx, const wl_dims *d, const wl_stream_batch_args *a)
{
    const int32_t *ids = a->ids.data;
    int32_t *inputs = a->inputs.data, *labels = a->labels.data;
    int64_t *position = a->position.data;
    const int64_t round = d->N - 1, jump = d->B ? round / d->B : 0;
    (void)ctx;
    for (int64_t i = 0; i < d->T * d->B; i++) {
        const int64_t t = i / d->B, b = i % d->B;
        const int64_t at = (b * jump + *position % round + t) % round;
        inputs[i] = ids[at];
        labels[i] = ids[at + 1];
    }
    *position += d->T;
    return WL_OK;
}
