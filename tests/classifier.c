/* The classifier: it learns the spiral, its gradient is its loss's, runs go on with the same bits,
 * and files that are none are refused. On the CPU, and on CUDA as the test was linked. */
#include "../host/models/classifier.h"
#include "model_files.h"
#include "rises.h"

#include <math.h>
#include <omp.h>

static const wl_device devices[2] = { WL_CPU, WL_CUDA };

/* Everything that a run needs. */
typedef struct bench {
    wl_ctx *ctx;
    wl_points *points;
    wl_classifier_config config;
    int64_t stop_at; /* steps after which a run is interrupted; 0: none */
} bench;

static bench make_bench(wl_device device, int64_t each)
{
    bench b = { .config = wl_classifier_defaults() };
    wl_error error = { "" };
    assert_int_equal(wl_ctx_create(&b.ctx, device, 0), WL_OK);
    assert_int_equal(wl_points_spiral(&b.points, 3, each, 1, &error), WL_OK);
    return b;
}

static void free_bench(bench *b)
{
    wl_points_destroy(b->points);
    wl_ctx_destroy(b->ctx);
}

static wl_classifier *make_model(const bench *b)
{
    wl_classifier *model;
    wl_error error = { "" };
    if (wl_classifier_create(&model, b->ctx, &b->config, 2, wl_points_classes(b->points), &error))
        fail_msg("%s", error.text);
    return model;
}

static int on_report(void *user, const wl_training_progress *now)
{
    const bench *b = user;
    return b->stop_at && now->steps >= b->stop_at;
}

static wl_status train(bench *b, wl_classifier *model)
{
    wl_error error = { "" };
    const wl_status status =
        wl_classifier_train(model, b->points, b->points, on_report, b, NULL, &error);
    if (status && status != WL_INTERRUPTED) fail_msg("%s", error.text);
    return status;
}

static int64_t right_of(bench *b, wl_classifier *model)
{
    wl_error error = { "" };
    double loss;
    int64_t right;
    if (wl_classifier_evaluate(model, b->points, &loss, &right, NULL, &error))
        fail_msg("%s", error.text);
    return right;
}

/* ------------------------------------------------------------------ it learns */

/* Of the three points in the middle, which are the same, two must be told wrong. */
static void the_spiral_is_separated(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        bench b = make_bench(WL_CPU, 100);
        b.config.seed = seed;
        wl_classifier *model = make_model(&b);
        assert_int_equal(train(&b, model), WL_OK);
        const int64_t right = right_of(&b, model);
        if (right < 297) fail_msg("seed %d: %d of 300 points right", (int)seed, (int)right);
        wl_classifier_destroy(model);
        free_bench(&b);
    }
}

static void every_activation_learns_on_every_device(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int f = 0; wl_classifier_activations[f] && wl_device_count(devices[i]); f++)
            for (int half = 0; half < 2; half++) {
                const wl_training_epoch *epochs;
                bench b = make_bench(devices[i], 20);
                b.config.activation = f;
                b.config.dtype = half ? WL_BF16 : WL_F32;
                b.config.epochs = 12;
                b.config.batch = 16; /* which does not divide 60 */
                wl_classifier *model = make_model(&b);
                assert_int_equal(train(&b, model), WL_OK);
                assert_int_equal(wl_classifier_epochs(model, &epochs), 12);
                if (!(epochs[11].loss < epochs[0].loss && epochs[11].validation < log(3)))
                    fail_msg("%s: the loss went from %g to %g", wl_classifier_activations[f],
                             epochs[0].loss, epochs[11].loss);
                wl_classifier_destroy(model);
                free_bench(&b);
            }
}

/* A model, and what it is looked at with. */
typedef struct subject {
    bench *bench;
    wl_classifier *model;
} subject;

static double loss_of(void *user)
{
    const subject *s = user;
    wl_error error = { "" };
    double loss;
    int64_t right;
    assert_int_equal(
        wl_classifier_evaluate(s->model, s->bench->points, &loss, &right, NULL, &error), WL_OK);
    return loss;
}

/* A step of all points, at a rate of 0, leaves the gradient. */
static void the_gradient_is_that_of_the_loss(void **state)
{
    (void)state;
    for (int f = 0; wl_classifier_activations[f]; f++) {
        bench b = make_bench(WL_CPU, 10);
        wl_error error = { "" };
        int64_t labels;
        b.config.activation = f;
        b.config.hidden = 7;
        b.config.batch = 100;
        b.config.optimizer = WL_SGD;
        subject s = { &b, make_model(&b) };
        float *p = s.model->parameters.value.data;
        for (int64_t i = 0; i < s.model->parameters.size; i++) p[i] += 0.3f * sinf((float)i);
        assert_int_equal(wl_classifier_begin_run(s.model, b.points, &error), WL_OK);
        const wl_epochs run = wl_classifier_run_on(s.model);
        assert_int_equal(run.steps, 1);
        assert_int_equal(wl_descent_set_rate(run.descent, 0, &error), WL_OK);
        assert_int_equal(run.step(run.user, &labels, &error), WL_OK);
        assert_int_equal(labels, 30);
        for (int32_t i = 0; i < s.model->parameters.count; i++) {
            const part a = part_of_parameter(&s.model->parameters, i);
            rises_along(&a, labels, loss_of, &s, wl_classifier_activations[f]);
        }
        wl_classifier_destroy(s.model);
        free_bench(&b);
    }
}

/* ------------------------------------------------------------------ runs that go on */

static void assert_written(wl_classifier *model, const char *name)
{
    wl_error error = { "" };
    if (wl_classifier_write(model, in_folder(name), &error)) fail_msg("%s", error.text);
}

/* What a run ends with, interrupted after some steps and resumed in a new model, or not. */
static void run_to_the_end(bench *b, int64_t stop_at, const char *name)
{
    wl_error error = { "" };
    wl_classifier *model = make_model(b);
    b->stop_at = stop_at;
    assert_int_equal(train(b, model), stop_at ? WL_INTERRUPTED : WL_OK);
    if (stop_at) {
        const char *kept = in_folder("checkpoint");
        if (wl_classifier_save(model, b->points, kept, &error)) fail_msg("%s", error.text);
        wl_classifier_destroy(model);
        model = make_model(b);
        if (wl_classifier_load(model, b->points, in_folder("checkpoint"), &error))
            fail_msg("%s", error.text);
        b->stop_at = 0;
        assert_int_equal(train(b, model), WL_OK);
    }
    assert_written(model, name);
    wl_classifier_destroy(model);
}

static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    static const int32_t dtypes[] = { WL_F32, WL_F16, WL_BF16 };
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int t = 0; t < 3 && wl_device_count(devices[i]); t++) {
            bench b = make_bench(devices[i], 10);
            b.config.batch = 8;
            b.config.epochs = 14;
            b.config.dtype = dtypes[t];
            run_to_the_end(&b, 0, "whole");
            run_to_the_end(&b, 5, "early"); /* the first report is after 4 steps, an epoch */
            run_to_the_end(&b, 30, "later");
            assert_same_files("whole", "early");
            assert_same_files("whole", "later");
            free_bench(&b);
        }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    const int team = omp_get_max_threads();
    bench b = make_bench(WL_CPU, 50);
    b.config.epochs = 5;
    omp_set_num_threads(1);
    run_to_the_end(&b, 0, "one");
    omp_set_num_threads(4);
    run_to_the_end(&b, 0, "four");
    assert_same_files("one", "four");
    omp_set_num_threads(team);
    free_bench(&b);
}

static void a_checkpoint_of_other_points_is_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU, 10);
    wl_points *others;
    wl_error error = { "" };
    wl_classifier *model = make_model(&b);
    assert_int_equal(wl_classifier_save(model, b.points, in_folder("checkpoint"), &error), WL_OK);
    wl_classifier_destroy(model);
    assert_int_equal(wl_points_spiral(&others, 3, 10, 2, &error), WL_OK);
    model = make_model(&b);
    assert_int_equal(wl_classifier_load(model, others, in_folder("checkpoint"), &error),
                     WL_OUT_OF_RANGE);
    wl_classifier_destroy(model);
    wl_points_destroy(others);
    free_bench(&b);
}

/* ------------------------------------------------------------------ files */

static wl_status open_file(wl_ctx *ctx, const char *path, wl_error *error)
{
    wl_classifier *model;
    const wl_status status = wl_classifier_open(&model, ctx, path, error);
    wl_classifier_destroy(model);
    return status;
}

static void a_model_is_written_and_read_whole(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU, 10);
    wl_classifier *read;
    wl_error error = { "" };
    int32_t one[30], two[30];
    b.config.hidden = 5;
    b.config.activation = WL_TANH;
    b.config.epochs = 3;
    wl_classifier *model = make_model(&b);
    assert_int_equal(train(&b, model), WL_OK);
    assert_written(model, "model");
    if (wl_classifier_open(&read, b.ctx, in_folder("model"), &error)) fail_msg("%s", error.text);
    assert_int_equal(wl_classifier_parameters(read), 5 * 3 + 3 * 6);
    assert_int_equal(wl_classifier_features(read), 2);
    assert_int_equal(wl_classifier_configuration(read)->activation, WL_TANH);
    assert_int_equal(right_of(&b, read), right_of(&b, model));
    const float *values = wl_points_values(b.points);
    assert_int_equal(wl_classifier_predict(model, values, 30, one, &error), WL_OK);
    assert_int_equal(wl_classifier_predict(read, values, 30, two, &error), WL_OK);
    assert_memory_equal(one, two, sizeof one);
    assert_written(read, "again");
    assert_same_files("model", "again");
    wl_classifier_destroy(read), wl_classifier_destroy(model);
    assert_survives_damage("model", b.ctx, open_file);
    free_bench(&b);
}

/* The file with a tensor changed: it names that one. */
static void refuses(bench *b, held_file *f, const char *told)
{
    wl_error error = { "" };
    put_file(f, "changed");
    assert_int_equal(open_file(b->ctx, in_folder("changed"), &error), WL_BAD_FILE);
    assert_error(&error, in_folder("changed"), told, NULL);
    release_file(f);
    *f = hold_file("model");
}

static void files_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU, 10);
    b.config.hidden = 5;
    wl_classifier *model = make_model(&b);
    assert_written(model, "model");
    wl_classifier_destroy(model);
    held_file f = hold_file("model");
    drop_tensor(&f, "layer.0.weight");
    refuses(&b, &f, "expected a tensor layer.0.weight");
    drop_tensor(&f, "classes");
    refuses(&b, &f, "expected a tensor classes");
    reshape(held(&f, "classes"), 0, 0);
    refuses(&b, &f, "tensor classes: expected a class, found none");
    reshape(held(&f, "layer.1.weight"), 3, 4);
    refuses(&b, &f, "layer.1.weight");
    reshape(held(&f, "layer.0.bias"), 4, 0);
    refuses(&b, &f, "layer.0.bias");
    release_file(&f);
    free_bench(&b);
}

static void points_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    bench b = make_bench(WL_CPU, 10);
    wl_points *wide;
    wl_error error = { "" };
    double loss;
    int64_t right;
    write_text(in_folder("wide.csv"), "1,2,3,arm 1\n");
    assert_int_equal(wl_points_read(&wide, in_folder("wide.csv"), &error), WL_OK);
    wl_classifier *model = make_model(&b);
    assert_int_equal(wl_classifier_train(model, wide, NULL, NULL, NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_error(&error, "points of 2 numbers, but these are of 3", NULL);
    assert_int_equal(wl_classifier_train(model, b.points, wide, NULL, NULL, NULL, &error),
                     WL_OUT_OF_RANGE);
    assert_int_equal(wl_classifier_evaluate(model, wide, &loss, &right, NULL, &error),
                     WL_OUT_OF_RANGE);
    wl_classifier_destroy(model);
    b.config.hidden = 0;
    assert_int_equal(
        wl_classifier_create(&model, b.ctx, &b.config, 2, wl_points_classes(b.points), &error),
        WL_OUT_OF_RANGE);
    assert_error(&error, "hidden is 0", NULL);
    wl_points_destroy(wide);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spiral_is_separated),
        cmocka_unit_test(every_activation_learns_on_every_device),
        cmocka_unit_test(the_gradient_is_that_of_the_loss),
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bits),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(a_checkpoint_of_other_points_is_refused),
        cmocka_unit_test(a_model_is_written_and_read_whole),
        cmocka_unit_test(files_that_do_not_fit_are_refused),
        cmocka_unit_test(points_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests_name("classifier", tests, make_folder, remove_folder);
}
