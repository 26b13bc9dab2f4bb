// Device memory, which is the host's, NaN at first, and copies with the checks of the driver.
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "cuda_runtime.h"
#include "device.h"

namespace emulator
{

namespace
{

// Addresses are kept inverted: LeakSanitizer must not take the register for an owner.
class address_register
{
  public:
    void add(const void *p, std::size_t bytes)
    {
        std::lock_guard<std::mutex> lock(guard);
        blocks[~std::uintptr_t(p)] = bytes;
        held += bytes;
    }

    bool remove(const void *p)
    {
        std::lock_guard<std::mutex> lock(guard);
        const auto found = blocks.find(~std::uintptr_t(p));
        if (found == blocks.end()) return false;
        held -= found->second;
        blocks.erase(found);
        return true;
    }

    // Bytes from p to the end of its block, -1 outside every block; the end itself counts as
    // inside.
    long long bytes_from(const void *p)
    {
        std::lock_guard<std::mutex> lock(guard);
        const auto found = blocks.lower_bound(~std::uintptr_t(p));
        if (found == blocks.end()) return -1;
        const std::uintptr_t into = std::uintptr_t(p) - ~found->first;
        return into <= found->second ? (long long)(found->second - into) : -1;
    }

    bool holds(const void *p) { return bytes_from(p) > 0; }

    std::size_t total()
    {
        std::lock_guard<std::mutex> lock(guard);
        return held;
    }

  private:
    std::mutex guard;
    std::map<std::uintptr_t, std::size_t> blocks;
    std::size_t held = 0;
};

address_register &on_device = *new address_register, &pinned = *new address_register;

// The end of the range need not be checked for host memory: AddressSanitizer sees it.
bool range_fits(const void *p, std::size_t bytes)
{
    return !on_device.holds(p) || on_device.bytes_from(p) >= (long long)bytes;
}

cudaError_t check_copy(const void *to, const void *from, std::size_t bytes, cudaMemcpyKind kind)
{
    if (!to || !from || !range_fits(to, bytes) || !range_fits(from, bytes))
        return cudaErrorInvalidValue;
    const bool onto = on_device.holds(to), off = on_device.holds(from);
    switch (kind) {
    case cudaMemcpyHostToHost: return onto || off ? cudaErrorInvalidValue : cudaSuccess;
    case cudaMemcpyHostToDevice: return !onto || off ? cudaErrorInvalidValue : cudaSuccess;
    case cudaMemcpyDeviceToHost: return onto || !off ? cudaErrorInvalidValue : cudaSuccess;
    case cudaMemcpyDeviceToDevice: return !onto || !off ? cudaErrorInvalidValue : cudaSuccess;
    case cudaMemcpyDefault: return cudaSuccess;
    }
    return cudaErrorInvalidMemcpyDirection;
}

} // namespace

thread_local location copying;

bool is_device_memory(const void *p)
{
    return on_device.bytes_from(p) >= 0 || pinned.bytes_from(p) >= 0;
}

} // namespace emulator

using namespace emulator;

cudaError_t cudaMalloc(void **out, size_t bytes)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (const cudaError_t error = waits()) return error;
    if (!out) return noted(cudaErrorInvalidValue);
    *out = nullptr;
    if (!bytes) return cudaSuccess;
    void *p = nullptr;
    if (bytes > device_bytes || on_device.total() > device_bytes - bytes ||
        posix_memalign(&p, 256, bytes))
        return noted(cudaErrorMemoryAllocation);
    std::memset(p, 0xff, bytes);
    on_device.add(p, bytes);
    *out = p;
    return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
    if (!p) return cudaSuccess;
    if (const cudaError_t error = waits()) return error;
    finish_all_streams();
    if (!on_device.remove(p)) return noted(cudaErrorInvalidValue);
    std::free(p);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **out, size_t bytes)
{
    if (!out) return noted(cudaErrorInvalidValue);
    *out = nullptr;
    if (!bytes) return cudaSuccess;
    if (posix_memalign(out, 256, bytes)) return noted(cudaErrorMemoryAllocation);
    pinned.add(*out, bytes);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *p)
{
    if (!p) return cudaSuccess;
    finish_all_streams();
    if (!pinned.remove(p)) return noted(cudaErrorInvalidValue);
    std::free(p);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total)
{
    *free = device_bytes - on_device.total();
    *total = device_bytes;
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream, const char *site_file, int site_line)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (!bytes) return cudaSuccess;
    if (const cudaError_t error = check_copy(to, from, bytes, kind)) return noted(error);
    const location queued = EMULATOR_AT("cudaMemcpyAsync");
    enqueue(stream, [=] {
        copying = queued;
        std::memmove(to, from, bytes);
        copying = {};
    });
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                       const char *site_file, int site_line)
{
    if (const cudaError_t error = waits()) return error;
    const cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr, site_file, site_line);
    finish_stream(nullptr);
    return error;
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (!bytes) return cudaSuccess;
    if (!on_device.holds(to) || !range_fits(to, bytes)) return noted(cudaErrorInvalidValue);
    enqueue(stream, [=] { std::memset(to, value, bytes); });
    return cudaSuccess;
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    if (const cudaError_t error = waits()) return error;
    return cudaMemsetAsync(to, value, bytes, nullptr);
}
