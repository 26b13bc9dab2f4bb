/* Words, from index.POS and POS.exc. A line of the former is
 *   LEMMA POS SYNSET_CNT P_CNT SYMBOL ... SENSE_CNT TAGSENSE_CNT OFFSET ...
 * and of the latter an inflected form and its base forms; both in the order of bytes. */
#include "thesaurus.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What belongs to one reading. */
typedef struct reading {
    wl_thesaurus *t;
    int32_t number;
    wl_part *part;
    int64_t line_room, sense_room;
    wl_error *error;
} reading;

static wl_status no_memory(const reading *r)
{
    return wl_error_set(r->error, WL_NO_MEMORY, "%s: no memory for it", r->part->index.path);
}

static int compare(const wl_word_field *a, const wl_word_field *b)
{
    const int64_t least = a->length < b->length ? a->length : b->length;
    const int order = memcmp(a->text, b->text, (size_t)least);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static wl_word_field first_field(const wl_lexical_file *file, int64_t at)
{
    wl_fields_of_line line = wl_line_at(file, at);
    wl_word_field field;
    wl_next_field(&line, &field);
    return field;
}

/* ------------------------------------------------------------------ the index */

static wl_status make_room(reading *r, int64_t senses)
{
    wl_part *p = r->part;
    if (p->line_count == r->line_room) {
        r->line_room = r->line_room * 2 + 1024;
        wl_index_line *lines = realloc(p->lines, (size_t)r->line_room * sizeof *lines);
        if (!lines) return no_memory(r);
        p->lines = lines;
    }
    if (p->sense_count + senses <= r->sense_room) return WL_OK;
    r->sense_room = r->sense_room * 2 + senses + 1024;
    int32_t *ids = realloc(p->senses, (size_t)r->sense_room * sizeof *ids);
    if (!ids) return no_memory(r);
    p->senses = ids;
    return WL_OK;
}

/* The offsets at a line's end; answers what is wrong, or null. */
static const char *take_senses(reading *r, wl_fields_of_line *line, int32_t senses)
{
    wl_part *p = r->part;
    int32_t offset;
    for (int32_t i = 0; i < senses; i++) {
        if (!wl_next_number(line, 10, &offset)) return "an offset";
        const int32_t id = wl_synset_at(r->t, r->number, offset);
        if (id < 0) return "the offset of a synset";
        p->senses[p->sense_count++] = id;
    }
    return NULL;
}

/* What stands before them. */
static const char *skip_pointers(wl_fields_of_line *line, int32_t *senses)
{
    wl_word_field field;
    int32_t pointers, number;
    if (!wl_next_field(line, &field)) return "a part of speech";
    if (!wl_next_number(line, 10, senses) || *senses < 1) return "how many senses there are";
    if (!wl_next_number(line, 10, &pointers)) return "how many pointers there are";
    for (int32_t i = 0; i < pointers; i++)
        if (!wl_next_field(line, &field)) return "a pointer";
    if (!wl_next_number(line, 10, &number) || !wl_next_number(line, 10, &number))
        return "two counts of senses";
    return (line->end - line->at) / 2 < *senses - 1 ? "as many offsets as senses" : NULL;
}

static wl_status read_line(reading *r, int64_t at)
{
    wl_part *p = r->part;
    wl_fields_of_line line = wl_line_at(&p->index, at);
    const char *from = line.at, *wrong = NULL;
    wl_word_field lemma, before;
    int32_t senses = 0;
    if (!wl_next_field(&line, &lemma)) wrong = "a word";
    if (!wrong && p->line_count > 0) {
        before = first_field(&p->index, p->lines[p->line_count - 1].at);
        if (compare(&before, &lemma) >= 0) wrong = "a word after the one before, by its bytes";
    }
    if (!wrong) from = line.at, wrong = skip_pointers(&line, &senses);
    wl_status status = wrong ? WL_OK : make_room(r, senses);
    if (status) return status;
    const int64_t first = p->sense_count;
    if (!wrong) from = line.at, wrong = take_senses(r, &line, senses);
    if (wrong)
        return wl_bad_line(&p->index, at, wrong, &(wl_word_field){ from, line.end - from },
                           r->error);
    p->lines[p->line_count++] = (wl_index_line){ at, (int32_t)first, senses };
    return WL_OK;
}

static wl_status read_lines(reading *r)
{
    const wl_lexical_file *file = &r->part->index;
    wl_status status = WL_OK;
    for (int64_t at = 0; at < file->length && !status;) {
        const int64_t end = wl_line_at(file, at).end - file->text;
        if (file->text[at] != ' ') status = read_line(r, at);
        at = end + 1;
    }
    if (status || r->part->line_count > 0) return status;
    return wl_bad_line(file, file->length, "a word", &(wl_word_field){ "", 0 }, r->error);
}

/* ------------------------------------------------------------------ exceptions */

static wl_status read_exception(reading *r, int64_t at)
{
    wl_part *p = r->part;
    const wl_fields_of_line line = wl_line_at(&p->exceptions, at);
    const wl_word_field whole = { line.at, line.end - line.at };
    const wl_word_field form = first_field(&p->exceptions, at);
    if (form.length == 0 || form.length + 1 >= whole.length)
        return wl_bad_line(&p->exceptions, at, "a form and its base", &whole, r->error);
    if (p->exception_count > 0) {
        const wl_word_field before =
            first_field(&p->exceptions, p->exception[p->exception_count - 1]);
        if (compare(&before, &form) > 0)
            return wl_bad_line(&p->exceptions, at, "a form after the one before, by its bytes",
                               &whole, r->error);
    }
    p->exception[p->exception_count++] = at;
    return WL_OK;
}

static wl_status read_exceptions(reading *r)
{
    wl_part *p = r->part;
    const wl_lexical_file *file = &p->exceptions;
    int64_t lines = 1;
    wl_status status = WL_OK;
    for (int64_t i = 0; i < file->length; i++) lines += file->text[i] == '\n';
    p->exception = malloc((size_t)lines * sizeof *p->exception);
    if (!p->exception) return no_memory(r);
    for (int64_t at = 0; at < file->length && !status;) {
        const int64_t end = wl_line_at(file, at).end - file->text;
        status = read_exception(r, at);
        at = end + 1;
    }
    return status;
}

wl_status wl_thesaurus_read_index(wl_thesaurus *t, int32_t number, wl_error *error)
{
    reading r = { .t = t, .number = number, .part = &t->part[number], .error = error };
    const wl_status status = read_lines(&r);
    return status ? status : read_exceptions(&r);
}

/* ------------------------------------------------------------------ looking up */

enum { LONGEST = 255 }; /* of a word that is looked up */

/* As the files have it: in lower case, with _ for a space. False: it is empty, or too long. */
static bool as_lemma(const char *word, char out[LONGEST + 1], wl_word_field *field)
{
    const size_t length = strlen(word);
    if (length == 0 || length > LONGEST) return false;
    for (size_t i = 0; i <= length; i++)
        out[i] = (char)(word[i] == ' ' ? '_' : tolower((unsigned char)word[i]));
    *field = (wl_word_field){ out, (int64_t)length };
    return true;
}

/* The line of a lemma; null: none. */
static const wl_index_line *find(const wl_part *p, const wl_word_field *lemma)
{
    int64_t low = 0, high = p->line_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const wl_word_field there = first_field(&p->index, p->lines[middle].at);
        const int order = compare(&there, lemma);
        if (order == 0) return &p->lines[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

int64_t wl_thesaurus_senses(const wl_thesaurus *t, const char *word, int32_t part,
                            const int32_t **ids)
{
    char lemma[LONGEST + 1];
    wl_word_field field;
    *ids = NULL;
    if (!as_lemma(word, lemma, &field)) return 0;
    const wl_index_line *line = find(&t->part[part], &field);
    if (!line) return 0;
    *ids = t->part[part].senses + line->first;
    return line->count;
}

/* ------------------------------------------------------------------ base forms */

static bool is_base(const wl_part *p, const char *text, size_t length, char out[64])
{
    const wl_word_field field = { text, (int64_t)length };
    if (length == 0 || !find(p, &field)) return false;
    snprintf(out, 64, "%.*s", (int)length, text);
    return true;
}

/* By the list: the first of its bases that is a word. */
static bool find_exception(const wl_part *p, const wl_word_field *form, char out[64])
{
    int64_t low = 0, high = p->exception_count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const wl_word_field there = first_field(&p->exceptions, p->exception[middle]);
        if (compare(&there, form) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == p->exception_count) return false;
    wl_fields_of_line line = wl_line_at(&p->exceptions, p->exception[low]);
    wl_word_field field;
    if (!wl_next_field(&line, &field) || compare(&field, form)) return false;
    while (wl_next_field(&line, &field))
        if (is_base(p, field.text, (size_t)field.length, out)) return true;
    return false;
}

/* Endings, and what stands in their place. */
static const struct ending {
    const char *from, *to;
} endings[WL_PARTS_OF_SPEECH][10] = {
    [WL_NOUN] = { { "s", "" },
                  { "ses", "s" },
                  { "xes", "x" },
                  { "zes", "z" },
                  { "ches", "ch" },
                  { "shes", "sh" },
                  { "men", "man" },
                  { "ies", "y" } },
    [WL_VERB] = { { "s", "" },
                  { "ies", "y" },
                  { "es", "e" },
                  { "es", "" },
                  { "ed", "e" },
                  { "ed", "" },
                  { "ing", "e" },
                  { "ing", "" } },
    [WL_ADJECTIVE] = { { "er", "" }, { "est", "" }, { "er", "e" }, { "est", "e" } },
};

static bool replace_ending(const wl_part *p, const wl_word_field *form, const struct ending *e,
                           char out[64])
{
    const int64_t stem = form->length - (int64_t)strlen(e->from);
    char tried[LONGEST + 8];
    if (stem < 1 || strcmp(form->text + stem, e->from)) return false;
    const int length = snprintf(tried, sizeof tried, "%.*s%s", (int)stem, form->text, e->to);
    return is_base(p, tried, (size_t)length, out);
}

int wl_thesaurus_base(const wl_thesaurus *t, const char *word, int32_t part, char out[64])
{
    const wl_part *p = &t->part[part];
    char lemma[LONGEST + 1];
    wl_word_field form;
    *out = 0;
    if (!as_lemma(word, lemma, &form)) return false;
    if (is_base(p, form.text, (size_t)form.length, out) || find_exception(p, &form, out))
        return true;
    for (const struct ending *e = endings[part]; e->from; e++)
        if (replace_ending(p, &form, e, out)) return true;
    return false;
}
