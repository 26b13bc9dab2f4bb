/* Tests of <wordloom/half.h>. */
#include "judge.h"

#include "../host/core/philox.h"
#include "../host/core/storage.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* x by x, exactly, on every backend */
static void narrows(const char *sizes, const double *x, const double *y)
{
    op_case c = made("half_narrow", sizes);
    put_values(&c, "x", x);
    gives(&c, "y", y);
    case_free(&c);
}

static void f16_ties_go_to_even(void **state)
{
    const double x[] = {
        1 + 0x1p-11,     /* half way to the next number: 1 is even */
        1 + 0x1.8p-10,   /* half way again, to the even one above */
        1 + 0x1.002p-11, /* just more than half way */
        -1 - 0x1p-11,    /* the sign changes nothing */
        0x1.ffep15,      /* half way from 65504, the largest, to 65536 would be: infinity */
        0x1.ffdffep15,   /* a float's spacing below it */
        -0x1.ffep15,     /* and its mirror */
        0x1p-24,         /* the least subnormal */
        0x1p-25,         /* half of it: to 0 */
        0x1.000002p-25,  /* just more than half of it */
        0x1.8p-24,       /* half way between subnormals 1 and 2 */
        0x1.ffcp-15,     /* the largest subnormal is 0x1.ff8p-15: half way to the least normal */
        INFINITY,        /* stays */
        -0x1.fffffep127, /* the largest float */
        0,               /* stays */
        0x1p-149,        /* a float's least subnormal */
    };
    const double y[] = { 1,         1 + 0x1p-9, 1 + 0x1p-10, -1,      INFINITY, 65504,
                         -INFINITY, 0x1p-24,    0,           0x1p-24, 0x1p-23,  0x1p-14,
                         INFINITY,  -INFINITY,  0,           0 };
    (void)state;
    narrows("N=16 dtype=f16", x, y);
    narrows("N=16 dtype=f16 offset=1 -step", x, y);
    narrows("N=16 dtype=f32", x, x);
    narrows("N=16 dtype=f32 rounding=1", x, x);
}

static void bf16_ties_go_to_even(void **state)
{
    const double x[] = {
        1 + 0x1p-8,     /* half way to the next number: 1 is even */
        1 + 0x1.8p-7,   /* half way again, to the even one above */
        1 + 0x1.02p-8,  /* more than half way */
        -1 - 0x1p-8,    /* the sign changes nothing */
        0x1.fep127,     /* the largest */
        0x1.fffffep127, /* the largest float: beyond half way to where the next would be */
        0x1.fefffep127, /* the last float before half way */
        -0x1.ffp127,    /* half way: infinity */
        0x1p-133,       /* the least subnormal */
        0x1p-134,       /* half of it: to 0 */
        0x1.8p-133,     /* half way between subnormals 1 and 2 */
        0x1.04p-134,    /* just more than half of the least */
        -INFINITY,      /* stays */
        0,              /* stays */
    };
    const double y[] = { 1,        1 + 0x1p-6, 1 + 0x1p-7, -1,       0x1.fep127,
                         INFINITY, 0x1.fep127, -INFINITY,  0x1p-133, 0,
                         0x1p-132, 0x1p-133,   -INFINITY,  0 };
    (void)state;
    narrows("N=14 dtype=bf16", x, y);
    narrows("N=14 dtype=bf16 offset=1 -step", x, y);
}

static void nan_stays_nan(void **state)
{
    static const char *const sizes[] = { "N=9 dtype=f32", "N=9 dtype=f16", "N=9 dtype=bf16",
                                         "N=9 dtype=f16 rounding=1", "N=9 dtype=bf16 rounding=1" };
    (void)state;
    for (int i = 0; i < 5; i++)
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            op_case narrow = made("half_narrow", sizes[i]);
            op_case widen = made("half_widen", i < 3 ? sizes[i] : "N=9 dtype=bf16");
            outcome n, w;
            narrow.value[case_row(&narrow, "x")][8] = NAN;
            widen.value[case_row(&widen, "x")][8] = NAN;
            if (execute(&n, &narrow, *b)) fail_msg("%s", n.trouble);
            if (execute(&w, &widen, *b)) fail_msg("%s", w.trouble);
            assert_true(isnan(n.value[case_row(&narrow, "y")][8]));
            assert_true(isnan(w.value[case_row(&widen, "y")][8]));
            outcome_free(&n), outcome_free(&w);
            case_free(&narrow), case_free(&widen);
        }
}

static const char *const sizes[] = {
    "N=0",            /* nothing */
    "N=1",            /* one of everything */
    "N=7",            /* one less than a pack of 16 bits */
    "N=8",            /* a pack */
    "N=9",            /* and an element more */
    "N=1023",         /* one less than a block of packs of f32 */
    "N=1025",         /* one more */
    "N=4095",         /* one less than a block's packs of 16 bits */
    "N=4097",         /* one more */
    "N=515 offset=1", /* element-aligned pointers */
    "N=70001",        /* more than one thread's of the reference */
    NULL,
};

static void narrow_holds(void **state)
{
    (void)state;
    all_hold("half_narrow", sizes, "");
    all_hold("half_narrow", sizes, "rounding=1");
    all_hold("half_narrow", sizes, "rounding=1 -step");
}

static void widen_holds(void **state)
{
    (void)state;
    all_hold("half_widen", sizes, "");
}

/* Every finite number of 16 bits survives widening, and either rounding of the way back. */
static void what_is_representable_stays(void **state)
{
    (void)state;
    for (int bf16 = 0; bf16 < 2; bf16++) {
        const char *text = bf16 ? "N=65536 dtype=bf16" : "N=65536 dtype=f16";
        op_case widen = made("half_widen", text);
        double *x = widen.value[case_row(&widen, "x")];
        for (int h = 0; h < 65536; h++) {
            const float v = bf16 ? wl_f32_of_bf16((uint16_t)h) : wl_f32_of_f16((uint16_t)h);
            x[h] = isnan(v) ? 0 : (double)v;
        }
        gives(&widen, "y", x);
        for (int rounding = 0; rounding < 2; rounding++) {
            op_case narrow = made("half_narrow", text);
            narrow.scalar[case_row(&narrow, "rounding")] = rounding;
            put_values(&narrow, "x", x);
            gives(&narrow, "y", x);
            case_free(&narrow);
        }
        case_free(&widen);
    }
}

/* The definition: the bits of Philox that belong to the element, the seed and the step decide, so
 * that every execution rounds alike. */
static void stochastic_rounding_is_the_same_everywhere(void **state)
{
    enum { N = 1003 };
    static const char *const texts[] = {
        "N=1003 rounding=1 dtype=f16",        "N=1003 rounding=1 dtype=f16 offset=1",
        "N=1003 rounding=1 dtype=bf16",       "N=1003 rounding=1 dtype=bf16 offset=1",
        "N=1003 rounding=1 dtype=bf16 -step",
    };
    (void)state;
    for (int i = 0; i < 5; i++) {
        op_case c = made("half_narrow", texts[i]);
        double y[N];
        double *x = c.value[case_row(&c, "x")];
        const double *step = c.value[case_row(&c, "step")];
        const uint64_t seed = (uint64_t)c.scalar[case_row(&c, "seed")];
        for (uint64_t n = 0; n < N; n++) {
            if (n % 3 == 0) x[n] = (double)(float)(x[n] * 0x1p-15); /* f16's subnormals */
            const wl_random drawn = wl_rounding_draw(seed, n, step ? (uint32_t)step[0] : 0);
            const uint32_t bits = wl_drawn_bits(drawn, n);
            y[n] = i < 2 ? (double)wl_f32_of_f16(wl_f16_stochastic((float)x[n], bits))
                         : (double)wl_f32_of_bf16(wl_bf16_stochastic((float)x[n], bits));
        }
        gives(&c, "y", y);
        case_free(&c);
    }
}

/* How many of `n` draws went up, and that each went to one of the two neighbours. */
static int64_t went_up(const op_case *c, const wl_backend *backend, double below, double above)
{
    outcome o;
    int64_t up = 0;
    const int y = case_row(c, "y");
    if (execute(&o, c, backend)) fail_msg("%s", o.trouble);
    for (int64_t i = 0; i < c->count[y]; i++) {
        assert_true(o.value[y][i] == below || o.value[y][i] == above);
        up += o.value[y][i] == above;
    }
    outcome_free(&o);
    return up;
}

/* Over many elements, steps and seeds, the mean is the value: the number that goes up is binomial,
 * and within five standard deviations of its mean. */
static void stochastic_rounding_is_unbiased(void **state)
{
    enum { N = 2000, STEPS = 4, SEEDS = 2 };
    static const struct {
        const char *text;
        double below, above, part; /* of the way from the one to the other */
    } cases[] = {
        { "N=2000 rounding=1 dtype=bf16", 1, 1 + 0x1p-7, 0.125 },
        { "N=2000 rounding=1 dtype=bf16", -1 - 0x1p-7, -1, 0.6875 },
        { "N=2000 rounding=1 dtype=f16", 1, 1 + 0x1p-10, 0.3125 },
        { "N=2000 rounding=1 dtype=f16", 0x1p-24, 0x1p-23, 0.25 }, /* subnormal */
        { "N=2000 rounding=1 dtype=f16", -0x1p-24, 0, 0.875 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        op_case c = made("half_narrow", cases[i].text);
        const double part = cases[i].part;
        for (int64_t n = 0; n < N; n++)
            c.value[case_row(&c, "x")][n] =
                cases[i].below + part * (cases[i].above - cases[i].below);
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            int64_t up = 0;
            for (int draw = 0; draw < STEPS * SEEDS; draw++) {
                c.value[case_row(&c, "step")][0] = draw % STEPS;
                c.scalar[case_row(&c, "seed")] = 1 + draw / STEPS;
                up += went_up(&c, *b, cases[i].below, cases[i].above);
            }
            const double draws = (double)N * STEPS * SEEDS;
            assert_true(fabs((double)up - draws * part) <= 5 * sqrt(draws * part * (1 - part)));
        }
        case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f16_ties_go_to_even),
        cmocka_unit_test(bf16_ties_go_to_even),
        cmocka_unit_test(nan_stays_nan),
        cmocka_unit_test(narrow_holds),
        cmocka_unit_test(widen_holds),
        cmocka_unit_test(what_is_representable_stays),
        cmocka_unit_test(stochastic_rounding_is_the_same_everywhere),
        cmocka_unit_test(stochastic_rounding_is_unbiased),
    };
    return cmocka_run_group_tests_name("half", tests, NULL, NULL);
}
