/* Matrix products outside fused kernels: cuBLASLt on a GPU (gemm.cu), OpenBLAS in the emulated
 * build (tests/emulator/gemm.cpp). */
#ifndef WL_GEMM_CUH
#define WL_GEMM_CUH

#include "device.cuh"

/* Workspace that every product may use, part of its operator's. The emulated one only has to be
 * there: tests fill and compare it at every call. */
#if defined(WL_EMULATED)
constexpr size_t GEMM_BYTES = 1024;
#else
constexpr size_t GEMM_BYTES = size_t(4) << 20;
#endif

/* Whether products can be made at all: the library is there. */
bool gemm_available();

/* A context's handle, with one algorithm a shape. */
wl_status gemm_open(wl_ctx *ctx);
void gemm_close(wl_ctx *ctx);

/* A matrix in rows of `pitch` elements; `transposed`: it holds the transpose of what is meant. */
struct matrix {
    const void *data;
    int64_t pitch;
    bool transposed;
};

/* Elements from a row to the next, as a product is to be told: never under the row's width, which
 * the stride of a single row may be. */
inline int64_t pitch_of(const wl_tensor &t)
{
    const int64_t stride = wl_stride(&t, 0);
    return stride < t.shape[1] ? t.shape[1] : stride;
}

inline matrix matrix_of(const wl_tensor &t, bool transposed)
{
    return { t.data, pitch_of(t), transposed };
}

/* Where a product goes: rows of `pitch` elements, f32 or of the operands' type. */
struct product {
    void *data;
    int64_t pitch;
    int32_t dtype;
    float beta;
    const float *bias; /* added to every row, or null: only to f32 of beta 0, see takes_bias() */
};

/* cuBLASLt wants a bias of the product's own type, and aligned. */
inline bool takes_bias(int32_t dtype, const void *bias)
{
    return dtype == WL_F32 && uintptr_t(bias) % 16 == 0;
}

/* c[M,N] = a[M,K] b[K,N] + beta c + bias. a and b are of `dtype`; sums are f32 (never TF32) and
 * rounded once where c has 16 bits. The same shape takes the same algorithm each time, none with
 * atomic additions. */
wl_status gemm(wl_ctx *ctx, int64_t M, int64_t N, int64_t K, int32_t dtype, matrix a, matrix b,
               const product &c, void *workspace);

inline wl_status gemm(wl_ctx *ctx, int64_t M, int64_t N, int64_t K, int32_t dtype, matrix a,
                      matrix b, float beta, float *c, int64_t pitch, void *workspace)
{
    return gemm(ctx, M, N, K, dtype, a, b, product{ c, pitch, WL_F32, beta, nullptr }, workspace);
}

#endif
