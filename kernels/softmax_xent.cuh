/* What both pairs of <wordloom/softmax_xent.h> launch. */
#ifndef WL_SOFTMAX_XENT_CUH
#define WL_SOFTMAX_XENT_CUH

#include "device.cuh"

/* How rows become losses, and losses one. */
struct xent {
    ids_of labels;
    int64_t V;
    float smoothing;
    bool mean;
    const float *dloss;   /* null: 1 */
    const int64_t *count; /* of labels that count, see count_labels() */
    __device__ float gradient_scale() const
    {
        const float given = dloss ? dloss[0] : 1.0f;
        return mean && count[0] > 0 ? given / float(count[0]) : given;
    }
};

/* count[0] = the labels that count; what is out of bounds is reported. One block. */
wl_status count_labels(wl_ctx *ctx, int64_t *count, int64_t *copy, const ids_of &labels, int64_t N);

/* loss[0] = the mean or the sum of N losses. One block. */
wl_status total_loss(wl_ctx *ctx, float *loss, const float *losses, int64_t N, const xent &x);

/* The greatest of what a thread has seen, the sum of exp(z - most), and the sum. */
struct seen {
    float most, exps, sum;
    __device__ void add(float z)
    {
        sum += z;
        if (z > most) {
            exps *= expf(most - z);
            most = z;
        }
        exps += z == -INFINITY ? 0.0f : expf(z - most);
    }
    __device__ void add(const seen &o)
    {
        const float all = fmaxf(most, o.most);
        if (all != -INFINITY) exps = exps * expf(most - all) + o.exps * expf(o.most - all);
        most = all;
        sum += o.sum;
    }
};

/* What the threads of a block have seen, known to all of them. */
__device__ inline seen block_seen(const seen &mine)
{
    WL_SHARED(seen, all, [THREADS]);
    all[threadIdx.x] = mine;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) all[threadIdx.x].add(all[threadIdx.x + half]);
    }
    __syncthreads();
    const seen out = all[0];
    __syncthreads();
    return out;
}

/* W logits with their bias. */
template <int W, class T>
__device__ inline void load_logits(float (&z)[W], const T *from, const float *bias)
{
    load_pack<W>(z, from);
    if (!bias) return;
    float b[W];
    load_floats<W>(b, bias);
    for (int i = 0; i < W; i++) z[i] += b[i];
}

/* A block's threads look at a row. */
template <int W, class T> __device__ inline seen look(const T *row, const float *bias, int64_t V)
{
    seen mine = { -INFINITY, 0, 0 };
    for (int64_t v = threadIdx.x * W; v < V; v += THREADS * W) {
        float z[W];
        load_logits<W>(z, row + v, bias ? bias + v : nullptr);
        for (int i = 0; i < W; i++) mine.add(z[i]);
    }
    return block_seen(mine);
}

/* A block's threads write a row's gradient; `row` may be `to`. */
template <int W, class T, class G>
__device__ inline void write_gradient(G *to, const T *row, const float *bias, float lse,
                                      int64_t label, const xent &x)
{
    const float scale = x.gradient_scale(), spread = x.smoothing / float(x.V);
    for (int64_t v = threadIdx.x * W; v < x.V; v += THREADS * W) {
        float z[W];
        load_logits<W>(z, row + v, bias ? bias + v : nullptr);
        for (int i = 0; i < W; i++) {
            const float q = spread + (v + i == label ? 1 - x.smoothing : 0.0f);
            z[i] = label < 0 ? 0.0f : scale * (expf(z[i] - lse) - q);
        }
        store_pack<W>(to + v, z);
    }
}

__device__ inline float row_loss(const seen &s, float lse, float target, const xent &x)
{
    const float rest = x.smoothing > 0 ? x.smoothing * (lse - s.sum / float(x.V)) : 0.0f;
    return (1 - x.smoothing) * (lse - target) + rest;
}

#endif
