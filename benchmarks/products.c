/* Times matrix products alone, or a plain copy: what benchmarks/peers make their floors of.
 *
 *   wordloom_products copy THREADS            bytes a second, read and written
 *   wordloom_products WAY THREADS < PRODUCTS  the seconds of each, a line each
 *
 * A product is a line "M N K transposed-a transposed-b beta count batch" of c[M,N] = a b + beta c:
 * `count` are run in a row, on the same operands. WAY: `gemm` cuts it as the library does, `blas`
 * lets OpenBLAS share it among its threads, `rows` and `columns` cut c into an equal part a thread.
 * Each of the `count` is a batch of products on operands of their own; where that is more than one
 * they are not cut, but shared among the threads. The first line of the answer names the OpenBLAS.
 */
#include "../reference/gemm.h"
#include "copy_bandwidth.h"

#include <cblas.h>
#include <stdio.h>

typedef struct product {
    int64_t M, N, K, count, batch;
    int at, bt;
    float beta, *a, *b, *c;
} product;

typedef void way(const product *p, int threads);

static void by_gemm(const product *p, int threads)
{
    const int64_t lda = p->at ? p->M : p->K, ldb = p->bt ? p->K : p->N;
    (void)threads;
    WL_REF(gemm)(p->at, p->bt, p->M, p->N, p->K, p->a, lda, p->b, ldb, p->beta, p->c, p->N);
}

/* The part of c from row m and column n on. */
static void one_call(const product *p, int64_t m, int64_t rows, int64_t n, int64_t columns)
{
    const int64_t lda = p->at ? p->M : p->K, ldb = p->bt ? p->K : p->N;
    if (rows <= 0 || columns <= 0) return;
    cblas_sgemm(CblasRowMajor, p->at ? CblasTrans : CblasNoTrans, p->bt ? CblasTrans : CblasNoTrans,
                (blasint)rows, (blasint)columns, (blasint)p->K, 1, p->a + (p->at ? m : m * lda),
                (blasint)lda, p->b + (p->bt ? n * ldb : n), (blasint)ldb, p->beta,
                p->c + m * p->N + n, (blasint)p->N);
}

static void by_blas(const product *p, int threads)
{
    (void)threads;
    one_call(p, 0, p->M, 0, p->N);
}

static void by_rows(const product *p, int threads)
{
    const int64_t part = (p->M + threads - 1) / threads;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < threads; i++) one_call(p, i * part, least(part, p->M - i * part), 0, p->N);
}

static void by_columns(const product *p, int threads)
{
    const int64_t part = (p->N + threads - 1) / threads;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < threads; i++) one_call(p, 0, p->M, i * part, least(part, p->N - i * part));
}

static const struct {
    const char *name;
    way *run;
} ways[] = {
    { "gemm", by_gemm }, { "blas", by_blas }, { "rows", by_rows }, { "columns", by_columns }
};

/* ------------------------------------------------------------------ times */

enum { LEAST_SAMPLES = 5, MOST_SAMPLES = 1000 };
static const double LEAST_SECONDS = 0.1;

static void run_batch(const product *p, way *run, int threads)
{
    if (p->batch == 1) {
        run(p, threads);
        return;
    }
#pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < p->batch; i++) {
        product one = *p;
        one.a += i * p->M * p->K;
        one.b += i * p->K * p->N;
        one.c += i * p->M * p->N;
        run(&one, 1);
    }
}

static double sample(const product *p, way *run, int threads)
{
    const double start = steady_seconds();
    for (int64_t i = 0; i < p->count; i++) run_batch(p, run, threads);
    return steady_seconds() - start;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of some samples, after one that does not count. */
static double seconds_of(const product *p, way *run, int threads)
{
    double seconds[MOST_SAMPLES], sum = 0;
    int count = 0;
    sample(p, run, threads);
    while (count < LEAST_SAMPLES || (sum < LEAST_SECONDS && count < MOST_SAMPLES)) {
        seconds[count] = sample(p, run, threads);
        sum += seconds[count++];
    }
    qsort(seconds, (size_t)count, sizeof *seconds, by_size);
    return seconds[count / 2];
}

/* ------------------------------------------------------------------ operands */

/* Small numbers of either sign, none so small that arithmetic on them is slow. */
static float *numbers(int64_t count)
{
    float *x = malloc((size_t)count * sizeof *x);
    for (int64_t i = 0; i < count && x; i++) x[i] = (float)(i * 37 % 101 - 50) * 1e-3f + 1e-4f;
    return x;
}

/* Nonzero: a line was no product. Zero with count 0: there are no more. */
static int read_product(product *p)
{
    long long size[5];
    const int found = scanf("%lld %lld %lld %d %d %f %lld %lld", &size[0], &size[1], &size[2],
                            &p->at, &p->bt, &p->beta, &size[3], &size[4]);
    p->count = 0;
    if (found == EOF) return 0;
    if (found != 8) return 1;
    for (int i = 0; i < 5; i++)
        if (size[i] < 1 || size[i] > 1 << 24) return 1;
    p->M = size[0], p->N = size[1], p->K = size[2], p->count = size[3], p->batch = size[4];
    return 0;
}

static int time_product(product *p, way *run, int threads)
{
    p->a = numbers(p->batch * p->M * p->K);
    p->b = numbers(p->batch * p->K * p->N);
    p->c = numbers(p->batch * p->M * p->N);
    const int enough = p->a && p->b && p->c;
    if (enough) printf("%.9f\n", seconds_of(p, run, threads));
    free(p->a);
    free(p->b);
    free(p->c);
    return !enough;
}

static int time_all(way *run, int threads)
{
    openblas_set_num_threads(run == by_blas ? threads : 1);
    printf("%s; kernel %s\n", openblas_get_config(), openblas_get_corename());
    for (product p;;) {
        if (read_product(&p)) {
            fputs("wordloom_products: expected M N K at bt beta count batch\n", stderr);
            return 2;
        }
        if (p.count == 0) return 0;
        if (time_product(&p, run, threads)) return 1;
    }
}

int main(int count, char **args)
{
    const int threads = count == 3 ? atoi(args[2]) : 0;
    if (threads < 1) {
        fputs("wordloom_products copy|gemm|blas|rows|columns THREADS\n", stderr);
        return 2;
    }
    omp_set_num_threads(threads);
    if (!strcmp(args[1], "copy")) return printf("%.0f\n", host_copy_bandwidth()) < 0;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (!strcmp(args[1], ways[i].name)) return time_all(ways[i].run, threads);
    fprintf(stderr, "wordloom_products: no way named %s\n", args[1]);
    return 2;
}
