/* Kernels of <wordloom/optimizer.h>.
 * Moves: a parameter, its gradient, its moments and its copy once each way, two 16-byte reads of
 * each on their way a thread (one of each where the copy has 16 bits); squares four.
 * Bound by: memory. */
#include "../host/ops/step_decision.h"
#include "sums.cuh"
#include "update_rule.cuh"

namespace
{

constexpr int PART = WL_SQUARES_PART; /* elements that a block sums */

/* The entries that a device count leaves of N. */
__device__ inline int64_t counted(const int64_t *count, int64_t N)
{
    if (!count) return N;
    return count[0] < 0 ? 0 : count[0] < N ? count[0] : N;
}

/* The squares of a thread's elements of a whole part, all of which are on their way at once. */
template <int W> __device__ inline float squares(const float *part)
{
    float v[PART / THREADS / W][W], sum = 0;
#pragma unroll
    for (int u = 0; u < PART / THREADS / W; u++)
        load_pack<W>(v[u], part + (u * THREADS + int(threadIdx.x)) * W);
#pragma unroll
    for (int i = 0; i < PART / THREADS; i++) sum += v[i / W][i % W] * v[i / W][i % W];
    return sum;
}

/* A block owns a part of x and writes the sum of its squares. */
template <int W>
__global__ void square_parts(float *part, const float *x, const int64_t *count, int64_t N,
                             int64_t D)
{
    wl::await_earlier();
    WL_SHARED(float, warps, [WARPS]);
    const int64_t n = counted(count, N) * D, parts = (N * D + PART - 1) / PART;
    for (int64_t p = blockIdx.x; p < parts; p += gridDim.x) {
        float sum = 0;
        if (p * PART + PART <= n)
            sum = squares<W>(x + p * PART);
        else
            for (int64_t i = p * PART + threadIdx.x; i < n; i += THREADS) sum += x[i] * x[i];
        sum = wl::warp_sum(sum);
        if (lane_index() == 0) warps[threadIdx.x / WARP] = sum;
        __syncthreads();
        if (threadIdx.x == 0) {
            for (int w = 1; w < WARPS; w++) sum += warps[w];
            part[p] = sum;
        }
        __syncthreads();
    }
}

/* What a decision reads and writes; null: not there. */
struct decision {
    const float *sum, *loss;
    float *scale, *total, *loss_scale;
    int64_t *step, *skipped, *in_a_row, *clean;
    double max_norm;
};

/* One thread. */
__global__ void decide(decision d)
{
    wl::await_earlier();
    const double scale = wl_step_scale(double(d.sum[0]), d.loss ? double(d.loss[0]) : 0, d.max_norm,
                                       d.loss_scale ? double(d.loss_scale[0]) : 1);
    const bool good = scale > 0;
    d.scale[0] = float(scale);
    if (d.step) d.step[0] += good;
    if (d.skipped) d.skipped[0] += !good;
    if (d.in_a_row) d.in_a_row[0] = good ? 0 : d.in_a_row[0] + 1;
    if (d.total && good) d.total[0] += d.loss[0];
    if (!d.loss_scale) return;
    d.clean[0] = good ? d.clean[0] + 1 : 0;
    d.loss_scale[0] = float(wl_next_loss_scale(double(d.loss_scale[0]), d.clean[0]));
}

/* A thread owns W neighbouring elements. */
template <int W> __global__ void clear(float *x, int64_t N)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x * W;
    const float zero[W] = {};
    for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * W; i < N; i += step)
        store_floats<W>(x + i, zero);
}

constexpr int SHARE = 8; /* elements of a thread, in packs a block's width apart */

/* A thread owns 8 elements: it asks for all of them before the rule is worked out. */
template <class T, int W>
__global__ void update(float *p, float *m, float *v, const float *g, T *copy, rule_inputs in,
                       int64_t N)
{
    wl::await_earlier();
    const bool has_m = rule_has_m(in.kind), has_v = rule_has_v(in.kind);
    const int64_t part = SHARE * THREADS;
    rule r = {};
    for (int64_t from = blockIdx.x * part; from < N; from += gridDim.x * part) {
        float pp[SHARE / W][W], mm[SHARE / W][W] = {}, vv[SHARE / W][W] = {}, gg[SHARE / W][W];
#pragma unroll
        for (int u = 0; u < SHARE / W; u++) {
            const int64_t i = from + (u * THREADS + int(threadIdx.x)) * W;
            if (i >= N) continue;
            load_floats<W>(pp[u], p + i);
            load_floats<W>(gg[u], g + i);
            if (has_m) load_floats<W>(mm[u], m + i);
            if (has_v) load_floats<W>(vv[u], v + i);
        }
        if (from == blockIdx.x * part) r = shared_rule(in);
#pragma unroll
        for (int u = 0; u < SHARE / W; u++) {
            const int64_t i = from + (u * THREADS + int(threadIdx.x)) * W;
            if (i >= N) continue;
            if (!r.skip) {
                for (int j = 0; j < W; j++) apply_rule(r, pp[u][j], mm[u][j], vv[u][j], gg[u][j]);
                store_floats<W>(p + i, pp[u]);
                if (has_m) store_floats<W>(m + i, mm[u]);
                if (has_v) store_floats<W>(v + i, vv[u]);
            }
            if (copy) store_by_rule<W>(r, copy + i, pp[u], i);
        }
    }
}

/* A thread owns a pack of a row; whoever has the first one looks at its id. */
template <class T, int W>
__global__ void update_rows(rows_of<T> table, float *m, float *v, ids_of ids, const int64_t *count,
                            const float *g, rule_inputs in, int64_t N, int64_t D)
{
    wl::await_earlier();
    const rule r = shared_rule(in);
    const int64_t width = D > 0 ? D / W : 1, items = counted(count, N) * width;
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    if (r.skip) return;
    for (int64_t item = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; item < items;
         item += step) {
        const int64_t n = quotient(item, width), i = (item - n * width) * W, row = ids.at(n);
        float gg[W];
        if (i == 0) ids.check(n);
        if (row < 0 || D == 0) continue;
        load_floats<W>(gg, g + n * D + i);
        update_pack<W>(r, table, m, v, row, i, D, gg);
    }
}

} // namespace

wl_status wl_cuda_optimizer_sum_squares(wl_ctx *ctx, const wl_dims *d,
                                        const wl_optimizer_sum_squares_args *a)
{
    const int64_t parts = (d->N * d->D + PART - 1) / PART;
    float *part = (float *)ctx->workspace;
    const auto kernel = uintptr_t(a->x.data) % 16 == 0 ? square_parts<4> : square_parts<1>;
    const wl_status status =
        launch(ctx, kernel, blocks_for(parts, 1), THREADS, part, (const float *)a->x.data,
               (const int64_t *)a->count.data, d->N, d->D);
    return status ? status : sum_floats(ctx, (float *)a->sum.data, part, parts, true);
}

wl_status wl_cuda_optimizer_clip(wl_ctx *ctx, const wl_dims *, const wl_optimizer_clip_args *a)
{
    const decision d = { (const float *)a->sum.data,  (const float *)a->loss.data,
                         (float *)a->scale.data,      (float *)a->total.data,
                         (float *)a->loss_scale.data, (int64_t *)a->step.data,
                         (int64_t *)a->skipped.data,  (int64_t *)a->in_a_row.data,
                         (int64_t *)a->clean.data,    a->max_norm };
    return launch(ctx, decide, 1, 1, d);
}

wl_status wl_cuda_optimizer_clear(wl_ctx *ctx, const wl_dims *d, const wl_optimizer_clear_args *a)
{
    float *x = (float *)a->x.data;
    if (in_packs(a->x) && d->N % 4 == 0)
        return launch(ctx, clear<4>, blocks_for(d->N, THREADS * 4), THREADS, x, d->N);
    return launch(ctx, clear<1>, blocks_for(d->N, THREADS), THREADS, x, d->N);
}

wl_status wl_cuda_optimizer_update(wl_ctx *ctx, const wl_dims *d, const wl_optimizer_update_args *a)
{
    const int32_t dtype = wl_present(&a->copy) ? a->copy.dtype : int32_t(WL_F32);
    const bool packed =
        in_packs(a->p) && in_packs(a->m) && in_packs(a->v) && in_packs(a->g) && in_packs(a->copy);
    return with_packs(dtype, packed, d->N, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        return launch(ctx, update<T, A::width>, blocks_for(d->N, THREADS * SHARE), THREADS,
                      (float *)a->p.data, (float *)a->m.data, (float *)a->v.data,
                      (const float *)a->g.data, (T *)a->copy.data, inputs_of(a->rule), d->N);
    });
}

wl_status wl_cuda_optimizer_update_rows(wl_ctx *ctx, const wl_dims *d,
                                        const wl_optimizer_update_rows_args *a)
{
    const ids_of to = ids(ctx, a->rows, d->V, WL_ID_ROW(optimizer_update_rows, rows), false);
    const bool packed = in_packs(a->table) && in_packs(a->m) && in_packs(a->v) && in_packs(a->g);
    return with_packs(a->table.dtype, packed, d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const int64_t width = d->D > 0 ? d->D / A::width : 1;
        return launch(ctx, update_rows<T, A::width>, blocks_for(d->N * width, THREADS), THREADS,
                      rows<T>(a->table), (float *)a->m.data, (float *)a->v.data, to,
                      (const int64_t *)a->count.data, (const float *)a->g.data, inputs_of(a->rule),
                      d->N, d->D);
    });
}
