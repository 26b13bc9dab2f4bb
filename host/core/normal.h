/* Normally distributed numbers from random bits. */
#ifndef WL_NORMAL_H
#define WL_NORMAL_H

#include <math.h>
#include <stdint.h>

/* Two of mean 0 from two uniform ones (Box and Muller 1958, "A Note on the Generation of Random
 * Normal Deviates"). */
static inline void wl_two_normals(float to[2], const uint32_t random[2], double deviation)
{
    const double u = ((double)random[0] + 0.5) * 0x1p-32, v = ((double)random[1] + 0.5) * 0x1p-32;
    const double radius = deviation * sqrt(-2 * log(u)), angle = 6.283185307179586 * v;
    to[0] = (float)(radius * cos(angle));
    to[1] = (float)(radius * sin(angle));
}

#endif
