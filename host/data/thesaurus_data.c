/* Synsets, from data.POS, and what stands above them. A line of it is
 *   OFFSET LEX_FILENUM TYPE W_CNT WORD LEX_ID ... P_CNT SYMBOL OFFSET POS SOURCE/TARGET ... | GLOSS
 */
#include "thesaurus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What belongs to one reading. */
typedef struct reading {
    wl_thesaurus *t;
    int32_t room, edge_room, edges;
    int32_t *targets; /* offsets of hypernyms, before they are ids */
    wl_error *error;
} reading;

static wl_status no_memory(const reading *r)
{
    return wl_error_set(r->error, WL_NO_MEMORY, "no memory for the thesaurus");
}

/* ------------------------------------------------------------------ growing */

static bool grow(void **rows, int64_t room, size_t size)
{
    void *more = realloc(*rows, (size_t)room * size);
    if (more) *rows = more;
    return more != NULL;
}

static wl_status add_synset(reading *r, int64_t at)
{
    wl_thesaurus *t = r->t;
    if (t->count == r->room) {
        r->room = r->room * 2 + 1024;
        if (!grow((void **)&t->at, r->room, sizeof *t->at) ||
            !grow((void **)&t->first_hypernym, r->room + 1, sizeof *t->first_hypernym))
            return no_memory(r);
    }
    t->at[t->count] = at;
    t->first_hypernym[t->count++] = r->edges;
    return WL_OK;
}

static wl_status add_hypernym(reading *r, int32_t offset)
{
    if (r->edges == r->edge_room) {
        r->edge_room = r->edge_room * 2 + 1024;
        if (!grow((void **)&r->targets, r->edge_room, sizeof *r->targets)) return no_memory(r);
    }
    r->targets[r->edges++] = offset;
    return WL_OK;
}

/* ------------------------------------------------------------------ lines */

/* What is wrong with a line, or null. */
static const char *skip_words(wl_fields_of_line *line, const char *types)
{
    wl_word_field field;
    int32_t words, number;
    if (!wl_next_number(line, 10, &number)) return "a number of a lexicographer's file";
    if (!wl_next_field(line, &field) || field.length != 1 || !strchr(types, *field.text))
        return "the part of speech of the file";
    if (!wl_next_number(line, 16, &words) || words < 1) return "how many words there are";
    for (int32_t i = 0; i < words; i++) {
        if (!wl_next_field(line, &field)) return "a word";
        if (!wl_next_number(line, 16, &number)) return "a word's number";
    }
    return NULL;
}

static bool is_hypernym(const wl_word_field *symbol)
{
    return symbol->text[0] == '@' &&
           (symbol->length == 1 || (symbol->length == 2 && symbol->text[1] == 'i'));
}

static const char *take_pointer(reading *r, wl_fields_of_line *line, char type, wl_status *status)
{
    wl_word_field symbol, part, ends;
    int32_t offset;
    if (!wl_next_field(line, &symbol)) return "a pointer";
    if (!wl_next_number(line, 10, &offset)) return "a pointer's offset";
    if (!wl_next_field(line, &part) || part.length != 1) return "a pointer's part of speech";
    if (!wl_next_field(line, &ends) || ends.length != 4) return "a pointer's four digits";
    if (is_hypernym(&symbol) && *part.text == type) *status = add_hypernym(r, offset);
    return NULL;
}

static const char *take_pointers(reading *r, wl_fields_of_line *line, char type, wl_status *status)
{
    int32_t pointers;
    if (!wl_next_number(line, 10, &pointers)) return "how many pointers there are";
    for (int32_t i = 0; i < pointers && !*status; i++) {
        const char *wrong = take_pointer(r, line, type, status);
        if (wrong) return wrong;
    }
    return *status || memmem(line->at, (size_t)(line->end - line->at), "| ", 2)
               ? NULL
               : "a gloss behind \"| \"";
}

static wl_status read_line(reading *r, const wl_lexical_file *file, int64_t at, const char *types)
{
    wl_fields_of_line line = wl_line_at(file, at);
    int32_t offset;
    const char *wrong = NULL;
    wl_status status = add_synset(r, at);
    if (status) return status;
    const char *from = line.at;
    if (!wl_next_number(&line, 10, &offset) || offset != at) wrong = "its own place in bytes";
    if (!wrong) from = line.at, wrong = skip_words(&line, types);
    if (!wrong) from = line.at, wrong = take_pointers(r, &line, *types, &status);
    if (!wrong) return status;
    return wl_bad_line(file, at, wrong, &(wl_word_field){ from, line.end - from }, r->error);
}

/* The types of synsets of a part; the first is its letter in pointers. (s: an adjective that is
 * alike another.) */
static const char *const types_of[WL_PARTS_OF_SPEECH] = { "n", "v", "as", "r" };

static wl_status read_part(reading *r, int32_t number)
{
    wl_part *part = &r->t->part[number];
    const wl_lexical_file *file = &part->data;
    wl_status status = WL_OK;
    part->first = r->t->count;
    for (int64_t at = 0; at < file->length && !status;) {
        const int64_t end = wl_line_at(file, at).end - file->text;
        if (file->text[at] != ' ') status = read_line(r, file, at, types_of[number]);
        at = end + 1;
    }
    part->count = r->t->count - part->first;
    if (status || part->count > 0) return status;
    return wl_bad_line(file, file->length, "a synset", &(wl_word_field){ "", 0 }, r->error);
}

/* ------------------------------------------------------------------ what is above */

int32_t wl_synset_at(const wl_thesaurus *t, int32_t number, int64_t at)
{
    const wl_part *part = &t->part[number];
    int32_t low = part->first, high = part->first + part->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (t->at[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < part->first + part->count && t->at[low] == at ? low : -1;
}

static wl_status resolve(reading *r)
{
    wl_thesaurus *t = r->t;
    for (int32_t i = 0; i < t->count; i++) {
        const int32_t number = wl_thesaurus_part(t, i);
        for (int32_t k = t->first_hypernym[i]; k < t->first_hypernym[i + 1]; k++) {
            t->hypernyms[k] = wl_synset_at(t, number, r->targets[k]);
            if (t->hypernyms[k] >= 0) continue;
            char offset[16];
            const int length = snprintf(offset, sizeof offset, "%08d", (int)r->targets[k]);
            return wl_bad_line(&t->part[number].data, t->at[i], "a hypernym that there is",
                               &(wl_word_field){ offset, length }, r->error);
        }
    }
    return WL_OK;
}

/* Depths from the tops down: a synset is taken when all above it are (Kahn 1962). `above` [count]
 * counts those that are not; `below` are the edges turned round. */
static wl_status sink(reading *r, int32_t *above, const int32_t *first_below, const int32_t *below)
{
    wl_thesaurus *t = r->t;
    int32_t taken = 0, found = 0;
    for (int32_t i = 0; i < t->count; i++) {
        above[i] = t->first_hypernym[i + 1] - t->first_hypernym[i];
        t->depth[i] = 1;
        if (above[i] == 0) t->queue[found++] = i;
    }
    for (; taken < found; taken++) {
        const int32_t i = t->queue[taken];
        for (int32_t k = first_below[i]; k < first_below[i + 1]; k++) {
            const int32_t j = below[k];
            if (t->depth[j] < t->depth[i] + 1) t->depth[j] = t->depth[i] + 1;
            if (--above[j] == 0) t->queue[found++] = j;
        }
    }
    for (int32_t i = 0; i < t->count && found < t->count; i++)
        if (above[i] > 0)
            return wl_bad_line(&t->part[wl_thesaurus_part(t, i)].data, t->at[i],
                               "hypernyms that end", &(wl_word_field){ "a circle", 8 }, r->error);
    return WL_OK;
}

static void turn_round(const wl_thesaurus *t, int32_t *first_below, int32_t *below)
{
    memset(first_below, 0, (size_t)(t->count + 1) * sizeof *first_below);
    for (int32_t k = 0; k < t->first_hypernym[t->count]; k++) first_below[t->hypernyms[k] + 1]++;
    for (int32_t i = 0; i < t->count; i++) first_below[i + 1] += first_below[i];
    for (int32_t i = t->count; i-- > 0;)
        for (int32_t k = t->first_hypernym[i]; k < t->first_hypernym[i + 1]; k++)
            below[--first_below[t->hypernyms[k] + 1]] = i;
    /* each place was moved to its own beginning, a place too late */
    for (int32_t i = 0; i < t->count; i++) first_below[i] = first_below[i + 1];
    first_below[t->count] = t->first_hypernym[t->count];
}

static wl_status find_depths(reading *r)
{
    const size_t count = (size_t)r->t->count, edges = (size_t)r->edges;
    int32_t *above = malloc(count * sizeof *above);
    int32_t *first_below = malloc((count + 1) * sizeof *first_below);
    int32_t *below = malloc(edges * sizeof *below + 1);
    wl_status status = WL_OK;
    if (above && first_below && below) {
        turn_round(r->t, first_below, below);
        status = sink(r, above, first_below, below);
    } else
        status = no_memory(r);
    free(above);
    free(first_below);
    free(below);
    return status;
}

static wl_status allocate(reading *r)
{
    wl_thesaurus *t = r->t;
    const size_t count = (size_t)t->count;
    t->hypernyms = malloc((size_t)r->edges * sizeof *t->hypernyms + 1);
    t->depth = malloc(count * sizeof *t->depth);
    t->steps = malloc(count * sizeof *t->steps);
    t->queue = malloc(count * sizeof *t->queue);
    if (!t->hypernyms || !t->depth || !t->steps || !t->queue) return no_memory(r);
    t->first_hypernym[count] = r->edges;
    memset(t->steps, -1, count * sizeof *t->steps);
    return WL_OK;
}

wl_status wl_thesaurus_read_data(wl_thesaurus *t, wl_error *error)
{
    reading r = { .t = t, .error = error };
    wl_status status = WL_OK;
    for (int32_t number = 0; number < WL_PARTS_OF_SPEECH && !status; number++)
        status = read_part(&r, number);
    if (!status) status = allocate(&r);
    if (!status) status = resolve(&r);
    if (!status) status = find_depths(&r);
    free(r.targets);
    return status;
}
