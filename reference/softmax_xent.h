/* What both pairs of <wordloom/softmax_xent.h> compute of a row, and of all rows. */
#ifndef WL_REF_SOFTMAX_XENT_H
#define WL_REF_SOFTMAX_XENT_H

#include "ref.h"

/* ------------------------------------------------------------------ elements of a row */

/* The greatest element, and the sum, which smoothing needs. */
typedef struct extremes {
    real most, sum;
} extremes;

static inline void add_extremes(extremes *e, const real *x, int64_t n)
{
    real most = e->most, sum = 0;
#pragma omp simd reduction(greatest : most) reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) {
        most = x[i] > most ? x[i] : most;
        sum += x[nth(i, n)];
    }
    e->most = most;
    e->sum += sum;
}

/* The loss of a row with log-sum-exp `lse`, the label's logit and the sum of all logits. */
static inline real row_loss(real lse, real target, real sum, int64_t V, real smoothing)
{
    return (1 - smoothing) * (lse - target) +
           (smoothing > 0 ? smoothing * (lse - sum / (real)V) : 0);
}

static inline row part_of(row r, int64_t from)
{
    return (row){ (char *)r.data + (size_t)from * bytes_of(r.dtype), r.dtype };
}

/* ------------------------------------------------------------------ all rows */

/* Labels that count. */
static inline int64_t count_labels(wl_ctx *ctx, uint32_t where, const wl_tensor *labels, int64_t N,
                                   int64_t V)
{
    int64_t count = 0;
    for (int64_t n = 0; n < N; n++) count += checked_id(ctx, where, labels, n, V, true) >= 0;
    return count;
}

static inline real total_loss(const real *losses, int64_t N, int64_t count, int32_t reduction)
{
    wide sum = 0;
    for (int64_t n = 0; n < N; n++) sum += (wide)losses[nth(n, N)];
    if (reduction == WL_LOSS_SUM) return (real)sum;
    return count ? (real)(sum / (wide)count) : 0;
}

/* What a row's gradient is multiplied by. */
static inline real gradient_scale(const wl_tensor *dloss, int64_t count, int32_t reduction)
{
    const real given = dloss ? *(const real *)dloss->data : 1;
    return reduction == WL_LOSS_MEAN && count > 0 ? given / (real)count : given;
}

#endif
