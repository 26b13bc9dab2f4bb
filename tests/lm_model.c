/* The language model: it learns, and goes on from checkpoints with the same bits. On the CPU, and
 * on CUDA as the test was linked. */
#include "lm_bench.h"

#include <math.h>
#include <omp.h>

/* Of eight words four follow for sure: the loss falls far below that of guessing. */
static void learns(bench b)
{
    double before, after;
    int64_t labels;
    wl_error error;
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_evaluate(model, b.text, 2, 5, NULL, &before, &labels, &error), WL_OK);
    assert_true(fabs(before - log(8)) < 0.05); /* it knows nothing yet */
    assert_int_equal(labels, (wl_text_size(b.text) - 1) / 10 * 10);
    assert_int_equal(train(&b, model), WL_OK);
    assert_int_equal(wl_lm_evaluate(model, b.text, 2, 5, NULL, &after, &labels, &error), WL_OK);
    assert_true(after < before / 3);
    assert_int_equal(b.last.epoch, b.config.epochs);
    assert_true(b.last.epoch_ended && isfinite(b.last.validation));
    wl_lm_destroy(model);
    free_bench(&b);
}

static void learns_on(wl_device device, wl_cell cell)
{
    bench b = make_bench(device);
    b.config.cell = cell;
    b.config.epochs = device == WL_CPU ? 30 : 12;
    learns(b);
}

static void a_model_of_each_cell_learns(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int cell = 0; wl_cells[cell] && wl_device_count(lm_devices[i]); cell++)
            learns_on(lm_devices[i], (wl_cell)cell);
}

/* Steps enough for parts, which CUDA works at side by side. */
static void learns_in_waves_on(wl_device device)
{
    bench b = make_bench(device);
    b.config.layers = 2;
    b.config.time = 24;
    b.config.batch = 2;
    b.config.epochs = 12;
    learns(b);
}

static void layers_learn_in_waves(void **state)
{
    (void)state;
    each_device(learns_in_waves_on);
}

/* What its epochs have cost, as NAME.epochs. */
static void write_epochs(const wl_lm *model, const char *name)
{
    const wl_training_epoch *epochs;
    char path[64];
    snprintf(path, sizeof path, "%s.epochs", name);
    const int64_t count = wl_lm_epochs(model, &epochs);
    assert_int_equal(count, wl_lm_configuration(model)->epochs);
    write_bytes(in_folder(path), epochs, (size_t)count * sizeof *epochs);
}

/* What a run ends with, interrupted after some steps and resumed in a new model, or not. */
static void run_to_the_end(bench *b, int64_t stop_at, const char *name)
{
    wl_error error = { "" };
    wl_lm *model = make_model(b);
    b->stop_at = stop_at;
    const wl_status status = train(b, model);
    assert_int_equal(status, stop_at ? WL_INTERRUPTED : WL_OK);
    if (stop_at) {
        if (wl_lm_save(model, b->text, in_folder("checkpoint"), &error)) fail_msg("%s", error.text);
        wl_lm_destroy(model);
        model = make_model(b);
        if (wl_lm_load(model, b->text, in_folder("checkpoint"), &error)) fail_msg("%s", error.text);
        b->stop_at = 0;
        assert_int_equal(train(b, model), WL_OK);
    }
    assert_written(model, name);
    write_epochs(model, name);
    wl_lm_destroy(model);
}

static void resumes_on(wl_device device)
{
    static const wl_lm_config runs[] = {
        { .optimizer = WL_SGD, .cell = WL_CELL_LSTM, .layers = 1, .lr = 2 },
        { .optimizer = WL_ADAM,
          .cell = WL_CELL_LSTM,
          .layers = 2,
          .lr = 0.01,
          .tie = 1,
          .dropout = 0.3,
          .weight_drop = 0.3,
          .residual = 1 },
        { .optimizer = WL_ADAM,
          .cell = WL_CELL_GRU,
          .layers = 1,
          .lr = 0.01,
          .dtype = WL_BF16,
          .dropout = 0.3,
          .zoneout = 0.2,
          .variational = 1 },
        { .optimizer = WL_MOMENTUM,
          .cell = WL_CELL_LSTM,
          .layers = 2,
          .lr = 0.1,
          .dtype = WL_F16,
          .zoneout = 0.1,
          .zoneout_c = 0.4 },
        { .optimizer = WL_SGD,
          .cell = WL_CELL_RNN,
          .layers = 2,
          .lr = 1,
          .residual = 1,
          .weight_drop = 0.2 },
        { .optimizer = WL_ADAM,
          .cell = WL_CELL_LSTM,
          .layers = 2,
          .lr = 0.01,
          .dtype = WL_BF16,
          .dropout = 0.2,
          .norm = 1,
          .residual = 1 },
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        bench b = make_bench(device);
        const wl_lm_config made = b.config;
        b.config = runs[i];
        b.config.dtype = runs[i].dtype ? runs[i].dtype : WL_F32;
        b.config.embed = made.embed, b.config.hidden = made.hidden;
        b.config.batch = made.batch, b.config.time = made.time;
        b.config.clip = made.clip, b.config.decay = made.decay, b.config.seed = made.seed;
        b.config.epochs = 4;
        run_to_the_end(&b, 0, "whole");
        run_to_the_end(&b, 5, "early");
        run_to_the_end(&b, 30, "later");
        assert_same_files("whole", "early");
        assert_same_files("whole", "later");
        assert_same_files("whole.epochs", "early.epochs");
        assert_same_files("whole.epochs", "later.epochs");
        free_bench(&b);
    }
}

static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    (void)state;
    each_device(resumes_on);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    const int team = omp_get_max_threads(), threads[] = { 2, 4, 8 };
    bench b = make_bench(WL_CPU);
    omp_set_num_threads(1);
    run_to_the_end(&b, 0, "one");
    for (int i = 0; i < 3; i++) {
        omp_set_num_threads(threads[i]);
        run_to_the_end(&b, 0, "more");
        assert_same_files("one", "more");
    }
    omp_set_num_threads(team);
    free_bench(&b);
}

/* Weights beyond 16 bits make gradients of NaN, which pass by; 25 in a row end the run. */
static void a_run_that_diverges_says_so(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    wl_error error = { "" };
    b.config.dtype = WL_F16;
    b.config.lr = 1e6;
    b.config.clip = 0;
    b.config.epochs = 100;
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_train(model, b.text, NULL, on_report, &b, NULL, &error), WL_NOT_FINITE);
    assert_error(&error, "diverged", "learning rate", NULL);
    wl_lm_destroy(model);
    free_bench(&b);
}

/* ------------------------------------------------------------------ what does not fit */

static void a_checkpoint_of_another_run_is_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    wl_error error = { "" };
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_save(model, b.text, in_folder("checkpoint"), &error), WL_OK);
    wl_lm_destroy(model);
    b.config.lr = 3;
    model = make_model(&b);
    assert_int_equal(wl_lm_load(model, b.text, in_folder("checkpoint"), &error), WL_OUT_OF_RANGE);
    assert_error(&error, "its lr is 2", "of this run 3", NULL);
    assert_int_equal(wl_lm_load(model, b.text, in_folder("text"), &error), WL_BAD_FILE);
    wl_lm_destroy(model);
    free_bench(&b);
}

static void a_text_shorter_than_a_step_is_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU);
    wl_error error = { "" };
    double loss;
    int64_t labels;
    b.config.time = 1000;
    wl_lm *model = make_model(&b);
    assert_int_equal(wl_lm_train(model, b.text, NULL, NULL, NULL, NULL, &error), WL_OUT_OF_RANGE);
    assert_error(&error, "too short to train on", "4001", NULL);
    assert_int_equal(wl_lm_evaluate(model, b.text, 100, 100, NULL, &loss, &labels, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "too short", NULL);
    wl_lm_destroy(model);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_of_each_cell_learns),
        cmocka_unit_test(layers_learn_in_waves),
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bits),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_run_that_diverges_says_so),
        cmocka_unit_test(a_checkpoint_of_another_run_is_refused),
        cmocka_unit_test(a_text_shorter_than_a_step_is_refused),
    };
    return cmocka_run_group_tests_name("lm_model", tests, make_folder, remove_folder);
}
