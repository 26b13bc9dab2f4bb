/* Rows of a table that several warps update at once, without locks: the one place where training by
 * hogwild races. ThreadSanitizer does not look in here. */
#ifndef WL_RACES_CUH
#define WL_RACES_CUH

#include "device.cuh"

#if defined(WL_EMULATED)
#define WL_RACES EMULATOR_UNTRACED
#else
#define WL_RACES __forceinline__
#endif

/* Neighbours of a row as they happen to be, and over whatever they have become. */
template <int W, class T> __device__ WL_RACES pack<T, W> race_read(const T *row)
{
    return *reinterpret_cast<const pack<T, W> *>(row);
}
template <int W, class T> __device__ WL_RACES void race_write(T *row, pack<T, W> p)
{
    *reinterpret_cast<pack<T, W> *>(row) = p;
}

template <int W, class T> __device__ inline void race_load(float (&out)[W], const T *row)
{
    const pack<T, W> p = race_read<W>(row);
    for (int i = 0; i < W; i++) out[i] = to_float(p.v[i]);
}

/* Neighbours += delta. Floats are added atomically, so that nothing is lost; of 16 bits, which
 * `store` rounds, another warp's update may be. */
template <int W, class T, class F>
__device__ inline void race_add(T *row, const float (&delta)[W], F store)
{
    if constexpr (sizeof(T) == sizeof(float) && W == 4) {
        wl::red_add4(row, make_float4(delta[0], delta[1], delta[2], delta[3]));
    } else if constexpr (sizeof(T) == sizeof(float)) {
        for (int i = 0; i < W; i++) wl::red_add(row + i, delta[i]);
    } else {
        pack<T, W> p;
        float x[W];
        race_load<W>(x, row);
        for (int i = 0; i < W; i++) x[i] += delta[i];
        store(p.v, x);
        race_write<W>(row, p);
    }
}

#endif
