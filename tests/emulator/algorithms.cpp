/* Sorting, selection and running sums of the emulated build: the C++ library in CUB's place, in the
 * order of the context's stream. */
#include "../../kernels/algorithms.cuh"

#include "device.h"

#include <algorithm>
#include <numeric>
#include <vector>

wl_status algorithms_open(wl_ctx *ctx) { return status_of(ctx, emulator::refusal(__func__)); }

/* What CUB would ask for is of this kind: some for each item and some for all. */
size_t algorithms_bytes(int64_t n)
{
    return emulator::refusal(__func__) ? SIZE_MAX : wl_part(n, 1) + 4096;
}

namespace
{

template <class K, class V>
void sort(wl_ctx *ctx, K *const key[2], V *const value[2], int64_t n, int bits)
{
    const K mask = bits < int(8 * sizeof(K)) ? (K(1) << bits) - 1 : ~K(0), *from = key[0];
    const V *values = value[0];
    K *sorted = key[1];
    V *moved = value[1];
    emulator::enqueue(ctx->stream, [=] {
        std::vector<int64_t> order(n);
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(),
                         [=](int64_t a, int64_t b) { return (from[a] & mask) < (from[b] & mask); });
        for (int64_t i = 0; i < n; i++) {
            sorted[i] = from[order[i]];
            moved[i] = values[order[i]];
        }
    });
}

} // namespace

wl_status sort_pairs(wl_ctx *ctx, uint64_t *const key[2], int64_t *const value[2], int64_t n,
                     int bits, void *, size_t bytes, int *result)
{
    if (const cudaError_t error = emulator::refusal(__func__)) return status_of(ctx, error);
    if (bytes < algorithms_bytes(n)) return wl_fail(ctx, WL_DEVICE_ERROR, "sort_pairs: memory");
    sort(ctx, key, value, n, bits);
    *result = 1;
    return WL_OK;
}

wl_status sort_pairs(wl_ctx *ctx, uint32_t *const key[2], uint32_t *const value[2], int64_t n,
                     int bits, void *, size_t bytes, int *result)
{
    if (const cudaError_t error = emulator::refusal(__func__)) return status_of(ctx, error);
    if (bytes < algorithms_bytes(n)) return wl_fail(ctx, WL_DEVICE_ERROR, "sort_pairs: memory");
    sort(ctx, key, value, n, bits);
    *result = 1;
    return WL_OK;
}

wl_status select_flagged(wl_ctx *ctx, const uint8_t *flag, int64_t n, int64_t *out, int64_t *count,
                         void *, size_t bytes)
{
    if (const cudaError_t error = emulator::refusal(__func__)) return status_of(ctx, error);
    if (bytes < algorithms_bytes(n)) return wl_fail(ctx, WL_DEVICE_ERROR, "select: memory");
    emulator::enqueue(ctx->stream, [=] {
        int64_t found = 0;
        for (int64_t i = 0; i < n; i++)
            if (flag[i]) out[found++] = i;
        count[0] = found;
    });
    return WL_OK;
}

wl_status running_sums(wl_ctx *ctx, const int64_t *from, int64_t *to, int64_t n, void *,
                       size_t bytes)
{
    if (const cudaError_t error = emulator::refusal(__func__)) return status_of(ctx, error);
    if (bytes < algorithms_bytes(n)) return wl_fail(ctx, WL_DEVICE_ERROR, "running_sums: memory");
    emulator::enqueue(ctx->stream, [=] {
        uint64_t sum = 0;
        for (int64_t i = 0; i < n; sum += uint64_t(from[i++])) to[i] = int64_t(sum);
    });
    return WL_OK;
}
