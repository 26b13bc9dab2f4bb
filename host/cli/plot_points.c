/* Points and regions drawn by cairo: see plot_points.h. */
#include "plot_points.h"

#include "plot_scale.h"
#include "plot_sheet.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* In points. */
static const double FIELD = 440, MARGIN = 18, GAP = 8;
static const double TITLE_SIZE = 16, LABEL_SIZE = 13, TICK_SIZE = 12, ROW = 20;
static const double MARK = 3.2;  /* the radius of a point */
static const double PALE = 0.28; /* how much of a class's colour its region has */
enum { CELLS = 440 };            /* of the regions, a side */
enum { MOST_NAMED = 24 };        /* classes in the legend */
enum { SHAPES = 4 };
static const double LONGEST = 160; /* name in the legend */

typedef struct picture {
    const plot_points *plot;
    plot_scale x, y;
    double left, top, width, height; /* the field's corner, the sheet's size */
    cairo_surface_t *regions;
} picture;

/* ------------------------------------------------------------------ regions */

static void fit_scales(picture *p)
{
    static const plot_axis axis = { .label = "" };
    const plot_points *plot = p->plot;
    double low[2] = { HUGE_VAL, HUGE_VAL }, high[2] = { -HUGE_VAL, -HUGE_VAL };
    for (int64_t i = 0; i < 2 * plot->count; i++) {
        low[i % 2] = fmin(low[i % 2], (double)plot->points[i]);
        high[i % 2] = fmax(high[i % 2], (double)plot->points[i]);
    }
    p->x = plot_scale_of(&axis, low[0], high[0]);
    p->y = plot_scale_of(&axis, low[1], high[1]);
}

static float along(const plot_scale *scale, int cell)
{
    return (float)(scale->low + (scale->high - scale->low) * (cell + 0.5) / CELLS);
}

/* The middles of all cells, from the upper left corner. */
static void fill_cells(const picture *p, float *points)
{
    for (int row = 0; row < CELLS; row++)
        for (int column = 0; column < CELLS; column++, points += 2) {
            points[0] = along(&p->x, column);
            points[1] = along(&p->y, CELLS - 1 - row);
        }
}

static uint32_t pale(int32_t class)
{
    uint32_t pixel = 0;
    double rgb[3];
    plot_sheet_colour_of(class, rgb);
    for (int i = 0; i < 3; i++)
        pixel = pixel << 8 | (uint32_t)lround(255 * (1 - PALE * (1 - rgb[i])));
    return pixel;
}

static void paint(cairo_surface_t *to, const int32_t *classes)
{
    unsigned char *bytes = cairo_image_surface_get_data(to);
    const int stride = cairo_image_surface_get_stride(to);
    cairo_surface_flush(to);
    for (int row = 0; row < CELLS; row++) {
        uint32_t *pixels = (uint32_t *)(void *)(bytes + (ptrdiff_t)row * stride);
        for (int column = 0; column < CELLS; column++)
            pixels[column] = pale(classes[row * CELLS + column]);
    }
    cairo_surface_mark_dirty(to);
}

static wl_status make_regions(picture *p, const char *path, wl_error *error)
{
    const int64_t cells = (int64_t)CELLS * CELLS;
    float *points = malloc((size_t)(2 * cells) * sizeof *points);
    int32_t *classes = malloc((size_t)cells * sizeof *classes);
    wl_status status = WL_OK;
    p->regions = cairo_image_surface_create(CAIRO_FORMAT_RGB24, CELLS, CELLS);
    if (!points || !classes || cairo_surface_status(p->regions))
        status = wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the picture", path);
    if (!status) {
        fill_cells(p, points);
        status = p->plot->tell(p->plot->user, points, cells, classes, error);
    }
    if (!status) paint(p->regions, classes);
    free(points);
    free(classes);
    return status;
}

/* ------------------------------------------------------------------ drawing */

/* Adds the outline of a class's mark to the path; a dot is a line of no length, with a round cap:
 * so it takes little room in a file. */
static void add_mark(cairo_t *c, double x, double y, int64_t class)
{
    static const double sides[SHAPES] = { 1, 3, 4, 4 }, turn[SHAPES] = { 0, -0.25, 0.125, 0 };
    const int shape = (int)(class % SHAPES);
    const double radius = shape == 0 ? 0 : 1.25 * MARK;
    cairo_new_sub_path(c);
    for (int i = 0; i < sides[shape]; i++) {
        const double angle = 2 * M_PI * (i / sides[shape] + turn[shape]);
        cairo_line_to(c, x + radius * cos(angle), y + radius * sin(angle));
    }
    cairo_close_path(c);
}

/* The marks of the path in the class's colour, with a light rim. */
static void paint_marks(plot_sheet *s, int64_t class)
{
    const double body = class % SHAPES == 0 ? 2 * MARK : 0;
    cairo_set_line_cap(s->c, CAIRO_LINE_CAP_ROUND);
    plot_sheet_grey(s, 1);
    cairo_set_line_width(s->c, body + 1.2);
    cairo_stroke_preserve(s->c);
    plot_sheet_colour(s, (int)class);
    cairo_set_line_width(s->c, body);
    if (body > 0)
        cairo_stroke(s->c);
    else
        cairo_fill(s->c);
}

static double across(const picture *p, double x)
{
    return p->left + plot_scale_part(&p->x, x) * FIELD;
}

static double up(const picture *p, double y)
{
    return p->top + (1 - plot_scale_part(&p->y, y)) * FIELD;
}

/* The names of classes in rows; answers where they end. Not `seen`, they are only measured. */
static double draw_legend(plot_sheet *s, const picture *p, double y, bool seen)
{
    const plot_points *plot = p->plot;
    double x = MARGIN;
    plot_sheet_font(s, LABEL_SIZE, false);
    for (int64_t i = 0; i < plot->names_count && i <= MOST_NAMED; i++) {
        plot_sheet_label label;
        const bool named = i < MOST_NAMED;
        const double sign = named ? 2 * MARK + GAP : 0;
        if (named)
            plot_sheet_fit(s, LONGEST, plot->names[i], &label);
        else
            snprintf(label.text, sizeof label.text, "and %" PRId64 " more", plot->names_count - i);
        const double span = sign + plot_sheet_span(s, label.text);
        if (x > MARGIN && x + span > p->width - MARGIN) x = MARGIN, y += ROW;
        if (seen && named) add_mark(s->c, x + MARK, y - LABEL_SIZE / 3, i), paint_marks(s, i);
        plot_sheet_grey(s, 0.1);
        if (seen) plot_sheet_text(s, x + sign, y, 0, label.text);
        cairo_new_path(s->c);
        x += span + 2 * GAP;
    }
    return y;
}

static void draw_regions(plot_sheet *s, const picture *p)
{
    cairo_save(s->c);
    cairo_translate(s->c, p->left, p->top);
    cairo_scale(s->c, FIELD / CELLS, FIELD / CELLS);
    cairo_set_source_surface(s->c, p->regions, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(s->c), CAIRO_FILTER_NEAREST);
    cairo_paint(s->c);
    cairo_restore(s->c);
    plot_sheet_grey(s, 0.25);
    cairo_set_line_width(s->c, 1);
    cairo_rectangle(s->c, p->left, p->top, FIELD, FIELD);
    cairo_stroke(s->c);
}

static void draw_ticks(plot_sheet *s, const picture *p)
{
    const double bottom = p->top + FIELD;
    char text[32];
    plot_sheet_grey(s, 0.25);
    plot_sheet_font(s, TICK_SIZE, false);
    for (int i = 0; i < p->x.ticks; i++) {
        const double x = across(p, p->x.tick[i]);
        plot_sheet_line(s, x, bottom, x, bottom + GAP / 2);
        plot_scale_text(&p->x, i, text, sizeof text);
        plot_sheet_text(s, x, bottom + GAP + 0.75 * TICK_SIZE, 0.5, text);
    }
    for (int i = 0; i < p->y.ticks; i++) {
        const double y = up(p, p->y.tick[i]);
        plot_sheet_line(s, p->left - GAP / 2, y, p->left, y);
        plot_scale_text(&p->y, i, text, sizeof text);
        plot_sheet_text(s, p->left - GAP, y + 0.35 * TICK_SIZE, 1, text);
    }
}

static void draw_class(plot_sheet *s, const picture *p, int64_t class)
{
    const plot_points *plot = p->plot;
    for (int64_t i = 0; i < plot->count; i++)
        if (plot->classes[i] == class)
            add_mark(s->c, across(p, (double)plot->points[2 * i]),
                     up(p, (double)plot->points[2 * i + 1]), class);
    paint_marks(s, class);
}

static void draw(plot_sheet *s, const void *what)
{
    const picture *p = what;
    const plot_points *plot = p->plot;
    plot_sheet_grey(s, 0.1);
    plot_sheet_font(s, TITLE_SIZE, true);
    plot_sheet_text(s, MARGIN, MARGIN + TITLE_SIZE, 0, plot->title);
    draw_legend(s, p, MARGIN + TITLE_SIZE + ROW + GAP / 2, true);
    draw_regions(s, p);
    draw_ticks(s, p);
    cairo_new_path(s->c);
    for (int64_t class = 0; class < plot->names_count; class ++) draw_class(s, p, class);
}

/* ------------------------------------------------------------------ in words, and the file */

static void describe(FILE *to, const void *what)
{
    const plot_points *plot = ((const picture *)what)->plot;
    fprintf(to, "%" PRId64 " points, and the regions of classes: ", plot->count);
    for (int64_t i = 0; i < plot->names_count && i < MOST_NAMED; i++) {
        fputs(i ? ", " : "", to);
        plot_sheet_describe(to, plot->names[i]);
    }
}

/* The field is below the title and the legend, and right of the widest tick. */
static void fit_field(picture *p)
{
    cairo_surface_t *none = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    plot_sheet sheet = plot_sheet_open(none);
    double widest = 0;
    char text[32];
    plot_sheet_font(&sheet, TICK_SIZE, false);
    for (int i = 0; i < p->y.ticks; i++) {
        plot_scale_text(&p->y, i, text, sizeof text);
        widest = fmax(widest, plot_sheet_span(&sheet, text));
    }
    plot_sheet_font(&sheet, TITLE_SIZE, true);
    const double title = plot_sheet_span(&sheet, p->plot->title) + 2 * MARGIN;
    p->left = ceil(MARGIN + widest + GAP);
    p->width = ceil(fmax(p->left + FIELD + MARGIN + GAP, title));
    p->top = ceil(draw_legend(&sheet, p, MARGIN + TITLE_SIZE + ROW + GAP / 2, false) + MARGIN);
    p->height = p->top + FIELD + GAP + TICK_SIZE + MARGIN;
    plot_sheet_close(&sheet);
    cairo_surface_destroy(none);
}

wl_status plot_points_write(const plot_points *plot, const char *path, wl_error *error)
{
    picture p = { .plot = plot };
    fit_scales(&p);
    fit_field(&p);
    wl_status status = make_regions(&p, path, error);
    const plot_subject subject = { plot->title, p.width, p.height, draw, describe, &p };
    if (!status) status = plot_sheet_write(&subject, path, error);
    cairo_surface_destroy(p.regions);
    return status;
}
