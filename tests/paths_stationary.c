/* Which kernels the launchers of recurrent cells take, and how large, where they keep the weights
 * on chip: see kernels/stationary.cuh. On the emulator alone. */
#include "launches.h"

#include "emulator/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct stationary_path {
    const char *op, *sizes, *kernel;
    unsigned grid, threads;
} stationary_path;

static void takes_stationary(const stationary_path *paths)
{
    for (; paths->op; paths++) {
        char text[128];
        snprintf(text, sizeof text, "%s D=2 -s%s", paths->sizes,
                 strstr(paths->op, "backward") ? " -ds" : "");
        run(paths->op, text);
        launches_once(paths->kernel, paths->grid, paths->threads);
        assert_int_equal(emulator_launches_of("forward"), 0);
        assert_int_equal(emulator_launches_of("backward"), 0);
    }
}

/* 16-bit weights stay on as few multiprocessors as hold them, for eight sequences each. */
static void cells_keep_weights_on_chip(void **state)
{
    static const char forward[] = "lstm_forward", back[] = "lstm_backward";
    static const stationary_path paths[] = {
        { forward, "T=2 B=8 H=7 dtype=f16", "run_forward<lstm_cell<__half>, 7, 4>", 1, 32 },
        { forward, "T=3 B=9 H=64 dtype=bf16", "run_forward<lstm_cell<__nv_bfloat16>, 7, 4>", 2,
          256 },
        { forward, "T=2 B=3 H=100 dtype=f16", "run_forward<lstm_cell<__half>, 7, 4>", 1, 224 },
        { forward, "T=2 B=9 H=200 dtype=bf16", "run_forward<lstm_cell<__nv_bfloat16>, 7, 4>", 8,
          256 },
        { forward, "T=2 B=1 H=512 dtype=f16", "run_forward<lstm_cell<__half>, 9, 2>", 16, 256 },
        { forward, "T=3 B=2 H=650 dtype=f16", "run_forward<lstm_cell<__half>, 9, 2>", 16, 192 },
        { back, "T=2 B=8 H=7 dtype=f16", "run_backward<lstm_gradient<__half>, 1, 18, 2>", 1, 64 },
        { back, "T=2 B=9 H=64 dtype=bf16", "run_backward<lstm_gradient<__nv_bfloat16>, 1, 18, 2>",
          2, 256 },
        { back, "T=2 B=3 H=100 dtype=f16", "run_backward<lstm_gradient<__half>, 1, 18, 2>", 2,
          256 },
        { back, "T=2 B=3 H=200 dtype=f16", "run_backward<lstm_gradient<__half>, 2, 16, 2>", 4,
          256 },
        { back, "T=2 B=3 H=512 dtype=f16", "run_backward<lstm_gradient<__half>, 4, 8, 2>", 16,
          256 },
        { back, "T=2 B=3 H=650 dtype=f16", "run_backward<lstm_gradient<__half>, 6, 6, 2>", 16,
          256 },
        { "gru_forward", "T=2 B=3 H=100 dtype=f16", "run_forward<gru_cell<__half>, 9, 4>", 1, 224 },
        { "gru_forward", "T=2 B=3 H=512 dtype=f16", "run_forward<gru_cell<__half>, 9, 4>", 16,
          256 },
        { "gru_forward", "T=2 B=3 H=650 dtype=f16", "run_forward<gru_cell<__half>, 12, 2>", 16,
          192 },
        { "gru_backward", "T=2 B=3 H=100 dtype=f16", "run_backward<gru_gradient<__half>, 1, 18, 2>",
          2, 256 },
        { "gru_backward", "T=2 B=3 H=650 dtype=f16", "run_backward<gru_gradient<__half>, 6, 6, 2>",
          16, 256 },
        { "rnn_forward", "T=2 B=3 H=200 dtype=f16", "run_forward<rnn_cell<__half>, 28, 4>", 2,
          224 },
        { "rnn_forward", "T=2 B=3 H=1024 dtype=f16", "run_forward<rnn_cell<__half>, 36, 2>", 16,
          256 },
        { "rnn_backward", "T=2 B=3 H=200 dtype=f16", "run_backward<rnn_gradient<__half>, 2, 16, 2>",
          4, 256 },
        { forward, "T=3 B=9 H=64", "run_forward<lstm_cell<float>, 2, 4>", 2, 256 },
        { forward, "T=2 B=9 H=200", "run_forward<lstm_cell<float>, 2, 4>", 32, 256 },
        { forward, "T=3 B=1 H=512", "run_forward<lstm_cell<float>, 3, 2>", 16, 256 },
        { back, "T=2 B=9 H=64", "run_backward<lstm_gradient<float>, 1, 4, 2>", 8, 128 },
        { back, "T=2 B=3 H=200", "run_backward<lstm_gradient<float>, 2, 5, 2>", 16, 256 },
        { back, "T=2 B=3 H=512", "run_backward<lstm_gradient<float>, 4, 3, 1>", 16, 256 },
        { "gru_forward", "T=2 B=3 H=512", "run_forward<gru_cell<float>, 4, 2>", 16, 256 },
        { "gru_backward", "T=2 B=3 H=200", "run_backward<gru_gradient<float>, 2, 5, 2>", 16, 256 },
        { "rnn_forward", "T=2 B=3 H=1024", "run_forward<rnn_cell<float>, 13, 2>", 16, 256 },
        { "rnn_backward", "T=2 B=3 H=512", "run_backward<rnn_gradient<float>, 4, 3, 1>", 16, 256 },
        { NULL, NULL, NULL, 0, 0 },
    };
    /* what it is not for: one step, zoneout; a device without room */
    static const char *const others[] = { "T=1 B=2 H=64 dtype=f16", "T=2 B=2 H=64 zoneout=0.1",
                                          "T=2 B=2 H=64 dtype=f16 zoneout=0.1" };
    char text[128];
    (void)state;
    emulator_set_multiprocessors(132);
    takes_stationary(paths);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(text, sizeof text, "%s D=2 -s", others[i]);
        run("lstm_forward", text);
        assert_int_equal(emulator_launches_of("run_forward"), 0);
        strcat(text, " -ds");
        run("lstm_backward", text);
        assert_int_equal(emulator_launches_of("run_backward"), 0);
    }
    emulator_set_multiprocessors(0);
    emulator_refuse("cudaOccupancyMaxActiveClusters", 0);
    run("lstm_forward", "T=2 B=2 D=2 H=64 dtype=f16 -s");
    assert_int_equal(emulator_launches_of("run_forward"), 0);
    assert_int_equal(emulator_launches_of("forward<__half, 8>"), 2);
    run("lstm_backward", "T=2 B=2 D=2 H=64 dtype=f16 -s -ds");
    emulator_refuse(NULL, 0);
    assert_int_equal(emulator_launches_of("run_backward"), 0);
    assert_int_equal(emulator_launches_of("backward<__half, 8>"), 2);
}

/* And where they do not fit a cluster, or no cluster has room, on all multiprocessors: of whole
 * tiles and not, of one slice of sequences and of several. */
static void wide_cells_keep_weights_on_the_grid(void **state)
{
    static const stationary_path paths[] = {
        { "lstm_forward", "T=3 B=20 H=260 dtype=f16", "run_forward_grid<lstm_cell<__half>, 9>", 17,
          256 },
        { "lstm_forward", "T=2 B=3 H=272 reverse=1 dtype=bf16",
          "run_forward_grid<lstm_cell<__nv_bfloat16>, 9>", 17, 256 },
        { "lstm_backward", "T=3 B=20 H=260 dtype=f16",
          "run_backward_grid<lstm_gradient<__half>, 9>", 20, 256 },
        { "lstm_backward", "T=4 B=8 H=272 reverse=1 dtype=bf16",
          "run_backward_grid<lstm_gradient<__nv_bfloat16>, 9>", 20, 256 },
        { "gru_forward", "T=3 B=9 H=390 dtype=f16", "run_forward_grid<gru_cell<__half>, 12>", 25,
          256 },
        { "gru_backward", "T=3 B=9 H=390 dtype=f16", "run_backward_grid<gru_gradient<__half>, 12>",
          27, 256 },
        { "rnn_forward", "T=3 B=9 H=1100 dtype=f16", "run_forward_grid<rnn_cell<__half>, 36>", 69,
          256 },
        { "rnn_backward", "T=3 B=9 H=520 dtype=f16", "run_backward_grid<rnn_gradient<__half>, 36>",
          33, 256 },
        { "lstm_forward", "T=3 B=9 H=390", "run_forward_grid<lstm_cell<float>, 3>", 25, 256 },
        { "lstm_backward", "T=3 B=9 H=390", "run_backward_grid<lstm_gradient<float>, 3>", 28, 256 },
        { "gru_forward", "T=2 B=3 H=272", "run_forward_grid<gru_cell<float>, 4>", 17, 256 },
        { "gru_backward", "T=2 B=3 H=272", "run_backward_grid<gru_gradient<float>, 4>", 18, 256 },
        { "rnn_forward", "T=2 B=3 H=520", "run_forward_grid<rnn_cell<float>, 13>", 33, 256 },
        { "rnn_backward", "T=2 B=3 H=520", "run_backward_grid<rnn_gradient<float>, 13>", 33, 256 },
        { NULL, NULL, NULL, 0, 0 },
    };
    static const stationary_path too_wide[] = {
        { "lstm_forward", "T=2 B=2 H=1024 dtype=bf16",
          "run_forward_grid<lstm_cell<__nv_bfloat16>, 9>", 64, 256 },
        { "lstm_backward", "T=2 B=2 H=776 dtype=bf16",
          "run_backward_grid<lstm_gradient<__nv_bfloat16>, 9>", 52, 256 },
        { "lstm_forward", "T=2 B=2 H=650", "run_forward_grid<lstm_cell<float>, 3>", 41, 256 },
        { "lstm_backward", "T=2 B=2 H=530", "run_backward_grid<lstm_gradient<float>, 3>", 36, 256 },
        { NULL, NULL, NULL, 0, 0 },
    };
    (void)state;
    emulator_set_multiprocessors(132);
    takes_stationary(too_wide);
    emulator_cap_clusters(4);
    takes_stationary(paths);
    holds("lstm_forward", "T=3 B=10 D=2 H=260 dtype=bf16 -s");
    holds("lstm_backward", "T=3 B=10 D=2 H=260 dtype=bf16 -s -ds");
    holds("lstm_forward", "T=3 B=10 D=2 H=260 -s");
    holds("lstm_backward", "T=3 B=10 D=2 H=260 -s -ds");
    emulator_cap_clusters(0);
    emulator_set_multiprocessors(0);
}

/* What all cells do where weights cannot stay on chip, which the families' own tests have no call
 * for but zoneout's and those of one step. */
static void cells_without_room_hold(void **state)
{
    static const char *const sizes[] = { "T=3 B=5 D=4 H=7", "T=3 B=3 D=2 H=170",
                                         "T=4 B=2 D=3 H=8 reverse=1 dtype=f16",
                                         "T=3 B=5 D=2 H=36 dtype=bf16" };
    static const char *const cells[] = { "rnn", "gru", "lstm" };
    (void)state;
    emulator_refuse("cudaOccupancyMaxActiveClusters", 0);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 4; k++) {
            char op[32];
            snprintf(op, sizeof op, "%s_forward", cells[i]);
            holds(op, sizes[k]);
            snprintf(op, sizeof op, "%s_backward", cells[i]);
            holds(op, sizes[k]);
        }
    assert_int_equal(emulator_launches_of("run_forward"), 0);
    emulator_refuse(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_keep_weights_on_chip),
        cmocka_unit_test(wide_cells_keep_weights_on_the_grid),
        cmocka_unit_test(cells_without_room_hold),
    };
    return cmocka_run_group_tests_name("paths_stationary", tests, NULL, NULL);
}
