/* Scores of rows of h with rows of a table that are named for each: what negative sampling and
 * hierarchical softmax have in common. A slot is a score; its id is a row of the table, or -1. */
#ifndef WL_REF_SAMPLES_H
#define WL_REF_SAMPLES_H

#include "ref.h"

/* Scores of the n slots from ids[from] on in, gradients at them out; returns the loss. The first
 * `targets` slots are to be told yes, the others no. An empty slot has neither loss nor gradient.
 */
static inline real logistic(real *s, const wl_tensor *ids, int64_t from, int64_t n, int64_t V,
                            int64_t targets, real scale)
{
    enum { SLOTS = 64 };
    real loss = 0;
    for (int64_t first = 0; first < n; first += SLOTS) {
        const int64_t slots = least(SLOTS, n - first);
        real weight[SLOTS];
        for (int64_t i = 0; i < slots; i++)
            weight[i] = id_at(ids, from + first + i, V) < 0 ? 0 : scale;
#pragma omp simd reduction(+ : loss)
        for (int64_t i = 0; i < slots; i++) {
            const bool positive = first + i < targets;
            const real x = positive ? -s[first + i] : s[first + i]; /* loss log(1 + exp x) */
            const real e = exponential(x < 0 ? x : -x);
            const real sigmoid = (x < 0 ? e : 1) / (1 + e);
            loss += weight[i] * ((x > 0 ? x : 0) + log_one_plus(e));
            s[first + i] = weight[i] * (positive ? -sigmoid : sigmoid);
        }
    }
    return loss;
}

static inline void sum_losses(const wl_tensor *loss, const real *rows, int64_t n)
{
    wide total = 0;
    for (int64_t i = 0; i < n; i++) total += rows[nth(i, n)];
    *(real *)loss->data = (real)total;
}

/* dh[n] = factor sum_k g[n,k] table[samples[n,k]] */
static inline void hidden_gradient(const wl_tensor *dh, const wl_tensor *table,
                                   const wl_tensor *samples, const real *g, int64_t n,
                                   const wl_dims *d, real factor)
{
    for (int64_t from = 0; from < d->D; from += BLOCK) {
        const int64_t width = least(BLOCK, d->D - from);
        real sum[BLOCK] = { 0 };
        for (int64_t i = 0; i < d->K; i++) {
            const int64_t k = nth(i, d->K), id = id_at(samples, n * d->K + k, d->V);
            if (id >= 0) add(sum, factor * g[n * d->K + k], row_of(table, id, from), width);
        }
        store_row(row_of(dh, n, from), sum, width);
    }
}

/* A forward call: rows of h, what is scored with them, and what comes of it. */
typedef struct scoring {
    const wl_tensor *h, *table, *samples, *dh;
    real *g, *losses;
    real scale;
} scoring;

static inline void prefetch_samples(const scoring *s, const wl_dims *d, int64_t n)
{
    for (int64_t k = n * d->K; k < (n + 1) * d->K; k++) {
        const int64_t id = id_at(s->samples, k, d->V);
        if (id >= 0) prefetch(row_of(s->table, id, 0), d->D);
    }
}

/* Row n, whose samples are good or absent: scores, loss, gradients. */
static inline void score_row(const scoring *s, const wl_dims *d, int64_t n, int64_t targets)
{
    const row h = row_of(s->h, n, 0);
    const int64_t K = d->K;
    real *g = s->g + n * K;
    for (int64_t k = 0; k < K; k++) {
        const int64_t id = id_at(s->samples, n * K + k, d->V);
        g[k] = id < 0 ? 0 : dot(h, row_of(s->table, id, 0), d->D);
    }
    s->losses[n] = logistic(g, s->samples, n * K, K, d->V, targets, s->scale);
    if (wl_present(s->dh)) hidden_gradient(s->dh, s->table, s->samples, s->g, n, d, 1);
}

/* dtable[ids[i]] += factor weights[i] x[i / K], each thread its own rows, in order. */
static inline void add_rows(const wl_tensor *dtable, const wl_tensor *ids, const real *weights,
                            real factor, const wl_tensor *x, int64_t slots, int64_t K,
                            const wl_dims *d)
{
#pragma omp parallel if (slots * d->D > 16384)
    for (int64_t i = 0; i < slots; i++) {
        const int64_t slot = nth(i, slots), id = id_at(ids, slot, d->V);
        if (id < 0 || id % team_size() != team_rank()) continue;
        add(row_of(dtable, id, 0).data, factor * (weights ? weights[slot] : 1),
            row_of(x, slot / K, 0), d->D);
    }
}

static inline real factor_of(const wl_tensor *dloss)
{
    return wl_present(dloss) ? *(const real *)dloss->data : 1;
}

/* The gradients of scores of which g has its own; `where` says whose samples are looked at. */
static inline wl_status samples_backward(wl_ctx *ctx, const wl_dims *d,
                                         const wl_negative_sampling_backward_args *a,
                                         uint32_t where)
{
    const real *g = a->g.data, factor = factor_of(&a->dloss);
    for (int64_t i = 0; i < d->N * d->K; i++) checked_id(ctx, where, &a->samples, i, d->V, true);
    if (wl_present(&a->dh)) {
#pragma omp parallel for schedule(static) if (d->N * d->K * d->D > 16384)
        for (int64_t n = 0; n < d->N; n++)
            hidden_gradient(&a->dh, &a->table, &a->samples, g, n, d, factor);
    }
    if (wl_present(&a->dtable))
        add_rows(&a->dtable, &a->samples, g, factor, &a->h, d->N * d->K, d->K, d);
    return WL_OK;
}

#endif
