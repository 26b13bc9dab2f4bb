/* Points: of files of comma-separated values, damaged ones among them, and of a spiral. */
#include "data_files.h"

#include <wordloom/nn/points.h>

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

static wl_points *read_points(const char *text)
{
    wl_points *points;
    wl_error error = { "" };
    write_text(in_folder("points.csv"), text);
    if (wl_points_read(&points, in_folder("points.csv"), &error)) fail_msg("%s", error.text);
    return points;
}

static const char *class_of(const wl_points *p, int64_t i)
{
    return wl_vocabulary_word(wl_points_classes(p), wl_points_labels(p)[i], NULL);
}

static void a_file_is_read(void **state)
{
    (void)state;
    wl_points *p = read_points("\xef\xbb\xbfx,y,\"what it is\"\r\n# a comment\n\n1, -2.5 ,red\n"
                               "\"3\",4e-1,\"dark \"\"red\"\", too\"\r\n 0 ,\t7, red");
    const float values[] = { 1, -2.5f, 3, 0.4f, 0, 7 };
    assert_int_equal(wl_points_size(p), 3);
    assert_int_equal(wl_points_features(p), 2);
    assert_memory_equal(wl_points_values(p), values, sizeof values);
    assert_string_equal(class_of(p, 0), "red");
    assert_string_equal(class_of(p, 1), "dark \"red\", too");
    assert_string_equal(class_of(p, 2), "red");
    assert_int_equal(wl_vocabulary_size(wl_points_classes(p)), 2);
    assert_int_equal(wl_vocabulary_count(wl_points_classes(p), 0), 2);
    wl_points_destroy(p);
    /* a first line of numbers is a point, and a class may be one */
    p = read_points("1,2\n3,2\n");
    assert_int_equal(wl_points_size(p), 2);
    assert_int_equal(wl_points_features(p), 1);
    assert_string_equal(class_of(p, 1), "2");
    wl_points_destroy(p);
}

static void what_is_no_point_is_told(void **state)
{
    static const struct {
        const char *text, *told;
    } bad[] = {
        { "", "line 1: expected a point, its numbers and its class, found the end" },
        { "x,y,class\n", "line 2: expected a point" },
        { "1\n", "line 1: expected 1 to 65536 numbers and a class, apart by commas, found 1 col" },
        { "1,x,a\n1,2,b\n", "line 1: column 2: expected a finite number, found \"x\"" },
        { "1,2,a\n1,b\n", "line 2: expected 3 columns, found 2" },
        { "1,2,a\n1,2,3,b\n", "line 2: expected 3 columns, found 4" },
        { "1,2,a\n1,x,b\n", "line 2: column 2: expected a finite number, found \"x\"" },
        { "1,a\n,b\n", "line 2: column 1: expected a finite number, found \"\"" },
        { "1,a\nnan,b\n", "line 2: column 1: expected a finite number, found \"nan\"" },
        { "1,a\n1e39,b\n", "line 2: column 1: expected a finite number, found \"1e39\"" },
        { "1,a\n1,\n", "line 2: column 2: expected a class, found \"\"" },
        { "1,\"a\n", "line 1: column 2: expected a closing quote, found \"\"a\"" },
        { "1,\"a\"b\n", "line 1: column 2: expected a comma after the closing quote, found \"b\"" },
        { "1,a\xff\n", "line 1: expected UTF-8 text, found 0xff at its byte 4" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        wl_points *points;
        wl_error error = { "" };
        write_text(in_folder("bad.csv"), bad[i].text);
        assert_int_equal(wl_points_read(&points, in_folder("bad.csv"), &error), WL_BAD_FILE);
        assert_null(points);
        assert_error(&error, "bad.csv", bad[i].told, NULL);
    }
    wl_points *none;
    wl_error error = { "" };
    assert_int_equal(wl_points_read(&none, in_folder("missing.csv"), &error), WL_IO_ERROR);
}

/* It loads as points, or is refused with its place. */
static void load_or_refuse(const char *path)
{
    wl_points *p;
    wl_error error = { "" };
    const wl_status status = wl_points_read(&p, path, &error);
    if (status) {
        if (status != WL_BAD_FILE || !strstr(error.text, ": line ") ||
            !strstr(error.text, "expected"))
            fail_msg("status %d: %s", (int)status, error.text);
        return;
    }
    const int64_t N = wl_points_size(p), D = wl_points_features(p);
    assert_true(N >= 1 && D >= 1);
    for (int64_t i = 0; i < N * D; i++) assert_true(isfinite(wl_points_values(p)[i]));
    for (int64_t i = 0; i < N; i++)
        assert_in_range(wl_points_labels(p)[i], 0, wl_vocabulary_size(wl_points_classes(p)) - 1);
    wl_points_destroy(p);
}

static void every_changed_or_cut_byte_is_borne(void **state)
{
    static const char text[] = "x,class\n1,a\n2.5,\"b \"\"c\"\"\"\r\n# no\n-3e2,a\n";
    const size_t length = sizeof text - 1;
    char path[64];
    (void)state;
    const int fd = memfd_create("points", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_int_equal(pwrite(fd, text, length, 0), length);
    for (size_t at = 0; at < length; at++)
        for (int add = 0; add < 256; add++) {
            const char byte = (char)(text[at] + add);
            assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
            load_or_refuse(path);
            assert_int_equal(pwrite(fd, &text[at], 1, (off_t)at), 1);
        }
    for (size_t cut = length; cut-- > 0;) {
        assert_int_equal(ftruncate(fd, (off_t)cut), 0);
        load_or_refuse(path);
    }
    close(fd);
}

/* ------------------------------------------------------------------ a spiral */

/* by its own rule, but for noise: within five deviations of the angle */
static void a_spiral_has_arms(void **state)
{
    wl_points *p, *other;
    wl_error error = { "" };
    (void)state;
    assert_int_equal(wl_points_spiral(&p, 3, 100, 7, &error), WL_OK);
    assert_int_equal(wl_points_size(p), 300);
    assert_int_equal(wl_points_features(p), 2);
    assert_int_equal(wl_vocabulary_size(wl_points_classes(p)), 3);
    double noise = 0;
    for (int i = 0; i < 300; i++) {
        const float *at = wl_points_values(p) + 2 * i;
        const double radius = i % 100 / 100.0, angle = 4 * (i / 100) + 4 * radius;
        assert_int_equal(wl_points_labels(p)[i], i / 100);
        assert_true(fabs(hypot((double)at[0], (double)at[1]) - radius) < 1e-6);
        if (radius == 0) continue;
        const double off = remainder(atan2((double)at[0], (double)at[1]) - angle, 2 * M_PI);
        assert_true(fabs(off) < 1);
        noise += off * off;
    }
    /* its deviation is 0.2, within five of its own: 0.2 / sqrt(2 * 297) */
    assert_true(fabs(sqrt(noise / 297) - 0.2) < 0.041);
    assert_string_equal(class_of(p, 299), "arm 3");
    assert_int_equal(wl_points_spiral(&other, 3, 100, 7, &error), WL_OK);
    assert_true(wl_points_hash(p) == wl_points_hash(other));
    wl_points_destroy(other);
    assert_int_equal(wl_points_spiral(&other, 3, 100, 8, &error), WL_OK);
    assert_true(wl_points_hash(p) != wl_points_hash(other));
    wl_points_destroy(other);
    wl_points_destroy(p);
    assert_int_equal(wl_points_spiral(&p, 0, 100, 7, &error), WL_OUT_OF_RANGE);
    assert_int_equal(wl_points_spiral(&p, 3, 1 << 21, 7, &error), WL_OUT_OF_RANGE);
    assert_null(p);
}

static void classes_are_renumbered(void **state)
{
    wl_error error = { "" };
    (void)state;
    wl_points *model = read_points("1,a\n2,b\n3,c\n"), *data = read_points("1,c\n2,a\n3,c\n");
    const int32_t expected[] = { 2, 0, 2 };
    assert_int_equal(wl_points_renumber(data, wl_points_classes(model), &error), WL_OK);
    assert_memory_equal(wl_points_labels(data), expected, sizeof expected);
    assert_ptr_equal(wl_points_classes(data), wl_points_classes(model));
    wl_points_destroy(data);
    data = read_points("1,a\n2,d\n");
    assert_int_equal(wl_points_renumber(data, wl_points_classes(model), &error), WL_OUT_OF_RANGE);
    assert_error(&error, "points.csv", "class \"d\": expected one of the model's 3, such as \"a\"",
                 NULL);
    assert_int_equal(wl_points_labels(data)[1], 1); /* as they were */
    wl_points_destroy(data);
    wl_points_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(what_is_no_point_is_told),
        cmocka_unit_test(every_changed_or_cut_byte_is_borne),
        cmocka_unit_test(a_spiral_has_arms),
        cmocka_unit_test(classes_are_renumbered),
    };
    return cmocka_run_group_tests_name("data_points", tests, make_folder, remove_folder);
}
