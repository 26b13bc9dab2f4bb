/* What batches of word2vec_sync read and which rows they update: the text and the draws decide it,
 * whatever the tables hold, so that it is found, and ordered by row, for many batches at once.
 *   plan   a warp a centre: its window, its samples, and the rows of its contexts */
#ifndef WL_WORD2VEC_PLAN_CUH
#define WL_WORD2VEC_PLAN_CUH

#include "grouping.cuh"
#include "word2vec.cuh"

using sync_buffers = wl_word2vec_cuda_sync;

/* A batch: its number in the call, and among those that are planned. */
template <class T> struct batch_of {
    word2vec<T> c;
    sync_buffers at;
    int64_t number, planned;

    __device__ int64_t from() const { return c.begin[0] + number * at.batch; }
    __device__ int64_t first() const { return from() - c.window; } /* of the tokens around it */
    __device__ int64_t centre(int64_t m) const { return planned * at.batch + m; }
    __device__ int32_t token_around(int64_t r) const
    {
        const int64_t place = first() + r;
        return place >= 0 && place < c.N ? c.token(place) : -1;
    }
    /* the slot of sample j with input i, and the row there, or -1 */
    __device__ int64_t slot(int64_t i, int64_t j) const
    {
        return j ? (c.sets == 1 ? 0 : i * c.negative) + j : 0;
    }
    __device__ int32_t row_of_slot(int64_t m, int64_t n) const
    {
        const int64_t key = at.output_rows[centre(m) * c.slots + n];
        return key < 0 ? -1 : int32_t(key - planned * c.V);
    }
    __device__ float *gradient(int64_t m, int64_t i, int64_t j) const
    {
        return at.g + (m * at.inputs + i) * c.samples + j;
    }
    /* without contexts where there is no centre */
    __device__ window window_at(int64_t m) const
    {
        const int64_t place = from() + m;
        const int32_t *reach = at.reach + 2 * centre(m);
        window w = {
            place, place - reach[0], place + reach[1], row_of_slot(m, 0), int32_t(c.samples),
            1,     nullptr
        };
        if (c.paths && w.contexts() > 0) walk_path(c, c.token(place), &w);
        return w;
    }
};

template <class T> __device__ void plan_nothing(const batch_of<T> &b, int64_t m)
{
    const word2vec<T> &c = b.c;
    const int64_t n = b.centre(m), in = c.contexts * c.rows;
    for (int64_t i = lane_index(); i < c.slots; i += WARP) b.at.output_rows[n * c.slots + i] = -1;
    for (int64_t i = lane_index(); i < in; i += WARP) b.at.input_rows[n * in + i] = -1;
    if (lane_index() == 0) {
        b.at.loss[n] = 0;
        b.at.pairs[n] = b.at.skipped[n] = 0;
        b.at.reach[2 * n] = b.at.reach[2 * n + 1] = 0;
    }
    __syncwarp();
}

template <class T> __device__ void plan_outputs(const batch_of<T> &b, const window &w, int64_t m)
{
    int32_t *rows = b.at.output_rows + b.centre(m) * b.c.slots;
    if (lane_index() == 0) rows[0] = w.target;
    list_samples(b.c, w, rows + 1);
    for (int64_t i = lane_index(); i < b.c.slots; i += WARP)
        if (rows[i] >= 0) rows[i] += int32_t(b.planned * b.c.V);
}

template <class T> __device__ void plan_inputs(const batch_of<T> &b, const window &w, int64_t m)
{
    const int64_t first = b.centre(m) * b.c.contexts;
    for (int64_t i = 0; i < w.contexts(); i++) {
        const word_rows of = rows_of_word(b.c, b.c.token(w.context(i)));
        int32_t *rows = b.at.input_rows + (first + i) * b.c.rows;
        for (int64_t r = lane_index(); r < of.n; r += WARP)
            if (of.at(r) >= 0) rows[r] = int32_t(of.at(r) + b.planned * b.c.R);
        if (lane_index() == 0) b.at.share[first + i] = b.c.share(of.n);
    }
}

/* `b` is the first of so many batches. */
template <class T> __global__ void plan(batch_of<T> b, int64_t batches)
{
    wl::await_earlier();
    const int64_t M = b.at.batch;
    for (int64_t i = warp_index(); i < batches * M; i += warp_count()) {
        const int64_t n = quotient(i, M), m = i - n * M;
        const batch_of<T> of = { b.c, b.at, b.number + n, n };
        plan_nothing(of, m);
        if (of.from() + m >= b.c.end()) continue;
        const window w = window_of(b.c, of.from() + m);
        if (w.target < 0 || w.contexts() == 0) continue;
        plan_outputs(of, w, m);
        plan_inputs(of, w, m);
        if (lane_index() > 0) continue;
        b.at.reach[2 * i] = int32_t(w.at - w.first);
        b.at.reach[2 * i + 1] = int32_t(w.last - w.at);
    }
}

#endif
