/* Tests of <wordloom/word2vec.h>. */
#include "judge.h"

#include "../host/ops/word2vec_draws.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const steps[] = { "word2vec_hogwild", "word2vec_sync", NULL };

static double *row_values(const op_case *c, const char *row)
{
    const int at = case_row(c, row);
    if (at < 0 || !c->value[at]) fail_msg("%s has no %s", c->spec->name, row);
    return c->value[at];
}

static double *outcome_values(const outcome *o, const char *row)
{
    return o->value[case_row(o->of, row)];
}

static void put_all(op_case *c, const char *row, double value)
{
    double *to = row_values(c, row);
    for (int64_t i = 0; i < c->count[case_row(c, row)]; i++) to[i] = value;
}

/* ------------------------------------------------------------------ by hand */

/* What a case is worked out from. */
static void begins_from(op_case *c, const double *tokens, const double *begin, const double *lr,
                        const double *input, const double *output)
{
    put_values(c, "tokens", tokens);
    put_values(c, "begin", begin);
    put_values(c, "lr", lr);
    put_values(c, "input", input);
    put_values(c, "output", output);
}

/* scores of 0 give gradients of a half, which is exact: words 0 and 1 are each other's context. In
 * hogwild the second centre reads what the first has written; in sync it does not. */
static void two_words_learn_from_each_other(void **state)
{
    const double tokens[] = { 0, 1 }, lr[] = { 0.5, 0.5 }, begin = 0;
    const double input[] = { 1, 0, 0, 2 }, output[] = { 4, 0, 0, 8 };
    /* centre 0: input 1 += 1/4 output 0, output 0 += 1/4 input 1 */
    const double sync_input[] = { 1, 2, 1, 2 }, sync_output[] = { 4, 0.5, 0.25, 8 };
    (void)state;
    op_case c = made("word2vec_sync",
                     "R=2 V=2 D=2 N=2 C=2 W=1 K=0 M=2 L=0 H=0 -spans -pieces -paths -nodes");
    begins_from(&c, tokens, &begin, lr, input, output);
    gives(&c, "input", sync_input);
    gives(&c, "output", sync_output);
    gives(&c, "pairs", (const double[]){ 2 });
    gives(&c, "skipped", (const double[]){ 0 });
    case_free(&c);
    /* hogwild: the second centre has score input 0 . output 1 = 0 still */
    op_case h = made("word2vec_hogwild",
                     "R=2 V=2 D=2 N=2 C=2 W=1 K=0 P=1 L=0 H=0 -spans -pieces -paths -nodes");
    begins_from(&h, tokens, &begin, lr, input, output);
    gives(&h, "input", sync_input);
    gives(&h, "output", sync_output);
    case_free(&h);
}

/* a sentence's end and the text's are borders; without contexts nothing moves */
static void lonely_words_learn_nothing(void **state)
{
    const double tokens[] = { 0, -1, 1, -1, 2 }, begin = 0, none = 0;
    (void)state;
    for (int i = 0; steps[i]; i++) {
        op_case c =
            made(steps[i], "R=3 V=3 D=5 N=5 C=9 W=4 K=3 L=0 H=0 -spans -pieces -paths -nodes");
        put_values(&c, "tokens", tokens);
        put_values(&c, "begin", &begin);
        gives(&c, "input", row_values(&c, "input"));
        gives(&c, "output", row_values(&c, "output"));
        gives(&c, "pairs", &none);
        gives(&c, "loss", &none);
        case_free(&c);
    }
}

/* many stale updates of one row are kept to the cap: the same centre four times, K = 0 */
static void the_cap_scales_what_is_stale(void **state)
{
    const double tokens[] = { 0, 1, -1, 0, 1, -1, 0, 1, -1, 0, 1 }, lr[] = { 1, 1 }, begin = 0;
    const double input[] = { 1, 0, 0, 1 }, output[] = { 1, 0, 0, 1 };
    (void)state;
    for (int capped = 0; capped < 2; capped++) {
        /* each row has 4 updates of 1/2: all of it, or of the input half of it */
        const double x = capped ? 1 : 2, o = 2;
        const double in[] = { 1, x, x, 1 }, out[] = { 1, o, o, 1 };
        op_case c = made(
            "word2vec_sync",
            capped
                ? "R=2 V=2 D=2 N=11 C=11 W=1 K=0 M=11 L=0 H=0 cap=2 -spans -pieces -paths -nodes"
                : "R=2 V=2 D=2 N=11 C=11 W=1 K=0 M=11 L=0 H=0 cap=0 -spans -pieces -paths -nodes");
        begins_from(&c, tokens, &begin, lr, input, output);
        gives(&c, "input", in);
        gives(&c, "output", out);
        case_free(&c);
    }
}

/* The centre has two contexts: in hogwild the second is given what the first has written to the
 * target. Scores are 0. */
static void halves_of_a_window_follow_each_other(void **state)
{
    const double tokens[] = { 0, 1, 2 }, lr[] = { 0.5, 0.5 }, begin = 1, pairs = 2;
    const double input[] = { 1, 0, 5, 5, 0, 1 }, output[] = { 7, 7, 0, 0, 7, 7 };
    const double in[] = { 1, 0, 5, 5, 0.0625, 1 }, out[] = { 7, 7, 0.25, 0.25, 7, 7 };
    (void)state;
    op_case c = made("word2vec_hogwild",
                     "R=3 V=3 D=2 N=3 C=1 W=1 K=0 P=1 L=0 H=0 -spans -pieces -paths -nodes");
    begins_from(&c, tokens, &begin, lr, input, output);
    gives(&c, "input", in);
    gives(&c, "output", out);
    gives(&c, "pairs", &pairs);
    case_free(&c);
}

/* Word 0 is a context of two centres, each of which moves its row by 0.75 of half a step of bf16:
 * rounded to nearest each time it would stay where it is. */
static void a_context_is_rounded_when_windows_leave_it(void **state)
{
    const double tokens[] = { 1, 0, 2 }, lr[] = { 1, 1 }, begin = 0;
    const double input[] = { 1, 0, 0 }, output[] = { 0, 0x1.8p-8, 0x1.8p-8 };
    (void)state;
    op_case c = made("word2vec_hogwild", "R=3 V=3 D=1 N=3 C=3 W=1 K=0 P=1 L=0 H=0 rounding=0 "
                                         "dtype=bf16 -spans -pieces -paths -nodes");
    begins_from(&c, tokens, &begin, lr, input, output);
    for (const wl_backend *const *b = backends_under_test(); *b; b++) {
        outcome o;
        if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
        assert_true(outcome_values(&o, "input")[0] == 1 + 0x1p-7);
        outcome_free(&o);
    }
    case_free(&c);
}

/* ------------------------------------------------------------------ agreement */

static const char *const sizes[] = {
    "R=9 V=9 N=40 C=50 W=2 K=3 D=7",     /* nothing divides a vector; past the text's end */
    "R=9 V=9 N=40 C=0 W=2 K=3 D=8",      /* no centres */
    "R=9 V=9 N=0 C=4 W=2 K=3 D=8",       /* no text */
    "R=5 V=5 N=12 C=12 W=1 K=0 D=1",     /* one of everything, no negatives */
    "R=90 V=90 N=70 C=64 W=5 K=5 D=100", /* word vectors: ten contexts, six samples */
    "R=40 V=40 N=40 C=33 W=5 K=5 D=112", /* whole vectors of any width */
    "R=30 V=30 N=60 C=40 W=17 K=6 D=33", /* more contexts than a tile, samples of two */
    "R=30 V=30 N=30 C=9 W=40 K=20 D=20", /* windows beyond a warp, three tiles of samples */
    "R=20 V=20 N=40 C=40 W=3 K=4 D=12 pad=4 rounding=1", /* padded rows of whole packs */
    "R=20 V=20 N=40 C=40 W=3 K=4 D=13 pad=1 offset=1",   /* element-aligned pointers */
    "R=9 V=9 N=30 C=20 W=2 K=3 D=300 rounding=1",        /* more than a block of features */
    NULL,
};

static const char *const ways[] = {
    "method=0 negatives=0 L=0 H=0 -spans -pieces -paths -nodes", /* skip-gram, negatives a window */
    "method=0 negatives=1 L=0 H=0 -spans -pieces -paths -nodes", /* a pair */
    "method=1 context=0 L=0 H=0 -spans -pieces -paths -nodes",   /* CBOW: mean, */
    "method=1 context=1 L=0 H=0 -spans -pieces -paths -nodes",   /* corrected, */
    "method=1 context=2 L=0 H=0 -spans -pieces -paths -nodes -loss", /* sum */
    NULL,
};

static void step_holds(const char *op, const char *more)
{
    for (int k = 0; ways[k]; k++) {
        char text[160];
        snprintf(text, sizeof text, "%s %s", ways[k], more);
        all_hold(op, sizes, text);
    }
}

static void hogwild_holds(void **state)
{
    (void)state;
    step_holds("word2vec_hogwild", "P=1");
}

static void sync_holds(void **state)
{
    (void)state;
    step_holds("word2vec_sync", "M=16 cap=3");
    holds(
        "word2vec_sync",
        "R=60 V=60 N=200 C=190 W=5 K=5 D=36 M=90 L=0 H=0 -spans -pieces -paths -nodes"); /* parts */
    holds("word2vec_sync",
          "R=9 V=9 N=40 C=40 W=2 K=2 D=20 M=1 L=0 H=0 -spans -pieces -paths -nodes");
}

/* words with n-grams, of which rows 20.. of the input table are the vectors */
static void n_grams_hold(void **state)
{
    static const char *const how[] = { "method=0", "method=0 negatives=1", "method=0 context=1",
                                       "method=1", "method=1 context=1",   NULL };
    (void)state;
    for (int i = 0; steps[i]; i++)
        for (int k = 0; how[k]; k++) {
            char text[256];
            snprintf(text, sizeof text,
                     "R=50 V=20 G=60 L=5 H=0 -paths -nodes N=40 C=30 W=3 K=3 D=20 M=16 %s", how[k]);
            if (i == 0) memcpy(strstr(text, "M=16"), "P=1 ", 4);
            holds(steps[i], text);
        }
}

/* sentences without an end, and so wide that some windows fill a warp, and end with it */
static void windows_of_whole_warps_hold(void **state)
{
    enum { N = 120, W = 32 };
    (void)state;
    for (int i = 0; steps[i]; i++) {
        op_case c =
            made(steps[i],
                 i ? "R=30 V=30 N=120 C=120 W=32 K=1 D=4 M=40 L=0 H=0 -spans -pieces -paths -nodes"
                   : "R=30 V=30 N=120 C=120 W=32 K=1 D=4 P=1 L=0 H=0 -spans -pieces -paths -nodes");
        const double begin = 0;
        const uint64_t position = (uint64_t)row_values(&c, "position")[0];
        int whole = 0;
        put_values(&c, "begin", &begin);
        for (int at = 0; at < N; at++) {
            row_values(&c, "tokens")[at] = at % 30;
            whole += at >= W && wl_word2vec_reach(7, position + (uint64_t)at, W) == W;
        }
        assert_true(whole > 0);
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            verdict why;
            if (!agrees_on(*b, &c, why)) fail_msg("%s", why);
        }
        case_free(&c);
    }
}

/* they are left out, alike everywhere */
static void bad_spans_pieces_and_aliases_are_left_out(void **state)
{
    (void)state;
    for (int i = 0; steps[i]; i++) {
        op_case c =
            made(steps[i], "R=50 V=20 G=60 L=5 H=0 -paths -nodes N=40 C=30 W=3 K=3 D=20 M=16");
        double *spans = row_values(&c, "spans"), *pieces = row_values(&c, "pieces");
        spans[0] = 58, spans[1] = 4;    /* past the last piece */
        spans[2] = -1, spans[3] = 2;    /* before the first */
        spans[4] = 3, spans[5] = 6;     /* longer than the longest */
        pieces[7] = 50, pieces[9] = -1; /* no rows */
        row_values(&c, "noise")[3] = 20, row_values(&c, "noise")[5] = -7; /* no words */
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            verdict why;
            if (!agrees_on(*b, &c, why)) fail_msg("%s", why);
        }
        case_free(&c);
    }
}

static void subsampling_holds(void **state)
{
    (void)state;
    holds("word2vec_subsample", "N=0 V=5");
    holds("word2vec_subsample", "N=1 V=1");
    holds("word2vec_subsample", "N=700 V=20");
    holds("word2vec_subsample", "N=40000 V=300"); /* several threads */
}

/* ------------------------------------------------------------------ the gradient of the loss */

static double loss_of(op_case *c)
{
    outcome o;
    if (execute(&o, c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    const double loss = outcome_values(&o, "loss")[0];
    outcome_free(&o);
    return loss;
}

/* The derivative of the loss along a direction in one table, by central differences. */
static double slope_of(op_case *c, const char *table, const double *direction)
{
    static const double step = 1e-3, weight[4] = { 1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12 };
    const int64_t n = c->count[case_row(c, table)];
    double *x = row_values(c, table), sum = 0;
    double *start = malloc((size_t)n * sizeof *start);
    assert_non_null(start);
    memcpy(start, x, (size_t)n * sizeof *start);
    for (int i = 0; i < 4; i++) {
        for (int64_t k = 0; k < n; k++)
            x[k] = start[k] + (i < 2 ? i - 2 : i - 1) * step * direction[k];
        sum += weight[i] * loss_of(c);
    }
    memcpy(x, start, (size_t)n * sizeof *start);
    free(start);
    return sum / step;
}

static void a_step_goes_down_the_gradient_of_its_loss(void **state)
{
    static const char *const how[] = {
        "K=4 method=0 L=0 H=0 -spans -pieces -paths -nodes",
        "K=4 method=0 negatives=1 L=0 H=0 -spans -pieces -paths -nodes",
        "K=4 method=1 context=1 L=0 H=0 -spans -pieces -paths -nodes",
        "K=4 method=1 context=2 L=0 H=0 -spans -pieces -paths -nodes",
        "K=4 method=0 context=1 L=4 H=0 -paths -nodes",
        "K=4 method=1 context=1 L=4 H=0 -paths -nodes",
        "K=0 E=60 H=7 method=0 L=0 -spans -pieces",
        "K=0 E=60 H=7 method=1 context=2 L=0 -spans -pieces",
    };
    static const char *const tables[] = { "input", "output" };
    (void)state;
    for (size_t h = 0; h < sizeof how / sizeof *how; h++) {
        char text[256];
        snprintf(text, sizeof text, "R=30 V=12 G=40 N=30 C=25 W=3 D=9 M=25 cap=0 %s", how[h]);
        op_case c = made("word2vec_sync", text);
        const double lr = row_values(&c, "lr")[0];
        outcome o;
        if (execute(&o, &c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
        for (int t = 0; t < 2; t++) {
            const double *before = row_values(&c, tables[t]),
                         *after = outcome_values(&o, tables[t]);
            const int64_t n = c.count[case_row(&c, tables[t])];
            double *direction = malloc((size_t)n * sizeof *direction);
            double claimed = 0, norm_g = 0, norm_d = 0;
            assert_non_null(direction);
            for (int64_t i = 0; i < n; i++) {
                const double g = (before[i] - after[i]) / lr;
                direction[i] = sin(12.9898 * (double)(i + 1));
                claimed += g * direction[i];
                norm_g += g * g;
                norm_d += direction[i] * direction[i];
            }
            const double measured = slope_of(&c, tables[t], direction);
            free(direction);
            if (!(fabs(claimed - measured) <= 1e-6 * sqrt(norm_g * norm_d)) || norm_g == 0)
                fail_msg("%s of \"%s\": the derivative is %.12g, the step says %.12g", tables[t],
                         how[h], measured, claimed);
        }
        outcome_free(&o);
        case_free(&c);
    }
}

/* ------------------------------------------------------------------ properties */

/* sentences of words of their own, so that runs share no row */
static void workers_that_share_no_row_race_without_a_trace(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        op_case c =
            made("word2vec_hogwild",
                 way ? "R=64 V=64 N=64 C=64 W=5 K=0 D=20 P=1 L=0 H=0 method=1 -spans -pieces "
                       "-paths -nodes"
                     : "R=64 V=64 N=64 C=64 W=5 K=0 D=20 P=1 L=0 H=0 -spans -pieces -paths -nodes");
        const double begin = 0;
        put_values(&c, "begin", &begin);
        for (int i = 0; i < 64; i++) row_values(&c, "tokens")[i] = i % 16 == 15 ? -1 : i;
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            outcome one, four;
            c.scalar[case_row(&c, "workers")] = 1;
            if (execute(&one, &c, *b)) fail_msg("%s", one.trouble);
            c.scalar[case_row(&c, "workers")] = 4;
            if (execute(&four, &c, *b)) fail_msg("%s", four.trouble);
            for (int t = 0; t < 2; t++) {
                const char *table = t ? "output" : "input";
                const double *x = outcome_values(&one, table), *y = outcome_values(&four, table);
                for (int i = 0; i < 64 * 20; i++) assert_true(x[i] == y[i]);
            }
            assert_true(outcome_values(&one, "pairs")[0] == outcome_values(&four, "pairs")[0]);
            outcome_free(&one), outcome_free(&four);
        }
        case_free(&c);
    }
}

/* cut into calls at whole batches, or at any place in hogwild, a text gives the same bits */
static void a_text_in_two_calls_is_the_text_in_one(void **state)
{
    (void)state;
    for (int i = 0; steps[i]; i++)
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            op_case whole =
                made(steps[i], i ? "R=20 V=20 N=70 C=64 W=4 K=3 D=12 M=16 L=0 H=0 -spans "
                                   "-pieces -paths -nodes"
                                 : "R=20 V=20 N=70 C=64 W=4 K=3 D=12 P=1 L=0 H=0 -spans "
                                   "-pieces -paths -nodes");
            const double begin[2] = { 0, 32 }, lr[2] = { 0.25, 0.25 };
            put_values(&whole, "begin", begin);
            put_values(&whole, "lr", lr);
            op_case part;
            outcome o[3];
            if (execute(&o[0], &whole, *b)) fail_msg("%s", o[0].trouble);
            assert_int_equal(case_copy(&part, &whole), 0);
            part.dims.C = 32;
            part.scalar[case_row(&part, "centres")] = 32;
            for (int half = 0; half < 2; half++) {
                put_values(&part, "begin", begin + half);
                if (execute(&o[1 + half], &part, *b)) fail_msg("%s", o[1 + half].trouble);
                put_values(&part, "input", outcome_values(&o[1 + half], "input"));
                put_values(&part, "output", outcome_values(&o[1 + half], "output"));
            }
            for (int k = 0; k < 20 * 12; k++) {
                assert_true(outcome_values(&o[0], "input")[k] == row_values(&part, "input")[k]);
                assert_true(outcome_values(&o[0], "output")[k] == row_values(&part, "output")[k]);
            }
            for (int k = 0; k < 3; k++) outcome_free(&o[k]);
            case_free(&whole), case_free(&part);
        }
}

/* columns of zeros stay so, and change nothing: how a model pads its rows */
static void padding_stays_zero(void **state)
{
    (void)state;
    for (int i = 0; steps[i]; i++) {
        op_case c =
            made(steps[i], "R=20 V=20 N=40 C=40 W=4 K=3 D=16 L=0 H=0 -spans -pieces -paths -nodes");
        for (int k = 0; k < 20 * 16; k++)
            if (k % 16 > 9) row_values(&c, "input")[k] = row_values(&c, "output")[k] = 0;
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            outcome o;
            if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
            for (int k = 0; k < 20 * 16; k++)
                if (k % 16 > 9)
                    assert_true(outcome_values(&o, "input")[k] == 0 &&
                                outcome_values(&o, "output")[k] == 0);
            outcome_free(&o);
        }
        case_free(&c);
    }
}

/* word 2 has gone wrong: what meets it is left out, the rest learns */
static void scores_that_are_not_finite_are_left_out(void **state)
{
    const double tokens[] = { 0, 1, -1, 2, 3, -1, 4, 5 }, begin = 0;
    (void)state;
    for (int i = 0; steps[i]; i++) {
        op_case c =
            made(steps[i], "R=6 V=6 D=5 N=8 C=8 W=1 K=0 L=0 H=0 M=8 -spans -pieces -paths -nodes");
        put_values(&c, "tokens", tokens);
        put_values(&c, "begin", &begin);
        row_values(&c, "input")[2 * 5 + 3] = INFINITY;
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            outcome o;
            if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
            assert_true(outcome_values(&o, "pairs")[0] == 5);
            assert_true(outcome_values(&o, "skipped")[0] == 1);
            assert_true(isfinite(outcome_values(&o, "loss")[0]));
            for (int k = 3 * 5; k < 4 * 5; k++) /* the target of the centre that was left out */
                assert_true(outcome_values(&o, "output")[k] == row_values(&c, "output")[k]);
            for (int k = 0; k < 5; k++)
                assert_true(outcome_values(&o, "output")[k] != row_values(&c, "output")[k]);
            outcome_free(&o);
        }
        case_free(&c);
    }
}

/* with negatives a pair, the other context of the same centre is not left out */
static void a_pair_that_is_left_out_takes_no_other_with_it(void **state)
{
    const double tokens[] = { 2, 0, 1 }, begin = 0;
    (void)state;
    for (int i = 0; steps[i]; i++) {
        op_case c = made(steps[i], "R=3 V=3 D=5 N=3 C=3 W=1 K=0 L=0 H=0 M=3 negatives=1 -spans "
                                   "-pieces -paths -nodes");
        put_values(&c, "tokens", tokens);
        put_values(&c, "begin", &begin);
        row_values(&c, "input")[2 * 5 + 3] = INFINITY;
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            outcome o;
            if (execute(&o, &c, *b)) fail_msg("%s", o.trouble);
            assert_true(outcome_values(&o, "pairs")[0] == 3);
            assert_true(outcome_values(&o, "skipped")[0] == 1);
            for (int k = 0; k < 5; k++) /* word 0, whose contexts are words 2 and 1 */
                assert_true(isfinite(outcome_values(&o, "output")[k]) &&
                            outcome_values(&o, "output")[k] != row_values(&c, "output")[k]);
            outcome_free(&o);
        }
        case_free(&c);
    }
}

static void bad_tokens_are_told_and_end_a_sentence(void **state)
{
    static const char *const ops[] = { "word2vec_hogwild", "word2vec_sync", "word2vec_subsample" };
    const double tokens[] = { 0, 9, 1, -7 }, begin = 0;
    (void)state;
    for (int i = 0; i < 3; i++) {
        op_case c =
            made(ops[i], i < 2 ? "R=3 V=3 D=5 N=4 C=4 W=1 K=0 L=0 H=0 -spans -pieces -paths -nodes"
                               : "N=4 V=3");
        put_values(&c, "tokens", tokens);
        if (i < 2) put_values(&c, "begin", &begin);
        if (i == 2) put_all(&c, "keep", -1);
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            outcome o;
            assert_int_equal(execute(&o, &c, *b), -1);
            assert_int_equal(o.status, WL_BAD_ID);
            if (!strstr(o.trouble, "tokens") || !strstr(o.trouble, "position 1"))
                fail_msg("told: %s", o.trouble);
            if (i < 2) assert_true(outcome_values(&o, "pairs")[0] == 0);
            outcome_free(&o);
        }
        case_free(&c);
    }
}

/* the pairs of a text, counted from the reaches that are drawn */
static void windows_are_as_drawn(void **state)
{
    enum { N = 60, W = 4 };
    (void)state;
    for (int i = 0; steps[i]; i++) {
        op_case c =
            made(steps[i], "R=9 V=9 D=5 N=60 C=60 W=4 K=1 L=0 H=0 -spans -pieces -paths -nodes");
        const double *tokens = row_values(&c, "tokens"), begin = 0;
        const uint64_t position = (uint64_t)row_values(&c, "position")[0];
        double pairs = 0;
        put_values(&c, "begin", &begin);
        for (int at = 0; at < N; at++) {
            const int64_t reach = wl_word2vec_reach(7, position + (uint64_t)at, W);
            assert_in_range(reach, 1, W);
            for (int side = -1; side < 2 && tokens[at] >= 0; side += 2)
                for (int64_t k = 1; k <= reach; k++) {
                    const int64_t there = at + side * k;
                    if (there < 0 || there >= N || tokens[there] < 0) break;
                    pairs++;
                }
        }
        gives(&c, "pairs", &pairs);
        case_free(&c);
    }
}

/* Each word survives with its probability: within five standard deviations of 20,000 draws. */
static void words_survive_by_their_probability(void **state)
{
    enum { N = 80000, V = 4 };
    static const double keep[V] = { 0, 0.25, 0.5, 1 };
    (void)state;
    op_case c = made("word2vec_subsample", "N=80000 V=4");
    for (int v = 0; v < V; v++) {
        const uint32_t bits = keep[v] >= 1 ? UINT32_MAX : (uint32_t)(keep[v] * 0x1p32);
        row_values(&c, "keep")[v] = (double)(int32_t)bits;
    }
    for (int i = 0; i < N; i++) row_values(&c, "tokens")[i] = i % V;
    outcome o;
    if (execute(&o, &c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    int64_t kept[V] = { 0 };
    for (int64_t i = 0; i < (int64_t)outcome_values(&o, "count")[0]; i++)
        kept[(int)outcome_values(&o, "kept")[i]]++;
    for (int v = 0; v < V; v++) {
        const double n = N / V, sigma = sqrt(n * keep[v] * (1 - keep[v]));
        if (fabs((double)kept[v] - n * keep[v]) > 5 * sigma)
            fail_msg("word %d was kept %lld times of %g, expected %g", v, (long long)kept[v], n,
                     n * keep[v]);
    }
    outcome_free(&o);
    case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_words_learn_from_each_other),
        cmocka_unit_test(lonely_words_learn_nothing),
        cmocka_unit_test(halves_of_a_window_follow_each_other),
        cmocka_unit_test(a_context_is_rounded_when_windows_leave_it),
        cmocka_unit_test(the_cap_scales_what_is_stale),
        cmocka_unit_test(subsampling_holds),
        cmocka_unit_test(hogwild_holds),
        cmocka_unit_test(sync_holds),
        cmocka_unit_test(n_grams_hold),
        cmocka_unit_test(windows_of_whole_warps_hold),
        cmocka_unit_test(bad_spans_pieces_and_aliases_are_left_out),
        cmocka_unit_test(a_step_goes_down_the_gradient_of_its_loss),
        cmocka_unit_test(workers_that_share_no_row_race_without_a_trace),
        cmocka_unit_test(a_text_in_two_calls_is_the_text_in_one),
        cmocka_unit_test(padding_stays_zero),
        cmocka_unit_test(scores_that_are_not_finite_are_left_out),
        cmocka_unit_test(a_pair_that_is_left_out_takes_no_other_with_it),
        cmocka_unit_test(bad_tokens_are_told_and_end_a_sentence),
        cmocka_unit_test(windows_are_as_drawn),
        cmocka_unit_test(words_survive_by_their_probability),
    };
    return cmocka_run_group_tests_name("word2vec", tests, NULL, NULL);
}
