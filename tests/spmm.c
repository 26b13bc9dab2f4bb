/* Tests of <wordloom/spmm.h>. */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* rows of two entries, of none, and of one */
static void rows_are_sums_of_rows(void **state)
{
    const double offsets[] = { 0, 2, 2, 3 }, columns[] = { 0, 2, 1 }, values[] = { 2, -1, 0.5 };
    const double x[] = { 1, 2, 3, 4, 5, 6 }, y[] = { -3, -2, 0, 0, 1.5, 2 };
    op_case c = made("spmm", "N=3 M=3 C=3 K=2");
    (void)state;
    put_values(&c, "offsets", offsets), put_values(&c, "columns", columns);
    put_values(&c, "values", values), put_values(&c, "x", x);
    gives(&c, "y", y);
    case_free(&c);
}

/* Begins under 0, ends past the entries, and an end before its begin. */
static void offsets_are_brought_within(void **state)
{
    const double offsets[] = { -5, 2, 1, 900 }, columns[] = { 0, 0, 0 }, values[] = { 1, 2, 4 };
    const double x[] = { 1 }, y[] = { 3, 0, 6 };
    op_case c = made("spmm", "N=3 M=3 C=1 K=1");
    (void)state;
    put_values(&c, "offsets", offsets), put_values(&c, "columns", columns);
    put_values(&c, "values", values), put_values(&c, "x", x);
    gives(&c, "y", y);
    case_free(&c);
}

static void it_holds(void **state)
{
    static const char *const sizes[] = {
        "N=7 M=23 C=5 K=3",            /* nothing divides a pack */
        "N=1 M=1 C=1 K=1",             /* one of everything */
        "N=0 M=0 C=3 K=4",             /* no rows */
        "N=3 M=0 C=3 K=4",             /* no entries */
        "N=3 M=0 C=0 K=4",             /* nor columns */
        "N=3 M=9 C=4 K=0",             /* no features */
        "N=20 M=300 C=40 K=128",       /* one tile of packs */
        "N=20 M=300 C=40 K=132",       /* and a pack more */
        "N=20 M=300 C=40 K=127",       /* a column less */
        "N=9 M=100 C=11 K=8 pad=4",    /* padded rows, in packs */
        "N=9 M=100 C=11 K=8 pad=3",    /* and not */
        "N=9 M=100 C=11 K=8 offset=1", /* element-aligned pointers */
        "N=5 M=60 C=7 K=300",          /* more than a block of the reference */
        "N=2000 M=9000 C=90 K=20",     /* more than one thread's */
        NULL,
    };
    (void)state;
    all_hold("spmm", sizes, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sums_of_rows),
        cmocka_unit_test(offsets_are_brought_within),
        cmocka_unit_test(it_holds),
    };
    return cmocka_run_group_tests_name("spmm", tests, NULL, NULL);
}
