/* Matrix products outside fused kernels: cuBLASLt on a GPU (gemm.cu), OpenBLAS in the emulated
 * build (tests/emulator/gemm.cpp). */
#ifndef WL_GEMM_CUH
#define WL_GEMM_CUH

#include "device.cuh"

/* Workspace that every product may use, part of its operator's. */
constexpr size_t GEMM_BYTES = size_t(4) << 20;

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

/* c[M,N] = a[M,K] b[K,N] + beta c. a and b are of `dtype`, c is f32 and accumulated in f32
 * (never TF32). The same shape takes the same algorithm each time, none with atomic additions. */
wl_status gemm(wl_ctx *ctx, int64_t M, int64_t N, int64_t K, int32_t dtype, matrix a, matrix b,
               float beta, float *c, int64_t pitch, void *workspace);

#endif
