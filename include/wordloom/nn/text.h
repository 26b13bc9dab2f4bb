/* A text as language models read it: a row of word or character ids in memory.
 *
 *   word   tokens split at space, tab, carriage return, vertical tab and form feed; the end of each
 *          line is the word <eos>, also of an empty one (as in the Penn Treebank of Mikolov et al.
 *          2010, where <unk> stands for rare words)
 *   char   each code point is a token, the newline among them */
#ifndef WORDLOOM_NN_TEXT_H
#define WORDLOOM_NN_TEXT_H

#include <wordloom/nn/vocabulary.h>

WL_BEGIN

enum { WL_TEXT_WORD = 0, WL_TEXT_CHAR = 1 };

typedef struct wl_text wl_text;

/* Reads the file at `path` ("-" is standard input) by the ids of a vocabulary. A token that it
 * lacks becomes <unk>, where it has that. WL_OUT_OF_RANGE: an unknown token and no <unk>; the
 * message names the token and its line; or there are no tokens, or more than 2^31 - 1. WL_BAD_FILE:
 * no UTF-8, or a NUL; the message names the line and the byte. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_text_read(wl_text **out, const char *path, int32_t level,
                              const wl_vocabulary *words, wl_error *error);

/* The same by a vocabulary made of the file: the tokens that occur `min_count` times or more, at
 * most `max_size` (0: all), in the order of wl_vocabulary_finish. Where others are left out <unk>
 * joins as the last one, unless the text has it itself. The caller destroys both results. */
WL_API wl_status wl_text_count(wl_text **out, wl_vocabulary **words, const char *path,
                               int32_t level, int64_t min_count, int64_t max_size, wl_error *error);

/* A string in memory, such as a prompt, that messages call `name`: its last line does not end. */
WL_API wl_status wl_text_parse(wl_text **out, const char *string, const char *name, int32_t level,
                               const wl_vocabulary *words, wl_error *error);

WL_API void wl_text_destroy(wl_text *text); /* takes null */

WL_API int64_t wl_text_size(const wl_text *text);       /* tokens */
WL_API const int32_t *wl_text_ids(const wl_text *text); /* live as long as the text */
WL_API uint64_t wl_text_hash(const wl_text *text);      /* XXH3 of the ids */

WL_END
#endif
