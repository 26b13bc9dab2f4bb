/* Which of their kernels the launchers of layers and of losses take: so that no slow one hides
 * behind a right result. On the emulator alone. */
#include "launches.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void nothing_to_compute_launches_nothing(void **state)
{
    static const path paths[] = {
        { "activation_forward", "N=0 D=9", { NULL } },
        { "attention_forward", "T=0 B=3 S=4 H=5 D=5", { NULL } },
        { "dropout_forward", "T=0 N=9 -mask", { NULL } },
        { "linear_forward", "N=0 D=5 H=3", { NULL } },
        { "linear_backward", "N=0 D=5 H=3", { NULL } },
        { "lstm_forward", "T=0 B=3 D=5 H=3", { NULL } },
        { "rearrange_concat", "N=3 D=0 E=0 F=0", { NULL } },
        { "rearrange_concat_backward", "N=0 D=8 E=8 F=16", { NULL } },
        { "rearrange_broadcast", "T=0 B=3 D=8", { NULL } },
        { "rearrange_broadcast_backward", "T=3 B=0 D=8", { NULL } },
        { "sigmoid_xent_backward", "N=0 D=8", { NULL } },
        { "softmax_xent_backward", "N=0 V=8", { NULL } },
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

/* ------------------------------------------------------------------ attention */

/* packs where the rows of both widths are made of them; blocks of eight queries, of eight keys */
static void attention_takes_packs_and_a_launch_for_each_side(void **state)
{
    static const path paths[] = {
        { "attention_forward", "T=5 B=2 S=3 H=8 D=4", { "forward<dot_score, float, 4>" } },
        { "attention_forward", "T=5 B=2 S=3 H=6 D=4", { "forward<dot_score, float, 1>" } },
        { "attention_forward", "T=5 B=2 S=3 H=4 D=6", { "forward<dot_score, float, 1>" } },
        { "attention_forward",
          "T=5 B=2 S=3 H=4000 D=8 dtype=f16",
          { "forward<dot_score, __half, 8>" } },
        { "attention_forward",
          "T=5 B=2 S=3 H=4002 D=8 dtype=f16",
          { "forward<dot_score, __half, 1>" } },
        { "attention_forward", "T=5 B=2 S=3 H=8 D=4 swap=1", { "forward<dot_score, float, 4>" } },
        { "attention_forward", "T=5 B=2 S=3 H=8 D=4 pad=4", { "forward<dot_score, float, 4>" } },
        { "attention_forward", "T=5 B=2 S=3 H=8 D=4 pad=3", { "forward<dot_score, float, 1>" } },
        { "attention_backward",
          "T=2 B=2 S=3 H=8 D=4",
          { "sum_deltas<float, 4>", "backward<dot_score, false, float, 4>",
            "backward<dot_score, true, float, 4>" } },
        { "attention_backward",
          "T=2 B=2 S=3 H=4002 D=8 dtype=bf16",
          { "sum_deltas<__nv_bfloat16, 1>", "backward<dot_score, false, __nv_bfloat16, 1>",
            "backward<dot_score, true, __nv_bfloat16, 1>" } },
        { "attention_backward",
          "T=2 B=2 S=33 H=8 D=8 -v -dv pad=3 dtype=bf16",
          { "backward_tiles<tiling<4, 1, 16, 32>, false, __nv_bfloat16>",
            "backward_tiles<tiling<4, 1, 16, 32>, true, __nv_bfloat16>" } },
        { "attention_backward",
          "T=33 B=2 S=3 H=129 D=8 dtype=f16",
          { "backward_tiles<tiling<2, 4, 16, 16>, false, __half>",
            "backward_tiles<tiling<2, 4, 16, 16>, true, __half>" } },
        { "attention_backward",
          "T=2 B=1 S=33 H=8 D=520 dtype=bf16",
          { "backward_tiles<tiling<2, 4, 32, 16>, false, __nv_bfloat16>",
            "backward_tiles<tiling<2, 4, 32, 16>, true, __nv_bfloat16>" } },
        { "attention_backward",
          "T=2 B=1 S=33 H=1160 D=1032 dtype=f16",
          { "backward_tiles<tiling<1, 8, 16, 16>, false, __half>",
            "backward_tiles<tiling<1, 8, 16, 16>, true, __half>" } },
        { "attention_backward",
          "T=0 B=2 S=3 H=8 D=8 dtype=f16",
          { "backward_tiles<tiling<4, 1, 16, 32>, true, __half>" } },
        { "attention_backward", "T=0 B=2 S=3 H=8 D=4", { "backward<dot_score, true, float, 4>" } },
        { "attention_additive_forward",
          "T=5 B=2 S=3 H=8 D=4",
          { "forward<additive_score, float, 4>" } },
        { "attention_additive_backward",
          "T=2 B=2 S=3 H=8 D=4",
          { "sum_deltas<float, 4>", "backward<additive_score, false, float, 4>",
            "backward<additive_score, true, float, 4>", "add_column_parts" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("attention_forward", "T=9 B=3 S=2 H=4 D=516"); /* two blocks a sequence, and two slices */
    launches_once("forward<dot_score, float, 4>", 12, 256);
    run("attention_backward", "T=9 B=3 S=17 H=4 D=4");
    launches_once("backward<dot_score, false, float, 4>", 6, 256);
    launches_once("backward<dot_score, true, float, 4>", 9, 256);
}

/* Keys of few queries are shared by the blocks of a cluster, where there are enough of them, and
 * blocks too few; a cluster has as many blocks as the device has room for. */
static void few_queries_share_out_their_keys(void **state)
{
    static const struct {
        const char *op, *sizes, *kernel;
        unsigned grid;
        int most; /* blocks of a cluster on the device; 0: any */
    } paths[] = {
        { "attention_forward", "T=1 B=3 S=32 H=4 D=8", "forward_few<dot_score, float, 4, 8>", 3,
          0 },
        { "attention_forward", "T=1 B=3 S=33 H=4 D=8", "forward_few<dot_score, float, 4, 8>", 6,
          0 },
        { "attention_forward", "T=2 B=3 S=70 H=8 D=8 dtype=bf16",
          "forward_few<dot_score, __nv_bfloat16, 8, 8>", 24, 0 },
        { "attention_forward", "T=1 B=1 S=130 H=5 D=3 dtype=f16",
          "forward_few<dot_score, __half, 1, 8>", 8, 0 },
        { "attention_forward", "T=1 B=1 S=130 H=5 D=3", "forward_few<dot_score, float, 1, 8>", 4,
          4 },
        { "attention_forward", "T=1 B=1 S=130 H=5 D=3", "forward_few<dot_score, float, 1, 8>", 1,
          1 },
        { "attention_forward", "T=4 B=64 S=40 H=4 D=4 -weights",
          "forward_few<dot_score, float, 4, 8>", 256, 0 },
        { "attention_forward", "T=4 B=1 S=9 H=260 D=260 -v", "forward_few<dot_score, float, 4, 32>",
          8, 0 },
        { "attention_forward", "T=1 B=1 S=8 H=8 D=1032 dtype=f16",
          "forward_few<dot_score, __half, 8, 32>", 2, 0 },
        { "attention_additive_forward", "T=1 B=1 S=40 H=8 D=8",
          "forward_few<additive_score, float, 4, 8>", 2, 0 },
        { "attention_additive_forward", "T=1 B=1 S=20 H=8 D=264 dtype=bf16",
          "forward_few<additive_score, __nv_bfloat16, 8, 32>", 4, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        emulator_cap_clusters(paths[i].most);
        run(paths[i].op, paths[i].sizes);
        emulator_cap_clusters(0);
        launches_once(paths[i].kernel, paths[i].grid, 256);
        assert_int_equal(emulator_launches_of("forward"), 0);
    }
}

/* Where no side has more than a tile, one launch has all of backward, and a cluster the features of
 * a sequence: as long as the device has such clusters. */
static void short_sequences_go_back_at_once(void **state)
{
    static const struct {
        const char *sizes, *kernel;
        unsigned grid;
    } paths[] = {
        { "T=32 B=3 S=32 H=256 D=8 dtype=f16", "backward_short<__half>", 3 },
        { "T=2 B=2 S=3 H=5 D=257 dtype=bf16", "backward_short<__nv_bfloat16>", 4 },
        { "T=5 B=2 S=3 H=600 D=600 -v -dv dtype=bf16", "backward_short<__nv_bfloat16>", 6 },
        { "T=3 B=1 S=5 H=2048 D=8 dtype=f16", "backward_short<__half>", 8 },
    };
    (void)state;
    emulator_set_multiprocessors(132); /* room for clusters of blocks that fill one each */
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        run("attention_backward", paths[i].sizes);
        launches_once(paths[i].kernel, paths[i].grid, 256);
        assert_int_equal(emulator_launches_of("backward_tiles"), 0);
    }
    emulator_set_multiprocessors(0);
    emulator_cap_clusters(1);
    run("attention_backward", "T=5 B=2 S=3 H=300 D=300 dtype=bf16");
    emulator_cap_clusters(0);
    assert_int_equal(emulator_launches_of("backward_short"), 0);
    assert_int_equal(emulator_launches_of("backward_tiles"), 2);
}

/* Tensor cores take dot products of 16 bits, in blocks of fewer rows the longer these are. */
static void attention_of_16_bits_is_in_tiles(void **state)
{
    static const struct {
        const char *op, *sizes, *kernel;
        unsigned grid, threads;
    } paths[] = {
        { "attention_forward", "T=65 B=3 S=3 H=128 D=9 dtype=f16",
          "forward_tiles<tiling<4, 1, 16, 64>, __half>", 6, 128 },
        { "attention_forward", "T=33 B=2 S=3 H=129 D=8 dtype=bf16",
          "forward_tiles<tiling<2, 4, 16, 32>, __nv_bfloat16>", 4, 256 },
        { "attention_forward", "T=5 B=2 S=3 H=8 D=520 dtype=f16",
          "forward_tiles<tiling<2, 4, 32, 32>, __half>", 2, 256 },
        { "attention_forward", "T=5 B=1 S=3 H=1032 D=1032 -v dtype=bf16",
          "forward_tiles<tiling<2, 4, 32, 32>, __nv_bfloat16>", 2, 256 },
        { "attention_forward", "T=17 B=1 S=3 H=1200 D=1032 dtype=bf16",
          "forward_tiles<tiling<1, 8, 16, 16>, __nv_bfloat16>", 4, 256 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        run(paths[i].op, paths[i].sizes);
        launches_once(paths[i].kernel, paths[i].grid, paths[i].threads);
    }
    run("attention_forward", "T=5 B=2 S=3 H=8 D=8");
    assert_int_equal(emulator_launches_of("forward_tiles"), 0);
    run("attention_backward", "T=33 B=2 S=65 H=520 D=1032 dtype=f16"); /* of dv two slices */
    launches_once("backward_tiles<tiling<2, 4, 32, 16>, false, __half>", 4, 256);
    launches_once("backward_tiles<tiling<2, 4, 32, 16>, true, __half>", 18, 256);
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

/* ------------------------------------------------------------------ rearrange */

/* both parts must be whole packs, whether or not both are wanted */
static void rows_of_whole_packs_are_rearranged_in_packs(void **state)
{
    static const path paths[] = {
        { "rearrange_concat", "N=3 D=4 E=8 F=12", { "concat<float, 4>" } },
        { "rearrange_concat", "N=3 D=8 E=8 F=16 dtype=f16", { "concat<__half, 8>" } },
        { "rearrange_concat", "N=3 D=4 E=4 F=8 dtype=f16", { "concat<__half, 1>" } },
        { "rearrange_concat", "N=3 D=3 E=5 F=8", { "concat<float, 1>" } },
        { "rearrange_concat", "N=3 D=4 E=8 F=12 pad=3", { "concat<float, 1>" } },
        { "rearrange_concat_backward",
          "N=3 D=8 E=8 F=16 pad=8 dtype=bf16",
          { "split<__nv_bfloat16, 8>" } },
        { "rearrange_concat_backward", "N=3 D=4 E=8 F=12 -da", { "split<float, 4>" } },
        { "rearrange_concat_backward", "N=3 D=3 E=8 F=11 -da", { "split<float, 1>" } },
        { "rearrange_broadcast", "T=3 B=2 D=8", { "move<float, 4>" } },
        { "rearrange_broadcast", "T=3 B=2 D=9", { "move<float, 1>" } },
        { "rearrange_broadcast_backward", "T=3 B=2 D=8 dtype=f16", { "sum_steps<__half, 8>" } },
        { "rearrange_broadcast_backward", "T=3 B=2 D=8 offset=1", { "sum_steps<float, 1>" } },
        { "rearrange_reverse", "T=3 B=2 D=8 dtype=bf16", { "move<__nv_bfloat16, 8>" } },
        { "rearrange_reverse", "T=3 B=2 D=8 swap=1", { "move<float, 4>" } },
        { "rearrange_reverse", "T=3 B=2 D=8 swap=1 pad=1", { "move<float, 1>" } },
        { "rearrange_transpose", "T=3 B=2 D=8", { "move<float, 4>" } },
        { "rearrange_transpose", "T=3 B=2 D=4 dtype=f16", { "move<__half, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("rearrange_reverse", "T=3 B=43 D=16"); /* two blocks of 256 packs, and four packs */
    launches_once("move<float, 4>", 3, 256);
    run("rearrange_broadcast_backward", "T=3 B=65 D=16"); /* a block, and four packs */
    launches_once("sum_steps<float, 4>", 2, 256);
}

/* ------------------------------------------------------------------ rnn, gru and lstm */

static void cells_take_packs_and_copies_where_rows_ask_for_them(void **state)
{
    static const path paths[] = {
        { "rnn_forward", "T=1 B=3 D=8 H=8 -s", { "forward<float, 4>" } },
        { "rnn_forward", "T=1 B=3 D=8 H=8 dtype=f16 -s", { "forward<__half, 8>" } },
        { "rnn_forward", "T=1 B=3 D=8 H=9 -s", { "forward<float, 1>" } },
        { "gru_forward", "T=1 B=3 D=8 H=8 -s", { "forward<float, 4>" } },
        { "gru_forward",
          "T=1 B=3 D=8 H=8 reset=1 -bn dtype=bf16 -s",
          { "reset_state<__nv_bfloat16, 8>", "forward<__nv_bfloat16, 8>" } },
        { "lstm_forward", /* batch first: x is brought in line */
          "T=2 B=3 D=8 H=8 swap=1 -s",
          { "copy_rows<float, float, 4>", "run_forward<lstm_cell<float>, 2, 4>" } },
        { "lstm_forward", /* what s adds, to the sums of every step */
          "T=2 B=3 D=8 H=8 S=5",
          { "copy_rows<float, float, 4>", "run_forward<lstm_cell<float>, 2, 4>" } },
        { "lstm_backward", /* the sum of the steps, and ds */
          "T=1 B=3 D=8 H=8 S=5 dtype=f16 -dhT -dh0 -db -dx",
          { "backward<__half, 8>", "sum_steps<__half, 8>", "copy_rows<__half, float, 1>" } },
        { "rnn_backward", /* dhT to f32 and dh0 from there, which in f32 are copies too */
          "T=1 B=3 D=8 H=8 -s -ds",
          { "copy_rows<float, float, 4>", "backward<float, 4>", "copy_rows<float, float, 4>",
            "sum_column_parts<float>", "add_column_parts" } },
        { "gru_backward",
          "T=1 B=3 D=8 H=8 -dhT -dh0 -db -s -ds",
          { "backward_after<float, 4>", "sum_column_parts<float>", "add_column_parts" } },
        { "gru_backward",
          "T=1 B=3 D=8 H=8 reset=1 -bn -dbn -dhT -dh0 -db -s -ds",
          { "backward_cell<float, 4>", "backward_reset<float, 4>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* Units in packs where all their tensors are; the steps of x and dx in packs of their own. */
static void lstm_takes_packs_of_units(void **state)
{
    static const path paths[] = {
        { "lstm_forward", "T=1 B=3 D=5 H=8 -s", { "forward<float, 4>" } },
        { "lstm_forward", "T=1 B=3 D=5 H=8 -b -c0 -h0 -s", { "forward<float, 4>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=8 dtype=f16 -s", { "forward<__half, 8>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=8 dtype=bf16 -s", { "forward<__nv_bfloat16, 8>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=4 dtype=f16 -s", { "forward<__half, 1>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=9 -s", { "forward<float, 1>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=8 offset=1 -s", { "forward<float, 1>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=8 pad=4 -s", { "forward<float, 4>" } },
        { "lstm_forward", "T=1 B=3 D=8 H=8 pad=3 -s", { "forward<float, 1>" } }, /* rows of h */
        { "lstm_backward", "T=1 B=3 D=8 H=8 -dhT -dh0 -db -dx -s -ds", { "backward<float, 4>" } },
        { "lstm_backward", "T=1 B=3 D=8 H=9 -dhT -dh0 -db -dx -s -ds", { "backward<float, 1>" } },
        { "lstm_backward",
          "T=1 B=3 D=8 H=8 pad=3 -dhT -dh0 -db -dx -s -ds",
          { "backward<float, 1>" } },
        { "lstm_backward", /* no gradient at h: its rows do not matter */
          "T=1 B=3 D=8 H=8 pad=3 -dh -dhT -dh0 -db -dx -s -ds",
          { "backward<float, 4>" } },
        { "lstm_backward",
          "T=1 B=3 D=8 H=8 dtype=f16 -dhT -dh0 -db -s -ds",
          { "backward<__half, 8>", "copy_rows<__half, float, 8>" } },
        { "lstm_backward", /* dhT, the steps from the last, dh0, dx */
          "T=2 B=3 D=4 H=8 dtype=bf16 -s -ds",
          { "copy_rows<float, __nv_bfloat16, 8>",
            "run_backward<lstm_gradient<__nv_bfloat16>, 1, 18, 2>",
            "copy_rows<__nv_bfloat16, float, 8>", "copy_rows<__nv_bfloat16, float, 1>",
            "sum_column_parts<__nv_bfloat16>", "add_column_parts" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("lstm_forward", "T=1 B=1025 D=1 H=4"); /* a thread a pack */
    launches_once("forward<float, 4>", 5, 256);
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

/* ------------------------------------------------------------------ losses */

/* a warp, a block or several a row of logits, whose losses are added after, in groups */
static void logits_are_cut_by_their_number(void **state)
{
    static const char forward[] = "softmax_xent_forward", back[] = "softmax_xent_backward";
    static const path paths[] = {
        { forward, "N=3 V=1024", { "forward<float, 32>", "add_rows" } },
        { forward, "N=3 V=9 pad=3 dtype=f16", { "forward<__half, 32>", "add_rows" } },
        { forward, "N=3 V=1025", { "forward<float, 256>", "add_rows" } },
        { forward,
          "N=2 V=16384 dtype=bf16 -losses",
          { "forward<__nv_bfloat16, 256>", "add_rows" } },
        { forward, "N=2 V=16385 dtype=f16", { "forward<__half, 256>", "merge", "add_rows" } },
        { forward, "N=4097 V=2", { "forward<float, 32>", "add_rows", "add_groups" } },
        { forward, "N=0 V=8", { "add_rows" } },
        { back, "N=3 V=1024 dtype=f16", { "backward<__half, __half, 32>" } },
        { back, "N=3 V=9 -dloss", { "backward<float, float, 32>" } },
        { back, "N=2 V=16385 dtype=bf16", { "backward<__nv_bfloat16, __nv_bfloat16, 256>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run(forward, "N=20 V=8"); /* eight rows a block */
    launches_once("forward<float, 32>", 3, 256);
    run(forward, "N=3 V=2000");
    launches_once("forward<float, 256>", 3, 256);
    run(back, "N=3 V=33000"); /* three parts a row */
    launches_once("backward<float, float, 256>", 9, 256);
}

/* some hundred rows of logits at a time, which are worked like any others */
static void logits_of_a_product_are_worked_as_others(void **state)
{
    static const char forward[] = "softmax_xent_linear_forward";
    static const char back[] = "softmax_xent_linear_backward";
    static const path paths[] = {
        { forward, "N=3 D=5 V=9", { "forward<float, 32>", "add_rows" } },
        { forward, "N=3 D=5 V=8 offset=1", { "forward<float, 32>", "add_rows" } },
        { forward, /* 98 rows of so many words at a time */
          "N=99 D=1 V=170000",
          { "forward<float, 256>", "merge", "forward<float, 256>", "merge", "add_rows" } },
        { back,
          "N=3 D=5 V=8 -db",
          { "add_rows", "forward<float, 32>", "backward<float, float, 32>", "add_rows" } },
        { back,
          "N=3 D=5 V=8 -db reduction=1",
          { "forward<float, 32>", "backward<float, float, 32>", "add_rows" } },
        { forward, "N=3 D=513 V=8 dtype=f16", { "see_tiles<__half, 1>", "merge", "add_rows" } },
        { back, /* with more features logits are stored */
          "N=3 D=513 V=1100 dtype=f16 -dx",
          { "pad_rows<__half>", "add_rows", "forward<float, 256>", "backward<float, __half, 256>",
            "sum_column_parts<__half>", "add_column_parts", "add_rows" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
}

/* of 16 bits in tiles, features copied by eight, two or one as x and w lie */
static void logits_of_16_bits_are_not_stored(void **state)
{
    static const char forward[] = "softmax_xent_linear_forward";
    static const char back[] = "softmax_xent_linear_backward";
    static const path paths[] = {
        { forward, "N=3 D=8 V=9 dtype=f16", { "see_tiles<__half, 8>", "merge", "add_rows" } },
        { forward,
          "N=3 D=8 V=9 pad=8 dtype=bf16",
          { "see_tiles<__nv_bfloat16, 8>", "merge", "add_rows" } },
        { forward, "N=3 D=8 V=9 pad=2 dtype=f16", { "see_tiles<__half, 2>", "merge", "add_rows" } },
        { forward, "N=3 D=10 V=9 dtype=f16", { "see_tiles<__half, 2>", "merge", "add_rows" } },
        { forward,
          "N=3 D=9 V=9 dtype=bf16",
          { "see_tiles<__nv_bfloat16, 1>", "merge", "add_rows" } },
        { forward,
          "N=3 D=8 V=9 offset=1 dtype=f16",
          { "see_tiles<__half, 1>", "merge", "add_rows" } },
        { forward, "N=3 D=0 V=9 dtype=f16", { "see_tiles<__half, 8>", "merge", "add_rows" } },
        { back,
          "N=3 D=512 V=8 dtype=bf16",
          { "add_rows", "see_tiles<__nv_bfloat16, 8>", "merge", "write_tiles<__nv_bfloat16, 8>",
            "sum_column_parts<__nv_bfloat16>", "add_column_parts", "add_rows" } },
        { back,
          "N=3 D=10 V=12 dtype=f16 -db reduction=1",
          { "pad_rows<__half>", "see_tiles<__half, 8>", "merge", "write_tiles<__half, 8>",
            "add_rows" } },
        { back,
          "N=3 D=8 V=12 pad=2 dtype=f16 -db",
          { "add_rows", "see_tiles<__half, 2>", "merge", "write_tiles<__half, 2>", "add_rows" } },
        { back,
          "N=3 D=8 V=12 offset=1 dtype=f16 -db",
          { "add_rows", "see_tiles<__half, 1>", "merge", "write_tiles<__half, 1>", "add_rows" } },
        { back, /* 98 rows of so many words at a time */
          "N=99 D=1 V=170000 dtype=bf16 -db",
          { "pad_rows<__nv_bfloat16>", "add_rows", "see_tiles<__nv_bfloat16, 8>", "merge",
            "write_tiles<__nv_bfloat16, 8>", "see_tiles<__nv_bfloat16, 8>", "merge",
            "write_tiles<__nv_bfloat16, 8>", "add_rows" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run(back, "N=129 D=8 V=257 dtype=f16"); /* two by three tiles */
    launches_once("see_tiles<__half, 8>", 6, 128);
    launches_once("write_tiles<__half, 8>", 6, 128);
    emulator_cap_grids(1); /* one after the other, in the same shared memory */
    run(back, "N=129 D=72 V=257 dtype=f16");
    emulator_cap_grids(0);
}

static void targets_are_read_in_packs_where_rows_allow(void **state)
{
    static const path paths[] = {
        { "sigmoid_xent_forward", "N=3 D=8", { "forward<float, 4>", "sum_in_one_block" } },
        { "sigmoid_xent_forward", "N=3 D=8 pad=4", { "forward<float, 4>", "sum_in_one_block" } },
        { "sigmoid_xent_forward",
          "N=3 D=8 dtype=f16",
          { "forward<__half, 8>", "sum_in_one_block" } },
        { "sigmoid_xent_forward", "N=3 D=9", { "forward<float, 1>", "sum_in_one_block" } },
        { "sigmoid_xent_forward", "N=3 D=8 pad=3", { "forward<float, 1>", "sum_in_one_block" } },
        { "sigmoid_xent_forward", "N=0 D=8", { "sum_in_one_block" } },
        { "sigmoid_xent_backward", "N=3 D=8", { "backward<float, 4>" } },
        { "sigmoid_xent_backward", "N=3 D=8 dtype=bf16", { "backward<__nv_bfloat16, 8>" } },
        { "sigmoid_xent_backward", "N=3 D=4 dtype=bf16", { "backward<__nv_bfloat16, 1>" } },
        { "sigmoid_xent_backward", "N=3 D=8 offset=1 -dloss", { "backward<float, 1>" } },
        { NULL, NULL, { NULL } },
    };
    (void)state;
    all_take(paths);
    run("sigmoid_xent_backward", "N=9 D=4"); /* a warp a row, eight a block */
    launches_once("backward<float, 4>", 2, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_compute_launches_nothing),
        cmocka_unit_test(aligned_elements_are_activated_in_packs),
        cmocka_unit_test(attention_takes_packs_and_a_launch_for_each_side),
        cmocka_unit_test(few_queries_share_out_their_keys),
        cmocka_unit_test(attention_of_16_bits_is_in_tiles),
        cmocka_unit_test(short_sequences_go_back_at_once),
        cmocka_unit_test(aligned_elements_are_dropped_in_packs),
        cmocka_unit_test(a_short_row_is_a_warps_and_a_long_one_a_blocks),
        cmocka_unit_test(rows_of_whole_packs_are_rearranged_in_packs),
        cmocka_unit_test(cells_take_packs_and_copies_where_rows_ask_for_them),
        cmocka_unit_test(lstm_takes_packs_of_units),
        cmocka_unit_test(a_product_does_what_it_can_itself),
        cmocka_unit_test(logits_are_cut_by_their_number),
        cmocka_unit_test(logits_of_a_product_are_worked_as_others),
        cmocka_unit_test(logits_of_16_bits_are_not_stored),
        cmocka_unit_test(targets_are_read_in_packs_where_rows_allow),
    };
    return cmocka_run_group_tests_name("paths_layers", tests, NULL, NULL);
}
