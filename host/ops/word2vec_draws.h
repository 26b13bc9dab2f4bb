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

/* The draw for two of a centre's negatives. Its sets (one a window, or one a context) follow each
 * other, of K in (K + 1) / 2 draws each; `number` counts them all. */
WL_BOTH wl_random wl_word2vec_negatives_draw(uint64_t seed, uint64_t place, uint32_t number)
{
    return wl_philox(seed, place, number, WL_PURPOSE_NEGATIVES);
}

/* The word that half a draw, 64 bits of it, gives; -1 where it is the target, or where the table
 * names no word. */
WL_BOTH int32_t wl_word2vec_negative(const wl_alias_column *noise, int64_t V, uint32_t high,
                                     uint32_t low, int32_t target)
{
    const int32_t drawn = wl_alias_draw(noise, V, (uint64_t)high << 32 | low);
    return drawn == target || (uint32_t)drawn >= (uint64_t)V ? -1 : drawn;
}

/* The step by which updates of 16-bit rows are rounded: each unit of a centre has its own. */
WL_BOTH uint32_t wl_word2vec_rounding_step(uint64_t place, int64_t units, int64_t unit)
{
    return (uint32_t)(place * (uint64_t)units + (uint64_t)unit);
}

#endif
