/* The tokens of a UTF-8 text, streamed: one sentence a line, tokens split at space, tab, carriage
 * return, vertical tab and form feed. Lines and tokens have any length, the text any size. */
#ifndef WORDLOOM_NN_CORPUS_H
#define WORDLOOM_NN_CORPUS_H

#include <wordloom/nn/error.h>

WL_BEGIN

typedef struct wl_corpus wl_corpus;

/* Opens the text at `path`; "-" is standard input, kept in an unlinked file in $TMPDIR so that it
 * can be read again. A byte order mark at the start is skipped. WL_IO_ERROR. WL_NO_MEMORY. */
WL_API wl_status wl_corpus_open(wl_corpus **out, const char *path, wl_error *error);
WL_API void wl_corpus_close(wl_corpus *corpus); /* takes null */

typedef enum wl_corpus_kind {
    WL_CORPUS_TOKEN = 1,
    WL_CORPUS_SENTENCE_END = 2, /* once a line, also after an empty one and a last one without \n */
    WL_CORPUS_END = 3,          /* again and again, until wl_corpus_rewind */
} wl_corpus_kind;

typedef struct wl_corpus_item {
    wl_corpus_kind kind;
    const char *word; /* of a token; valid until the next call on the corpus; word[length] is 0 */
    size_t length;    /* bytes of the token, at least 1 */
} wl_corpus_item;

/* The next item. WL_BAD_FILE: the token is no valid UTF-8 or holds a NUL, or the text shrank; the
 * message names the line and the byte offset. WL_IO_ERROR. WL_NO_MEMORY: a token does not fit.
 * After an error the corpus can be rewound or closed. */
WL_API wl_status wl_corpus_next(wl_corpus *corpus, wl_corpus_item *item, wl_error *error);

/* A place in the text: between two items. */
typedef struct wl_corpus_mark {
    int64_t byte;   /* bytes before the place */
    int64_t line;   /* line of the place, from 1 */
    int32_t behind; /* of the line: 0 nothing yet, 1 something, 2 its newline too */
} wl_corpus_mark;

/* Where the next item begins, and going back there, in this run or in a later one. */
WL_API wl_corpus_mark wl_corpus_tell(const wl_corpus *corpus);
WL_API void wl_corpus_seek(wl_corpus *corpus, wl_corpus_mark mark);
WL_API void wl_corpus_rewind(wl_corpus *corpus);

/* For progress: bytes already read, and of the whole text. */
WL_API int64_t wl_corpus_position(const wl_corpus *corpus);
WL_API int64_t wl_corpus_size(const wl_corpus *corpus);

WL_END
#endif
