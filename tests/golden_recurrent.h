/* The book's layouts of recurrent layers, and ours. */
#ifndef GOLDEN_RECURRENT_H
#define GOLDEN_RECURRENT_H

#include "golden.h"

/* A cell, and its gates as the book has them. */
typedef struct book_cell {
    const char *name; /* of the family of operators */
    bool cells;       /* there is c too */
    int gates;
    int block[4];   /* the book's block of each of our gates */
    double sign[4]; /* -1: the book's gate is the rest of ours to 1, since sigmoid(-x) is */
} book_cell;

extern const book_cell rnn_of_book, gru_of_book, lstm_of_book;

/* Puts a tensor of the file, [N,T,X] there, into a row that is [T,N,X]. */
void put_steps(op_case *c, const char *row, const golden *g, const char *tensor);
/* Puts weights, [in,GH] there, into a row that is [GH,in]; a bias has one row of them. */
void put_gates(op_case *c, const char *row, const golden *g, const char *tensor,
               const book_cell *of);

/* Assert that values in our layout are those of the file. */
void reproduces_steps(const golden *g, const char *tensor, const double *got);
void reproduces_gates(const golden *g, const char *tensor, const double *got, const book_cell *of);

#endif
