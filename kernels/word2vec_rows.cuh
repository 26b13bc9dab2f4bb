/* Rows of words in a warp's shared memory, for hogwild over windows: those of contexts for as long
 * as windows hold them, those of samples for a centre. */
#ifndef WL_WORD2VEC_ROWS_CUH
#define WL_WORD2VEC_ROWS_CUH

#include <type_traits>

#include "word2vec.cuh"

/* From one row to the next: four rows in a line have no bank twice. */
__host__ __device__ inline int window_pitch(int64_t D) { return int((D + 7) / 16 * 16 + 8); }

/* Floats of a warp: a row a context and one more, and a row a sample; in 16 bits then the contexts'
 * rows as the table had them. */
template <class T>
__host__ __device__ int64_t window_floats(int64_t D, int64_t contexts, int64_t samples)
{
    const int64_t before = sizeof(T) < sizeof(float) ? (1 + contexts) * window_pitch(D) / 2 : 0;
    return (1 + contexts + samples) * window_pitch(D) + before;
}

/* Row n, of a context and then of a sample, is known to lane n. */
template <class T, int W> struct window_rows {
    static constexpr bool rounds = sizeof(T) < sizeof(float);
    using moved = std::conditional_t<W == 1, T, uint4>; /* W neighbours, not yet taken apart */
    const word2vec<T> &c;
    float *const memory;
    const int64_t begin; /* the run's first centre: places count from here */
    int32_t word = -1;   /* of the lane's row; -1: none */
    int last = 0;        /* the last place of the row's word as a context */
    int times = 0;       /* how many of the centre's samples the row is */
    int row = 0;         /* that of the centre's context number lane */

    __device__ window_rows(const word2vec<T> &call, float *room, int64_t first)
        : c(call), memory(room), begin(first)
    {
        for (int i = lane_index(); i < (slots() + samples()) * pitch(); i += WARP) memory[i] = 0;
        __syncwarp(); /* past feature D rows stay 0 */
    }

    __device__ int features() const { return int(c.D); }
    __device__ int slots() const { return 1 + int(c.contexts); } /* rows of contexts */
    __device__ int samples() const { return int(c.samples); }
    __device__ int pitch() const { return window_pitch(c.D); }
    __device__ float *now(int at, int f) const { return memory + at * pitch() + f; }
    __device__ T *before(int at, int f) const
    {
        return reinterpret_cast<T *>(now(slots() + samples(), 0)) + at * pitch() + f;
    }

    /* Four features of a row from f on; of no row, and past the last, 0. */
    __device__ void load_four(float (&to)[4], int at, int f) const
    {
#pragma unroll
        for (int e = 0; e < 4; e++) to[e] = 0;
        if (at >= 0 && f < features()) load_floats<4>(to, now(at, f));
    }

    __device__ void store_four(int at, int f, const float *x) const
    {
        wl::store_shared4(now(at, f), make_float4(x[0], x[1], x[2], x[3]));
    }

    /* Lets go of rows whose word's last place as a context lies before `end`. Changes of 16 bits
     * are added to the table, by draws that `centre` counts, whose units write no other contexts.
     */
    __device__ void release(int end, int64_t centre)
    {
        const bool ends = lane_index() < slots() && word >= 0 && last < end;
        for (unsigned gone = rounds ? __ballot_sync(~0u, ends) : 0; gone; gone &= gone - 1) {
            const int at = __ffs(int(gone)) - 1;
            add_change(at, __shfl_sync(~0u, word, at),
                       wl_word2vec_rounding_step(c.place(centre), c.units, 0));
        }
        if (ends) word = -1;
    }

    __device__ void add_change(int at, int64_t id, uint32_t step) const
    {
#pragma unroll 1
        for (int k = lane_index() * W; k < features(); k += WARP * W) {
            float change[W], was[W];
            load_floats<W>(change, now(at, k));
            load_pack<W>(was, before(at, k));
            for (int e = 0; e < W; e++) change[e] -= was[e];
            race_add<W>(c.input.at(id, k), change, [&](T *to, const float(&x)[W]) {
                store_rounded<W>(to, x, c.stochastic, id * c.D + k, c.seed, step);
            });
        }
    }

    /* Finds the n contexts of a centre at a place, `left` of them before it, a row each, which two
     * places of one word share. Returns the rows to be loaded. */
    __device__ unsigned take_contexts(int place, int left, int n)
    {
        const unsigned all = (1u << slots()) - 1;
        const int lane = lane_index();
        const int mine = place - left + lane + (lane >= left);
        const int32_t id = lane < n ? c.token(begin + mine) : -1;
        unsigned fresh = 0;
#pragma unroll 1
        for (int i = 0; i < n; i++) {
            const int32_t wanted = __shfl_sync(~0u, id, i);
            const unsigned same = __ballot_sync(~0u, word == wanted) & all;
            const unsigned none = __ballot_sync(~0u, word < 0) & all;
            const int at = __ffs(int(same ? same : none)) - 1, here = __shfl_sync(~0u, mine, i);
            if (!same) fresh |= 1u << at;
            if (lane == i) row = at;
            if (lane != at) continue;
            last = same ? max(last, here) : here;
            word = wanted;
        }
        return fresh;
    }

    /* Draws a centre's samples; one that is drawn again is the same row. Returns the rows to be
     * loaded. */
    __device__ unsigned take_samples(int64_t centre, int32_t target)
    {
        const int j = lane_index() - slots(), pair = j > 0 ? (j - 1) / 2 : 0;
        const bool mine = j >= 0 && j < samples();
        const wl_random r = wl_word2vec_negatives_draw(c.seed, c.place(centre), uint32_t(pair));
        const uint32_t high = j % 2 ? r.word[0] : r.word[2], low = j % 2 ? r.word[1] : r.word[3];
        if (mine) word = j ? wl_word2vec_negative(c.noise, c.V, high, low, target) : target;
        const unsigned all = ((1u << samples()) - 1) << slots();
        const unsigned same = __match_any_sync(~0u, word) & all;
        const bool counts = mine && word >= 0 && __ffs(int(same)) - 1 == lane_index();
        times = counts ? __popc(same) : 0;
        if (mine && !counts) word = -1;
        return __ballot_sync(~0u, counts);
    }

    /* Loads rows, of which eight are on their way at once. */
    __device__ void load(unsigned wanted) const
    {
        for (unsigned later; wanted; wanted = later) {
            later = wanted;
            for (int i = 0; i < 8; i++) later &= later - 1;
#pragma unroll 1
            for (int k = 0; k < features(); k += WARP * W)
                load_eight(wanted ^ later, k + lane_index() * W);
        }
        __syncwarp();
    }

    /* W features of eight rows, or fewer, from f on. */
    __device__ void load_eight(unsigned wanted, int f) const
    {
        moved p[8];
        unsigned left = wanted;
#pragma unroll
        for (int i = 0; i < 8; i++, left &= left - 1) {
            const int at = max(__ffs(int(left)) - 1, 0);
            const int64_t id = __shfl_sync(~0u, word, at);
            const rows_of<T> &table = at < slots() ? c.input : c.output;
            if (left && f < features())
                p[i] = race_read<1>(reinterpret_cast<const moved *>(table.at(id, f))).v[0];
        }
        left = wanted;
#pragma unroll
        for (int i = 0; i < 8; i++, left &= left - 1)
            if (left && f < features()) keep(p[i], __ffs(int(left)) - 1, f);
    }

    __device__ void keep(const moved &p, int at, int f) const
    {
        pack<T, W> row;
        float x[W];
        memcpy(&row, &p, sizeof row);
#pragma unroll
        for (int e = 0; e < W; e++) x[e] = to_float(row.v[e]);
        if constexpr (W == 1)
            *now(at, f) = x[0];
        else
#pragma unroll
            for (int e = 0; e < W; e += 4) store_four(at, f + e, x + e);
        if (rounds && at < slots()) *reinterpret_cast<pack<T, W> *>(before(at, f)) = row;
    }
};

#endif
