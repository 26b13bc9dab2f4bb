/* Products of operators, through cuBLASLt: see baselines.h. Row-major products are column-major
 * ones of the transposes: c^T = b^T a^T. */
#include "baselines.h"

#include "cuda_device.h"

#include <cublasLt.h>

namespace
{

constexpr size_t WORKSPACE = size_t(32) << 20; /* what NVIDIA advises for Hopper */
constexpr int PROPOSALS = 8, RUNS = 5;

void must(cublasStatus_t status, const char *call)
{
    if (status != CUBLAS_STATUS_SUCCESS)
        throw std::runtime_error(std::string(call) + ": status " + std::to_string(int(status)));
}

cudaDataType_t type_of(int32_t dtype)
{
    return dtype == WL_F16 ? CUDA_R_16F : dtype == WL_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

/* One product with its operands, on a stream of its own. */
class cublaslt_product
{
  public:
    explicit cublaslt_product(const matrix_product &product) : p(product)
    {
        try {
            build();
        } catch (...) {
            close();
            throw;
        }
    }
    cublaslt_product(const cublaslt_product &) = delete;
    cublaslt_product &operator=(const cublaslt_product &) = delete;
    ~cublaslt_product() { close(); }

    double best_seconds()
    {
        double best = 1e9;
        for (const cublasLtMatmulHeuristicResult_t &proposed : proposals())
            best = std::min(best, seconds_by(proposed.algo));
        return best;
    }

  private:
    matrix_product p;
    cublasLtHandle_t handle = nullptr;
    cudaStream_t stream = nullptr;
    cublasLtMatmulDesc_t operation = nullptr;
    cublasLtMatrixLayout_t of_a = nullptr, of_b = nullptr, of_c = nullptr;
    device_memory a, b, c, work;

    void close()
    {
        if (of_a) cublasLtMatrixLayoutDestroy(of_a);
        if (of_b) cublasLtMatrixLayoutDestroy(of_b);
        if (of_c) cublasLtMatrixLayoutDestroy(of_c);
        if (operation) cublasLtMatmulDescDestroy(operation);
        if (stream) cudaStreamDestroy(stream);
        if (handle) cublasLtDestroy(handle);
    }

    void build()
    {
        const cublasOperation_t ta = p.at ? CUBLAS_OP_T : CUBLAS_OP_N;
        const cublasOperation_t tb = p.bt ? CUBLAS_OP_T : CUBLAS_OP_N;
        must(cublasLtCreate(&handle), "cublasLtCreate");
        must(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
        must(cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F),
             "cublasLtMatmulDescCreate");
        must(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &tb, sizeof tb),
             "cublasLtMatmulDescSetAttribute");
        must(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSB, &ta, sizeof ta),
             "cublasLtMatmulDescSetAttribute");
        place(&of_a, &a, p.M, p.K, p.at);
        place(&of_b, &b, p.K, p.N, p.bt);
        place(&of_c, &c, p.M, p.N, false);
        work.take(WORKSPACE);
    }

    /* Matrices of so many rows and columns, stored transposed or not, as cuBLASLt is told. */
    void place(cublasLtMatrixLayout_t *of, device_memory *data, int64_t rows, int64_t columns,
               bool transposed)
    {
        const auto batch = int32_t(p.batch);
        const int64_t pitch = transposed ? rows : columns, one = rows * columns;
        must(cublasLtMatrixLayoutCreate(of, type_of(p.dtype), uint64_t(pitch),
                                        uint64_t(one / pitch), pitch),
             "cublasLtMatrixLayoutCreate");
        must(cublasLtMatrixLayoutSetAttribute(*of, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch,
                                              sizeof batch),
             "cublasLtMatrixLayoutSetAttribute");
        must(cublasLtMatrixLayoutSetAttribute(*of, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
                                              &one, sizeof one),
             "cublasLtMatrixLayoutSetAttribute");
        data->fill_with_numbers(size_t(p.batch * one) * wl_dtype_size(p.dtype));
    }

    std::vector<cublasLtMatmulHeuristicResult_t> proposals()
    {
        std::vector<cublasLtMatmulHeuristicResult_t> out(PROPOSALS);
        cublasLtMatmulPreference_t wish = nullptr;
        int found = 0;
        must(cublasLtMatmulPreferenceCreate(&wish), "cublasLtMatmulPreferenceCreate");
        cublasStatus_t status = cublasLtMatmulPreferenceSetAttribute(
            wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &work.size, sizeof work.size);
        if (!status)
            status = cublasLtMatmulAlgoGetHeuristic(handle, operation, of_b, of_a, of_c, of_c, wish,
                                                    PROPOSALS, out.data(), &found);
        cublasLtMatmulPreferenceDestroy(wish);
        must(status, "cublasLtMatmulAlgoGetHeuristic");
        out.resize(size_t(found));
        if (out.empty()) throw std::runtime_error("cuBLASLt proposes no algorithm");
        return out;
    }

    cublasStatus_t multiply(const cublasLtMatmulAlgo_t &algorithm)
    {
        const float one = 1, zero = 0;
        return cublasLtMatmul(handle, operation, &one, b.data, of_b, a.data, of_a, &zero, c.data,
                              of_c, c.data, of_c, &algorithm, work.data, work.size, stream);
    }

    double seconds_by(const cublasLtMatmulAlgo_t &algorithm)
    {
        double best = 1e9;
        must(multiply(algorithm), "cublasLtMatmul"); /* loads its kernel, which no capture may */
        must(cudaStreamSynchronize(stream));
        const cudaGraphExec_t graph = captured(stream, [&] {
            for (int64_t i = 0; i < p.times; i++) must(multiply(algorithm), "cublasLtMatmul");
        });
        if (!graph) throw std::runtime_error("calls of cuBLASLt could not be captured");
        for (int run = 0; run < RUNS; run++) {
            const double t =
                seconds_on_device(stream, [&] { return !cudaGraphLaunch(graph, stream); });
            if (t > 0) best = std::min(best, t);
        }
        cudaGraphExecDestroy(graph);
        must(cudaGetLastError());
        return best;
    }
};

} // namespace

baseline cublaslt_baseline(const op_case &c)
{
    baseline out;
    try {
        for (const matrix_product &p : products_of(c))
            out.seconds += cublaslt_product(p).best_seconds();
    } catch (const std::exception &e) {
        out = { 0, e.what() };
    }
    return out;
}
