/* Analogy questions in tiles: one product of matrices a tile and block of rows gives the scores,
 * of which each question keeps the best. */
#include "analogy_score.h"
#include "similar_rows.h"
#include "spellings.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Scores of a tile against a block: 256 KiB, or thrice that, which stay in cache to be read. Of
 * wide rows a tile has fewer, so that its queries take 32 MiB at most. */
enum { TILE = 64, BLOCK = 1024, MOST_KEPT = 5, MOST_NUMBERS = 1 << 23 };

enum { NO_ROW = -1, SKIPPED = -2 };

/* A question of which all four words are known. */
typedef struct asked {
    int64_t question;
    int32_t row[3], spelling[4];
} asked;

/* The best so far of one question, the first the best; rows of NO_ROW are still to come. */
typedef struct best {
    float score[MOST_KEPT];
    int32_t row[MOST_KEPT];
} best;

typedef struct evaluation {
    const wl_similar *similar;
    const wl_questions *questions;
    const wl_evaluate_config *config;
    wl_spellings *spellings;
    int32_t *of;  /* the spelling of each word of the questions */
    asked *asked; /* [count] */
    int64_t count;
    float *room; /* a thread's part: queries [queries*tile,D], scores [queries*tile,BLOCK], and what
                    products take; and three rows */
    int64_t room_each;
    int64_t tile; /* questions at a time */
    int queries;  /* rows of a product that a question takes: 1 or 3 */
    int kept;     /* of `best` */
    wl_analogy_score *out;
} evaluation;

/* ------------------------------------------------------------------ one tile */

/* `row` is room for three rows, where a query is their sum. */
static void write_queries(const evaluation *e, const asked *tile, int64_t n, float *query,
                          float *row)
{
    const int64_t D = wl_similar_width(e->similar);
    for (int64_t q = 0; q < n; q++) {
        float *to = e->queries == 1 ? row : query + q * 3 * D;
        for (int k = 0; k < 3; k++) wl_similar_row(e->similar, tile[q].row[k], to + k * D);
        if (e->queries == 1) wl_analogy_sum(query + q * D, row, row + D, row + 2 * D, D);
    }
}

/* Makes one score of three cosines where that is the method, and takes out the question's rows. */
static void finish_scores(const evaluation *e, const asked *q, int64_t first, int64_t rows,
                          float *score)
{
    if (e->queries == 3)
        for (int64_t i = 0; i < rows; i++)
            score[i] = wl_analogy_product(score[i], score[BLOCK + i], score[2 * BLOCK + i]);
    for (int k = 0; k < 3; k++) {
        const int64_t i = q->row[k] - first;
        if (i >= 0 && i < rows) score[i] = -INFINITY;
    }
}

/* Rows come in rising order, so that of equal scores the first stays in front. */
static void keep_best(best *b, int kept, int64_t first, int64_t rows, const float *score)
{
    for (int64_t i = 0; i < rows; i++) {
        if (!(score[i] > b->score[kept - 1])) continue;
        int at = kept - 1;
        for (; at > 0 && score[i] > b->score[at - 1]; at--) {
            b->score[at] = b->score[at - 1];
            b->row[at] = b->row[at - 1];
        }
        b->score[at] = score[i];
        b->row[at] = (int32_t)(first + i);
    }
}

/* With one kept it is that one, whatever its spelling: gensim alone looks at those. */
static int32_t choose(const evaluation *e, const asked *q, const best *b)
{
    int32_t row = NO_ROW;
    for (int i = 0; i < e->kept && b->row[i] != NO_ROW; i++) {
        row = b->row[i];
        const int32_t s = e->spellings->of_row[row];
        if (s != q->spelling[0] && s != q->spelling[1] && s != q->spelling[2]) break;
    }
    return row;
}

static void answer_tile(const evaluation *e, int64_t from, float *room)
{
    const int64_t D = wl_similar_width(e->similar), rows = e->spellings->rows;
    const int64_t n = e->count - from < e->tile ? e->count - from : e->tile;
    const asked *tile = e->asked + from;
    const float nothing = e->config->counting == WL_COUNTING_GENSIM ? -INFINITY : 0;
    float *scores = room + e->tile * e->queries * D;
    float *rest = scores + e->tile * e->queries * BLOCK;
    best found[TILE];
    write_queries(e, tile, n, room, rest);
    for (int64_t q = 0; q < n; q++)
        for (int i = 0; i < MOST_KEPT; i++) found[q].score[i] = nothing, found[q].row[i] = NO_ROW;
    for (int64_t first = 0; first < rows; first += BLOCK) {
        const int64_t block = rows - first < BLOCK ? rows - first : BLOCK;
        wl_similar_products(e->similar, room, n * e->queries, first, block, rest, scores, BLOCK);
        for (int64_t q = 0; q < n; q++) {
            float *score = scores + q * e->queries * BLOCK;
            finish_scores(e, &tile[q], first, block, score);
            keep_best(&found[q], e->kept, first, block, score);
        }
    }
    for (int64_t q = 0; q < n; q++)
        e->out->answer[tile[q].question] = choose(e, &tile[q], &found[q]);
}

static wl_status answer_all(evaluation *e, wl_error *error)
{
    const int64_t D = wl_similar_width(e->similar);
    e->queries = e->config->method == WL_ANALOGY_MULTIPLY ? 3 : 1;
    e->kept = e->config->counting == WL_COUNTING_GENSIM ? MOST_KEPT : 1;
    const int64_t most = MOST_NUMBERS / (e->queries * D);
    const int64_t tile = e->tile = most < 1 ? 1 : most < TILE ? most : TILE;
    const int64_t more = wl_similar_room(e->similar, e->tile * e->queries);
    e->room_each = e->tile * e->queries * (D + BLOCK) + (more > 3 * D ? more : 3 * D);
    e->room = calloc((size_t)omp_get_max_threads(), (size_t)e->room_each * sizeof *e->room);
    if (!e->room) return wl_error_set(error, WL_NO_MEMORY, "no memory for the scores of a tile");
#pragma omp parallel for schedule(dynamic)
    for (int64_t from = 0; from < e->count; from += tile)
        answer_tile(e, from, e->room + omp_get_thread_num() * e->room_each);
    return WL_OK;
}

/* ------------------------------------------------------------------ questions and tallies */

static void ask(evaluation *e, int64_t question)
{
    asked a = { .question = question };
    e->out->answer[question] = SKIPPED;
    for (int k = 0; k < 4; k++) {
        a.spelling[k] = e->of[e->questions->ids[4 * question + k]];
        if (a.spelling[k] < 0) return;
        if (k < 3) a.row[k] = e->spellings->first[a.spelling[k]];
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
    if (out) {
        out->sections = q->sections;
        out->section = calloc((size_t)q->sections + 1, sizeof *out->section);
        out->answer = malloc(((size_t)q->count + 1) * sizeof *out->answer);
    }
    if (!e->asked || !out || !out->section || !out->answer)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for the answers");
    wl_status status = wl_spellings_create(&e->spellings, words, e->config, error);
    if (!status)
        status = wl_spellings_find(e->spellings, q->words, e->config->counting, &e->of,
                                   &out->unknown, &out->unknowns, error);
    for (int64_t i = 0; i < q->count && !status; i++) ask(e, i);
    return status;
}

wl_status wl_evaluate_analogies(wl_analogy_score **out, const wl_similar *similar,
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
    free(e.room);
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
