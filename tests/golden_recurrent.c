/* <wordloom/rnn.h>, <wordloom/gru.h> and <wordloom/lstm.h> against the golden files time_rnn_*,
 * time_gru_*, time_lstm_* and time_bilstm. */
#include "golden_recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 256 /* elements of a tensor */ };

typedef struct cell {
    const book_cell *book;
    const char *words, *backward_words; /* of its operators */
} cell;

static const cell rnn = { &rnn_of_book, "", "" }, lstm = { &lstm_of_book, "", "" };
static const cell gru = { &gru_of_book, "reset=1 -bn", "reset=1 -bn -dbn" };

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
static op_case case_of(const chunk *k, const char *way, const char *words, const char *more)
{
    char op[32], name[64];
    snprintf(op, sizeof op, "%s_%s", k->of->book->name, way);
    op_case c = golden_case(op, "T=%d B=%d D=%d H=%d -s%s -lengths %s%s%s%s", k->T, k->B, k->D,
                            k->H, strcmp(way, "backward") ? "" : " -ds", words, k->h0 ? "" : " -h0",
                            k->of->book->cells && !k->c0 ? " -c0" : "", more);
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
    *c = case_of(k, "forward", k->of->words, "");
    put_gates(c, "b", k->file, "param.bias", k->of->book);
    outcome o = golden_run(c);
    reproduces_steps(k->file, named(name, "out.hs", k), row_of(&o, "h"));
    reproduces(k->file, last_h, row_of(&o, "hT"));
    if (k->of->book->cells) reproduces(k->file, last_c, row_of(&o, "cT"));
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
        case_of(k, "backward", k->of->backward_words, k->of->book->cells ? " -dhT -dcT" : " -dhT");
    put_steps(&c, "dh", k->file, named(name, "in.dhs", k));
    put_values(&c, "h", row_of(ahead, "h"));
    if (k->of->book->cells) put_values(&c, "c", row_of(ahead, "c"));
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
    snprintf(name, sizeof name, "time_%s_%s", of->book->name, variant);
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
    if (second.of->book->cells) second.c0 = row_of(&o, "cT");
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

/* ------------------------------------------------------------------ both directions */

enum { DIRECTIONS = 2 };

/* Rows of forward's case that backward reads too. */
static void put_direction(op_case *c, const golden *g, const char *direction)
{
    char name[64];
    put_steps(c, "x", g, "in.xs");
    snprintf(name, sizeof name, "param.%s.weight_x", direction);
    put_gates(c, "w", g, name, &lstm_of_book);
    snprintf(name, sizeof name, "param.%s.weight_h", direction);
    put_gates(c, "r", g, name, &lstm_of_book);
}

/* One direction, both ways: its states go into columns `at` of hs [T,B,2H], its gradient is added
 * to dx [T,B,D]. */
static void one_direction(const golden *g, const char *sizes, int number, double *hs, double *dx)
{
    static const char *const names[] = { "fwd", "bwd" }, *const kept[] = { "h", "c", "gates" };
    char name[64];
    const int64_t B = golden_axis(g, "in.dhs", 0), T = golden_axis(g, "in.dhs", 1);
    const int64_t width = golden_axis(g, "in.dhs", 2), H = width / DIRECTIONS, at = number * H;
    op_case f = golden_case("lstm_forward", "%s -s -h0 -c0 reverse=%d", sizes, number);
    op_case k =
        golden_case("lstm_backward", "%s -s -ds -h0 -c0 -dhT -dcT reverse=%d", sizes, number);
    put_direction(&f, g, names[number]), put_direction(&k, g, names[number]);
    snprintf(name, sizeof name, "param.%s.bias", names[number]);
    put_gates(&f, "b", g, name, &lstm_of_book);
    outcome o = golden_run(&f);
    double *dh = k.value[case_row(&k, "dh")];
    for (int64_t i = 0; i < T * B; i++)
        for (int64_t j = 0; j < H; j++) {
            hs[i * width + at + j] = row_of(&o, "h")[i * H + j];
            dh[i * H + j] = golden_values(g, "in.dhs")[(i % B * T + i / B) * width + at + j];
        }
    for (int i = 0; i < 3; i++) put_values(&k, kept[i], row_of(&o, kept[i]));
    put_everywhere(&k, "dw", 0), put_everywhere(&k, "dr", 0), put_everywhere(&k, "db", 0);
    outcome b = golden_run(&k);
    for (int64_t i = 0; i < golden_count(g, "in.xs"); i++) dx[i] += row_of(&b, "dx")[i];
    static const char *const rows[] = { "dw", "dr", "db" };
    static const char *const tensors[] = { "weight_x", "weight_h", "bias" };
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "grad.%s.%s", names[number], tensors[i]);
        reproduces_gates(g, name, row_of(&b, rows[i]), &lstm_of_book);
    }
    outcome_free(&o), outcome_free(&b);
    case_free(&f), case_free(&k);
}

static void both_directions_of_an_lstm_are_the_books(void **state)
{
    (void)state;
    golden *g = golden_open("time_bilstm");
    double hs[MOST] = { 0 }, dx[MOST] = { 0 };
    char sizes[64];
    assert_in_range(golden_count(g, "out.hs"), 1, MOST);
    snprintf(sizes, sizeof sizes, "T=%d B=%d D=%d H=%d -lengths", (int)golden_axis(g, "in.xs", 1),
             (int)golden_axis(g, "in.xs", 0), (int)golden_axis(g, "in.xs", 2),
             (int)golden_axis(g, "param.fwd.weight_h", 0));
    for (int i = 0; i < DIRECTIONS; i++) one_direction(g, sizes, i, hs, dx);
    reproduces_steps(g, "out.hs", hs);
    reproduces_steps(g, "out.dxs", dx);
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
        cmocka_unit_test(both_directions_of_an_lstm_are_the_books),
    };
    return golden_result(cmocka_run_group_tests_name("golden_recurrent", tests, NULL, NULL));
}
