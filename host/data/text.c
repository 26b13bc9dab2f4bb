/* Texts of <wordloom/nn/text.h>, read line by line. */
#include <wordloom/nn/file.h>
#include <wordloom/nn/text.h>

#include "tokenize.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct wl_text {
    int32_t *ids;
    int64_t size, room;
};

static const char end_of_sentence[] = "<eos>", unknown[] = "<unk>";

/* What is done with each token: counted, or looked up. */
typedef struct scan {
    const char *name; /* of the source */
    int64_t line;
    int32_t level;
    wl_vocabulary *counted;     /* where tokens are counted; else null, */
    const wl_vocabulary *words; /* and looked up here */
    int64_t unk;                /* its id; -1: none */
    wl_text *text;
} scan;

/* ------------------------------------------------------------------ tokens */

static wl_status no_memory(const scan *s, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the text", s->name);
}

static wl_status append(const scan *s, int64_t id, wl_error *error)
{
    wl_text *t = s->text;
    if (t->size == INT32_MAX)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: line %" PRId64 ": expected at most 2^31 - 1 tokens", s->name,
                            s->line);
    if (t->size == t->room) {
        const int64_t room = t->room ? t->room + t->room / 2 : 1024;
        int32_t *more = realloc(t->ids, (size_t)room * sizeof *more);
        if (!more) return no_memory(s, error);
        t->ids = more;
        t->room = room;
    }
    t->ids[t->size++] = (int32_t)id;
    return WL_OK;
}

static wl_status token(const scan *s, const char *bytes, size_t length, wl_error *error)
{
    if (s->counted)
        return wl_vocabulary_add(s->counted, bytes, length) ? no_memory(s, error) : WL_OK;
    int64_t id = wl_vocabulary_find(s->words, bytes, length);
    if (id < 0) id = s->unk;
    if (id >= 0) return append(s, id, error);
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "%s: line %" PRId64
                        ": \"%.*s\" is not in the vocabulary, which has no %s for it",
                        s->name, s->line, length > 100 ? 100 : (int)length, bytes, unknown);
}

/* A line that begins at byte `at` of the source; `ended`: by a newline. */
static wl_status take_line(const scan *s, const char *line, size_t length, bool ended, int64_t at,
                           wl_error *error)
{
    wl_status status = wl_check_line(s->name, s->line, at, line, length, error);
    for (size_t begin = 0, n; !status && (n = wl_next_token(line, length, s->level, &begin)) > 0;
         begin += n)
        status = token(s, line + begin, n, error);
    if (status || !ended) return status;
    return s->level == WL_TEXT_CHAR ? token(s, "\n", 1, error)
                                    : token(s, end_of_sentence, sizeof end_of_sentence - 1, error);
}

/* ------------------------------------------------------------------ sources */

/* All lines of a file. The last one ends, for words, without a newline too. */
static wl_status take_file(scan *s, wl_reader *reader, wl_error *error)
{
    static const unsigned char stops[256] = { ['\n'] = 1 };
    wl_reader_seek(reader, 0);
    for (s->line = 1; wl_reader_position(reader) < wl_reader_size(reader); s->line++) {
        const int64_t at = wl_reader_position(reader);
        wl_token line;
        wl_status status = wl_reader_token(reader, stops, &line, error);
        if (status) return status;
        const size_t mark =
            at == 0 && line.length >= 3 && !memcmp(line.bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
        const bool ended = line.stop == '\n' || (s->level == WL_TEXT_WORD && line.length > mark);
        status =
            take_line(s, line.bytes + mark, line.length - mark, ended, at + (int64_t)mark, error);
        if (status) return status;
    }
    return WL_OK;
}

static wl_status take_string(scan *s, const char *string, wl_error *error)
{
    wl_status status = WL_OK;
    s->line = 1;
    for (const char *at = string; *at && !status; s->line++) {
        const char *end = strchrnul(at, '\n');
        status = take_line(s, at, (size_t)(end - at), *end == '\n', at - string, error);
        at = *end ? end + 1 : end;
    }
    return status;
}

/* Makes the text by a vocabulary, from a file or else from a string. */
static wl_status look_up(wl_text **out, scan *s, wl_reader *reader, const char *string,
                         wl_error *error)
{
    s->unk = wl_vocabulary_find(s->words, unknown, sizeof unknown - 1);
    s->text = calloc(1, sizeof *s->text);
    if (!s->text) return no_memory(s, error);
    wl_status status = reader ? take_file(s, reader, error) : take_string(s, string, error);
    if (!status && s->text->size == 0)
        status = wl_error_set(error, WL_OUT_OF_RANGE, "%s: is empty, expected a text", s->name);
    if (status)
        wl_text_destroy(s->text);
    else
        *out = s->text;
    return status;
}

wl_status wl_text_read(wl_text **out, const char *path, int32_t level, const wl_vocabulary *words,
                       wl_error *error)
{
    wl_reader *reader;
    *out = NULL;
    wl_status status = wl_reader_open(&reader, path, error);
    if (status) return status;
    scan s = { .name = wl_reader_name(reader), .level = level, .words = words };
    status = look_up(out, &s, reader, NULL, error);
    wl_reader_close(reader);
    return status;
}

wl_status wl_text_parse(wl_text **out, const char *string, const char *name, int32_t level,
                        const wl_vocabulary *words, wl_error *error)
{
    scan s = { .name = name, .level = level, .words = words };
    *out = NULL;
    return look_up(out, &s, NULL, string, error);
}

/* ------------------------------------------------------------------ a vocabulary of the text */

/* Leaves out what is rare; <unk> stands for that. */
static wl_status finish(wl_vocabulary *v, int64_t min_count, int64_t max_size)
{
    const int64_t all = wl_vocabulary_all_tokens(v);
    if (wl_vocabulary_finish(v, min_count, max_size)) return WL_NO_MEMORY;
    if (wl_vocabulary_kept_tokens(v) == all) return WL_OK;
    if (wl_vocabulary_find(v, unknown, sizeof unknown - 1) >= 0) return WL_OK;
    if (max_size > 1 && wl_vocabulary_size(v) == max_size &&
        wl_vocabulary_finish(v, min_count, max_size - 1))
        return WL_NO_MEMORY;
    const int64_t others = all - wl_vocabulary_kept_tokens(v);
    return wl_vocabulary_add_count(v, unknown, sizeof unknown - 1, others, NULL);
}

static wl_status count(scan *s, wl_vocabulary **words, wl_reader *reader, int64_t min_count,
                       int64_t max_size, wl_error *error)
{
    if (wl_vocabulary_create(words)) return no_memory(s, error);
    s->counted = *words;
    const wl_status status = take_file(s, reader, error);
    s->counted = NULL;
    if (status) return status;
    return finish(*words, min_count, max_size) ? no_memory(s, error) : WL_OK;
}

wl_status wl_text_count(wl_text **out, wl_vocabulary **words, const char *path, int32_t level,
                        int64_t min_count, int64_t max_size, wl_error *error)
{
    wl_reader *reader;
    *out = NULL;
    *words = NULL;
    wl_status status = wl_reader_open(&reader, path, error);
    if (status) return status;
    scan s = { .name = wl_reader_name(reader), .level = level };
    status = count(&s, words, reader, min_count, max_size, error);
    s.words = *words;
    if (!status) status = look_up(out, &s, reader, NULL, error);
    if (status) {
        wl_vocabulary_destroy(*words);
        *words = NULL;
    }
    wl_reader_close(reader);
    return status;
}

/* ------------------------------------------------------------------ the text */

void wl_text_destroy(wl_text *text)
{
    if (!text) return;
    free(text->ids);
    free(text);
}

int64_t wl_text_size(const wl_text *text) { return text->size; }
const int32_t *wl_text_ids(const wl_text *text) { return text->ids; }

uint64_t wl_text_hash(const wl_text *text)
{
    return XXH3_64bits(text->ids, (size_t)text->size * sizeof *text->ids);
}
