/* Maps drawn by cairo: see plot_map.h. */
#include "plot_map.h"

#include "plot_sheet.h"
#include "token_label.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In points. */
static const double MARGIN = 16, GAP = 6, TITLE_SIZE = 14, AXIS_SIZE = 12;
static const double TITLE_WIDTH = 240; /* to which a title may widen a map */
static const double FIELD = 560, LEAST_CELL = 4, MOST_CELL = 26; /* a map's cells and their side */
static const double LEAST_SIZE = 7, MOST_SIZE = 13;              /* of tokens */
static const double SPACED = 10; /* the least side of cells that lines part */
static const double BAR = 10, LEAST_BAR = 60, MOST_BAR = 120;
static const double WIDE = 1.4; /* as a sheet of several maps is to be, to its height */

/* White to dark blue by steps of the same lightness, CIE L* 100 to 18: so it prints in grey too. */
static const double shades[][3] = {
    { 1, 1, 1 },
    { 0.8, 0.897, 0.993 },
    { 0.59, 0.792, 0.987 },
    { 0.398, 0.685, 0.944 },
    { 0.246, 0.577, 0.858 },
    { 0.152, 0.469, 0.739 },
    { 0.126, 0.364, 0.597 },
    { 0.135, 0.264, 0.435 },
    { 0.122, 0.172, 0.272 },
};
static const double UNSEEN = 0.001; /* is white in eight bits */
enum { STEPS = sizeof shades / sizeof *shades - 1 };

/* Where a map's parts lie, from its own upper left corner. */
typedef struct layout {
    double cell, size;         /* side of a cell; of tokens */
    double left, top;          /* of the cells */
    double across, down;       /* the room of the cells, or more for the labels of the axes */
    double bar;                /* the height of the scale */
    double width, height;      /* of all */
    bool turned;               /* columns' tokens read upwards */
    int column_step, row_step; /* of so many tokens one is written */
} layout;

typedef struct picture {
    const plot_map *maps;
    layout *layouts;
    int count, abreast; /* maps; maps in a row of them */
} picture;

/* ------------------------------------------------------------------ layout */

static double widest(plot_sheet *sheet, const char *const *tokens, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, plot_sheet_span(sheet, token_label_of(tokens[i], true).text));
    return most;
}

static double span(plot_sheet *sheet, double size, bool bold, const char *text)
{
    plot_sheet_font(sheet, size, bold);
    return plot_sheet_span(sheet, text);
}

static double between(double low, double x, double high) { return fmin(fmax(low, x), high); }

/* Tokens whose letters are `high` apart at least. */
static int step_of(double high, double cell) { return (int)ceil((high - 0.01) / cell); }

static layout measure(plot_sheet *sheet, const plot_map *map)
{
    const double columns = (double)map->column_count, rows = (double)map->row_count;
    const double fits = floor(2 * FIELD / fmax(1, fmax(columns, rows))) / 2;
    layout l = { .cell = between(LEAST_CELL, fits, MOST_CELL) };
    l.size = between(LEAST_SIZE, 0.6 * l.cell, MOST_SIZE);
    plot_sheet_font(sheet, l.size, false);
    const double widest_column = widest(sheet, map->columns, map->column_count);
    const double widest_row = widest(sheet, map->rows, map->row_count);
    l.row_step = step_of(l.size, l.cell);
    l.turned = widest_column + 2 > 1.5 * l.size;
    l.column_step = step_of(l.turned ? l.size : widest_column + 2, l.cell);
    l.left = ceil(MARGIN + AXIS_SIZE + 2 * GAP + widest_row + GAP);
    l.top = ceil(MARGIN + TITLE_SIZE + 2 * GAP + AXIS_SIZE + GAP +
                 (l.turned ? widest_column : l.size) + GAP);
    l.across = fmax(columns * l.cell, span(sheet, AXIS_SIZE, false, map->x_label));
    l.down = fmax(rows * l.cell, span(sheet, AXIS_SIZE, false, map->y_label));
    l.bar = between(LEAST_BAR, rows * l.cell, MOST_BAR);
    const double scale = 3 * GAP + BAR + GAP + AXIS_SIZE;
    const double title = span(sheet, TITLE_SIZE, true, map->title) + 2 * MARGIN;
    l.width = ceil(fmax(l.left + l.across + scale + MARGIN, fmin(title, TITLE_WIDTH)));
    l.height = ceil(l.top + fmax(l.down, l.bar) + MARGIN);
    return l;
}

/* The greatest width among the maps of a column of the sheet; the greatest height of a row. */
static double column_width(const picture *p, int column)
{
    double most = 0;
    for (int i = column; i < p->count; i += p->abreast) most = fmax(most, p->layouts[i].width);
    return most;
}

static double row_height(const picture *p, int row)
{
    double most = 0;
    for (int i = row * p->abreast; i < p->count && i < (row + 1) * p->abreast; i++)
        most = fmax(most, p->layouts[i].height);
    return most;
}

static double width_of(const picture *p)
{
    double sum = 0;
    for (int column = 0; column < p->abreast; column++) sum += column_width(p, column);
    return sum;
}

static double height_of(const picture *p)
{
    double sum = 0;
    for (int row = 0; row * p->abreast < p->count; row++) sum += row_height(p, row);
    return sum;
}

/* As many abreast as make the sheet's sides most alike. */
static void arrange(picture *p)
{
    double least = HUGE_VAL;
    int best = 1;
    for (p->abreast = 1; p->abreast <= p->count; p->abreast++) {
        const double side = fmax(width_of(p), WIDE * height_of(p));
        if (side < least) least = side, best = p->abreast;
    }
    p->abreast = best;
}

/* ------------------------------------------------------------------ drawing */

static void set_shade(cairo_t *c, double weight)
{
    const double at = between(0, weight, 1) * (double)STEPS;
    const int low = (int)fmin(floor(at), STEPS - 1);
    double rgb[3];
    for (int i = 0; i < 3; i++)
        rgb[i] = shades[low][i] + (at - low) * (shades[low + 1][i] - shades[low][i]);
    cairo_set_source_rgb(c, rgb[0], rgb[1], rgb[2]);
}

static void draw_title(plot_sheet *s, double x, double y, double room, const char *title)
{
    plot_sheet_label label;
    plot_sheet_font(s, TITLE_SIZE, true);
    plot_sheet_fit(s, room, title, &label);
    plot_sheet_text(s, x, y, 0, label.text);
}

/* A weight that is no number. */
static void cross(plot_sheet *s, double left, double top, double side)
{
    plot_sheet_grey(s, 0.25);
    cairo_set_line_width(s->c, 1);
    plot_sheet_line(s, left, top, left + side, top + side);
    plot_sheet_line(s, left, top + side, left + side, top);
}

static void draw_cells(plot_sheet *s, const plot_map *map, const layout *l, double x, double y)
{
    for (int64_t i = 0; i < map->row_count; i++)
        for (int64_t j = 0; j < map->column_count; j++) {
            const double weight = (double)map->weights[i * map->column_count + j];
            const double left = x + (double)j * l->cell, top = y + (double)i * l->cell;
            if (isnan(weight)) cross(s, left, top, l->cell);
            if (!(weight > UNSEEN)) continue;
            set_shade(s->c, weight);
            cairo_rectangle(s->c, left, top, l->cell, l->cell);
            cairo_fill(s->c);
        }
}

/* Thin lines between cells that are large enough, and a frame around all. */
static void draw_frame(plot_sheet *s, const plot_map *map, const layout *l, double x, double y)
{
    const double right = x + (double)map->column_count * l->cell;
    const double bottom = y + (double)map->row_count * l->cell;
    cairo_set_line_width(s->c, 0.5);
    plot_sheet_grey(s, 0.8);
    for (int64_t j = 1; j < map->column_count && l->cell >= SPACED; j++)
        plot_sheet_line(s, x + (double)j * l->cell, y, x + (double)j * l->cell, bottom);
    for (int64_t i = 1; i < map->row_count && l->cell >= SPACED; i++)
        plot_sheet_line(s, x, y + (double)i * l->cell, right, y + (double)i * l->cell);
    cairo_set_line_width(s->c, 1);
    plot_sheet_grey(s, 0.25);
    cairo_rectangle(s->c, x, y, right - x, bottom - y);
    cairo_stroke(s->c);
}

static void draw_tokens(plot_sheet *s, const plot_map *map, const layout *l, double x, double y)
{
    plot_sheet_grey(s, 0.1);
    plot_sheet_font(s, l->size, false);
    for (int64_t j = 0; j < map->column_count; j += l->column_step) {
        const token_label label = token_label_of(map->columns[j], true);
        const double middle = x + ((double)j + 0.5) * l->cell;
        if (l->turned)
            plot_sheet_text_up(s, middle + 0.35 * l->size, y - GAP, 0, label.text);
        else
            plot_sheet_text(s, middle, y - GAP, 0.5, label.text);
    }
    for (int64_t i = 0; i < map->row_count; i += l->row_step) {
        const token_label label = token_label_of(map->rows[i], true);
        const double middle = y + ((double)i + 0.5) * l->cell;
        plot_sheet_text(s, x - GAP, middle + 0.35 * l->size, 1, label.text);
    }
}

/* The scale, right of the cells: 1 above, 0 below. */
static void draw_scale(plot_sheet *s, double height, double x, double y)
{
    for (int i = 0; i < height; i++) {
        set_shade(s->c, 1 - (i + 0.5) / height);
        cairo_rectangle(s->c, x, y + i, BAR, height - i); /* no seams */
        cairo_fill(s->c);
    }
    plot_sheet_grey(s, 0.25);
    cairo_set_line_width(s->c, 0.5);
    cairo_rectangle(s->c, x, y, BAR, height);
    cairo_stroke(s->c);
    plot_sheet_font(s, AXIS_SIZE, false);
    plot_sheet_text(s, x + BAR + GAP, y + 0.75 * AXIS_SIZE, 0, "1");
    plot_sheet_text(s, x + BAR + GAP, y + height, 0, "0");
}

static void draw_map(plot_sheet *s, const plot_map *map, const layout *l, double left, double top,
                     double room)
{
    const double x = left + l->left, y = top + l->top;
    const double head = top + MARGIN + TITLE_SIZE;
    cairo_set_antialias(s->c, CAIRO_ANTIALIAS_NONE); /* or seams would be seen between cells */
    draw_cells(s, map, l, x, y);
    draw_scale(s, l->bar, x + l->across + 3 * GAP, y);
    cairo_set_antialias(s->c, CAIRO_ANTIALIAS_DEFAULT);
    draw_frame(s, map, l, x, y);
    draw_tokens(s, map, l, x, y);
    draw_title(s, left + MARGIN, head, room - 2 * MARGIN, map->title);
    plot_sheet_font(s, AXIS_SIZE, false);
    plot_sheet_text(s, x + l->across / 2, head + 2 * GAP + AXIS_SIZE, 0.5, map->x_label);
    plot_sheet_text_up(s, left + MARGIN + AXIS_SIZE, y + l->down / 2, 0.5, map->y_label);
}

static void draw(plot_sheet *sheet, const void *what)
{
    const picture *p = what;
    double top = 0;
    for (int row = 0; row * p->abreast < p->count; row++) {
        double left = 0;
        for (int column = 0; column < p->abreast; column++) {
            const int i = row * p->abreast + column;
            const double room = column_width(p, column);
            if (i < p->count) draw_map(sheet, &p->maps[i], &p->layouts[i], left, top, room);
            left += room;
        }
        top += row_height(p, row);
    }
}

/* ------------------------------------------------------------------ in words, and the file */

static void describe_tokens(FILE *to, const char *label, const char *const *tokens, int64_t count)
{
    plot_sheet_describe(to, label);
    for (int64_t i = 0; i < count; i++) {
        fputs(i ? " " : ": ", to);
        plot_sheet_describe(to, token_label_of(tokens[i], true).text);
    }
}

static void describe(FILE *to, const void *what)
{
    const picture *p = what;
    for (int i = 0; i < p->count; i++) {
        const plot_map *map = &p->maps[i];
        fputs(i ? "; " : "", to);
        describe_tokens(to, map->y_label, map->rows, map->row_count);
        fputs(", over ", to);
        describe_tokens(to, map->x_label, map->columns, map->column_count);
    }
}

wl_status plot_maps_write(const plot_map *maps, int count, const char *path, wl_error *error)
{
    picture p = { .maps = maps, .count = count };
    cairo_surface_t *none = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    plot_sheet sheet = plot_sheet_open(none);
    wl_status status = WL_OK;
    p.layouts = calloc((size_t)count, sizeof *p.layouts);
    if (p.layouts) {
        for (int i = 0; i < count; i++) p.layouts[i] = measure(&sheet, &maps[i]);
        arrange(&p);
        const plot_subject subject = { maps[0].title, width_of(&p), height_of(&p),
                                       draw,          describe,     &p };
        status = plot_sheet_write(&subject, path, error);
    } else
        status = wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the maps", path);
    plot_sheet_close(&sheet);
    cairo_surface_destroy(none);
    free(p.layouts);
    return status;
}
