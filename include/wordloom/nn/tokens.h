/* A corpus as numbers: it is parsed once, and what is trained on is a row of word ids in which -1
 * ends a sentence. The row lies in an unlinked file in $TMPDIR, or else /tmp, four bytes an id,
 * so that its size is not bounded by memory. */
#ifndef WORDLOOM_NN_TOKENS_H
#define WORDLOOM_NN_TOKENS_H

#include <signal.h>

#include <wordloom/nn/corpus.h>
#include <wordloom/nn/vocabulary.h>

WL_BEGIN

typedef struct wl_tokens wl_tokens;

/* Hears every now and then how many words were read, and how many bytes of how many. */
typedef void wl_tokens_progress(void *user, int64_t words, int64_t bytes, int64_t total_bytes);

/* Reads the corpus from its start, counts its words, keeps of those that occur `min_count` times or
 * more the first `max_size` (0: all) in the order of wl_vocabulary_finish, and numbers the text by
 * them. The others leave no
 * gap, and neither do sentences without words. The caller destroys both results. `progress` and
 * `stop` may be null; nonzero *stop ends it with WL_INTERRUPTED. WL_OUT_OF_RANGE: no word is left.
 * WL_IO_ERROR: the temporary file cannot be written. Else as wl_corpus_next. */
WL_API wl_status wl_tokens_count(wl_tokens **out, wl_vocabulary **words, wl_corpus *corpus,
                                 int64_t min_count, int64_t max_size, wl_tokens_progress *progress,
                                 void *user, const volatile sig_atomic_t *stop, wl_error *error);

/* The same by the ids of a vocabulary that is there already. WL_OUT_OF_RANGE: the text has none of
 * its words. */
WL_API wl_status wl_tokens_encode(wl_tokens **out, wl_corpus *corpus, const wl_vocabulary *words,
                                  wl_tokens_progress *progress, void *user,
                                  const volatile sig_atomic_t *stop, wl_error *error);

WL_API void wl_tokens_destroy(wl_tokens *tokens); /* takes null */

WL_API int64_t wl_tokens_size(const wl_tokens *tokens);  /* ids, ends of sentences among them */
WL_API int64_t wl_tokens_words(const wl_tokens *tokens); /* ids without the ends of sentences */
WL_API int64_t wl_tokens_all(const wl_tokens *tokens);   /* words of the text, known or not */

/* XXH3 of the row's bytes: by it a run that goes on knows its text again. */
WL_API uint64_t wl_tokens_hash(const wl_tokens *tokens);

/* The ids from number `place` on, `room` at most, into `to`; *n receives how many there were, 0
 * at the end. WL_IO_ERROR. */
WL_API wl_status wl_tokens_read(const wl_tokens *tokens, int64_t place, int32_t *to, int64_t room,
                                int64_t *n, wl_error *error);

WL_END
#endif
