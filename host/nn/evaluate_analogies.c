/* Analogy questions: all whose words are known are asked at once, and of the rows that score
 * highest one is the answer. */
#include "spellings.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KEPT = 5 }; /* rows of a question that gensim looks at */

enum { NO_ROW = -1, SKIPPED = -2 };

/* A question of which all four words are known. */
typedef struct asked {
    int64_t question;
    int32_t spelling[4];
} asked;

typedef struct evaluation {
    wl_similar *similar;
    const wl_questions *questions;
    const wl_evaluate_config *config;
    wl_spellings *spellings;
    int32_t *of;  /* the spelling of each word of the questions */
    asked *asked; /* [count] */
    int64_t *abc; /* [count,3]: their rows */
    int64_t count;
    wl_analogy_score *out;
} evaluation;

/* ------------------------------------------------------------------ answers */

/* Gensim alone looks at spellings: of the rows it is the first that is spelt like no word of the
 * question, or the last. Word2vec wants a score above 0. */
static int32_t choose(const evaluation *e, const asked *q, const wl_neighbour *best, int kept)
{
    const bool gensim = e->config->counting == WL_COUNTING_GENSIM;
    int32_t row = NO_ROW;
    for (int i = 0; i < kept && best[i].id >= 0; i++) {
        if (!gensim && !(best[i].cosine > 0)) break;
        row = (int32_t)best[i].id;
        const int32_t s = e->spellings->of_row[row];
        if (s != q->spelling[0] && s != q->spelling[1] && s != q->spelling[2]) break;
    }
    return row;
}

static wl_status answer_all(evaluation *e, wl_error *error)
{
    const int kept = e->config->counting == WL_COUNTING_GENSIM ? MOST_KEPT : 1;
    wl_neighbour *best = malloc(((size_t)(e->count * kept) + 1) * sizeof *best);
    if (!best) return wl_error_set(error, WL_NO_MEMORY, "no memory for the best rows");
    const int64_t before = wl_similar_search_first(e->similar, e->spellings->rows);
    const wl_status status =
        wl_similar_analogies(e->similar, e->abc, e->count, e->config->method, kept, best, error);
    wl_similar_search_first(e->similar, before);
    for (int64_t i = 0; i < e->count && !status; i++)
        e->out->answer[e->asked[i].question] = choose(e, &e->asked[i], best + i * kept, kept);
    free(best);
    return status;
}

/* ------------------------------------------------------------------ questions and tallies */

static void ask(evaluation *e, int64_t question)
{
    asked a = { .question = question };
    e->out->answer[question] = SKIPPED;
    for (int k = 0; k < 4; k++) {
        a.spelling[k] = e->of[e->questions->ids[4 * question + k]];
        if (a.spelling[k] < 0) return;
        if (k < 3) e->abc[3 * e->count + k] = e->spellings->first[a.spelling[k]];
    }
    e->asked[e->count++] = a;
}

static void add(wl_tally *to, const wl_tally *from)
{
    to->questions += from->questions;
    to->answered += from->answered;
    to->right += from->right;
}

static void tally(evaluation *e)
{
    const wl_questions *q = e->questions;
    const asked *next = e->asked, *end = e->asked + e->count;
    for (int64_t s = 0; s < q->sections; s++) {
        const int64_t stop = s + 1 < q->sections ? q->section[s + 1].first : q->count;
        wl_tally *t = &e->out->section[s];
        t->questions = stop - q->section[s].first;
        for (; next < end && next->question < stop; next++) {
            const int32_t row = e->out->answer[next->question];
            t->answered++;
            t->right += row >= 0 && e->spellings->of_row[row] == next->spelling[3];
        }
        const bool syntactic = strncmp(q->section[s].name, "gram", 4) == 0;
        add(syntactic ? &e->out->syntactic : &e->out->semantic, t);
        add(&e->out->all, t);
    }
}

static wl_status prepare(evaluation *e, const wl_vocabulary *words, wl_error *error)
{
    const wl_questions *q = e->questions;
    wl_analogy_score *out = e->out = calloc(1, sizeof *out);
    e->asked = malloc(((size_t)q->count + 1) * sizeof *e->asked);
    e->abc = malloc(3 * ((size_t)q->count + 1) * sizeof *e->abc);
    if (out) {
        out->sections = q->sections;
        out->section = calloc((size_t)q->sections + 1, sizeof *out->section);
        out->answer = malloc(((size_t)q->count + 1) * sizeof *out->answer);
    }
    if (!e->asked || !e->abc || !out || !out->section || !out->answer)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for the answers");
    wl_status status = wl_spellings_create(&e->spellings, words, e->config, error);
    if (!status)
        status = wl_spellings_find(e->spellings, q->words, e->config->counting, &e->of,
                                   &out->unknown, &out->unknowns, error);
    for (int64_t i = 0; i < q->count && !status; i++) ask(e, i);
    return status;
}

wl_status wl_evaluate_analogies(wl_analogy_score **out, wl_similar *similar,
                                const wl_vocabulary *words, const wl_questions *questions,
                                const wl_evaluate_config *config, wl_error *error)
{
    evaluation e = { .similar = similar, .questions = questions, .config = config };
    *out = NULL;
    wl_status status = prepare(&e, words, error);
    if (!status) status = answer_all(&e, error);
    if (!status) {
        tally(&e);
        *out = e.out;
    } else
        wl_analogy_score_destroy(e.out);
    wl_spellings_destroy(e.spellings);
    free(e.of);
    free(e.asked);
    free(e.abc);
    return status;
}

void wl_analogy_score_destroy(wl_analogy_score *score)
{
    if (!score) return;
    free(score->section);
    free(score->answer);
    free(score->unknown);
    free(score);
}
