/* Reference of <wordloom/half.h>. */
#include "ref.h"

wl_status WL_REF(half_narrow)(wl_ctx *ctx, const wl_dims *d, const wl_half_narrow_args *a)
{
    const bool stochastic = a->rounding == WL_ROUND_STOCHASTIC;
    const int64_t step = wl_present(&a->step) ? *(const int64_t *)a->step.data : 0;
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N > 65536)
    for (int64_t from = 0; from < d->N; from += BLOCK) {
        const int64_t width = least(BLOCK, d->N - from);
        const real *x = (const real *)a->x.data + from;
        const row y = row_of(&a->y, 0, from);
        if (stochastic)
            store_row_stochastic(y, x, width, (uint64_t)from, a->seed, (uint32_t)step);
        else
            store_row(y, x, width);
    }
    return WL_OK;
}

wl_status WL_REF(half_widen)(wl_ctx *ctx, const wl_dims *d, const wl_half_widen_args *a)
{
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N > 65536)
    for (int64_t from = 0; from < d->N; from += BLOCK)
        load_row((real *)a->y.data + from, row_of(&a->x, 0, from), least(BLOCK, d->N - from));
    return WL_OK;
}
