// What a CUDA header set says: values, sizes, alignments and the bits of conversions. Built once
// with the emulator's headers and once with the toolkit's, where there is one; VALUES names the
// function.
#include <cuda_runtime.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>
#include <cstring>
#include <string>

std::string VALUES();

namespace
{

template <class To, class From> To bits_of(From from)
{
    To to;
    std::memcpy(&to, &from, sizeof to);
    return to;
}

void add(std::string &list, const char *name, unsigned long long value)
{
    list += std::string(name) + " = " + std::to_string(value) + "\n";
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value)
{
    return (hash ^ value) * 1099511628211u;
}

void add_conversions(std::string &list)
{
    std::uint64_t narrowed = 1, widened = 1;
    for (std::uint64_t u = 0; u < 1ull << 32; u += 977) {
        const auto f = bits_of<float>(std::uint32_t(u));
        narrowed = mix(narrowed, bits_of<std::uint16_t>(__float2half_rn(f)));
        narrowed = mix(narrowed, bits_of<std::uint16_t>(__float2bfloat16_rn(f)));
        narrowed = mix(narrowed, bits_of<std::uint32_t>(__floats2half2_rn(f, -f)));
        narrowed = mix(narrowed, bits_of<std::uint32_t>(__floats2bfloat162_rn(f, -f)));
    }
    for (unsigned u = 0; u < 65536; u++) {
        const auto bits = static_cast<unsigned short>(u);
        widened = mix(widened, bits_of<std::uint32_t>(__half2float(__ushort_as_half(bits))));
        widened =
            mix(widened, bits_of<std::uint32_t>(__bfloat162float(__ushort_as_bfloat16(bits))));
    }
    add(list, "floats to 16 bits", narrowed);
    add(list, "16 bits to floats", widened);
}

} // namespace

std::string VALUES()
{
    std::string list;
#define VALUE(name) add(list, #name, (unsigned long long)(name));
#define TYPE(name)                                                                                 \
    add(list, "size of " #name, sizeof(name));                                                     \
    add(list, "alignment of " #name, alignof(name));
    VALUE(cudaSuccess)
    VALUE(cudaErrorInvalidValue)
    VALUE(cudaErrorMemoryAllocation)
    VALUE(cudaErrorInvalidConfiguration)
    VALUE(cudaErrorInvalidDevicePointer)
    VALUE(cudaErrorInvalidMemcpyDirection)
    VALUE(cudaErrorInsufficientDriver)
    VALUE(cudaErrorInvalidDeviceFunction)
    VALUE(cudaErrorNoDevice)
    VALUE(cudaErrorInvalidDevice)
    VALUE(cudaErrorInvalidResourceHandle)
    VALUE(cudaErrorIllegalState)
    VALUE(cudaErrorNotReady)
    VALUE(cudaErrorIllegalAddress)
    VALUE(cudaErrorLaunchOutOfResources)
    VALUE(cudaErrorMisalignedAddress)
    VALUE(cudaErrorLaunchFailure)
    VALUE(cudaErrorCooperativeLaunchTooLarge)
    VALUE(cudaErrorNotPermitted)
    VALUE(cudaErrorNotSupported)
    VALUE(cudaErrorStreamCaptureUnsupported)
    VALUE(cudaErrorStreamCaptureInvalidated)
    VALUE(cudaErrorStreamCaptureMerge)
    VALUE(cudaErrorStreamCaptureUnjoined)
    VALUE(cudaErrorInvalidClusterSize)
    VALUE(cudaErrorUnknown)
    VALUE(cudaMemcpyHostToHost)
    VALUE(cudaMemcpyHostToDevice)
    VALUE(cudaMemcpyDeviceToHost)
    VALUE(cudaMemcpyDeviceToDevice)
    VALUE(cudaMemcpyDefault)
    VALUE(cudaFuncAttributeMaxDynamicSharedMemorySize)
    VALUE(cudaFuncAttributePreferredSharedMemoryCarveout)
    VALUE(cudaFuncAttributeNonPortableClusterSizeAllowed)
    VALUE(cudaDevAttrMaxThreadsPerBlock)
    VALUE(cudaDevAttrMaxSharedMemoryPerBlock)
    VALUE(cudaDevAttrWarpSize)
    VALUE(cudaDevAttrMultiProcessorCount)
    VALUE(cudaDevAttrL2CacheSize)
    VALUE(cudaDevAttrMaxThreadsPerMultiProcessor)
    VALUE(cudaDevAttrComputeCapabilityMajor)
    VALUE(cudaDevAttrComputeCapabilityMinor)
    VALUE(cudaDevAttrMaxSharedMemoryPerMultiprocessor)
    VALUE(cudaDevAttrCooperativeLaunch)
    VALUE(cudaDevAttrMaxSharedMemoryPerBlockOptin)
    VALUE(cudaDevAttrMaxBlocksPerMultiprocessor)
    VALUE(cudaDevAttrClusterLaunch)
    VALUE(cudaStreamCaptureStatusNone)
    VALUE(cudaStreamCaptureStatusActive)
    VALUE(cudaStreamCaptureStatusInvalidated)
    VALUE(cudaStreamCaptureModeGlobal)
    VALUE(cudaStreamCaptureModeThreadLocal)
    VALUE(cudaStreamCaptureModeRelaxed)
    VALUE(cudaStreamDefault)
    VALUE(cudaStreamNonBlocking)
    VALUE(cudaEventDefault)
    VALUE(cudaEventBlockingSync)
    VALUE(cudaEventDisableTiming)
    VALUE(cudaLaunchAttributeIgnore)
    VALUE(cudaLaunchAttributeCooperative)
    VALUE(cudaLaunchAttributeClusterDimension)
    VALUE(cudaLaunchAttributeProgrammaticStreamSerialization)
    TYPE(dim3)
    TYPE(uint3)
    TYPE(float2)
    TYPE(float3)
    TYPE(float4)
    TYPE(double2)
    TYPE(int2)
    TYPE(int4)
    TYPE(uint2)
    TYPE(uint4)
    TYPE(longlong2)
    TYPE(ulonglong2)
    TYPE(ushort2)
    TYPE(ushort4)
    TYPE(uchar4)
    TYPE(__half)
    TYPE(__half2)
    TYPE(__nv_bfloat16)
    TYPE(__nv_bfloat162)
    TYPE(cudaLaunchConfig_t)
    TYPE(cudaLaunchAttribute)
    TYPE(cudaLaunchAttributeValue)
#undef VALUE
#undef TYPE
    add_conversions(list);
    return list;
}
