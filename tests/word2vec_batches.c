/* How CUDA works the batches of word2vec_sync: what is planned together, and rows of many slots. */
#include "judge.h"

#include "../host/ops/word2vec_workspace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A GPU plans 8,192 centres at a time, and orders their slots in one launch up to 16,384. */
static void sync_holds_past_what_is_planned_together(void **state)
{
    static const char *const cases[] = {
        "R=30 V=30 D=2 K=2 M=4096 L=0 H=0 -spans -pieces -paths -nodes",
        "R=40 V=20 D=1 K=1 M=64 method=1 context=1 G=40 L=3 H=0 -paths -nodes",
        "R=20 V=20 D=1 K=0 M=64 E=100 H=5 L=0 -spans -pieces",
    };
    (void)state;
    for (int i = 0; i < 3; i++) {
        char text[160];
        verdict why;
        snprintf(text, sizeof text, "N=8300 C=8250 W=1 %s", cases[i]);
        op_case c = made("word2vec_sync", text);
        for (int k = 0; k < 2; k++)
            c.value[case_row(&c, "lr")][k] /= 16; /* so many steps would diverge */
        if (!agrees_and_repeats(&c, why)) fail_msg("%s", why);
        case_free(&c);
    }
}

/* Keys of a batch and a row fit 32 bits. */
static void so_many_batches_are_planned_together(void **state)
{
    const struct {
        int64_t centres, batch, R, V, planned;
    } cases[] = {
        { 1000, 100, 10, 10, 10 },            /* all there are */
        { 1001, 100, 10, 10, 11 },            /* with a short one */
        { 1 << 20, 100, 10, 10, 81 },         /* 8,192 centres */
        { 1 << 20, 10000, 10, 10, 1 },        /* one, however large */
        { 0, 100, 10, 10, 1 },                /* or empty */
        { 1 << 20, 1, 1 << 20, 10, 2047 },    /* few of a large table */
        { 1 << 20, 1, 10, INT32_MAX / 3, 3 }, /* of the other */
        { 1 << 20, 1, INT32_MAX, 10, 1 },     /* and of the largest */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const wl_word2vec_args a = { .centres = cases[i].centres,
                                     .batch = cases[i].batch,
                                     .input.shape[0] = cases[i].R,
                                     .output.shape[0] = cases[i].V };
        assert_int_equal(wl_word2vec_planned(&a), cases[i].planned);
    }
}

/* Of a row that a batch has in more slots than a warp has lanes a block adds up the gradients. */
static void rows_of_many_slots_hold(void **state)
{
    static const char *const how[] = { "method=0", "method=0 negatives=1", "method=1 cap=5",
                                       "method=1 dtype=bf16", "method=0 D=300" };
    (void)state;
    for (int i = 0; i < 5; i++) {
        char text[160];
        snprintf(text, sizeof text,
                 "R=3 V=3 N=330 C=320 W=2 K=3 D=9 M=160 L=0 H=0 -spans -pieces -paths -nodes %s",
                 how[i]);
        holds("word2vec_sync", text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sync_holds_past_what_is_planned_together),
        cmocka_unit_test(so_many_batches_are_planned_together),
        cmocka_unit_test(rows_of_many_slots_hold),
    };
    return cmocka_run_group_tests_name("word2vec_batches", tests, NULL, NULL);
}
