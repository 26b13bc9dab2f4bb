/* Hogwild of skip-gram with negatives a window, where windows and samples are few. A warp owns a
 * worker's run of centres. Rows lie in its shared memory as f32: those of contexts for as long as
 * windows hold them, those of samples for a centre. Scores and gradients are products on tensor
 * cores. Moves: once a centre its samples' rows and that of the context that is new; and what is
 * added to rows, at once, but to contexts of 16 bits when windows leave them. Bound by: latency of
 * rows, then instructions. */
#ifndef WL_WORD2VEC_WINDOW_CUH
#define WL_WORD2VEC_WINDOW_CUH

#include "cluster.cuh"
#include "logistic.cuh"
#include "mma_float.cuh"
#include "word2vec.cuh"

namespace
{

enum { WINDOW_SIDE = 8 }; /* inputs of a unit at most, and samples: columns of a product */
enum { WINDOW_WARPS = 4, WINDOW_THREADS = WINDOW_WARPS * WARP };
enum { WINDOW_BYTES = 113 * 1024 }; /* of a block at most: two fit a multiprocessor */

/* From one row to the next: four rows in a line have no bank twice. */
__host__ __device__ inline int window_pitch(int64_t D) { return int((D + 7) / 16 * 16 + 8); }

/* Bytes of a warp. */
template <class T>
__host__ __device__ size_t window_bytes(int64_t D, int64_t window, int64_t samples)
{
    const size_t contexts = size_t(1 + 2 * window), pitch = size_t(window_pitch(D));
    const size_t before = sizeof(T) < sizeof(float) ? contexts * sizeof(T) : 0;
    return pitch * ((contexts + size_t(samples)) * sizeof(float) + before);
}

/* What a lane has to do with a unit, by the layout of products (mma_float.cuh): rows, -1 for none.
 * In scores it has parts of input and sample lane / 4, and gets their scores with samples
 * 2 (lane % 4) + e. In gradients it has four features of inputs and samples 2 (lane % 4) + e in
 * every 32, and gets the gradients of just these. */
struct window_part {
    int input, sample, inputs[2], samples[2];
    int often, times[2]; /* how often input lane / 4 is there, and sample 2 (lane % 4) + e */
};

/* A warp at a worker's run. Row n in shared memory, of a context and then of a sample, is known to
 * lane n. */
template <class T, int W> struct window_run {
    static constexpr bool rounds = sizeof(T) < sizeof(float);
    const word2vec<T> &c;
    float *values; /* [contexts+samples,pitch], 0 past feature D */
    T *before;     /* 16 bits: [contexts,pitch], rows as they were read */
    int contexts, samples, pitch, D;
    int32_t word = -1; /* of the lane's row; -1: none */
    int64_t last = 0;  /* the last place of the row's word as a context */
    int row = 0;       /* that of the centre's context number lane */
    int times = 0;     /* how many of the centre's samples the row is */
    double loss = 0;   /* the lane's part */
    int64_t pairs = 0, skipped = 0;

    __device__ window_run(const word2vec<T> &call, float *memory)
        : c(call), values(memory), contexts(int(1 + call.contexts)), samples(int(call.samples)),
          pitch(window_pitch(call.D)), D(int(call.D))
    {
        before = reinterpret_cast<T *>(values + (contexts + samples) * pitch);
        for (int i = lane_index(); i < (contexts + samples) * pitch; i += WARP) values[i] = 0;
        __syncwarp();
    }

    /* ------------------------------------------------------------------ rows */

    /* Adds N features, and says what they have become. */
    template <int N>
    __device__ void add_to_table(T *to, const float *delta, float *value, int64_t element,
                                 uint64_t seed, uint32_t step) const
    {
        float d[N];
#pragma unroll
        for (int e = 0; e < N; e++) value[e] += d[e] = delta[e];
        race_add<N>(to, d, [&](T *rounded, const float(&x)[N]) {
            store_rounded<N>(rounded, x, c.stochastic, element, seed, step);
#pragma unroll
            for (int e = 0; e < N; e++) value[e] = to_float(rounded[e]);
        });
    }

    /* Four features of a row from f on, or as many as there are. */
    __device__ void add_four(const rows_of<T> &table, int32_t id, int f, const float (&delta)[4],
                             float (&value)[4], uint64_t seed, uint32_t step) const
    {
        const int64_t element = id * int64_t(D) + f;
        T *to = table.at(id, f);
        if constexpr (W > 1) {
            add_to_table<4>(to, delta, value, element, seed, step);
        } else {
#pragma unroll
            for (int e = 0; e < 4; e++)
                if (f + e < D)
                    add_to_table<1>(to + e, delta + e, value + e, element + e, seed, step);
        }
    }

    /* Lets go of rows whose word's last place as a context lies before `end`; changes of 16 bits
     * are added to the table, by draws that `centre` counts, whose units write no other contexts.
     */
    __device__ void release(int64_t end, int64_t centre)
    {
        const uint32_t step = wl_word2vec_rounding_step(c.place(centre), c.units, 0);
        const bool ends = lane_index() < contexts && word >= 0 && last < end;
        for (unsigned gone = rounds ? __ballot_sync(~0u, ends) : 0; gone; gone &= gone - 1) {
            const int at = __ffs(int(gone)) - 1;
            const int64_t id = __shfl_sync(~0u, word, at);
            for (int k = lane_index() * W; k < D; k += WARP * W) {
                float now[W], was[W];
                load_floats<W>(now, values + at * pitch + k);
                load_pack<W>(was, before + at * pitch + k);
                for (int e = 0; e < W; e++) now[e] -= was[e];
                race_add<W>(c.input.at(id, k), now, [&](T *to, const float(&x)[W]) {
                    store_rounded<W>(to, x, c.stochastic, id * D + k, c.seed, step);
                });
            }
        }
        __syncwarp();
        if (ends) word = -1;
    }

    /* Finds a centre's contexts a row each, which two places of one word share. Returns the rows to
     * be loaded. */
    __device__ unsigned take_contexts(const window &w)
    {
        const int n = int(w.contexts());
        const unsigned all = (1u << contexts) - 1;
        const int32_t id = lane_index() < n ? c.token(w.context(lane_index())) : -1;
        unsigned fresh = 0;
        for (int i = 0; i < n; i++) {
            const int32_t wanted = __shfl_sync(~0u, id, i);
            const int64_t place = w.context(i);
            const unsigned same = __ballot_sync(~0u, word == wanted) & all;
            const unsigned none = __ballot_sync(~0u, word < 0) & all;
            const int at = __ffs(int(same ? same : none)) - 1;
            if (lane_index() == i) row = at;
            if (!same) fresh |= 1u << at;
            if (lane_index() != at) continue;
            last = same ? max(last, place) : place;
            word = wanted;
        }
        return fresh;
    }

    /* Draws a centre's samples; one that is drawn again is the same row. Returns the rows to be
     * loaded. */
    __device__ unsigned take_samples(const window &w)
    {
        const int j = lane_index() - contexts, pair = j > 0 ? (j - 1) / 2 : 0;
        const bool mine = j >= 0 && j < samples;
        const wl_random r = wl_word2vec_negatives_draw(c.seed, c.place(w.at), uint32_t(pair));
        const uint32_t high = j % 2 ? r.word[0] : r.word[2], low = j % 2 ? r.word[1] : r.word[3];
        if (mine) word = j ? wl_word2vec_negative(c.noise, c.V, high, low, w.target) : w.target;
        const unsigned all = ((1u << samples) - 1) << contexts;
        const unsigned same = __match_any_sync(~0u, word) & all;
        const bool counts = mine && word >= 0 && __ffs(int(same)) - 1 == lane_index();
        times = counts ? __popc(same) : 0;
        if (mine && !counts) word = -1;
        return __ballot_sync(~0u, counts);
    }

    /* Loads rows, of which eight are on their way at once. */
    __device__ void load(unsigned rows)
    {
        while (rows) {
            const T *from[8];
            int at[8];
#pragma unroll
            for (int i = 0; i < 8; i++, rows &= rows - 1) {
                at[i] = __ffs(int(rows)) - 1;
                const int64_t id = __shfl_sync(~0u, word, max(at[i], 0));
                from[i] = (at[i] < contexts ? c.input : c.output).at(id, 0);
            }
            for (int k = lane_index() * W; k < D; k += WARP * W) {
                pack<T, W> p[8];
#pragma unroll
                for (int i = 0; i < 8; i++)
                    if (at[i] >= 0) p[i] = race_read<W>(from[i] + k);
#pragma unroll
                for (int i = 0; i < 8; i++)
                    if (at[i] >= 0) keep(p[i], at[i], k);
            }
        }
        __syncwarp();
    }

    __device__ void keep(const pack<T, W> &p, int at, int k)
    {
        float x[W];
#pragma unroll
        for (int e = 0; e < W; e++) x[e] = to_float(p.v[e]);
        store_floats<W>(values + at * pitch + k, x);
        if (rounds && at < contexts) *reinterpret_cast<pack<T, W> *>(before + at * pitch + k) = p;
    }

    /* Four features of a row from f on; of no row, and past the last, 0. */
    __device__ void load_four(float (&to)[4], int at, int f) const
    {
        if (at >= 0 && f < D)
            load_floats<4>(to, values + at * pitch + f);
        else
#pragma unroll
            for (int e = 0; e < 4; e++) to[e] = 0;
    }

    /* ------------------------------------------------------------------ units */

    /* Of the unit of contexts first..first+n-1. A word that is there twice is one input. */
    __device__ window_part part_of(int first, int n) const
    {
        const int lane = lane_index(), one = lane / 4, two = lane % 4 * 2;
        const unsigned all = ((1u << n) - 1) << first;
        const unsigned same = __match_any_sync(~0u, row) & all;
        const bool counts = all >> lane & 1 && __ffs(int(same)) - 1 == lane;
        const int mine = counts ? row : -1, often = counts ? __popc(same) : 0;
        const int own = times ? lane : -1;
        window_part p;
        p.input = __shfl_sync(~0u, mine, first + one);
        p.sample = __shfl_sync(~0u, own, contexts + one);
        p.often = __shfl_sync(~0u, often, first + one);
#pragma unroll
        for (int e = 0; e < 2; e++) {
            p.inputs[e] = __shfl_sync(~0u, mine, first + two + e);
            p.samples[e] = __shfl_sync(~0u, own, contexts + two + e);
            p.times[e] = __shfl_sync(~0u, times, contexts + two + e);
        }
        return p;
    }

    /* s = the scores of input lane / 4 with samples 2 (lane % 4) + e: the upper rows of a product
     * are the inputs' large parts, the lower rows what is left of them. */
    __device__ void score(float (&s)[2], const window_part &p) const
    {
        wl::fragment_c small = {};
        s[0] = s[1] = 0;
#pragma unroll 1
        for (int k = 0; k < D; k += 16) {
            float x[4], o[4];
            load_four(x, p.input, k + lane_index() % 4 * 4);
            load_four(o, p.sample, k + lane_index() % 4 * 4);
            const wl::split_words<4> a(x);
            const wl::split_words<4, rounds> b(o);
#pragma unroll
            for (int i = 0; i < 4; i += 2) {
                const unsigned both[4] = { a.high[i], a.low[i], a.high[i + 1], a.low[i + 1] };
                small = wl::mma_tf32(both, b.high + i, small);
#pragma unroll
                for (int e = 0; e < 2; e++) {
                    s[e] += small.values[e];
                    small.values[e] = 0;
                }
                if constexpr (rounds) continue;
                const unsigned lower[4] = { 0, a.high[i], 0, a.high[i + 1] };
                small = wl::mma_tf32(lower, b.low + i, small);
            }
        }
        s[0] += small.values[2];
        s[1] += small.values[3];
    }

    /* Scores to gradients times -rate, of all inputs of the word and a single sample. Returns the
     * lane's loss; *finite: all scores are. */
    __device__ float differentiate(float (&g)[2], const window_part &p, float rate,
                                   bool *finite) const
    {
        float sum = 0;
        bool good = true;
#pragma unroll
        for (int e = 0; e < 2; e++) {
            const bool target = lane_index() % 4 + e == 0, counts = p.often * p.times[e] > 0;
            const logistic l(g[e], target, float(p.often));
            good = good && (!counts || isfinite(g[e]));
            sum += counts ? float(p.times[e]) * l.loss : 0.0f;
            g[e] = counts ? -rate * l.gradient : 0.0f;
        }
        *finite = __all_sync(~0u, good);
        return sum;
    }

    /* The gradients of samples 2 (lane % 4) + e at inputs lane / 4, where another lane has them. */
    __device__ static void transpose(float (&to)[2], const float (&g)[2])
    {
        const int lane = lane_index();
#pragma unroll
        for (int e = 0; e < 2; e++) {
            const int from = (lane % 4 * 2 + e) * 4 + lane / 8;
            const float left = __shfl_sync(~0u, g[0], from), right = __shfl_sync(~0u, g[1], from);
            to[e] = lane / 4 % 2 ? right : left;
        }
    }

    /* d = four features of gradients: those of the other side's rows, weighed */
    template <bool EXACT>
    __device__ static void weigh(float (&d)[2][4], const float (&rows)[2][4],
                                 const wl::split_words<2> &g)
    {
#pragma unroll
        for (int i = 0; i < 4; i += 2) {
            const float a[4] = { rows[0][i], rows[0][i + 1], rows[1][i], rows[1][i + 1] };
            wl::fragment_c large = {}, small = {};
            wl::add_half(large, small, wl::split_words<4, EXACT>(a), g.high, g.low);
#pragma unroll
            for (int n = 0; n < 4; n++) d[n % 2][i + n / 2] = large.values[n] + small.values[n];
        }
    }

    /* Rows are lanes' own here: a lane adds to what it has read. */
    __device__ void update(const window_part &p, const float (&g)[2], uint32_t step)
    {
        const float along[2] = { g[0] * float(p.times[0]), g[1] * float(p.times[1]) };
        float across[2];
        int32_t input[2], sample[2];
        transpose(across, g);
        const wl::split_words<2> of_inputs(along), of_samples(across);
#pragma unroll
        for (int e = 0; e < 2; e++) {
            input[e] = __shfl_sync(~0u, word, max(p.inputs[e], 0));
            sample[e] = __shfl_sync(~0u, word, max(p.samples[e], 0));
        }
#pragma unroll 1
        for (int k = 0; k < D; k += 32) {
            const int f = k + lane_index() / 4 * 4;
            float x[2][4], o[2][4], dx[2][4], ds[2][4];
#pragma unroll
            for (int e = 0; e < 2; e++) {
                load_four(x[e], p.inputs[e], f);
                load_four(o[e], p.samples[e], f);
            }
            weigh<rounds>(dx, o, of_inputs);
            weigh<false>(ds, x, of_samples);
#pragma unroll
            for (int e = 0; e < 2 && f < D; e++) {
                if (p.inputs[e] >= 0) add_to_context(p.inputs[e], input[e], f, dx[e], x[e]);
                if (p.samples[e] < 0) continue;
                for (int n = 0; n < p.times[e]; n++)
                    add_four(c.output, sample[e], f, ds[e], o[e], ~c.seed, step);
                store_floats<4>(values + p.samples[e] * pitch + f, o[e]);
            }
        }
        __syncwarp();
    }

    /* 16 bits wait in f32 */
    __device__ void add_to_context(int at, int32_t id, int f, const float (&delta)[4],
                                   float (&x)[4]) const
    {
        if constexpr (rounds)
            for (int e = 0; e < 4; e++) x[e] += delta[e];
        else
            add_four(c.input, id, f, delta, x, 0, 0);
        store_floats<4>(values + at * pitch + f, x);
    }

    __device__ bool train_unit(const window &w, int first, int n, int number)
    {
        const window_part p = part_of(first, n);
        float g[2];
        bool finite;
        score(g, p);
        const float mine = differentiate(g, p, c.rate(w.at), &finite);
        if (!finite) return false;
        update(p, g, wl_word2vec_rounding_step(c.place(w.at), c.units, number));
        loss += double(mine);
        return true;
    }

    __device__ void train(int64_t at)
    {
        const window w = window_of(c, at);
        release(at - c.window, at);
        if (w.target < 0 || w.contexts() == 0) return;
        const unsigned fresh = take_contexts(w);
        load(fresh | take_samples(w));
        const int all = int(w.contexts()), most = int(wl_word2vec_inputs(all, c.units));
        for (int number = 0; number * most < all; number++) {
            const int n = min(most, all - number * most);
            const bool good = train_unit(w, number * most, n, number);
            pairs += good ? n : 0;
            skipped += good ? 0 : 1;
        }
    }
};

/* A warp owns a worker's run of centres, one after another. */
template <class T, int W>
__global__ void __launch_bounds__(WINDOW_THREADS, 4)
    hogwild_windows(word2vec<T> c, tallies to, int64_t workers)
{
    wl::await_earlier();
    WL_DYN_SHARED(unsigned char, memory);
    const size_t bytes = window_bytes<T>(c.D, c.window, c.samples);
    const int64_t begin = c.begin[0], n = max(c.end() - begin, int64_t(0));
    for (int64_t worker = warp_index(); worker < workers; worker += warp_count()) {
        window_run<T, W> run(c, reinterpret_cast<float *>(memory + threadIdx.x / WARP * bytes));
        const int64_t last = begin + n * (worker + 1) / workers;
        for (int64_t i = begin + n * worker / workers; i < last; i++) run.train(i);
        run.release(INT64_MAX, last);
        const double loss = wl::warp_sum(run.loss);
        if (lane_index() > 0) continue;
        to.loss[worker] = loss;
        to.pairs[worker] = run.pairs;
        to.skipped[worker] = run.skipped;
    }
}

/* *ran: whether a call is one for such a kernel, and the device runs it. */
template <class T, int W>
wl_status run_windows(wl_ctx *ctx, const word2vec<T> &c, const tallies &to, int64_t workers,
                      bool *ran)
{
    const size_t bytes = WINDOW_WARPS * window_bytes<T>(c.D, c.window, c.samples);
    const bool suits = !c.cbow && !c.spans && !c.paths && c.sets == 1 && c.window <= WINDOW_SIDE &&
                       c.samples <= WINDOW_SIDE;
    const cluster_launch l(ctx, blocks_for(workers, WINDOW_WARPS), 1, WINDOW_THREADS, bytes);
    *ran = suits && bytes <= WINDOW_BYTES && clusters_at_once(ctx, hogwild_windows<T, W>, l) > 0;
    return *ran ? launch(ctx, hogwild_windows<T, W>, l, c, to, workers) : WL_OK;
}

} // namespace

#endif
