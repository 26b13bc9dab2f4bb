/* Matrix products of the emulated build: OpenBLAS in cuBLASLt's place. */
#include "../../kernels/gemm.cuh"

#include "device.h"

#include <cblas.h>
#include <vector>

bool gemm_available() { return !emulator::refusal(__func__); }
wl_status gemm_open(wl_ctx *ctx) { return status_of(ctx, emulator::refusal(__func__)); }
void gemm_close(wl_ctx *) {}

namespace
{

/* The stored rows x columns of a matrix as floats. */
std::vector<float> floats(const matrix &m, int32_t dtype, int64_t rows, int64_t columns)
{
    std::vector<float> out;
    out.reserve(size_t(rows * columns));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) {
            const int64_t at = i * m.pitch + j;
            const uint16_t half = dtype == WL_F32 ? uint16_t(0) : ((const uint16_t *)m.data)[at];
            out.push_back(dtype == WL_F16    ? wl_f32_of_f16(half)
                          : dtype == WL_BF16 ? wl_f32_of_bf16(half)
                                             : ((const float *)m.data)[at]);
        }
    return out;
}

} // namespace

wl_status gemm(wl_ctx *ctx, int64_t M, int64_t N, int64_t K, int32_t dtype, matrix a, matrix b,
               float beta, float *c, int64_t pitch, void *workspace)
{
    if (const cudaError_t error = emulator::refusal(__func__)) return status_of(ctx, error);
    const int64_t a_columns = a.transposed ? M : K, b_columns = b.transposed ? K : N;
    if (a.pitch < a_columns || b.pitch < b_columns || pitch < N || !workspace)
        return wl_fail(ctx, WL_DEVICE_ERROR, "gemm: a pitch under its row, or no workspace");
    if (M == 0 || N == 0) return WL_OK;
    emulator::enqueue(ctx->stream, [=] {
        const std::vector<float> x = floats(a, dtype, a.transposed ? K : M, a_columns);
        const std::vector<float> y = floats(b, dtype, b.transposed ? N : K, b_columns);
        std::vector<float> z(size_t(M * N));
        if (K > 0)
            cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans,
                        b.transposed ? CblasTrans : CblasNoTrans, int(M), int(N), int(K), 1,
                        x.data(), int(a_columns), y.data(), int(b_columns), 0, z.data(), int(N));
        for (int64_t i = 0; i < M; i++)
            for (int64_t j = 0; j < N; j++) {
                float *to = c + i * pitch + j;
                *to = z[size_t(i * N + j)] + (beta == 0 ? 0.0f : beta * *to);
            }
    });
    return WL_OK;
}
