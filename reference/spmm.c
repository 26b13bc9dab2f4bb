/* Reference of <wordloom/spmm.h>. */
#include "ref.h"

static int64_t within(int64_t offset, int64_t low, int64_t high)
{
    return offset < low ? low : least(offset, high);
}

/* Columns `first` to first + width - 1 of a row of y, width at most BLOCK. */
static void row_block(wl_ctx *ctx, const wl_spmm_args *a, const wl_dims *d, int64_t n,
                      int64_t first, int64_t width)
{
    const uint32_t where = WL_ID_ROW(spmm, columns);
    const int64_t *offsets = a->offsets.data;
    const int64_t from = within(offsets[n], 0, d->M), to = within(offsets[n + 1], from, d->M);
    const real *values = a->values.data;
    real sum[BLOCK] = { 0 };
    for (int64_t i = 0; i < to - from; i++) {
        const int64_t e = from + nth(i, to - from);
        const int64_t c = first ? id_at(&a->columns, e, d->C)
                                : checked_id(ctx, where, &a->columns, e, d->C, false);
        if (c >= 0) add(sum, values[e], row_of(&a->x, c, first), width);
    }
    store_row(row_of(&a->y, n, first), sum, width);
}

wl_status WL_REF(spmm)(wl_ctx *ctx, const wl_dims *d, const wl_spmm_args *a)
{
#pragma omp parallel for schedule(dynamic, 32) if (d->M * d->K > 16384)
    for (int64_t n = 0; n < d->N; n++)
        for (int64_t k = 0; k < d->K; k += BLOCK)
            row_block(ctx, a, d, n, k, least(BLOCK, d->K - k));
    return WL_OK;
}
