/* Tests of <wordloom/word2vec.h> with hierarchical softmax. */
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const steps[] = { "word2vec_hogwild", "word2vec_sync", NULL };

static double *row_values(const op_case *c, const char *row) { return c->value[case_row(c, row)]; }

static const double *outcome_values(const outcome *o, const char *row)
{
    return o->value[case_row(o->of, row)];
}

static const char *const sizes[] = {
    "R=9 V=9 N=40 C=50 W=2 H=4 E=20 D=7",       /* nothing divides a vector; past the text's end */
    "R=9 V=9 N=0 C=4 W=2 H=4 E=20 D=8",         /* no text */
    "R=5 V=5 N=12 C=12 W=1 H=1 E=5 D=1",        /* one of everything */
    "R=90 V=90 N=70 C=64 W=5 H=13 E=900 D=100", /* word vectors */
    "R=30 V=30 N=60 C=40 W=17 H=6 E=90 D=33",   /* more contexts than a tile */
    "R=30 V=30 N=30 C=9 W=3 H=40 E=400 D=20",   /* ways beyond a warp, five tiles of samples */
    "R=20 V=20 N=40 C=40 W=3 H=9 E=90 D=12 pad=4 rounding=1", /* padded rows of whole packs */
    "R=20 V=20 N=40 C=40 W=3 H=9 E=90 D=13 pad=1 offset=1",   /* element-aligned pointers */
    NULL,
};

static const char *const ways[] = {
    "K=0 method=0 L=0 -spans -pieces",
    "K=0 method=0 negatives=1 L=0 -spans -pieces", /* which means nothing */
    "K=0 method=1 context=0 L=0 -spans -pieces",
    "K=0 method=0 G=40 L=3",
    NULL,
};

static void steps_hold(void **state)
{
    static const char *const more[] = { "P=1", "M=16 cap=3" };
    (void)state;
    for (int i = 0; steps[i]; i++)
        for (int k = 0; ways[k]; k++) {
            char text[128];
            snprintf(text, sizeof text, "%s %s", ways[k], more[i]);
            all_hold(steps[i], sizes, text);
        }
}

/* Whether two runs gave the same to the bit. */
static void compare(const outcome *one, const outcome *other, const char *row)
{
    const int i = case_row(one->of, row), k = case_row(other->of, row);
    assert_memory_equal(one->value[i], other->value[k], (size_t)one->of->count[i] * sizeof(double));
}

/* A way of one node to the left, to each word its own, is a target without negatives. Hogwild is
 * asked with CBOW: there skip-gram has two units a centre, with ways one. */
static void ways_of_one_node_are_targets_without_negatives(void **state)
{
    enum { V = 9 };
    double paths[3 * V], nodes[V];
    (void)state;
    for (int i = 0; i < V; i++) {
        paths[3 * i] = nodes[i] = i;
        paths[3 * i + 1] = paths[3 * i + 2] = 1;
    }
    for (int i = 0; steps[i]; i++)
        for (const wl_backend *const *b = backends_under_test(); *b; b++) {
            op_case tree =
                made(steps[i], "R=9 V=9 N=40 C=40 W=3 K=0 H=1 E=9 D=8 L=0 -spans -pieces method=0");
            op_case plain = made(steps[i], "R=9 V=9 N=40 C=40 W=3 K=0 H=0 D=8 L=0 -spans -pieces "
                                           "-paths -nodes method=0");
            tree.scalar[case_row(&tree, "method")] = i == 0 ? WL_CBOW : WL_SKIPGRAM;
            plain.scalar[case_row(&plain, "method")] = i == 0 ? WL_CBOW : WL_SKIPGRAM;
            static const char *const shared[] = { "tokens", "input", "output", "lr", "position" };
            outcome one, other;
            put_values(&tree, "paths", paths);
            put_values(&tree, "nodes", nodes);
            for (int k = 0; k < 5; k++) put_values(&plain, shared[k], row_values(&tree, shared[k]));
            if (execute(&one, &tree, *b)) fail_msg("%s", one.trouble);
            if (execute(&other, &plain, *b)) fail_msg("%s", other.trouble);
            compare(&one, &other, "input");
            compare(&one, &other, "output");
            compare(&one, &other, "loss");
            assert_true(outcome_values(&one, "pairs")[0] > 0);
            assert_true(outcome_values(&one, "pairs")[0] == outcome_values(&other, "pairs")[0]);
            outcome_free(&one), outcome_free(&other);
            case_free(&tree), case_free(&plain);
        }
}

/* a centre whose path leaves a bound is none: only words 1 and 2 are, of 0 1 2 */
static void centres_with_broken_paths_are_left_out(void **state)
{
    static const double broken[][3] = {
        { -1, 2, 1 }, { 5, 2, 1 },  { 0, -1, 0 }, { 0, 4, 1 },
        { 0, 2, 3 },  { 0, 2, -1 }, { 4, 1, 1 },  { 0, 0, 0 }, /* no way at all */
    };
    const double tokens[] = { 0, 1, 2 }, begin = 0, pairs = 3;
    const double nodes[] = { 0, 1, 0, 1, 3, 0 }; /* 3: no row */
    (void)state;
    for (int i = 0; steps[i]; i++)
        for (size_t k = 0; k < sizeof broken / sizeof *broken; k++) {
            op_case c = made(steps[i], "R=3 V=3 N=3 C=3 W=1 K=0 H=3 E=6 D=5 L=0 -spans -pieces");
            put_values(&c, "tokens", tokens);
            put_values(&c, "begin", &begin);
            put_values(&c, "nodes", nodes);
            put_values(&c, "paths", (const double[]){ 0, 2, 1, 0, 2, 1, 2, 2, 1 });
            memcpy(row_values(&c, "paths"), broken[k], sizeof broken[k]);
            gives(&c, "pairs", &pairs);
            case_free(&c);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_hold),
        cmocka_unit_test(ways_of_one_node_are_targets_without_negatives),
        cmocka_unit_test(centres_with_broken_paths_are_left_out),
    };
    return cmocka_run_group_tests_name("word2vec_tree", tests, NULL, NULL);
}
