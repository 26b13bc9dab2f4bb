/* The host's clock, for builds without CUDA. */
#include "host_clock.h"

double seconds_of(bound_case &b) { return host_seconds_of(b); }
void flush_cache(wl_ctx *, void *scratch, size_t bytes) { host_flush(scratch, bytes); }
double copy_bandwidth(wl_ctx *) { return host_copy_bandwidth(); }
std::map<std::string, std::string> machine() { return {}; }
