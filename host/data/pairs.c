/* Pairs of <wordloom/nn/pairs.h>: each side is one row of ids, and where each line's begin. */
#include <wordloom/nn/pairs.h>

#include "tokenize.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static const char unknown_mark[] = "<unk>", begin_mark[] = "<s>", end_mark[] = "</s>";

/* wl_examples_source or wl_examples_target */
typedef const char *string_of(const wl_examples *examples, int64_t i, size_t *length);

/* ------------------------------------------------------------------ vocabularies */

typedef struct counting {
    const wl_examples *examples;
    int32_t level;
    int64_t min_count, max_size;
    wl_vocabulary *words;
    int64_t tokens; /* those that are spelled as a mark too */
} counting;

static bool is_mark(const char *token, size_t length)
{
    static const char *const marks[] = { unknown_mark, begin_mark, end_mark };
    for (int i = 0; i < 3; i++)
        if (strlen(marks[i]) == length && !memcmp(token, marks[i], length)) return true;
    return false;
}

static wl_status count_side(counting *c, string_of *string)
{
    for (int64_t i = 0; i < wl_examples_size(c->examples); i++) {
        size_t length;
        const char *line = string(c->examples, i, &length);
        for (size_t at = 0, n; (n = wl_next_token(line, length, c->level, &at)) > 0; at += n) {
            c->tokens++;
            if (is_mark(line + at, n)) continue;
            const wl_status status = wl_vocabulary_add(c->words, line + at, n);
            if (status) return status;
        }
    }
    return WL_OK;
}

static wl_status join(wl_vocabulary *words, const char *mark, int64_t count)
{
    return wl_vocabulary_add_count(words, mark, strlen(mark), count, NULL);
}

/* Leaves out what is rare; the marks join. */
static wl_status finish(const counting *c, bool decodes)
{
    wl_status status = wl_vocabulary_finish(c->words, c->min_count, c->max_size);
    const int64_t pairs = wl_examples_size(c->examples);
    if (!status)
        status = join(c->words, unknown_mark, c->tokens - wl_vocabulary_kept_tokens(c->words));
    if (!status && decodes) status = join(c->words, begin_mark, pairs);
    if (!status && decodes) status = join(c->words, end_mark, pairs);
    return status;
}

/* The vocabulary of one side or, where `other` is not null, of both. */
static wl_status count(wl_vocabulary **out, counting c, string_of *one, string_of *other,
                       bool decodes, wl_error *error)
{
    wl_status status = wl_vocabulary_create(&c.words);
    if (!status) status = count_side(&c, one);
    if (!status && other) status = count_side(&c, other);
    if (!status) status = finish(&c, decodes);
    if (!status) {
        *out = c.words;
        return WL_OK;
    }
    wl_vocabulary_destroy(c.words);
    const int64_t pairs = wl_examples_size(c.examples);
    if (status == WL_OUT_OF_RANGE)
        return wl_error_set(error, status,
                            "the vocabulary of %" PRId64 " pairs: expected at most 2^31 - 1 tokens",
                            pairs);
    return wl_error_set(error, status, "no memory for the vocabulary of %" PRId64 " pairs", pairs);
}

wl_status wl_pairs_vocabularies(wl_vocabulary **source, wl_vocabulary **target,
                                const wl_examples *examples, int32_t level, int64_t min_count,
                                int64_t max_size, int32_t shared, wl_error *error)
{
    const counting c = {
        .examples = examples, .level = level, .min_count = min_count, .max_size = max_size
    };
    *source = *target = NULL;
    if (shared) {
        const wl_status status =
            count(source, c, wl_examples_source, wl_examples_target, true, error);
        *target = *source;
        return status;
    }
    wl_status status = count(source, c, wl_examples_source, NULL, false, error);
    if (!status) status = count(target, c, wl_examples_target, NULL, true, error);
    if (!status) return WL_OK;
    wl_vocabulary_destroy(*source);
    *source = NULL;
    return status;
}

/* ------------------------------------------------------------------ tokens and ids */

typedef struct lookup {
    const wl_vocabulary *words;
    int32_t level;
    int64_t unknown, begin, end; /* ids of the marks; -1: none */
} lookup;

static lookup look_up_in(const wl_vocabulary *words, int32_t level)
{
    return (lookup){ .words = words,
                     .level = level,
                     .unknown = wl_vocabulary_find(words, unknown_mark, strlen(unknown_mark)),
                     .begin = wl_vocabulary_find(words, begin_mark, strlen(begin_mark)),
                     .end = wl_vocabulary_find(words, end_mark, strlen(end_mark)) };
}

static int64_t id_of(const lookup *l, const char *token, size_t length)
{
    const int64_t id = wl_vocabulary_find(l->words, token, length);
    return id < 0 || id == l->begin || id == l->end ? l->unknown : id;
}

static int64_t count_tokens(const char *line, size_t length, int32_t level)
{
    int64_t tokens = 0;
    for (size_t at = 0, n; (n = wl_next_token(line, length, level, &at)) > 0; at += n) tokens++;
    return tokens;
}

/* Writes a line's ids, of which *unknown are <unk>. Answers null, or the first token that has no
 * id, of *bad bytes. */
static const char *look_up(const lookup *l, const char *line, size_t length, int32_t *ids,
                           int64_t *unknown, size_t *bad)
{
    *unknown = 0;
    for (size_t at = 0, n; (n = wl_next_token(line, length, l->level, &at)) > 0; at += n) {
        const int64_t id = id_of(l, line + at, n);
        *bad = n;
        if (id < 0) return line + at;
        *ids++ = (int32_t)id;
        *unknown += id == l->unknown;
    }
    return NULL;
}

static wl_status no_id(const char *where, const char *token, size_t length, wl_error *error)
{
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "%s: \"%.*s\" is not in the vocabulary, which has no %s for it", where,
                        length > 100 ? 100 : (int)length, token, unknown_mark);
}

/* ------------------------------------------------------------------ pairs */

typedef struct side {
    int32_t *ids;
    int64_t *start; /* [size + 1]: line i is ids[start[i]] to ids[start[i + 1] - 1] */
    int64_t longest;
} side;

struct wl_pairs {
    int64_t size;
    side source, target;
};

static wl_status fill_ids(side *s, const wl_examples *examples, string_of *string, const lookup *l,
                          const char *name, wl_error *error)
{
    for (int64_t i = 0; i < wl_examples_size(examples); i++) {
        size_t length, bad;
        int64_t unknown;
        const char *line = string(examples, i, &length);
        const char *token = look_up(l, line, length, s->ids + s->start[i], &unknown, &bad);
        if (!token) continue;
        char where[64];
        snprintf(where, sizeof where, "pair %" PRId64 ": %s", i + 1, name);
        return no_id(where, token, bad, error);
    }
    return WL_OK;
}

static wl_status fill(side *s, const wl_examples *examples, string_of *string, const lookup *l,
                      const char *name, wl_error *error)
{
    const int64_t size = wl_examples_size(examples);
    s->start = calloc((size_t)size + 1, sizeof *s->start);
    for (int64_t i = 0; i < size && s->start; i++) {
        size_t length;
        const char *line = string(examples, i, &length);
        const int64_t tokens = count_tokens(line, length, l->level);
        if (tokens > s->longest) s->longest = tokens;
        s->start[i + 1] = s->start[i] + tokens;
    }
    if (s->start) s->ids = malloc((size_t)s->start[size] * sizeof *s->ids + 1);
    if (!s->ids)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for the ids of %" PRId64 " pairs",
                            size);
    return fill_ids(s, examples, string, l, name, error);
}

wl_status wl_pairs_create(wl_pairs **out, const wl_examples *examples, int32_t level,
                          const wl_vocabulary *source, const wl_vocabulary *target, wl_error *error)
{
    *out = NULL;
    wl_pairs *p = calloc(1, sizeof *p);
    if (!p) return wl_error_set(error, WL_NO_MEMORY, "no memory for pairs of ids");
    p->size = wl_examples_size(examples);
    const lookup sources = look_up_in(source, level), targets = look_up_in(target, level);
    wl_status status = fill(&p->source, examples, wl_examples_source, &sources, "source", error);
    if (!status) status = fill(&p->target, examples, wl_examples_target, &targets, "target", error);
    if (status)
        wl_pairs_destroy(p);
    else
        *out = p;
    return status;
}

void wl_pairs_destroy(wl_pairs *p)
{
    if (!p) return;
    free(p->source.ids);
    free(p->source.start);
    free(p->target.ids);
    free(p->target.start);
    free(p);
}

static const int32_t *line_of(const side *s, int64_t i, int64_t *count)
{
    *count = s->start[i + 1] - s->start[i];
    return s->ids + s->start[i];
}

static uint64_t add_hash(const side *s, int64_t size, uint64_t seed)
{
    const size_t starts = ((size_t)size + 1) * sizeof *s->start;
    const size_t ids = (size_t)s->start[size] * sizeof *s->ids;
    return XXH3_64bits_withSeed(s->ids, ids, XXH3_64bits_withSeed(s->start, starts, seed));
}

int64_t wl_pairs_size(const wl_pairs *p) { return p->size; }

const int32_t *wl_pairs_source(const wl_pairs *p, int64_t i, int64_t *count)
{
    return line_of(&p->source, i, count);
}

const int32_t *wl_pairs_target(const wl_pairs *p, int64_t i, int64_t *count)
{
    return line_of(&p->target, i, count);
}

int64_t wl_pairs_longest_source(const wl_pairs *p) { return p->source.longest; }
int64_t wl_pairs_longest_target(const wl_pairs *p) { return p->target.longest; }
int64_t wl_pairs_source_tokens(const wl_pairs *p) { return p->source.start[p->size]; }
int64_t wl_pairs_target_tokens(const wl_pairs *p) { return p->target.start[p->size]; }

uint64_t wl_pairs_hash(const wl_pairs *p)
{
    return add_hash(&p->target, p->size, add_hash(&p->source, p->size, 0));
}

/* ------------------------------------------------------------------ single lines */

wl_status wl_line_ids(int32_t **out, int64_t *count, int64_t *unknown, const char *line,
                      size_t length, int32_t level, const wl_vocabulary *words, const char *name,
                      wl_error *error)
{
    *out = NULL;
    *count = *unknown = 0;
    const wl_status status = wl_check_line(name, 0, 0, line, length, error);
    if (status) return status;
    const int64_t tokens = count_tokens(line, length, level);
    int32_t *ids = malloc((size_t)tokens * sizeof *ids + 1);
    if (!ids) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for its ids", name);
    const lookup l = look_up_in(words, level);
    int64_t found;
    size_t bad;
    const char *token = look_up(&l, line, length, ids, &found, &bad);
    if (token) {
        free(ids);
        return no_id(name, token, bad, error);
    }
    *out = ids;
    *count = tokens;
    *unknown = found;
    return WL_OK;
}

/* Writes the text, unless `to` is null; answers its length. */
static size_t spell(char *to, const int32_t *ids, int64_t count, const lookup *l)
{
    size_t length = 0;
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] == l->begin || ids[i] == l->end) continue;
        size_t n;
        const char *token = wl_vocabulary_word(l->words, ids[i], &n);
        const bool apart = l->level == WL_TEXT_WORD && length > 0;
        if (to && apart) to[length] = ' ';
        length += apart;
        if (to) memcpy(to + length, token, n);
        length += n;
    }
    return length;
}

wl_status wl_line_text(char **out, const int32_t *ids, int64_t count, int32_t level,
                       const wl_vocabulary *words, wl_error *error)
{
    const lookup l = look_up_in(words, level);
    const int64_t size = wl_vocabulary_size(words);
    *out = NULL;
    for (int64_t i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= size)
            return wl_error_set(error, WL_OUT_OF_RANGE,
                                "id %" PRId64 " of a line: expected 0 to %" PRId64 ", found %d",
                                i + 1, size - 1, (int)ids[i]);
    const size_t length = spell(NULL, ids, count, &l);
    char *text = malloc(length + 1);
    if (!text) return wl_error_set(error, WL_NO_MEMORY, "no memory for the text of a line");
    spell(text, ids, count, &l);
    text[length] = 0;
    *out = text;
    return WL_OK;
}
