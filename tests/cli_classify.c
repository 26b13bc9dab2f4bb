/* wordloom classify as its users see it. */
#include "program_runs.h"

static const char square[] = "x,y,side\n-1,-1,left\n-1,1,left\n1,-1,right\n1,1,right\n-2,0,left\n"
                             "2,0,right\n";

static int setup(void **state)
{
    const int status = make_program_folder(state);
    write_text(in_folder("square.csv"), square);
    assert_int_equal(run("classify", "train", "--data", in_folder("square.csv"), "--out",
                         in_folder("square"), "--device=cpu", "--quiet", NULL),
                     0);
    assert_empty("stderr");
    return status;
}

static void the_spiral_is_separated_and_seen(void **state)
{
    (void)state;
    assert_int_equal(run("classify", "train", "--data", "spiral", "--out", in_folder("spiral"),
                         "--device=cpu", "--plot", in_folder("curves.svg"), "--map",
                         in_folder("map.svg"), NULL),
                     0);
    assert_empty("stdout");
    assert_has("stderr", "300 points of 2 numbers and 3 classes, 387 parameters\n");
    assert_has("stderr", "epoch 300/300: loss 0.0");
    assert_has("stderr", "298 of 300 points right: 99.33 %\n");
    assert_has("curves.svg", "loss (nats per point) over training (epochs): training");
    assert_has("map.svg", "300 points, and the regions of classes: arm 1, arm 2, arm 3");
    assert_int_equal(
        run("classify", "eval", in_folder("spiral"), "--data", "spiral", "--device=cpu", NULL), 0);
    assert_has("stdout", "points 300\nright 298, 99.33 %\nloss 0.0");
    assert_has("stdout", "\n\nclass  points   right  accuracy  most taken for\narm 1     100 ");
}

static void a_file_is_learned(void **state)
{
    (void)state;
    write_text(in_folder("more.csv"), "-1,0.5,left\n3,0,left\n1,0,right\n");
    assert_int_equal(run("classify", "eval", in_folder("square"), "--data", in_folder("more.csv"),
                         "--device=cpu", NULL),
                     0);
    assert_has("stdout", "points 3\nright 2, 66.67 %\n");
    assert_has("stdout", "left        2       1   50.00 %  right (1)\n"
                         "right       1       1  100.00 %\n");
}

static void with_validation_the_best_epoch_is_written(void **state)
{
    (void)state;
    write_text(in_folder("held.csv"), "-1,0.1,left\n1,-0.3,right\n");
    assert_int_equal(run("classify", "train", "--data", in_folder("square.csv"), "--valid",
                         in_folder("held.csv"), "--out", in_folder("best"), "--device=cpu",
                         "--plot", in_folder("curves.svg"), "--epochs=40", "--activation=sigmoid",
                         "--optimizer=sgd", "--lr=1", "--batch=2", NULL),
                     0);
    assert_has("stderr", "epoch 40/40: loss 0.");
    assert_has("stderr", " (best), right 100.0 %, ");
    assert_has("curves.svg", "; right (% of validation) over training (epochs): right (best: 100");
}

static void what_does_not_fit_is_told(void **state)
{
    (void)state;
    write_text(in_folder("other.csv"), "1,1,up\n");
    assert_int_equal(
        run("classify", "eval", in_folder("square"), "--data", in_folder("other.csv"), NULL), 2);
    assert_has("stderr", "class \"up\": expected one of the model's 2, such as \"left\"");
    write_text(in_folder("wide.csv"), "1,1,1,left\n");
    assert_int_equal(
        run("classify", "eval", in_folder("square"), "--data", in_folder("wide.csv"), NULL), 2);
    assert_has("stderr", "points of 2 numbers, but these are of 3");
    assert_int_equal(run("classify", "train", "--data", in_folder("wide.csv"), "--out",
                         in_folder("never"), "--map", in_folder("never.svg"), NULL),
                     2);
    assert_has("stderr", "--map: expected points of 2 numbers, which lie in a plane, found 3");
    write_text(in_folder("bad.csv"), "1,1,left\n1,one,left\n");
    assert_int_equal(
        run("classify", "train", "--data", in_folder("bad.csv"), "--out", in_folder("never"), NULL),
        3);
    assert_has("stderr", "bad.csv: line 2: column 2: expected a finite number, found \"one\"");
    assert_int_equal(run("classify", "train", "--data", "spiral", "--out", in_folder("never"),
                         "--map", "never.txt", NULL),
                     2);
    assert_has("stderr", "--map: expected a name that ends with .png, .svg or .pdf");
    assert_int_equal(run("classify", "eval", "--data", "spiral", NULL), 2);
    assert_has("stderr", "expected one MODEL");
}

static void a_point_and_a_class_are_enough(void **state)
{
    (void)state;
    write_text(in_folder("one.csv"), "3,4,only\n");
    assert_int_equal(run("classify", "train", "--data", in_folder("one.csv"), "--out",
                         in_folder("one"), "--device=cpu", "--epochs=2", "--map",
                         in_folder("one.png"), NULL),
                     0);
    assert_has("stderr", "1 of 1 points right: 100.00 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spiral_is_separated_and_seen),
        cmocka_unit_test(a_file_is_learned),
        cmocka_unit_test(with_validation_the_best_epoch_is_written),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(a_point_and_a_class_are_enough),
    };
    return cmocka_run_group_tests_name("cli_classify", tests, setup, remove_folder);
}
