/* The golden files: what the program of "Deep Learning from Scratch 2" computed in float64, and
 * how operators are held to it (rule 7 of numerics.md). */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "judge.h"

typedef struct golden golden;

/* What the book adds within logarithms and beside the roots of its optimisers: an input of its
 * formulas, no tolerance. */
static const double books_epsilon = 1e-7;

/* Reads layers/NAME.safetensors in $WORDLOOM_GOLDEN, or else in ../shared/golden beside the source
 * tree. Where that directory is missing the test is skipped, with the reason printed; a file that
 * is missing from it fails the test. */
golden *golden_open(const char *name);
void golden_close(golden *g);
const char *golden_name(const golden *g, int64_t i); /* of tensor i; null: there are no more */

/* A tensor of the file, whatever its element type; one that is not there fails the test. */
const double *golden_values(const golden *g, const char *tensor);
int64_t golden_axis(const golden *g, const char *tensor, int axis);
int64_t golden_count(const golden *g, const char *tensor);

/* A case whose sizes are printed as printf does. */
op_case golden_case(const char *op, const char *sizes, ...) __attribute__((format(printf, 2, 3)));
/* Puts a tensor of the file, of as many elements, into a row of a case. */
void put_golden(op_case *c, const char *row, const golden *g, const char *tensor);
/* Puts the same value into all elements of a row. */
void put_everywhere(op_case *c, const char *row, double value);

/* Runs a case on the oracle. The same case with its reals rounded to what a float holds must
 * agree, by rule 3, on every backend. */
outcome golden_run(const op_case *c);
const double *row_of(const outcome *o, const char *row);
/* Runs a case for one of its rows, and frees it. */
void golden_row(double *to, op_case *c, const char *row);

/* Asserts that values on the oracle are those of the file, or `right`, within rule 7. */
void reproduces(const golden *g, const char *tensor, const double *got);
void reproduces_values(const char *what, const double *right, const double *got, int64_t count);
/* Asserts that a parameter is the file's `after`, and that it moved `from` where it was as the
 * file's did from `before`: an error of a small step would hide in what it is added to. */
void reproduces_move(const golden *g, const char *before, const char *after, const double *from,
                     const double *got);

/* What main returns, given the tests that failed: CTest's code for skipped where the directory is
 * missing. */
int golden_result(int failed);

#endif
