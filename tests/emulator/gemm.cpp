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

float float_at(const void *data, int32_t dtype, int64_t at)
{
    if (dtype == WL_F32) return ((const float *)data)[at];
    const uint16_t half = ((const uint16_t *)data)[at];
    return dtype == WL_F16 ? wl_f32_of_f16(half) : wl_f32_of_bf16(half);
}

/* The stored rows x columns of a matrix as floats. */
std::vector<float> floats(const matrix &m, int32_t dtype, int64_t rows, int64_t columns)
{
    std::vector<float> out;
    out.reserve(size_t(rows * columns));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            out.push_back(float_at(m.data, dtype, i * m.pitch + j));
    return out;
}

/* One element of the result: the sum is rounded to its type at the end. */
void put(const product &c, int64_t row, int64_t column, float sum)
{
    const int64_t at = row * c.pitch + column;
    if (c.beta != 0) sum += c.beta * float_at(c.data, c.dtype, at);
    if (c.bias) sum += c.bias[column];
    switch (c.dtype) {
    case WL_F16: ((uint16_t *)c.data)[at] = wl_f16_of_f32(sum); break;
    case WL_BF16: ((uint16_t *)c.data)[at] = wl_bf16_of_f32(sum); break;
    default: ((float *)c.data)[at] = sum; break;
    }
}

/* What cuBLASLt would refuse, or do something else with. */
const char *wrong(int64_t N, int64_t a_columns, int64_t b_columns, int32_t dtype, const matrix &a,
                  const matrix &b, const product &c)
{
    if (a.pitch < a_columns || b.pitch < b_columns || c.pitch < N) return "a pitch under its row";
    if (c.dtype != WL_F32 && c.dtype != dtype) return "a result of a third type";
    if (c.bias && (!takes_bias(c.dtype, c.bias) || c.beta != 0)) return "a bias it does not take";
    return nullptr;
}

} // namespace

wl_status gemm(wl_ctx *ctx, int64_t M, int64_t N, int64_t K, int32_t dtype, matrix a, matrix b,
               const product &c, void *workspace)
{
    if (const cudaError_t error = emulator::refusal(__func__)) return status_of(ctx, error);
    const int64_t a_columns = a.transposed ? M : K, b_columns = b.transposed ? K : N;
    const char *trouble = wrong(N, a_columns, b_columns, dtype, a, b, c);
    if (!workspace) trouble = "no workspace";
    if (trouble) return wl_fail(ctx, WL_DEVICE_ERROR, "gemm: %s", trouble);
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
            for (int64_t j = 0; j < N; j++) put(c, i, j, z[size_t(i * N + j)]);
    });
    return WL_OK;
}
