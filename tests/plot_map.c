/* Pictures of maps: their files, their sizes and what is seen on them. */
#include "../host/cli/plot_map.h"
#include "../host/cli/plot.h"
#include "data_files.h"

#include <cairo.h>
#include <math.h>
#include <stdbool.h>

enum { WHITE = 0xffffff, DARK = 0x1f2c45 };
enum { MOST = 200, PIXELS = 2, CELL = 26 }; /* the side of a cell in a map of few, in points */

/* What plot_check says, in the place of the program's. */
static char said[256];
void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(said, sizeof said, format, list);
    va_end(list);
}

/* A map whose tokens are all `token` and whose weights are all `weight`; good for one at a time. */
static plot_map uniform(const char *token, int64_t columns, int64_t rows, float weight)
{
    static const char *tokens[MOST];
    static float weights[MOST * MOST];
    for (int i = 0; i < MOST; i++) tokens[i] = token;
    for (int i = 0; i < MOST * MOST; i++) weights[i] = weight;
    return (plot_map){ "", "source", "target", tokens, tokens, columns, rows, weights };
}

static void draw_all(const plot_map *maps, int count, const char *name)
{
    wl_error error = { "" };
    if (plot_maps_write(maps, count, in_folder(name), &error)) fail_msg("%s", error.text);
}

/* But for how cairo rounds. */
static bool alike(unsigned a, unsigned b)
{
    for (int shift = 0; shift < 24; shift += 8)
        if (abs((int)(a >> shift & 255) - (int)(b >> shift & 255)) > 1) return false;
    return true;
}

typedef struct view {
    int width, height;
    int pixels;  /* of the colour that was looked for */
    double x, y; /* and their mean place */
} view;

static view look(const char *name, unsigned colour)
{
    cairo_surface_t *s = cairo_image_surface_create_from_png(in_folder(name));
    assert_int_equal(cairo_surface_status(s), CAIRO_STATUS_SUCCESS);
    view v = { cairo_image_surface_get_width(s), cairo_image_surface_get_height(s), 0, 0, 0 };
    for (int y = 0; y < v.height; y++) {
        const uint32_t *row =
            (const uint32_t *)(const void *)(cairo_image_surface_get_data(s) +
                                             y * cairo_image_surface_get_stride(s));
        for (int x = 0; x < v.width; x++)
            if (alike(row[x], colour)) v.x += x, v.y += y, v.pixels++;
    }
    v.x /= v.pixels, v.y /= v.pixels;
    cairo_surface_destroy(s);
    return v;
}

static view draw(const plot_map *map, unsigned colour)
{
    draw_all(map, 1, "m.png");
    return look("m.png", colour);
}

static view sides_of(const plot_map *maps, int count)
{
    draw_all(maps, count, "m.png");
    return look("m.png", WHITE);
}

/* ------------------------------------------------------------------ what is seen */

/* All but the lines between them and the frame. */
static void cells_have_the_colour_of_their_weights(void **state)
{
    static const struct {
        float weight;
        unsigned colour;
    } cases[] = { { 1, DARK }, { 0.5f, 0x3f93db }, { 0.25f, 0x96cafc }, { 7, DARK } };
    const int cells = 4 * 3, side = CELL * PIXELS, inner = (side - 3) * (side - 3);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const plot_map map = uniform("a", 4, 3, cases[i].weight);
        const int pixels = draw(&map, cases[i].colour).pixels;
        assert_true(pixels >= cells * inner && pixels < cells * side * side);
    }
    plot_map map = uniform("a", 4, 3, 0);
    const int white = draw(&map, WHITE).pixels;
    map = uniform("a", 4, 3, NAN);
    const int crossed = draw(&map, WHITE).pixels;
    assert_true(crossed < white - cells * side && crossed > white - cells * 8 * side);
}

static void rows_lie_from_above_to_below(void **state)
{
    plot_map map = uniform("a", 5, 5, 0);
    float weights[25] = { 0 };
    (void)state;
    map.weights = weights;
    weights[0 * 5 + 4] = 1;
    const view corner = draw(&map, DARK);
    weights[0 * 5 + 4] = 0, weights[1 * 5 + 2] = 1;
    const view second = draw(&map, DARK);
    assert_true(corner.pixels > 2000 && second.pixels > 2000);
    /* the scale has some of that colour too */
    assert_true(fabs(corner.x - second.x - 2 * CELL * PIXELS) < CELL / 2);
    assert_true(fabs(second.y - corner.y - CELL * PIXELS) < CELL / 2);
}

/* ------------------------------------------------------------------ sizes */

static void sheets_grow_with_their_tokens(void **state)
{
    plot_map map = uniform("a", 10, 10, 0);
    const view ten = sides_of(&map, 1);
    (void)state;
    map.column_count = 11, map.row_count = 12;
    const view more = sides_of(&map, 1);
    assert_int_equal(more.width - ten.width, CELL * PIXELS);
    assert_int_equal(more.height - ten.height, 2 * CELL * PIXELS);
    map.column_count = map.row_count = MOST;
    const view most = sides_of(&map, 1);
    assert_true(most.width < 2000 && most.height < 2000);
    map.column_count = map.row_count = 0;
    assert_true(sides_of(&map, 1).width > 0);
}

static void maps_stand_abreast_where_that_is_shapely(void **state)
{
    plot_map map = uniform("a", 3, 20, 0);
    const view high = sides_of(&map, 1), two = sides_of((plot_map[]){ map, map }, 2);
    (void)state;
    assert_int_equal(two.width, 2 * high.width);
    assert_int_equal(two.height, high.height);
    map.column_count = 20, map.row_count = 3;
    const view wide = sides_of(&map, 1), other = sides_of((plot_map[]){ map, map, map }, 3);
    assert_int_equal(other.width, wide.width);
    assert_int_equal(other.height, 3 * wide.height);
}

/* ------------------------------------------------------------------ files */

/* Tags that nest, attributes in quotes, `&` of an entity: what a parser of XML asks for. */
static void assert_well_formed(const char *xml)
{
    const char *open[32];
    int depth = 0;
    for (const char *at = xml; *at;) {
        if (*at == '&') assert_true(strcspn(at, ";") < 7 && strcspn(at, ";") < strcspn(at, " <"));
        if (*at++ != '<') continue;
        const size_t name = strcspn(at, " >/"), length = strcspn(at, ">");
        int quotes = 0;
        for (size_t i = 0; i < length; i++) quotes += at[i] == '"', assert_true(at[i] != '<');
        assert_true(at[length] == '>' && quotes % 2 == 0);
        if (*at == '/') {
            assert_true(depth > 0);
            assert_memory_equal(open[--depth], at + 1, length - 1);
        } else if (*at != '?' && at[length - 1] != '/') {
            assert_true(name > 0 && depth < 32);
            open[depth++] = at;
        }
        at += length + 1;
    }
    assert_int_equal(depth, 0);
}

static void a_picture_is_png_svg_or_pdf(void **state)
{
    const char *columns[] = { "<s>", " ", "\u00e9", "\xff&" }, *rows[] = { "_", "\n" };
    const float weights[8] = { 1, 0, 0.5f, 0, 0.25f };
    const plot_map map = { "1 < 2\n", "the source", "the target", columns, rows, 4, 2, weights };
    size_t length;
    (void)state;
    draw_all(&map, 1, "m.png");
    char *bytes = read_bytes(in_folder("m.png"), &length);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    free(bytes);
    draw_all(&map, 1, "m.pdf");
    bytes = read_bytes(in_folder("m.pdf"), &length);
    assert_memory_equal(bytes, "%PDF-1.", 7);
    free(bytes);
    draw_all(&map, 1, "m.svg");
    bytes = read_bytes(in_folder("m.svg"), &length);
    assert_well_formed(bytes);
    assert_non_null(strstr(bytes, "<title>1 &lt; 2 </title>"));
    assert_non_null(strstr(bytes, "<desc>the target: _ \u240a, over the source: "
                                  "&lt;s> \u2423 \u00e9 ?&amp;</desc>"));
    const char *width = strstr(bytes, "width=\"");
    assert_non_null(width);
    assert_int_equal(look("m.png", WHITE).width, PIXELS * atoi(width + 7));
    free(bytes);
}

static void what_cannot_be_written_is_an_error(void **state)
{
    const plot_map map = uniform("a", 1, 1, 1);
    wl_error error = { "" };
    (void)state;
    assert_int_equal(plot_maps_write(&map, 1, in_folder("no/m.png"), &error), WL_IO_ERROR);
    assert_error(&error, "no/m.png", NULL);
    assert_int_equal(plot_check("--out", "m.jpeg"), 2);
    assert_string_equal(
        said, "--out: expected a name that ends with .png, .svg or .pdf, found \"m.jpeg\"");
    assert_int_equal(plot_check("--out", "m.pdf"), 0);
}

/* Of a title, what is no UTF-8 is refused, and the old file stays. */
static void what_cannot_be_drawn_is_an_error(void **state)
{
    plot_map map = uniform("a", 1, 1, 1);
    wl_error error = { "" };
    size_t length;
    (void)state;
    write_text(in_folder("old.png"), "old");
    map.title = "\xff";
    assert_int_equal(plot_maps_write(&map, 1, in_folder("old.png"), &error), WL_IO_ERROR);
    assert_error(&error, "old.png: cannot draw: ", "UTF-8", NULL);
    char *bytes = read_bytes(in_folder("old.png"), &length);
    assert_string_equal(bytes, "old");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_have_the_colour_of_their_weights),
        cmocka_unit_test(rows_lie_from_above_to_below),
        cmocka_unit_test(sheets_grow_with_their_tokens),
        cmocka_unit_test(maps_stand_abreast_where_that_is_shapely),
        cmocka_unit_test(a_picture_is_png_svg_or_pdf),
        cmocka_unit_test(what_cannot_be_written_is_an_error),
        cmocka_unit_test(what_cannot_be_drawn_is_an_error),
    };
    return cmocka_run_group_tests_name("plot_map", tests, make_folder, remove_folder);
}
