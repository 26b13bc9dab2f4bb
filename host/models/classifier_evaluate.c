/* What the classifier tells points to be. */
#include "classifier.h"

#include "../nn/floats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 1024 }; /* points of a pass at most */

/* Hears of points first..first+n-1 what their classes score: logits [n,C]. */
typedef void hear_scores(void *user, int64_t first, int64_t n, const float *logits, int64_t C);

/* Parts of the points, of which the last is filled up. */
static wl_status score_parts(wl_classifier_pass *p, const float *values, int64_t N, float *x,
                             float *logits, hear_scores *hear, void *user, wl_error *error)
{
    const wl_classifier *m = p->model;
    wl_status status = WL_OK;
    for (int64_t first = 0; first < N && !status; first += p->B) {
        const int64_t n = N - first < p->B ? N - first : p->B;
        memcpy(x, values + first * m->D, (size_t)(n * m->D) * sizeof *x);
        status = wl_floats_send(m->ctx, &p->x, x, error);
        if (!status) status = wl_classifier_step(p, error);
        if (!status) status = wl_floats_fetch(m->ctx, &p->logits, logits, error);
        if (!status) hear(user, first, n, logits, m->C);
    }
    return status;
}

static wl_status score(wl_classifier *m, const float *values, int64_t N, hear_scores *hear,
                       void *user, wl_error *error)
{
    wl_classifier_pass p = { .model = m, .B = N < TOGETHER ? N : TOGETHER };
    float *x = calloc((size_t)(p.B * m->D) + 1, sizeof *x);
    float *logits = malloc((size_t)(p.B * m->C) * sizeof *logits + 1);
    wl_status status = x && logits ? wl_classifier_pass_create(&p, error)
                                   : wl_error_set(error, WL_NO_MEMORY, "no memory for points");
    if (!status) status = score_parts(&p, values, N, x, logits, hear, user, error);
    wl_classifier_pass_destroy(&p);
    free(x);
    free(logits);
    return status;
}

static int32_t best_of(const float *logits, int64_t C)
{
    int32_t best = 0;
    for (int64_t i = 1; i < C; i++)
        if (logits[i] > logits[best]) best = (int32_t)i;
    return best;
}

static void keep_best(void *user, int64_t first, int64_t n, const float *logits, int64_t C)
{
    int32_t *ids = user;
    for (int64_t i = 0; i < n; i++) ids[first + i] = best_of(logits + i * C, C);
}

wl_status wl_classifier_predict(wl_classifier *m, const float *values, int64_t N, int32_t *ids,
                                wl_error *error)
{
    return N > 0 ? score(m, values, N, keep_best, ids, error) : WL_OK;
}

/* ------------------------------------------------------------------ evaluation */

typedef struct tally {
    const int32_t *labels;
    int32_t *ids; /* may be null */
    double loss;
    int64_t right;
} tally;

static double loss_of(const float *logits, int64_t C, int32_t label)
{
    const double most = (double)logits[best_of(logits, C)];
    double sum = 0;
    for (int64_t i = 0; i < C; i++) sum += exp((double)logits[i] - most);
    return log(sum) + most - (double)logits[label];
}

static void count(void *user, int64_t first, int64_t n, const float *logits, int64_t C)
{
    tally *t = user;
    for (int64_t i = 0; i < n; i++) {
        const int32_t told = best_of(logits + i * C, C), label = t->labels[first + i];
        t->loss += loss_of(logits + i * C, C, label);
        t->right += told == label;
        if (t->ids) t->ids[first + i] = told;
    }
}

wl_status wl_classifier_evaluate(wl_classifier *m, const wl_points *points, double *loss,
                                 int64_t *right, int32_t *ids, wl_error *error)
{
    const int64_t N = wl_points_size(points);
    tally t = { .labels = wl_points_labels(points), .ids = ids };
    wl_status status = wl_classifier_check_points(m, points, error);
    *right = 0;
    if (!status) status = score(m, wl_points_values(points), N, count, &t, error);
    if (status) return status;
    *loss = t.loss / (double)N;
    *right = t.right;
    return WL_OK;
}
