/* Pairs from the thesaurus: see <wordloom/nn/thesaurus_pairs.h>. */
#include <wordloom/nn/thesaurus_pairs.h>

#include "../core/philox.h"

#include <stdbool.h>
#include <stdlib.h>

/* A noun, and its senses. */
typedef struct noun {
    int64_t id; /* of the vocabulary's */
    int64_t senses;
    wl_climb *climbs; /* [senses] */
} noun;

typedef struct nouns {
    noun *list; /* [WL_THESAURUS_NOUNS] */
    int64_t count;
} nouns;

static wl_status no_memory(wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "no memory for pairs of the thesaurus");
}

/* ------------------------------------------------------------------ nouns */

static bool is_plain(const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((word[i] | 32) < 'a' || (word[i] | 32) > 'z') return false;
    return length >= 3;
}

static bool is_noun(const wl_thesaurus *t, const char *word, size_t length)
{
    const int32_t *ids;
    int64_t others = 0;
    if (!is_plain(word, length)) return false;
    for (int32_t part = WL_VERB; part < WL_PARTS_OF_SPEECH; part++)
        others += wl_thesaurus_senses(t, word, part, &ids);
    return wl_thesaurus_senses(t, word, WL_NOUN, &ids) > others;
}

static wl_status climb(wl_thesaurus *t, const char *word, noun *to)
{
    const int32_t *ids;
    const int64_t senses = wl_thesaurus_senses(t, word, WL_NOUN, &ids);
    to->climbs = calloc((size_t)senses, sizeof *to->climbs);
    if (!to->climbs) return WL_NO_MEMORY;
    for (; to->senses < senses; to->senses++)
        if (wl_thesaurus_climb(t, ids[to->senses], &to->climbs[to->senses])) return WL_NO_MEMORY;
    return WL_OK;
}

static wl_status find_nouns(nouns *n, wl_thesaurus *t, const wl_vocabulary *words, wl_error *error)
{
    n->list = calloc(WL_THESAURUS_NOUNS, sizeof *n->list);
    if (!n->list) return no_memory(error);
    for (int64_t id = 0; id < wl_vocabulary_size(words) && n->count < WL_THESAURUS_NOUNS; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(words, id, &length);
        if (!is_noun(t, word, length)) continue;
        noun *next = &n->list[n->count++];
        next->id = id;
        if (climb(t, word, next)) return no_memory(error);
    }
    if (n->count >= 2) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "expected two words or more that the thesaurus has as nouns, found %lld",
                        (long long)n->count);
}

static void free_nouns(nouns *n)
{
    for (int64_t i = 0; i < n->count; i++) {
        for (int64_t k = 0; k < n->list[i].senses; k++) free(n->list[i].climbs[k].ids);
        free(n->list[i].climbs);
    }
    free(n->list);
}

/* ------------------------------------------------------------------ pairs */

static double likeness(const wl_thesaurus *t, const noun *a, const noun *b)
{
    double most = 0;
    for (int64_t i = 0; i < a->senses; i++)
        for (int64_t k = 0; k < b->senses; k++) {
            const double one = wl_thesaurus_likeness(t, &a->climbs[i], &b->climbs[k]).wu_palmer;
            if (one > most) most = one;
        }
    return most;
}

/* The nouns become the pairs' words, by the same numbers. */
static wl_status name_words(wl_word_pairs *p, const nouns *n, const wl_vocabulary *words)
{
    wl_status status = wl_vocabulary_create(&p->words);
    for (int64_t i = 0; i < n->count && !status; i++) {
        size_t length;
        const char *word = wl_vocabulary_word(words, n->list[i].id, &length);
        status = wl_vocabulary_add(p->words, word, length);
    }
    return status;
}

static void draw_pairs(wl_word_pairs *p, const wl_thesaurus *t, const nouns *n, uint64_t seed)
{
    const uint64_t count = (uint64_t)n->count;
    for (; p->count < WL_THESAURUS_PAIRS; p->count++) {
        const wl_random r = wl_philox(seed, (uint64_t)p->count, 0, WL_PURPOSE_PAIRS);
        const int64_t a = (int64_t)((uint64_t)r.word[0] * count >> 32);
        const int64_t step = 1 + (int64_t)((uint64_t)r.word[1] * (count - 1) >> 32);
        const int64_t b = (a + step) % n->count; /* any other */
        p->ids[2 * p->count] = (int32_t)a;
        p->ids[2 * p->count + 1] = (int32_t)b;
        p->score[p->count] = likeness(t, &n->list[a], &n->list[b]);
    }
}

static wl_status make_pairs(wl_word_pairs *p, const wl_thesaurus *t, const nouns *n,
                            const wl_vocabulary *words, uint64_t seed, wl_error *error)
{
    p->ids = malloc(2 * WL_THESAURUS_PAIRS * sizeof *p->ids);
    p->score = malloc(WL_THESAURUS_PAIRS * sizeof *p->score);
    if (!p->ids || !p->score || name_words(p, n, words)) return no_memory(error);
    draw_pairs(p, t, n, seed);
    return WL_OK;
}

wl_status wl_thesaurus_pairs(wl_word_pairs **out, wl_thesaurus *t, const wl_vocabulary *words,
                             uint64_t seed, wl_error *error)
{
    nouns n = { 0 };
    *out = NULL;
    wl_word_pairs *p = calloc(1, sizeof *p);
    wl_status status = p ? find_nouns(&n, t, words, error) : no_memory(error);
    if (!status) status = make_pairs(p, t, &n, words, seed, error);
    free_nouns(&n);
    if (status)
        wl_word_pairs_destroy(p);
    else
        *out = p;
    return status;
}
