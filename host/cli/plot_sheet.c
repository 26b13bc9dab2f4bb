/* Sheets, and files of them: see plot_sheet.h. */
#include "plot_sheet.h"

#include "plot.h"
#include "program.h"

#include <wordloom/nn/file.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <fontconfig/fontconfig.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double PIXELS = 2, MOST_PIXELS = 12000; /* of a PNG: a point, and a side */
static const char USUAL[] = "sans-serif";

/* ------------------------------------------------------------------ fonts */

static FcFontSet *list_fonts(void)
{
    FcResult result;
    FcPattern *wanted = FcPatternCreate();
    if (!wanted) return NULL;
    FcPatternAddString(wanted, FC_FAMILY, (const FcChar8 *)USUAL);
    FcConfigSubstitute(NULL, wanted, FcMatchPattern);
    FcDefaultSubstitute(wanted);
    FcFontSet *fonts = FcFontSort(NULL, wanted, FcTrue, NULL, &result);
    FcPatternDestroy(wanted);
    return fonts;
}

static FcCharSet *characters(const char *text)
{
    FcCharSet *set = FcCharSetCreate();
    FcChar32 character;
    int length = (int)strlen(text);
    for (int n; set && length > 0; text += n, length -= n) {
        n = FcUtf8ToUcs4((const FcChar8 *)text, &character, length);
        if (n < 1 || !FcCharSetAddChar(set, character)) break;
    }
    return set;
}

/* Of the first font that lacks the fewest of the characters. (cairo itself looks at one only.) */
static const char *family_for(const FcFontSet *fonts, const char *text)
{
    FcChar8 *family, *best = NULL;
    FcChar32 fewest = UINT32_MAX;
    FcCharSet *has, *wanted = characters(text);
    for (int i = 0; wanted && i < fonts->nfont && fewest > 0; i++) {
        if (FcPatternGetCharSet(fonts->fonts[i], FC_CHARSET, 0, &has) != FcResultMatch ||
            FcPatternGetString(fonts->fonts[i], FC_FAMILY, 0, &family) != FcResultMatch)
            continue;
        const FcChar32 lacks = FcCharSetSubtractCount(wanted, has);
        if (lacks < fewest) best = family, fewest = lacks;
    }
    if (wanted) FcCharSetDestroy(wanted);
    return best ? (const char *)best : USUAL;
}

static bool is_ascii(const char *text)
{
    while (*text > 0) text++;
    return !*text;
}

static void choose_family(plot_sheet *s, const char *text)
{
    const bool usual = !s->fonts || is_ascii(text);
    cairo_select_font_face(s->c, usual ? USUAL : family_for(s->fonts, text),
                           CAIRO_FONT_SLANT_NORMAL,
                           s->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
}

/* ------------------------------------------------------------------ drawing */

plot_sheet plot_sheet_open(cairo_surface_t *surface)
{
    return (plot_sheet){ .c = cairo_create(surface), .fonts = list_fonts() };
}

void plot_sheet_close(plot_sheet *s)
{
    cairo_destroy(s->c);
    if (s->fonts) FcFontSetDestroy(s->fonts);
}

void plot_sheet_font(plot_sheet *s, double size, bool bold)
{
    s->bold = bold;
    cairo_set_font_size(s->c, size);
}

double plot_sheet_span(plot_sheet *s, const char *text)
{
    cairo_text_extents_t e;
    choose_family(s, text);
    cairo_text_extents(s->c, text, &e);
    return e.x_advance;
}

void plot_sheet_fit(plot_sheet *s, double room, const char *text, plot_sheet_label *out)
{
    size_t length = strnlen(text, sizeof out->text - 4);
    snprintf(out->text, sizeof out->text, "%.*s", (int)length, text);
    while (length > 0 && (text[length] || plot_sheet_span(s, out->text) > room)) {
        do length--;
        while (length > 0 && (text[length] & 0xc0) == 0x80);
        strcpy(out->text + length, "\u2026");
        if (plot_sheet_span(s, out->text) <= room) break;
    }
}

void plot_sheet_text(plot_sheet *s, double x, double y, double before, const char *text)
{
    cairo_move_to(s->c, x - before * plot_sheet_span(s, text), y);
    cairo_show_text(s->c, text);
}

void plot_sheet_text_up(plot_sheet *s, double x, double y, double before, const char *text)
{
    cairo_save(s->c);
    cairo_translate(s->c, x, y);
    cairo_rotate(s->c, -M_PI / 2);
    plot_sheet_text(s, 0, 0, before, text);
    cairo_restore(s->c);
}

/* Colours that also the colour-blind tell apart: Okabe and Ito 2008, "Color Universal Design". */
static const double colours[][3] = { { 0, 0.447, 0.698 }, { 0.835, 0.369, 0 },
                                     { 0, 0.620, 0.451 }, { 0.800, 0.475, 0.655 },
                                     { 0.902, 0.624, 0 }, { 0.337, 0.706, 0.914 } };
enum { COLOURS = sizeof colours / sizeof *colours };

void plot_sheet_colour_of(int number, double rgb[3])
{
    for (int i = 0; i < 3; i++) rgb[i] = colours[number % COLOURS][i];
}

void plot_sheet_colour(plot_sheet *s, int number)
{
    double rgb[3];
    plot_sheet_colour_of(number, rgb);
    cairo_set_source_rgb(s->c, rgb[0], rgb[1], rgb[2]);
}

void plot_sheet_grey(plot_sheet *s, double light)
{
    cairo_set_source_rgb(s->c, light, light, light);
}

void plot_sheet_line(plot_sheet *s, double x, double y, double to_x, double to_y)
{
    cairo_move_to(s->c, x, y);
    cairo_line_to(s->c, to_x, to_y);
    cairo_stroke(s->c);
}

/* ------------------------------------------------------------------ formats */

static cairo_status_t append(void *to, const unsigned char *bytes, unsigned length)
{
    return fwrite(bytes, 1, length, to) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_surface_t *open_png(FILE *to, double width, double height)
{
    (void)to; /* written when all is drawn */
    const double pixels = fmin(PIXELS, MOST_PIXELS / fmax(width, height));
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width * pixels),
                                                    (int)ceil(height * pixels));
    cairo_surface_set_device_scale(s, pixels, pixels);
    return s;
}

static cairo_surface_t *open_svg(FILE *to, double width, double height)
{
    return cairo_svg_surface_create_for_stream(append, to, width, height);
}

static cairo_surface_t *open_pdf(FILE *to, double width, double height)
{
    return cairo_pdf_surface_create_for_stream(append, to, width, height);
}

static const struct format {
    const char *suffix;
    cairo_surface_t *(*open)(FILE *to, double width, double height);
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

/* ------------------------------------------------------------------ files */

static wl_status render(const plot_subject *subject, const char *path, FILE *to, wl_error *error)
{
    cairo_surface_t *surface = format_of(path)->open(to, subject->width, subject->height);
    plot_sheet sheet = plot_sheet_open(surface);
    plot_sheet_grey(&sheet, 1);
    cairo_paint(sheet.c);
    subject->draw(&sheet, subject->what);
    cairo_status_t status = cairo_status(sheet.c);
    plot_sheet_close(&sheet);
    if (!status && cairo_surface_get_type(surface) == CAIRO_SURFACE_TYPE_IMAGE)
        status = cairo_surface_write_to_png_stream(surface, append, to);
    cairo_surface_finish(surface);
    if (!status) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (!status) return WL_OK;
    return wl_error_set(error, status == CAIRO_STATUS_NO_MEMORY ? WL_NO_MEMORY : WL_IO_ERROR,
                        "%s: cannot draw: %s", path, cairo_status_to_string(status));
}

void plot_sheet_describe(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '&' || *text == '<')
            fputs(*text == '&' ? "&amp;" : "&lt;", to);
        else
            fputc(*text > 0 && *text < ' ' ? ' ' : *text, to);
    }
}

/* What an SVG tells those who search it or have it read to them, since cairo draws text as
 * outlines; nothing of other pictures. The caller frees it; null: no memory. */
static char *description(const plot_subject *subject, bool svg)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to) return NULL;
    if (svg) {
        fputs("\n<title>", to);
        plot_sheet_describe(to, subject->title);
        fputs("</title>\n<desc>", to);
        subject->describe(to, subject->what);
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

wl_status plot_sheet_write(const plot_subject *subject, const char *path, wl_error *error)
{
    char *bytes = NULL, *text = description(subject, format_of(path)->open == open_svg);
    size_t length;
    FILE *to = open_memstream(&bytes, &length);
    wl_status status = to && text ? render(subject, path, to, error) : WL_NO_MEMORY;
    if (!to || fclose(to) || !text)
        status = wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the picture", path);
    if (!status) status = replace(path, bytes, length, text, error);
    free(bytes);
    free(text);
    return status;
}
