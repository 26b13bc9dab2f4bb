/* Pairs of words with scores: a line at a time, split into columns. */
#include <wordloom/nn/word_pairs.h>

#include "lines.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN = 64 };

typedef struct column {
    char *text; /* text[length] is 0 where the line has been cut into columns */
    size_t length;
} column;

/* What belongs to one reading. */
typedef struct reading {
    wl_word_pairs *pairs;
    wl_reader *reader;
    locale_t plain;
    int64_t line, room;
    int64_t score_at; /* the column of the score, from 0 */
    int header_past;  /* whether a header can come no more */
    wl_error *error;
} reading;

static wl_status expected(const reading *r, const char *what, const column *found)
{
    return wl_error_set(r->error, WL_BAD_FILE, "%s: line %" PRId64 ": expected %s, found \"%.*s\"",
                        wl_reader_name(r->reader), r->line, what,
                        (int)(found->length < SHOWN ? found->length : SHOWN), found->text);
}

static wl_status no_memory(const reading *r)
{
    return wl_error_set(r->error, WL_NO_MEMORY, "%s: line %" PRId64 ": no memory for it",
                        wl_reader_name(r->reader), r->line);
}

/* ------------------------------------------------------------------ columns */

/* Takes the next column off the rest of a line; false: there is none. Around it, spaces go. */
static int take_column(column *rest, int tabs, column *out)
{
    const char *gaps = tabs ? "\t" : " ";
    if (!rest->text) return 0;
    char *text = rest->text + strspn(rest->text, " ");
    const size_t length = strcspn(text, gaps);
    char *end = text + length;
    *rest = (column){ *end ? end + 1 : NULL, 0 };
    while (end > text && end[-1] == ' ') end--;
    *end = 0;
    *out = (column){ text, (size_t)(end - text) };
    return tabs || out->length > 0;
}

static int read_number(const reading *r, const column *c, double *out)
{
    char *end;
    if (c->length == 0 || strspn(c->text, "0123456789+-.eE") != c->length) return 0;
    *out = strtod_l(c->text, &end, r->plain);
    return end == c->text + c->length && isfinite(*out);
}

/* The header's third column is `third`; `rest` are those behind it. */
static void read_header(reading *r, column third, column *rest, int tabs)
{
    int64_t at = 2;
    column c = third;
    do {
        if (!strcasecmp(c.text, "SimLex999")) r->score_at = at;
        at++;
    } while (take_column(rest, tabs, &c));
}

/* ------------------------------------------------------------------ pairs */

static wl_status make_room(reading *r)
{
    wl_word_pairs *p = r->pairs;
    if (p->count < r->room) return WL_OK;
    const int64_t room = r->room * 2 + 256;
    int32_t *ids = realloc(p->ids, (size_t)room * 2 * sizeof *ids);
    if (!ids) return no_memory(r);
    p->ids = ids;
    double *score = realloc(p->score, (size_t)room * sizeof *score);
    if (!score) return no_memory(r);
    p->score = score;
    r->room = room;
    return WL_OK;
}

static wl_status add_word(reading *r, const column *word, int32_t *id)
{
    int64_t found;
    if (word->length == 0) return expected(r, "a word", word);
    const wl_status status =
        wl_vocabulary_add_count(r->pairs->words, word->text, word->length, 1, &found);
    if (status == WL_OUT_OF_RANGE) return expected(r, "at most 2^31 - 1 different words", word);
    if (status) return no_memory(r);
    *id = (int32_t)found;
    return WL_OK;
}

static wl_status add_pair(reading *r, const column words[2], double score)
{
    wl_word_pairs *p = r->pairs;
    wl_status status = make_room(r);
    for (int i = 0; i < 2 && !status; i++)
        status = add_word(r, &words[i], p->ids + 2 * p->count + i);
    if (!status) p->score[p->count++] = score;
    return status;
}

static wl_status read_columns(reading *r, char *line, int tabs)
{
    column rest = { line, 0 }, first[3], score;
    for (int i = 0; i < 3; i++)
        if (!take_column(&rest, tabs, &first[i]))
            return wl_error_set(r->error, WL_BAD_FILE,
                                "%s: line %" PRId64 ": expected two words and a score, found %d "
                                "column%s",
                                wl_reader_name(r->reader), r->line, i, i == 1 ? "" : "s");
    double value;
    const int header = !r->header_past && !strchr("0123456789+-.", *first[2].text);
    r->header_past = 1;
    if (header) {
        read_header(r, first[2], &rest, tabs);
        return WL_OK;
    }
    score = first[2];
    for (int64_t at = 2; at < r->score_at; at++)
        if (!take_column(&rest, tabs, &score)) score = (column){ "", 0 };
    if (!read_number(r, &score, &value)) return expected(r, "a finite number as score", &score);
    return add_pair(r, first, value);
}

static wl_status read_line(void *user, int64_t number, char *line, wl_error *error)
{
    reading *r = user;
    (void)error;
    r->line = number;
    return read_columns(r, line, strchr(line, '\t') != NULL);
}

static wl_status read_all(reading *r)
{
    const wl_status status = wl_lines_read(r->reader, read_line, r, &r->line, r->error);
    if (status || r->pairs->count) return status;
    return wl_error_set(r->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected two words and a score, found the end",
                        wl_reader_name(r->reader), r->line);
}

wl_status wl_word_pairs_read(wl_word_pairs **out, const char *path, wl_error *error)
{
    reading r = { .score_at = 2, .error = error };
    *out = NULL;
    r.pairs = calloc(1, sizeof *r.pairs);
    r.plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    wl_status status = WL_OK;
    if (!r.pairs || !r.plain || wl_vocabulary_create(&r.pairs->words))
        status = wl_error_set(error, WL_NO_MEMORY, "%s: no memory to read it", path);
    if (!status) status = wl_reader_open(&r.reader, path, error);
    if (!status) status = read_all(&r);
    wl_reader_close(r.reader);
    if (r.plain) freelocale(r.plain);
    if (status)
        wl_word_pairs_destroy(r.pairs);
    else
        *out = r.pairs;
    return status;
}

void wl_word_pairs_destroy(wl_word_pairs *pairs)
{
    if (!pairs) return;
    free(pairs->ids);
    free(pairs->score);
    wl_vocabulary_destroy(pairs->words);
    free(pairs);
}
