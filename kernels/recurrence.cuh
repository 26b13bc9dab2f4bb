/* What the kernels of recurrent cells share: everything about a recurrence but its cell. */
#ifndef WL_RECURRENCE_CUH
#define WL_RECURRENCE_CUH

#include "../host/ops/recurrence.h"
#include "gemm.cuh"

/* A [T,B,X] of STORED, T and B at any distance. */
template <class T> struct steps_of {
    T *data;
    int64_t step, sequence;
    __device__ T *at(int64_t t, int64_t b, int64_t i) const
    {
        return data + t * step + b * sequence + i;
    }
};

template <class T> steps_of<T> steps(const wl_tensor *t)
{
    if (!t || !wl_present(t)) return { nullptr, 0, 0 };
    return { (T *)t->data, wl_stride(t, 0), wl_stride(t, 1) };
}

/* Whether every row of such a tensor consists of whole 16-byte packs. */
bool steps_in_packs(const wl_tensor *t);

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

/* z [T,B,GH] = x W^T, and the state = h0. */
wl_status begin_forward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                        float *z);
/* z [B,GH] += state R^T */
wl_status add_recurrent(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                        float *z);

/* carry = dhT, dc = dcT (null for a cell without) and first = 0. */
wl_status begin_backward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                         const wl_tensor *dhT, const wl_tensor *dcT);
/* carry [B,H] += dz[t] R */
wl_status carry_back(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                     int64_t t);
/* dh0, dx, dw, dr and db, as far as they are there, from dz and carry. */
wl_status end_backward(wl_ctx *ctx, const wl_recurrence *a, const wl_recurrence_space *space,
                       const wl_tensor *dh0, float *dw, float *dr, const wl_tensor *db);

#endif
