/* Charts drawn by cairo: see plot.h. */
#include "plot.h"

#include "plot_scale.h"
#include "program.h"

#include <wordloom/nn/file.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In points; a PNG has PIXELS of them each way. */
static const double WIDTH = 720, HEIGHT = 450, PIXELS = 2;
static const double MARGIN = 18, GAP = 8, TITLE_SIZE = 16, LABEL_SIZE = 13, TICK_SIZE = 12;
static const double SAMPLE = 26, ROW = 20; /* of the legend: a line's piece, and a row */
enum { MOST_MARKED = 50 };                 /* points of a series that are marked each */

/* Colours that also the colour-blind tell apart: Okabe and Ito 2008, "Color Universal Design". */
static const double colours[][3] = { { 0, 0.447, 0.698 }, { 0.835, 0.369, 0 },
                                     { 0, 0.620, 0.451 }, { 0.800, 0.475, 0.655 },
                                     { 0.902, 0.624, 0 }, { 0.337, 0.706, 0.914 } };
enum { COLOURS = sizeof colours / sizeof *colours };

typedef struct picture {
    cairo_t *c;
    const plot_chart *chart;
    plot_scale x, y;
    double left, top, right, bottom; /* of the field in which the curves lie */
} picture;

/* ------------------------------------------------------------------ text */

static void set_font(cairo_t *c, double size, bool bold)
{
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, size);
}

static double text_span(cairo_t *c, const char *text)
{
    cairo_text_extents_t e;
    cairo_text_extents(c, text, &e);
    return e.x_advance;
}

/* `before`: the part of the text that stands left of x. */
static void put_text(cairo_t *c, double x, double y, double before, const char *text)
{
    cairo_move_to(c, x - before * text_span(c, text), y);
    cairo_show_text(c, text);
}

static void set_grey(cairo_t *c, double light) { cairo_set_source_rgb(c, light, light, light); }

static void set_colour(cairo_t *c, int series)
{
    const double *rgb = colours[series % COLOURS];
    cairo_set_source_rgb(c, rgb[0], rgb[1], rgb[2]);
}

static void axis_label(char *to, size_t room, const plot_axis *axis, const plot_scale *scale)
{
    snprintf(to, room, "%s%s", axis->label, scale->logarithmic ? ", logarithmic" : "");
}

/* ------------------------------------------------------------------ the frame */

/* The scales that the points ask for. */
static void fit_scales(picture *p)
{
    const plot_chart *chart = p->chart;
    const plot_scale any = { 0 };
    plot_point low = { HUGE_VAL, HUGE_VAL }, high = { -HUGE_VAL, -HUGE_VAL };
    for (int s = 0; s < chart->count; s++)
        for (int64_t i = 0; i < chart->series[s].count; i++) {
            const plot_point at = chart->series[s].points[i];
            if (!plot_scale_has(&any, at.x) || !plot_scale_has(&any, at.y)) continue;
            low = (plot_point){ fmin(low.x, at.x), fmin(low.y, at.y) };
            high = (plot_point){ fmax(high.x, at.x), fmax(high.y, at.y) };
        }
    if (low.x > high.x) low = (plot_point){ 0, 0 }, high = (plot_point){ 1, 1 };
    p->x = plot_scale_of(&chart->x, low.x, high.x);
    p->y = plot_scale_of(&chart->y, low.y, high.y);
}

/* Title and legend, from the top down: that is where the field begins. */
static void draw_head(picture *p)
{
    cairo_t *c = p->c;
    double x = MARGIN, y = MARGIN + TITLE_SIZE;
    set_grey(c, 0.1);
    set_font(c, TITLE_SIZE, true);
    put_text(c, x, y, 0, p->chart->title);
    set_font(c, LABEL_SIZE, false);
    y += ROW + GAP / 2;
    for (int s = 0; s < p->chart->count; s++) {
        const double span = SAMPLE + GAP + text_span(c, p->chart->series[s].name);
        if (x > MARGIN && x + span > WIDTH - MARGIN) x = MARGIN, y += ROW;
        set_colour(c, s);
        cairo_set_line_width(c, 2);
        cairo_move_to(c, x, y - LABEL_SIZE / 3);
        cairo_rel_line_to(c, SAMPLE, 0);
        cairo_stroke(c);
        set_grey(c, 0.1);
        put_text(c, x + SAMPLE + GAP, y, 0, p->chart->series[s].name);
        x += span + 3 * GAP;
    }
    p->top = y + MARGIN;
}

/* The field is what ticks and labels leave. */
static void fit_field(picture *p)
{
    double widest = 0;
    char text[32];
    set_font(p->c, TICK_SIZE, false);
    for (int i = 0; i < p->y.ticks; i++) {
        plot_scale_text(&p->y, i, text, sizeof text);
        widest = fmax(widest, text_span(p->c, text));
    }
    p->left = MARGIN + LABEL_SIZE + GAP + widest + GAP;
    p->right = WIDTH - MARGIN;
    p->bottom = HEIGHT - MARGIN - LABEL_SIZE - GAP - TICK_SIZE - GAP;
}

static double across(const picture *p, double x)
{
    return p->left + plot_scale_part(&p->x, x) * (p->right - p->left);
}

static double up(const picture *p, double y)
{
    return p->bottom - plot_scale_part(&p->y, y) * (p->bottom - p->top);
}

static void line(cairo_t *c, double x, double y, double to_x, double to_y)
{
    cairo_move_to(c, x, y);
    cairo_line_to(c, to_x, to_y);
    cairo_stroke(c);
}

/* A thin grid, and what its lines stand for. */
static void draw_ticks(picture *p)
{
    cairo_t *c = p->c;
    char text[32];
    cairo_set_line_width(c, 0.5);
    set_font(c, TICK_SIZE, false);
    for (int i = 0; i < p->x.ticks; i++) {
        const double x = across(p, p->x.tick[i]);
        set_grey(c, 0.85);
        line(c, x, p->top, x, p->bottom);
        set_grey(c, 0.25);
        plot_scale_text(&p->x, i, text, sizeof text);
        put_text(c, x, p->bottom + GAP + 0.75 * TICK_SIZE, 0.5, text);
    }
    for (int i = 0; i < p->y.ticks; i++) {
        const double y = up(p, p->y.tick[i]);
        set_grey(c, 0.85);
        line(c, p->left, y, p->right, y);
        set_grey(c, 0.25);
        plot_scale_text(&p->y, i, text, sizeof text);
        put_text(c, p->left - GAP, y + 0.35 * TICK_SIZE, 1, text);
    }
}

static void draw_axes(picture *p)
{
    cairo_t *c = p->c;
    char text[128];
    set_grey(c, 0.25);
    cairo_set_line_width(c, 1);
    cairo_move_to(c, p->left, p->top);
    cairo_line_to(c, p->left, p->bottom);
    cairo_line_to(c, p->right, p->bottom);
    cairo_stroke(c);
    set_grey(c, 0.1);
    set_font(c, LABEL_SIZE, false);
    axis_label(text, sizeof text, &p->chart->x, &p->x);
    put_text(c, (p->left + p->right) / 2, HEIGHT - MARGIN, 0.5, text);
    cairo_save(c);
    cairo_translate(c, MARGIN + 0.75 * LABEL_SIZE, (p->top + p->bottom) / 2);
    cairo_rotate(c, -M_PI / 2);
    axis_label(text, sizeof text, &p->chart->y, &p->y);
    put_text(c, 0, 0, 0.5, text);
    cairo_restore(c);
}

/* ------------------------------------------------------------------ the curves */

static void draw_series(picture *p, int number)
{
    const plot_series *s = &p->chart->series[number];
    cairo_t *c = p->c;
    bool joined = false;
    set_colour(c, number);
    cairo_set_line_width(c, 2);
    cairo_set_line_join(c, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(c, CAIRO_LINE_CAP_ROUND); /* so that a point alone is seen */
    for (int64_t i = 0; i < s->count; i++) {
        const plot_point at = s->points[i];
        const bool seen = plot_scale_has(&p->x, at.x) && plot_scale_has(&p->y, at.y);
        if (seen && !joined) cairo_move_to(c, across(p, at.x), up(p, at.y));
        if (seen) cairo_line_to(c, across(p, at.x), up(p, at.y));
        joined = seen;
    }
    cairo_stroke(c);
    for (int64_t i = 0; i < s->count && s->count <= MOST_MARKED; i++) {
        const plot_point at = s->points[i];
        if (!plot_scale_has(&p->x, at.x) || !plot_scale_has(&p->y, at.y)) continue;
        cairo_arc(c, across(p, at.x), up(p, at.y), 3, 0, 2 * M_PI);
        cairo_fill(c);
    }
}

static void draw(picture *p)
{
    set_grey(p->c, 1);
    cairo_paint(p->c);
    fit_scales(p);
    draw_head(p);
    fit_field(p);
    draw_ticks(p);
    draw_axes(p);
    for (int s = 0; s < p->chart->count; s++) draw_series(p, s);
}

/* ------------------------------------------------------------------ files */

static cairo_status_t append(void *to, const unsigned char *bytes, unsigned length)
{
    return fwrite(bytes, 1, length, to) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_surface_t *open_png(FILE *to)
{
    (void)to; /* written when all is drawn */
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(WIDTH * PIXELS),
                                                    (int)(HEIGHT * PIXELS));
    cairo_surface_set_device_scale(s, PIXELS, PIXELS);
    return s;
}

static cairo_surface_t *open_svg(FILE *to)
{
    return cairo_svg_surface_create_for_stream(append, to, WIDTH, HEIGHT);
}

static cairo_surface_t *open_pdf(FILE *to)
{
    return cairo_pdf_surface_create_for_stream(append, to, WIDTH, HEIGHT);
}

static const struct format {
    const char *suffix;
    cairo_surface_t *(*open)(FILE *to);
} formats[] = { { ".png", open_png }, { ".svg", open_svg }, { ".pdf", open_pdf }, { 0 } };

/* Null: none. */
static const struct format *format_of(const char *path)
{
    const char *suffix = strrchr(path, '.');
    for (const struct format *f = formats; suffix && f->suffix; f++)
        if (!strcmp(suffix, f->suffix)) return f;
    return NULL;
}

int plot_check(const char *option, const char *path)
{
    if (format_of(path)) return EXIT_DONE;
    say("%s: expected a name that ends with .png, .svg or .pdf, found \"%s\"", option, path);
    return EXIT_USAGE;
}

static wl_status render(const plot_chart *chart, const char *path, FILE *to, wl_error *error)
{
    cairo_surface_t *surface = format_of(path)->open(to);
    picture p = { .c = cairo_create(surface), .chart = chart };
    draw(&p);
    cairo_status_t status = cairo_status(p.c);
    cairo_destroy(p.c);
    if (!status && cairo_surface_get_type(surface) == CAIRO_SURFACE_TYPE_IMAGE)
        status = cairo_surface_write_to_png_stream(surface, append, to);
    cairo_surface_finish(surface);
    if (!status) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (!status) return WL_OK;
    return wl_error_set(error, status == CAIRO_STATUS_NO_MEMORY ? WL_NO_MEMORY : WL_IO_ERROR,
                        "%s: cannot draw: %s", path, cairo_status_to_string(status));
}

static void put_escaped(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '&' || *text == '<')
            fputs(*text == '&' ? "&amp;" : "&lt;", to);
        else
            fputc(*text, to);
    }
}

/* What an SVG tells those who search it or have it read to them, since cairo draws text as
 * outlines; nothing of other pictures. The caller frees it; null: no memory. */
static char *description(const plot_chart *chart, bool svg)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to) return NULL;
    if (svg) {
        fputs("\n<title>", to);
        put_escaped(to, chart->title);
        fputs("</title>\n<desc>", to);
        put_escaped(to, chart->y.label);
        fputs(" over ", to);
        put_escaped(to, chart->x.label);
        for (int s = 0; s < chart->count; s++) {
            fputs(s ? ", " : ": ", to);
            put_escaped(to, chart->series[s].name);
        }
        fputs("</desc>", to);
    }
    return fclose(to) ? NULL : text;
}

/* Replaces the file by the picture, with the text behind its first tag, if it is SVG. */
static wl_status replace(const char *path, const char *bytes, size_t length, const char *text,
                         wl_error *error)
{
    const char *tag = *text ? strstr(bytes, "<svg") : NULL, *end = tag ? strchr(tag, '>') : NULL;
    const size_t head = end ? (size_t)(end + 1 - bytes) : 0;
    wl_writer *writer;
    wl_status status = wl_writer_open(&writer, path, error);
    if (status) return status;
    status = wl_writer_write(writer, bytes, head, error);
    if (!status && head) status = wl_writer_write(writer, text, strlen(text), error);
    if (!status) status = wl_writer_write(writer, bytes + head, length - head, error);
    if (!status) status = wl_writer_commit(writer, error);
    wl_writer_close(writer);
    return status;
}

wl_status plot_write(const plot_chart *chart, const char *path, wl_error *error)
{
    char *bytes = NULL, *text = description(chart, format_of(path)->open == open_svg);
    size_t length;
    FILE *to = open_memstream(&bytes, &length);
    wl_status status = to && text ? render(chart, path, to, error) : WL_NO_MEMORY;
    if (!to || fclose(to) || !text)
        status = wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the picture", path);
    if (!status) status = replace(path, bytes, length, text, error);
    free(bytes);
    free(text);
    return status;
}
