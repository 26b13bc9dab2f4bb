/* How long work takes on a device: by its own events on CUDA, by the host's clock on a CPU. */
#ifndef WL_BENCHMARK_CLOCK_H
#define WL_BENCHMARK_CLOCK_H

#include "../tests/execution.h"

#include <map>
#include <string>

/* Seconds that a bound call takes, from the device's start to its end. Negative: it failed. */
double seconds_of(bound_case &b);

/* Makes the next call find its data in memory, not in a cache, by writing over `bytes` others. */
void flush_cache(wl_ctx *ctx, void *scratch, size_t bytes);

/* Bytes a second that a copy moves on the device, reading and writing counted. */
double copy_bandwidth(wl_ctx *ctx);

/* What a result must say of a CUDA machine: driver, runtime, clocks. Empty for a CPU. */
std::map<std::string, std::string> machine();

#endif
