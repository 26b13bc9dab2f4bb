/* The rules by which an operator is right: agreement with the oracle, derivatives, repetition. */
#ifndef JUDGE_H
#define JUDGE_H

#include "execution.h"

/* The backends under test, ending with null: every build of the CPU that runs here, and CUDA,
 * emulated or real, as the test was linked. */
const wl_backend *const *backends_under_test(void);

/* Each returns true, or false with what is wrong and how to repeat it in `why`. */
typedef char verdict[600];

/* Rule 3 of numerics.md: the backend against the oracle, a tensor at a time in the max norm,
 * within a tolerance that comes from what `plain` loses. */
bool agrees_on(const wl_backend *backend, const op_case *c, verdict why);

/* The gradients of a backward operator against central differences of its forward one on
 * `oracle` (the oracle itself, unless a test plants a mistake in it). */
bool differentiates_on(const wl_backend *oracle, const op_case *backward, verdict why);

/* The same bits a second time, and on the CPU for 1, 2, 4 and 8 threads. */
bool repeats_on(const wl_backend *backend, const op_case *c, verdict why);

/* Both, on every backend: what is right is worked out once, and the first run is held against it. */
bool agrees_and_repeats(const op_case *c, verdict why);

/* ------------------------------------------------------------------ for the families' tests
 * An assertion of cmocka each. */

/* A case of an operator: agrees, and repeats, on every backend, in each of f32, f16 and bf16
 * (where something is STORED) with ids of both widths (where there are any). */
void holds(const char *op, const char *sizes);
/* The same for each of `sizes`, which end with null, and `more` words. */
void all_hold(const char *op, const char *const *sizes, const char *more);
/* The derivative of a backward operator, in double. */
void differentiates(const char *backward_op, const char *sizes);
/* Runs an operator on every backend and compares one row with values that are exact. */
void gives(const op_case *c, const char *row, const double *values);
/* With `out` in the place of `in` it gives what it gives apart from it, to the bit, everywhere. */
void works_in_place(const char *op, const char *in, const char *out, const char *sizes);
/* A case, or a failed assertion. */
op_case made(const char *op, const char *sizes);
/* Puts values into a row of a case. */
void put_values(op_case *c, const char *row, const double *values);

#endif
