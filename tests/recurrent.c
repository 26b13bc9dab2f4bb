/* The properties of every cell over whole sequences. */
#include "recurrent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

const char *const recurrent_sizes[] = {
    "T=3 B=2 D=3 H=5",              /* nothing divides a pack */
    "T=1 B=1 D=1 H=1",              /* one of everything */
    "T=0 B=3 D=4 H=4",              /* no steps: the states pass through */
    "T=2 B=0 D=4 H=4",              /* no sequences */
    "T=3 B=2 D=0 H=4",              /* no inputs */
    "T=3 B=2 D=4 H=0",              /* no units */
    "T=2 B=7 D=8 H=7",              /* one less than a pack of 16 bits */
    "T=5 B=8 D=16 H=64",            /* whole packs */
    "T=2 B=3 D=5 H=63",             /* one less */
    "T=2 B=3 D=5 H=65",             /* one more */
    "T=4 B=5 D=8 H=8 pad=3",        /* padded rows */
    "T=4 B=5 D=8 H=8 swap=1",       /* batch first */
    "T=4 B=5 D=7 H=9 swap=1 pad=1", /* the same, padded */
    "T=3 B=4 D=8 H=16 offset=1",    /* element-aligned pointers */
    "T=35 B=2 D=10 H=10",           /* many steps */
    "T=3 B=33 D=100 H=100",         /* a language model's units */
    NULL,
};

enum { T = 6, B = 3, D = 4, H = 5, FIRST = 2 };

static op_case made_of(const recurrent *cell, const char *sizes)
{
    char text[256];
    snprintf(text, sizeof text, "%s %s", sizes, cell->more);
    return made(cell->forward, text);
}

static void run_on(const op_case *c, outcome *o, int n)
{
    if (execute(o, c, backends_under_test()[n])) fail_msg("%s", o->trouble);
}

static double *row_in(const op_case *c, const char *name) { return c->value[case_row(c, name)]; }

static const double *row_out(const outcome *o, const char *name)
{
    return o->value[case_row(o->of, name)];
}

/* The rows of one case are those of another, as far as they are there. */
static void share(op_case *to, const op_case *from, const char *const *rows)
{
    for (; *rows; rows++)
        if (row_in(from, *rows)) put_values(to, *rows, row_in(from, *rows));
}

static void same(const char *what, const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i])
            fail_msg("%s[%lld] is %.9g, expected %.9g", what, (long long)i, a[i], b[i]);
}

static void same_final_states(const recurrent *cell, const outcome *a, const outcome *b)
{
    for (int i = 0; cell->after[i]; i++)
        same(cell->after[i], row_out(a, cell->after[i]), row_out(b, cell->after[i]), B * H);
}

/* Carried states make two chunks of one sequence: truncated back-propagation's forward half. */
void a_split_sequence_gives_the_same_states(void **state)
{
    const recurrent *cell = *state;
    op_case whole = made_of(cell, "T=6 B=3 D=4 H=5 -lengths");
    op_case one = made_of(cell, "T=2 B=3 D=4 H=5 -lengths");
    op_case two = made_of(cell, "T=4 B=3 D=4 H=5 -lengths");
    share(&one, &whole, cell->parameters), share(&two, &whole, cell->parameters);
    share(&one, &whole, cell->before);
    put_values(&one, "x", row_in(&whole, "x"));
    put_values(&two, "x", row_in(&whole, "x") + FIRST * B * D);
    for (int n = 0; backends_under_test()[n]; n++) {
        outcome w, a, b;
        run_on(&whole, &w, n);
        run_on(&one, &a, n);
        for (int i = 0; cell->before[i]; i++)
            put_values(&two, cell->before[i], row_out(&a, cell->after[i]));
        run_on(&two, &b, n);
        same("h of the first part", row_out(&a, "h"), row_out(&w, "h"), FIRST * B * H);
        same("h of the second part", row_out(&b, "h"), row_out(&w, "h") + FIRST * B * H,
             (T - FIRST) * B * H);
        same_final_states(cell, &b, &w);
        outcome_free(&w), outcome_free(&a), outcome_free(&b);
    }
    case_free(&whole), case_free(&one), case_free(&two);
}

/* Steps past a sequence's end change nothing: neither what is there nor how many. */
void padding_changes_nothing(void **state)
{
    const recurrent *cell = *state;
    const double lengths[B] = { 2, 0, 1 }, full[B] = { 2, 2, 2 };
    op_case padded = made_of(cell, "T=6 B=3 D=4 H=5"), tight = made_of(cell, "T=2 B=3 D=4 H=5");
    share(&tight, &padded, cell->parameters);
    share(&tight, &padded, cell->before);
    put_values(&tight, "x", row_in(&padded, "x"));
    for (int reverse = 0; reverse < 2; reverse++)
        for (int n = 0; backends_under_test()[n]; n++) {
            outcome p, t;
            padded.scalar[case_row(&padded, "reverse")] = reverse;
            tight.scalar[case_row(&tight, "reverse")] = reverse;
            put_values(&padded, "lengths", reverse ? full : lengths);
            put_values(&tight, "lengths", reverse ? full : lengths);
            run_on(&padded, &p, n);
            run_on(&tight, &t, n);
            same_final_states(cell, &p, &t);
            same("h", row_out(&p, "h"), row_out(&t, "h"), 2 * B * H);
            for (int i = 2 * B * H; i < T * B * H; i++) assert_true(row_out(&p, "h")[i] == 0);
            outcome_free(&p), outcome_free(&t);
        }
    case_free(&padded), case_free(&tight);
}

/* Backwards over a sequence is forwards over its mirror image. */
void reverse_is_the_mirror_image(void **state)
{
    const recurrent *cell = *state;
    op_case forth = made_of(cell, "T=6 B=3 D=4 H=5 -lengths");
    op_case back = made_of(cell, "T=6 B=3 D=4 H=5 -lengths reverse=1");
    share(&back, &forth, cell->parameters);
    share(&back, &forth, cell->before);
    for (int t = 0; t < T; t++)
        memcpy(row_in(&back, "x") + t * B * D, row_in(&forth, "x") + (T - 1 - t) * B * D,
               B * D * sizeof(double));
    for (int n = 0; backends_under_test()[n]; n++) {
        outcome f, r;
        run_on(&forth, &f, n);
        run_on(&back, &r, n);
        for (int t = 0; t < T; t++)
            same("h", row_out(&r, "h") + t * B * H, row_out(&f, "h") + (T - 1 - t) * B * H, B * H);
        same_final_states(cell, &f, &r);
        outcome_free(&f), outcome_free(&r);
    }
    case_free(&forth), case_free(&back);
}
