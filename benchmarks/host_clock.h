/* Times and caches of the host. */
#ifndef WL_BENCHMARK_HOST_CLOCK_H
#define WL_BENCHMARK_HOST_CLOCK_H

#include "clock.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

inline double host_now()
{
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

inline double host_seconds_of(bound_case &b)
{
    const double start = host_now();
    return bound_call(&b) ? -1 : host_now() - start;
}

inline void host_flush(void *scratch, size_t bytes) { std::memset(scratch, 1, bytes); }

/* The best of several copies of 256 MiB by all threads, by memcpy and by a loop: on some virtual
 * machines the former is slow. The loop scales, or the compiler would call memcpy for it. */
inline double host_copy_bandwidth(wl_ctx *)
{
    const size_t bytes = size_t(256) << 20;
    std::vector<char> from(bytes, 1), to(bytes, 2);
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        const double start = host_now();
#pragma omp parallel for schedule(static)
        for (int part = 0; part < 64; part++)
            std::memcpy(to.data() + bytes / 64 * part, from.data() + bytes / 64 * part, bytes / 64);
        const double half = host_now();
        float *x = reinterpret_cast<float *>(to.data());
        const float *y = reinterpret_cast<const float *>(from.data());
#pragma omp parallel for schedule(static)
        for (int64_t k = 0; k < int64_t(bytes / sizeof(float)); k++) x[k] = 2.0f * y[k];
        best = std::min({ best, half - start, host_now() - half });
    }
    return 2.0 * double(bytes) / best;
}

#endif
