/* The corpus: the reader's tokens, checked for UTF-8, with sentences marked by their newlines. */
#include <wordloom/nn/corpus.h>
#include <wordloom/nn/file.h>

#include "utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What of the current line is behind us; also wl_corpus_mark.behind. */
enum { NOTHING = 0, SOMETHING = 1, ITS_NEWLINE = 2 };

struct wl_corpus {
    wl_reader *reader;
    int64_t start; /* 3 after a byte order mark, else 0 */
    int64_t line;
    int32_t behind;
};

static wl_status skip_byte_order_mark(wl_corpus *corpus, wl_error *error)
{
    char first[3] = { 0 };
    if (wl_reader_size(corpus->reader) < (int64_t)sizeof first) return WL_OK;
    wl_status status = wl_reader_read(corpus->reader, first, sizeof first, error);
    if (!status && memcmp(first, "\xef\xbb\xbf", sizeof first) == 0) corpus->start = sizeof first;
    return status;
}

wl_status wl_corpus_open(wl_corpus **out, const char *path, wl_error *error)
{
    *out = NULL;
    wl_corpus *corpus = calloc(1, sizeof *corpus);
    if (!corpus) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to open it", path);
    wl_status status = wl_reader_open(&corpus->reader, path, error);
    if (!status) status = skip_byte_order_mark(corpus, error);
    if (status) {
        wl_corpus_close(corpus);
        return status;
    }
    wl_corpus_rewind(corpus);
    *out = corpus;
    return WL_OK;
}

void wl_corpus_close(wl_corpus *corpus)
{
    if (!corpus) return;
    wl_reader_close(corpus->reader);
    free(corpus);
}

/* `at` is the byte in the text where the token begins. */
static wl_status check(const wl_corpus *corpus, const wl_token *token, int64_t at, wl_error *error)
{
    const char *name = wl_reader_name(corpus->reader);
    size_t bad = wl_invalid_utf8(token->bytes, token->length);
    if (bad < token->length)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: line %" PRId64 ", byte %" PRId64
                            ": expected UTF-8, found an invalid sequence that begins with 0x%02x",
                            name, corpus->line, at + (int64_t)bad,
                            (unsigned)(unsigned char)token->bytes[bad]);
    if (token->stop == 0)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: line %" PRId64 ", byte %" PRId64 ": expected text, found a NUL",
                            name, corpus->line, at + (int64_t)token->length);
    return WL_OK;
}

/* The end of a line that is wholly behind us, or of the text; 0: neither. */
static int ends(wl_corpus *corpus, wl_corpus_item *item)
{
    int done = wl_corpus_position(corpus) >= wl_corpus_size(corpus);
    if (corpus->behind != ITS_NEWLINE && !done) return 0;
    *item = (wl_corpus_item){ corpus->behind ? WL_CORPUS_SENTENCE_END : WL_CORPUS_END, NULL, 0 };
    if (corpus->behind == ITS_NEWLINE) corpus->line++;
    corpus->behind = NOTHING;
    return 1;
}

wl_status wl_corpus_next(wl_corpus *corpus, wl_corpus_item *item, wl_error *error)
{
    static const unsigned char gaps[256] = {
        [0] = 1, [' '] = 1, ['\t'] = 1, ['\r'] = 1, ['\v'] = 1, ['\f'] = 1, ['\n'] = 1
    };
    while (!ends(corpus, item)) {
        int64_t at = wl_corpus_position(corpus);
        wl_token token;
        wl_status status = wl_reader_token(corpus->reader, gaps, &token, error);
        if (!status) status = check(corpus, &token, at, error);
        if (status) return status;
        corpus->behind = token.stop == '\n' ? ITS_NEWLINE : SOMETHING;
        if (token.length == 0) continue;
        *item = (wl_corpus_item){ WL_CORPUS_TOKEN, token.bytes, token.length };
        return WL_OK;
    }
    return WL_OK;
}

wl_corpus_mark wl_corpus_tell(const wl_corpus *corpus)
{
    return (wl_corpus_mark){ wl_corpus_position(corpus), corpus->line, corpus->behind };
}

void wl_corpus_seek(wl_corpus *corpus, wl_corpus_mark mark)
{
    wl_reader_seek(corpus->reader, mark.byte < corpus->start ? corpus->start : mark.byte);
    corpus->line = mark.line;
    corpus->behind = mark.behind;
}

void wl_corpus_rewind(wl_corpus *corpus)
{
    wl_corpus_seek(corpus, (wl_corpus_mark){ corpus->start, 1, NOTHING });
}

int64_t wl_corpus_position(const wl_corpus *corpus) { return wl_reader_position(corpus->reader); }

int64_t wl_corpus_size(const wl_corpus *corpus) { return wl_reader_size(corpus->reader); }
