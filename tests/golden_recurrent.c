/* <wordloom/rnn.h>, <wordloom/gru.h> and <wordloom/lstm.h> against the golden files time_rnn_*,
 * time_gru_* and time_lstm_*. */
#include "golden_recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 256 /* elements of a tensor */ };

typedef struct cell {
    const char *name, *forward, *words, *backward, *backward_words; /* of the file; operators */
    const book_cell *book;
    bool cells; /* there is c too */
} cell;

static const cell rnn = { "rnn", "rnn_forward", "", "rnn_backward", "", &rnn_of_book, false };
static const cell gru = { "gru",          "gru_forward",      "reset=1 -bn",
                          "gru_backward", "reset=1 -bn -dbn", &gru_of_book,
                          false };
static const cell lstm = { "lstm", "lstm_forward", "", "lstm_backward", "", &lstm_of_book, true };

/* A part of a file that is a call of ours. */
typedef struct chunk {
    const cell *of;
    const golden *file;
    const char *number; /* of its tensors: "", "0" or "1" */
    int T, B, D, H;
    const double *h0, *c0; /* null: 0 */
} chunk;

static const char *named(char out[64], const char *what, const chunk *k)
{
    snprintf(out, 64, "%s%s", what, k->number);
    return out;
}

/* ------------------------------------------------------------------ a chunk */

/* A case of an operator with its words, and what both directions read. */
static op_case case_of(const chunk *k, const char *op, const char *words, const char *more)
{
    char name[64];
    op_case c = golden_case(op, "T=%d B=%d D=%d H=%d -lengths %s%s%s%s", k->T, k->B, k->D, k->H,
                            words, k->h0 ? "" : " -h0", k->of->cells && !k->c0 ? " -c0" : "", more);
    put_steps(&c, "x", k->file, named(name, "in.xs", k));
    put_gates(&c, "w", k->file, "param.weight_x", k->of->book);
    put_gates(&c, "r", k->file, "param.weight_h", k->of->book);
    if (k->h0) put_values(&c, "h0", k->h0);
    if (k->c0) put_values(&c, "c0", k->c0);
    return c;
}

static outcome forward(const chunk *k, op_case *c, const char *last_h, const char *last_c)
{
    char name[64];
    *c = case_of(k, k->of->forward, k->of->words, "");
    put_gates(c, "b", k->file, "param.bias", k->of->book);
    outcome o = golden_run(c);
    reproduces_steps(k->file, named(name, "out.hs", k), row_of(&o, "h"));
    reproduces(k->file, last_h, row_of(&o, "hT"));
    if (k->of->cells) reproduces(k->file, last_c, row_of(&o, "cT"));
    return o;
}

static void reproduces_weights(const chunk *k, const char *what, const double *got)
{
    char name[64];
    snprintf(name, sizeof name, "grad%s.%s", k->number, what);
    reproduces_gates(k->file, name, got, k->of->book);
}

static void backward(const chunk *k, const outcome *ahead)
{
    char name[64];
    op_case c =
        case_of(k, k->of->backward, k->of->backward_words, k->of->cells ? " -dhT -dcT" : " -dhT");
    put_steps(&c, "dh", k->file, named(name, "in.dhs", k));
    put_values(&c, "h", row_of(ahead, "h"));
    if (k->of->cells) put_values(&c, "c", row_of(ahead, "c"));
    if (k->of->book->gates > 1) put_values(&c, "gates", row_of(ahead, "gates"));
    put_everywhere(&c, "dw", 0), put_everywhere(&c, "dr", 0), put_everywhere(&c, "db", 0);
    outcome o = golden_run(&c);
    reproduces_steps(k->file, named(name, "out.dxs", k), row_of(&o, "dx"));
    reproduces(k->file, *k->number ? named(name, "out.dh", k) : "out.dh0", row_of(&o, "dh0"));
    reproduces_weights(k, "weight_x", row_of(&o, "dw"));
    reproduces_weights(k, "weight_h", row_of(&o, "dr"));
    reproduces_weights(k, "bias", row_of(&o, "db"));
    outcome_free(&o);
    case_free(&c);
}

static chunk chunk_of(const cell *of, const golden *g, const char *number)
{
    chunk k = { .of = of, .file = g, .number = number };
    char name[64];
    named(name, "in.xs", &k);
    k.B = (int)golden_axis(g, name, 0);
    k.T = (int)golden_axis(g, name, 1);
    k.D = (int)golden_axis(g, name, 2);
    k.H = (int)golden_axis(g, "param.weight_h", 0);
    return k;
}

/* ------------------------------------------------------------------ the files */

static golden *opened(const cell *of, const char *variant)
{
    char name[64];
    snprintf(name, sizeof name, "time_%s_%s", of->name, variant);
    return golden_open(name);
}

/* One call, from a state of 0 or from what is given. */
static void one_call(const cell *of, const char *variant, bool h0, bool c0)
{
    golden *g = opened(of, variant);
    chunk k = chunk_of(of, g, "");
    op_case c;
    if (h0) k.h0 = golden_values(g, "in.h0");
    if (c0) k.c0 = golden_values(g, "in.c0");
    outcome o = forward(&k, &c, "out.h_last", "out.c_last");
    backward(&k, &o);
    outcome_free(&o);
    case_free(&c);
    golden_close(g);
}

static void a_layer_from_nothing_is_the_books(void **state)
{
    one_call(*state, "stateless", false, false);
}

static void a_layer_from_a_given_state_is_the_books(void **state)
{
    one_call(*state, "set_state", true, false);
}

static void a_layer_from_given_cells_is_the_books(void **state)
{
    one_call(*state, "set_state_hc", true, true);
}

/* the state goes on from call to call, its gradient does not */
static void a_layer_that_carries_its_state_is_the_books(void **state)
{
    golden *g = opened(*state, "stateful");
    chunk first = chunk_of(*state, g, "0"), second = chunk_of(*state, g, "1");
    op_case c, d;
    outcome o = forward(&first, &c, "out.h0", "out.c0");
    second.h0 = row_of(&o, "hT");
    if (second.of->cells) second.c0 = row_of(&o, "cT");
    outcome p = forward(&second, &d, "out.h1", "out.c1");
    backward(&first, &o);
    backward(&second, &p);
    outcome_free(&o), outcome_free(&p);
    case_free(&c), case_free(&d);
    golden_close(g);
}

/* the gates of the first step, in the order i, f, g, o */
static void the_gates_of_an_lstm_are_the_books(void **state)
{
    static const char *const names[] = { "step0.i", "step0.f", "step0.g", "step0.o" };
    golden *g = opened(*state, "set_state_hc");
    chunk k = chunk_of(*state, g, "");
    op_case c;
    k.h0 = golden_values(g, "in.h0"), k.c0 = golden_values(g, "in.c0");
    outcome o = forward(&k, &c, "out.h_last", "out.c_last");
    for (int gate = 0; gate < 4; gate++) {
        double one[MOST];
        assert_in_range(k.B * k.H, 1, MOST);
        for (int b = 0; b < k.B; b++)
            memcpy(one + b * k.H, row_of(&o, "gates") + (b * 4 + gate) * k.H,
                   (size_t)k.H * sizeof *one);
        reproduces(g, names[gate], one);
    }
    reproduces(g, "step0.c", row_of(&o, "c"));
    outcome_free(&o);
    case_free(&c);
    golden_close(g);
}

/* A test of one cell. */
static struct CMUnitTest test_of(const char *name, CMUnitTestFunction test, const cell *of)
{
    return (struct CMUnitTest){ name, test, NULL, NULL, (void *)(uintptr_t)of };
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test_of("an_rnn_from_nothing_is_the_books", a_layer_from_nothing_is_the_books, &rnn),
        test_of("an_rnn_from_a_given_state_is_the_books", a_layer_from_a_given_state_is_the_books,
                &rnn),
        test_of("an_rnn_that_carries_its_state_is_the_books",
                a_layer_that_carries_its_state_is_the_books, &rnn),
        test_of("a_gru_from_nothing_is_the_books", a_layer_from_nothing_is_the_books, &gru),
        test_of("a_gru_from_a_given_state_is_the_books", a_layer_from_a_given_state_is_the_books,
                &gru),
        test_of("a_gru_that_carries_its_state_is_the_books",
                a_layer_that_carries_its_state_is_the_books, &gru),
        test_of("an_lstm_from_nothing_is_the_books", a_layer_from_nothing_is_the_books, &lstm),
        test_of("an_lstm_from_a_given_state_is_the_books", a_layer_from_a_given_state_is_the_books,
                &lstm),
        test_of("an_lstm_from_given_cells_is_the_books", a_layer_from_given_cells_is_the_books,
                &lstm),
        test_of("an_lstm_that_carries_its_state_is_the_books",
                a_layer_that_carries_its_state_is_the_books, &lstm),
        test_of("the_gates_of_an_lstm_are_the_books", the_gates_of_an_lstm_are_the_books, &lstm),
    };
    return golden_result(cmocka_run_group_tests_name("golden_recurrent", tests, NULL, NULL));
}
