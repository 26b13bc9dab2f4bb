/* The vector of a word from its n-grams. */
#ifndef WORDLOOM_HOST_SUBWORD_H
#define WORDLOOM_HOST_SUBWORD_H

#include <stddef.h>
#include <wordloom/nn/subword.h>

/* The longest n-grams, in characters, that files may ask for. */
enum { WL_SUBWORD_LONGEST = 64 };

/* Into to [D] the mean of the word's own row [D], where there is one (null: none), and of its
 * n-grams' rows of subwords [buckets,D]: summed in this order and multiplied by the reciprocal of
 * their number, all in float, which gives fastText's bits. Answers how many rows there were; for
 * none, `to` is 0. */
int64_t wl_subword_mean(const wl_subword *subword, const float *own, const float *subwords,
                        int64_t D, const char *word, size_t length, float *to);

#endif
