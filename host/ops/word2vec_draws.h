/* What is drawn in <wordloom/word2vec.h>, the same on every device: each draw by the place in the
 * run of the token that it is for. */
#ifndef WL_WORD2VEC_DRAWS_H
#define WL_WORD2VEC_DRAWS_H

#include <stdbool.h>

#include "../core/alias.h"
#include "../core/philox.h"

/* Four neighbours share a draw of 128 bits. */
WL_BOTH wl_random wl_word2vec_survival_draw(uint64_t seed, uint64_t place)
{
    return wl_philox(seed, place / 4, 0, WL_PURPOSE_SUBSAMPLING);
}
WL_BOTH bool wl_word2vec_survives(wl_random drawn, uint64_t place, uint32_t keep)
{
    return drawn.word[place % 4] <= keep;
}

/* How far a centre's window reaches: 1 to `window`. */
WL_BOTH int64_t wl_word2vec_reach(uint64_t seed, uint64_t place, int64_t window)
{
    const wl_random r = wl_philox(seed, place, 0, WL_PURPOSE_WINDOW);
    return 1 + (int64_t)((uint64_t)r.word[0] * (uint64_t)window >> 32);
}

/* The draw for negatives 2 pair and 2 pair + 1 of a centre's set number `set`, of K. (A set a
 * window, or one a context.) */
WL_BOTH wl_random wl_word2vec_negatives_draw(uint64_t seed, uint64_t place, int64_t set,
                                             int64_t pair, int64_t K)
{
    return wl_philox(seed, place, (uint32_t)(set * ((K + 1) / 2) + pair), WL_PURPOSE_NEGATIVES);
}

/* The word that half a draw, 64 bits of it, gives, or -1 where it is the target. */
WL_BOTH int32_t wl_word2vec_negative(const wl_alias_column *noise, int64_t V, uint32_t high,
                                     uint32_t low, int32_t target)
{
    const int32_t drawn = wl_alias_draw(noise, V, (uint64_t)high << 32 | low);
    return drawn == target ? -1 : drawn;
}

#endif
