/* Charts drawn by cairo: see plot.h. */
#include "plot.h"

#include "plot_scale.h"
#include "plot_sheet.h"

#include <math.h>

/* In points. */
static const double WIDTH = 720, HEIGHT = 450;
static const double MARGIN = 18, GAP = 8, TITLE_SIZE = 16, LABEL_SIZE = 13, TICK_SIZE = 12;
static const double SAMPLE = 26, ROW = 20; /* of the legend: a line's piece, and a row */
enum { MOST_MARKED = 50 };                 /* points of a series that are marked each */

typedef struct picture {
    plot_sheet *sheet;
    const plot_chart *chart;
    plot_scale x, y;
    double left, top, right, bottom; /* of the field in which the curves lie */
} picture;

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
    plot_sheet *s = p->sheet;
    double x = MARGIN, y = MARGIN + TITLE_SIZE;
    plot_sheet_grey(s, 0.1);
    plot_sheet_font(s, TITLE_SIZE, true);
    plot_sheet_text(s, x, y, 0, p->chart->title);
    plot_sheet_font(s, LABEL_SIZE, false);
    y += ROW + GAP / 2;
    for (int i = 0; i < p->chart->count; i++) {
        const char *name = p->chart->series[i].name;
        const double span = SAMPLE + GAP + plot_sheet_span(s, name);
        if (x > MARGIN && x + span > WIDTH - MARGIN) x = MARGIN, y += ROW;
        plot_sheet_colour(s, i);
        cairo_set_line_width(s->c, 2);
        plot_sheet_line(s, x, y - LABEL_SIZE / 3, x + SAMPLE, y - LABEL_SIZE / 3);
        plot_sheet_grey(s, 0.1);
        plot_sheet_text(s, x + SAMPLE + GAP, y, 0, name);
        x += span + 3 * GAP;
    }
    p->top = y + MARGIN;
}

/* The field is what ticks and labels leave. */
static void fit_field(picture *p)
{
    double widest = 0;
    char text[32];
    plot_sheet_font(p->sheet, TICK_SIZE, false);
    for (int i = 0; i < p->y.ticks; i++) {
        plot_scale_text(&p->y, i, text, sizeof text);
        widest = fmax(widest, plot_sheet_span(p->sheet, text));
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

/* A thin grid, and what its lines stand for. */
static void draw_ticks(picture *p)
{
    plot_sheet *s = p->sheet;
    char text[32];
    cairo_set_line_width(s->c, 0.5);
    plot_sheet_font(s, TICK_SIZE, false);
    for (int i = 0; i < p->x.ticks; i++) {
        const double x = across(p, p->x.tick[i]);
        plot_sheet_grey(s, 0.85);
        plot_sheet_line(s, x, p->top, x, p->bottom);
        plot_sheet_grey(s, 0.25);
        plot_scale_text(&p->x, i, text, sizeof text);
        plot_sheet_text(s, x, p->bottom + GAP + 0.75 * TICK_SIZE, 0.5, text);
    }
    for (int i = 0; i < p->y.ticks; i++) {
        const double y = up(p, p->y.tick[i]);
        plot_sheet_grey(s, 0.85);
        plot_sheet_line(s, p->left, y, p->right, y);
        plot_sheet_grey(s, 0.25);
        plot_scale_text(&p->y, i, text, sizeof text);
        plot_sheet_text(s, p->left - GAP, y + 0.35 * TICK_SIZE, 1, text);
    }
}

static void draw_axes(picture *p)
{
    plot_sheet *s = p->sheet;
    char text[128];
    plot_sheet_grey(s, 0.25);
    cairo_set_line_width(s->c, 1);
    cairo_move_to(s->c, p->left, p->top);
    cairo_line_to(s->c, p->left, p->bottom);
    cairo_line_to(s->c, p->right, p->bottom);
    cairo_stroke(s->c);
    plot_sheet_grey(s, 0.1);
    plot_sheet_font(s, LABEL_SIZE, false);
    axis_label(text, sizeof text, &p->chart->x, &p->x);
    plot_sheet_text(s, (p->left + p->right) / 2, HEIGHT - MARGIN, 0.5, text);
    axis_label(text, sizeof text, &p->chart->y, &p->y);
    plot_sheet_text_up(s, MARGIN + 0.75 * LABEL_SIZE, (p->top + p->bottom) / 2, 0.5, text);
}

/* ------------------------------------------------------------------ the curves */

static void draw_series(picture *p, int number)
{
    const plot_series *s = &p->chart->series[number];
    cairo_t *c = p->sheet->c;
    bool joined = false;
    plot_sheet_colour(p->sheet, number);
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

static void draw_chart(plot_sheet *sheet, const plot_chart *chart)
{
    picture p = { .sheet = sheet, .chart = chart };
    fit_scales(&p);
    draw_head(&p);
    fit_field(&p);
    draw_ticks(&p);
    draw_axes(&p);
    for (int s = 0; s < p.chart->count; s++) draw_series(&p, s);
}

/* ------------------------------------------------------------------ the picture */

typedef struct charts {
    const plot_chart *chart;
    int count;
} charts;

static void draw(plot_sheet *sheet, const void *what)
{
    const charts *all = what;
    cairo_save(sheet->c);
    for (int i = 0; i < all->count; i++) {
        draw_chart(sheet, &all->chart[i]);
        cairo_translate(sheet->c, 0, HEIGHT);
    }
    cairo_restore(sheet->c);
}

static void describe(FILE *to, const void *what)
{
    const charts *all = what;
    for (int i = 0; i < all->count; i++) {
        const plot_chart *chart = &all->chart[i];
        fputs(i ? "; " : "", to);
        plot_sheet_describe(to, chart->y.label);
        fputs(" over ", to);
        plot_sheet_describe(to, chart->x.label);
        for (int s = 0; s < chart->count; s++) {
            fputs(s ? ", " : ": ", to);
            plot_sheet_describe(to, chart->series[s].name);
        }
    }
}

wl_status plot_write(const plot_chart *chart, int count, const char *path, wl_error *error)
{
    const charts all = { chart, count };
    const plot_subject subject = { chart[0].title, WIDTH, HEIGHT * count, draw, describe, &all };
    return plot_sheet_write(&subject, path, error);
}
