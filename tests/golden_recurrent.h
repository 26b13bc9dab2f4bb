/* The book's layouts of recurrent layers, and ours. */
#ifndef GOLDEN_RECURRENT_H
#define GOLDEN_RECURRENT_H

#include "golden.h"

/* Puts a tensor of the file, [N,T,X] there, into a row that is [T,N,X]. */
void put_steps(op_case *c, const char *row, const golden *g, const char *tensor);
/* Puts weights, [in,4H] there in blocks f, g, i, o, into a row that is [4H,in] in blocks i, f, g,
 * o; a bias has one row of them. */
void put_gates(op_case *c, const char *row, const golden *g, const char *tensor);

/* Assert that values in our layout are those of the file. */
void reproduces_steps(const golden *g, const char *tensor, const double *got);
void reproduces_gates(const golden *g, const char *tensor, const double *got);

#endif
