/* Examples as sequence-to-sequence models read them: pairs of rows of word or character ids. The
 * tokens of a line are those of <wordloom/nn/text.h>, but that its end is none. Three tokens are no
 * words of any text: <unk> stands for what a vocabulary lacks, <s> is what a decoder reads first,
 * and </s> is what it says last. Where a text spells one of them, that is unknown too. */
#ifndef WORDLOOM_NN_PAIRS_H
#define WORDLOOM_NN_PAIRS_H

#include <wordloom/nn/examples.h>
#include <wordloom/nn/text.h>

WL_BEGIN

/* ------------------------------------------------------------------ vocabularies */

/* The vocabularies of sources and of targets at a level (WL_TEXT_WORD or WL_TEXT_CHAR): tokens that
 * occur `min_count` times or more on that side, at most `max_size` (0: all), in the order of
 * wl_vocabulary_finish. Behind them join <unk>, with the count of what was left out, and in the
 * targets' also <s> and </s>, with the count of pairs; none of the three is part of max_size.
 * Where `shared` is 1 there is one vocabulary of both sides' tokens, with all three, and *source
 * and *target are the same pointer, which is destroyed once. The caller destroys them.
 * WL_OUT_OF_RANGE: more than 2^31 - 1 tokens in one. WL_NO_MEMORY. */
WL_API wl_status wl_pairs_vocabularies(wl_vocabulary **source, wl_vocabulary **target,
                                       const wl_examples *examples, int32_t level,
                                       int64_t min_count, int64_t max_size, int32_t shared,
                                       wl_error *error);

/* ------------------------------------------------------------------ pairs */

typedef struct wl_pairs wl_pairs;

/* The examples by the ids of two vocabularies, which may be the same, and neither of which it needs
 * any longer. A token that is not in one becomes <unk>. WL_OUT_OF_RANGE: where there is none; the
 * message names the pair, from 1, its side and the token. WL_NO_MEMORY. */
WL_API wl_status wl_pairs_create(wl_pairs **out, const wl_examples *examples, int32_t level,
                                 const wl_vocabulary *source, const wl_vocabulary *target,
                                 wl_error *error);
WL_API void wl_pairs_destroy(wl_pairs *pairs); /* takes null */

WL_API int64_t wl_pairs_size(const wl_pairs *pairs); /* pairs, at least 1 */

/* The ids of pair i in 0..size-1, which the caller answers for, without <s> and </s>: [*count],
 * which may be 0. They live as long as the pairs. */
WL_API const int32_t *wl_pairs_source(const wl_pairs *pairs, int64_t i, int64_t *count);
WL_API const int32_t *wl_pairs_target(const wl_pairs *pairs, int64_t i, int64_t *count);

WL_API int64_t wl_pairs_longest_source(const wl_pairs *pairs); /* the largest *count */
WL_API int64_t wl_pairs_longest_target(const wl_pairs *pairs);
WL_API int64_t wl_pairs_source_tokens(const wl_pairs *pairs); /* the sum of them all */
WL_API int64_t wl_pairs_target_tokens(const wl_pairs *pairs);
WL_API uint64_t wl_pairs_hash(const wl_pairs *pairs); /* XXH3 of ids and counts */

/* ------------------------------------------------------------------ single lines */

/* The `length` bytes at `line`, which may be none and have no newline, as ids[*count] by the same
 * rules; *unknown of them are <unk> for want of another. `name` is how messages name the line. The
 * caller frees *out with free(). WL_BAD_FILE: no UTF-8, or a NUL; the message names the byte.
 * WL_OUT_OF_RANGE: an unknown token and no <unk>. WL_NO_MEMORY. */
WL_API wl_status wl_line_ids(int32_t **out, int64_t *count, int64_t *unknown, const char *line,
                             size_t length, int32_t level, const wl_vocabulary *words,
                             const char *name, wl_error *error);

/* The reverse: ids[count] spelled, words with a space between, without <s> and </s>. The caller
 * frees *out, which a 0 ends, with free(). WL_OUT_OF_RANGE: an id that the vocabulary lacks.
 * WL_NO_MEMORY. */
WL_API wl_status wl_line_text(char **out, const int32_t *ids, int64_t count, int32_t level,
                              const wl_vocabulary *words, wl_error *error);

WL_END
#endif
