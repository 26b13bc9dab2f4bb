/* Spellings in upper case: a vocabulary of them, and each one's first row. */
#include "spellings.h"

#include "../data/upper_case.h"

#include <stdbool.h>
#include <stdlib.h>

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory for the words in upper case");
}

/* A buffer that any of the words fits into, once in upper case. */
static char *make_buffer(const wl_vocabulary *words, int64_t count)
{
    size_t longest = 0;
    for (int64_t i = 0; i < count; i++) {
        size_t length;
        wl_vocabulary_word(words, i, &length);
        if (length > longest) longest = length;
    }
    return malloc(3 * longest + 1);
}

static size_t spell(char *to, const wl_vocabulary *words, int64_t id, wl_counting counting)
{
    size_t length;
    const char *word = wl_vocabulary_word(words, id, &length);
    return counting == WL_COUNTING_GENSIM ? wl_upper_case_unicode(to, word, length)
                                          : wl_upper_case_ascii(to, word, length);
}

static wl_status add_rows(wl_spellings *s, const wl_vocabulary *words, wl_counting counting,
                          char *buffer)
{
    for (int64_t row = 0; row < s->rows; row++) {
        int64_t id;
        const size_t length = spell(buffer, words, row, counting);
        const int64_t known = wl_vocabulary_size(s->upper);
        const wl_status status = wl_vocabulary_add_count(s->upper, buffer, length, 1, &id);
        if (status) return status;
        s->of_row[row] = (int32_t)id;
        if (id == known) s->first[id] = (int32_t)row;
    }
    return WL_OK;
}

wl_status wl_spellings_create(wl_spellings **out, const wl_vocabulary *words,
                              const wl_evaluate_config *config, wl_error *error)
{
    *out = NULL;
    wl_spellings *s = calloc(1, sizeof *s);
    if (!s) return no_memory(error);
    s->rows = wl_vocabulary_size(words);
    if (config->considered > 0 && config->considered < s->rows) s->rows = config->considered;
    s->of_row = malloc(((size_t)s->rows + 1) * sizeof *s->of_row);
    s->first = malloc(((size_t)s->rows + 1) * sizeof *s->first);
    char *buffer = make_buffer(words, s->rows);
    wl_status status = s->of_row && s->first && buffer ? WL_OK : WL_NO_MEMORY;
    if (!status) status = wl_vocabulary_create(&s->upper);
    if (!status) status = add_rows(s, words, config->counting, buffer);
    free(buffer);
    if (status) {
        wl_spellings_destroy(s);
        return no_memory(error);
    }
    *out = s;
    return WL_OK;
}

void wl_spellings_destroy(wl_spellings *s)
{
    if (!s) return;
    wl_vocabulary_destroy(s->upper);
    free(s->of_row);
    free(s->first);
    free(s);
}

wl_status wl_spellings_find(const wl_spellings *s, const wl_vocabulary *asked, wl_counting counting,
                            int32_t **of, int32_t **unknown, int64_t *unknowns, wl_error *error)
{
    const int64_t count = wl_vocabulary_size(asked);
    char *buffer = make_buffer(asked, count);
    *of = malloc(((size_t)count + 1) * sizeof **of);
    *unknown = malloc(((size_t)count + 1) * sizeof **unknown);
    *unknowns = 0;
    const bool worked = buffer && *of && *unknown;
    for (int64_t id = 0; id < count && worked; id++) {
        const size_t length = spell(buffer, asked, id, counting);
        (*of)[id] = (int32_t)wl_vocabulary_find(s->upper, buffer, length);
        if ((*of)[id] < 0) (*unknown)[(*unknowns)++] = (int32_t)id;
    }
    free(buffer);
    if (worked) return WL_OK;
    free(*of);
    free(*unknown);
    *of = *unknown = NULL;
    return no_memory(error);
}
