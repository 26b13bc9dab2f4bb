/* What both pairs of <wordloom/softmax_xent.h> launch: rows of logits become losses and gradients,
 * and losses one. */
#ifndef WL_SOFTMAX_XENT_CUH
#define WL_SOFTMAX_XENT_CUH

#include "../host/ops/softmax_xent.h"
#include "device.cuh"

/* How rows become losses, and losses one. */
struct xent {
    ids_of labels;
    int64_t V;
    float smoothing;
    bool mean;
    const float *dloss;   /* null: 1 */
    const int64_t *count; /* of labels that count, for gradients */
    __device__ float gradient_scale() const
    {
        const float given = dloss ? dloss[0] : 1.0f;
        return mean && count[0] > 0 ? given / float(count[0]) : given;
    }
    /* of rows from a later one on */
    xent from(int64_t row) const
    {
        xent later = *this;
        later.labels.data = (const char *)labels.data + row * (labels.wide ? 8 : 4);
        return later;
    }
};

/* What a part of a row's logits shows: the greatest, the sum of exp(z - most), the sum, and the
 * label's logit where that is there. */
struct alignas(16) seen {
    float most, exps, sum, target;
};

/* e^x of elements of STORED. Of 16 bits a short one, within 1e-6 of itself near 0: half as many
 * instructions, which else would take longer than memory. */
template <class T> __device__ inline float exponential(float x)
{
    return wl::power_of_two(x * 1.44269504f);
}
template <> __device__ inline float exponential<float>(float x) { return expf(x); }

/* What exponents are less by: where all is -inf, so are they, and their exponentials 0. */
__device__ inline float base_of(float most) { return most == -INFINITY ? 0.0f : most; }

/* Adds n logits: the greatest first, then an exponential each. */
template <class T, int n> __device__ inline void add(seen &s, const float (&z)[n])
{
    float most = s.most;
    for (int i = 0; i < n; i++) most = fmaxf(most, z[i]);
    const float base = base_of(most);
    s.exps *= exponential<T>(s.most - base);
    for (int i = 0; i < n; i++) s.exps += exponential<T>(z[i] - base);
    s.most = most;
}

/* What the lanes of a warp have seen, known to all of them. */
__device__ inline seen warp_seen(const seen &mine)
{
    float most = mine.most;
    for (int step = WARP / 2; step > 0; step /= 2)
        most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, step));
    return { most, wl::warp_sum(mine.exps * expf(mine.most - base_of(most))),
             wl::warp_sum(mine.sum), wl::warp_sum(mine.target) };
}

/* A row's loss, and its log-sum-exp where that is wanted, by what was seen of it. */
__device__ inline void finish_row(float *losses, float *lse, int64_t n, const seen &s,
                                  const xent &x)
{
    const float all = x.V == 0 ? 0.0f : s.exps > 0 ? s.most + logf(s.exps) : NAN;
    const float rest = x.smoothing > 0 ? x.smoothing * (all - s.sum / float(x.V)) : 0.0f;
    losses[n] = x.labels.at(n) < 0 ? 0.0f : (1 - x.smoothing) * (all - s.target) + rest;
    if (lse) lse[n] = all;
}

/* What a row's gradient consists of: scale (p - spread), less scale peak at the label. */
struct gradient {
    float scale, spread, peak;
    __device__ explicit gradient(const xent &x)
        : scale(x.gradient_scale()), spread(x.smoothing / float(x.V)), peak(1 - x.smoothing)
    {
    }
    __device__ float of(float p) const { return scale * (p - spread); }
};

/* Where N rows of logits lie, `pitch` elements apart. */
struct logits_at {
    void *data;
    int64_t pitch;
    int32_t dtype;
};

/* N rows' losses and log-sum-exps; `parts` is wl_xent_parts(V) each, where that is over 1. */
wl_status forward_rows(wl_ctx *ctx, float *losses, float *lse, void *parts, const logits_at &z,
                       const xent &x, int64_t N);

/* The same of what was seen of each of `count` parts of a row. */
wl_status merge_rows(wl_ctx *ctx, float *losses, float *lse, const void *parts, int64_t count,
                     const xent &x, int64_t N);

/* The gradients of N rows, of the logits' type or, of f32 ones, any; they may lie in their place.
 * x.labels are checked. */
wl_status backward_rows(wl_ctx *ctx, const logits_at &dz, const logits_at &z, const float *lse,
                        const xent &x, int64_t N);

/* N rows of 16 bits whose logits are products with w and its bias, which may be null. */
struct linear_at {
    const void *x, *w;
    int64_t x_pitch, w_pitch, D;
    int32_t dtype;
    const float *bias;
};

/* As forward_rows and backward_rows, of such logits; `parts` is wl_xent_seen_parts(V) each, dz has
 * the type of x and rows of whole packs. */
wl_status forward_tiles(wl_ctx *ctx, float *losses, float *lse, void *parts, const linear_at &l,
                        const xent &x, int64_t N);
wl_status backward_tiles(wl_ctx *ctx, const logits_at &dz, const linear_at &l, const float *lse,
                         const xent &x, int64_t N);

/* What all rows come to: the mean or the sum of the losses, where `loss` is there, and the labels
 * that count, twice where `copy` is. */
struct total_at {
    float *loss;
    int64_t *count, *copy;
    bool mean;
};

/* In an order that no device changes; labels are checked. `groups` is wl_xent_groups(N) x 16 bytes,
 * where that is over 1. */
wl_status total_rows(wl_ctx *ctx, const total_at &out, const float *losses, const ids_of &labels,
                     int64_t N, void *groups);

#endif
