/* The thesaurus: opened, closed, and what it says of synsets. */
#include "thesaurus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const wl_parts_of_speech[WL_PARTS_OF_SPEECH] = { "noun", "verb", "adjective",
                                                             "adverb" };
static const char *const suffixes[WL_PARTS_OF_SPEECH] = { "noun", "verb", "adj", "adv" };

static wl_status read_files(wl_thesaurus *t, const char *directory, wl_error *error)
{
    wl_status status = WL_OK;
    for (int i = 0; i < WL_PARTS_OF_SPEECH && !status; i++) {
        wl_part *p = &t->part[i];
        status = wl_lexical_read(&p->data, directory, "data.", suffixes[i], false, error);
        if (!status)
            status = wl_lexical_read(&p->index, directory, "index.", suffixes[i], false, error);
        if (status) return status;
        char name[16];
        snprintf(name, sizeof name, "%s.exc", suffixes[i]);
        status = wl_lexical_read(&p->exceptions, directory, "", name, true, error);
    }
    return status;
}

wl_status wl_thesaurus_open(wl_thesaurus **out, const char *directory, wl_error *error)
{
    wl_thesaurus *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for it", directory);
    wl_status status = read_files(t, directory, error);
    if (!status) status = wl_thesaurus_read_data(t, error);
    for (int32_t i = 0; i < WL_PARTS_OF_SPEECH && !status; i++)
        status = wl_thesaurus_read_index(t, i, error);
    if (status)
        wl_thesaurus_close(t);
    else
        *out = t;
    return status;
}

static void free_file(wl_lexical_file *file)
{
    free(file->path);
    free(file->text);
}

void wl_thesaurus_close(wl_thesaurus *t)
{
    if (!t) return;
    for (int i = 0; i < WL_PARTS_OF_SPEECH; i++) {
        wl_part *p = &t->part[i];
        free_file(&p->data), free_file(&p->index), free_file(&p->exceptions);
        free(p->lines);
        free(p->senses);
        free(p->exception);
    }
    free(t->at);
    free(t->depth);
    free(t->first_hypernym);
    free(t->hypernyms);
    free(t->steps);
    free(t->queue);
    free(t);
}

int64_t wl_thesaurus_size(const wl_thesaurus *t, int32_t part) { return t->part[part].count; }

/* ------------------------------------------------------------------ synsets */

int32_t wl_thesaurus_part(const wl_thesaurus *t, int32_t synset)
{
    int32_t part = 0;
    while (part < WL_PARTS_OF_SPEECH - 1 && synset >= t->part[part + 1].first) part++;
    return part;
}

/* The line of a synset from its words on, and how many these are. */
static wl_fields_of_line words_of(const wl_thesaurus *t, int32_t synset, int32_t *count)
{
    wl_fields_of_line line = wl_line_at(&t->part[wl_thesaurus_part(t, synset)].data, t->at[synset]);
    wl_word_field field;
    for (int i = 0; i < 3; i++) wl_next_field(&line, &field);
    wl_next_number(&line, 16, count);
    return line;
}

int64_t wl_thesaurus_synonyms(const wl_thesaurus *t, int32_t synset)
{
    int32_t count;
    words_of(t, synset, &count);
    return count;
}

/* Where an adjective stands may follow it: "(p)". */
void wl_thesaurus_synonym(const wl_thesaurus *t, int32_t synset, int64_t i, char out[64])
{
    int32_t count;
    wl_fields_of_line line = words_of(t, synset, &count);
    wl_word_field word = { "", 0 }, number;
    for (int64_t k = 0; k <= i && k < count; k++) {
        wl_next_field(&line, &word);
        wl_next_field(&line, &number);
    }
    const char *mark = memchr(word.text, '(', (size_t)word.length);
    const int length = (int)(mark && mark > word.text ? mark - word.text : word.length);
    snprintf(out, 64, "%.*s", length, word.text);
    for (char *c = out; *c; c++)
        if (*c == '_') *c = ' ';
}

const char *wl_thesaurus_gloss(const wl_thesaurus *t, int32_t synset, size_t *length)
{
    int32_t count;
    const wl_fields_of_line line = words_of(t, synset, &count);
    const char *gloss = memmem(line.at, (size_t)(line.end - line.at), "| ", 2), *end = line.end;
    gloss = gloss ? gloss + 2 : end;
    while (end > gloss && (end[-1] == ' ' || end[-1] == '\r')) end--;
    *length = (size_t)(end - gloss);
    return gloss;
}

int64_t wl_thesaurus_hypernyms(const wl_thesaurus *t, int32_t synset, const int32_t **ids)
{
    *ids = t->hypernyms + t->first_hypernym[synset];
    return t->first_hypernym[synset + 1] - t->first_hypernym[synset];
}

int64_t wl_thesaurus_depth(const wl_thesaurus *t, int32_t synset) { return t->depth[synset]; }
