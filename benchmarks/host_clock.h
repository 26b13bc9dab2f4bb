/* Times and caches of the host. */
#ifndef WL_BENCHMARK_HOST_CLOCK_H
#define WL_BENCHMARK_HOST_CLOCK_H

#include "clock.h"
#include "copy_bandwidth.h"

inline double host_seconds_of(bound_case &b)
{
    const double start = steady_seconds();
    return bound_call(&b) ? -1 : steady_seconds() - start;
}

inline void host_flush(void *scratch, size_t bytes) { memset(scratch, 1, bytes); }

#endif
