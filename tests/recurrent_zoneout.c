/* Zoneout of every cell over whole sequences: what is drawn, what it does to states, and what does
 * without it. */
#include "recurrent.h"

#include "../host/core/philox.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static double *row_in(const op_case *c, const char *name) { return c->value[case_row(c, name)]; }

static const double *row_out(const outcome *o, const char *name)
{
    return o->value[case_row(o->of, name)];
}

static op_case made_of(const recurrent *cell, bool backward, const char *words)
{
    char text[256];
    snprintf(text, sizeof text, "%s -s %s %s%s", words, cell->more, backward ? "-ds " : "",
             backward ? cell->backward_more : "");
    return made(backward ? cell->backward : cell->forward, text);
}

static void run_on(const op_case *c, outcome *o, const wl_backend *backend)
{
    if (execute(o, c, backend)) fail_msg("%s", o->trouble);
}

/* ------------------------------------------------------------------ the definition */

/* By the header: purpose 8 is of h, 9 of c. */
static bool holds_at(const op_case *c, const char *p, uint32_t purpose, uint64_t n)
{
    const uint32_t layer = (uint32_t)c->scalar[case_row(c, "layer")];
    const wl_random r = wl_philox((uint64_t)c->scalar[case_row(c, "seed")], n / 8,
                                  (uint32_t)row_in(c, "step")[0], purpose + 65536 * layer);
    const uint32_t bits = r.word[n % 8 / 2] >> (n % 2 ? 16 : 0) & 0xffff;
    return bits < round(65536 * c->scalar[case_row(c, p)]);
}

/* A call of the first step of `whole`, without zoneout. */
static op_case step_of(const recurrent *cell, const op_case *whole)
{
    const wl_dims *d = &whole->dims;
    char text[128];
    snprintf(text, sizeof text, "T=1 B=%d D=%d H=%d dtype=%s -step -lengths", (int)d->B, (int)d->D,
             (int)d->H, wl_dtype_name(whole->stored));
    op_case one = made_of(cell, false, text);
    for (const char *const *p = cell->parameters; *p; p++) put_values(&one, *p, row_in(whole, *p));
    for (const char *const *p = cell->before; *p; p++) put_values(&one, *p, row_in(whole, *p));
    return one;
}

/* The states of `one` become those after step t: what the cell makes of them, but for what holds
 * and for sequences that have ended. */
static void advance(const recurrent *cell, const op_case *whole, op_case *one, int64_t t,
                    const wl_backend *backend)
{
    static const char *const ways[] = { "zoneout", "zoneout_c" };
    const int64_t B = whole->dims.B, H = whole->dims.H;
    outcome o;
    run_on(one, &o, backend);
    for (int i = 0; cell->before[i]; i++)
        for (int64_t n = 0; n < B * H; n++) {
            const uint64_t element = (uint64_t)(t * B * H + n);
            const bool ended = (double)t >= row_in(whole, "lengths")[n / H];
            if (!ended && !holds_at(whole, ways[i], 8 + (uint32_t)i, element))
                row_in(one, cell->before[i])[n] = row_out(&o, cell->after[i])[n];
        }
    outcome_free(&o);
}

static void same(const char *what, const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (a[i] != b[i])
            fail_msg("%s[%lld] is %.9g, expected %.9g", what, (long long)i, a[i], b[i]);
}

/* Without x, for its product may be rounded in another way where there are more steps. */
static void goes_by_the_definition(const recurrent *cell, const char *words,
                                   const wl_backend *backend)
{
    op_case whole = made_of(cell, false, words);
    const int64_t T = whole.dims.T, B = whole.dims.B, H = whole.dims.H;
    memset(row_in(&whole, "w"), 0, (size_t)whole.count[case_row(&whole, "w")] * sizeof(double));
    const bool reverse = whole.scalar[case_row(&whole, "reverse")] == 1;
    op_case one = step_of(cell, &whole);
    outcome w;
    run_on(&whole, &w, backend);
    for (int64_t s = 0; s < T; s++) {
        const int64_t t = reverse ? T - 1 - s : s;
        advance(cell, &whole, &one, t, backend);
        for (int64_t n = 0; n < B * H; n++) {
            const bool ended = (double)t >= row_in(&whole, "lengths")[n / H];
            const double h = ended ? 0 : row_in(&one, "h0")[n];
            same(words, row_out(&w, "h") + t * B * H + n, &h, 1);
        }
    }
    for (int i = 0; cell->after[i]; i++)
        same(cell->after[i], row_out(&w, cell->after[i]), row_in(&one, cell->before[i]), B * H);
    outcome_free(&w);
    case_free(&whole), case_free(&one);
}

void zoneout_holds_what_is_drawn(void **state)
{
    static const char *const words[] = {
        "T=6 B=3 D=4 H=5 zoneout=0.5 layer=3",               /* rows that begin within a draw */
        "T=6 B=3 D=4 H=5 zoneout=0.25 seed=9 reverse=1",     /* the last step is the first */
        "T=4 B=4 D=8 H=16 zoneout=0.5 layer=65535",          /* packs of f32 */
        "T=4 B=4 D=8 H=12 zoneout=0.3",                      /* of which two share a draw */
        "T=4 B=4 D=8 H=16 zoneout=0.5 dtype=bf16 reverse=1", /* packs of 16 bits */
        "T=4 B=3 D=8 H=7 zoneout=0.5 dtype=f16",
        "T=2 B=3 D=2 H=300 zoneout=0.5", /* more than a block of the reference */
    };
    const recurrent *cell = *state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            char text[160];
            snprintf(text, sizeof text, "%s %s", words[i],
                     cell->before[1] ? "zoneout_c=0.4" : ""); /* of c where there is one */
            goes_by_the_definition(cell, text, *b);
        }
}

/* ------------------------------------------------------------------ evaluation */

/* One step from states of 1, of units that are all alike. */
static outcome alike(const recurrent *cell, op_case *c, const char *words)
{
    outcome o;
    *c = made_of(cell, false, words);
    for (const char *const *p = cell->parameters; *p; p++)
        for (int64_t i = 0; i < c->count[case_row(c, *p)]; i++) row_in(c, *p)[i] = 0.01;
    for (int i = 0; cell->before[i]; i++)
        for (int64_t n = 0; n < c->count[case_row(c, cell->before[i])]; n++)
            row_in(c, cell->before[i])[n] = 1;
    for (int64_t i = 0; i < c->count[case_row(c, "x")]; i++) row_in(c, "x")[i] = 0.5;
    run_on(c, &o, &wl_ref_oracle_backend);
    return o;
}

/* How many of N units hold is binomial, as in tests/dropout.c: their mean lies within six of its
 * standard deviations of the one that evaluation takes, and evaluation's is exact. */
void evaluation_takes_the_mean_of_the_draws(void **state)
{
    enum { N = 64000 };
    const recurrent *cell = *state;
    const double p = 0.25;
    const char *const more = cell->before[1] ? "zoneout_c=0.25" : "";
    char drawn[128], expected[128], without[128];
    op_case c[3];
    snprintf(drawn, sizeof drawn, "T=1 B=2000 D=2 H=32 zoneout=0.25 -lengths %s", more);
    snprintf(expected, sizeof expected, "%s expected=1", drawn);
    snprintf(without, sizeof without, "T=1 B=2000 D=2 H=32 -step -lengths");
    outcome d = alike(cell, &c[0], drawn), e = alike(cell, &c[1], expected);
    outcome w = alike(cell, &c[2], without);
    for (int i = 0; cell->after[i]; i++) {
        const double next = row_out(&w, cell->after[i])[0], *got = row_out(&e, cell->after[i]);
        double mean = 0;
        for (int n = 0; n < N; n++) {
            assert_true(got[n] == p * 1 + (1 - p) * next);
            mean += row_out(&d, cell->after[i])[n] / N;
        }
        assert_true(fabs(mean - got[0]) <= 6 * sqrt(p * (1 - p) / N) * fabs(1 - next));
        assert_true(mean != got[0] && next != 1);
    }
    outcome_free(&d), outcome_free(&e), outcome_free(&w);
    for (int i = 0; i < 3; i++) case_free(&c[i]);
}

void what_is_evaluated_has_no_gradient(void **state)
{
    const recurrent *cell = *state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        op_case c = made_of(cell, true, "T=2 B=2 D=3 H=4 zoneout=0.5");
        c.scalar[case_row(&c, "expected")] = 1;
        assert_true(execute(&o, &c, *b));
        assert_non_null(strstr(o.trouble, "expected: is 1, expected 0 to 0"));
        outcome_free(&o);
        case_free(&c);
    }
}

/* ------------------------------------------------------------------ without */

/* Without a step, or with probabilities of 0, whatever else is asked for. */
void without_zoneout_every_bit_is_as_before(void **state)
{
    static const char *const sizes[] = { "T=6 B=3 D=4 H=5", "T=4 B=3 D=8 H=16 dtype=bf16",
                                         "T=4 B=3 D=8 H=16 reverse=1" };
    static const char *const words[] = { "-step zoneout=0.5 layer=3", "zoneout=0 layer=3",
                                         "zoneout=0 seed=9" };
    const recurrent *cell = *state;
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        for (int i = 0; i < 3; i++)
            for (int way = 0; way < 2; way++) {
                op_case plain = made_of(cell, way, sizes[i]);
                outcome a, o;
                run_on(&plain, &a, *b);
                for (int k = 0; k < 3; k++) {
                    char text[128];
                    snprintf(text, sizeof text, "%s %s", sizes[i], words[k]);
                    op_case other = made_of(cell, way, text);
                    run_on(&other, &o, *b);
                    assert_true(o.hash == a.hash);
                    outcome_free(&o), case_free(&other);
                }
                outcome_free(&a), case_free(&plain);
            }
}

/* ------------------------------------------------------------------ agreement and derivatives */

/* With words of zoneout, forward or backward. */
static void holds_with(const recurrent *cell, bool backward, const char *const *sizes,
                       const char *words)
{
    char text[200];
    snprintf(text, sizeof text, "%s %s %s", words, cell->more, backward ? cell->backward_more : "");
    all_hold(backward ? cell->backward : cell->forward, sizes, text);
}

void zoneout_agrees(void **state)
{
    static const char *const sizes[] = {
        "T=3 B=2 D=3 H=5",              /* nothing divides a pack, or a draw */
        "T=0 B=3 D=4 H=4",              /* no steps */
        "T=3 B=2 D=4 H=0",              /* no units */
        "T=5 B=8 D=16 H=64",            /* whole packs */
        "T=2 B=3 D=5 H=65",             /* one more */
        "T=4 B=5 D=7 H=9 swap=1 pad=1", /* batch first, padded */
        "T=2 B=2 D=3 H=300",            /* more than a block of bits */
        NULL,
    };
    /* of both states, and of one alone at sizes with packs and without */
    static const char *const of_h[] = { "zoneout=0.5", "zoneout=0.1 -lengths reverse=1 layer=3" };
    static const char *const of_both[] = { "zoneout=0.5 zoneout_c=0.4",
                                           "zoneout=0.1 zoneout_c=0.4 -lengths reverse=1 layer=3" };
    static const char *const few[] = { "T=3 B=2 D=3 H=5", "T=5 B=8 D=16 H=64", NULL };
    const recurrent *cell = *state;
    const bool cells = cell->before[1] != NULL;
    for (int backward = 0; backward < 2; backward++) {
        for (int i = 0; i < 2; i++) holds_with(cell, backward, sizes, cells ? of_both[i] : of_h[i]);
        if (cells) holds_with(cell, backward, few, "zoneout=0.5");
        if (cells) holds_with(cell, backward, few, "zoneout_c=0.5");
    }
    holds_with(cell, false, sizes,
               cells ? "zoneout=0.3 zoneout_c=0.4 expected=1" : "zoneout=0.3 expected=1");
}

void zoneout_differentiates(void **state)
{
    static const char *const words[] = { "", "reverse=1", "-lengths" };
    static const char *const parts[] = { "zoneout=0.5", "zoneout=0.5 zoneout_c=0.4",
                                         "zoneout_c=0.5" };
    const recurrent *cell = *state;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < (cell->before[1] ? 3 : 1); k++) {
            char text[200];
            snprintf(text, sizeof text, "T=5 B=4 D=3 H=6 %s %s %s %s", words[i], parts[k],
                     cell->more, cell->backward_more);
            differentiates(cell->backward, text);
        }
}
