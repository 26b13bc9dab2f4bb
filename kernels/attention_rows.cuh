/* What the kernels of attention.cuh do to rows: a warp owns one of a query or of a key, the block
 * has those of the other side in shared memory, eight at a time. */
#ifndef WL_ATTENTION_ROWS_CUH
#define WL_ATTENTION_ROWS_CUH

#include "../host/ops/attention.h"
#include "device.cuh"

namespace
{

constexpr int WIDTH = 512;      /* features of a slice */
constexpr int GROUP = 4 * WARP; /* features that lie in a warp side by side */
constexpr int GROUPS = WIDTH / GROUP;
constexpr int HELD = 4 * GROUPS; /* features of a lane */
constexpr int ROWS = WARPS;      /* of a block, and of a tile */
static_assert(ROWS == WL_ATTENTION_QUERIES, "parts of du are blocks of queries");

using tile = float4[ROWS][WIDTH / 4];

/* Sizes, and what both directions read beside the rows. */
struct problem {
    int64_t T, B, S, H, D;
    const int32_t *lengths; /* null: all have S */
    const float *u;
    float scale;
    bool one; /* values are the keys */

    __device__ int64_t length(int64_t b) const
    {
        if (!lengths) return S;
        return lengths[b] < 0 ? 0 : lengths[b] < S ? lengths[b] : S;
    }
};

inline problem problem_of(const wl_attention &n)
{
    return { n.T,
             n.B,
             n.S,
             n.H,
             n.D,
             n.lengths ? (const int32_t *)n.lengths->data : nullptr,
             n.u ? (const float *)n.u->data : nullptr,
             float(n.scale),
             !n.v };
}

/* What of n features lies in the slice from `first` on. */
__host__ __device__ inline int slice_of(int64_t n, int64_t first)
{
    return int(n - first < WIDTH ? (n > first ? n - first : 0) : WIDTH);
}

/* Slices of n features, 1 of none: something is to be written for it too. */
inline int64_t slices(int64_t n) { return n > WIDTH ? (n + WIDTH - 1) / WIDTH : 1; }

/* The rows of one side: what scores are made of, and what weights' gradients are: q and dy, or k
 * and v. */
template <class T> struct side {
    steps_of<const T> x, z;
};

/* ------------------------------------------------------------------ scores */

struct dot_score {
    static constexpr bool additive = false;
    __device__ static float of(float own, float other, float) { return own * other; }
    __device__ static float slope(float, float other, float, float *) { return other; }
};

struct additive_score {
    static constexpr bool additive = true;
    __device__ static float of(float own, float other, float u) { return u * tanhf(own + other); }
    /* *bent: the derivative by u */
    __device__ static float slope(float own, float other, float u, float *bent)
    {
        *bent = tanhf(own + other);
        return u * (1 - *bent * *bent);
    }
};

/* ------------------------------------------------------------------ a lane's part of a row */

__device__ inline int place(int group) { return (group * WARP + lane_index()) * 4; }

/* The lane's features of a slice; 0 past its end. */
template <int W, class T> __device__ inline void load_held(float (&to)[HELD], const T *row, int n)
{
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        float v[4] = {};
        if constexpr (W > 1) {
            if (place(g) < n) load_pack<4>(v, row + place(g));
        } else {
            for (int i = 0; i < 4; i++)
                if (place(g) + i < n) v[i] = to_float(row[place(g) + i]);
        }
        for (int i = 0; i < 4; i++) to[4 * g + i] = v[i];
    }
}

template <int W, class T>
__device__ inline void store_held(T *row, const float (&from)[HELD], int n)
{
#pragma unroll
    for (int g = 0; g < GROUPS; g++)
        if constexpr (W > 1) {
            const float v[4] = { from[4 * g], from[4 * g + 1], from[4 * g + 2], from[4 * g + 3] };
            if (place(g) < n) store_pack<4>(row + place(g), v);
        } else {
            for (int i = 0; i < 4; i++)
                if (place(g) + i < n) from_float(row + place(g) + i, from[4 * g + i]);
        }
}

/* A slice of a row, loaded where another one is held. */
template <class T, int W> struct held_row {
    steps_of<const T> from;
    int64_t first = -1;
    float v[HELD];

    __device__ explicit held_row(const steps_of<const T> &of) : from(of) {}
    __device__ void hold(int64_t step, int64_t b, int64_t feature, int n)
    {
        if (first != feature) load_held<W>(v, from.at(step, b, feature), n);
        first = feature;
    }
};

/* The same of u. */
struct held_vector {
    const float *from;
    int64_t first = -1;
    float v[HELD];

    __device__ explicit held_vector(const float *of) : from(of) {}
    __device__ void hold(int64_t feature, int n)
    {
        if (first != feature) load_held<1>(v, from + feature, n);
        first = feature;
    }
};

/* ------------------------------------------------------------------ a tile */

/* The block loads `count` rows of a slice from step s on, and 0 to the end of its last group; to be
 * called by all threads, and read by none before the next barrier. */
template <int W, class T>
__device__ inline void load_tile(tile &to, const steps_of<const T> &from, int64_t s, int64_t b,
                                 int64_t feature, int count, int n)
{
    const int packs = (n + GROUP - 1) / GROUP * GROUP / W;
    for (int i = int(threadIdx.x); i < count * packs; i += THREADS) {
        const int row = i / packs, at = i % packs * W;
        float v[W] = {};
        if (at < n) load_pack<W>(v, from.at(s + row, b, feature + at));
        store_floats<W>(reinterpret_cast<float *>(to[row]) + at, v);
    }
}

/* The lane's part of a pair's dot product. */
__device__ inline float part_of_dot(const float (&own)[HELD], const float4 *other, int n)
{
    float sum = 0;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        if (g * GROUP >= n) break;
        const float4 o = other[g * WARP + lane_index()];
        sum += own[4 * g] * o.x;
        sum += own[4 * g + 1] * o.y;
        sum += own[4 * g + 2] * o.z;
        sum += own[4 * g + 3] * o.w;
    }
    return sum;
}

template <class SCORE>
__device__ inline float part_of_score(const float (&own)[HELD], const float4 *other,
                                      const float (&u)[HELD], int n)
{
    if constexpr (!SCORE::additive) return part_of_dot(own, other, n);
    float sum = 0;
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        if (g * GROUP >= n) break;
        const float4 o = other[g * WARP + lane_index()];
        sum += SCORE::of(own[4 * g], o.x, u[4 * g]);
        sum += SCORE::of(own[4 * g + 1], o.y, u[4 * g + 1]);
        sum += SCORE::of(own[4 * g + 2], o.z, u[4 * g + 2]);
        sum += SCORE::of(own[4 * g + 3], o.w, u[4 * g + 3]);
    }
    return sum;
}

/* What a slice adds to the scores of a warp's row with those of a tile. */
template <class SCORE>
__device__ inline void add_slice(float (&e)[ROWS], const float (&own)[HELD], const tile &others,
                                 const float (&u)[HELD], int count, int n)
{
#pragma unroll
    for (int r = 0; r < ROWS; r++)
        if (r < count) e[r] += wl::warp_sum(part_of_score<SCORE>(own, others[r], u, n));
}

/* to += weight other */
__device__ inline void add_row(float (&to)[HELD], float weight, const float4 *other, int n)
{
#pragma unroll
    for (int g = 0; g < GROUPS; g++) {
        if (g * GROUP >= n) break;
        const float4 o = other[g * WARP + lane_index()];
        to[4 * g] += weight * o.x;
        to[4 * g + 1] += weight * o.y;
        to[4 * g + 2] += weight * o.z;
        to[4 * g + 3] += weight * o.w;
    }
}

/* to += de times the score's derivative by `own`; du += de times that by u */
template <class SCORE>
__device__ inline void add_slopes(float (&to)[HELD], float (&du)[HELD], float de,
                                  const float (&own)[HELD], const float4 *other,
                                  const float (&u)[HELD], int n)
{
    if constexpr (!SCORE::additive)
        add_row(to, de, other, n);
    else {
#pragma unroll
        for (int g = 0; g < GROUPS; g++) {
            if (g * GROUP >= n) break;
            const float4 o = other[g * WARP + lane_index()];
            const float x[4] = { o.x, o.y, o.z, o.w };
            for (int i = 4 * g; i < 4 * g + 4; i++) {
                float bent;
                to[i] += de * SCORE::slope(own[i], x[i - 4 * g], u[i], &bent);
                du[i] += de * bent;
            }
        }
    }
}

} // namespace

#endif
