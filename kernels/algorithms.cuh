/* Sorting, selection and running sums over the whole device, behind functions of our own: CUB on a
 * GPU (algorithms.cu), the C++ library in the emulated build (tests/emulator/algorithms.cpp). */
#ifndef WL_ALGORITHMS_CUH
#define WL_ALGORITHMS_CUH

#include "device.cuh"

/* Prepares the current device, once before the first use on it; contexts may call it at once. */
wl_status algorithms_open(wl_ctx *ctx);

/* Bytes of temporary memory for n items, for any of the three. SIZE_MAX: the device failed. */
size_t algorithms_bytes(int64_t n);

/* Sorts key[0] and with it value[0], stably, by the lowest `bits` bits of the key; key[1] and
 * value[1] are as large. *result tells which of the two holds the outcome. */
wl_status sort_pairs(wl_ctx *ctx, uint64_t *const key[2], int64_t *const value[2], int64_t n,
                     int bits, void *memory, size_t bytes, int *result);
wl_status sort_pairs(wl_ctx *ctx, uint32_t *const key[2], uint32_t *const value[2], int64_t n,
                     int bits, void *memory, size_t bytes, int *result);

/* out = the numbers i, ascending, whose flag[i] is not 0; count[0] = how many. */
wl_status select_flagged(wl_ctx *ctx, const uint8_t *flag, int64_t n, int64_t *out, int64_t *count,
                         void *memory, size_t bytes);

/* to[i] = from[0] + ... + from[i - 1], modulo 2^64. */
wl_status running_sums(wl_ctx *ctx, const int64_t *from, int64_t *to, int64_t n, void *memory,
                       size_t bytes);

/* Bytes of workspace to select of n items: their flags, the numbers of those selected, and the
 * above. */
inline size_t selection_bytes(int64_t n)
{
    const size_t more = algorithms_bytes(n);
    return more == SIZE_MAX ? SIZE_MAX : wl_part(n, 1) + wl_part(n, 8) + more;
}

#endif
