/* Reference of <wordloom/rearrange.h>. */
#include "ref.h"

static void move(row to, row from, int64_t n)
{
    memcpy(to.data, from.data, (size_t)n * bytes_of(to.dtype));
}

/* A row from some feature on. */
static row row_from(row r, int64_t feature)
{
    return (row){ (char *)r.data + (size_t)feature * bytes_of(r.dtype), r.dtype };
}

wl_status WL_REF(rearrange_concat)(wl_ctx *ctx, const wl_dims *d, const wl_rearrange_concat_args *a)
{
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N * d->F > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        move(row_of(&a->y, n, 0), row_of(&a->a, n, 0), d->D);
        move(row_of(&a->y, n, d->D), row_of(&a->b, n, 0), d->E);
    }
    return WL_OK;
}

wl_status WL_REF(rearrange_concat_backward)(wl_ctx *ctx, const wl_dims *d,
                                            const wl_rearrange_concat_backward_args *a)
{
    const bool has_da = wl_present(&a->da), has_db = wl_present(&a->db);
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N * d->F > 16384)
    for (int64_t n = 0; n < d->N; n++) {
        if (has_da) move(row_of(&a->da, n, 0), row_of(&a->dy, n, 0), d->D);
        if (has_db) move(row_of(&a->db, n, 0), row_of(&a->dy, n, d->F - d->E), d->E);
    }
    return WL_OK;
}

wl_status WL_REF(rearrange_broadcast)(wl_ctx *ctx, const wl_dims *d,
                                      const wl_rearrange_broadcast_args *a)
{
    (void)ctx;
#pragma omp parallel for collapse(2) schedule(static) if (d->T * d->B * d->D > 16384)
    for (int64_t t = 0; t < d->T; t++)
        for (int64_t b = 0; b < d->B; b++) move(step_row(&a->y, t, b), row_of(&a->x, b, 0), d->D);
    return WL_OK;
}

wl_status WL_REF(rearrange_broadcast_backward)(wl_ctx *ctx, const wl_dims *d,
                                               const wl_rearrange_broadcast_backward_args *a)
{
    (void)ctx;
#pragma omp parallel for collapse(2) schedule(static) if (d->T * d->B * d->D > 16384)
    for (int64_t b = 0; b < d->B; b++)
        for (int64_t from = 0; from < d->D; from += BLOCK) {
            const int64_t width = least(BLOCK, d->D - from);
            real sum[BLOCK] = { 0 };
            for (int64_t t = 0; t < d->T; t++)
                add(sum, 1, row_from(step_row(&a->dy, nth(t, d->T), b), from), width);
            store_row(row_of(&a->dx, b, from), sum, width);
        }
    return WL_OK;
}

/* Steps of sequence b. */
static int64_t length_of(const wl_tensor *lengths, int64_t b, int64_t T)
{
    if (!wl_present(lengths)) return T;
    const int64_t length = ((const int32_t *)lengths->data)[b];
    return length < 0 ? 0 : least(length, T);
}

wl_status WL_REF(rearrange_reverse)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_rearrange_reverse_args *a)
{
    (void)ctx;
#pragma omp parallel for collapse(2) schedule(static) if (d->T * d->B * d->D > 16384)
    for (int64_t t = 0; t < d->T; t++)
        for (int64_t b = 0; b < d->B; b++) {
            const int64_t from = length_of(&a->lengths, b, d->T) - 1 - t;
            const row y = step_row(&a->y, t, b);
            if (from >= 0)
                move(y, step_row(&a->x, from, b), d->D);
            else
                memset(y.data, 0, (size_t)d->D * bytes_of(y.dtype));
        }
    return WL_OK;
}

wl_status WL_REF(rearrange_transpose)(wl_ctx *ctx, const wl_dims *d,
                                      const wl_rearrange_transpose_args *a)
{
    (void)ctx;
#pragma omp parallel for collapse(2) schedule(static) if (d->T * d->B * d->D > 16384)
    for (int64_t b = 0; b < d->B; b++)
        for (int64_t t = 0; t < d->T; t++) move(step_row(&a->y, b, t), step_row(&a->x, t, b), d->D);
    return WL_OK;
}
