/* Sorting, selection and running sums by CUB. */
#include "algorithms.cuh"

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>
#include <pthread.h>
#include <thrust/iterator/counting_iterator.h>

namespace
{

template <class K, class V>
wl_status sort(wl_ctx *ctx, K *const key[2], V *const value[2], int64_t n, int bits, void *memory,
               size_t bytes, int *result)
{
    cub::DoubleBuffer<K> keys(key[0], key[1]);
    cub::DoubleBuffer<V> values(value[0], value[1]);
    const cudaError_t error = cub::DeviceRadixSort::SortPairs(memory, bytes, keys, values, n, 0,
                                                              bits, cudaStream_t(ctx->stream));
    *result = keys.selector;
    return status_of(ctx, error);
}

} // namespace

/* CUB asks a device for its architecture once and keeps the answer in static variables, whose
 * making is not safe among threads in this build (it would need a C++ runtime). */
wl_status algorithms_open(wl_ctx *ctx)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    int version = 0;
    pthread_mutex_lock(&one_at_a_time);
    const cudaError_t error = cub::PtxVersion(version);
    const bool ready = error == cudaSuccess && algorithms_bytes(1) != SIZE_MAX;
    pthread_mutex_unlock(&one_at_a_time);
    return ready ? WL_OK : status_of(ctx, error == cudaSuccess ? cudaErrorUnknown : error);
}

size_t algorithms_bytes(int64_t n)
{
    size_t wide = 0, narrow = 0, select = 0, sums = 0;
    cub::DoubleBuffer<uint64_t> keys(nullptr, nullptr);
    cub::DoubleBuffer<int64_t> values(nullptr, nullptr);
    cub::DoubleBuffer<uint32_t> short_keys(nullptr, nullptr), short_values(nullptr, nullptr);
    if (cub::DeviceRadixSort::SortPairs(nullptr, wide, keys, values, n) != cudaSuccess ||
        cub::DeviceRadixSort::SortPairs(nullptr, narrow, short_keys, short_values, n) !=
            cudaSuccess ||
        cub::DeviceSelect::Flagged(nullptr, select, thrust::counting_iterator<int64_t>(0),
                                   (const uint8_t *)nullptr, (int64_t *)nullptr, (int64_t *)nullptr,
                                   n) != cudaSuccess ||
        cub::DeviceScan::ExclusiveSum(nullptr, sums, (const uint64_t *)nullptr, (uint64_t *)nullptr,
                                      n) != cudaSuccess)
        return SIZE_MAX;
    const size_t sort = wide > narrow ? wide : narrow, more = sort > select ? sort : select;
    return more > sums ? more : sums;
}

wl_status sort_pairs(wl_ctx *ctx, uint64_t *const key[2], int64_t *const value[2], int64_t n,
                     int bits, void *memory, size_t bytes, int *result)
{
    return sort(ctx, key, value, n, bits, memory, bytes, result);
}

wl_status sort_pairs(wl_ctx *ctx, uint32_t *const key[2], uint32_t *const value[2], int64_t n,
                     int bits, void *memory, size_t bytes, int *result)
{
    return sort(ctx, key, value, n, bits, memory, bytes, result);
}

wl_status select_flagged(wl_ctx *ctx, const uint8_t *flag, int64_t n, int64_t *out, int64_t *count,
                         void *memory, size_t bytes)
{
    const thrust::counting_iterator<int64_t> numbers(0);
    return status_of(ctx, cub::DeviceSelect::Flagged(memory, bytes, numbers, flag, out, count, n,
                                                     cudaStream_t(ctx->stream)));
}

wl_status running_sums(wl_ctx *ctx, const int64_t *from, int64_t *to, int64_t n, void *memory,
                       size_t bytes)
{
    return status_of(ctx,
                     cub::DeviceScan::ExclusiveSum(memory, bytes, (const uint64_t *)from,
                                                   (uint64_t *)to, n, cudaStream_t(ctx->stream)));
}
