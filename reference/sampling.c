/* Reference of <wordloom/sampling.h>. */
#include "ref.h"

#include "../host/core/alias.h"

static void put_id(const wl_tensor *ids, int64_t position, int64_t id)
{
    if (ids->dtype == WL_I32)
        ((int32_t *)ids->data)[position] = (int32_t)id;
    else
        ((int64_t *)ids->data)[position] = id;
}

/* The draws' index of row 0. */
static uint64_t first_index(const wl_tensor *position)
{
    return wl_present(position) ? (uint64_t) * (const int64_t *)position->data : 0;
}

wl_status WL_REF(sampling_alias)(wl_ctx *ctx, const wl_dims *d, const wl_sampling_alias_args *a)
{
    const wl_alias_column *columns = a->columns.data;
    const uint64_t first = first_index(&a->position);
    (void)ctx;
#pragma omp parallel for schedule(static) if (d->N * d->K > 4096)
    for (int64_t n = 0; n < d->N; n++) {
        const int64_t excluded = wl_present(&a->exclude) ? id_at(&a->exclude, n, INT64_MAX) : -1;
        int32_t drawn[2] = { -1, -1 };
        for (int64_t k = 0; k < d->K; k++) {
            if (d->V > 0 && k % 2 == 0)
                wl_alias_pair(columns, d->V, a->seed, first + (uint64_t)n, (uint32_t)(k / 2),
                              drawn);
            put_id(&a->ids, n * d->K + k, drawn[k % 2] == excluded ? -1 : drawn[k % 2]);
        }
    }
    return WL_OK;
}

/* ------------------------------------------------------------------ categorical draws */

/* A row of logits as the draw sees it. */
typedef struct choice {
    row x;
    int64_t V;
    real top, inverse; /* the largest logit; 1 / temperature */
    uint64_t seed, index;
    int64_t quad; /* the four ids that `drawn` is for, or -1 */
    wl_random drawn;
} choice;

static real logit(const choice *c, int64_t id) { return load(c->x.data, c->x.dtype, id); }

/* Whether an entry comes before another: neither is NaN. */
static bool before(const choice *c, int64_t a, int64_t b)
{
    const real x = logit(c, a), y = logit(c, b);
    return x > y || (x == y && a < b);
}

/* (logit - top) / temperature: 0 at most, and 0 for the first entry even where both are infinite */
static real scaled(const choice *c, int64_t id)
{
    const real x = logit(c, id);
    return x == c->top ? 0 : (x - c->top) * c->inverse;
}

/* -log(-log(1 - u)), u = (r + 1/2) / 2^32, with no digit lost where u is near 0 or 1 */
static real gumbel(uint32_t r)
{
#ifdef WL_REF_DOUBLE
    return -log(r >> 31 ? -log(((double)~r + 0.5) * 0x1p-32)
                        : -log1p(-((double)r + 0.5) * 0x1p-32));
#else
    return -logf(r >> 31 ? -logf(((float)~r + 0.5f) * 0x1p-32f)
                         : -log1pf(-((float)r + 0.5f) * 0x1p-32f));
#endif
}

static real score(choice *c, int64_t id)
{
    if (id / 4 != c->quad) {
        c->quad = id / 4;
        c->drawn = wl_philox(c->seed, c->index, (uint32_t)c->quad, WL_PURPOSE_CATEGORICAL);
    }
    return scaled(c, id) + gumbel(c->drawn.word[id % 4]);
}

/* The first entry, or -1 where every one is NaN or -inf. */
static int64_t first_entry(const choice *c)
{
    int64_t best = -1;
    for (int64_t id = 0; id < c->V; id++)
        if (logit(c, id) > -INFINITY && (best < 0 || before(c, id, best))) best = id;
    return best;
}

/* ids[i] sinks into the heap below it, whose first entry is on top. */
static void sink(const choice *c, int32_t *ids, int64_t i, int64_t n)
{
    for (int64_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(c, ids[child + 1], ids[child])) child++;
        if (!before(c, ids[child], ids[i])) return;
        const int32_t id = ids[i];
        ids[i] = ids[child];
        ids[child] = id;
    }
}

/* Moves the first entry of a heap of n to the heap's end. */
static void pop(const choice *c, int32_t *ids, int64_t n)
{
    const int32_t first = ids[0];
    ids[0] = ids[n - 1];
    ids[n - 1] = first;
    sink(c, ids, 0, n - 1);
}

/* What top-k and top-p keep, by a heap sort that stops there: *n ids are worth drawing, and of
 * them those kept are the last. Returns how many. */
static int64_t keep(const choice *c, int32_t *ids, int64_t *n, int64_t K, double top_p)
{
    int64_t popped = 0, kept = 0;
    wide total = 0, sum = 0;
    *n = 0;
    for (int64_t id = 0; id < c->V; id++)
        if (logit(c, id) > -INFINITY) ids[(*n)++] = (int32_t)id;
    for (int64_t i = *n / 2; i-- > 0;) sink(c, ids, i, *n);
    const int64_t most = K ? least(K, *n) : *n;
    while (K && popped < most) pop(c, ids, *n - popped++);
    if (top_p >= 1) return most;
    for (int64_t i = 0; i < most; i++)
        total += exponential(scaled(c, ids[*n - most + nth(i, most)]));
    while (kept < most && (kept == 0 || (double)sum < top_p * (double)total)) {
        if (popped == kept) pop(c, ids, *n - popped++);
        sum += exponential(scaled(c, ids[*n - 1 - kept++]));
    }
    return kept;
}

/* The id of the greatest score among `count` ids, or among all where `ids` is null. */
static int64_t draw(choice *c, const int32_t *ids, int64_t count)
{
    int64_t best = -1;
    real most = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t id = ids ? ids[i] : i;
        if (!(logit(c, id) > -INFINITY)) continue;
        const real s = score(c, id);
        if (best >= 0 && (s < most || (s == most && id > best))) continue;
        best = id;
        most = s;
    }
    return best;
}

wl_status WL_REF(sampling_categorical)(wl_ctx *ctx, const wl_dims *d,
                                       const wl_sampling_categorical_args *a)
{
    const bool greedy = a->temperature<0x1p-100, cut = a->top_k> 0 || a->top_p < 1;
    const uint64_t first = first_index(&a->position);
#pragma omp parallel for schedule(static) if (d->N > 1 && d->N * d->V > 4096)
    for (int64_t n = 0; n < d->N; n++) {
        choice c = { .x = row_of(&a->logits, n, 0),
                     .V = d->V,
                     .seed = a->seed,
                     .index = first + (uint64_t)n,
                     .quad = -1 };
        int32_t *ids = cut ? (int32_t *)(void *)ctx->workspace + n * d->V : NULL;
        int64_t id = first_entry(&c), candidates = d->V, kept = d->V;
        if (id >= 0 && !greedy) {
            c.top = logit(&c, id);
            c.inverse = (real)(1 / a->temperature);
            if (cut) kept = keep(&c, ids, &candidates, a->top_k, a->top_p);
            id = draw(&c, cut ? ids + candidates - kept : NULL, kept);
        }
        put_id(&a->ids, n, id);
    }
    return WL_OK;
}
