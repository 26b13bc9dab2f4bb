/* Reference of <wordloom/dropout.h>: forward and backward are the same map of different tensors. */
#include "ref.h"

typedef struct dropout {
    const wl_tensor *from, *to, *mask, *residual; /* null: none */
    uint64_t seed;
    uint32_t step, purpose;
    uint64_t skipped;   /* eights of rows */
    uint32_t threshold; /* bits of a draw from here on keep their element */
    real scale;
} dropout;

static dropout dropout_of(const wl_tensor *from, const wl_tensor *residual, const wl_tensor *to,
                          const wl_tensor *mask, const wl_tensor *step, double p, uint64_t seed,
                          int32_t layer, int32_t skipped)
{
    const int64_t at = *(const int64_t *)step->data;
    return (dropout){ .from = from,
                      .to = to,
                      .mask = mask,
                      .residual = residual && wl_present(residual) ? residual : NULL,
                      .seed = seed,
                      .step = (uint32_t)at,
                      .purpose = wl_dropout_purpose(layer),
                      .skipped = (uint64_t)skipped,
                      .threshold = wl_dropout_threshold(p),
                      .scale = (real)(1 / (1 - p)) };
}

/* `residual` is null where there is none. */
static inline __attribute__((always_inline)) void drop_as(row to, row from, const void *residual,
                                                          int32_t dtype, const uint16_t *bits,
                                                          uint32_t threshold, real scale, int64_t n)
{
    if (residual) {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            const real x = scale * load(from.data, dtype, i), r = load(residual, dtype, i);
            store(to.data, dtype, i, bits[i] >= threshold ? x + r : r);
        }
        return;
    }
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        const real x = scale * load(from.data, dtype, i);
        store(to.data, dtype, i, bits[i] >= threshold ? x : 0);
    }
}

/* n elements from number `first` on, at most BLOCK, by bits that may be given too: 0 where the mask
 * drops, else more. */
static void drop(const dropout *o, int64_t first, const uint16_t *bits, uint32_t threshold,
                 int64_t n)
{
    const row to = row_of(o->to, 0, first), from = row_of(o->from, 0, first);
    const void *residual = o->residual ? row_of(o->residual, 0, first).data : NULL;
    switch (to.dtype) {
    case WL_F16: drop_as(to, from, residual, WL_F16, bits, threshold, o->scale, n); break;
    case WL_BF16: drop_as(to, from, residual, WL_BF16, bits, threshold, o->scale, n); break;
    default: drop_as(to, from, residual, REAL_DTYPE, bits, threshold, o->scale, n); break;
    }
}

/* T rows of N by one drawn mask of N, whose draws so many elements come before. */
static void drop_drawn(const dropout *o, uint64_t before, int64_t T, int64_t N)
{
#pragma omp parallel for schedule(static) if (T * N > 16384)
    for (int64_t n = 0; n < N; n += BLOCK) {
        const int64_t width = least(BLOCK, N - n);
        drawn_block drawn;
        const uint16_t *bits =
            draw_block(&drawn, o->seed, before + (uint64_t)n, width, o->step, o->purpose);
        for (int64_t t = 0; t < T; t++) drop(o, t * N + n, bits, o->threshold, width);
    }
}

/* n elements by the mask that is given. */
static void drop_given(const dropout *o, int64_t N)
{
    const uint8_t *mask = o->mask->data;
#pragma omp parallel for schedule(static) if (N > 16384)
    for (int64_t n = 0; n < N; n += BLOCK) {
        const int64_t width = least(BLOCK, N - n);
        uint16_t bits[BLOCK];
        for (int64_t i = 0; i < width; i++) bits[i] = mask[n + i];
        drop(o, n, bits, 1, width);
    }
}

/* All n elements are kept. */
static void drop_none(const dropout *o, int64_t N)
{
    static const uint16_t bits[BLOCK];
#pragma omp parallel for schedule(static) if (N > 16384)
    for (int64_t n = 0; n < N; n += BLOCK) drop(o, n, bits, 0, least(BLOCK, N - n));
}

/* Without `locked` all the elements are one row. */
static wl_status drop_all(const dropout *o, const wl_dims *d, int32_t locked)
{
    if (wl_present(o->mask))
        drop_given(o, d->T * d->N);
    else if (o->threshold == 0)
        drop_none(o, d->T * d->N);
    else if (locked)
        drop_drawn(o, 0, d->T, d->N);
    else
        drop_drawn(o, 8 * o->skipped * (uint64_t)d->N, 1, d->T * d->N);
    return WL_OK;
}

wl_status WL_REF(dropout_forward)(wl_ctx *ctx, const wl_dims *d, const wl_dropout_forward_args *a)
{
    const dropout o = dropout_of(&a->x, &a->residual, &a->y, &a->mask, &a->step, a->p, a->seed,
                                 a->layer, a->skipped);
    (void)ctx;
    return drop_all(&o, d, a->locked);
}

wl_status WL_REF(dropout_backward)(wl_ctx *ctx, const wl_dims *d, const wl_dropout_backward_args *a)
{
    const dropout o =
        dropout_of(&a->dy, NULL, &a->dx, &a->mask, &a->step, a->p, a->seed, a->layer, a->skipped);
    (void)ctx;
    return drop_all(&o, d, a->locked);
}
