/* The noise distribution of negative sampling: words drawn in proportion to count^power (Mikolov
 * et al. 2013, "Distributed Representations of Words and Phrases", section 2.2, with power 3/4),
 * in constant time by an alias table (Vose 1991, "A Linear Algorithm for Generating Random
 * Numbers with a Given Distribution"). */
#ifndef WORDLOOM_NN_NOISE_H
#define WORDLOOM_NN_NOISE_H

#include <wordloom/nn/vocabulary.h>

WL_BEGIN

typedef struct wl_noise wl_noise;

/* The distribution over the words of `vocabulary`, by their counts; `power` is finite. A word
 * counted 0 times is never drawn. The vocabulary is not needed afterwards. WL_OUT_OF_RANGE: no
 * word has a count, or counts to the `power` are too great to add. WL_NO_MEMORY. */
WL_API wl_status wl_noise_create(wl_noise **out, const wl_vocabulary *vocabulary, double power,
                                 wl_error *error);
WL_API void wl_noise_destroy(wl_noise *noise); /* takes null */

/* The word that 64 random bits draw. The upper 32 choose a column of the table, the lower 32 one
 * of its two words, so that probabilities are kept to within 2^-32 a word. */
WL_API int32_t wl_noise_draw(const wl_noise *noise, uint64_t bits);

/* The probability of the word of an id in 0..words-1; they sum to 1. */
WL_API double wl_noise_probability(const wl_noise *noise, int64_t id);

/* The table itself [V,2], for devices that draw themselves and for tests: column `id` gives the
 * word `id` where the lower 32 bits, unsigned, are below its first number, else its second. It
 * lives as long as `noise`. */
WL_API const int32_t *wl_noise_columns(const wl_noise *noise);

WL_END
#endif
