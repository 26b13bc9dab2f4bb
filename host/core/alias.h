/* Draws from an alias table (Vose 1991, "A Linear Algorithm for Generating Random Numbers with a
 * Given Distribution"): column w of the table gives the word w where the lower 32 random bits are
 * below its threshold, else its alias. One body for the host and for kernels. */
#ifndef WL_ALIAS_H
#define WL_ALIAS_H

#include "philox.h"

typedef struct wl_alias_column {
    uint32_t threshold; /* the word's share of its column, of 2^32 */
    int32_t alias;      /* whose the rest is; the word itself where the column is all its own */
} wl_alias_column;

/* The word, of V, that 64 random bits draw: the upper 32 choose the column. */
WL_BOTH int32_t wl_alias_draw(const wl_alias_column *columns, int64_t V, uint64_t bits)
{
    const uint64_t word = (bits >> 32) * (uint64_t)V >> 32;
    /* without a branch, of which half would be foreseen wrongly */
    const uint32_t own = 0u - (uint32_t)((uint32_t)bits < columns[word].threshold);
    return (int32_t)(((uint32_t)word & own) | ((uint32_t)columns[word].alias & ~own));
}

/* Draws 2 pair and 2 pair + 1 of the K at `index`, from one 128 random bits: the negatives of a
 * training pair at that place of a run. V is not 0. */
WL_BOTH void wl_alias_pair(const wl_alias_column *columns, int64_t V, uint64_t seed, uint64_t index,
                           uint32_t pair, int32_t out[2])
{
    const wl_random r = wl_philox(seed, index, pair, WL_PURPOSE_NEGATIVES);
    for (int j = 0; j < 2; j++)
        out[j] = wl_alias_draw(columns, V, (uint64_t)r.word[2 * j] << 32 | r.word[2 * j + 1]);
}

#endif
