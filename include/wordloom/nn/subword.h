/* The character n-grams of words, as fastText numbers them (Bojanowski et al. 2017, "Enriching
 * word vectors with subword information"). */
#ifndef WORDLOOM_NN_SUBWORD_H
#define WORDLOOM_NN_SUBWORD_H

#include <wordloom/types.h>

WL_BEGIN

/* Which n-grams there are. All zero: none. */
typedef struct wl_subword {
    int32_t min, max; /* characters an n-gram, 0 <= min; max 0, or less than min: no n-grams */
    int64_t buckets;  /* numbers that n-grams are hashed to, below 2^31; 0: no n-grams */
} wl_subword;

/* Writes the buckets, 0..buckets-1, of the first `room` n-grams of the `length` bytes at `word`
 * to rows [room] (may be null where `room` is 0), and answers how many n-grams there are, those
 * that occur again counted again. They are those of "<word>" with min to max characters, first by
 * where they begin, then by length, without "<" and ">" alone. A character is a byte and the
 * UTF-8 continuation bytes behind it, so that any bytes will do. An n-gram's bucket is its 32-bit
 * FNV-1a hash, whose bytes are extended with their sign, modulo `buckets`. "</s>", the end of a
 * sentence, has none. */
WL_API int64_t wl_subword_rows(const wl_subword *subword, const char *word, size_t length,
                               int32_t *rows, int64_t room);

/* Reads "MIN-MAX", each of one or two digits and at most 64, into min and max, in whatever order of
 * size. Answers 0 where the text is something else. */
WL_API int wl_subword_parse(wl_subword *to, const char *text);

WL_END
#endif
