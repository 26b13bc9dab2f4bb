/* What all pictures share: a sheet that cairo draws on, text, and the file that it becomes. */
#ifndef WL_CLI_PLOT_SHEET_H
#define WL_CLI_PLOT_SHEET_H

#include <wordloom/nn/error.h>

#include <cairo.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct plot_sheet {
    cairo_t *c;               /* in points, from the upper left corner */
    struct _FcFontSet *fonts; /* fontconfig's, the preferred first; null: cairo's choice */
    bool bold;
} plot_sheet;

typedef struct plot_subject {
    const char *title;    /* of an SVG */
    double width, height; /* in points */
    void (*draw)(plot_sheet *sheet, const void *what);
    void (*describe)(FILE *to, const void *what); /* in words, by plot_sheet_describe */
    const void *what;
} plot_subject;

/* Replaces the file at a path that plot_check took. WL_IO_ERROR. WL_NO_MEMORY. */
wl_status plot_sheet_write(const plot_subject *subject, const char *path, wl_error *error);

/* A sheet of no file, to measure text on. It needs no check: cairo keeps what went wrong, and then
 * measures nothing. */
plot_sheet plot_sheet_open(cairo_surface_t *surface);
void plot_sheet_close(plot_sheet *sheet);

/* Text is in this font, or where that lacks its characters in one that has them. */
void plot_sheet_font(plot_sheet *sheet, double size, bool bold);
double plot_sheet_span(plot_sheet *sheet, const char *text);

/* As much of a text as has room; what is cut ends in an ellipsis. */
typedef struct plot_sheet_label {
    char text[256];
} plot_sheet_label;
void plot_sheet_fit(plot_sheet *sheet, double room, const char *text, plot_sheet_label *out);

/* `before`: the part of the text that stands left of x, or below y where it reads upwards. */
void plot_sheet_text(plot_sheet *sheet, double x, double y, double before, const char *text);
void plot_sheet_text_up(plot_sheet *sheet, double x, double y, double before, const char *text);

/* Of things that are told apart by a number, whatever it is. */
void plot_sheet_colour_of(int number, double rgb[3]);
void plot_sheet_colour(plot_sheet *sheet, int number);

void plot_sheet_grey(plot_sheet *sheet, double light);
void plot_sheet_line(plot_sheet *sheet, double x, double y, double to_x, double to_y);

/* Text of an SVG. */
void plot_sheet_describe(FILE *to, const char *text);

#endif
