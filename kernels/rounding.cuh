/* Stores that round stochastically. */
#ifndef WL_ROUNDING_CUH
#define WL_ROUNDING_CUH

#include "../host/core/philox.h"
#include "device.cuh"

/* W neighbours, rounded by a draw of one step, of which each eight have one; `element` counts the
 * first of them and is a multiple of W. */
template <int W, class T>
__device__ inline void store_pack_stochastic(T *to, const float (&in)[W], uint64_t element,
                                             uint64_t seed, uint32_t step)
{
    static_assert(8 % W == 0, "a pack has one draw");
    pack<T, W> out;
    const wl_random drawn = wl_rounding_draw(seed, element, step);
    const uint64_t first = W == 8 ? 0 : element; /* of those with the same draw */
    for (int i = 0; i < W; i++)
        from_float_stochastic(&out.v[i], in[i], wl_drawn_bits(drawn, first + uint64_t(i)));
    *reinterpret_cast<pack<T, W> *>(to) = out;
}

#endif
