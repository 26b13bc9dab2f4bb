/* Kernels of word2vec_sync: many batches are planned at once (word2vec_plan.cuh), then each is two
 * launches, the first of which reads the tables and the second of which writes them:
 *   learn    a warp a centre: scores, and the gradients of its samples and contexts
 *   apply    adds them up, a row a warp (word2vec_apply.cuh)
 *   vectors  where words have several rows, before those: a warp a token in or around the batch
 * and, once for all that are planned, mark_batches: a thread a slot in the order of their rows.
 * Bound by: the launches for small batches, then L2. */
#include "logistic.cuh"
#include "word2vec_apply.cuh"

namespace
{

template <class T, int W> __global__ void vectors(batch_of<T> b)
{
    wl::await_earlier();
    for (int64_t r = warp_index(); r < b.at.around; r += warp_count()) {
        const int32_t id = b.token_around(r);
        for (int64_t k = lane_index() * W; id >= 0 && k < b.c.D; k += WARP * W) {
            float x[W];
            load_word<W>(x, b.c, id, k);
            store_floats<W>(b.at.x + r * b.c.D + k, x);
        }
    }
}

/* ------------------------------------------------------------------ scores */

constexpr int TILE = 4; /* samples that are scored side by side */

/* W features of the vector of a context */
template <int W, class T>
__device__ void load_context(float (&x)[W], const batch_of<T> &b, const window &w, int64_t i,
                             int64_t k)
{
    const int64_t place = w.context(i);
    if (b.c.spans)
        load_floats<W>(x, b.at.x + (place - b.first()) * b.c.D + k);
    else
        load_pack<W>(x, b.c.input.at(b.c.token(place), k));
}

/* and of input i: a context, or CBOW's mean of all */
template <int W, class T>
__device__ void load_input(float (&x)[W], const batch_of<T> &b, const window &w, int64_t m,
                           int64_t i, int64_t k)
{
    if (b.c.cbow)
        load_floats<W>(x, b.at.mean + m * b.c.D + k);
    else
        load_context<W>(x, b, w, i, k);
}

template <int W, class T>
__device__ void store_mean(const batch_of<T> &b, const window &w, int64_t m)
{
    for (int64_t k = lane_index() * W; k < b.c.D; k += WARP * W) {
        float x[W];
        load_window<W>(x, b.c, w,
                       [&](float(&one)[W], int64_t i) { load_context<W>(one, b, w, i, k); });
        store_floats<W>(b.at.mean + m * b.c.D + k, x);
    }
}

/* s = input i times the rows `id`, of those that are there */
template <int W, class T>
__device__ void score_tile(float (&s)[TILE], const int32_t (&id)[TILE], const batch_of<T> &b,
                           const window &w, int64_t m, int64_t i)
{
    for (int t = 0; t < TILE; t++) s[t] = 0;
    for (int64_t k = lane_index() * W; k < b.c.D; k += WARP * W) {
        float x[W];
        load_input<W>(x, b, w, m, i, k);
#pragma unroll
        for (int t = 0; t < TILE; t++) {
            float o[W] = {};
            if (id[t] >= 0) load_pack<W>(o, b.c.output.at(id[t], k));
            for (int e = 0; e < W; e++) s[t] += x[e] * o[e];
        }
    }
    for (int t = 0; t < TILE; t++) s[t] = wl::warp_sum(s[t]);
}

/* Inputs first..first+n-1 as one unit: their gradients times -lr, the loss. False: a score is not
 * finite. */
template <int W, class T>
__device__ bool score_unit(const batch_of<T> &b, const window &w, int64_t m, int64_t first,
                           int64_t n, float *loss)
{
    const float rate = b.c.rate(b.from());
    float sum = 0;
    bool good = true;
    for (int64_t i = first; i < first + n; i++)
        for (int64_t j = 0; j < w.samples; j += TILE) {
            int32_t id[TILE];
            float s[TILE];
            for (int t = 0; t < TILE; t++)
                id[t] = j + t < w.samples ? b.row_of_slot(m, b.slot(i, j + t)) : -1;
            score_tile<W>(s, id, b, w, m, i);
            for (int t = 0; t < TILE && j + t < w.samples; t++) {
                const logistic l(s[t], j + t < w.yes, 1.0f);
                const bool there = id[t] >= 0;
                good = good && (!there || isfinite(s[t]));
                sum += there ? l.loss : 0.0f;
                if (lane_index() == 0) *b.gradient(m, i, j + t) = there ? -rate * l.gradient : 0.0f;
            }
        }
    if (good) *loss += sum;
    return good;
}

/* The units of a centre. */
template <int W, class T>
__device__ void score_centre(const batch_of<T> &b, const window &w, int64_t m)
{
    const int64_t inputs = b.c.cbow ? 1 : w.contexts(), n = b.c.sets == 1 ? inputs : 1;
    float loss = 0;
    int64_t pairs = 0, skipped = 0;
    for (int64_t first = 0; first < inputs; first += n) {
        const bool good = score_unit<W>(b, w, m, first, n, &loss);
        for (int64_t i = first + lane_index(); i < first + n; i += WARP)
            b.at.good[m * b.at.inputs + i] = good;
        pairs += good ? n : 0;
        skipped += good ? 0 : 1;
    }
    __syncwarp();
    if (lane_index() > 0) return;
    b.at.loss[b.centre(m)] = loss;
    b.at.pairs[b.centre(m)] = pairs;
    b.at.skipped[b.centre(m)] = skipped;
}

/* ------------------------------------------------------------------ gradients */

/* Of each slot: the sum over the inputs that meet its sample. (CBOW's is the mean, times the
 * gradient of the score.) */
template <int W, class T>
__device__ void output_gradients(const batch_of<T> &b, const window &w, int64_t m)
{
    const int64_t K = b.c.negative, inputs = w.contexts();
    const int32_t *good = b.at.good + m * b.at.inputs;
    for (int64_t n = 0; n < b.c.slots; n++) {
        const bool own = b.c.sets > 1 && n > 0; /* an input's own negative */
        const int64_t j = own ? 1 + (n - 1) % K : n;
        const int64_t first = own ? (n - 1) / K : 0, last = own ? first + 1 : inputs;
        int32_t count = 0;
        if (b.row_of_slot(m, n) < 0) continue;
#pragma unroll 4
        for (int64_t i = first; i < last; i++) count += good[i];
        for (int64_t k = lane_index() * W; count > 0 && k < b.c.D; k += WARP * W) {
            float sum[W] = {};
#pragma unroll 4
            for (int64_t i = first; i < last; i++) {
                float x[W];
                if (!good[i]) continue;
                load_context<W>(x, b, w, i, k);
                for (int e = 0; e < W; e++) sum[e] += *b.gradient(m, i, j) * x[e];
            }
            store_floats<W>(b.at.dout + (m * b.c.slots + n) * b.c.D + k, sum);
        }
        if (lane_index() == 0) b.at.output_counts[m * b.c.slots + n] = count;
    }
}

/* Of each input; of CBOW's its share for each context. */
template <int W, class T>
__device__ void input_gradients(const batch_of<T> &b, const window &w, int64_t m)
{
    const int64_t inputs = b.c.cbow ? 1 : w.contexts();
    const float share = b.c.cbow ? b.c.share(w.contexts()) : 1.0f;
    for (int64_t i = 0; i < inputs; i++)
        for (int64_t k = lane_index() * W; k < b.c.D; k += WARP * W) {
            float dx[W] = {};
#pragma unroll 4
            for (int64_t j = 0; j < w.samples; j++) {
                const int32_t id = b.row_of_slot(m, b.slot(i, j));
                float o[W] = {};
                if (id >= 0) load_pack<W>(o, b.c.output.at(id, k));
                for (int e = 0; e < W; e++) dx[e] += *b.gradient(m, i, j) * o[e];
            }
            for (int e = 0; e < W; e++) dx[e] *= share;
            store_floats<W>(b.at.dx + (m * b.at.inputs + i) * b.c.D + k, dx);
        }
}

template <class T, int W> __global__ void learn(batch_of<T> b)
{
    wl::await_earlier();
    for (int64_t m = warp_index(); m < b.at.batch; m += warp_count()) {
        const window w = b.window_at(m);
        if (w.contexts() == 0) continue;
        if (b.c.cbow) store_mean<W>(b, w, m);
        __syncwarp();
        score_centre<W>(b, w, m);
        if (!b.c.cbow) output_gradients<W>(b, w, m);
        input_gradients<W>(b, w, m);
    }
}

/* ------------------------------------------------------------------ batches */

/* first[batch] = where its slots begin, of keys batch * V + row. */
__global__ void mark_batches(grouping by, int64_t V, int64_t *first)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t at = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; at < by.slots; at += step) {
        const int64_t row = by.row(at), batch = quotient(row, V);
        if (row < by.V && (at == 0 || quotient(by.row(at - 1), V) != batch)) first[batch] = at;
    }
}

/* Slots in the order of their keys, of tables with V rows; the places where batches begin. */
wl_status order_batches(wl_ctx *ctx, const int32_t *keys, int64_t slots, int64_t V, int64_t batches,
                        char *workspace, int64_t *first, grouping *by)
{
    const ids_of ids = { keys, V * batches, nullptr, 0, false, true };
    wl_status status = group(ctx, ids, slots, workspace, by);
    if (!status)
        status = status_of(ctx, cudaMemsetAsync(first, 0xff, size_t(batches) * sizeof *first,
                                                cudaStream_t(ctx->stream)));
    if (status) return status;
    return launch(ctx, mark_batches, blocks_for(slots, THREADS), THREADS, *by, V, first);
}

/* The sides of the first of the batches that are planned together. */
template <class T> struct sides {
    side<T> out, in;
};

template <class T>
wl_status plan_batches(wl_ctx *ctx, const wl_word2vec_args *a, const batch_of<T> &b,
                       int64_t batches, sides<T> *s)
{
    const word2vec<T> &c = b.c;
    const sync_buffers &at = b.at;
    const int64_t outs = at.batch * c.slots, in = at.batch * c.contexts * c.rows;
    const int64_t share = c.cbow ? c.contexts * c.rows : c.rows;
    s->out = { c.output, at.dout, at.output_counts, nullptr, 1, 1, {}, at.output_first, outs,
               c.V,      0,       2 * a->cap,       ~a->seed };
    if (c.cbow) {
        s->out.gradients = at.mean;
        s->out.counts = at.good;
        s->out.weights = at.g;
        s->out.share = c.slots;
    }
    s->in = { c.input,        at.dx, at.good, at.share, share,  c.rows, {},
              at.input_first, in,    c.R,     0,        a->cap, a->seed };
    wl_status status =
        launch(ctx, plan<T>, blocks_for(batches * at.batch, WARPS), THREADS, b, batches);
    if (!status)
        status = order_batches(ctx, at.output_rows, batches * outs, c.V, batches,
                               at.output_grouping, at.output_first, &s->out.by);
    if (status) return status;
    return order_batches(ctx, at.input_rows, batches * in, c.R, batches, at.input_grouping,
                         at.input_first, &s->in.by);
}

template <class T, int W> wl_status train_batch(wl_ctx *ctx, const batch_of<T> &b, sides<T> s)
{
    const int64_t weights = b.planned * b.at.batch * b.c.contexts;
    wl_status status = WL_OK;
    s.out.planned = s.in.planned = b.planned;
    s.in.weights += weights;
    if (b.c.spans) status = launch(ctx, vectors<T, W>, blocks_for(b.at.around, WARPS), THREADS, b);
    if (!status) status = launch(ctx, learn<T, W>, blocks_for(b.at.batch, WARPS), THREADS, b);
    if (status) return status;
    const int64_t outs = turns_of(s.out), turns = outs + turns_of(s.in);
    return launch(ctx, apply<T, W>, blocks_for(turns, 1), THREADS, b, s.out, s.in, outs, turns);
}

template <class T, int W>
wl_status train_batches(wl_ctx *ctx, const wl_word2vec_args *a, const batch_of<T> &b,
                        int64_t batches)
{
    const tallies sums = { b.at.loss, b.at.pairs, b.at.skipped };
    sides<T> s;
    wl_status status = plan_batches(ctx, a, b, batches, &s);
    for (int64_t n = 0; n < batches && !status; n++)
        status = train_batch<T, W>(ctx, batch_of<T>{ b.c, b.at, b.number + n, n }, s);
    return status ? status : add_tallies(ctx, a, sums, batches * b.at.batch, b.number > 0);
}

} // namespace

wl_status wl_cuda_word2vec_sync(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a)
{
    const wl_word2vec_sizes s = wl_word2vec_sizes_of(a, d->D, sizeof(float));
    sync_buffers at;
    wl_word2vec_cuda_sync_carve(&at, ctx->workspace, &s, a, ctx->backend->grouping_bytes);
    return with_packs(a->input.dtype, word2vec_packed(a), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const word2vec<T> c = word2vec_of<T>(ctx, d, a, WL_ID_ROW(word2vec_sync, tokens));
        const int64_t all = (a->centres + a->batch - 1) / a->batch;
        wl_status status = add_tallies(ctx, a, { at.loss, at.pairs, at.skipped }, 0, false);
        for (int64_t n = 0; n < all && !status; n += at.planned) {
            const int64_t batches = all - n < at.planned ? all - n : at.planned;
            status = train_batches<T, A::width>(ctx, a, batch_of<T>{ c, at, n, 0 }, batches);
        }
        return status;
    });
}
