/* Pictures of points and regions: what is seen on them. */
#include "../host/cli/plot_points.h"
#include "../host/cli/plot.h"
#include "data_files.h"

#include <cairo.h>
#include <stdbool.h>

enum { FIELD = 880, BLUE = 0x0072b2, PALE_BLUE = 0xb8d8e9, PALE_RED = 0xf3d3b8 };

/* What plot_check says, in the place of the program's. */
void say(const char *format, ...) { (void)format; }

/* Class 1 right of 0. */
static wl_status by_side(void *user, const float *points, int64_t n, int32_t *classes,
                         wl_error *error)
{
    (void)user, (void)error;
    for (int64_t i = 0; i < n; i++) classes[i] = points[2 * i] > 0;
    return WL_OK;
}

static wl_status refuse(void *user, const float *points, int64_t n, int32_t *classes,
                        wl_error *error)
{
    (void)user, (void)points, (void)n, (void)classes;
    return wl_error_set(error, WL_NOT_FINITE, "not this time");
}

/* How many pixels are of a colour, but for how cairo rounds. */
static int count_pixels(const char *name, unsigned colour)
{
    int found = 0;
    cairo_surface_t *s = cairo_image_surface_create_from_png(in_folder(name));
    assert_int_equal(cairo_surface_status(s), CAIRO_STATUS_SUCCESS);
    for (int y = 0; y < cairo_image_surface_get_height(s); y++) {
        const uint32_t *row =
            (const uint32_t *)(const void *)(cairo_image_surface_get_data(s) +
                                             (ptrdiff_t)y * cairo_image_surface_get_stride(s));
        for (int x = 0; x < cairo_image_surface_get_width(s); x++) {
            bool same = true;
            for (int shift = 0; shift < 24; shift += 8)
                same = same && abs((int)(row[x] >> shift & 255) - (int)(colour >> shift & 255)) < 3;
            found += same;
        }
    }
    cairo_surface_destroy(s);
    return found;
}

static void classes_have_regions_and_marks(void **state)
{
    static const char *const names[] = { "left", "right" };
    static const float points[] = { -1, -1, 1, 1, -1, 1 };
    static const int32_t classes[] = { 0, 1, 0 };
    const plot_points plot = { "Sides", names, 2, points, classes, 3, by_side, NULL };
    wl_error error = { "" };
    (void)state;
    if (plot_points_write(&plot, in_folder("sides.png"), &error)) fail_msg("%s", error.text);
    const int left = count_pixels("sides.png", PALE_BLUE);
    const int right = count_pixels("sides.png", PALE_RED), half = FIELD * FIELD / 2;
    /* a half each, but for the marks and the frame */
    assert_in_range(left, half - half / 50, half);
    assert_in_range(right, half - half / 50, half);
    /* two marks of class 0 in the field, one in the legend, of some 130 pixels each */
    assert_in_range(count_pixels("sides.png", BLUE), 3 * 80, 3 * 140);
    if (plot_points_write(&plot, in_folder("sides.svg"), &error)) fail_msg("%s", error.text);
    size_t length;
    char *svg = read_bytes(in_folder("sides.svg"), &length);
    assert_non_null(strstr(svg, "3 points, and the regions of classes: left, right"));
    free(svg);
}

static void many_classes_with_long_names_are_drawn(void **state)
{
    enum { MANY = 100 };
    static char long_name[300];
    const char *names[MANY];
    static float points[2 * MANY];
    static int32_t classes[MANY];
    wl_error error = { "" };
    (void)state;
    memset(long_name, 'x', sizeof long_name - 1);
    for (int i = 0; i < MANY; i++) {
        names[i] = i % 2 ? long_name : "\xc3\xa9t\xc3\xa9";
        points[2 * i] = points[2 * i + 1] = (float)i;
        classes[i] = i;
    }
    const plot_points plot = { "Many", names, MANY, points, classes, MANY, by_side, NULL };
    if (plot_points_write(&plot, in_folder("many.png"), &error)) fail_msg("%s", error.text);
    assert_true(count_pixels("many.png", BLUE) > 0);
}

static void what_tells_no_classes_is_told(void **state)
{
    static const char *const names[] = { "only" };
    static const float points[] = { 1, 1 };
    static const int32_t classes[] = { 0 };
    const plot_points plot = { "None", names, 1, points, classes, 1, refuse, NULL };
    wl_error error = { "" };
    (void)state;
    assert_int_equal(plot_points_write(&plot, in_folder("none.png"), &error), WL_NOT_FINITE);
    assert_error(&error, "not this time", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_have_regions_and_marks),
        cmocka_unit_test(many_classes_with_long_names_are_drawn),
        cmocka_unit_test(what_tells_no_classes_is_told),
    };
    return cmocka_run_group_tests_name("plot_points", tests, make_folder, remove_folder);
}
