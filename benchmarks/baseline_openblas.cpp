/* Products of operators, through OpenBLAS: see baselines.h. */
#include "baselines.h"

#include "copy_bandwidth.h"

#include <cblas.h>
#include <omp.h>

#include <algorithm>

namespace
{

/* OpenBLAS shares one product among its threads; of a batch each thread takes its part. */
void multiply(const matrix_product &p, const float *a, const float *b, float *c)
{
    const CBLAS_TRANSPOSE at = p.at ? CblasTrans : CblasNoTrans;
    const CBLAS_TRANSPOSE bt = p.bt ? CblasTrans : CblasNoTrans;
    const auto lda = blasint(p.at ? p.M : p.K), ldb = blasint(p.bt ? p.K : p.N);
#pragma omp parallel for if (p.batch > 1)
    for (int64_t i = 0; i < p.batch; i++)
        cblas_sgemm(CblasRowMajor, at, bt, blasint(p.M), blasint(p.N), blasint(p.K), 1,
                    a + i * p.M * p.K, lda, b + i * p.K * p.N, ldb, 0, c + i * p.M * p.N,
                    blasint(p.N));
}

double seconds_of(const matrix_product &p)
{
    const std::vector<float> a(size_t(p.batch * p.M * p.K), 0.5f);
    const std::vector<float> b(size_t(p.batch * p.K * p.N), 0.25f);
    std::vector<float> c(size_t(p.batch * p.M * p.N));
    double best = 1e9;
    openblas_set_num_threads(p.batch > 1 ? 1 : omp_get_max_threads());
    for (int run = 0; run < 5; run++) {
        const double start = steady_seconds();
        for (int64_t i = 0; i < p.times; i++) multiply(p, a.data(), b.data(), c.data());
        best = std::min(best, steady_seconds() - start);
    }
    openblas_set_num_threads(1);
    return best;
}

} // namespace

baseline openblas_baseline(const op_case &c)
{
    baseline out;
    for (const matrix_product &p : products_of(c)) out.seconds += seconds_of(p);
    return out;
}
