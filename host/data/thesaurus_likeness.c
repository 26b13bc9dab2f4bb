/* How alike synsets are, by what stands above them: see <wordloom/nn/thesaurus.h>. */
#include "thesaurus.h"

#include <stdlib.h>

/* ------------------------------------------------------------------ climbing */

static int by_id(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

wl_status wl_thesaurus_climb(wl_thesaurus *t, int32_t synset, wl_climb *out)
{
    int32_t found = 0, taken = 0;
    t->queue[found++] = synset;
    t->steps[synset] = 0;
    for (; taken < found; taken++) { /* breadth first, so the first way is the shortest */
        const int32_t *above, here = t->queue[taken];
        const int64_t n = wl_thesaurus_hypernyms(t, here, &above);
        for (int64_t i = 0; i < n; i++) {
            if (t->steps[above[i]] >= 0) continue;
            t->steps[above[i]] = t->steps[here] + 1;
            t->queue[found++] = above[i];
        }
    }
    qsort(t->queue, (size_t)found, sizeof *t->queue, by_id);
    int32_t *ids = malloc((size_t)found * 2 * sizeof *ids);
    *out = (wl_climb){ ids, ids ? ids + found : NULL, ids ? found : 0 };
    for (int32_t i = 0; i < found; i++) {
        if (ids) ids[i] = t->queue[i], ids[found + i] = t->steps[t->queue[i]];
        t->steps[t->queue[i]] = -1;
    }
    return ids ? WL_OK : WL_NO_MEMORY;
}

/* ------------------------------------------------------------------ two synsets */

static void meet(wl_likeness *best, int32_t steps, int32_t depth, int32_t common)
{
    const double path = 1.0 / (1 + steps), wu_palmer = 2.0 * depth / (steps + 2.0 * depth);
    if (path > best->path) best->path = path;
    if (wu_palmer <= best->wu_palmer) return;
    best->wu_palmer = wu_palmer;
    best->common = common;
}

/* Steps to the root that is thought above all tops. */
static int32_t steps_to_root(const wl_thesaurus *t, const wl_climb *c)
{
    int32_t least = INT32_MAX;
    for (int64_t i = 0; i < c->count; i++)
        if (t->depth[c->ids[i]] == 1 && c->steps[i] < least) least = c->steps[i];
    return least + 1;
}

/* Verbs are a node deeper, by the root above them. */
wl_likeness wl_thesaurus_likeness(const wl_thesaurus *t, const wl_climb *a, const wl_climb *b)
{
    wl_likeness best = { .common = -1 };
    const bool verbs = wl_thesaurus_part(t, a->ids[0]) == WL_VERB;
    if (verbs) meet(&best, steps_to_root(t, a) + steps_to_root(t, b), 1, -1);
    for (int64_t i = 0, k = 0; i < a->count && k < b->count;) {
        const int32_t x = a->ids[i], y = b->ids[k];
        if (x == y) meet(&best, a->steps[i] + b->steps[k], t->depth[x] + verbs, x);
        i += x <= y;
        k += y <= x;
    }
    return best;
}

/* ------------------------------------------------------------------ two words */

/* The senses of a word, all climbed; `free_senses` frees what there is, also after an error. */
typedef struct senses {
    const int32_t *ids;
    int64_t count;
    wl_climb *climbs;
} senses;

static void free_senses(senses *s)
{
    for (int64_t i = 0; i < s->count && s->climbs; i++) free(s->climbs[i].ids);
    free(s->climbs);
}

static wl_status climb_all(wl_thesaurus *t, const char *word, int32_t part, senses *s)
{
    char base[64];
    *s = (senses){ 0 };
    if (!wl_thesaurus_base(t, word, part, base)) return WL_OK;
    s->count = wl_thesaurus_senses(t, base, part, &s->ids);
    s->climbs = calloc((size_t)s->count + 1, sizeof *s->climbs);
    wl_status status = s->climbs ? WL_OK : WL_NO_MEMORY;
    for (int64_t i = 0; i < s->count && !status; i++)
        status = wl_thesaurus_climb(t, s->ids[i], &s->climbs[i]);
    return status;
}

static void compare_senses(const wl_thesaurus *t, const senses *a, const senses *b,
                           wl_word_likeness *best)
{
    for (int64_t i = 0; i < a->count; i++)
        for (int64_t k = 0; k < b->count; k++) {
            const wl_likeness one = wl_thesaurus_likeness(t, &a->climbs[i], &b->climbs[k]);
            if (one.path > best->path) {
                best->path = one.path;
                best->path_senses[0] = a->ids[i], best->path_senses[1] = b->ids[k];
            }
            if (one.wu_palmer > best->wu_palmer) {
                best->wu_palmer = one.wu_palmer;
                best->senses[0] = a->ids[i], best->senses[1] = b->ids[k];
                best->common = one.common;
            }
        }
}

wl_status wl_thesaurus_compare(wl_thesaurus *t, const char *a, const char *b, wl_word_likeness *out,
                               wl_error *error)
{
    const char *const words[2] = { a, b };
    bool known[2] = { false, false };
    wl_status status = WL_OK;
    *out = (wl_word_likeness){ 0, 0, { -1, -1 }, { -1, -1 }, -1 };
    for (int32_t part = 0; part < WL_PARTS_OF_SPEECH && !status; part++) {
        senses of[2];
        for (int i = 0; i < 2; i++) {
            const wl_status one = climb_all(t, words[i], part, &of[i]);
            if (one) status = one;
            known[i] = known[i] || of[i].count > 0;
        }
        if (!status) compare_senses(t, &of[0], &of[1], out);
        for (int i = 0; i < 2; i++) free_senses(&of[i]);
    }
    if (status) return wl_error_set(error, status, "no memory to compare words");
    for (int i = 0; i < 2; i++)
        if (!known[i])
            return wl_error_set(error, WL_OUT_OF_RANGE, "\"%.64s\": the thesaurus has no such word",
                                words[i]);
    return WL_OK;
}
