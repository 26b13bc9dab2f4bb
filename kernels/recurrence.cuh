/* What the kernels of recurrent cells share: everything about a recurrence but its cell. */
#ifndef WL_RECURRENCE_CUH
#define WL_RECURRENCE_CUH

#include "../host/ops/recurrence.h"
#include "gemm.cuh"

inline bool steps_in_packs(const wl_tensor *t) { return !t || in_packs(*t); }

/* Which sequences run at a step. */
struct lengths_of {
    const int32_t *data; /* null: all */
    int64_t T;
    bool reverse;
    __device__ int64_t of(int64_t b) const
    {
        if (!data) return T;
        const int64_t length = data[b];
        return length < 0 ? 0 : length < T ? length : T;
    }
    /* the first step of a sequence to run */
    __device__ int64_t first(int64_t length) const { return reverse ? length - 1 : 0; }
};

inline lengths_of lengths(const wl_recurrence *a)
{
    return { a->lengths ? (const int32_t *)a->lengths->data : nullptr, a->T, a->reverse };
}

/* to = from, or zero where that is null. */
wl_status copy_or_clear(wl_ctx *ctx, void *to, const void *from, size_t bytes);

/* The sums before the gates = [s; x] W^T, and the state = h0. */
wl_status begin_forward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space);
/* to [B,count H] = before [B,H] R^T + beta to, for some gates of R */
wl_status recurrent_product(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                            wl_gates some, matrix before, float beta, float *to, int64_t pitch);

/* carry = dhT, dc = dcT (null for a cell without) and first = 0. */
wl_status begin_backward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                         const wl_tensor *dhT, const wl_tensor *dcT);
/* to [B,H] = zr[t] R + beta to, for some gates of both */
wl_status product_back(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                       wl_gates some, int64_t t, float beta, float *to);
/* dh0, dx, dw, dr (for the gates that h[t-1] enters as it is) and db, as far as they are there,
 * from z, zr and carry. */
wl_status end_backward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                       const wl_tensor *dh0, float *dw, float *dr, const wl_tensor *db);

/* ------------------------------------------------------------------ of several cells */

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

/* ------------------------------------------------------------------ zoneout */

/* Bit i: whether unit i of a pack holds, whose first is element number `element` of [T,B,H]. Packs
 * lie within the 8 elements of a draw. */
__device__ inline uint32_t held_units(const wl_zoneout &o, int64_t element)
{
    const wl_random r = wl_philox(o.seed, uint64_t(element) / 8, uint32_t(o.step[0]), o.purpose);
    uint32_t held = 0;
    for (int i = 0; i < 8; i++)
        if (wl_drawn_bits(r, uint64_t(i)) < o.threshold) held |= 1u << i;
    return held >> element % 8;
}

/* States of W units, as they would be after a step, become what they are: some hold. */
template <int W>
__device__ void hold_some(float (&now)[W], const float (&before)[W], const wl_zoneout &o,
                          int64_t element)
{
    const float mean = float(o.mean);
    const uint32_t held = mean > 0 ? 0 : held_units(o, element);
    for (int i = 0; i < W; i++) {
        if (mean > 0) now[i] = mean * before[i] + (1 - mean) * now[i];
        if (held >> i & 1) now[i] = before[i];
    }
}

/* The same from a state in memory. */
template <int W, class T>
__device__ void hold_some(float (&now)[W], const T *state, const wl_zoneout &o, int64_t element)
{
    float before[W];
    load_pack<W>(before, state);
    hold_some<W>(now, before, o, element);
}

/* Parts a gradient at the states of W units after a step: what goes round the cell, and what is
 * left in d for it. Bit i of the answer: unit i holds. */
template <int W>
__device__ uint32_t part_gradient(float (&d)[W], float (&round)[W], const wl_zoneout &o,
                                  int64_t element)
{
    const uint32_t held = held_units(o, element);
    for (int i = 0; i < W; i++) {
        const bool holds = held >> i & 1;
        round[i] = holds ? d[i] : 0;
        d[i] = holds ? 0 : d[i];
    }
    return held;
}

/* ------------------------------------------------------------------ gates */

/* W units of a gate before its function: the sums and, where there is one, the bias. */
template <int W> __device__ void load_gate(float (&out)[W], const float *z, const float *bias)
{
    load_floats<W>(out, z);
    if (!bias) return;
    float b[W];
    load_floats<W>(b, bias);
    for (int i = 0; i < W; i++) out[i] += b[i];
}

#endif
