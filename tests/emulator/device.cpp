// What the emulated device says of itself, and the errors of the runtime.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "cuda_runtime.h"
#include "device.h"
#include "fault.h"
#include "shared_memory.h"
#include "watch.h"

namespace emulator
{

namespace
{

thread_local cudaError_t last_error = cudaSuccess;

struct error_text {
    cudaError_t error;
    const char *name, *text;
};

constexpr error_text error_texts[] = {
    { cudaSuccess, "cudaSuccess", "no error" },
    { cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument" },
    { cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory" },
    { cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration",
      "invalid configuration argument" },
    { cudaErrorInvalidDevicePointer, "cudaErrorInvalidDevicePointer", "invalid device pointer" },
    { cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection",
      "invalid copy direction for memcpy" },
    { cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
      "CUDA driver version is insufficient for CUDA runtime version" },
    { cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function" },
    { cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected" },
    { cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal" },
    { cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle" },
    { cudaErrorIllegalState, "cudaErrorIllegalState",
      "the operation cannot be performed in the present state" },
    { cudaErrorNotReady, "cudaErrorNotReady", "device not ready" },
    { cudaErrorIllegalAddress, "cudaErrorIllegalAddress",
      "an illegal memory access was encountered" },
    { cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources",
      "too many resources requested for launch" },
    { cudaErrorMisalignedAddress, "cudaErrorMisalignedAddress", "misaligned address" },
    { cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure" },
    { cudaErrorCooperativeLaunchTooLarge, "cudaErrorCooperativeLaunchTooLarge",
      "too many blocks in cooperative launch" },
    { cudaErrorNotPermitted, "cudaErrorNotPermitted", "operation not permitted" },
    { cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported" },
    { cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported",
      "operation not permitted when stream is capturing" },
    { cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated",
      "operation failed due to a previous error during capture" },
    { cudaErrorStreamCaptureMerge, "cudaErrorStreamCaptureMerge",
      "operation would result in a merge of separate capture sequences" },
    { cudaErrorStreamCaptureUnjoined, "cudaErrorStreamCaptureUnjoined",
      "capturing stream has unjoined work" },
    { cudaErrorInvalidClusterSize, "cudaErrorInvalidClusterSize", "cluster misconfiguration" },
    { cudaErrorUnknown, "cudaErrorUnknown", "unknown error" },
};

const error_text &text_of(cudaError_t error)
{
    static const error_text unknown = { error, "unrecognized error code",
                                        "unrecognized error code" };
    for (const error_text &known : error_texts)
        if (known.error == error) return known;
    return unknown;
}

std::atomic<int> claimed_devices{ 1 };
thread_local int current_device = 0;
std::atomic<unsigned> claimed_multiprocessors; // 0: as the environment says

std::mutex &refusing = *new std::mutex;
std::atomic<bool> refuses;
std::string refused_call;
int calls_until_refusal, refusals;

} // namespace

unsigned long setting(const char *name, unsigned long otherwise)
{
    const char *text = std::getenv(name);
    return text && *text ? std::strtoul(text, nullptr, 0) : otherwise;
}

unsigned multiprocessors()
{
    static const unsigned count = std::max(1u, unsigned(setting("WL_EMULATOR_SMS", 4)));
    const unsigned claimed = claimed_multiprocessors;
    return claimed ? claimed : count;
}

unsigned blocks_that_fit(unsigned threads, std::size_t dynamic_bytes)
{
    const unsigned by_threads = threads_of_sm / ((threads + 31) / 32 * 32);
    const auto by_shared = unsigned(shared_of_sm / (dynamic_bytes + shared_reserved));
    return std::min({ blocks_of_sm, by_threads, by_shared });
}

cudaError_t noted(int error)
{
    if (error) last_error = cudaError_t(error);
    return cudaError_t(error);
}

cudaError_t refusal(const char *call)
{
    if (!refuses) return cudaSuccess;
    std::lock_guard<std::mutex> lock(refusing);
    if (refused_call != call || --calls_until_refusal >= 0) return cudaSuccess;
    refusals++;
    return noted(cudaErrorUnknown);
}

} // namespace emulator

using namespace emulator;

void emulator_set_multiprocessors(int count) { claimed_multiprocessors = unsigned(count); }

void emulator_set_devices(int count) { claimed_devices = count; }

int emulator_current_device(void) { return current_device; }

void emulator_refuse(const char *call, int after)
{
    std::lock_guard<std::mutex> lock(refusing);
    refuses = call != nullptr;
    refused_call = call ? call : "";
    calls_until_refusal = after;
    refusals = 0;
}

int emulator_refusals(void)
{
    std::lock_guard<std::mutex> lock(refusing);
    return refusals;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    *count = claimed_devices;
    return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    *device = current_device;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int device)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (device < 0 || device >= claimed_devices) return noted(cudaErrorInvalidDevice);
    current_device = device;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
    cudaDeviceProp p;
    if (const cudaError_t error = cudaGetDeviceProperties(&p, device)) return error;
    switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = p.maxThreadsPerBlock; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = int(p.sharedMemPerBlock); break;
    case cudaDevAttrWarpSize: *value = p.warpSize; break;
    case cudaDevAttrMultiProcessorCount: *value = p.multiProcessorCount; break;
    case cudaDevAttrL2CacheSize: *value = p.l2CacheSize; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = p.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrComputeCapabilityMajor: *value = p.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = p.minor; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = int(p.sharedMemPerMultiprocessor);
        break;
    case cudaDevAttrCooperativeLaunch: *value = 1; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = int(p.sharedMemPerBlockOptin); break;
    case cudaDevAttrMaxBlocksPerMultiprocessor: *value = p.maxBlocksPerMultiProcessor; break;
    case cudaDevAttrClusterLaunch: *value = 1; break;
    default: return noted(cudaErrorInvalidValue);
    }
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device)
{
    if (const cudaError_t error = refusal(__func__)) return error;
    if (device < 0 || device >= claimed_devices) return noted(cudaErrorInvalidDevice);
    *p = {};
    std::strcpy(p->name, "emulated");
    p->totalGlobalMem = device_bytes;
    p->sharedMemPerBlock = static_limit;
    p->sharedMemPerBlockOptin = dynamic_limit;
    p->sharedMemPerMultiprocessor = shared_of_sm;
    p->warpSize = warpSize;
    p->maxThreadsPerBlock = int(most_threads);
    p->maxThreadsPerMultiProcessor = int(threads_of_sm);
    p->maxBlocksPerMultiProcessor = int(blocks_of_sm);
    p->major = 9;
    p->multiProcessorCount = int(multiprocessors());
    p->l2CacheSize = 50 << 20;
    p->cooperativeLaunch = 1;
    p->memoryBusWidth = 5120;
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = 13000;
    return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) { return cudaDriverGetVersion(version); }

cudaError_t cudaGetLastError()
{
    const cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError() { return last_error; }

const char *cudaGetErrorName(cudaError_t error) { return text_of(error).name; }

const char *cudaGetErrorString(cudaError_t error) { return text_of(error).text; }
