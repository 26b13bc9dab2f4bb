/* Reference of <wordloom/cooccurrence.h>. */
#include "../host/ops/cooccurrence.h"
#include "grouping.h"

/* ------------------------------------------------------------------ count
 * A pair is a column in the upper half of 64 bits, and the distance to it in the lower. */

/* The pairs of the token at `place`; answers how many. */
static int64_t pairs_of(uint64_t *to, const wl_tensor *tokens, const wl_dims *d, int64_t place)
{
    const int64_t before = place < d->O ? 0 : least(d->W, place);
    const int64_t behind = least(d->W, d->N - 1 - place);
    int64_t n = 0;
    for (int64_t k = 1; k <= before; k++) {
        const int64_t id = id_at(tokens, place - k, d->V);
        if (id < 0) break;
        to[n++] = (uint64_t)id << 32 | (uint64_t)k;
    }
    for (int64_t k = 1; k <= behind; k++) {
        const int64_t id = id_at(tokens, place + k, d->V);
        if (id < 0) break;
        if (place + k >= d->O) to[n++] = (uint64_t)id << 32 | (uint64_t)k;
    }
    return n;
}

static void sort_few(uint64_t *pair, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const uint64_t here = pair[i];
        int64_t at = i;
        for (; at > 0 && pair[at - 1] > here; at--) pair[at] = pair[at - 1];
        pair[at] = here;
    }
}

static void radix_pass(const uint64_t *from, uint64_t *to, int64_t n, int shift)
{
    int64_t at[256] = { 0 }, sum = 0;
    for (int64_t i = 0; i < n; i++) at[from[i] >> shift & 255]++;
    for (int digit = 0; digit < 256; digit++) {
        const int64_t count = at[digit];
        at[digit] = sum;
        sum += count;
    }
    for (int64_t i = 0; i < n; i++) to[at[from[i] >> shift & 255]++] = from[i];
}

/* By column; of equal columns in any order, since sums of whole numbers know none. */
static void sort_pairs(uint64_t *pair, uint64_t *spare, int64_t n, int64_t V)
{
    enum { FEW = 32 };
    uint64_t *from = pair, *to = spare;
    if (n <= FEW) {
        sort_few(pair, n);
        return;
    }
    for (int bits = 0; (V - 1) >> bits; bits += 8) {
        radix_pass(from, to, n, 32 + bits);
        uint64_t *const done = to;
        to = from, from = done;
    }
    if (from != pair) memcpy(pair, from, (size_t)n * sizeof *pair);
}

/* Sorted pairs become columns and their sums; answers how many. */
static int64_t add_pairs(uint64_t *pair, uint64_t *sum, int64_t n, const int64_t *weights)
{
    int64_t entries = 0;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t column = pair[i] >> 32, weight = (uint64_t)weights[(uint32_t)pair[i] - 1];
        if (entries == 0 || pair[entries - 1] != column) {
            pair[entries] = column;
            sum[entries++] = 0;
        }
        sum[entries - 1] += weight;
    }
    return entries;
}

/* The entries of a group's row, which has room for as many as its tokens can have. */
static int64_t count_row(const wl_count_rows *w, const grouping *by, int64_t group,
                         const wl_cooccurrence_count_args *a, const wl_dims *d)
{
    const int64_t begin = 2 * d->W * by->start[group];
    uint64_t *pair = w->pairs + begin, *spare = w->spare + begin;
    int64_t n = 0;
    for (int64_t i = by->start[group]; i < by->start[group + 1]; i++)
        n += pairs_of(pair + n, &a->tokens, d, by->slot[i]);
    sort_pairs(pair, spare, n, d->V);
    return add_pairs(pair, spare, n, a->weights.data);
}

/* entries[g] becomes the entries of groups before g; answers those of all. */
static int64_t entries_before(int64_t *entries, int64_t groups)
{
    int64_t sum = 0;
    for (int64_t group = 0; group <= groups; group++) {
        const int64_t here = group < groups ? entries[group] : 0;
        entries[group] = sum;
        sum += here;
    }
    return sum;
}

wl_status WL_REF(cooccurrence_count)(wl_ctx *ctx, const wl_dims *d,
                                     const wl_cooccurrence_count_args *a)
{
    int64_t *keys = a->keys.data, *sums = a->sums.data;
    wl_count_rows w;
    wl_count_rows_carve(&w, ctx->workspace, WL_REF(grouping_bytes)(d->N), d);
    const grouping by = WL_REF(group)(ctx, WL_ID_ROW(cooccurrence_count, tokens), &a->tokens, d->N,
                                      d->V, w.grouping);
#pragma omp parallel for schedule(dynamic, 16) if (d->N * d->W > 4096)
    for (int64_t group = 0; group < by.groups; group++)
        w.entries[group] = count_row(&w, &by, group, a, d);
    *(int64_t *)a->count.data = entries_before(w.entries, by.groups);
#pragma omp parallel for schedule(dynamic, 64) if (d->N * d->W > 4096)
    for (int64_t group = 0; group < by.groups; group++) {
        const int64_t begin = 2 * d->W * by.start[group], to = w.entries[group];
        const int64_t row = (int64_t)by.row[by.start[group]];
        for (int64_t i = 0; i < w.entries[group + 1] - to; i++) {
            keys[to + i] = row * d->V + (int64_t)w.pairs[begin + i];
            sums[to + i] = (int64_t)w.spare[begin + i];
        }
    }
    return WL_OK;
}

/* ------------------------------------------------------------------ ppmi */

wl_status WL_REF(cooccurrence_ppmi)(wl_ctx *ctx, const wl_dims *d,
                                    const wl_cooccurrence_ppmi_args *a)
{
    const real *values = a->values.data, *row_sums = a->row_sums.data;
    const real *column_sums = a->column_sums.data;
    real *y = a->y.data;
#pragma omp parallel for schedule(static) if (d->N > 4096)
    for (int64_t n = 0; n < d->N; n++) {
        const int64_t i =
            checked_id(ctx, WL_ID_ROW(cooccurrence_ppmi, rows), &a->rows, n, d->R, false);
        const int64_t j =
            checked_id(ctx, WL_ID_ROW(cooccurrence_ppmi, columns), &a->columns, n, d->C, false);
        wide bits = 0;
        if (i >= 0 && j >= 0 && !(values[n] <= 0)) {
            const wide chance = (wide)row_sums[i] * (wide)column_sums[j];
            bits = (wide)log2((double)((wide)values[n] * (wide)a->total / chance + (wide)a->eps)) -
                   (wide)a->shift;
        }
        y[n] = (real)(bits < 0 ? 0 : bits);
    }
    return WL_OK;
}
