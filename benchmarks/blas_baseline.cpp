/* Products of operators, through OpenBLAS: see blas_baseline.h. */
#include "blas_baseline.h"

#include <cblas.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace
{

/* c[M,N] = a b, `times` in a row; a or b stored transposed. */
struct product {
    int64_t M, N, K, times;
    bool at, bt;
};

/* Cells with G gates. */
std::vector<product> recurrent(const wl_dims &d, int64_t G, bool backward)
{
    const int64_t rows = d.T * d.B, gates = G * d.H;
    if (!backward)
        return { { rows, gates, d.D, 1, false, true }, { d.B, gates, d.H, d.T, false, true } };
    return { { d.B, d.H, gates, d.T, false, false },
             { rows, d.D, gates, 1, false, false },
             { gates, d.D, rows, 1, true, false },
             { gates, d.H, rows, 1, true, false } };
}

std::vector<product> products_of(const op_case *c)
{
    const std::string op = c->spec->name;
    const wl_dims &d = c->dims;
    const bool backward = c->spec->gradient_of;
    const product logits = { d.N, d.V, d.D, 1, false, true };
    if (op.rfind("rnn_", 0) == 0) return recurrent(d, 1, backward);
    if (op.rfind("gru_", 0) == 0) return recurrent(d, 3, backward);
    if (op.rfind("lstm_", 0) == 0) return recurrent(d, 4, backward);
    if (op == "linear_forward") return { { d.N, d.H, d.D, 1, false, true } };
    if (op == "linear_backward")
        return { { d.N, d.D, d.H, 1, false, false }, { d.H, d.D, d.N, 1, true, false } };
    if (op == "softmax_xent_linear_forward") return { logits };
    if (op == "softmax_xent_linear_backward")
        return { logits, { d.N, d.D, d.V, 1, false, false }, { d.V, d.D, d.N, 1, true, false } };
    return {};
}

double seconds_of(const product &p)
{
    const std::vector<float> a(size_t(p.M * p.K), 0.5f), b(size_t(p.K * p.N), 0.25f);
    std::vector<float> c(size_t(p.M * p.N));
    double best = 1e9;
    for (int run = 0; run < 5; run++) {
        const auto start = std::chrono::steady_clock::now();
        for (int64_t i = 0; i < p.times; i++)
            cblas_sgemm(CblasRowMajor, p.at ? CblasTrans : CblasNoTrans,
                        p.bt ? CblasTrans : CblasNoTrans, blasint(p.M), blasint(p.N), blasint(p.K),
                        1, a.data(), blasint(p.at ? p.M : p.K), b.data(), blasint(p.bt ? p.K : p.N),
                        0, c.data(), blasint(p.N));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
    }
    return best;
}

} // namespace

double blas_seconds(const op_case *c)
{
    double sum = 0;
    openblas_set_num_threads(omp_get_max_threads());
    for (const product &p : products_of(c))
        if (p.M > 0 && p.N > 0 && p.K > 0) sum += seconds_of(p);
    openblas_set_num_threads(1);
    return sum;
}
