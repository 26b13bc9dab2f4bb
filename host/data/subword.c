/* The n-grams of a word, and the mean of their rows. */
#include "subword.h"

#include <string.h>

/* The word in its brackets, which are nowhere in memory. */
typedef struct bracketed {
    const char *word;
    size_t length; /* with both brackets */
} bracketed;

static int8_t byte_at(const bracketed *b, size_t i)
{
    if (i == 0) return '<';
    return (int8_t)(i == b->length - 1 ? '>' : b->word[i - 1]);
}

static int continues(const bracketed *b, size_t i)
{
    return i < b->length && (byte_at(b, i) & 0xc0) == 0x80;
}

/* Hashes the character at *i, and moves *i behind it. */
static uint32_t take_character(const bracketed *b, size_t *i, uint32_t hash)
{
    do hash = (hash ^ (uint32_t)byte_at(b, (*i)++)) * 16777619;
    while (continues(b, *i));
    return hash;
}

/* What is done with each bucket. */
typedef void visit(void *user, int32_t bucket);

static void visit_from(const wl_subword *s, const bracketed *b, size_t begin, visit *each,
                       void *user)
{
    uint32_t hash = 2166136261;
    size_t end = begin;
    for (int32_t n = 1; n <= s->max && end < b->length; n++) {
        hash = take_character(b, &end, hash);
        int alone = n == 1 && (begin == 0 || end == b->length);
        if (n >= s->min && !alone) each(user, (int32_t)(hash % (uint32_t)s->buckets));
    }
}

static void visit_all(const wl_subword *s, const char *word, size_t length, visit *each, void *user)
{
    static const char end[] = "</s>";
    if (s->buckets < 1 || (length == sizeof end - 1 && memcmp(word, end, length) == 0)) return;
    bracketed b = { word, length + 2 };
    for (size_t begin = 0; begin < b.length; begin++)
        if (!continues(&b, begin)) visit_from(s, &b, begin, each, user);
}

typedef struct list {
    int32_t *rows;
    int64_t room, count;
} list;

static void note(void *user, int32_t bucket)
{
    list *l = user;
    if (l->count < l->room) l->rows[l->count] = bucket;
    l->count++;
}

int64_t wl_subword_rows(const wl_subword *subword, const char *word, size_t length, int32_t *rows,
                        int64_t room)
{
    list l = { rows, room, 0 };
    visit_all(subword, word, length, note, &l);
    return l.count;
}

typedef struct sum {
    const float *subwords;
    float *to;
    int64_t D, count;
} sum;

static void add(void *user, int32_t bucket)
{
    sum *s = user;
    const float *row = s->subwords + bucket * s->D;
    for (int64_t d = 0; d < s->D; d++) s->to[d] += row[d];
    s->count++;
}

int64_t wl_subword_mean(const wl_subword *subword, const float *own, const float *subwords,
                        int64_t D, const char *word, size_t length, float *to)
{
    sum s = { subwords, to, D, own != NULL };
    for (int64_t d = 0; d < D; d++) to[d] = own ? own[d] : 0;
    visit_all(subword, word, length, add, &s);
    float share = s.count > 0 ? (float)(1.0 / (double)s.count) : 0;
    for (int64_t d = 0; d < D; d++) to[d] *= share;
    return s.count;
}

/* A number of one or two digits; answers what follows it, or null. */
static const char *take_small(const char *p, int32_t *to)
{
    const char *begin = p;
    for (*to = 0; *p >= '0' && *p <= '9' && p < begin + 2; p++) *to = *to * 10 + (*p - '0');
    return p > begin && *to <= WL_SUBWORD_LONGEST ? p : NULL;
}

int wl_subword_parse(wl_subword *to, const char *text)
{
    const char *p = take_small(text, &to->min);
    p = p && *p == '-' ? take_small(p + 1, &to->max) : NULL;
    return p && *p == 0;
}
