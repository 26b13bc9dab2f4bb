/* Tests of <wordloom/softmax_xent.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double value_of(const outcome *o, const char *row, int64_t i)
{
    return o->value[case_row(o->of, row)][i];
}

static double *row_in(const op_case *c, const char *name) { return c->value[case_row(c, name)]; }

/* equal logits: every probability is 1/V */
static void equal_logits_are_equally_likely(void **state)
{
    const double logits[12] = { 7, 7, 7, 7, 1, 1, 1, 1, -3, -3, -3, -3 }, labels[] = { 2, -1, 0 };
    const double d[12] = { 0.5, 0.5, 0, 0.5, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5 };
    const double lse[] = { 7, 1, -3 }, two[] = { 2 }, one[] = { 1 };
    op_case forward = made("softmax_xent_forward", "N=3 V=4"), backward;
    (void)state;
    put_values(&forward, "logits", logits);
    put_values(&forward, "labels", labels);
    gives(&forward, "count", two);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &forward, *b)) fail_msg("%s", o.trouble);
        assert_true((float)value_of(&o, "loss", 0) == (float)log(4));
        assert_true(value_of(&o, "losses", 1) == 0);
        outcome_free(&o);
    }
    backward = made("softmax_xent_backward", "N=3 V=4"); /* by an lse that makes each p 1 */
    put_values(&backward, "logits", logits);
    put_values(&backward, "labels", labels);
    put_values(&backward, "lse", lse);
    put_values(&backward, "count", two);
    put_values(&backward, "dloss", one);
    gives(&backward, "dlogits", d);
    case_free(&forward), case_free(&backward);
}

static void large_logits_stay_finite(void **state)
{
    const double logits[] = { 1e4, -1e4, 0, -1e4, -1e4, 1e4 }, labels[] = { 0, 1 };
    op_case c = made("softmax_xent_forward", "N=2 V=3");
    (void)state;
    put_values(&c, "logits", logits);
    put_values(&c, "labels", labels);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        assert_true(value_of(&o, "losses", 0) == 0);
        assert_true(value_of(&o, "losses", 1) == 2e4);
        outcome_free(&o);
    }
    case_free(&c);
}

/* without a label that counts the mean is 0, and so are all gradients */
static void nothing_but_ignored_labels_gives_zero(void **state)
{
    const double labels[] = { -1, -1, -1 }, zero[3 * 5] = { 0 };
    op_case c = made("softmax_xent_linear_backward", "N=3 V=4 D=5");
    (void)state;
    put_values(&c, "labels", labels);
    gives(&c, "loss", zero);
    gives(&c, "count", zero);
    gives(&c, "dx", zero);
    gives(&c, "dw", row_in(&c, "dw"));
    gives(&c, "db", row_in(&c, "db"));
    case_free(&c);
}

static const char *const sizes[] = {
    "N=7 V=9 D=3",            /* nothing divides a pack */
    "N=0 V=5 D=4",            /* no rows: loss 0 */
    "N=3 V=1 D=4",            /* one word: loss 0 */
    "N=3 V=2 D=0",            /* no features: logits of the bias alone */
    "N=1 V=1 D=1",            /* one of everything */
    "N=5 V=256 D=8",          /* as many words as threads */
    "N=5 V=255 D=7 pad=1",    /* one less, padded rows */
    "N=4 V=257 D=9 offset=1", /* one more, element-aligned pointers */
    "N=9 V=1030 D=16",        /* several of a thread */
    "N=3 V=10000 D=10",       /* PTB's words */
    NULL,
};

static void logits_hold(void **state)
{
    (void)state;
    all_hold("softmax_xent_forward", sizes, "");
    all_hold("softmax_xent_forward", sizes, "-losses smoothing=0.1 reduction=1");
    all_hold("softmax_xent_backward", sizes, "");
    all_hold("softmax_xent_backward", sizes, "-dloss smoothing=0.1 reduction=1");
}

/* on CUDA: a warp a row and a block a row, parts of a row, whole and not, and groups of rows */
static void rows_hold_however_they_are_cut(void **state)
{
    static const char *const cut[] = {
        "N=9 V=1023 pad=3",           /* what a warp reads, rows that begin anywhere */
        "N=9 V=1024",                 /* the most of it */
        "N=2 V=1025",                 /* a block, rows that begin anywhere */
        "N=2 V=8193 offset=3",        /* nor the first at a pack */
        "N=2 V=16384",                /* the most of a part */
        "N=3 V=16385 pad=1 offset=1", /* two parts */
        "N=1 V=50257",                /* GPT-2's words: four, the last shorter */
        "N=4096 V=2",                 /* the most rows of a group */
        "N=4097 V=3",                 /* two groups */
        NULL,
    };
    (void)state;
    all_hold("softmax_xent_forward", cut, "smoothing=0.1");
    all_hold("softmax_xent_backward", cut, "smoothing=0.1");
}

/* Half of a row's words at -inf have no probability. A row of nothing else is no number, nor is one
 * with a NaN or +inf, and others do not notice. */
static void masked_logits_have_no_probability(void **state)
{
    static const int64_t words[] = { 9, 1500, 20000 };
    enum { N = 6, NONE = 1, NUMBER = 3, GREAT = 4, IGNORED = 5 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        const int64_t V = words[i];
        double labels[N];
        verdict why;
        char text[64];
        snprintf(text, sizeof text, "N=%d V=%lld", N, (long long)V);
        op_case c = made("softmax_xent_forward", text);
        double *z = row_in(&c, "logits");
        for (int n = 0; n < N; n++) labels[n] = n == IGNORED ? -1 : (double)(V - 1 - n);
        for (int64_t at = 0; at < N * V; at++)
            if (at % V < V / 2) z[at] = -INFINITY;
        put_values(&c, "labels", labels);
        if (!agrees_and_repeats(&c, why)) fail_msg("%s", why);
        op_case bad = made("softmax_xent_forward", text);
        put_values(&bad, "logits", z), put_values(&bad, "labels", labels);
        z = row_in(&bad, "logits");
        for (int64_t v = 0; v < V; v++) z[NONE * V + v] = -INFINITY;
        z[NUMBER * V + V / 3] = NAN;
        z[GREAT * V + V - 1] = INFINITY;
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            outcome before, after;
            if (execute(&before, &c, *b)) fail_msg("%s", before.trouble);
            if (execute(&after, &bad, *b)) fail_msg("%s", after.trouble);
            for (int n = 0; n < N; n++) {
                const double lse = value_of(&after, "lse", n);
                if (n == NONE || n == NUMBER || n == GREAT)
                    assert_true(isnan(lse) && isnan(value_of(&after, "losses", n)));
                else
                    assert_true(lse == value_of(&before, "lse", n));
            }
            assert_true(value_of(&after, "losses", IGNORED) == 0);
            outcome_free(&before), outcome_free(&after);
        }
        case_free(&c), case_free(&bad);
    }
}

static void linear_holds(void **state)
{
    (void)state;
    all_hold("softmax_xent_linear_forward", sizes, "");
    all_hold("softmax_xent_linear_forward", sizes, "-b -losses -count smoothing=0.1 reduction=1");
    all_hold("softmax_xent_linear_backward", sizes, "");
    all_hold("softmax_xent_linear_backward", sizes, "-b -dloss -losses -count -dx -db");
    all_hold("softmax_xent_linear_backward", sizes, "smoothing=0.1 reduction=1");
}

/* on CUDA: logits of 16 bits in tiles of 128 rows and words, 32 features a step */
static void tiles_hold(void **state)
{
    static const char *const tiles[] = {
        "N=127 V=63 D=31",        /* one less than a tile, a warp's words and a step */
        "N=128 V=64 D=32",        /* as many */
        "N=129 V=65 D=33",        /* one more */
        "N=65 V=127 D=64",        /* rows of the second warps; two steps */
        "N=64 V=128 D=96",        /* three steps */
        "N=3 V=129 D=97",         /* a tile of one word */
        "N=7 V=300 D=130",        /* copies of two features; three tiles, five steps */
        "N=131 V=257 D=72 pad=8", /* of eight, of rows apart */
        "N=5 V=131 D=40 pad=2",   /* of two */
        "N=5 V=70 D=40 offset=1", /* of one */
        "N=9 V=200 D=512",        /* the most features that are multiplied twice */
        "N=9 V=130 D=513",        /* one more */
        "N=1 V=2000 D=650",       /* the book's */
        NULL,
    };
    (void)state;
    all_hold("softmax_xent_linear_forward", tiles, "smoothing=0.1");
    all_hold("softmax_xent_linear_backward", tiles, "smoothing=0.1");
    all_hold("softmax_xent_linear_backward", tiles, "-b -db -dloss");
}

/* A bias of -inf takes words out, all of a tile's or some. */
static void a_bias_masks_words(void **state)
{
    static const char *const types[] = { "dtype=f32", "dtype=f16", "dtype=bf16" };
    enum { N = 9, V = 200, MASKED = 100 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        char text[64];
        double labels[N];
        verdict why;
        snprintf(text, sizeof text, "N=%d V=%d D=8 %s", N, V, types[i]);
        op_case c = made("softmax_xent_linear_backward", text);
        for (int n = 0; n < N; n++) labels[n] = n == 4 ? -1 : MASKED + 11 * n;
        for (int v = 0; v < MASKED; v++) row_in(&c, "b")[v] = -INFINITY;
        put_values(&c, "labels", labels);
        if (!agrees_and_repeats(&c, why)) fail_msg("%s", why);
        case_free(&c);
    }
}

/* on the CPU 350 rows at a time, of more */
static void parts_hold(void **state)
{
    static const char *const rows[] = { "N=349 V=20 D=5", "N=350 V=20 D=5",  "N=351 V=20 D=5",
                                        "N=700 V=20 D=5", "N=1051 V=12 D=5", NULL };
    (void)state;
    all_hold("softmax_xent_linear_forward", rows, "");
    all_hold("softmax_xent_linear_backward", rows, "");
}

static void gradients_hold(void **state)
{
    static const char *const more[] = { "", "-dloss -b", "smoothing=0.1", "reduction=1" };
    (void)state;
    for (int i = 0; i < 4; i++) {
        char text[96];
        if (i != 1) {
            snprintf(text, sizeof text, "N=9 V=12 %s", more[i]);
            differentiates("softmax_xent_backward", text);
        }
        snprintf(text, sizeof text, "N=9 V=12 D=7 %s", more[i]);
        differentiates("softmax_xent_linear_backward", text);
    }
}

/* Whole numbers, whose products and sums are exact in any order. */
static void make_whole(op_case *c, const char *row)
{
    for (int64_t i = 0; i < c->count[case_row(c, row)]; i++)
        row_in(c, row)[i] = floor(4 * row_in(c, row)[i]);
}

/* x w^T by hand, then the logits' pair, to the bit on the oracle */
static void the_linear_pair_is_linear_and_the_logits_pair(void **state)
{
    enum { N = 6, V = 8, D = 5 };
    op_case both = made("softmax_xent_linear_forward", "N=6 V=8 D=5 smoothing=0.1");
    op_case logits = made("softmax_xent_forward", "N=6 V=8 smoothing=0.1");
    make_whole(&both, "x"), make_whole(&both, "w"), make_whole(&both, "b");
    const double *x = row_in(&both, "x"), *w = row_in(&both, "w"), *b = row_in(&both, "b");
    outcome one, two;
    (void)state;
    for (int n = 0; n < N; n++)
        for (int v = 0; v < V; v++) {
            double *z = &row_in(&logits, "logits")[n * V + v];
            *z = b[v];
            for (int d = 0; d < D; d++) *z += x[n * D + d] * w[v * D + d];
        }
    put_values(&logits, "labels", row_in(&both, "labels"));
    if (execute(&one, &both, &wl_ref_oracle_backend)) fail_msg("%s", one.trouble);
    if (execute(&two, &logits, &wl_ref_oracle_backend)) fail_msg("%s", two.trouble);
    for (int n = 0; n < N; n++)
        assert_true(value_of(&one, "losses", n) == value_of(&two, "losses", n));
    outcome_free(&one), outcome_free(&two);
    case_free(&both), case_free(&logits);
}

/* the same whole number added to every logit changes no probability */
static void a_constant_changes_nothing(void **state)
{
    enum { N = 6, V = 8, D = 5 };
    op_case c = made("softmax_xent_linear_backward", "N=6 V=8 D=5");
    outcome before, after;
    (void)state;
    make_whole(&c, "x"), make_whole(&c, "w"), make_whole(&c, "b");
    if (execute(&before, &c, &wl_ref_oracle_backend)) fail_msg("%s", before.trouble);
    for (int v = 0; v < V; v++) row_in(&c, "b")[v] += 3;
    if (execute(&after, &c, &wl_ref_oracle_backend)) fail_msg("%s", after.trouble);
    for (int i = 0; i < N * D; i++)
        assert_true(value_of(&before, "dx", i) == value_of(&after, "dx", i));
    outcome_free(&before), outcome_free(&after);
    case_free(&c);
}

/* eight words, eight rows, logits of 0: all gradients are exact, and a row's add up to 0 */
static void gradients_of_a_row_add_up_to_zero(void **state)
{
    enum { N = 8, V = 8, D = 1 };
    const double zero[N * D] = { 0 }, one[] = { 1 };
    double labels[N];
    op_case c = made("softmax_xent_linear_backward", "N=8 V=8 D=1 -b");
    (void)state;
    for (int n = 0; n < N; n++) labels[n] = n % 3;
    put_values(&c, "x", zero), put_values(&c, "labels", labels);
    put_values(&c, "db", zero), put_values(&c, "dloss", one);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        double sum = 0;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        for (int v = 0; v < V; v++) sum += value_of(&o, "db", v);
        assert_true(sum == 0 && value_of(&o, "db", 7) == 0.125);
        outcome_free(&o);
    }
    case_free(&c);
}

static void gradients_fit_in_the_place_of_logits(void **state)
{
    (void)state;
    works_in_place("softmax_xent_backward", "logits", "dlogits", "N=5 V=300");
    works_in_place("softmax_xent_backward", "logits", "dlogits", "N=5 V=301 dtype=bf16");
    works_in_place("softmax_xent_backward", "logits", "dlogits", "N=2 V=2500 dtype=f16");
    works_in_place("softmax_xent_backward", "logits", "dlogits", "N=2 V=33001 offset=1");
}

static void a_bad_label_is_reported(void **state)
{
    static const char *const ops[] = { "softmax_xent_forward", "softmax_xent_linear_forward",
                                       "softmax_xent_linear_backward" };
    (void)state;
    for (int i = 0; i < 3; i++) {
        op_case c = made(ops[i], "N=5 V=4 D=3");
        char trouble[256];
        row_in(&c, "labels")[2] = 4;
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            bound_case bound;
            if (case_bind(&bound, &c, *b, trouble)) fail_msg("%s", trouble);
            assert_int_equal(bound_call(&bound), WL_OK);
            assert_int_equal(wl_ctx_sync(bound.ctx), WL_BAD_ID);
            assert_non_null(strstr(wl_ctx_error(bound.ctx), "labels"));
            bound_free(&bound);
        }
        case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_logits_are_equally_likely),
        cmocka_unit_test(large_logits_stay_finite),
        cmocka_unit_test(nothing_but_ignored_labels_gives_zero),
        cmocka_unit_test(logits_hold),
        cmocka_unit_test(rows_hold_however_they_are_cut),
        cmocka_unit_test(masked_logits_have_no_probability),
        cmocka_unit_test(linear_holds),
        cmocka_unit_test(tiles_hold),
        cmocka_unit_test(a_bias_masks_words),
        cmocka_unit_test(parts_hold),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(the_linear_pair_is_linear_and_the_logits_pair),
        cmocka_unit_test(a_constant_changes_nothing),
        cmocka_unit_test(gradients_of_a_row_add_up_to_zero),
        cmocka_unit_test(gradients_fit_in_the_place_of_logits),
        cmocka_unit_test(a_bad_label_is_reported),
    };
    return cmocka_run_group_tests_name("softmax_xent", tests, NULL, NULL);
}
