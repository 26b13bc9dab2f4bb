/* Rows of contexts kept as REAL by a run of <wordloom/word2vec.h>, where tables have 16 bits: read
 * when their word becomes a context, rounded and written when no token of it can be one any more.
 */
#ifndef WL_REF_WORD2VEC_KEPT_H
#define WL_REF_WORD2VEC_KEPT_H

#include "word2vec_call.h"

static inline real *nth_row(void *rows, int64_t i, int64_t D) { return (real *)rows + i * D; }

static inline int64_t kept_rows(const call *c) { return 2 * c->s.window + 1; }

static inline void keep_nothing(const call *c, const wl_word2vec_scratch *at)
{
    for (int64_t i = 0; i < kept_rows(c); i++) at->kept_word[i] = -1;
}

/* The row of the word at a place; two places of one word share it. */
static inline real *kept_row(const call *c, const wl_word2vec_scratch *at, int64_t place)
{
    const int32_t id = token_at(c, place);
    int64_t i = 0, free = 0;
    for (; i < kept_rows(c) && at->kept_word[i] != id; i++)
        if (at->kept_word[i] < 0) free = i;
    if (i == kept_rows(c)) {
        i = free;
        at->kept_word[i] = id;
        at->kept_last[i] = place;
        word_vector(c, id, nth_row(at->kept, i, c->d->D));
        memcpy(nth_row(at->kept_before, i, c->d->D), nth_row(at->kept, i, c->d->D),
               (size_t)c->d->D * sizeof(real));
    }
    if (at->kept_last[i] < place) at->kept_last[i] = place;
    return nth_row(at->kept, i, c->d->D);
}

/* Writes the rows of words whose last place as a context lies before `first`, as a change of what
 * the table has meanwhile; `centre`, whose units write no other rows of contexts, counts the draws.
 */
static inline void release_rows(const call *c, const wl_word2vec_scratch *at, int64_t first,
                                int64_t centre)
{
    const int64_t D = c->d->D;
    const uint32_t step = wl_word2vec_rounding_step(c->position + (uint64_t)centre, c->s.units, 0);
    for (int64_t i = 0; i < kept_rows(c); i++) {
        if (at->kept_word[i] < 0 || at->kept_last[i] >= first) continue;
        real *change = nth_row(at->kept, i, D);
        add(change, -1, (row){ nth_row(at->kept_before, i, D), REAL_DTYPE }, D);
        add_to_row(c, &c->a->input, at->kept_word[i], change, 1, step);
        at->kept_word[i] = -1;
    }
}

#endif
