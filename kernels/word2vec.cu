/* Kernels of <wordloom/word2vec.h>: subsampling, and hogwild.
 * subsample: a thread a token; then a selection.
 * hogwild: a warp a run of centres; of skip-gram with few contexts and samples word2vec_window.cuh
 * has it. Moves: the rows of a centre's samples (of a window that is in halves twice) and contexts,
 * of which the latter stay in L1 from one centre to the next, those of 16 bits with their changes
 * in f32. Bound by: latency of rows, then L2. */
#include "algorithms.cuh"
#include "logistic.cuh"
#include "word2vec_kept.cuh"
#include "word2vec_window.cuh"

namespace
{

/* ------------------------------------------------------------------ subsampling */

/* A thread owns a token: 1 where it survives. */
__global__ void mark_survivors(uint8_t *flag, ids_of tokens, const uint32_t *keep,
                               const int64_t *position, int64_t N, uint64_t seed)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < N; i += step) {
        const int64_t id = tokens.at(i);
        const uint64_t place = uint64_t(position[0]) + uint64_t(i);
        tokens.check(i);
        flag[i] =
            id < 0 || wl_word2vec_survives(wl_word2vec_survival_draw(seed, place), place, keep[id]);
    }
}

/* A thread owns a kept token. */
__global__ void gather_tokens(int32_t *kept, ids_of tokens, const int64_t *from,
                              const int64_t *count)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count[0]; i += step)
        kept[i] = int32_t(tokens.at(from[i]));
}

/* ------------------------------------------------------------------ hogwild */

enum { TILE = WL_WORD2VEC_TILE };

/* A worker's part of the workspace. */
struct scratch {
    float *x;       /* [inputs,D]: inputs that are no rows of the table */
    float *g;       /* [inputs,samples] */
    float *spill;   /* [samples,D]: gradients of all tiles of samples but the last */
    int32_t *drawn; /* [sets,negative] */
    kept_rows kept; /* null but where keeps() */
};

/* One unit: contexts first..first+inputs-1 (in CBOW all, as one input) and a set of samples. */
template <class T, int W> struct unit {
    const word2vec<T> &c;
    const window &w;
    const scratch &at;
    int64_t first, inputs, set, number; /* number: of the centre's units */

    __device__ int64_t sample(int64_t j) const
    {
        return j ? at.drawn[set * c.negative + j - 1] : w.target;
    }
    __device__ int64_t context_id(int64_t i) const { return c.token(w.context(first + i)); }
    __device__ void load_input(float (&x)[W], int64_t i, int64_t k) const
    {
        if (c.cbow || c.spans)
            load_floats<W>(x, at.x + i * c.D + k);
        else if (keeps(c))
            load_kept<W>(x, c, at.kept, first + i, k);
        else
            race_load<W>(x, c.input.at(context_id(i), k));
    }
    __device__ float *gradient(int64_t i, int64_t j) const { return at.g + i * w.samples + j; }

    /* inputs that no row holds, each lane its features */
    __device__ void compose() const
    {
        if (!c.cbow && !c.spans) return;
        for (int64_t i = 0; i < inputs; i++)
            for (int64_t k = lane_index() * W; k < c.D; k += WARP * W) {
                float x[W];
                if (c.cbow)
                    load_window<W>(x, c, w, [&](float(&one)[W], int64_t n) {
                        if (keeps(c))
                            load_kept<W>(one, c, at.kept, n, k);
                        else
                            load_word<W>(one, c, c.token(w.context(n)), k);
                    });
                else
                    load_word<W>(x, c, context_id(i), k);
                store_floats<W>(at.x + i * c.D + k, x);
            }
    }

    __device__ void score() const
    {
        for (int64_t i = 0; i < inputs; i++)
            for (int64_t j = 0; j < w.samples; j++) {
                float s = 0;
                if (sample(j) < 0) continue;
                for (int64_t k = lane_index() * W; k < c.D; k += WARP * W) {
                    float x[W], o[W];
                    load_input(x, i, k);
                    race_load<W>(o, c.output.at(sample(j), k));
                    for (int e = 0; e < W; e++) s += x[e] * o[e];
                }
                s = wl::warp_sum(s);
                if (lane_index() == 0) *gradient(i, j) = s;
            }
        __syncwarp();
    }

    /* Scores to gradients times -lr, lanes side by side. Returns the loss; *finite: all scores are.
     */
    __device__ float differentiate(float rate, bool *finite) const
    {
        float loss = 0;
        bool good = true;
        for (int64_t e = lane_index(); e < inputs * w.samples; e += WARP) {
            const int64_t j = e % w.samples;
            if (sample(j) < 0) {
                at.g[e] = 0;
                continue;
            }
            const logistic l(at.g[e], j < w.yes, 1.0f);
            good = good && isfinite(at.g[e]);
            loss += l.loss;
            at.g[e] = -rate * l.gradient;
        }
        *finite = __all_sync(~0u, good);
        __syncwarp();
        return wl::warp_sum(loss);
    }

    /* ds = W features of the gradients of samples j0..j0+TILE-1 */
    __device__ void sample_gradients(float (&ds)[TILE][W], int64_t j0, int64_t k) const
    {
#pragma unroll
        for (int t = 0; t < TILE; t++)
#pragma unroll
            for (int e = 0; e < W; e++) ds[t][e] = 0;
        for (int64_t i = 0; i < inputs; i++) {
            float x[W];
            load_input(x, i, k);
#pragma unroll
            for (int t = 0; t < TILE; t++) {
                const float g = j0 + t < w.samples ? *gradient(i, j0 + t) : 0.0f;
#pragma unroll
                for (int e = 0; e < W; e++) ds[t][e] += g * x[e];
            }
        }
    }

    __device__ __forceinline__ void add_to_output(int64_t j, int64_t k,
                                                  const float (&delta)[W]) const
    {
        const int64_t id = sample(j);
        if (id < 0) return;
        race_add<W>(c.output.at(id, k), delta, [&](T *to, const float(&x)[W]) {
            store_rounded<W>(to, x, c.stochastic, id * c.D + k, ~c.seed,
                             wl_word2vec_rounding_step(c.place(w.at), c.units, number));
        });
    }

    /* the gradient of an input to the rows of context number n's word */
    __device__ void add_to_context(int64_t n, int64_t k, const float (&dx)[W], float factor) const
    {
        const word_rows r = rows_of_word(c, c.token(w.context(n)));
        float delta[W];
        for (int e = 0; e < W; e++) delta[e] = factor * c.share(r.n) * dx[e];
        if (keeps(c)) {
            add_to_kept<W>(c, at.kept, n, k, delta);
            return;
        }
        for (int64_t i = 0; i < r.n; i++) {
            const int64_t row = r.at(i);
            if (row < 0) continue;
            race_add<W>(c.input.at(row, k), delta, [&](T *to, const float(&x)[W]) {
                store_rounded<W>(to, x, c.stochastic, row * c.D + k, c.seed,
                                 wl_word2vec_rounding_step(c.place(w.at), c.units, number));
            });
        }
    }

    __device__ void add_to_inputs(int64_t k) const
    {
        for (int64_t i = 0; i < inputs; i++) {
            float dx[W] = {};
            for (int64_t j = 0; j < w.samples; j++) {
                float o[W];
                if (sample(j) < 0) continue;
                race_load<W>(o, c.output.at(sample(j), k));
                for (int e = 0; e < W; e++) dx[e] += *gradient(i, j) * o[e];
            }
            if (!c.cbow) {
                add_to_context(first + i, k, dx, 1.0f);
                continue;
            }
            for (int64_t n = 0; n < w.contexts(); n++)
                add_to_context(n, k, dx, c.share(w.contexts()));
        }
    }

    /* Everything is read before anything is added to: a lane's features are its own. */
    __device__ void update() const
    {
        for (int64_t k = lane_index() * W; k < c.D; k += WARP * W) {
            float ds[TILE][W];
            int64_t last = 0;
            for (int64_t j0 = 0; j0 < w.samples; j0 += TILE) {
                sample_gradients(ds, j0, k);
                last = j0;
#pragma unroll
                for (int t = 0; t < TILE; t++)
                    if (j0 + TILE < w.samples)
                        store_floats<W>(at.spill + (j0 + t) * c.D + k, ds[t]);
            }
            add_to_inputs(k);
            for (int64_t j = 0; j < last; j++) {
                float spilt[W];
                load_floats<W>(spilt, at.spill + j * c.D + k);
                add_to_output(j, k, spilt);
            }
            for (int t = 0; t < TILE && last + t < w.samples; t++)
                add_to_output(last + t, k, ds[t]);
        }
        __syncwarp();
    }
};

/* One unit by a warp; false: a score is not finite. */
template <class T, int W> __device__ bool train_unit(const unit<T, W> &u, float rate, double *loss)
{
    bool finite;
    u.compose();
    u.score();
    const float mine = u.differentiate(rate, &finite);
    if (!finite) return false;
    u.update();
    *loss += double(mine);
    return true;
}

/* A warp owns a worker's run of centres, one after another. */
template <class T, int W>
__global__ void hogwild(word2vec<T> c, wl_word2vec_cuda_hogwild space, int64_t workers)
{
    wl::await_earlier();
    const int64_t begin = c.begin[0], n = max(c.end() - begin, int64_t(0));
    for (int64_t worker = warp_index(); worker < workers; worker += warp_count()) {
        const scratch at = { space.x + worker * space.inputs * c.D,
                             space.g + worker * space.inputs * c.samples,
                             space.spill + worker * space.spilt * c.D,
                             space.drawn + worker * c.sets * c.negative,
                             { space.change + worker * space.kept * c.D,
                               space.last + worker * space.kept, space.word + worker * space.kept,
                               space.slot + worker * space.kept } };
        double loss = 0;
        int64_t pairs = 0, skipped = 0;
        const int64_t last = begin + n * (worker + 1) / workers;
        if (keeps(c)) keep_nothing(c, at.kept);
        for (int64_t i = begin + n * worker / workers; i < last; i++) {
            const window w = window_of(c, i);
            if (keeps(c)) release_rows<W>(c, at.kept, i - c.window, i);
            if (w.target < 0 || w.contexts() == 0) continue;
            if (keeps(c)) keep_contexts<W>(c, w, at.kept);
            list_samples(c, w, at.drawn);
            const int64_t most = wl_word2vec_inputs(w.contexts(), c.units);
            for (int64_t number = 0; number * most < w.contexts(); number++) {
                const int64_t first = number * most, set = c.sets == 1 ? 0 : number;
                const int64_t inputs = c.cbow ? 1 : min(most, w.contexts() - first);
                const unit<T, W> u = { c, w, at, first, inputs, set, number };
                const bool good = train_unit(u, c.rate(i), &loss);
                pairs += good ? inputs : 0;
                skipped += good ? 0 : 1;
            }
        }
        if (keeps(c)) release_rows<W>(c, at.kept, INT64_MAX, last);
        if (lane_index() > 0) continue;
        space.loss[worker] = loss;
        space.pairs[worker] = pairs;
        space.skipped[worker] = skipped;
    }
}

/* The only warp adds everything. */
__global__ void sum_tallies(tallies t, int64_t n, bool more, float *loss, int64_t *pairs,
                            int64_t *skipped)
{
    wl::await_earlier();
    double sum[3] = {};
    for (int64_t i = lane_index(); i < n; i += WARP) {
        sum[0] += t.loss[i];
        sum[1] += double(t.pairs[i]);
        sum[2] += double(t.skipped[i]);
    }
    for (int i = 0; i < 3; i++) sum[i] = wl::warp_sum(sum[i]);
    if (lane_index() > 0) return;
    if (loss) loss[0] = (more ? loss[0] : 0.0f) + float(sum[0]);
    pairs[0] = (more ? pairs[0] : 0) + int64_t(sum[1]);
    skipped[0] = (more ? skipped[0] : 0) + int64_t(sum[2]);
}

} // namespace

wl_status add_tallies(wl_ctx *ctx, const wl_word2vec_args *a, const tallies &t, int64_t n,
                      bool more)
{
    return launch(ctx, sum_tallies, 1, WARP, t, n, more, (float *)a->loss.data,
                  (int64_t *)a->pairs.data, (int64_t *)a->skipped.data);
}

wl_status wl_cuda_word2vec_subsample(wl_ctx *ctx, const wl_dims *d,
                                     const wl_word2vec_subsample_args *a)
{
    const ids_of tokens = ids(ctx, a->tokens, d->V, WL_ID_ROW(word2vec_subsample, tokens), true);
    uint8_t *flag = (uint8_t *)ctx->workspace;
    int64_t *from = (int64_t *)(ctx->workspace + wl_part(d->N, 1));
    void *memory = ctx->workspace + wl_part(d->N, 1) + wl_part(d->N, 8);
    int64_t *count = (int64_t *)a->count.data;
    if (d->N == 0)
        return status_of(ctx, cudaMemsetAsync(count, 0, sizeof *count, cudaStream_t(ctx->stream)));
    wl_status status =
        launch(ctx, mark_survivors, blocks_for(d->N, THREADS), THREADS, flag, tokens,
               (const uint32_t *)a->keep.data, (const int64_t *)a->position.data, d->N, a->seed);
    if (!status)
        status = select_flagged(ctx, flag, d->N, from, count, memory, algorithms_bytes(d->N));
    if (status) return status;
    return launch(ctx, gather_tokens, blocks_for(d->N, THREADS), THREADS, (int32_t *)a->kept.data,
                  tokens.reported(), from, count);
}

wl_status wl_cuda_word2vec_hogwild(wl_ctx *ctx, const wl_dims *d, const wl_word2vec_args *a)
{
    const wl_word2vec_sizes s = wl_word2vec_sizes_of(a, d->D, sizeof(float));
    wl_word2vec_cuda_hogwild space;
    wl_word2vec_cuda_hogwild_carve(&space, ctx->workspace, &s, a);
    const tallies to = { space.loss, space.pairs, space.skipped };
    const wl_status status = with_packs(a->input.dtype, word2vec_packed(a), d->D, [&](auto how) {
        using A = decltype(how);
        using T = typename A::type;
        const word2vec<T> c = word2vec_of<T>(ctx, d, a, WL_ID_ROW(word2vec_hogwild, tokens));
        bool ran = false;
        const wl_status failed = run_windows<T, A::width>(ctx, c, to, a->workers, &ran);
        if (failed || ran) return failed;
        return launch(ctx, hogwild<T, A::width>, blocks_for(a->workers, WARPS), THREADS, c, space,
                      a->workers);
    });
    return status ? status : add_tallies(ctx, a, to, a->workers, false);
}
