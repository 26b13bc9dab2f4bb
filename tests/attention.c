/* Tests of the dot product's pair of <wordloom/attention.h>. */
#include "judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ by hand */

/* e = 2 (3 + 2) = 10 of the only key, whose value is the result. */
static void a_single_key_gives_its_value(void **state)
{
    static const double q[2] = { 1, 2 }, k[2] = { 3, 1 }, v[3] = { 2, 0, 1 };
    static const double one[1] = { 1 }, lse[1] = { 10 };
    (void)state;
    op_case c = made("attention_forward", "T=1 B=1 S=1 H=2 D=3 scale=2 -lengths");
    put_values(&c, "q", q), put_values(&c, "k", k), put_values(&c, "v", v);
    gives(&c, "y", v);
    gives(&c, "weights", one);
    gives(&c, "lse", lse);
    case_free(&c);
}

/* The first key's score is 200 more than the others': in float nothing is left of these. */
static void the_key_that_agrees_gives_its_value(void **state)
{
    static const double q[2] = { 10, 0 }, k[6] = { 20, 5, 0, 1, -3, 7 };
    static const double v[6] = { 7, -5, 1, 1, 2, 3 }, y[2] = { 7, -5 }, lse[1] = { 200 };
    (void)state;
    op_case c = made("attention_forward", "T=1 B=1 S=3 H=2 D=2 -lengths");
    put_values(&c, "q", q), put_values(&c, "k", k), put_values(&c, "v", v);
    gives(&c, "y", y);
    gives(&c, "lse", lse);
    case_free(&c);
}

/* For any y and lse that are given: a = e^(10 - 10), da = 4, dy . y = 2, and 2 a (da - dy . y) = 4
 * is the gradient at q . k. */
static void put_backward(op_case *c)
{
    static const double q[2] = { 1, 2 }, k[2] = { 3, 1 }, dy[2] = { 1, 1 }, y[2] = { 0, 2 };
    static const double lse[1] = { 10 };
    put_values(c, "q", q), put_values(c, "k", k), put_values(c, "dy", dy);
    put_values(c, "y", y), put_values(c, "lse", lse);
}

static void gradients_are_those_worked_out_by_hand(void **state)
{
    static const double v[2] = { 3, 1 }, dq[2] = { 12, 4 }, dk[2] = { 4, 8 }, dv[2] = { 1, 1 };
    (void)state;
    op_case c = made("attention_backward", "T=1 B=1 S=1 H=2 D=2 scale=2 -lengths");
    put_backward(&c);
    put_values(&c, "v", v);
    gives(&c, "dq", dq);
    gives(&c, "dk", dk);
    gives(&c, "dv", dv);
    case_free(&c);
}

static void keys_that_are_values_take_both_gradients(void **state)
{
    static const double dq[2] = { 12, 4 }, dk[2] = { 4 + 1, 8 + 1 };
    (void)state;
    op_case c = made("attention_backward", "T=1 B=1 S=1 H=2 D=2 scale=2 -lengths -v -dv");
    put_backward(&c);
    gives(&c, "dq", dq);
    gives(&c, "dk", dk);
    case_free(&c);
}

/* ------------------------------------------------------------------ agreement */

static const char *const sizes[] = {
    "T=0 B=3 S=4 H=5 D=3",              /* no queries */
    "T=3 B=3 S=0 H=5 D=3",              /* no keys */
    "T=2 B=3 S=3 H=5 D=0",              /* no features of values */
    "T=2 B=3 S=3 H=0 D=5",              /* none of keys: all agree alike */
    "T=1 B=1 S=1 H=1 D=1 -lengths",     /* one of all */
    "T=2 B=7 S=1 H=7 D=9",              /* a key whose weight is 1 */
    "T=1 B=33 S=7 H=7 D=8",             /* a step of many sequences; a key less than a tile's */
    "T=7 B=3 S=8 H=64 D=63",            /* a query less than a block's, its keys */
    "T=9 B=2 S=9 H=63 D=65 -lengths",   /* one more of each */
    "T=17 B=3 S=65 H=8 D=16",           /* one more than the reference's tiles */
    "T=16 B=2 S=64 H=65 D=4",           /* as many */
    "T=35 B=2 S=17 H=100 D=24",         /* several blocks */
    "T=2 B=2 S=9 H=650 D=513 -lengths", /* slices of keys and of values, of two tiles */
    "T=2 B=2 S=3 H=12 D=1032",          /* values of more slices than keys, in packs */
    "T=2 B=2 S=3 H=1032 D=16 scale=0.125",
    "T=3 B=3 S=5 H=64 D=32 pad=3",    /* rows that begin where no pack does */
    "T=3 B=3 S=5 H=64 D=32 pad=8",    /* rows apart, of whole packs */
    "T=3 B=3 S=5 H=64 D=32 swap=1",   /* batch first */
    "T=3 B=3 S=5 H=64 D=32 offset=1", /* element-aligned pointers */
    "T=3 B=3 S=5 H=8 D=4",            /* a pack of 16 bits, and half of one */
    "T=1 B=3 S=300 H=24 D=16",        /* keys for several blocks of a cluster */
    "T=4 B=1 S=33 H=9 D=7 -lengths",  /* one more than a block's; a part of one key */
    "T=1 B=2 S=70 H=300 D=1032",      /* long rows: eight blocks, two slices */
    "T=1 B=300 S=40 H=3 D=2",         /* blocks enough without */
    "T=65 B=2 S=5 H=20 D=24",         /* in 16 bits a query more than a block's */
    "T=9 B=1 S=130 H=64 D=128",       /* two keys more than two tiles */
    "T=33 B=2 S=33 H=130 D=300",      /* one more of each where features are shared */
    "T=5 B=2 S=9 H=72 D=520",         /* long values */
    "T=17 B=1 S=17 H=1160 D=1032",    /* long keys: a query and a key more than a tile */
    "T=5 B=1 S=3 H=4000 D=8",         /* too long for tiles */
    "T=2 B=1 S=33 H=1160 D=1032",     /* backward, of few rows */
    "T=32 B=3 S=32 H=300 D=520",      /* backward at once: a cluster's features */
    "T=3 B=3 S=5 H=7 D=300 pad=3",    /* some blocks without keys' */
    "T=6 B=3 S=5 H=64 D=32 pad=3",    /* as above, for tiles */
    "T=6 B=3 S=5 H=64 D=32 pad=8",
    "T=6 B=3 S=5 H=64 D=32 swap=1",
    "T=6 B=3 S=5 H=64 D=32 offset=1",
    NULL,
};

/* In f16 gradients at scores far beyond its numbers, and far below them. */
static void gradients_at_scores_may_be_any(void **state)
{
    (void)state;
    static const double factors[] = { 0x1p-12, 0x1p9 };
    for (int i = 0; i < 4; i++) {
        op_case c =
            made("attention_backward", i < 2 ? "T=5 B=2 S=9 H=16 D=200 dtype=f16 scale=0.125"
                                             : "T=5 B=2 S=40 H=16 D=200 dtype=f16 scale=0.125");
        double *k = c.value[case_row(&c, "k")], *q = c.value[case_row(&c, "q")];
        double *dy = c.value[case_row(&c, "dy")];
        verdict why;
        for (int64_t j = 0; j < c.count[case_row(&c, "dy")]; j++) dy[j] *= factors[i % 2];
        for (int64_t j = 0; j < c.count[case_row(&c, "k")]; j++) k[j] *= i % 2 ? 0x1p-6 : 1;
        for (int64_t j = 0; j < c.count[case_row(&c, "q")]; j++) q[j] *= i % 2 ? 0x1p-6 : 1;
        for (int64_t j = 0; j < c.count[case_row(&c, "v")] && i % 2; j++)
            c.value[case_row(&c, "v")][j] *= 16;
        if (!agrees_and_repeats(&c, why)) fail_msg("%s", why);
        case_free(&c);
    }
}

static const char *const without_values[] = {
    "T=0 B=2 S=4 H=5 D=5",
    "T=2 B=3 S=0 H=5 D=5",     /* none */
    "T=2 B=2 S=1 H=7 D=7",     /* a weight of 1 */
    "T=9 B=3 S=17 H=64 D=64",  /* one slice */
    "T=2 B=2 S=3 H=520 D=520", /* two */
    "T=1 B=8 S=66 H=24 D=24",
    "T=3 B=3 S=5 H=32 D=32 pad=3", /* tiles; rows apart */
    "T=1 B=2 S=70 H=1000 D=1000",  /* keys of few queries, held */
    "T=1 B=1 S=9 H=1032 D=1032 -lengths",
    NULL, /* too long for that */
};

static void forward_holds(void **state)
{
    (void)state;
    all_hold("attention_forward", sizes, "");
    all_hold("attention_forward", without_values, "-v");
    all_hold("attention_forward", without_values, "-v -weights scale=0.125");
}

static void backward_holds(void **state)
{
    (void)state;
    all_hold("attention_backward", sizes, "");
    all_hold("attention_backward", without_values, "-v -dv");
}

static void gradients_hold(void **state)
{
    (void)state;
    differentiates("attention_backward", "T=3 B=3 S=5 H=6 D=4");
    differentiates("attention_backward", "T=1 B=2 S=70 H=3 D=7 -lengths"); /* several tiles */
    differentiates("attention_backward", "T=20 B=4 S=6 H=5 D=2 scale=0.125");
    differentiates("attention_backward", "T=3 B=3 S=5 H=6 D=6 -v -dv");
    differentiates("attention_backward", "T=18 B=2 S=67 H=4 D=4 -v -dv -lengths scale=2");
}

/* ------------------------------------------------------------------ what rows cannot say */

static void is_refused(const op_case *c, int absent, wl_status status, const char *message)
{
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        char trouble[256];
        bound_case bound;
        if (case_bind(&bound, c, *b, trouble)) fail_msg("%s", trouble);
        if (absent >= 0) memset(bound_tensor(&bound, absent), 0, sizeof(wl_tensor));
        assert_int_equal(bound_call(&bound), status);
        assert_string_equal(wl_ctx_error(bound.ctx), message);
        bound_free(&bound);
    }
}

static void keys_of_another_width_are_no_values(void **state)
{
    (void)state;
    op_case c = made("attention_forward", "T=2 B=3 S=4 H=5 D=6");
    is_refused(&c, case_row(&c, "v"), WL_BAD_SHAPE,
               "attention_forward: y: has 6 features, expected the 5 of k, which is v where v is "
               "absent");
    case_free(&c);
    c = made("attention_backward", "T=2 B=3 S=4 H=5 D=6");
    is_refused(&c, case_row(&c, "dv"), WL_MISSING,
               "attention_backward: dv: is missing, expected it where v is");
    is_refused(&c, case_row(&c, "v"), WL_BAD_SHAPE,
               "attention_backward: dv: is given, expected it where v is");
    case_free(&c);
}

/* ------------------------------------------------------------------ properties */

static outcome of(const op_case *c, const wl_backend *backend)
{
    outcome o;
    if (execute(&o, c, backend)) fail_msg("%s", o.trouble);
    return o;
}

static const double *row_in(const outcome *o, const char *name)
{
    return o->value[case_row(o->of, name)];
}

static double *put(op_case *c, const char *name) { return c->value[case_row(c, name)]; }

/* Within what S additions in float can lose. */
static void weights_add_up_to_1(void **state)
{
    enum { T = 3, B = 4, S = 150 };
    (void)state;
    op_case c = made("attention_forward", "T=3 B=4 S=150 H=8 D=2");
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o = of(&c, *b);
        for (int i = 0; i < T * B; i++) {
            const double *a = row_in(&o, "weights") + i * S;
            const int length = (int)put(&c, "lengths")[i % B];
            double sum = 0;
            for (int s = 0; s < S; s++) {
                assert_true(s < length ? a[s] > 0 : a[s] == 0);
                sum += a[s];
            }
            assert_true(fabs(sum - (length > 0)) <= S * 0x1p-22);
        }
        outcome_free(&o);
    }
    case_free(&c);
}

/* Of so few keys that no way of adding them up has parts: the same sums, to the bit. */
static void identity_gives_weights(const char *sizes, int rows, int S, int B)
{
    op_case c = made("attention_forward", sizes);
    for (int i = 0; i < S * B * S; i++) put(&c, "v")[i] = i / (B * S) == i % S;
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o = of(&c, *b);
        assert_memory_equal(row_in(&o, "y"), row_in(&o, "weights"),
                            (size_t)(rows * S) * sizeof(double));
        outcome_free(&o);
    }
    case_free(&c);
}

static void values_that_are_the_identity_give_the_weights(void **state)
{
    (void)state;
    identity_gives_weights("T=9 B=4 S=8 H=12 D=8", 9 * 4, 8, 4); /* a tile's keys */
    identity_gives_weights("T=3 B=4 S=4 H=12 D=4", 3 * 4, 4, 4); /* those of a warp */
}

static void equal_keys_give_the_mean_of_the_values(void **state)
{
    enum { T = 2, B = 3, S = 4, H = 5, D = 7 };
    double y[T * B * D];
    (void)state;
    op_case c = made("attention_forward", "T=2 B=3 S=4 H=5 D=7 -lengths");
    for (int i = 0; i < S * B * H; i++) put(&c, "k")[i] = put(&c, "k")[i % (B * H)];
    for (int i = 0; i < S * B * D; i++) put(&c, "v")[i] = i * 11 % 64;
    for (int i = 0; i < T * B * D; i++) {
        y[i] = 0;
        for (int s = 0; s < S; s++) y[i] += put(&c, "v")[s * B * D + i % (B * D)] / S;
    }
    gives(&c, "y", y);
    case_free(&c);
}

/* A row of a tensor [.,B,X] of one case against one of the other's. */
static void same_rows(const outcome *a, int64_t i, const outcome *b, int64_t j, const char *name)
{
    const wl_tensor *like = &a->of->like[case_row(a->of, name)];
    const int64_t X = like->ndim > 2 ? like->shape[2] : 1;
    assert_memory_equal(row_in(a, name) + i * X, row_in(b, name) + j * X,
                        (size_t)X * sizeof(double));
}

static void copy_row(op_case *to, int64_t i, const op_case *from, int64_t j, const char *name)
{
    const int at = case_row(from, name);
    const int64_t X = from->like[at].ndim > 2 ? from->like[at].shape[2] : 1;
    memcpy(to->value[at] + i * X, from->value[at] + j * X, (size_t)X * sizeof(double));
}

static const char *const inputs[] = { "q", "k", "v", "y", "lse", "dy", NULL };
static const char *const gradients[] = { "dq", "dk", "dv", NULL };

/* Sequences turned round give theirs turned round. */
static void sequences_of(const char *sizes)
{
    enum { T = 5, B = 4 };
    op_case c = made("attention_backward", sizes), turned;
    assert_int_equal(case_copy(&turned, &c), 0);
    for (int i = 0; i < T * B; i++)
        for (int k = 0; inputs[k]; k++)
            copy_row(&turned, i / B * B + B - 1 - i % B, &c, i, inputs[k]);
    for (int b = 0; b < B; b++) put(&turned, "lengths")[b] = put(&c, "lengths")[B - 1 - b];
    for (const wl_backend *const *on = backends_under_test(); *on; on++) {
        outcome a = of(&c, *on), b = of(&turned, *on);
        for (int i = 0; i < T * B; i++)
            for (int k = 0; gradients[k]; k++)
                same_rows(&a, i, &b, i / B * B + B - 1 - i % B, gradients[k]);
        outcome_free(&a), outcome_free(&b);
    }
    case_free(&c), case_free(&turned);
}

static void sequences_do_not_meet(void **state)
{
    (void)state;
    sequences_of("T=5 B=4 S=5 H=20 D=13");
    sequences_of("T=5 B=4 S=5 H=20 D=13 dtype=f16");
}

/* What lies past a sequence's end is not read, and its gradients are 0. */
static void padding_of(const char *dtype)
{
    enum { T = 3, B = 2, S = 11, LONGER = 20, H = 20 };
    char sizes[80];
    snprintf(sizes, sizeof sizes, "T=3 B=2 S=11 H=20 D=20 %s", dtype);
    op_case c = made("attention_backward", sizes);
    snprintf(sizes, sizeof sizes, "T=3 B=2 S=20 H=20 D=20 %s", dtype);
    op_case padded = made("attention_backward", sizes);
    for (int b = 0; b < B; b++) put(&c, "lengths")[b] = put(&padded, "lengths")[b] = S;
    for (int i = 0; i < S * B; i++)
        copy_row(&padded, i, &c, i, "k"), copy_row(&padded, i, &c, i, "v");
    for (int i = 0; i < T * B; i++)
        for (int k = 0; inputs[k]; k++)
            if (*inputs[k] != 'k' && *inputs[k] != 'v') copy_row(&padded, i, &c, i, inputs[k]);
    for (int i = S * B * H; i < LONGER * B * H; i++)
        put(&padded, "k")[i] = put(&padded, "v")[i] = NAN;
    for (const wl_backend *const *on = backends_under_test(); *on; on++) {
        outcome a = of(&c, *on), b = of(&padded, *on);
        for (int i = 0; i < T * B; i++) same_rows(&a, i, &b, i, "dq");
        for (int i = 0; i < S * B; i++)
            same_rows(&a, i, &b, i, "dk"), same_rows(&a, i, &b, i, "dv");
        for (int i = S * B * H; i < LONGER * B * H; i++)
            assert_true(row_in(&b, "dk")[i] == 0 && row_in(&b, "dv")[i] == 0);
        outcome_free(&a), outcome_free(&b);
    }
    case_free(&c), case_free(&padded);
}

static void padding_changes_nothing(void **state)
{
    (void)state;
    padding_of("");
    padding_of("dtype=bf16");
}

static void lengths_out_of_range_are_brought_within(void **state)
{
    static const double beyond[3] = { -3, 100, 2 }, within[3] = { 0, 6, 2 };
    (void)state;
    op_case c = made("attention_backward", "T=2 B=3 S=6 H=5 D=4"), other;
    assert_int_equal(case_copy(&other, &c), 0);
    put_values(&c, "lengths", within), put_values(&other, "lengths", beyond);
    for (const wl_backend *const *on = backends_under_test(); *on; on++) {
        outcome a = of(&c, *on), b = of(&other, *on);
        assert_true(a.hash == b.hash);
        outcome_free(&a), outcome_free(&b);
    }
    case_free(&c), case_free(&other);
}

/* As same_rows; or, where n keys are added up in another order, within what that can lose. */
static void nearly_same_rows(const outcome *a, int64_t i, const outcome *b, int64_t j,
                             const char *name, int n)
{
    const wl_tensor *like = &a->of->like[case_row(a->of, name)];
    const int64_t X = like->ndim > 2 ? like->shape[2] : 1;
    const double *x = row_in(a, name) + i * X, *y = row_in(b, name) + j * X;
    double most = 0;
    for (int64_t k = 0; k < X; k++) most = fmax(most, fabs(x[k]));
    for (int64_t k = 0; k < X; k++) assert_true(fabs(x[k] - y[k]) <= n * 0x1p-23 * most);
}

/* A decoder that runs step by step finds what it found at once: on the CPU to the bit; on CUDA the
 * keys of few queries are shared out. */
static void a_step_at_a_time_gives_the_same(void **state)
{
    enum { T = 11, B = 2, S = 30 };
    (void)state;
    op_case all = made("attention_forward", "T=11 B=2 S=30 H=37 D=37 -v -lengths");
    op_case one = made("attention_forward", "T=1 B=2 S=30 H=37 D=37 -v -lengths");
    memcpy(put(&one, "k"), put(&all, "k"), (size_t)all.count[case_row(&all, "k")] * sizeof(double));
    for (const wl_backend *const *on = backends_under_test(); *on; on++) {
        outcome a = of(&all, *on);
        const int shared = (*on)->device == WL_CPU ? 0 : S;
        for (int t = 0; t < T; t++) {
            for (int b = 0; b < B; b++) copy_row(&one, b, &all, t * B + b, "q");
            outcome o = of(&one, *on);
            for (int b = 0; b < B; b++) {
                nearly_same_rows(&a, t * B + b, &o, b, "y", shared);
                nearly_same_rows(&a, t * B + b, &o, b, "lse", shared);
            }
            outcome_free(&o);
        }
        outcome_free(&a);
    }
    case_free(&all), case_free(&one);
}

static void is_finite(const outcome *o)
{
    for (int row = 0; o->of->spec->arg[row].name; row++)
        for (int64_t i = 0; o->value[row] && i < o->of->count[row]; i++)
            assert_true(isfinite(o->value[row][i]));
}

/* Of 10,000 and more, either way: the exponentials of none are taken as they are. */
static void large_scores_of(const char *dtype)
{
    char sizes[80];
    snprintf(sizes, sizeof sizes, "T=6 B=2 S=70 H=4 D=4 -lengths -v %s", dtype);
    op_case c = made("attention_forward", sizes);
    snprintf(sizes, sizeof sizes, "T=6 B=2 S=70 H=4 D=4 -lengths -v -dv %s", dtype);
    op_case back = made("attention_backward", sizes);
    for (int i = 0; i < 6 * 2 * 4; i++) put(&c, "q")[i] = i % 3 ? 100 : -100;
    for (int i = 0; i < 70 * 2 * 4; i++) put(&c, "k")[i] = i % 5 ? 100 + i % 7 : -100;
    put_values(&back, "q", put(&c, "q")), put_values(&back, "k", put(&c, "k"));
    for (const wl_backend *const *on = backends_under_test(); *on; on++) {
        outcome o = of(&c, *on);
        is_finite(&o);
        put_values(&back, "y", row_in(&o, "y")), put_values(&back, "lse", row_in(&o, "lse"));
        outcome g = of(&back, *on);
        is_finite(&g);
        outcome_free(&o), outcome_free(&g);
    }
    case_free(&c), case_free(&back);
}

static void large_scores_stay_finite(void **state)
{
    (void)state;
    large_scores_of("");
    large_scores_of("dtype=f16");
    large_scores_of("dtype=bf16");
}

static void nan_stays_in(const char *sizes, int T)
{
    enum { B = 2, H = 10 };
    op_case c = made("attention_forward", sizes);
    put(&c, "q")[(1 * B + 1) * H + 3] = NAN;
    for (const wl_backend *const *on = backends_under_test(); *on; on++) {
        outcome o = of(&c, *on);
        for (int i = 0; i < T * B * H; i++)
            assert_true(isnan(row_in(&o, "y")[i]) == (i / H == 1 * B + 1));
        outcome_free(&o);
    }
    case_free(&c);
}

static void nan_stays_with_its_sequence_and_query(void **state)
{
    (void)state;
    nan_stays_in("T=3 B=2 S=9 H=10 D=10 -lengths", 3);
    nan_stays_in("T=9 B=2 S=9 H=10 D=10 -lengths", 9);
    nan_stays_in("T=9 B=2 S=9 H=10 D=10 -lengths dtype=bf16", 9);
}

static void nothing_reaches_past_the_end(void **state)
{
    static const char *const all[] = { "T=3 B=2 S=9 H=10 D=10", "T=3 B=2 S=9 H=10 D=10 dtype=bf16",
                                       "T=3 B=2 S=40 H=10 D=10 dtype=bf16" };
    static const double lengths[2] = { 5, 5 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        op_case c = made("attention_backward", all[i]);
        const int64_t n = c.count[case_row(&c, "dk")];
        put_values(&c, "lengths", lengths);
        put(&c, "q")[3] = put(&c, "dy")[4] = NAN;
        for (const wl_backend *const *on = backends_under_test(); *on; on++) {
            outcome o = of(&c, *on);
            for (int64_t j = 5 * 2 * 10; j < n; j++)
                assert_true(row_in(&o, "dk")[j] == 0 && row_in(&o, "dv")[j] == 0);
            outcome_free(&o);
        }
        case_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_key_gives_its_value),
        cmocka_unit_test(the_key_that_agrees_gives_its_value),
        cmocka_unit_test(gradients_are_those_worked_out_by_hand),
        cmocka_unit_test(keys_that_are_values_take_both_gradients),
        cmocka_unit_test(forward_holds),
        cmocka_unit_test(backward_holds),
        cmocka_unit_test(gradients_at_scores_may_be_any),
        cmocka_unit_test(gradients_hold),
        cmocka_unit_test(keys_of_another_width_are_no_values),
        cmocka_unit_test(weights_add_up_to_1),
        cmocka_unit_test(values_that_are_the_identity_give_the_weights),
        cmocka_unit_test(equal_keys_give_the_mean_of_the_values),
        cmocka_unit_test(sequences_do_not_meet),
        cmocka_unit_test(padding_changes_nothing),
        cmocka_unit_test(lengths_out_of_range_are_brought_within),
        cmocka_unit_test(a_step_at_a_time_gives_the_same),
        cmocka_unit_test(large_scores_stay_finite),
        cmocka_unit_test(nan_stays_with_its_sequence_and_query),
        cmocka_unit_test(nothing_reaches_past_the_end),
    };
    return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}
