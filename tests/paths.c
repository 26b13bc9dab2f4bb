/* Which of its kernels a launcher takes: so that no slow one hides behind a right result. On the
 * emulator alone. */
#include "judge.h"

#include "emulator/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A call, and the kernels that it is to launch, in order. */
typedef struct path {
    const char *op, *sizes;
    const char *kernels[9]; /* ends with null */
} path;

static const wl_backend *the_kernels(void)
{
    const wl_backend *const *b = backends_under_test();
    while ((*b)->device != WL_CUDA) b++;
    return *b;
}

/* Runs a case once on the kernels, and fails unless the result is right. */
static void run(const char *op, const char *sizes)
{
    verdict why;
    op_case c = made(op, sizes);
    emulator_watch();
    const bool right = agrees_on(the_kernels(), &c, why);
    case_free(&c);
    if (!right) fail_msg("%s", why);
}

static void takes(const path *p)
{
    const emulator_launch *launched;
    run(p->op, p->sizes);
    const int n = emulator_launches(&launched);
    for (int i = 0; i < n || p->kernels[i]; i++)
        if (i >= n || !p->kernels[i] || strcmp(launched[i].kernel, p->kernels[i]))
            fail_msg("%s \"%s\": launch %d is %s, expected %s", p->op, p->sizes, i,
                     i < n ? launched[i].kernel : "none", p->kernels[i] ? p->kernels[i] : "none");
}

static void all_take(const path *paths)
{
    for (int i = 0; paths[i].op; i++) takes(&paths[i]);
}

/* The grid and the block of the only launch of a kernel. */
static void launches_once(const char *kernel, unsigned grid, unsigned block)
{
    const emulator_launch *launched;
    int found = 0;
    for (int i = emulator_launches(&launched) - 1; i >= 0; i--) {
        if (strcmp(launched[i].kernel, kernel)) continue;
        assert_int_equal(launched[i].grid[0], grid);
        assert_int_equal(launched[i].block[0], block);
        found++;
    }
    assert_int_equal(found, 1);
}

/* ------------------------------------------------------------------ embedding */

static void rows_of_whole_packs_are_moved_in_packs(void **state)
{
    static const path paths[] = {
        { "embedding_gather", "V=9 D=8 N=3", { "gather<float, 4>" } },
        { "embedding_gather", "V=9 D=4 N=3", { "gather<float, 4>" } },
        { "embedding_gather", "V=9 D=8 N=3 dtype=f16", { "gather<__half, 8>" } },
        { "embedding_gather", "V=9 D=8 N=3 dtype=bf16", { "gather<__nv_bfloat16, 8>" } },
        { "embedding_gather", "V=9 D=8 N=3 pad=8 dtype=f16", { "gather<__half, 8>" } },
        { "embedding_gather_pooled", "V=9 D=8 N=3 K=2", { "gather_pooled<float, 4>" } },
        { "embedding_gather_pooled",
          "V=9 D=8 N=3 K=2 dtype=bf16",
          { "gather_pooled<__nv_bfloat16, 8>" } },
        { "embedding_scatter", "V=9 D=8 N=3 K=2", { "make_keys", "add_groups<float, 4>" } },
        { "embedding_scatter",
          "V=9 D=8 N=3 K=2 dtype=f16",
          { "make_keys", "add_groups<__half, 8>" } },
        { "embedding_scatter_atomic", "V=9 D=8 N=3 K=2", { "scatter_atomic<float, 4>" } },
        { "embedding_scatter_atomic",
          "V=9 D=8 N=3 K=2 dtype=f16",
          { "scatter_atomic<__half, 8>" } },
        { "embedding_compact",
          "V=9 D=8 N=3 K=2",
          { "make_keys", "mark_groups", "write_groups<float, 4>" } },
        { "embedding_update",
          "V=9 D=8 N=3 K=2 rule.kind=5",
          { "make_keys", "update_groups<float, 4>" } },
        { "embedding_update",
          "V=9 D=8 N=3 K=2 rule.kind=5 dtype=bf16",
          { "make_keys", "update_groups<__nv_bfloat16, 8>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

static void other_rows_are_moved_element_by_element(void **state)
{
    static const path paths[] = {
        { "embedding_gather", "V=9 D=7 N=3", { "gather<float, 1>" } },
        { "embedding_gather", "V=9 D=4 N=3 dtype=f16", { "gather<__half, 1>" } },
        { "embedding_gather", "V=9 D=8 N=3 pad=3", { "gather<float, 1>" } },
        { "embedding_gather", "V=9 D=8 N=3 pad=4 dtype=f16", { "gather<__half, 1>" } },
        { "embedding_gather", "V=9 D=8 N=3 offset=1", { "gather<float, 1>" } },
        { "embedding_gather_pooled", "V=9 D=8 N=3 K=2 offset=1", { "gather_pooled<float, 1>" } },
        { "embedding_scatter",
          "V=9 D=8 N=3 K=2 offset=1",
          { "make_keys", "add_groups<float, 1>" } },
        { "embedding_scatter_atomic", "V=9 D=7 N=3 K=2", { "scatter_atomic<float, 1>" } },
        { "embedding_compact",
          "V=9 D=7 N=3 K=2",
          { "make_keys", "mark_groups", "write_groups<float, 1>" } },
        { "embedding_update",
          "V=9 D=8 N=3 K=2 offset=1 rule.kind=5",
          { "make_keys", "update_groups<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

static void nothing_to_look_up_launches_nothing(void **state)
{
    static const path paths[] = {
        { "activation_forward", "N=0 D=9", { NULL } },
        { "dropout_forward", "T=0 N=9 -mask", { NULL } },
        { "embedding_gather", "V=9 D=8 N=0", { NULL } },
        { "embedding_scatter", "V=9 D=8 N=3 K=0", { NULL } },
        { "embedding_compact", "V=9 D=8 N=3 K=0", { NULL } },
        { "linear_forward", "N=0 D=5 H=3", { NULL } },
        { "linear_backward", "N=0 D=5 H=3", { NULL } },
        { "word2vec_subsample", "N=0 V=5", { NULL } },
        { "optimizer_update", "N=0", { NULL } },
        { "half_narrow", "N=0", { NULL } },
        { "sampling_alias", "N=0 K=4 V=5", { NULL } },
        { "sampling_categorical", "N=0 K=4 V=5", { NULL } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* ------------------------------------------------------------------ activation */

/* dense rows are one row; others must consist of packs */
static void aligned_elements_are_activated_in_packs(void **state)
{
    static const path paths[] = {
        { "activation_forward", "N=3 D=5", { "forward<float, 4>" } },
        { "activation_forward", "N=3 D=8 pad=4", { "forward<float, 4>" } },
        { "activation_forward", "N=3 D=5 dtype=f16", { "forward<__half, 8>" } },
        { "activation_forward", "N=3 D=5 pad=3", { "forward<float, 1>" } },
        { "activation_forward", "N=3 D=8 offset=1", { "forward<float, 1>" } },
        { "activation_backward", "N=3 D=5", { "backward<float, 4>" } },
        { "activation_backward", "N=3 D=8 pad=8 dtype=bf16", { "backward<__nv_bfloat16, 8>" } },
        { "activation_backward", "N=3 D=8 pad=4 dtype=bf16", { "backward<__nv_bfloat16, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("activation_forward", "N=2 D=1025"); /* two blocks of 1,024, and two elements */
    launches_once("forward<float, 4>", 3, 256);
}

/* ------------------------------------------------------------------ dropout */

/* a mask for all T needs rows of whole packs; otherwise all the elements are one row */
static void aligned_elements_are_dropped_in_packs(void **state)
{
    static const path paths[] = {
        { "dropout_forward", "T=3 N=13 -mask", { "drop<float, 4>" } },
        { "dropout_forward", "T=3 N=13", { "drop<float, 4>" } },
        { "dropout_forward", "T=3 N=13 locked=1", { "drop<float, 4>" } },
        { "dropout_forward", "T=3 N=13 -mask dtype=f16", { "drop<__half, 8>" } },
        { "dropout_forward", "T=3 N=12 -mask locked=1", { "drop<float, 4>" } },
        { "dropout_backward", "T=3 N=16 -mask locked=1 dtype=bf16", { "drop<__nv_bfloat16, 8>" } },
        { "dropout_forward", "T=3 N=13 -mask locked=1", { "drop<float, 1>" } },
        { "dropout_backward", "T=3 N=12 -mask locked=1 dtype=f16", { "drop<__half, 1>" } },
        { "dropout_backward", "T=3 N=16 -mask offset=1", { "drop<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("dropout_forward", "T=2 N=2049 -mask"); /* two blocks of 2,048, and two elements */
    launches_once("drop<float, 4>", 3, 256);
}

/* ------------------------------------------------------------------ layernorm */

/* of at most 1,024 features: warps of 32 threads, eight in a block; else a block of 256 */
static void a_short_row_is_a_warps_and_a_long_one_a_blocks(void **state)
{
    static const path paths[] = {
        { "layernorm_forward", "N=3 D=12", { "forward<float, 4, 32>" } },
        { "layernorm_forward", "N=3 D=1024 dtype=f16", { "forward<__half, 8, 32>" } },
        { "layernorm_forward", "N=3 D=13", { "forward<float, 1, 32>" } },
        { "layernorm_forward", "N=3 D=12 offset=1", { "forward<float, 1, 32>" } },
        { "layernorm_forward", "N=3 D=1028", { "forward<float, 4, 256>" } },
        { "layernorm_forward", "N=3 D=1025 dtype=bf16", { "forward<__nv_bfloat16, 1, 256>" } },
        { "layernorm_backward",
          "N=3 D=12",
          { "sum_parts<float>", "add_column_parts", "add_column_parts",
            "backward<float, 4, 32>" } },
        { "layernorm_backward",
          "N=3 D=1032 dtype=f16 -dbias",
          { "sum_parts<__half>", "add_column_parts", "backward<__half, 8, 256>" } },
        { "layernorm_backward", "N=3 D=13 -dweight -dbias", { "backward<float, 1, 32>" } },
        { "layernorm_backward", "N=3 D=0", { NULL } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("layernorm_forward", "N=9 D=12"); /* a block of eight rows, and one row */
    launches_once("forward<float, 4, 32>", 2, 256);
}

/* ------------------------------------------------------------------ rnn, gru and lstm */

static void cells_take_packs_and_copies_where_rows_ask_for_them(void **state)
{
    static const path paths[] = {
        { "rnn_forward", "T=2 B=3 D=8 H=8", { "forward<float, 4>", "forward<float, 4>" } },
        { "rnn_forward", "T=1 B=3 D=8 H=8 dtype=f16", { "forward<__half, 8>" } },
        { "rnn_forward", "T=1 B=3 D=8 H=9", { "forward<float, 1>" } },
        { "gru_forward", "T=1 B=3 D=8 H=8", { "forward<float, 4>" } },
        { "gru_forward",
          "T=1 B=3 D=8 H=8 reset=1 -bn dtype=bf16",
          { "reset_state<__nv_bfloat16, 8>", "forward<__nv_bfloat16, 8>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=8 offset=1", { "forward<float, 1>" } },
        { "lstm_forward", /* batch first: x is brought in line */
          "T=2 B=3 D=8 H=8 swap=1",
          { "copy_rows<float, float, 4>", "forward<float, 4>", "forward<float, 4>" } },
        { "rnn_backward", /* dhT to f32 and dh0 from there, which in f32 are copies too */
          "T=1 B=3 D=8 H=8",
          { "copy_rows<float, float, 4>", "backward<float, 4>", "copy_rows<float, float, 4>",
            "sum_column_parts<float>", "add_column_parts" } },
        { "gru_backward",
          "T=1 B=3 D=8 H=8 -dhT -dh0 -db",
          { "backward_after<float, 4>", "sum_column_parts<float>", "add_column_parts" } },
        { "gru_backward",
          "T=1 B=3 D=8 H=8 reset=1 -bn -dbn -dhT -dh0 -db",
          { "backward_cell<float, 4>", "backward_reset<float, 4>" } },
        { "lstm_backward",
          "T=1 B=3 D=8 H=8 dtype=f16 -dhT -dh0 -db",
          { "backward<__half, 8>", "copy_rows<__half, float, 8>" } },
        { "lstm_backward", "T=1 B=3 D=8 H=8 -dhT -dh0 -db -dx", { "backward<float, 4>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* ------------------------------------------------------------------ half */

static void aligned_vectors_are_converted_in_packs(void **state)
{
    static const path paths[] = {
        { "half_narrow", "N=1003 dtype=f16", { "narrow<__half, 8>" } }, /* whatever the length */
        { "half_narrow", "N=1003 dtype=bf16 rounding=1", { "narrow<__nv_bfloat16, 8>" } },
        { "half_narrow", "N=1003 dtype=f32", { "narrow<float, 4>" } },
        { "half_narrow", "N=1003 dtype=f16 offset=1", { "narrow<__half, 1>" } },
        { "half_widen", "N=1003 dtype=bf16", { "widen<__nv_bfloat16, 8>" } },
        { "half_widen", "N=1003 dtype=f16", { "widen<__half, 8>" } },
        { "half_widen", "N=1003 dtype=f16 offset=1", { "widen<__half, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("half_widen", "N=4097 dtype=f16"); /* two blocks and an element, of 256 packs */
    launches_once("widen<__half, 8>", 3, 256);
}

/* ------------------------------------------------------------------ linear */

/* A bias in f32 is the product's own end, and 16 bits without one are written by the product. */
static void a_product_does_what_it_can_itself(void **state)
{
    static const path paths[] = {
        { "linear_forward", "N=3 D=5 H=8 activation=0 -sum -b", { NULL } },
        { "linear_forward", "N=3 D=5 H=8 activation=0 -sum", { NULL } },
        { "linear_forward", "N=3 D=5 H=8 activation=0 -sum -b dtype=bf16", { NULL } },
        { "linear_forward", "N=3 D=5 H=8 activation=0 -sum dtype=f16", { "finish<__half, 8>" } },
        { "linear_forward", "N=3 D=5 H=8 activation=0", { "finish<float, 4>" } },
        { "linear_forward", "N=3 D=5 H=8 activation=1 -sum -b", { "finish<float, 4>" } },
        { "linear_forward", "N=3 D=5 H=8 dtype=bf16", { "finish<__nv_bfloat16, 8>" } },
        { "linear_forward", "N=3 D=5 H=9", { "finish<float, 1>" } },
        { "linear_forward",
          "N=3 D=5 H=8 activation=0 -sum offset=1", /* a bias that cuBLASLt does not take */
          { "finish<float, 1>" } },
        { "linear_backward", "N=3 D=5 H=8 activation=0 -sum -y -db", { NULL } },
        { "linear_backward",
          "N=3 D=5 H=8 activation=0 -sum -y",
          { "sum_column_parts<float>", "add_column_parts" } },
        { "linear_backward",
          "N=3 D=5 H=8 dtype=f16",
          { "at_the_sum<__half, 8>", "sum_column_parts<__half>", "add_column_parts" } },
        { "linear_backward",
          "N=3 D=5 H=8 activation=4 -db dtype=bf16",
          { "at_the_sum<__nv_bfloat16, 8>" } },
        { "linear_backward", "N=3 D=5 H=9 -db", { "at_the_sum<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("linear_backward", "N=129 D=1 H=33"); /* parts of 64 rows and one, tiles of 32 and one */
    launches_once("sum_column_parts<float>", 6, 256);
    run("linear_backward", "N=4097 D=1 H=1"); /* 64 parts at most: of 65 rows */
    launches_once("sum_column_parts<float>", 64, 256);
}

/* ------------------------------------------------------------------ negative sampling */

static void scores_take_packs_and_gradients_what_is_wanted(void **state)
{
    static const path paths[] = {
        { "negative_sampling_forward",
          "N=3 K=2 D=8 V=9",
          { "forward<float, 4>", "sum_in_one_block" } },
        { "negative_sampling_forward",
          "N=3 K=2 D=8 V=9 dtype=f16",
          { "forward<__half, 8>", "sum_in_one_block" } },
        { "negative_sampling_forward",
          "N=3 K=2 D=9 V=9",
          { "forward<float, 1>", "sum_in_one_block" } },
        { "negative_sampling_backward",
          "N=3 K=2 D=8 V=9 dtype=bf16",
          { "backward<__nv_bfloat16, 8>", "make_keys", "add_groups<__nv_bfloat16, 8>" } },
        { "negative_sampling_backward", "N=3 K=2 D=8 V=9 -dtable", { "backward<float, 4>" } },
        { "negative_sampling_backward",
          "N=3 K=2 D=8 V=9 offset=1",
          { "backward<float, 1>", "make_keys", "add_groups<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* in f16 the shared negatives' gradients are f32 still, and added in their own packs */
static void shared_negatives_are_products_not_rows(void **state)
{
    static const path paths[] = {
        { "negative_sampling_shared_forward",
          "N=3 K=2 D=8 V=9 dtype=f16",
          { "gather_floats<__half, 8>", "widen<__half, 8>", "shared_losses<__half, 8>",
            "sum_in_one_block" } },
        { "negative_sampling_shared_backward",
          "N=3 K=2 D=8 V=9 dtype=f16",
          { "gather_floats<__half, 8>", "widen<__half, 8>", "multiply", "shared_hidden<__half, 8>",
            "make_keys", "add_groups<__half, 8>", "make_keys", "add_groups<float, 4>" } },
        { "negative_sampling_shared_backward",
          "N=3 K=2 D=9 V=9 -dloss -dtable",
          { "gather_floats<float, 1>", "widen<float, 1>", "shared_hidden<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* ------------------------------------------------------------------ optimizer */

static void parameters_are_updated_in_packs_of_their_copy(void **state)
{
    static const path paths[] = {
        { "optimizer_update", "N=16 rule.kind=5 dtype=f16", { "update<__half, 8>" } },
        { "optimizer_update", "N=16 rule.kind=5 -copy", { "update<float, 4>" } },
        { "optimizer_update", "N=12 rule.kind=5 dtype=f16", { "update<__half, 1>" } },
        { "optimizer_update", "N=16 rule.kind=5 -copy offset=1", { "update<float, 1>" } },
        { "optimizer_update_rows", "N=3 D=8 V=9 dtype=bf16", { "update_rows<__nv_bfloat16, 8>" } },
        { "optimizer_update_rows", "N=3 D=9 V=9", { "update_rows<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("optimizer_sum_squares", "N=3 D=4096 -count");
    launches_once("square_parts", 3, 256);
    run("optimizer_clip", "");
    launches_once("decide", 1, 1);
}

/* ------------------------------------------------------------------ sampling */

static void short_rows_take_small_blocks(void **state)
{
    (void)state;
    run("sampling_categorical", "N=5 V=512 K=3");
    launches_once("categorical<float, 7>", 5, 128);
    run("sampling_categorical", "N=5 V=513 K=3 dtype=f16");
    launches_once("categorical<__half, 10>", 5, 1024);
    run("sampling_alias", "N=129 K=3 V=9"); /* two draws a thread, one left over a row */
    launches_once("alias", 2, 256);
}

/* ------------------------------------------------------------------ word2vec */

static void hogwild_has_a_warp_a_worker(void **state)
{
    static const struct {
        const char *workers;
        unsigned grid;
    } sizes[] = { { "P=1", 1 }, { "P=8", 1 }, { "P=9", 2 }, { "P=64", 8 } };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[128];
        /* a centre apart from every other, so that workers share nothing */
        snprintf(text, sizeof text, "R=9 V=9 N=40 C=1 W=2 K=3 D=8 L=0 -spans -pieces %s",
                 sizes[i].workers);
        run("word2vec_hogwild", text);
        launches_once("hogwild<float, 4>", sizes[i].grid, 256);
        assert_int_equal(emulator_launches_of("sum_tallies"), 1);
    }
}

static void word_vectors_of_whole_packs_train_in_packs(void **state)
{
    static const char *const ways[] = { "method=0", "method=0 negatives=1", "method=1" };
    static const struct {
        const char *sizes, *hogwild, *apply;
    } cases[] = {
        { "D=8", "hogwild<float, 4>", "apply<float, 4>" },
        { "D=8 dtype=f16", "hogwild<__half, 8>", "apply<__half, 8>" },
        { "D=8 dtype=bf16 rounding=1", "hogwild<__nv_bfloat16, 8>", "apply<__nv_bfloat16, 8>" },
        { "D=4 dtype=f16", "hogwild<__half, 1>", "apply<__half, 1>" },
        { "D=8 offset=1", "hogwild<float, 1>", "apply<float, 1>" },
        { "D=8 pad=2", "hogwild<float, 1>", "apply<float, 1>" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            char text[160];
            snprintf(text, sizeof text, "R=9 V=9 N=20 C=16 W=2 K=3 P=1 L=0 -spans -pieces %s %s",
                     cases[i].sizes, ways[way]);
            run("word2vec_hogwild", text);
            launches_once(cases[i].hogwild, 1, 256);
            snprintf(text, sizeof text, "R=9 V=9 N=20 C=16 W=2 K=3 M=16 L=0 -spans -pieces %s %s",
                     cases[i].sizes, ways[way]);
            run("word2vec_sync", text);
            assert_int_equal(emulator_launches_of(cases[i].apply), 2);
            assert_int_equal(emulator_launches_of("apply"), 2);
        }
}

/* each batch: a launch a step, and one a table */
static void sync_launches_the_same_for_every_batch(void **state)
{
    static const char *const once[] = { "vectors", "scores", "output_gradients",
                                        "input_gradients" };
    (void)state;
    run("word2vec_sync", "R=9 V=9 N=40 C=33 W=2 K=3 D=8 M=16 L=0 -spans -pieces");
    for (int i = 0; i < 4; i++) assert_int_equal(emulator_launches_of(once[i]), 3);
    assert_int_equal(emulator_launches_of("make_keys"), 6);
    assert_int_equal(emulator_launches_of("apply<float, 4>"), 6);
    assert_int_equal(emulator_launches_of("sum_tallies"), 4); /* the first writes zeros */
}

static void survivors_are_gathered_where_there_are_tokens(void **state)
{
    static const path paths[] = {
        { "word2vec_subsample", "N=700 V=9", { "mark_survivors", "gather_tokens" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* ------------------------------------------------------------------ the device */

enum { MOST = 64 };

/* What an operator launches on a device of so many multiprocessors. */
static int launched_on(int multiprocessors, const char *op, emulator_launch out[MOST])
{
    const emulator_launch *launched;
    wl_device_info info;
    emulator_set_multiprocessors(multiprocessors);
    assert_int_equal(wl_device_describe(WL_CUDA, 0, &info), WL_OK);
    assert_int_equal(info.processors, multiprocessors);
    run(op, "N=40 K=3 D=5 V=9 R=12 G=20 L=3 C=8 W=2 M=4 P=1");
    emulator_set_multiprocessors(0);
    const int n = emulator_launches(&launched);
    assert_in_range(n, 1, MOST);
    memcpy(out, launched, (size_t)n * sizeof *out);
    return n;
}

/* with a block where there were many, every kernel steps through all of its work */
static void a_capped_grid_leaves_nothing_over(void **state)
{
    static const char *const sizes[] = {
        "N=40 K=9 D=5 V=99 R=99 G=20 L=3 C=40 W=2 M=40 P=40",
        "N=2500 K=1 D=1 V=2500 R=2500 G=20 L=3 C=8 W=2 M=4 P=1", /* rows to update are distinct */
        "N=3 K=2 D=4096 V=9 R=12 G=20 L=3 C=8 W=2 M=4 P=1",
    };
    int capped = 0;
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++)
        for (int i = 0; i < 3; i++) {
            const emulator_launch *launched;
            char text[128];
            /* hogwild's order is a race, but for one worker */
            const bool race = !strcmp(wl_op_specs[op]->name, "word2vec_hogwild");
            snprintf(text, sizeof text, "%s", sizes[i]);
            if (race && i == 0) memcpy(strstr(text, "C=40"), "C=1 ", 4);
            emulator_cap_grids(1);
            run(wl_op_specs[op]->name, text);
            emulator_cap_grids(0);
            for (int k = emulator_launches(&launched) - 1; k >= 0; k--)
                capped += launched[k].grid[0] > 1;
        }
    assert_true(capped > WL_OPERATORS);
}

static void a_context_works_on_its_own_device_and_leaves_the_callers(void **state)
{
    char trouble[256];
    const emulator_launch *launched;
    (void)state;
    emulator_set_devices(2);
    assert_int_equal(wl_device_count(WL_CUDA), 2);
    op_case c = made("embedding_compact", "N=9 K=2 D=5 V=9");
    bound_case b;
    if (case_bind(&b, &c, the_kernels(), trouble)) fail_msg("%s", trouble);
    b.ctx->ordinal = 1;
    emulator_watch();
    assert_int_equal(bound_call(&b), WL_OK);
    assert_int_equal(wl_ctx_sync(b.ctx), WL_OK);
    assert_int_equal(emulator_current_device(), 0);
    const int n = emulator_launches(&launched);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) assert_int_equal(launched[i].device, 1);
    bound_free(&b);
    case_free(&c);
    emulator_set_devices(1);
}

/* so that the order of additions, and with it every bit, is the same on every GPU */
static void launches_do_not_depend_on_the_size_of_the_device(void **state)
{
    (void)state;
    for (int op = 0; op < WL_OPERATORS; op++) {
        emulator_launch small[MOST], large[MOST];
        const int n = launched_on(1, wl_op_specs[op]->name, small);
        assert_int_equal(launched_on(132, wl_op_specs[op]->name, large), n);
        for (int i = 0; i < n; i++) {
            assert_string_equal(small[i].kernel, large[i].kernel);
            assert_memory_equal(small[i].grid, large[i].grid, sizeof small[i].grid);
            assert_memory_equal(small[i].block, large[i].block, sizeof small[i].block);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_whole_packs_are_moved_in_packs),
        cmocka_unit_test(other_rows_are_moved_element_by_element),
        cmocka_unit_test(nothing_to_look_up_launches_nothing),
        cmocka_unit_test(aligned_elements_are_activated_in_packs),
        cmocka_unit_test(aligned_elements_are_dropped_in_packs),
        cmocka_unit_test(a_short_row_is_a_warps_and_a_long_one_a_blocks),
        cmocka_unit_test(cells_take_packs_and_copies_where_rows_ask_for_them),
        cmocka_unit_test(aligned_vectors_are_converted_in_packs),
        cmocka_unit_test(a_product_does_what_it_can_itself),
        cmocka_unit_test(scores_take_packs_and_gradients_what_is_wanted),
        cmocka_unit_test(shared_negatives_are_products_not_rows),
        cmocka_unit_test(parameters_are_updated_in_packs_of_their_copy),
        cmocka_unit_test(short_rows_take_small_blocks),
        cmocka_unit_test(hogwild_has_a_warp_a_worker),
        cmocka_unit_test(word_vectors_of_whole_packs_train_in_packs),
        cmocka_unit_test(sync_launches_the_same_for_every_batch),
        cmocka_unit_test(survivors_are_gathered_where_there_are_tokens),
        cmocka_unit_test(a_capped_grid_leaves_nothing_over),
        cmocka_unit_test(a_context_works_on_its_own_device_and_leaves_the_callers),
        cmocka_unit_test(launches_do_not_depend_on_the_size_of_the_device),
    };
    return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
