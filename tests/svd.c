/* Truncated singular value decompositions: of matrices whose values are known, against LAPACK and
 * ARPACK, of deficient rank, and with any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <wordloom/nn/svd.h>

#include <lapacke.h>
#include <math.h>
#include <omp.h>
#ifdef WORDLOOM_ARPACK
#include <arpack/arpack.h>
#endif

static wl_device where = WL_CPU;

/* ------------------------------------------------------------------ matrices */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Of a dense matrix what is not 0. */
static wl_sparse sparse_of(const float *dense, int64_t rows, int64_t columns)
{
    wl_sparse m = { .rows = rows, .columns = columns };
    m.offsets = calloc((size_t)rows + 1, sizeof *m.offsets);
    m.column = malloc(((size_t)(rows * columns) + 1) * sizeof *m.column);
    m.value = malloc(((size_t)(rows * columns) + 1) * sizeof *m.value);
    assert_true(m.offsets && m.column && m.value);
    for (int64_t i = 0; i < rows * columns; i++) {
        if (dense[i] != 0) {
            m.column[m.count] = (int32_t)(i % columns);
            m.value[m.count++] = dense[i];
        }
        m.offsets[i / columns + 1] = m.count;
    }
    return m;
}

/* Mostly zeros, and of values that fall slowly; free() it */
static float *random_dense(int64_t rows, int64_t columns)
{
    float *dense = calloc((size_t)(rows * columns), sizeof *dense);
    uint64_t state = 11;
    assert_non_null(dense);
    for (int64_t i = 0; i < rows * columns; i++)
        if (next_random(&state) % 10 == 0)
            dense[i] = (float)(next_random(&state) % 1000) / 100 / (float)(1 + i % columns % 17);
    return dense;
}

/* ------------------------------------------------------------------ runs */

typedef struct factored {
    wl_svd_config config;
    float *u, *s;
} factored;

static wl_status try_svd(const wl_sparse *m, factored *f, const volatile sig_atomic_t *stop,
                         wl_error *error)
{
    wl_ctx *ctx;
    assert_int_equal(wl_ctx_create(&ctx, where, 0), WL_OK);
    f->u = calloc((size_t)(m->rows * f->config.k) + 1, sizeof *f->u);
    f->s = calloc((size_t)f->config.k + 1, sizeof *f->s);
    assert_true(f->u && f->s);
    const wl_status status = wl_svd(ctx, m, &f->config, f->u, f->s, NULL, NULL, stop, error);
    wl_ctx_destroy(ctx);
    return status;
}

static factored factor(const wl_sparse *m, int64_t k)
{
    factored f = { .config = wl_svd_defaults(k) };
    wl_error error = { 0 };
    if (try_svd(m, &f, NULL, &error)) fail_msg("%s", error.text);
    return f;
}

static void factored_free(factored *f)
{
    free(f->u);
    free(f->s);
}

/* Whether columns a and b of u have this product. */
static void product_is(const factored *f, int64_t rows, int64_t a, int64_t b, double wanted)
{
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        sum += (double)f->u[i * f->config.k + a] * (double)f->u[i * f->config.k + b];
    if (fabs(sum - wanted) > 1e-5)
        fail_msg("vectors %d and %d have the product %g", (int)a, (int)b, sum);
}

/* ------------------------------------------------------------------ tests */

static void a_diagonal_has_its_numbers_and_axes(void **state)
{
    const float dense[4 * 5] = { 0, 3, 0, 0, 0, 0, 0, 0, -7, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0 };
    wl_sparse m = sparse_of(dense, 4, 5);
    factored f = factor(&m, 3);
    (void)state;
    const double s[] = { 7, 5, 3 };
    const int axis[] = { 1, 3, 0 };
    for (int c = 0; c < 3; c++) {
        assert_true(fabs((double)f.s[c] - s[c]) < 1e-5);
        for (int i = 0; i < 4; i++)
            assert_true(fabsf(f.u[i * 3 + c] - (float)(i == axis[c])) < 1e-5f);
    }
    factored_free(&f);
    wl_sparse_destroy(&m);
}

/* A sum of two outer products has two values, and nothing has none. */
static void what_has_no_rank_is_zero(void **state)
{
    float dense[12 * 9];
    (void)state;
    for (int rank = 0; rank <= 2; rank++) {
        for (int i = 0; i < 12 * 9; i++) {
            const int r = i / 9, c = i % 9;
            dense[i] = (float)((rank > 0) * (r + 1) * (c + 2) + (rank > 1) * (r % 2) * (c % 3) * 9);
        }
        wl_sparse m = sparse_of(dense, 12, 9);
        factored f = factor(&m, 5);
        for (int c = 0; c < 5; c++) {
            assert_int_equal(f.s[c] > 0, c < rank);
            product_is(&f, 12, c, c, c < rank);
            if (c > 0) product_is(&f, 12, c - 1, c, 0);
        }
        factored_free(&f);
        wl_sparse_destroy(&m);
    }
}

/* Where the space holds all of the matrix the values are LAPACK's. */
static void small_matrices_have_the_values_of_lapack(void **state)
{
    enum { ROWS = 70, COLUMNS = 50, K = 20 };
    float *dense = random_dense(ROWS, COLUMNS);
    double copy[ROWS * COLUMNS], s[COLUMNS], spare[COLUMNS];
    wl_sparse m = sparse_of(dense, ROWS, COLUMNS);
    factored f = factor(&m, K);
    (void)state;
    for (int i = 0; i < ROWS * COLUMNS; i++) copy[i] = (double)dense[i];
    assert_int_equal(LAPACKE_dgesvd(LAPACK_ROW_MAJOR, 'N', 'N', ROWS, COLUMNS, copy, COLUMNS, s,
                                    NULL, 1, NULL, 1, spare),
                     0);
    for (int c = 0; c < K; c++) {
        assert_true(fabs((double)f.s[c] - s[c]) < 1e-5 * s[c]);
        for (int b = 0; b <= c; b++) product_is(&f, ROWS, c, b, b == c);
    }
    factored_free(&f);
    wl_sparse_destroy(&m);
    free(dense);
}

#ifdef WORDLOOM_ARPACK
/* to = A A^T from, in double */
static void twice(const wl_sparse *m, const double *from, double *to)
{
    double *between = calloc((size_t)m->columns, sizeof *between);
    assert_non_null(between);
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t at = m->offsets[i]; at < m->offsets[i + 1]; at++)
            between[m->column[at]] += (double)m->value[at] * from[i];
    for (int64_t i = 0; i < m->rows; i++) {
        to[i] = 0;
        for (int64_t at = m->offsets[i]; at < m->offsets[i + 1]; at++)
            to[i] += (double)m->value[at] * between[m->column[at]];
    }
    free(between);
}

/* The k largest squared values of a matrix, rising. */
static void arpack_values(const wl_sparse *m, int k, double *squared)
{
    const int n = (int)m->rows, ncv = 3 * k, lwork = ncv * (ncv + 8);
    int ido = 0, info = 0, iparam[11] = { 1, 0, 1000, 1, 0, 0, 1 }, ipntr[14] = { 0 };
    double *resid = calloc((size_t)n, 8), *v = calloc((size_t)n * (size_t)ncv, 8);
    double *workd = calloc(3 * (size_t)n, 8), *work = calloc((size_t)lwork, 8);
    int *select = calloc((size_t)ncv, sizeof *select);
    assert_true(resid && v && workd && work && select);
    for (;;) {
        dsaupd_c(&ido, "I", n, "LM", k, 1e-12, resid, ncv, v, n, iparam, ipntr, workd, work, lwork,
                 &info);
        if (ido != 1 && ido != -1) break;
        twice(m, workd + ipntr[0] - 1, workd + ipntr[1] - 1);
    }
    assert_int_equal(info, 0);
    dseupd_c(0, "A", select, squared, v, n, 0, "I", n, "LM", k, 1e-12, resid, ncv, v, n, iparam,
             ipntr, workd, work, lwork, &info);
    assert_int_equal(info, 0);
    free(resid), free(v), free(workd), free(work), free(select);
}

/* The goal for word vectors: within a thousandth, each of them. */
static void larger_ones_have_the_values_of_arpack(void **state)
{
    enum { N = 900, K = 30 };
    float *dense = random_dense(N, N);
    double squared[K];
    wl_sparse m = sparse_of(dense, N, N);
    factored f = factor(&m, K);
    (void)state;
    arpack_values(&m, K, squared);
    for (int c = 0; c < K; c++) {
        const double exact = sqrt(squared[K - 1 - c]);
        if (fabs((double)f.s[c] - exact) > 1e-3 * exact)
            fail_msg("value %d is %.7g, ARPACK's %.7g", c, (double)f.s[c], exact);
    }
    factored_free(&f);
    wl_sparse_destroy(&m);
    free(dense);
}
#else
static void larger_ones_have_the_values_of_arpack(void **state)
{
    (void)state;
    print_message("skipped: ARPACK was not there when this was built\n");
    skip();
}
#endif

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    enum { N = 300, K = 12 };
    float *dense = random_dense(N, N);
    wl_sparse m = sparse_of(dense, N, N);
    factored one = { 0 };
    (void)state;
    for (int threads = 1; threads <= 8; threads *= 2) {
        omp_set_num_threads(threads);
        factored f = factor(&m, K);
        if (threads == 1) {
            one = f;
            continue;
        }
        assert_memory_equal(f.s, one.s, K * sizeof *f.s);
        assert_memory_equal(f.u, one.u, N * K * sizeof *f.u);
        factored_free(&f);
    }
    factored_free(&one);
    wl_sparse_destroy(&m);
    free(dense);
}

static void what_cannot_be_is_refused(void **state)
{
    static const struct {
        wl_svd_config config;
        const char *why;
    } wrong[] = {
        { { 0, 2, 2, 1 }, "svd: k is 0, expected 1 to 3" },
        { { 4, 2, 2, 1 }, "svd: k is 4, expected 1 to 3" },
        { { 2, 1025, 2, 1 }, "svd: block is 1025, expected 0 to 1024" },
        { { 2, 2, 0, 1 }, "svd: iterations is 0, expected 1 to 64" },
        { { 3, 1, 1, 1 }, "svd: block (iterations + 1) is 2, expected k = 3 or more" },
    };
    const float dense[3 * 4] = { 1, 2, 0, 0, 0, 3 };
    wl_sparse m = sparse_of(dense, 3, 4);
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        factored f = { .config = wrong[i].config };
        wl_error error = { 0 };
        assert_int_equal(try_svd(&m, &f, NULL, &error), WL_OUT_OF_RANGE);
        assert_string_equal(error.text, wrong[i].why);
        factored_free(&f);
    }
    const volatile sig_atomic_t stop = 1;
    factored f = { .config = wl_svd_defaults(2) };
    wl_error error = { 0 };
    assert_int_equal(try_svd(&m, &f, &stop, &error), WL_INTERRUPTED);
    factored_free(&f);
    wl_sparse_destroy(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_diagonal_has_its_numbers_and_axes),
        cmocka_unit_test(what_has_no_rank_is_zero),
        cmocka_unit_test(small_matrices_have_the_values_of_lapack),
        cmocka_unit_test(larger_ones_have_the_values_of_arpack),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    int failed = cmocka_run_group_tests_name("svd", tests, NULL, NULL);
    where = WL_CUDA;
    if (wl_device_count(where) > 0)
        failed += cmocka_run_group_tests_name("svd, CUDA", tests, NULL, NULL);
    return failed;
}
