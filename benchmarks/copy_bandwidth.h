/* The bandwidth of a plain copy on the host; in what C and C++ share. */
#ifndef WL_BENCHMARK_COPY_BANDWIDTH_H
#define WL_BENCHMARK_COPY_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double steady_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline double shorter(double a, double b) { return a < b ? a : b; }

/* Seconds of the best of several copies of `bytes` by all threads, by memcpy and by a loop: on some
 * virtual machines the former is slow. The loop scales, or the compiler would call memcpy for it.
 */
static inline double seconds_of_copy(float *to, const float *from, size_t bytes)
{
    const size_t part = bytes / 64 / sizeof(float);
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        const double start = steady_seconds();
#pragma omp parallel for schedule(static)
        for (int p = 0; p < 64; p++)
            memcpy(to + part * (size_t)p, from + part * (size_t)p, part * sizeof(float));
        const double half = steady_seconds();
#pragma omp parallel for schedule(static)
        for (int64_t k = 0; k < (int64_t)(bytes / sizeof(float)); k++) to[k] = 2.0f * from[k];
        best = shorter(best, shorter(half - start, steady_seconds() - half));
    }
    return best;
}

/* Bytes a second, read and written ones; 0: no memory. */
static inline double host_copy_bandwidth(void)
{
    const size_t bytes = (size_t)256 << 20;
    float *from = (float *)malloc(bytes), *to = (float *)malloc(bytes);
    double best = 0;
    if (from && to) {
        memset(from, 1, bytes);
        memset(to, 2, bytes);
        best = 2.0 * (double)bytes / seconds_of_copy(to, from, bytes);
    }
    free(from);
    free(to);
    return best;
}

#endif
