/* Words, their ids and their counts. A word is a string of any bytes and any length but zero;
 * ids run from 0 in the order of first appearance, until wl_vocabulary_finish orders them. */
#ifndef WORDLOOM_NN_VOCABULARY_H
#define WORDLOOM_NN_VOCABULARY_H

#include <wordloom/nn/error.h>

WL_BEGIN

typedef struct wl_vocabulary wl_vocabulary;

/* An empty vocabulary. WL_NO_MEMORY. */
WL_API wl_status wl_vocabulary_create(wl_vocabulary **out);
WL_API void wl_vocabulary_destroy(wl_vocabulary *vocabulary); /* takes null */

/* Counts one more of the `length` bytes at `word`, which joins as the last id where it is new.
 * WL_OUT_OF_RANGE: the word is empty, or there are 2^31 - 1 words already. WL_NO_MEMORY. After
 * an error the vocabulary is what it was before. */
WL_API wl_status wl_vocabulary_add(wl_vocabulary *vocabulary, const char *word, size_t length);

/* The same for `count` of them, 0 or more. Where `id` is not null it receives the word's id.
 * WL_OUT_OF_RANGE also: the count is negative, or the total would pass 2^63 - 1. */
WL_API wl_status wl_vocabulary_add_count(wl_vocabulary *vocabulary, const char *word, size_t length,
                                         int64_t count, int64_t *id);

/* Drops words counted fewer than `min_count` times, orders the others by falling count and words
 * of equal count by their bytes, keeps the first `max_size` (0: all), and numbers them anew. The
 * result does not depend on the order of appearance. More words may be added afterwards; they
 * join at the end. WL_NO_MEMORY: the vocabulary is what it was before. */
WL_API wl_status wl_vocabulary_finish(wl_vocabulary *vocabulary, int64_t min_count,
                                      int64_t max_size);

WL_API int64_t wl_vocabulary_size(const wl_vocabulary *vocabulary); /* words */

/* The id of a word, or -1. */
WL_API int64_t wl_vocabulary_find(const wl_vocabulary *vocabulary, const char *word, size_t length);

/* The word of an id in 0..size-1, which the caller answers for; bytes[*length] is 0. Valid until
 * the vocabulary changes. `length` may be null. */
WL_API const char *wl_vocabulary_word(const wl_vocabulary *vocabulary, int64_t id, size_t *length);

/* How often the word of an id in 0..size-1 was counted. */
WL_API int64_t wl_vocabulary_count(const wl_vocabulary *vocabulary, int64_t id);

/* The sum of the counts of the words that are in it, and of all that were ever added. */
WL_API int64_t wl_vocabulary_kept_tokens(const wl_vocabulary *vocabulary);
WL_API int64_t wl_vocabulary_all_tokens(const wl_vocabulary *vocabulary);

/* The text file that word2vec calls a vocabulary: "word count\n" in id order. Words are any bytes
 * but space and newline. Reading: WL_BAD_FILE names the line and what was expected: no word, a
 * malformed count, a word met before, or a last line cut short; WL_IO_ERROR; WL_NO_MEMORY.
 * Writing: WL_OUT_OF_RANGE: a word holds a space or a newline; WL_IO_ERROR; WL_NO_MEMORY. */
WL_API wl_status wl_vocabulary_read(wl_vocabulary **out, const char *path, wl_error *error);
WL_API wl_status wl_vocabulary_write(const wl_vocabulary *vocabulary, const char *path,
                                     wl_error *error);

/* The form a vocabulary has in a model file, without counts: the words in id order, each
 * followed by a newline; a newline within a word is written \n in two characters, and a
 * backslash as two. The caller frees *bytes with free(). WL_NO_MEMORY. */
WL_API wl_status wl_vocabulary_encode(const wl_vocabulary *vocabulary, char **bytes,
                                      size_t *length);

/* The reverse; every count is 0. `source` names the bytes in messages, such as
 * "model.safetensors: tensor vocabulary". WL_BAD_FILE names the line and the byte: an empty or
 * repeated word, an unknown escape, or a last line without a newline. WL_NO_MEMORY. */
WL_API wl_status wl_vocabulary_decode(wl_vocabulary **out, const char *bytes, size_t length,
                                      const char *source, wl_error *error);

WL_END
#endif
