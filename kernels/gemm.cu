/* Matrix products by cuBLASLt, which is loaded when first asked for: a program without it, or
 * without a GPU, runs all the same. Row-major products are column-major ones of the transposes:
 * cᵀ = bᵀ aᵀ. */
#include "gemm.cuh"

#include <cublasLt.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace
{

/* The functions in use, by the names and types of cublasLt.h. */
struct cublaslt {
    void *library;
    decltype(&cublasLtCreate) create;
    decltype(&cublasLtDestroy) destroy;
    decltype(&cublasLtMatmulDescCreate) operation;
    decltype(&cublasLtMatmulDescDestroy) operation_destroy;
    decltype(&cublasLtMatmulDescSetAttribute) operation_set;
    decltype(&cublasLtMatrixLayoutCreate) layout;
    decltype(&cublasLtMatrixLayoutDestroy) layout_destroy;
    decltype(&cublasLtMatmulPreferenceCreate) preference;
    decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy;
    decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set;
    decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic;
    decltype(&cublasLtMatmul) matmul;
};

template <class F> bool find(void *library, F &function, const char *name)
{
    function = (F)dlsym(library, name);
    return function != nullptr;
}

bool load_library(cublaslt &lt)
{
    char name[32];
    snprintf(name, sizeof name, "libcublasLt.so.%d", CUBLAS_VER_MAJOR);
    lt.library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    return lt.library && find(lt.library, lt.create, "cublasLtCreate") &&
           find(lt.library, lt.destroy, "cublasLtDestroy") &&
           find(lt.library, lt.operation, "cublasLtMatmulDescCreate") &&
           find(lt.library, lt.operation_destroy, "cublasLtMatmulDescDestroy") &&
           find(lt.library, lt.operation_set, "cublasLtMatmulDescSetAttribute") &&
           find(lt.library, lt.layout, "cublasLtMatrixLayoutCreate") &&
           find(lt.library, lt.layout_destroy, "cublasLtMatrixLayoutDestroy") &&
           find(lt.library, lt.preference, "cublasLtMatmulPreferenceCreate") &&
           find(lt.library, lt.preference_destroy, "cublasLtMatmulPreferenceDestroy") &&
           find(lt.library, lt.preference_set, "cublasLtMatmulPreferenceSetAttribute") &&
           find(lt.library, lt.heuristic, "cublasLtMatmulAlgoGetHeuristic") &&
           find(lt.library, lt.matmul, "cublasLtMatmul");
}

/* The library, loaded by the first who asks and kept as long as the process: it takes long to load,
 * and captured graphs may hold its kernels. Null: it is not there. */
const cublaslt *library()
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    static cublaslt lt;
    static bool asked, found;
    pthread_mutex_lock(&one_at_a_time);
    if (!asked) found = load_library(lt);
    asked = true;
    pthread_mutex_unlock(&one_at_a_time);
    return found ? &lt : nullptr;
}

/* What one shape is known by. */
struct shape {
    int64_t M, N, K, lda, ldb, ldc;
    int32_t dtype, c_dtype;
    uint8_t at, bt, a_align, b_align, c_align;
    uint8_t bias, bias_align; /* whether there is one; its address shapes the choice too */
};

struct plan {
    shape of;
    cublasLtMatmulAlgo_t algorithm;
};

/* A context's products. A shape beyond the last plan takes the oldest one's place. */
struct handle {
    const cublaslt *lt;
    cublasLtHandle_t blas;
    int plans, oldest;
    plan known[64];
};

struct descriptors {
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t a, b, c;
};

wl_status blas_status(wl_ctx *ctx, cublasStatus_t status)
{
    return status == CUBLAS_STATUS_SUCCESS
               ? WL_OK
               : wl_fail(ctx, WL_DEVICE_ERROR, "cuBLASLt: status %d", int(status));
}

cudaDataType type_of(int32_t dtype)
{
    return dtype == WL_F16 ? CUDA_R_16F : dtype == WL_BF16 ? CUDA_R_16BF : CUDA_R_32F;
}

/* The largest power of two up to 256 that divides an address. */
uint8_t alignment_of(const void *p)
{
    uint8_t shift = 0;
    while (shift < 8 && uintptr_t(p) % (size_t(2) << shift) == 0) shift++;
    return shift;
}

void destroy(const cublaslt &lt, descriptors &d)
{
    if (d.operation) lt.operation_destroy(d.operation);
    if (d.a) lt.layout_destroy(d.a);
    if (d.b) lt.layout_destroy(d.b);
    if (d.c) lt.layout_destroy(d.c);
}

/* In column-major terms our b comes first: [N,K], then our a: [K,M]. A bias is added down the
 * columns of cᵀ. */
cublasStatus_t describe(const cublaslt &lt, const shape &s, const float *bias, descriptors &d)
{
    const cublasOperation_t tb = s.bt ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t ta = s.at ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cudaDataType type = type_of(s.dtype);
    cublasStatus_t status = lt.operation(&d.operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    if (!status)
        status = lt.operation_set(d.operation, CUBLASLT_MATMUL_DESC_TRANSA, &tb, sizeof tb);
    if (!status)
        status = lt.operation_set(d.operation, CUBLASLT_MATMUL_DESC_TRANSB, &ta, sizeof ta);
    if (!status) status = lt.layout(&d.b, type, s.bt ? s.K : s.N, s.bt ? s.N : s.K, s.ldb);
    if (!status) status = lt.layout(&d.a, type, s.at ? s.M : s.K, s.at ? s.K : s.M, s.lda);
    if (!status) status = lt.layout(&d.c, type_of(s.c_dtype), s.N, s.M, s.ldc);
    if (status || !bias) return status;
    const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    status =
        lt.operation_set(d.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
    if (!status)
        status =
            lt.operation_set(d.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    return status;
}

cublasStatus_t choose(handle *h, const shape &s, const descriptors &d, plan *out)
{
    const size_t most = GEMM_BYTES;
    const uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    const uint32_t a_bytes = 1u << s.b_align, b_bytes = 1u << s.a_align;
    const uint32_t c_bytes = 1u << s.c_align;
    cublasLtMatmulPreference_t wish = nullptr;
    cublasLtMatmulHeuristicResult_t best = {};
    int found = 0;
    cublasStatus_t status = h->lt->preference(&wish);
    if (!status)
        status = h->lt->preference_set(wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most,
                                       sizeof most);
    if (!status)
        status = h->lt->preference_set(wish, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes,
                                       sizeof schemes);
    if (!status)
        status = h->lt->preference_set(wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &a_bytes,
                                       sizeof a_bytes);
    if (!status)
        status = h->lt->preference_set(wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &b_bytes,
                                       sizeof b_bytes);
    if (!status)
        status = h->lt->preference_set(wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &c_bytes,
                                       sizeof c_bytes);
    if (!status)
        status = h->lt->preference_set(wish, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &c_bytes,
                                       sizeof c_bytes);
    if (!status)
        status = h->lt->heuristic(h->blas, d.operation, d.b, d.a, d.c, d.c, wish, 1, &best, &found);
    if (wish) h->lt->preference_destroy(wish);
    if (!status && !found) status = CUBLAS_STATUS_NOT_SUPPORTED;
    if (!status) status = best.state;
    out->of = s;
    out->algorithm = best.algo;
    return status;
}

/* The shape's plan, made on first use. */
cublasStatus_t plan_for(handle *h, const shape &s, const descriptors &d, const plan **out)
{
    for (int i = 0; i < h->plans; i++)
        if (!memcmp(&h->known[i].of, &s, sizeof s)) {
            *out = &h->known[i];
            return CUBLAS_STATUS_SUCCESS;
        }
    const int most = int(sizeof h->known / sizeof *h->known);
    plan made;
    const cublasStatus_t status = choose(h, s, d, &made);
    if (status) return status;
    const int at = h->plans < most ? h->plans++ : h->oldest++ % most;
    h->known[at] = made;
    *out = &h->known[at];
    return status;
}

/* One thread an element: an empty sum leaves beta c and the bias. */
template <class T>
__global__ void empty_sum(T *c, int64_t pitch, int64_t M, int64_t N, float beta, const float *bias)
{
    wl::await_earlier();
    const int64_t step = int64_t(gridDim.x) * blockDim.x;
    for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < M * N; i += step) {
        const int64_t column = i % N;
        T *at = c + i / N * pitch + column;
        const float kept = beta == 0 ? 0.0f : beta * to_float(*at);
        from_float(at, bias ? kept + bias[column] : kept);
    }
}

wl_status empty_product(wl_ctx *ctx, int64_t M, int64_t N, const product &c)
{
    return with_packs(c.dtype, false, 0, [&](auto how) {
        using T = typename decltype(how)::type;
        return launch(ctx, empty_sum<T>, blocks_for(M * N, THREADS), THREADS, (T *)c.data, c.pitch,
                      M, N, c.beta, c.bias);
    });
}

shape shape_of(int64_t M, int64_t N, int64_t K, int32_t dtype, const matrix &a, const matrix &b,
               const product &c)
{
    shape s;
    memset(&s, 0, sizeof s); /* the padding is compared too */
    s.M = M, s.N = N, s.K = K, s.lda = a.pitch, s.ldb = b.pitch, s.ldc = c.pitch;
    s.dtype = dtype, s.c_dtype = c.dtype;
    s.at = a.transposed, s.bt = b.transposed, s.bias = c.bias != nullptr;
    s.a_align = alignment_of(a.data), s.b_align = alignment_of(b.data);
    s.c_align = alignment_of(c.data), s.bias_align = c.bias ? alignment_of(c.bias) : uint8_t(0);
    return s;
}

} // namespace

bool gemm_available() { return library() != nullptr; }

wl_status gemm_open(wl_ctx *ctx)
{
    handle *h = (handle *)calloc(1, sizeof(handle));
    if (!h) return wl_fail(ctx, WL_NO_MEMORY, "no memory for the handle of cuBLASLt");
    ctx->gemm = h;
    h->lt = library();
    if (!h->lt) return wl_fail(ctx, WL_UNSUPPORTED, "libcublasLt cannot be loaded");
    return blas_status(ctx, h->lt->create(&h->blas));
}

void gemm_close(wl_ctx *ctx)
{
    handle *h = (handle *)ctx->gemm;
    if (!h) return;
    if (h->blas) h->lt->destroy(h->blas);
    free(h);
    ctx->gemm = nullptr;
}

wl_status gemm(wl_ctx *ctx, int64_t M, int64_t N, int64_t K, int32_t dtype, matrix a, matrix b,
               const product &c, void *workspace)
{
    handle *h = (handle *)ctx->gemm;
    const float one = 1;
    if (M == 0 || N == 0) return WL_OK;
    if (K == 0) return empty_product(ctx, M, N, c);
    const shape s = shape_of(M, N, K, dtype, a, b, c);
    descriptors d = {};
    const plan *p = nullptr;
    cublasStatus_t status = describe(*h->lt, s, c.bias, d);
    if (!status) status = plan_for(h, s, d, &p);
    if (!status)
        status = h->lt->matmul(h->blas, d.operation, &one, b.data, d.b, a.data, d.a, &c.beta,
                               c.data, d.c, c.data, d.c, &p->algorithm, workspace, GEMM_BYTES,
                               cudaStream_t(ctx->stream));
    destroy(*h->lt, d);
    return blas_status(ctx, status);
}
