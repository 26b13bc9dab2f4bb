/* Stores that round stochastically. */
#ifndef WL_ROUNDING_CUH
#define WL_ROUNDING_CUH

#include "../host/core/philox.h"
#include "device.cuh"

/* W neighbours, rounded by the draws of one step; `element` counts the first of them. */
template <int W, class T>
__device__ inline void store_pack_stochastic(T *to, const float (&in)[W], uint64_t element,
                                             uint64_t seed, uint32_t step)
{
    pack<T, W> out;
    wl_random drawn = wl_rounding_draw(seed, element, step);
    for (int i = 0; i < W; i++) {
        const uint64_t e = element + uint64_t(i);
        if (i > 0 && e % 8 == 0) drawn = wl_rounding_draw(seed, e, step);
        from_float_stochastic(&out.v[i], in[i], wl_rounding_bits(drawn, e));
    }
    *reinterpret_cast<pack<T, W> *>(to) = out;
}

#endif
