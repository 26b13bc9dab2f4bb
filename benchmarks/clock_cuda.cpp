/* CUDA's events, beside the host's clock for the CPU's rows. */
#include "cuda_device.h"
#include "host_clock.h"

namespace
{

bool on_cuda(const wl_ctx *ctx) { return ctx->backend->device == WL_CUDA; }

} // namespace

double seconds_of(bound_case &b)
{
    if (!on_cuda(b.ctx)) return host_seconds_of(b);
    return seconds_on_device(nullptr, [&] { return bound_call(&b) == WL_OK; });
}

void flush_cache(wl_ctx *ctx, void *scratch, size_t bytes)
{
    if (on_cuda(ctx))
        cudaMemsetAsync(scratch, 1, bytes);
    else
        host_flush(scratch, bytes);
}

double copy_bandwidth(wl_ctx *ctx)
{
    const size_t bytes = size_t(2) << 30;
    void *from = nullptr, *to = nullptr;
    double best = 1e9;
    if (!on_cuda(ctx)) return host_copy_bandwidth();
    if (cudaMalloc(&from, bytes) || cudaMalloc(&to, bytes)) return 0;
    cudaMemset(from, 1, bytes);
    for (int i = 0; i < 8; i++) {
        const double t = seconds_on_device(nullptr, [&] {
            return !cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, 0);
        });
        if (t > 0) best = std::min(best, t);
    }
    cudaFree(from);
    cudaFree(to);
    return 2.0 * double(bytes) / best;
}

std::map<std::string, std::string> machine()
{
    int driver = 0, runtime = 0, clock = 0, memory_clock = 0;
    if (cudaDriverGetVersion(&driver) || cudaRuntimeGetVersion(&runtime) ||
        cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, 0) ||
        cudaDeviceGetAttribute(&memory_clock, cudaDevAttrMemoryClockRate, 0))
        return {};
    return { { "cuda_driver", std::to_string(driver) },
             { "cuda_runtime", std::to_string(runtime) },
             { "sm_clock_khz", std::to_string(clock) },
             { "memory_clock_khz", std::to_string(memory_clock) } };
}
