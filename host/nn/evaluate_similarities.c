/* Agreement on similarity: the cosines of pairs, and their correlation with given scores. */
#include "spellings.h"

#include <math.h>
#include <stdlib.h>

typedef struct ranked {
    double value;
    int64_t at;
} ranked;

static int by_value(const void *a, const void *b)
{
    const double x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
    return (x > y) - (x < y);
}

/* Replaces each of the n values by its rank from 1, equal ones by the mean of theirs. */
static void rank(double *values, int64_t n, ranked *order)
{
    for (int64_t i = 0; i < n; i++) order[i] = (ranked){ values[i], i };
    qsort(order, (size_t)n, sizeof *order, by_value);
    for (int64_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && order[end].value == order[first].value;) end++;
        for (int64_t i = first; i < end; i++) values[order[i].at] = 0.5 * (double)(first + 1 + end);
    }
}

static double mean(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

/* NaN where either side has no variance; rounding is not to lead beyond 1. */
static double correlation(const double *x, const double *y, int64_t n)
{
    const double mean_x = mean(x, n), mean_y = mean(y, n);
    double xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < n; i++) {
        const double dx = x[i] - mean_x, dy = y[i] - mean_y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    if (n < 2 || !(xx > 0 && yy > 0)) return (double)NAN;
    return fmax(-1, fmin(1, xy / (sqrt(xx) * sqrt(yy))));
}

/* Fills both sides with what is known, and answers how much that is. */
static int64_t compare(const wl_similar *similar, const wl_spellings *spellings, const int32_t *of,
                       const wl_word_pairs *pairs, double *given, double *found)
{
    int64_t n = 0;
    for (int64_t i = 0; i < pairs->count; i++) {
        const int32_t a = of[pairs->ids[2 * i]], b = of[pairs->ids[2 * i + 1]];
        if (a < 0 || b < 0) continue;
        given[n] = pairs->score[i];
        found[n++] = wl_similar_cosine(similar, spellings->first[a], spellings->first[b]);
    }
    return n;
}

static wl_status correlate(wl_similarity_score *s, const wl_similar *similar,
                           const wl_spellings *spellings, const int32_t *of,
                           const wl_word_pairs *pairs, wl_error *error)
{
    const size_t room = (size_t)pairs->count + 1;
    double *given = malloc(room * sizeof *given), *found = malloc(room * sizeof *found);
    ranked *order = malloc(room * sizeof *order);
    wl_status status = WL_OK;
    if (given && found && order) {
        s->used = compare(similar, spellings, of, pairs, given, found);
        s->pearson = correlation(given, found, s->used);
        rank(given, s->used, order);
        rank(found, s->used, order);
        s->spearman = correlation(given, found, s->used);
    } else
        status = wl_error_set(error, WL_NO_MEMORY, "no memory for %lld cosines",
                              (long long)pairs->count);
    free(given);
    free(found);
    free(order);
    return status;
}

wl_status wl_evaluate_similarities(wl_similarity_score **out, const wl_similar *similar,
                                   const wl_vocabulary *words, const wl_word_pairs *pairs,
                                   const wl_evaluate_config *config, wl_error *error)
{
    *out = NULL;
    wl_spellings *spellings = NULL;
    int32_t *of = NULL;
    wl_similarity_score *s = calloc(1, sizeof *s);
    if (!s) return wl_error_set(error, WL_NO_MEMORY, "no memory for a score");
    s->pairs = pairs->count;
    wl_status status = wl_spellings_create(&spellings, words, config, error);
    if (!status)
        status = wl_spellings_find(spellings, pairs->words, config->counting, &of, &s->unknown,
                                   &s->unknowns, error);
    if (!status) status = correlate(s, similar, spellings, of, pairs, error);
    wl_spellings_destroy(spellings);
    free(of);
    if (status)
        wl_similarity_score_destroy(s);
    else
        *out = s;
    return status;
}

void wl_similarity_score_destroy(wl_similarity_score *score)
{
    if (!score) return;
    free(score->unknown);
    free(score);
}
