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
#include "word2vec_rows.cuh"

namespace
{

enum { WINDOW_SIDE = 8 }; /* inputs of a unit at most, and samples: columns of a product */
enum { WINDOW_WARPS = 4, WINDOW_THREADS = WINDOW_WARPS * WARP };
enum { WINDOW_BYTES = 113 * 1024 }; /* of a block at most: two fit a multiprocessor */

/* What a lane has to do with a unit, by the layout of products (mma_float.cuh): rows, -1 for none.
 * In scores it has parts of input and sample lane / 4, and gets the scores of that input with
 * samples 2 (lane % 4) + e. In gradients it has four features in 32 of inputs and samples
 * 2 (lane % 4) + e, and gets the gradients of just these. */
struct window_part {
    int input, sample, inputs[2], samples[2];
    int often, times[2]; /* how often input lane / 4 is there, and samples 2 (lane % 4) + e */
};

/* A warp at a worker's run. */
template <class T, int W> struct window_run {
    static constexpr bool rounds = window_rows<T, W>::rounds;
    const word2vec<T> &c;
    window_rows<T, W> rows;
    int pairs = 0, skipped = 0; /* of contexts number lane; units number lane */
    double loss = 0;            /* the lane's part */

    __device__ window_run(const word2vec<T> &call, float *memory, int64_t first)
        : c(call), rows(call, memory, first)
    {
    }

    /* ------------------------------------------------------------------ scores */

    /* Of the unit of contexts first..first+n-1. A word that is there twice is one input. */
    __device__ window_part part_of(int first, int n) const
    {
        const int lane = lane_index(), one = lane / 4, two = lane % 4 * 2;
        const unsigned all = ((1u << n) - 1) << first;
        const unsigned same = __match_any_sync(~0u, rows.row) & all;
        const bool counts = all >> lane & 1 && __ffs(int(same)) - 1 == lane;
        const int mine = counts ? rows.row : -1, often = counts ? __popc(same) : 0;
        const int own = rows.times ? lane : -1;
        window_part p;
        p.input = __shfl_sync(~0u, mine, first + one);
        p.sample = __shfl_sync(~0u, own, rows.slots() + one);
        p.often = __shfl_sync(~0u, often, first + one);
#pragma unroll
        for (int e = 0; e < 2; e++) {
            p.inputs[e] = __shfl_sync(~0u, mine, first + two + e);
            p.samples[e] = __shfl_sync(~0u, own, rows.slots() + two + e);
            p.times[e] = __shfl_sync(~0u, rows.times, rows.slots() + two + e);
        }
        return p;
    }

    /* s = the scores of input lane / 4 with samples 2 (lane % 4) + e. The upper rows of a product
     * are the inputs' large parts, the lower ones what is left of them. */
    __device__ void score(float (&s)[2], const window_part &p) const
    {
        wl::fragment_c sum = {};
        s[0] = s[1] = 0;
#pragma unroll 1
        for (int k = lane_index() % 4 * 4; k - lane_index() % 4 * 4 < rows.features(); k += 16) {
            float x[4], o[4];
            rows.load_four(x, p.input, k);
            rows.load_four(o, p.sample, k);
            const wl::split_words<4> a(x);
            const wl::split_words<4, rounds> b(o);
#pragma unroll
            for (int i = 0; i < 4; i += 2) {
                const unsigned both[4] = { a.high[i], a.low[i], a.high[i + 1], a.low[i + 1] };
                const unsigned large[4] = { 0, a.high[i], 0, a.high[i + 1] };
                sum = wl::mma_tf32(both, b.high + i, sum);
#pragma unroll
                for (int e = 0; e < 2; e++) {
                    s[e] += sum.values[e]; /* the tensor cores would cut it off */
                    sum.values[e] = 0;
                }
                if constexpr (!rounds) sum = wl::mma_tf32(large, b.low + i, sum);
            }
        }
        s[0] += sum.values[2];
        s[1] += sum.values[3];
        __syncwarp(); /* other lanes add to what was read */
    }

    /* Scores to gradients times -rate, of an input as often as it is there and a single sample.
     * Returns the lane's loss; *finite: all scores are. */
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

    /* ------------------------------------------------------------------ gradients */

    /* The gradients of inputs 2 (lane % 4) + e at sample lane / 4, which other lanes have. */
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

    /* d = four features of gradients: of the other side's rows, weighed */
    template <bool EXACT>
    __device__ static void weigh(float (&d)[2][4], const float (&other)[2][4],
                                 const wl::split_words<2> &g)
    {
#pragma unroll
        for (int i = 0; i < 4; i += 2) {
            const float a[4] = { other[0][i], other[0][i + 1], other[1][i], other[1][i + 1] };
            const wl::split_words<4, EXACT> left(a);
            wl::fragment_c small = {};
            const wl::fragment_c large = wl::mma_half(small, left, g.high, g.low);
#pragma unroll
            for (int n = 0; n < 4; n++) d[n % 2][i + n / 2] = large.values[n] + small.values[n];
        }
    }

    /* Adds N features to a table, and says what they have become. */
    template <int N>
    __device__ void add(T *to, const float *delta, float *value, int64_t element,
                        uint32_t step) const
    {
        float d[N];
#pragma unroll
        for (int e = 0; e < N; e++) value[e] += d[e] = delta[e];
        race_add<N>(to, d, [&](T *rounded, const float(&x)[N]) {
            store_rounded<N>(rounded, x, c.stochastic, element, ~c.seed, step);
#pragma unroll
            for (int e = 0; e < N; e++) value[e] = to_float(rounded[e]);
        });
    }

    /* Four features of a row from f on, or as many as there are. */
    __device__ void add_four(const rows_of<T> &table, int32_t id, int f, const float (&delta)[4],
                             float (&value)[4], uint32_t step) const
    {
        const int64_t element = id * c.D + f;
        T *to = table.at(id, f);
        if constexpr (W > 1) {
            add<4>(to, delta, value, element, step);
        } else {
#pragma unroll
            for (int e = 0; e < 4; e++)
                if (f + e < rows.features())
                    add<1>(to + e, delta + e, value + e, element + e, step);
        }
    }

    __device__ void add_to_context(int at, int32_t id, int f, const float (&delta)[4]) const
    {
        float x[4];
        load_floats<4>(x, rows.now(at, f));
        if constexpr (rounds)
#pragma unroll
            for (int e = 0; e < 4; e++) x[e] += delta[e];
        else
            add_four(c.input, id, f, delta, x, 0);
        rows.store_four(at, f, x);
    }

    __device__ void add_to_sample(int at, int32_t id, int times, int f, const float (&delta)[4],
                                  uint32_t step) const
    {
        float o[4];
        load_floats<4>(o, rows.now(at, f));
#pragma unroll 1
        for (int n = 0; n < times; n++) add_four(c.output, id, f, delta, o, step);
        rows.store_four(at, f, o);
    }

    /* A lane adds to what it has read: no other waits for it. */
    __device__ void update(const window_part &p, const float (&g)[2], uint32_t step) const
    {
        const float along[2] = { g[0] * float(p.times[0]), g[1] * float(p.times[1]) };
        float across[2];
        int32_t input[2], sample[2];
        transpose(across, g);
        const wl::split_words<2> of_inputs(along), of_samples(across);
#pragma unroll
        for (int e = 0; e < 2; e++) {
            input[e] = __shfl_sync(~0u, rows.word, max(p.inputs[e], 0));
            sample[e] = __shfl_sync(~0u, rows.word, max(p.samples[e], 0));
        }
#pragma unroll 1
        for (int k = 0; k < rows.features(); k += 32) {
            const int f = k + lane_index() / 4 * 4;
            const bool within = f < rows.features();
            float row[2][4], dx[2][4], ds[2][4];
            for (int e = 0; e < 2; e++) rows.load_four(row[e], p.samples[e], f);
            weigh<rounds>(dx, row, of_inputs);
            for (int e = 0; e < 2; e++) rows.load_four(row[e], p.inputs[e], f);
            weigh<false>(ds, row, of_samples);
#pragma unroll
            for (int e = 0; e < 2; e++) {
                if (within && p.inputs[e] >= 0) add_to_context(p.inputs[e], input[e], f, dx[e]);
                if (within && p.samples[e] >= 0)
                    add_to_sample(p.samples[e], sample[e], p.times[e], f, ds[e], step);
            }
            __syncwarp();
        }
    }

    /* ------------------------------------------------------------------ centres */

    /* The unit of contexts first..first+n-1. */
    __device__ void train_unit(int64_t centre, int first, int n, int number)
    {
        const window_part p = part_of(first, n);
        float g[2];
        bool finite;
        score(g, p);
        const float mine = differentiate(g, p, c.rate(centre), &finite);
        if (finite) {
            update(p, g, wl_word2vec_rounding_step(c.place(centre), c.units, number));
            loss += double(mine);
            pairs += lane_index() < n;
        } else {
            skipped += lane_index() == number;
        }
    }

    __device__ void train(int place)
    {
        const int64_t centre = rows.begin + place;
        const window w = window_of(c, centre);
        const int n = int(w.contexts()), most = int(wl_word2vec_inputs(n, c.units));
        rows.release(place - int(c.window), centre);
        if (w.target < 0 || n == 0) return;
        const unsigned fresh = rows.take_contexts(place, int(centre - w.first), n);
        rows.load(fresh | rows.take_samples(centre, w.target));
#pragma unroll 1
        for (int number = 0; number * most < n; number++)
            train_unit(centre, number * most, min(most, n - number * most), number);
    }
};

/* A warp owns a worker's run of centres, one after another. */
template <class T, int W>
__global__ void __launch_bounds__(WINDOW_THREADS, W == 1 ? 3 : 4)
    hogwild_windows(word2vec<T> c, tallies to, int64_t workers)
{
    wl::await_earlier();
    WL_DYN_SHARED(float, memory);
    const int64_t worker = warp_index(), n = max(c.end() - c.begin[0], int64_t(0));
    if (worker >= workers) return;
    const int64_t first = n * worker / workers, last = n * (worker + 1) / workers;
    const int64_t floats = window_floats<T>(c.D, c.contexts, c.samples);
    window_run<T, W> run(c, memory + threadIdx.x / WARP * floats, c.begin[0] + first);
    for (int place = 0; place < int(last - first); place++) run.train(place);
    run.rows.release(INT32_MAX, c.begin[0] + last);
    const double loss = wl::warp_sum(run.loss), pairs = wl::warp_sum(double(run.pairs));
    const double skipped = wl::warp_sum(double(run.skipped));
    if (lane_index() > 0) return;
    to.loss[worker] = loss;
    to.pairs[worker] = int64_t(pairs);
    to.skipped[worker] = int64_t(skipped);
}

/* *ran: whether the call is one for such a kernel, and the device runs it. */
template <class T, int W>
wl_status run_windows(wl_ctx *ctx, const word2vec<T> &c, const tallies &to, int64_t workers,
                      bool *ran)
{
    const size_t bytes =
        sizeof(float) * WINDOW_WARPS * size_t(window_floats<T>(c.D, c.contexts, c.samples));
    const bool suits = !c.cbow && !c.spans && !c.paths && c.sets == 1 && c.window <= WINDOW_SIDE &&
                       c.samples <= WINDOW_SIDE && c.D <= WINDOW_BYTES &&
                       c.centres / workers < INT32_MAX / 2; /* what lanes count */
    const cluster_launch l(ctx, blocks_for(workers, WINDOW_WARPS), 1, WINDOW_THREADS, bytes);
    *ran = suits && bytes <= WINDOW_BYTES && clusters_at_once(ctx, hogwild_windows<T, W>, l) > 0;
    return *ran ? launch(ctx, hogwild_windows<T, W>, l, c, to, workers) : WL_OK;
}

} // namespace

#endif
