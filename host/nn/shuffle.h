/* Orders at random, the same on every machine. */
#ifndef WL_SHUFFLE_H
#define WL_SHUFFLE_H

#include <stdint.h>

#include "../core/philox.h"

/* Fisher and Yates' shuffle (Durstenfeld 1964, "Algorithm 235: Random Permutation") of n numbers;
 * draws are by the place and the epoch. */
static inline void wl_shuffle(int64_t *numbers, int64_t n, uint64_t seed, int64_t epoch,
                              enum wl_purpose purpose)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const wl_random r = wl_philox(seed, (uint64_t)i, (uint32_t)epoch, purpose);
        const uint64_t drawn = (uint64_t)r.word[0] << 32 | r.word[1];
        const int64_t j = (int64_t)(drawn % (uint64_t)(i + 1)), held = numbers[i];
        numbers[i] = numbers[j];
        numbers[j] = held;
    }
}

#endif
