/* Kernels of word2vec_sync, a batch at a time: all of them read the tables as they are, but for the
 * last two, which add the sums.
 *   vectors           a warp a token in or around the batch: its vector in f32
 *   scores            a warp a centre: window, negatives, scores and their gradients
 *   output_gradients  a warp a centre and sample
 *   input_gradients   a warp a token, over the centres that have it as a context
 *   apply             a warp a row that is updated, of each table
 * Bound by: the launches for small batches, then L2. */
#include "grouping.cuh"
#include "logistic.cuh"
#include "word2vec.cuh"

namespace
{

using buffers = wl_word2vec_cuda_sync;

/* A batch: its number in the call, and what of it the text holds. */
template <class T> struct batch_of {
    word2vec<T> c;
    buffers at;
    int64_t number;

    __device__ int64_t from() const { return c.begin[0] + number * at.batch; }
    __device__ int64_t size() const { return min(at.batch, c.end() - from()); }
    __device__ int64_t first() const { return from() - c.window; } /* of the tokens around it */
    __device__ int32_t token_around(int64_t r) const
    {
        const int64_t place = first() + r;
        return place >= 0 && place < c.N ? c.token(place) : -1;
    }
    __device__ float *vector(int64_t place, int64_t k) const
    {
        return at.x + (place - first()) * c.D + k;
    }
    __device__ float *gradient(int64_t m, int64_t i, int64_t j) const
    {
        return at.g + (m * at.inputs + i) * c.samples + j;
    }
    /* the slot of sample j with input i, and the word there, or -1 */
    __device__ int64_t slot(int64_t m, int64_t i, int64_t j) const
    {
        return m * c.slots + (j ? (c.sets == 1 ? 0 : i * c.negative) + j : 0);
    }
    __device__ int32_t sample(int64_t m, int64_t i, int64_t j) const
    {
        return at.output_rows[slot(m, i, j)];
    }
    __device__ window window_at(int64_t m) const
    {
        const int64_t place = from() + m;
        return { place, place - at.reach[2 * m], place + at.reach[2 * m + 1], 0, 0, 0, nullptr };
    }
};

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

/* Lane 0 tells what of a centre there is; nothing by default. */
template <class T> __device__ void clear_centre(const batch_of<T> &b, int64_t m)
{
    for (int64_t i = lane_index(); i < b.c.slots; i += WARP) {
        b.at.output_rows[m * b.c.slots + i] = -1;
        b.at.output_counts[m * b.c.slots + i] = 0;
    }
    for (int64_t i = lane_index(); i < b.at.inputs; i += WARP) b.at.good[m * b.at.inputs + i] = 0;
    if (lane_index() == 0) {
        b.at.loss[m] = 0;
        b.at.pairs[m] = b.at.skipped[m] = 0;
        b.at.reach[2 * m] = b.at.reach[2 * m + 1] = 0;
    }
    __syncwarp();
}

/* input i . sample j */
template <int W, class T>
__device__ float score_of(const batch_of<T> &b, const window &w, int64_t m, int64_t i, int64_t id)
{
    float s = 0;
    for (int64_t k = lane_index() * W; k < b.c.D; k += WARP * W) {
        float x[W], o[W];
        load_floats<W>(x, b.c.cbow ? b.at.mean + m * b.c.D + k : b.vector(w.context(i), k));
        load_pack<W>(o, b.c.output.at(id, k));
        for (int e = 0; e < W; e++) s += x[e] * o[e];
    }
    return wl::warp_sum(s);
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
        for (int64_t j = 0; j < w.samples; j++) {
            const int32_t id = b.sample(m, i, j);
            float gradient = 0;
            if (id >= 0) {
                const float s = score_of<W>(b, w, m, i, id);
                const logistic l(s, j < w.yes, 1.0f);
                good = good && isfinite(s);
                sum += l.loss;
                gradient = -rate * l.gradient;
            }
            if (lane_index() == 0) *b.gradient(m, i, j) = gradient;
        }
    if (good) *loss += sum;
    return good;
}

/* sum += W features of the gradient of input i of centre m */
template <int W, class T>
__device__ void add_gradient(float (&sum)[W], const batch_of<T> &b, int64_t m, int64_t i, int64_t k)
{
    for (int64_t j = 0; j < b.c.samples; j++) {
        float o[W];
        if (b.sample(m, i, j) < 0) continue;
        load_pack<W>(o, b.c.output.at(b.sample(m, i, j), k));
        for (int e = 0; e < W; e++) sum[e] += *b.gradient(m, i, j) * o[e];
    }
}

/* dmean = the gradient of CBOW's input for each context */
template <int W, class T>
__device__ void write_mean_gradient(const batch_of<T> &b, const window &w, int64_t m)
{
    for (int64_t k = lane_index() * W; k < b.c.D; k += WARP * W) {
        float dx[W] = {};
        add_gradient<W>(dx, b, m, 0, k);
        for (int e = 0; e < W; e++) dx[e] *= b.c.share(w.contexts());
        store_floats<W>(b.at.dmean + m * b.c.D + k, dx);
    }
}

/* The units of a centre that has contexts. */
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
    if (b.c.cbow) write_mean_gradient<W>(b, w, m);
    if (lane_index() > 0) return;
    b.at.loss[m] = loss;
    b.at.pairs[m] = pairs;
    b.at.skipped[m] = skipped;
    b.at.reach[2 * m] = int32_t(w.at - w.first);
    b.at.reach[2 * m + 1] = int32_t(w.last - w.at);
}

template <class T, int W> __global__ void scores(batch_of<T> b)
{
    wl::await_earlier();
    for (int64_t m = warp_index(); m < b.at.batch; m += warp_count()) {
        clear_centre(b, m);
        if (m >= b.size()) continue;
        const window w = window_of(b.c, b.from() + m);
        if (w.target < 0 || w.contexts() == 0) continue;
        if (lane_index() == 0) b.at.output_rows[m * b.c.slots] = w.target;
        list_samples(b.c, w, b.at.output_rows + m * b.c.slots + 1);
        for (int64_t k = lane_index() * W; b.c.cbow && k < b.c.D; k += WARP * W) {
            float x[W];
            load_window<W>(x, b.c, w, [&](float(&one)[W], int64_t i) {
                load_floats<W>(one, b.vector(w.context(i), k));
            });
            store_floats<W>(b.at.mean + m * b.c.D + k, x);
        }
        __syncwarp();
        score_centre<W>(b, w, m);
    }
}

/* A warp owns a slot: the sum over the inputs that meet its sample. */
template <class T, int W> __global__ void output_gradients(batch_of<T> b)
{
    wl::await_earlier();
    const int64_t slots = b.at.batch * b.c.slots, K = b.c.negative;
    for (int64_t slot = warp_index(); slot < slots; slot += warp_count()) {
        const int64_t m = slot / b.c.slots, n = slot % b.c.slots;
        if (b.at.output_rows[slot] < 0) continue;
        const window w = b.window_at(m);
        const bool own = b.c.sets > 1 && n > 0; /* an input's own negative */
        const int64_t j = own ? 1 + (n - 1) % K : n, inputs = b.c.cbow ? 1 : w.contexts();
        const int64_t first = own ? (n - 1) / K : 0, last = own ? first + 1 : inputs;
        for (int64_t k = lane_index() * W; k < b.c.D; k += WARP * W) {
            float sum[W] = {};
            for (int64_t i = first; i < last; i++) {
                float x[W];
                if (!b.at.good[m * b.at.inputs + i]) continue;
                load_floats<W>(x, b.c.cbow ? b.at.mean + m * b.c.D + k : b.vector(w.context(i), k));
                for (int e = 0; e < W; e++) sum[e] += *b.gradient(m, i, j) * x[e];
            }
            store_floats<W>(b.at.dout + slot * b.c.D + k, sum);
        }
        int32_t count = 0;
        for (int64_t i = first; i < last; i++) count += b.at.good[m * b.at.inputs + i];
        if (lane_index() > 0) continue;
        b.at.output_counts[slot] = count;
    }
}

/* The number of a token among the contexts of centre m, or -1. */
template <class T> __device__ int64_t context_number(const batch_of<T> &b, int64_t m, int64_t place)
{
    const int64_t left = b.at.reach[2 * m], off = place - (b.from() + m);
    if (off == 0 || off < -left || off > b.at.reach[2 * m + 1]) return -1;
    const int64_t i = off < 0 ? left + off : left + off - 1;
    return b.at.good[m * b.at.inputs + (b.c.cbow ? 0 : i)] ? i : -1;
}

/* sum += what centre m has for its context number i */
template <int W, class T>
__device__ void add_input_gradient(float (&sum)[W], const batch_of<T> &b, int64_t m, int64_t i,
                                   int64_t k)
{
    float dx[W];
    if (!b.c.cbow) {
        add_gradient<W>(sum, b, m, i, k);
        return;
    }
    load_floats<W>(dx, b.at.dmean + m * b.c.D + k);
    for (int e = 0; e < W; e++) sum[e] += dx[e];
}

/* A warp owns a token in or around the batch: the sum over the centres that it is a context of. */
template <class T, int W> __global__ void input_gradients(batch_of<T> b)
{
    wl::await_earlier();
    for (int64_t r = warp_index(); r < b.at.around; r += warp_count()) {
        const int64_t from = max(r - 2 * b.c.window, int64_t(0)), to = min(r + 1, b.at.batch);
        const int32_t id = b.token_around(r);
        const word_rows rows = id < 0 ? word_rows{ nullptr, 0, 1, b.c.R } : rows_of_word(b.c, id);
        int32_t count = 0;
        for (int64_t m = from; m < to; m++) count += context_number(b, m, b.first() + r) >= 0;
        for (int64_t i = lane_index(); i < b.c.rows; i += WARP)
            b.at.input_rows[r * b.c.rows + i] = count > 0 && i < rows.n ? int32_t(rows.at(i)) : -1;
        if (lane_index() == 0) b.at.input_counts[r] = count;
        for (int64_t k = lane_index() * W; count > 0 && k < b.c.D; k += WARP * W) {
            float sum[W] = {};
            for (int64_t m = from; m < to; m++) {
                const int64_t i = context_number(b, m, b.first() + r);
                if (i >= 0) add_input_gradient<W>(sum, b, m, i, k);
            }
            for (int e = 0; e < W; e++) sum[e] *= b.c.share(rows.n);
            store_floats<W>(b.at.dx + r * b.c.D + k, sum);
        }
    }
}

/* One table's side: gradients, each of so many updates and meant for `share` slots. */
template <class T> struct side {
    rows_of<T> table;
    const float *gradients;
    const int32_t *counts;
    int64_t share;
    double cap;
    uint64_t seed;
};

/* A warp owns a group of slots of one row: adds their sum, kept to the cap. */
template <class T, int W> __global__ void apply(batch_of<T> b, side<T> s, grouping by)
{
    wl::await_earlier();
    for (int64_t place = warp_index(); place < by.slots; place += warp_count()) {
        if (!by.begins(place)) continue;
        const int64_t row = by.row(place);
        int64_t updates = 0, end = place;
        for (; by.continues(end, row); end++) updates += s.counts[by.slot(end) / s.share];
        const float scale =
            s.cap > 0 && double(updates) > s.cap ? float(s.cap / double(updates)) : 1.0f;
        for (int64_t k = lane_index() * W; k < b.c.D; k += WARP * W) {
            float p[W], sum[W] = {};
            for (int64_t at = place; at < end; at++) {
                float x[W];
                load_floats<W>(x, s.gradients + by.slot(at) / s.share * b.c.D + k);
                for (int e = 0; e < W; e++) sum[e] += x[e];
            }
            load_pack<W>(p, s.table.at(row, k));
            for (int e = 0; e < W; e++) p[e] += scale * sum[e];
            store_rounded<W>(s.table.at(row, k), p, b.c.stochastic, row * b.c.D + k, s.seed,
                             uint32_t(b.c.place(b.from())));
        }
    }
}

template <class T, int W>
wl_status apply_side(wl_ctx *ctx, const batch_of<T> &b, const side<T> &s, const int32_t *rows,
                     int64_t slots, int64_t V)
{
    grouping by;
    const ids_of ids = { rows, V, nullptr, 0, false, true };
    const wl_status status = group(ctx, ids, slots, b.at.grouping, &by);
    if (status) return status;
    return launch(ctx, apply<T, W>, blocks_for(slots, WARPS), THREADS, b, s, by);
}

template <class T, int W>
wl_status train_batch(wl_ctx *ctx, const wl_word2vec_args *a, const batch_of<T> &b)
{
    const int64_t slots = b.at.batch * b.c.slots, around = b.at.around;
    const side<T> out = { b.c.output, b.at.dout, b.at.output_counts, 1, 2 * a->cap, ~a->seed };
    const side<T> in = { b.c.input, b.at.dx, b.at.input_counts, b.c.rows, a->cap, a->seed };
    wl_status s = launch(ctx, vectors<T, W>, blocks_for(around, WARPS), THREADS, b);
    if (!s) s = launch(ctx, scores<T, W>, blocks_for(b.at.batch, WARPS), THREADS, b);
    if (!s) s = launch(ctx, output_gradients<T, W>, blocks_for(slots, WARPS), THREADS, b);
    if (!s) s = launch(ctx, input_gradients<T, W>, blocks_for(around, WARPS), THREADS, b);
    if (!s) s = apply_side<T, W>(ctx, b, out, b.at.output_rows, slots, b.c.V);
    if (!s) s = apply_side<T, W>(ctx, b, in, b.at.input_rows, around * b.c.rows, b.c.R);
    if (s) return s;
    return add_tallies(ctx, a, { b.at.loss, b.at.pairs, b.at.skipped }, b.at.batch, b.number > 0);
}

} // namespace

wl_status wl_cuda_word2vec_sync(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a)
{
    const wl_word2vec_sizes s = wl_word2vec_sizes_of(a, d->D, sizeof(float));
    buffers at;
    wl_word2vec_cuda_sync_carve(&at, ctx->workspace, &s, a, ctx->backend->grouping_bytes);
    return with_packs(a->input.dtype, word2vec_packed(a), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const word2vec<T> c = word2vec_of<T>(ctx, d, a, WL_ID_ROW(word2vec_sync, tokens));
        wl_status status = add_tallies(ctx, a, { at.loss, at.pairs, at.skipped }, 0, false);
        for (int64_t n = 0; n * a->batch < a->centres && !status; n++) {
            const batch_of<T> b = { c, at, n };
            status = train_batch<T, A::width>(ctx, a, b);
        }
        return status;
    });
}
