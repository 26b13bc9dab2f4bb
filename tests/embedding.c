/* Tests of <wordloom/embedding.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void gather_picks_the_rows(void **state)
{
    const double table[] = { 1, 2, 3, 4, 5, 6 }, ids[] = { 2, 0 }, y[] = { 5, 6, 1, 2 };
    op_case c = made("embedding_gather", "V=3 D=2 N=2");
    (void)state;
    put_values(&c, "table", table);
    put_values(&c, "ids", ids);
    gives(&c, "y", y);
    case_free(&c);
}

static void pooling_skips_absent_slots(void **state)
{
    const double table[] = { 1, 2, 3, 4, 5, 6 }, ids[] = { 2, -1, 0, -1, -1, -1 };
    const double weights[] = { 2, 8, 4, 8, 8, 8 }, y[] = { 7, 10, 0, 0 };
    op_case c = made("embedding_gather_pooled", "V=3 D=2 N=2 K=3 mean=1");
    (void)state;
    put_values(&c, "table", table);
    put_values(&c, "ids", ids);
    put_values(&c, "weights", weights);
    gives(&c, "y", y);
    case_free(&c);
}

static void scatter_adds_to_what_is_there(void **state)
{
    const double ids[] = { 1, 1, -1 }, dy[] = { 1, 2, 4, 8, 16, 32 }, start[] = { 1, 1, 1, 1 };
    const double dtable[] = { 1, 1, 6, 11 };
    const char *const ops[] = { "embedding_scatter", "embedding_scatter_atomic" };
    (void)state;
    for (int i = 0; i < 2; i++) {
        op_case c = made(ops[i], "V=2 D=2 N=3 -weights");
        put_values(&c, "ids", ids);
        put_values(&c, "dy", dy);
        put_values(&c, "dtable", start);
        gives(&c, "dtable", dtable);
        case_free(&c);
    }
}

static void compact_lists_rows_in_order_and_caps_their_sums(void **state)
{
    const double ids[] = { 4, 1, 4, -1, 4, 4 }, dy[] = { 1, 2, 3, 4, 5, 6 };
    const double rows[] = { 1, 4 }, sums[] = { 2, 7.5 }, count[] = { 2 };
    op_case c = made("embedding_compact", "V=6 D=1 N=6 cap=2 -weights");
    (void)state;
    put_values(&c, "ids", ids);
    put_values(&c, "dy", dy);
    gives(&c, "rows", rows);
    gives(&c, "sums", sums); /* (1 + 3 + 5 + 6) * 2 / 4 */
    gives(&c, "count", count);
    case_free(&c);
}

static void update_touches_only_the_rows_looked_up(void **state)
{
    const double table[] = { 1, 2, 3, 4 }, ids[] = { 2, 2 }, dy[] = { 1, 2 }, lr[] = { 0.5 };
    const double scale[] = { 2 }, after[] = { 1, 2, 0, 4 };
    op_case c = made("embedding_update", "V=4 D=1 N=2 -weights -m -v -rule.step");
    (void)state;
    put_values(&c, "table", table);
    put_values(&c, "ids", ids);
    put_values(&c, "dy", dy);
    put_values(&c, "rule.lr", lr);
    put_values(&c, "rule.scale", scale);
    gives(&c, "table", after);
    case_free(&c);
}

/* what every operator of the family meets: nothing, one, tiles and their neighbours */
static const char *const lookups[] = {
    "V=5 D=3 N=7",            /* nothing divides a pack */
    "V=0 D=4 N=0",            /* an empty table */
    "V=7 D=4 N=0",            /* no lookups */
    "V=7 D=0 N=3",            /* no features */
    "V=1 D=1 N=1",            /* one of everything */
    "V=9 D=8 N=33",           /* whole packs of every type */
    "V=9 D=127 N=8",          /* one less than a warp's floats in packs */
    "V=9 D=128 N=8",          /* a warp's floats in packs */
    "V=9 D=129 N=8 pad=3",    /* one more, in padded rows */
    "V=33 D=100 N=65",        /* the word-vector size */
    "V=11 D=64 N=9 pad=8",    /* padded rows that are still whole packs */
    "V=11 D=64 N=9 offset=1", /* element-aligned pointers */
    "V=50 D=300 N=40",        /* more than a block of the reference */
    "V=9 D=6 N=500",          /* rows of half packs, several a warp */
    NULL,
};

static void gather_holds(void **state)
{
    (void)state;
    for (int i = 0; lookups[i]; i++) holds("embedding_gather", lookups[i]);
    holds("embedding_gather", "V=700 D=650 N=700"); /* the book's language model */
    holds("embedding_gather", "V=9 D=2048 N=3"); /* a row of more packs than a block has threads */
}

static void with_slots(const char *op, const char *more)
{
    char text[256];
    for (int i = 0; lookups[i]; i++) {
        snprintf(text, sizeof text, "%s K=%d %s", lookups[i], i % 4 == 3 ? 0 : 1 + i % 7, more);
        if (lookups[i][2] == '0' && i == 1) continue; /* no id can lie in an empty table */
        holds(op, text);
    }
}

static void gather_pooled_holds(void **state)
{
    (void)state;
    with_slots("embedding_gather_pooled", "");
    with_slots("embedding_gather_pooled", "mean=1 -weights");
}

static void scatter_holds(void **state)
{
    (void)state;
    with_slots("embedding_scatter", "");
    with_slots("embedding_scatter", "mean=1 -weights");
}

static void scatter_atomic_holds(void **state)
{
    (void)state;
    with_slots("embedding_scatter_atomic", "");
    with_slots("embedding_scatter_atomic", "mean=1 -weights");
    holds("embedding_scatter_atomic", "V=2 D=9 N=64 K=1"); /* a tile of two rows, */
    holds("embedding_scatter_atomic",
          "V=1 D=264 N=65 K=1"); /* of one, with a slot and a pack more */
}

static void compact_holds(void **state)
{
    (void)state;
    with_slots("embedding_compact", "");
    with_slots("embedding_compact", "mean=1 cap=2 -weights");
}

static void update_holds(void **state)
{
    (void)state;
    for (int kind = WL_SGD; kind <= WL_NESTEROV_NEW_VELOCITY; kind++) {
        char text[128];
        snprintf(text, sizeof text, "rule.kind=%d cap=2", kind);
        with_slots("embedding_update", text);
    }
    with_slots("embedding_update", "rule.rounding=1 -m -v -weights mean=1");
    with_slots("embedding_update", "rule.kind=5 rule.eps_form=1 rule.weight_decay=0.01");
}

/* what decides who orders the slots */
static const char *const orders[] = {
    "V=300 D=1 N=2048 K=1",             /* all that one block orders, in two passes */
    "V=300 D=1 N=2049 K=1",             /* one more, by a cluster */
    "V=70000 D=1 N=1500 K=2",           /* three passes, most groups of one slot */
    "V=200 D=1 N=8193 K=2",             /* more than a cluster orders */
    "V=4294967295 D=3 N=50 K=2 id=i64", /* the last that 32 bits number, */
    "V=4294967296 D=3 N=50 K=2 id=i64", /* and one more, of a table that is not there */
    "V=4611686018427387904 D=3 N=5 id=i64 K=2",
    NULL,
};

/* what decides who sums a group */
static const char *const groups[] = {
    "V=3 D=100 N=400 K=2",          /* several rounds of a block */
    "V=1 D=9 N=31 K=1 -weights",    /* one slot less than a warp has lanes */
    "V=1 D=9 N=32 K=1 -weights",    /* as many: the block's */
    "V=1 D=9 N=33 K=1 -weights",    /* and one in the next warp's share */
    "V=1 D=8 N=256 K=1",            /* a whole round of the block */
    "V=1 D=8 N=257 K=1",            /* and one slot more */
    "V=2 D=256 N=70 K=1",           /* a span of features */
    "V=2 D=257 N=70 K=1",           /* and one more */
    "V=2 D=520 N=70 K=1 dtype=f16", /* three spans in packs */
    NULL,
};

static void orders_hold(void **state)
{
    (void)state;
    for (int i = 0; orders[i]; i++) holds("embedding_compact", orders[i]);
}

static void long_groups_hold(void **state)
{
    (void)state;
    for (int i = 0; groups[i]; i++) {
        char text[128];
        holds("embedding_scatter", groups[i]);
        snprintf(text, sizeof text, "%s cap=20", groups[i]);
        holds("embedding_compact", text);
        snprintf(text, sizeof text, "%s cap=20 rule.kind=5 mean=1", groups[i]);
        holds("embedding_update", text);
    }
}

static void gradients_hold(void **state)
{
    (void)state;
    for (int mean = 0; mean < 2; mean++) {
        char text[128];
        snprintf(text, sizeof text, "V=9 D=7 N=11 K=4 mean=%d", mean);
        differentiates("embedding_scatter", text);
        differentiates("embedding_scatter_atomic", text);
        snprintf(text, sizeof text, "V=9 D=7 N=11 K=4 mean=%d -weights", mean);
        differentiates("embedding_scatter", text);
    }
}

/* <gather(x), dy> = <x, scatter(dy)>: what the plain gather has for a derivative */
static void scatter_is_the_adjoint_of_gather(void **state)
{
    op_case forward = made("embedding_gather", "V=9 D=7 N=11");
    op_case backward = made("embedding_scatter", "V=9 D=7 N=11 K=1 -weights");
    outcome y, dx;
    double left = 0, right = 0;
    (void)state;
    put_values(&backward, "ids", forward.value[case_row(&forward, "ids")]);
    const int dtable = case_row(&backward, "dtable");
    for (int64_t i = 0; i < backward.count[dtable]; i++) backward.value[dtable][i] = 0;
    assert_int_equal(execute(&y, &forward, &wl_ref_oracle_backend), 0);
    assert_int_equal(execute(&dx, &backward, &wl_ref_oracle_backend), 0);
    const double *dy = backward.value[case_row(&backward, "dy")];
    const double *x = forward.value[case_row(&forward, "table")];
    for (int64_t i = 0; i < 11 * 7; i++) left += y.value[case_row(&forward, "y")][i] * dy[i];
    for (int64_t i = 0; i < 9 * 7; i++) right += x[i] * dx.value[dtable][i];
    assert_true(fabs(left - right) <= 64 * 0x1p-52 * fabs(left));
    outcome_free(&y), outcome_free(&dx);
    case_free(&forward), case_free(&backward);
}

/* compact followed by optimizer_update_rows is update, to the bit where no compiler may contract a
 * multiplication and an addition into one rounding: on the oracle */
static void update_is_compact_and_update_rows(void **state)
{
    (void)state;
    op_case whole = made("embedding_update", "V=9 D=20 N=30 K=2 rule.kind=5 cap=3");
    op_case first = made("embedding_compact", "V=9 D=20 N=30 K=2 cap=3");
    op_case second = made("optimizer_update_rows", "V=9 D=20 N=60 rule.kind=5");
    static const char *const shared[] = { "ids", "weights", "dy" };
    static const char *const states[] = { "table", "m", "v", "rule.lr", "rule.scale", "rule.step" };
    outcome o, p, q;
    for (int i = 0; i < 3; i++)
        put_values(&first, shared[i], whole.value[case_row(&whole, shared[i])]);
    for (int i = 0; i < 6; i++)
        put_values(&second, states[i], whole.value[case_row(&whole, states[i])]);
    if (execute(&o, &first, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    put_values(&second, "count", o.value[case_row(&first, "count")]);
    const int64_t found = (int64_t)o.value[case_row(&first, "count")][0];
    double *rows = o.value[case_row(&first, "rows")], *g = o.value[case_row(&first, "sums")];
    for (int64_t i = found; i < 60; i++) rows[i] = 0; /* not read */
    for (int64_t i = found * 20; i < 60 * 20; i++) g[i] = 0;
    put_values(&second, "rows", rows);
    put_values(&second, "g", g);
    if (execute(&p, &second, &wl_ref_oracle_backend)) fail_msg("%s", p.trouble);
    if (execute(&q, &whole, &wl_ref_oracle_backend)) fail_msg("%s", q.trouble);
    for (int i = 0; i < 3; i++) {
        const double *x = p.value[case_row(&second, states[i])];
        const double *y = q.value[case_row(&whole, states[i])];
        for (int64_t k = 0; k < 9 * 20; k++) assert_true(x[k] == y[k]);
    }
    outcome_free(&o), outcome_free(&p), outcome_free(&q);
    case_free(&whole), case_free(&first), case_free(&second);
}

/* the mean over many steps of a small update that nearest rounding would lose */
static void stochastic_rounding_keeps_small_updates(void **state)
{
    enum { D = 2000 };
    op_case c = made("embedding_update", "V=1 D=2000 N=1 dtype=bf16 rule.rounding=1 -weights -m -v "
                                         "-rule.scale");
    const double lr[] = { 0.125 };
    (void)state;
    for (int64_t i = 0; i < D; i++) {
        c.value[case_row(&c, "table")][i] = 1;
        c.value[case_row(&c, "dy")][i] = -0.0078125; /* an eighth of it is 1/8 of the spacing */
    }
    c.value[case_row(&c, "ids")][0] = 0;
    put_values(&c, "rule.lr", lr);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        int64_t up = 0;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        for (int64_t i = 0; i < D; i++) {
            const double x = o.value[case_row(&c, "table")][i];
            assert_true(x == 1 || x == 1.0078125);
            up += x > 1;
        }
        assert_in_range(up, 250 - 75, 250 + 75); /* 2000/8, five standard deviations */
        outcome_free(&o);
    }
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gather_picks_the_rows),
        cmocka_unit_test(pooling_skips_absent_slots),
        cmocka_unit_test(scatter_adds_to_what_is_there),
        cmocka_unit_test(compact_lists_rows_in_order_and_caps_their_sums),
        cmocka_unit_test(update_touches_only_the_rows_looked_up),
        cmocka_unit_test(gather_holds),
        cmocka_unit_test(gather_pooled_holds),
        cmocka_unit_test(scatter_holds),
        cmocka_unit_test(scatter_atomic_holds),
        cmocka_unit_test(compact_holds),
        cmocka_unit_test(update_holds),
        cmocka_unit_test(orders_hold),
        cmocka_unit_test(long_groups_hold),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(scatter_is_the_adjoint_of_gather),
        cmocka_unit_test(update_is_compact_and_update_rows),
        cmocka_unit_test(stochastic_rounding_keeps_small_updates),
    };
    return cmocka_run_group_tests_name("embedding", tests, NULL, NULL);
}
