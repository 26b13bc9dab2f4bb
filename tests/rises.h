/* Whether a model's gradient is its loss's, however its parts are put together: operators are right
 * by tests of their own, here it is their wiring. */
#ifndef WORDLOOM_TESTS_RISES_H
#define WORDLOOM_TESTS_RISES_H

#include <wordloom/nn/parameters.h>

/* A parameter or a table, and its gradient as it was left: of each element, or of some rows. */
typedef struct part {
    const char *name;
    float *value;
    const float *gradient;
    int64_t count;
    const int64_t *rows; /* of E elements each; null: all */
    int64_t E;
} part;

part part_of_parameter(const wl_parameters *parameters, int32_t number);

/* Along its gradient the loss, the mean of `labels` numbers of f32, rises by the square of its
 * norm. */
void rises_along(const part *a, int64_t labels, double (*loss)(void *), void *user,
                 const char *what);

#endif
