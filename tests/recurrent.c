/* The properties of every cell over whole sequences. */
#include "recurrent.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

const char *const recurrent_sizes[] = {
    "T=3 B=2 D=3 H=5",              /* nothing divides a pack */
    "T=1 B=1 D=1 H=1",              /* one of everything */
    "T=0 B=3 D=4 H=4 S=2",          /* no steps: the states pass through */
    "T=2 B=0 D=4 H=4",              /* no sequences */
    "T=3 B=2 D=0 H=4",              /* no inputs but s */
    "T=3 B=2 D=3 H=4 S=0",          /* and none in s */
    "T=3 B=2 D=4 H=0",              /* no units */
    "T=2 B=7 D=8 H=7",              /* one less than a pack of 16 bits */
    "T=5 B=8 D=16 H=64 S=24",       /* whole packs */
    "T=2 B=3 D=5 H=63",             /* one less */
    "T=2 B=3 D=5 H=65",             /* one more */
    "T=4 B=5 D=8 H=8 S=3 pad=3",    /* padded rows */
    "T=4 B=5 D=8 H=8 swap=1",       /* batch first */
    "T=4 B=5 D=7 H=9 swap=1 pad=1", /* the same, padded */
    "T=3 B=4 D=8 H=16 offset=1",    /* element-aligned pointers */
    "T=35 B=2 D=10 H=10",           /* many steps */
    "T=2 B=3 D=100 H=100 S=65",     /* a language model's units */
    "T=2 B=33 D=8 H=64",            /* more than one thread's */
    NULL,
};

const char *const recurrent_layouts[] = {
    "T=3 B=2 D=3 H=5",           "T=0 B=3 D=4 H=4 S=2",       "T=3 B=2 D=0 H=4",
    "T=5 B=8 D=16 H=64 S=24",    "T=4 B=5 D=8 H=8 S=3 pad=3", "T=4 B=5 D=7 H=9 swap=1 pad=1",
    "T=3 B=4 D=8 H=16 offset=1", "T=2 B=33 D=8 H=63",         NULL,
};

enum { T = 6, B = 3, D = 4, H = 5, FIRST = 2 };

static op_case made_of(const recurrent *cell, const char *sizes)
{
    char text[256];
    snprintf(text, sizeof text, "%s -s %s", sizes, cell->more);
    return made(cell->forward, text);
}

static op_case made_backward(const recurrent *cell, const char *sizes)
{
    char text[256];
    snprintf(text, sizeof text, "%s -s -ds %s %s", sizes, cell->more, cell->backward_more);
    return made(cell->backward, text);
}

static void run_on_oracle(const op_case *c, outcome *o)
{
    if (execute(o, c, &wl_ref_oracle_backend)) fail_msg("%s", o->trouble);
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

static bool has(const op_case *c, const char *name)
{
    const int row = case_row(c, name);
    return row >= 0 && c->value[row];
}

/* The rows of one case are those of another, as far as they are there. */
static void share(op_case *to, const op_case *from, const char *const *rows)
{
    for (; *rows; rows++)
        if (has(from, *rows)) put_values(to, *rows, row_in(from, *rows));
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

/* ------------------------------------------------------------------ gradients of a split sequence
 */

static const char *gradient_of(char to[16], const char *row)
{
    snprintf(to, 16, "d%s", row);
    return to;
}

/* A call of backward for the steps of `whole` from `first` on, whose states enter there. */
static op_case part_of(const recurrent *cell, const op_case *whole, const char *sizes, int first)
{
    static const char *const steps[] = { "x", "h", "c", "gates", "dh" };
    op_case c = made_backward(cell, sizes);
    share(&c, whole, cell->parameters);
    for (int i = 0; i < 5; i++) {
        const int row = case_row(whole, steps[i]);
        if (row >= 0) put_values(&c, steps[i], whole->value[row] + whole->count[row] / T * first);
    }
    for (int i = 0; cell->before[i]; i++) {
        const char kept[2] = { cell->before[i][0] }; /* h of h0 */
        put_values(&c, cell->before[i],
                   first ? row_in(whole, kept) + (first - 1) * B * H
                         : row_in(whole, cell->before[i]));
    }
    return c;
}

/* What a part begins its sums of gradients with. */
static void begin_sums(const recurrent *cell, op_case *c, const outcome *from)
{
    const double zero[4 * H * H] = { 0 };
    char name[16];
    for (int i = 0; cell->parameters[i]; i++) {
        gradient_of(name, cell->parameters[i]);
        put_values(c, name, from ? row_out(from, name) : zero);
    }
}

/* The gradients at the states that leave a part. */
static void put_after(const recurrent *cell, op_case *c, const op_case *whole, const outcome *later)
{
    const double zero[B * H] = { 0 };
    char name[16], source[16];
    for (int i = 0; cell->after[i]; i++) {
        gradient_of(name, cell->after[i]), gradient_of(source, cell->before[i]);
        put_values(c, name, later ? row_out(later, source) : whole ? row_in(whole, name) : zero);
    }
}

/* Sums of T B products in another order: each addition rounds by half an epsilon of the largest. */
static void nearly_same(const char *what, const double *a, const double *b, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(b[i]));
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= T * B * DBL_EPSILON * largest))
            fail_msg("%s[%lld] is %.17g, expected %.17g", what, (long long)i, a[i], b[i]);
}

static void same_gradients(const recurrent *cell, const outcome *a, const outcome *b)
{
    char name[16];
    for (int i = 0; cell->parameters[i]; i++) {
        gradient_of(name, cell->parameters[i]);
        nearly_same(name, row_out(a, name), row_out(b, name), a->of->count[case_row(a->of, name)]);
    }
    for (int i = 0; cell->before[i]; i++) {
        gradient_of(name, cell->before[i]);
        nearly_same(name, row_out(a, name), row_out(b, name), B * H);
    }
    nearly_same("dx", row_out(a, "dx"), row_out(b, "dx"), FIRST * B * D);
}

/* Two chunks, the later first, whose gradients at the states between them are handed on, are the
 * unbroken run. Truncated, the earlier chunk learns what it would if nothing came after it. */
void chunks_give_the_gradients_of_the_whole(void **state)
{
    const recurrent *cell = *state;
    for (int truncated = 0; truncated < 2; truncated++) {
        op_case whole = made_backward(cell, "T=6 B=3 D=4 H=5 -lengths");
        begin_sums(cell, &whole, NULL);
        if (truncated) put_after(cell, &whole, NULL, NULL);
        for (int i = FIRST * B * H; truncated && i < T * B * H; i++) row_in(&whole, "dh")[i] = 0;
        op_case late = part_of(cell, &whole, "T=4 B=3 D=4 H=5 -lengths", FIRST);
        op_case early = part_of(cell, &whole, "T=2 B=3 D=4 H=5 -lengths", 0);
        outcome w, a, b;
        begin_sums(cell, &late, NULL);
        put_after(cell, &late, &whole, NULL);
        run_on_oracle(&late, &b);
        begin_sums(cell, &early, truncated ? NULL : &b);
        put_after(cell, &early, NULL, truncated ? NULL : &b);
        run_on_oracle(&early, &a);
        run_on_oracle(&whole, &w);
        same_gradients(cell, &a, &w);
        outcome_free(&w), outcome_free(&a), outcome_free(&b);
        case_free(&whole), case_free(&early), case_free(&late);
    }
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

/* Small multiples of 1/16, whose products and their sums are exact in any order. */
static void make_exact(op_case *c, const char *name)
{
    double *value = row_in(c, name);
    for (int64_t i = 0; i < c->count[case_row(c, name)]; i++) value[i] = round(value[i] * 16) / 16;
}

/* What s holds is read as if each x began with it, to the last bit. */
void each_step_reads_what_is_the_sequences(void **state)
{
    enum { S = 3 };
    const recurrent *cell = *state;
    char text[128];
    snprintf(text, sizeof text, "T=6 B=3 D=4 H=5 S=3 %s", cell->more);
    op_case apart = made(cell->forward, text), joined = made_of(cell, "T=6 B=3 D=7 H=5");
    make_exact(&apart, "x"), make_exact(&apart, "s"), make_exact(&apart, "w");
    share(&joined, &apart, cell->parameters), share(&joined, &apart, cell->before);
    put_values(&joined, "lengths", row_in(&apart, "lengths"));
    for (int i = 0; i < T * B; i++) {
        double *x = row_in(&joined, "x") + i * (S + D);
        memcpy(x, row_in(&apart, "s") + i % B * S, S * sizeof *x);
        memcpy(x + S, row_in(&apart, "x") + i * D, D * sizeof *x);
    }
    for (int n = 0; backends_under_test()[n]; n++) {
        outcome a, j;
        run_on(&apart, &a, n);
        run_on(&joined, &j, n);
        same("h", row_out(&a, "h"), row_out(&j, "h"), T * B * H);
        same_final_states(cell, &a, &j);
        outcome_free(&a), outcome_free(&j);
    }
    case_free(&apart), case_free(&joined);
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
