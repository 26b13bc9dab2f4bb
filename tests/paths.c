/* Which of their kernels the launchers of tables, sampling, optimisers and word vectors take: so
 * that no slow one hides behind a right result. On the emulator alone. */
#include "launches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ embedding */

static void rows_of_whole_packs_are_moved_in_packs(void **state)
{
    static const path paths[] = {
        { "embedding_gather", "V=9 D=4 N=3", { "gather<pack<unsigned int, 4> >" } },
        { "embedding_gather", "V=9 D=8 N=3 dtype=f16", { "gather<pack<unsigned int, 4> >" } },
        { "embedding_gather", "V=9 D=8 N=3 dtype=bf16", { "gather<pack<unsigned int, 4> >" } },
        { "embedding_gather", "V=9 D=8 N=3 pad=8 dtype=f16", { "gather<pack<unsigned int, 4> >" } },
        { "embedding_gather_pooled", "V=9 D=8 N=3 K=2", { "gather_pooled<float, 4>" } },
        { "embedding_gather_pooled",
          "V=9 D=8 N=3 K=2 dtype=bf16",
          { "gather_pooled<__nv_bfloat16, 8>" } },
        { "embedding_scatter", "V=9 D=8 N=3 K=2", { "order<1>", "add_groups<float, 4>" } },
        { "embedding_scatter",
          "V=9 D=8 N=3 K=2 dtype=f16",
          { "order<1>", "add_groups<__half, 8>" } },
        { "embedding_scatter_atomic", "V=9 D=8 N=3 K=2", { "scatter_atomic<float, 4>" } },
        { "embedding_scatter_atomic",
          "V=9 D=8 N=3 K=2 dtype=f16",
          { "scatter_atomic<__half, 8>" } },
        { "embedding_compact", "V=9 D=8 N=3 K=2", { "order<1>", "write_groups<float, 4>" } },
        { "embedding_update",
          "V=9 D=8 N=3 K=2 rule.kind=5",
          { "order<1>", "update_groups<float, 4>" } },
        { "embedding_update",
          "V=9 D=8 N=3 K=2 rule.kind=5 dtype=bf16",
          { "order<1>", "update_groups<__nv_bfloat16, 8>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* rows of 25 packs leave no thread without one: four a thread, or one where slots are pooled */
static void short_rows_fill_their_blocks(void **state)
{
    (void)state;
    run("embedding_gather", "V=9 D=100 N=100");
    launches_once("gather<pack<unsigned int, 4> >", 3, 256);
    run("embedding_gather_pooled", "V=9 D=100 N=100 K=2");
    launches_once("gather_pooled<float, 4>", 10, 256);
}

static void other_rows_are_moved_in_what_divides_them(void **state)
{
    static const path paths[] = {
        { "embedding_gather", "V=9 D=6 N=3", { "gather<pack<unsigned int, 2> >" } },
        { "embedding_gather", "V=9 D=4 N=3 dtype=f16", { "gather<pack<unsigned int, 2> >" } },
        { "embedding_gather", "V=9 D=8 N=3 pad=4 dtype=f16", { "gather<pack<unsigned int, 2> >" } },
        { "embedding_gather", "V=9 D=7 N=3", { "gather<unsigned int>" } },
        { "embedding_gather", "V=9 D=8 N=3 pad=3", { "gather<unsigned int>" } },
        { "embedding_gather", "V=9 D=8 N=3 offset=1", { "gather<unsigned int>" } },
        { "embedding_gather", "V=9 D=7 N=3 dtype=bf16", { "gather<unsigned short>" } },
        { "embedding_gather_pooled", "V=9 D=8 N=3 K=2 offset=1", { "gather_pooled<float, 1>" } },
        { "embedding_scatter", "V=9 D=8 N=3 K=2 offset=1", { "order<1>", "add_groups<float, 1>" } },
        { "embedding_scatter_atomic", "V=9 D=7 N=3 K=2", { "scatter_atomic<float, 1>" } },
        { "embedding_compact", "V=9 D=7 N=3 K=2", { "order<1>", "write_groups<float, 1>" } },
        { "embedding_update",
          "V=9 D=8 N=3 K=2 offset=1 rule.kind=5",
          { "order<1>", "update_groups<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* in one launch where a block or a cluster holds them, else by a sort of as few bits as do */
static void slots_are_ordered_by_what_holds_them(void **state)
{
    static const path paths[] = {
        { "embedding_scatter", "V=9 D=1 N=2048 K=1", { "order<1>", "add_groups<float, 1>" } },
        { "embedding_scatter", "V=9 D=1 N=2049 K=1", { "order<8>", "add_groups<float, 1>" } },
        { "embedding_compact", "V=9 D=1 N=2049 K=1", { "order<8>", "write_groups<float, 1>" } },
        { "embedding_update",
          "V=9 D=1 N=8193 K=2 rule.kind=0 -m -v",
          { "make_keys<unsigned int, unsigned int>", "update_groups<float, 1>" } },
        { "embedding_compact",
          "V=9 D=1 N=8193 K=2",
          { "make_keys<unsigned int, unsigned int>", "mark_groups", "write_groups<float, 1>" } },
        { "embedding_compact",
          "V=4294967296 D=1 N=9 K=2 id=i64",
          { "make_keys<unsigned long, long>", "mark_groups", "write_groups<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    static const path without[] = {
        { "embedding_scatter",
          "V=9 D=1 N=2049 K=1",
          { "make_keys<unsigned int, unsigned int>", "add_groups<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("embedding_scatter", "V=9 D=1 N=2049 K=1");
    launches_once("order<8>", 8, 256);
    emulator_cap_clusters(4);
    all_take(without);
    emulator_cap_clusters(0);
}

/* eight places a block, for 256 features each */
static void groups_are_summed_by_blocks_of_places_and_features(void **state)
{
    (void)state;
    run("embedding_scatter", "V=9 D=256 N=17 K=1");
    launches_once("add_groups<float, 4>", 3, 256);
    run("embedding_scatter", "V=9 D=257 N=17 K=1");
    launches_once("add_groups<float, 1>", 6, 256);
    run("embedding_scatter_atomic", "V=9 D=256 N=65 K=1"); /* tiles of 64 slots */
    launches_once("scatter_atomic<float, 4>", 2, 256);
}

static void nothing_to_look_up_launches_nothing(void **state)
{
    static const path paths[] = {
        { "embedding_gather", "V=9 D=8 N=0", { NULL } },
        { "embedding_scatter", "V=9 D=8 N=3 K=0", { NULL } },
        { "embedding_compact", "V=9 D=8 N=3 K=0", { NULL } },
        { "word2vec_subsample", "N=0 V=5", { NULL } },
        { "cooccurrence_count", "N=0 W=2 V=5", { NULL } },
        { "cooccurrence_ppmi", "N=0 R=5 C=5", { NULL } },
        { "optimizer_clear", "N=0", { NULL } },
        { "optimizer_update", "N=0", { NULL } },
        { "half_narrow", "N=0", { NULL } },
        { "sampling_alias", "N=0 K=4 V=5", { NULL } },
        { "sampling_categorical", "N=0 K=4 V=5", { NULL } },
        { "similarity_norms", "V=0 D=5", { NULL } },
        { "similarity_topk", "Q=0 V=9 D=5 K=3", { NULL } },
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
    run("half_widen", "N=4097 dtype=f16"); /* a block of 512 packs, and an element */
    launches_once("widen<__half, 8>", 2, 256);
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
          { "backward<__nv_bfloat16, 8>", "order<1>", "add_groups<__nv_bfloat16, 8>" } },
        { "negative_sampling_backward", "N=3 K=2 D=8 V=9 -dtable", { "backward<float, 4>" } },
        { "negative_sampling_backward",
          "N=3 K=2 D=8 V=9 offset=1",
          { "backward<float, 1>", "order<1>", "add_groups<float, 1>" } },
        { "hsoftmax_forward",
          "N=3 K=2 V=9 W=9 E=9 D=8 dtype=f16",
          { "forward<__half, 8>", "sum_in_one_block" } },
        { "hsoftmax_forward",
          "N=3 K=2 V=9 W=9 E=9 D=8 offset=1",
          { "forward<float, 1>", "sum_in_one_block" } },
        { "hsoftmax_backward",
          "N=3 K=2 V=9 W=9 E=9 D=8",
          { "backward<float, 4>", "order<1>", "add_groups<float, 4>" } },
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
            "order<1>", "add_groups<__half, 8>", "order<1>", "add_groups<float, 4>" } },
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
    run("optimizer_update", "N=2056 rule.kind=5 dtype=f16"); /* 2,048 elements a block */
    launches_once("update<__half, 8>", 2, 256);
    run("optimizer_update", "N=2049 rule.kind=5 -copy");
    launches_once("update<float, 1>", 2, 256);
    run("optimizer_update_rows", "N=33 D=32 V=99"); /* and a pack of a row a thread */
    launches_once("update_rows<float, 4>", 2, 256);
}

static void a_step_is_decided_in_three_launches(void **state)
{
    static const path paths[] = {
        { "optimizer_sum_squares", "N=3 D=5", { "square_parts<4>", "sum_in_one_block" } },
        { "optimizer_sum_squares", "N=3 D=5 -count", { "square_parts<4>", "sum_in_one_block" } },
        { "optimizer_sum_squares", "N=3 D=5 offset=1", { "square_parts<1>", "sum_in_one_block" } },
        { "optimizer_clip", "", { "decide" } },
        { "optimizer_clip", "-loss -total -loss_scale -clean", { "decide" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("optimizer_sum_squares", "N=3 D=4096 -count"); /* a part a block */
    launches_once("square_parts<4>", 3, 256);
    run("optimizer_clip", "");
    launches_once("decide", 1, 1);
}

static void aligned_gradients_are_cleared_in_packs(void **state)
{
    static const path paths[] = {
        { "optimizer_clear", "N=16", { "clear<4>" } },
        { "optimizer_clear", "N=18", { "clear<1>" } },
        { "optimizer_clear", "N=16 offset=1", { "clear<1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("optimizer_clear", "N=1028"); /* a block of 1,024, and a pack */
    launches_once("clear<4>", 2, 256);
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

/* ------------------------------------------------------------------ similarity */

static void few_queries_take_no_product_of_their_own(void **state)
{
    static const path paths[] = {
        { "similarity_norms", "V=9 D=8", { "norms<float, 4>" } },
        { "similarity_norms", "V=9 D=8 pad=3", { "norms<float, 1>" } },
        { "similarity_norms", "V=9 D=16 dtype=f16", { "norms<__half, 8>" } },
        { "similarity_topk",
          "Q=4 V=9 D=8 K=3",
          { "norms<float, 4>", "products<float, 4>", "take_best<1>", "merge_best" } },
        { "similarity_topk",
          "Q=1 V=9 D=8 K=3 dtype=bf16",
          { "norms<__nv_bfloat16, 8>", "products<__nv_bfloat16, 8>", "take_best<1>",
            "merge_best" } },
        { "similarity_topk",
          "Q=1 V=9 D=8 K=3 offset=1",
          { "norms<float, 1>", "products<float, 1>", "take_best<1>", "merge_best" } },
        { "similarity_topk", /* by gemm */
          "Q=5 V=9 D=8 K=3",
          { "norms<float, 4>", "take_best<1>", "merge_best" } },
        { "similarity_topk", "Q=2 V=0 D=8 K=3", { "norms<float, 4>", "merge_best" } },
        { "similarity_topk", "Q=2 V=9 D=8 K=0", { "norms<float, 4>", "merge_best" } },
        { "similarity_multiply",
          "Q=1 V=9 D=8 K=3",
          { "norms<float, 4>", "products<float, 4>", "take_best<3>", "merge_best" } },
        { "similarity_multiply",
          "Q=2 V=9 D=8 K=3",
          { "norms<float, 4>", "take_best<3>", "merge_best" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("similarity_topk",
        "Q=2 V=8193 D=20 K=1 -excluded"); /* three parts, and eight rows a block */
    launches_once("take_best<1>", 6, 256);
    launches_once("merge_best", 2, 256);
    launches_once("products<float, 4>", 1025, 256);
}

/* ------------------------------------------------------------------ stream */

static void a_batch_is_read_and_then_the_text_moves_on(void **state)
{
    static const path paths[] = {
        { "stream_batch", "N=9 T=3 B=2", { "batch", "advance" } },
        { "stream_batch", "N=9 T=3 B=2 offset=1", { "batch", "advance" } },
        { "stream_batch", "N=9 T=3 B=0", { "advance" } }, /* of no streams too */
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("stream_batch", "N=500 T=257 B=1"); /* a thread an id */
    launches_once("batch", 2, 256);
    launches_once("advance", 1, 1);
}

/* ------------------------------------------------------------------ spmm */

/* a warp a row of y and tile of 32 packs */
static void rows_are_multiplied_in_packs_where_they_lie_so(void **state)
{
    static const path paths[] = {
        { "spmm", "N=0 M=0 C=3 K=4", { NULL } },
        { "spmm", "N=3 M=9 C=5 K=8", { "multiply<4>" } },
        { "spmm", "N=3 M=9 C=5 K=7", { "multiply<1>" } },
        { "spmm", "N=3 M=9 C=5 K=8 offset=1", { "multiply<1>" } },
        { "spmm", "N=3 M=9 C=5 K=8 pad=3", { "multiply<1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("spmm", "N=17 M=90 C=5 K=132");
    launches_once("multiply<4>", 5, 256);
}

/* ------------------------------------------------------------------ cooccurrence */

/* however far windows reach, a thread a token */
static void pairs_are_expanded_ordered_and_added_up(void **state)
{
    static const path paths[] = {
        { "cooccurrence_count", "N=300 W=3 V=9", { "expand", "mark_entries", "write_entries" } },
        { "cooccurrence_count", "N=300 W=0 V=9", { "expand" } }, /* which reports ids */
        { "cooccurrence_ppmi", "N=300 R=9 C=9", { "ppmi" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("cooccurrence_count", "N=300 W=3 V=9");
    launches_once("expand", 2, 256);
    launches_once("mark_entries", 8, 256);
}

/* ------------------------------------------------------------------ word2vec */

static void hogwild_has_a_warp_a_worker(void **state)
{
    static const struct {
        const char *workers;
        unsigned grid, grid_of_windows; /* blocks of eight warps; of four */
    } sizes[] = { { "P=1", 1, 1 }, { "P=4", 1, 1 }, { "P=5", 1, 2 },
                  { "P=8", 1, 2 }, { "P=9", 2, 3 }, { "P=64", 8, 16 } };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int way = 0; way < 2; way++) {
            char text[128];
            /* a centre apart from every other, so that workers share nothing */
            snprintf(
                text, sizeof text,
                "R=9 V=9 N=40 C=1 W=2 K=3 D=8 L=0 H=0 method=%d -spans -pieces -paths -nodes %s",
                way, sizes[i].workers);
            run("word2vec_hogwild", text);
            if (way == 0)
                launches_once("hogwild_windows<float, 4>", sizes[i].grid_of_windows, 128);
            else
                launches_once("hogwild<float, 4>", sizes[i].grid, 256);
            assert_int_equal(emulator_launches_of("sum_tallies"), 1);
        }
}

/* of skip-gram with negatives a window, where a warp has a lane for each of its rows, and a block's
 * shared memory has room for them */
static void few_contexts_and_samples_are_multiplied_in_windows(void **state)
{
    static const path paths[] = {
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=8 K=7 D=280 P=1 L=0 H=0 -spans -pieces -paths -nodes",
          { "hogwild_windows<float, 4>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=8 K=7 D=200 P=1 L=0 H=0 -spans -pieces -paths -nodes dtype=f16",
          { "hogwild_windows<__half, 8>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=8 K=7 D=284 P=1 L=0 H=0 -spans -pieces -paths -nodes",
          { "hogwild<float, 4>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=8 K=7 D=208 P=1 L=0 H=0 -spans -pieces -paths -nodes dtype=f16",
          { "hogwild<__half, 8>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=9 K=7 D=8 P=1 L=0 H=0 -spans -pieces -paths -nodes",
          { "hogwild<float, 4>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=8 K=8 D=8 P=1 L=0 H=0 -spans -pieces -paths -nodes",
          { "hogwild<float, 4>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=2 K=3 D=8 P=1 L=0 H=0 negatives=1 -spans -pieces -paths -nodes",
          { "hogwild<float, 4>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=50 V=20 G=60 L=5 H=0 N=9 C=4 W=2 K=3 D=8 P=1 -paths -nodes",
          { "hogwild<float, 4>", "sum_tallies" } },
        { "word2vec_hogwild",
          "R=9 V=9 N=9 C=4 W=2 K=0 E=60 H=7 D=8 P=1 L=0 -spans -pieces",
          { "hogwild<float, 4>", "sum_tallies" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

static void word_vectors_of_whole_packs_train_in_packs(void **state)
{
    static const struct {
        const char *text, *hogwild;
    } ways[] = { { "method=0", "hogwild_windows<%s>" },
                 { "method=0 negatives=1", "hogwild<%s>" },
                 { "method=1", "hogwild<%s>" } };
    static const struct {
        const char *sizes, *packs;
    } cases[] = {
        { "D=8", "float, 4" },
        { "D=8 dtype=f16", "__half, 8" },
        { "D=8 dtype=bf16 rounding=1", "__nv_bfloat16, 8" },
        { "D=4 dtype=f16", "__half, 1" },
        { "D=8 offset=1", "float, 1" },
        { "D=8 pad=2", "float, 1" },
    };
    static const int slots[] = { 1 + 3, 1 + 4 * 3,
                                 1 + 3 }; /* of samples; of contexts there are 4 */
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            char text[160], kernel[64];
            snprintf(text, sizeof text,
                     "R=9 V=9 N=20 C=16 W=2 K=3 P=1 L=0 H=0 -spans -pieces -paths -nodes %s %s",
                     cases[i].sizes, ways[way].text);
            run("word2vec_hogwild", text);
            snprintf(kernel, sizeof kernel, ways[way].hogwild, cases[i].packs);
            launches_once(kernel, 1, way == 0 ? 128 : 256);
            snprintf(text, sizeof text,
                     "R=9 V=9 N=20 C=16 W=2 K=3 M=16 L=0 H=0 -spans -pieces -paths -nodes %s %s",
                     cases[i].sizes, ways[way].text);
            run("word2vec_sync", text);
            snprintf(kernel, sizeof kernel, "apply<%s>", cases[i].packs);
            launches_once(kernel, (16 * slots[way] + 7) / 8 + 16 * 4 / 8, 256);
        }
}

/* two a batch, and one more for vectors of several rows; what is planned, ordered and added up once
 */
static void sync_launches_twice_for_every_batch(void **state)
{
    static const struct {
        const char *text;
        int vectors;
    } cases[] = {
        { "R=9 V=9 N=40 C=33 W=2 K=3 D=8 M=16 L=0 H=0 -spans -pieces -paths -nodes", 0 },
        { "R=19 V=9 N=40 C=33 W=2 K=3 D=8 M=16 G=20 L=2 H=0 -paths -nodes", 3 },
    };
    (void)state;
    for (int i = 0; i < 2; i++) {
        run("word2vec_sync", cases[i].text);
        assert_int_equal(emulator_launches_of("plan"), 1);
        assert_int_equal(emulator_launches_of("order<1>"), 2);
        assert_int_equal(emulator_launches_of("mark_batches"), 2);
        assert_int_equal(emulator_launches_of("vectors"), cases[i].vectors);
        assert_int_equal(emulator_launches_of("learn<float, 4>"), 3);
        assert_int_equal(emulator_launches_of("apply<float, 4>"), 3);
        assert_int_equal(emulator_launches_of("sum_tallies"), 2); /* the first writes zeros */
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_whole_packs_are_moved_in_packs),
        cmocka_unit_test(short_rows_fill_their_blocks),
        cmocka_unit_test(other_rows_are_moved_in_what_divides_them),
        cmocka_unit_test(slots_are_ordered_by_what_holds_them),
        cmocka_unit_test(groups_are_summed_by_blocks_of_places_and_features),
        cmocka_unit_test(nothing_to_look_up_launches_nothing),
        cmocka_unit_test(aligned_vectors_are_converted_in_packs),
        cmocka_unit_test(scores_take_packs_and_gradients_what_is_wanted),
        cmocka_unit_test(shared_negatives_are_products_not_rows),
        cmocka_unit_test(parameters_are_updated_in_packs_of_their_copy),
        cmocka_unit_test(a_step_is_decided_in_three_launches),
        cmocka_unit_test(aligned_gradients_are_cleared_in_packs),
        cmocka_unit_test(short_rows_take_small_blocks),
        cmocka_unit_test(few_queries_take_no_product_of_their_own),
        cmocka_unit_test(a_batch_is_read_and_then_the_text_moves_on),
        cmocka_unit_test(rows_are_multiplied_in_packs_where_they_lie_so),
        cmocka_unit_test(pairs_are_expanded_ordered_and_added_up),
        cmocka_unit_test(hogwild_has_a_warp_a_worker),
        cmocka_unit_test(few_contexts_and_samples_are_multiplied_in_windows),
        cmocka_unit_test(word_vectors_of_whole_packs_train_in_packs),
        cmocka_unit_test(sync_launches_twice_for_every_batch),
        cmocka_unit_test(survivors_are_gathered_where_there_are_tokens),
    };
    return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
