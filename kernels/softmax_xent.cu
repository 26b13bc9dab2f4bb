/* Kernels of rows of logits, for both pairs of <wordloom/softmax_xent.h>. A part of a row, at most
 * WL_XENT_PART elements, belongs to a block, a short row to a warp. Forward looks at a part once
 * for the greatest and the sum of exponentials (Milakov and Gimelshein 2018, "Online normalizer
 * calculation for softmax"); the parts of a row are merged after. So long rows keep all
 * multiprocessors busy however few there are, and which part goes where changes no bit. Backward
 * reads once and writes once.
 * Moves: forward the logits once, backward twice; in packs but for a row's ends, however rows lie.
 * Bound by: memory. */
#include "softmax_xent.cuh"

namespace
{

constexpr int64_t SHORT = 1024; /* elements of a row that a warp reads */
constexpr int AHEAD = 4;        /* packs that a thread asks for at a time */

/* How rows are cut. */
struct cut {
    int64_t part, parts;
    __device__ int64_t row_of(int64_t i) const { return parts == 1 ? i : quotient(i, parts); }
};

cut cut_of(int64_t V) { return { wl_xent_part(V), wl_xent_parts(V) }; }

/* A part of a row: the first element, and how many. */
struct span {
    int64_t first, count;
    __device__ span(const cut &c, int64_t part, int64_t V) : first(part * c.part), count(V - first)
    {
        if (count > c.part) count = c.part;
    }
};

/* Elements before the first pack that is aligned. */
template <class T> __device__ inline int64_t head_of(const T *p, int64_t n)
{
    const int64_t head = int64_t((16 - uintptr_t(p) % 16) % 16 / sizeof(T));
    return head < n ? head : n;
}

/* What a thread of UNIT sees of n elements. */
template <int UNIT, class T> __device__ inline seen look(const T *row, int64_t n, bool sums)
{
    constexpr int W = 16 / sizeof(T);
    const int t = int(threadIdx.x) % UNIT;
    const int64_t head = head_of(row, n), packs = (n - head) / W, tail = head + packs * W;
    seen mine = { -INFINITY, 0, 0, 0 };
    for (int64_t i = t; i < packs; i += AHEAD * UNIT) {
        float z[AHEAD * W];
        for (int j = 0; j < AHEAD; j++) {
            float(&some)[W] = reinterpret_cast<float(&)[W]>(z[j * W]);
            if (i + j * UNIT < packs)
                load_pack<W>(some, row + head + (i + j * UNIT) * W);
            else
                for (int k = 0; k < W; k++) some[k] = -INFINITY;
        }
        add<T>(mine, z);
        for (int k = 0; sums && k < AHEAD * W; k++)
            if (i + k / W * UNIT < packs) mine.sum += z[k];
    }
    for (int end = 0; end < 2; end++) {
        const int64_t i = end ? tail + t : t;
        if (i >= (end ? n : head)) continue;
        const float z[1] = { to_float(row[i]) };
        add<T>(mine, z);
        mine.sum += z[0];
    }
    return mine;
}

/* What the threads of a warp, or of a block, have seen, known to all of them. */
template <int UNIT> __device__ inline seen unit_seen(const seen &mine)
{
    const seen of_warp = warp_seen(mine);
    if constexpr (UNIT == WARP) return of_warp;
    WL_SHARED(seen, all, [WARPS]);
    if (lane_index() == 0) all[threadIdx.x / WARP] = of_warp;
    __syncthreads();
    seen one = { -INFINITY, 0, 0, 0 };
    if (lane_index() < WARPS) one = all[lane_index()];
    const seen out = warp_seen(one);
    __syncthreads();
    return out;
}

/* UNIT threads own a part of a row, or the row. */
template <class T, int UNIT>
__global__ void __launch_bounds__(THREADS, 4)
    forward(float *losses, float *lse, seen *parts, rows_of<const T> logits, xent x, cut c,
            int64_t N)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * (THREADS / UNIT);
    for (int64_t i = (int64_t(blockIdx.x) * THREADS + threadIdx.x) / UNIT; i < N * c.parts;
         i += step) {
        const int64_t n = c.row_of(i);
        const span part(c, i - n * c.parts, x.V);
        const T *z = logits.at(n, part.first);
        seen s = unit_seen<UNIT>(look<UNIT>(z, part.count, x.smoothing > 0));
        if (threadIdx.x % UNIT > 0) continue;
        const int64_t label = x.labels.at(n) - part.first;
        if (label >= 0 && label < part.count) s.target = to_float(z[label]);
        if (c.parts > 1)
            parts[i] = s;
        else
            finish_row(losses, lse, n, s, x);
    }
}

/* A warp owns a row, of which there are `count` parts. */
__global__ void merge(float *losses, float *lse, const seen *parts, int64_t count, xent x,
                      int64_t N)
{
    wl::await_earlier();
    for (int64_t n = warp_index(); n < N; n += warp_count()) {
        seen mine = { -INFINITY, 0, 0, 0 };
        for (int64_t i = lane_index(); i < count; i += WARP) {
            const seen s = parts[n * count + i];
            const float most = fmaxf(mine.most, s.most), base = base_of(most);
            mine.exps = mine.exps * expf(mine.most - base) + s.exps * expf(s.most - base);
            mine.most = most;
            mine.sum += s.sum;
            mine.target += s.target;
        }
        const seen all = warp_seen(mine);
        if (lane_index() == 0) finish_row(losses, lse, n, all, x);
    }
}

/* W logits, of f32 beside gradients of 16 bits too. */
template <int W, class G, class T> __device__ inline void load_logits(float (&z)[W], const T *from)
{
    if constexpr (sizeof(T) == sizeof(G))
        load_pack<W>(z, from);
    else
        load_floats<W>(z, from);
}

/* What a row's gradients are made with; of an ignored one all are 0. */
struct row_gradient {
    gradient g;
    float lse;
    bool counts;
    __device__ row_gradient(const gradient &all, const float *lse, bool counts)
        : g(all), lse(counts ? *lse : 0.0f), counts(counts)
    {
        if (!counts) g.scale = 0;
    }
};

/* W logits become gradients, the label's is at `label` of them. */
template <int W, class T, class G>
__device__ inline void write_pack(G *to, float (&z)[W], int64_t label, const row_gradient &r)
{
    for (int i = 0; i < W; i++) z[i] = r.g.of(exponential<T>(z[i] - r.lse));
    if (label >= 0 && label < W)
        for (int i = 0; i < W; i++) z[i] -= i == label ? r.g.scale * r.g.peak : 0.0f;
    store_pack<W>(to, z);
}

/* UNIT threads write n elements' gradients; `row` may be `to`. */
template <int UNIT, class T, class G>
__device__ inline void write_part(G *to, const T *row, int64_t n, int64_t label,
                                  const row_gradient &r)
{
    constexpr int W = 16 / sizeof(G), PAIR = 2;
    const int t = int(threadIdx.x) % UNIT;
    int64_t head = head_of(to, n);
    if (uintptr_t(row + head) % 16 != 0) head = n; /* packs of the one are none of the other */
    const int64_t tail = head + (n - head) / W * W, step = UNIT * W;
    for (int64_t i = head + t * W; i < tail; i += PAIR * step) {
        float z[PAIR][W] = {};
        for (int j = 0; j < PAIR; j++)
            if (r.counts && i + j * step < tail) load_logits<W, G>(z[j], row + i + j * step);
        for (int j = 0; j < PAIR; j++)
            if (i + j * step < tail)
                write_pack<W, T>(to + i + j * step, z[j], label - i - j * step, r);
    }
    for (int64_t i = t; i < head + n - tail; i += UNIT) {
        const int64_t at = i < head ? i : tail + i - head;
        float z[1] = { r.counts ? to_float(row[at]) : 0.0f };
        write_pack<1, T>(to + at, z, label - at, r);
    }
}

/* UNIT threads own a part of a row. */
template <class T, class G, int UNIT>
__global__ void backward(rows_of<G> dlogits, rows_of<const T> logits, const float *lse, xent x,
                         cut c, int64_t N)
{
    wl::await_earlier();
    const gradient g(x);
    const int64_t step = int64_t(gridDim.x) * (THREADS / UNIT);
    for (int64_t i = (int64_t(blockIdx.x) * THREADS + threadIdx.x) / UNIT; i < N * c.parts;
         i += step) {
        const int64_t n = c.row_of(i), label = x.labels.at(n);
        const span part(c, i - n * c.parts, x.V);
        if (part.first == 0 && threadIdx.x % UNIT == 0) x.labels.check(n);
        const row_gradient r(g, lse + n, label >= 0);
        write_part<UNIT>(dlogits.at(n, part.first), logits.at(n, part.first), part.count,
                         label - part.first, r);
    }
}

/* ------------------------------------------------------------------ all rows */

struct total {
    double loss;
    int64_t count;
};

/* The sum over a block, for its first thread. */
__device__ inline total block_total(const total &mine)
{
    WL_SHARED(total, part, [THREADS]);
    part[threadIdx.x] = mine;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x >= half) continue;
        part[threadIdx.x].loss += part[threadIdx.x + half].loss;
        part[threadIdx.x].count += part[threadIdx.x + half].count;
    }
    __syncthreads();
    const total all = part[0];
    __syncthreads();
    return all;
}

__device__ inline void finish_total(const total_at &out, const total &t)
{
    out.count[0] = t.count;
    if (out.copy) out.copy[0] = t.count;
    if (!out.loss) return;
    out.loss[0] = float(!out.mean ? t.loss : t.count > 0 ? t.loss / double(t.count) : 0.0);
}

/* A block owns a group of rows; the only one finishes. */
__global__ void add_rows(total *groups, total_at out, const float *losses, ids_of labels, int64_t N)
{
    wl::await_earlier();
    int64_t group = blockIdx.x;
    do {
        total mine = { 0, 0 };
        const int64_t first = group * WL_XENT_GROUP, left = N - first;
        for (int64_t i = threadIdx.x; i < left && i < WL_XENT_GROUP; i += THREADS) {
            labels.check(first + i);
            mine.count += labels.at(first + i) >= 0;
            if (losses) mine.loss += double(losses[first + i]);
        }
        const total t = block_total(mine);
        if (threadIdx.x == 0 && N <= WL_XENT_GROUP) finish_total(out, t);
        if (threadIdx.x == 0 && N > WL_XENT_GROUP) groups[group] = t;
        group += gridDim.x;
    } while (group * WL_XENT_GROUP < N);
}

/* The only block adds all groups. */
__global__ void add_groups(total_at out, const total *groups, int64_t count)
{
    wl::await_earlier();
    total mine = { 0, 0 };
    for (int64_t i = threadIdx.x; i < count; i += THREADS) {
        mine.loss += groups[i].loss;
        mine.count += groups[i].count;
    }
    const total all = block_total(mine);
    if (threadIdx.x == 0) finish_total(out, all);
}

/* ------------------------------------------------------------------ launchers */

unsigned blocks_of(const cut &c, int64_t V, int64_t N)
{
    return blocks_for(N * c.parts, V <= SHORT ? WARPS : 1);
}

template <class T, class G>
wl_status backward_as(wl_ctx *ctx, const logits_at &dz, const logits_at &z, const float *lse,
                      const xent &x, int64_t N)
{
    const cut c = cut_of(x.V);
    return launch(ctx, x.V <= SHORT ? backward<T, G, WARP> : backward<T, G, THREADS>,
                  blocks_of(c, x.V, N), THREADS, rows_of<G>{ (G *)dz.data, dz.pitch },
                  rows_of<const T>{ (const T *)z.data, z.pitch }, lse, x, c, N);
}

logits_at at(const wl_tensor &t) { return { t.data, wl_stride(&t, 0), t.dtype }; }

} // namespace

wl_status forward_rows(wl_ctx *ctx, float *losses, float *lse, void *parts, const logits_at &z,
                       const xent &x, int64_t N)
{
    const cut c = cut_of(x.V);
    const wl_status status = with_packs(z.dtype, false, 0, [&](auto how) {
        using T = typename decltype(how)::type;
        return launch(ctx, x.V <= SHORT ? forward<T, WARP> : forward<T, THREADS>,
                      blocks_of(c, x.V, N), THREADS, losses, lse, (seen *)parts,
                      rows_of<const T>{ (const T *)z.data, z.pitch }, x, c, N);
    });
    return status || c.parts == 1 ? status : merge_rows(ctx, losses, lse, parts, c.parts, x, N);
}

wl_status merge_rows(wl_ctx *ctx, float *losses, float *lse, const void *parts, int64_t count,
                     const xent &x, int64_t N)
{
    return launch(ctx, merge, blocks_for(N, WARPS), THREADS, losses, lse, (const seen *)parts,
                  count, x, N);
}

wl_status backward_rows(wl_ctx *ctx, const logits_at &dz, const logits_at &z, const float *lse,
                        const xent &x, int64_t N)
{
    return with_packs(dz.dtype, false, 0, [&](auto how) {
        using G = typename decltype(how)::type;
        return z.dtype == dz.dtype ? backward_as<G, G>(ctx, dz, z, lse, x, N)
                                   : backward_as<float, G>(ctx, dz, z, lse, x, N);
    });
}

wl_status total_rows(wl_ctx *ctx, const total_at &out, const float *losses, const ids_of &labels,
                     int64_t N, void *groups)
{
    const int64_t count = wl_xent_groups(N);
    const wl_status status = launch(ctx, add_rows, blocks_for(count, 1), THREADS, (total *)groups,
                                    out, losses, labels, N);
    if (status || count == 1) return status;
    return launch(ctx, add_groups, 1, THREADS, out, (const total *)groups, count);
}

wl_status wl_cuda_softmax_xent_forward(wl_ctx *ctx, const wl_dims *d,
                                       const wl_softmax_xent_forward_args *a)
{
    const ids_of labels = ids(ctx, a->labels, d->V, WL_ID_ROW(softmax_xent_forward, labels), true);
    const bool mean = a->reduction == WL_LOSS_MEAN;
    const xent x = { labels.reported(), d->V, float(a->smoothing), mean, nullptr, nullptr };
    wl_xent_rows_space s;
    wl_xent_rows_carve(&s, ctx->workspace, ctx->backend, d->N, d->V);
    float *losses = (float *)(wl_present(&a->losses) ? a->losses.data : s.losses);
    const wl_status status =
        forward_rows(ctx, losses, (float *)a->lse.data, s.parts, at(a->logits), x, d->N);
    const total_at out = { (float *)a->loss.data, (int64_t *)a->count.data, nullptr, mean };
    return status ? status : total_rows(ctx, out, losses, labels, d->N, s.groups);
}

wl_status wl_cuda_softmax_xent_backward(wl_ctx *ctx, const wl_dims *d,
                                        const wl_softmax_xent_backward_args *a)
{
    const ids_of labels = ids(ctx, a->labels, d->V, WL_ID_ROW(softmax_xent_backward, labels), true);
    const xent x = { labels,
                     d->V,
                     float(a->smoothing),
                     a->reduction == WL_LOSS_MEAN,
                     (const float *)a->dloss.data,
                     (const int64_t *)a->count.data };
    return backward_rows(ctx, at(a->dlogits), at(a->logits), (const float *)a->lse.data, x, d->N);
}
