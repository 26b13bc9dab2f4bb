/* The book's layouts of recurrent layers, and ours: see golden_recurrent.h. */
#include "golden_recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static double *room(int64_t count)
{
    double *made = malloc((size_t)count * sizeof *made + 1);
    assert_non_null(made);
    return made;
}

/* [A,B,X] becomes [B,A,X]. */
static double *swapped(const double *from, int64_t A, int64_t B, int64_t X)
{
    double *to = room(A * B * X);
    for (int64_t a = 0; a < A; a++)
        for (int64_t b = 0; b < B; b++)
            for (int64_t x = 0; x < X; x++) to[(b * A + a) * X + x] = from[(a * B + b) * X + x];
    return to;
}

const book_cell rnn_of_book = { "rnn", false, 1, { 0 }, { 1 } };
const book_cell gru_of_book = { "gru", false, 3, { 1, 0, 2 }, { 1, -1, 1 } };
const book_cell lstm_of_book = { "lstm", true, 4, { 2, 0, 1, 3 }, { 1, 1, 1, 1 } };

/* Element (gate, unit, input) of the book's [in,GH]. */
static int64_t place(const book_cell *of, int64_t gate, int64_t j, int64_t i, int64_t H)
{
    return i * of->gates * H + of->block[gate] * H + j;
}

static void sizes_of(const golden *g, const char *tensor, const book_cell *of, int64_t *inputs,
                     int64_t *H)
{
    const int64_t first = golden_axis(g, tensor, 0), count = golden_count(g, tensor);
    *inputs = first == count ? 1 : first; /* a bias has one axis */
    *H = count / *inputs / of->gates;
}

void put_steps(op_case *c, const char *row, const golden *g, const char *tensor)
{
    double *ours = swapped(golden_values(g, tensor), golden_axis(g, tensor, 0),
                           golden_axis(g, tensor, 1), golden_axis(g, tensor, 2));
    put_values(c, row, ours);
    free(ours);
}

void put_gates(op_case *c, const char *row, const golden *g, const char *tensor,
               const book_cell *of)
{
    int64_t inputs, H;
    sizes_of(g, tensor, of, &inputs, &H);
    double *ours = room(of->gates * H * inputs);
    for (int64_t n = 0; n < of->gates * H; n++)
        for (int64_t i = 0; i < inputs; i++)
            ours[n * inputs + i] =
                of->sign[n / H] * golden_values(g, tensor)[place(of, n / H, n % H, i, H)];
    put_values(c, row, ours);
    free(ours);
}

void reproduces_steps(const golden *g, const char *tensor, const double *got)
{
    double *theirs = swapped(got, golden_axis(g, tensor, 1), golden_axis(g, tensor, 0),
                             golden_axis(g, tensor, 2));
    reproduces(g, tensor, theirs);
    free(theirs);
}

void reproduces_gates(const golden *g, const char *tensor, const double *got, const book_cell *of)
{
    int64_t inputs, H;
    sizes_of(g, tensor, of, &inputs, &H);
    double *theirs = room(of->gates * H * inputs);
    for (int64_t n = 0; n < of->gates * H; n++)
        for (int64_t i = 0; i < inputs; i++)
            theirs[place(of, n / H, n % H, i, H)] = of->sign[n / H] * got[n * inputs + i];
    reproduces(g, tensor, theirs);
    free(theirs);
}
