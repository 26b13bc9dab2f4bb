/* The two scores of an analogy, as <wordloom/nn/similar.h> defines them, once for one question and
 * for many. */
#ifndef WORDLOOM_HOST_ANALOGY_SCORE_H
#define WORDLOOM_HOST_ANALOGY_SCORE_H

#include <wordloom/nn/similar.h>

/* The query of 3CosAdd from rows of length 1, all [D]; its own length changes no order. */
static inline void wl_analogy_sum(float *query, const float *a, const float *b, const float *c,
                                  int64_t D)
{
    for (int64_t d = 0; d < D; d++) query[d] = b[d] - a[d] + c[d];
}

/* 3CosMul from the cosines of a row with a, b and c. */
static inline float wl_analogy_product(float a, float b, float c)
{
    return (1 + b) / 2 * ((1 + c) / 2) / ((1 + a) / 2 + 1e-3f);
}

#endif
