/* Counter-based random numbers: Philox4x32-10 of Random123 (Salmon et al. 2011, "Parallel Random
 * Numbers: As Easy as 1, 2, 3"). The key is the seed, the counter {index, step, purpose}, so that
 * a draw depends on what it is for, never on which thread or device makes it. */
#ifndef WL_PHILOX_H
#define WL_PHILOX_H

/* Parts of it that are not used here would throw, or bring in <iostream> and with it a global
 * constructor: the build defines that header's guard (_GLIBCXX_IOSTREAM) for the kernels. */
#if defined(__cplusplus)
#include <istream>
#include <ostream>
#endif
#define R123_USE_SSE 0
#define R123_THROW(x) ((void)0)
#include <Random123/philox.h>

#include "storage.h"

/* What draws are for: no two uses share a purpose. */
enum wl_purpose {
    WL_PURPOSE_ROUNDING = 1,    /* index: 8 elements of a table */
    WL_PURPOSE_INITIAL = 2,     /* index: 4 elements of a parameter */
    WL_PURPOSE_SUBSAMPLING = 3, /* index: 4 tokens of the run */
    WL_PURPOSE_WINDOW = 4,      /* index: a token's place in the run */
    WL_PURPOSE_NEGATIVES = 5,   /* index: a token's place in the run; or a row */
    WL_PURPOSE_CATEGORICAL = 6, /* index: a row's place among all draws; step: 4 ids */
    WL_PURPOSE_DROPOUT = 7,     /* index: 8 elements of a mask; the layer in the bits from 16 on */
    WL_PURPOSE_ZONEOUT = 8,     /* likewise: of h, */
    WL_PURPOSE_ZONEOUT_C = 9,   /* and of cell states */
    WL_PURPOSE_SPLIT = 10,      /* index: an example among all */
    WL_PURPOSE_TASK = 11,       /* index: an example; step: 4 numbers of it */
    WL_PURPOSE_ORDER = 12,      /* index: a pair or a point; step: the epoch */
    WL_PURPOSE_BATCHES = 13,    /* index: a batch; step: the epoch */
    WL_PURPOSE_POINTS = 14,     /* index: 2 points */
    WL_PURPOSE_PAIRS = 15,      /* index: a pair of words */
};

typedef struct wl_random {
    uint32_t word[4];
} wl_random;

WL_BOTH wl_random wl_philox(uint64_t seed, uint64_t index, uint32_t step, uint32_t purpose)
{
    philox4x32_key_t key;
    philox4x32_ctr_t counter;
    wl_random out;
    key.v[0] = (uint32_t)seed;
    key.v[1] = (uint32_t)(seed >> 32);
    counter.v[0] = (uint32_t)index;
    counter.v[1] = (uint32_t)(index >> 32);
    counter.v[2] = step;
    counter.v[3] = purpose;
    counter = philox4x32_R(10, counter, key);
    for (int i = 0; i < 4; i++) out.word[i] = counter.v[i];
    return out;
}

/* The draw that an element of a table, or of a layer's mask, shares with those of the same eighth
 * in one step. */
WL_BOTH wl_random wl_rounding_draw(uint64_t seed, uint64_t element, uint32_t step)
{
    return wl_philox(seed, element / 8, step, WL_PURPOSE_ROUNDING);
}
WL_BOTH uint32_t wl_layer_purpose(uint32_t purpose, int32_t layer)
{
    return purpose | (uint32_t)layer << 16;
}
WL_BOTH uint32_t wl_dropout_purpose(int32_t layer)
{
    return wl_layer_purpose(WL_PURPOSE_DROPOUT, layer);
}
WL_BOTH wl_random wl_dropout_draw(uint64_t seed, uint64_t element, uint32_t step, int32_t layer)
{
    return wl_philox(seed, element / 8, step, wl_dropout_purpose(layer));
}

/* An element's own 16 bits of either. */
WL_BOTH uint32_t wl_drawn_bits(wl_random drawn, uint64_t element)
{
    return drawn.word[element % 8 / 2] >> (element % 2 * 16) & 0xffff;
}

/* The least of them that keeps an element where p of all are dropped. */
WL_BOTH uint32_t wl_dropout_threshold(double p) { return (uint32_t)(p * 65536 + 0.5); }

#endif
