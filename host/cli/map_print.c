/* Maps as text: see map_print.h. */
#include "map_print.h"

#include "text_width.h"
#include "token_label.h"

#include <math.h>

enum { SHADES = 5, STRONGEST = 3 };

static const char *const blocks[SHADES] = { " ", "\u2591", "\u2592", "\u2593", "\u2588" };
static const char *const ascii[SHADES] = { " ", ".", ":", "*", "#" };

map_style map_style_of(FILE *to)
{
    return (map_style){ .width = terminal_width(fileno(to)), .utf8 = terminal_has_utf8() };
}

/* Fifths of 1 have a shade each. */
static const char *shade(double weight, bool utf8)
{
    if (isnan(weight)) return "?";
    const int level = (int)fmin(fmax(0, weight * (double)SHADES), SHADES - 1);
    return utf8 ? blocks[level] : ascii[level];
}

/* A number of characters, and the columns of the widest. */
static int count_characters(const char *text, int *widest)
{
    int count = 0, columns;
    for (size_t length; (length = text_character(text, &columns)) > 0; text += length, count++)
        if (columns > *widest) *widest = columns;
    return count;
}

/* The greatest count of characters in a token, and the columns of the widest of all. */
static int longest(const plot_map *map, bool utf8, int *widest)
{
    int most = 0;
    for (int64_t j = 0; j < map->column_count; j++) {
        const token_label label = token_label_of(map->columns[j], utf8);
        const int count = count_characters(label.text, widest);
        if (count > most) most = count;
    }
    return most;
}

static int widest_row(const plot_map *map, bool utf8)
{
    int most = 0;
    for (int64_t i = 0; i < map->row_count; i++) {
        const token_label label = token_label_of(map->rows[i], utf8);
        const int width = text_width(label.text);
        if (width > most) most = width;
    }
    return most;
}

/* Character number `at` of a text (none below 0), and blanks up to `room` columns. */
static void put_character(FILE *to, const char *text, int at, int room)
{
    int columns = 0;
    size_t length = at < 0 ? 0 : text_character(text, &columns);
    for (; at > 0; at--) {
        text += length;
        length = text_character(text, &columns);
    }
    fprintf(to, "%.*s%*s", (int)length, text, room - columns, "");
}

/* The columns' tokens, each from above to below and ending at the map. */
static void print_head(FILE *to, const plot_map *map, bool utf8, int lines, int left, int cell)
{
    for (int line = 0; line < lines; line++) {
        fprintf(to, "%*s", left, "");
        for (int64_t j = 0; j < map->column_count; j++) {
            const token_label label = token_label_of(map->columns[j], utf8);
            int widest = 0;
            const int count = count_characters(label.text, &widest);
            put_character(to, label.text, line - (lines - count), cell);
        }
        fputc('\n', to);
    }
}

static void print_rows(FILE *to, const plot_map *map, bool utf8, int left, int cell)
{
    for (int64_t i = 0; i < map->row_count; i++) {
        const token_label label = token_label_of(map->rows[i], utf8);
        fprintf(to, "%s%*s|", label.text, left - 1 - text_width(label.text), "");
        for (int64_t j = 0; j < map->column_count * cell; j++)
            fputs(shade((double)map->weights[i * map->column_count + j / cell], utf8), to);
        fputs("|\n", to);
    }
    fprintf(to, "%*s", left - 1, "0 ");
    for (int level = 0; level < SHADES; level++) fputs((utf8 ? blocks : ascii)[level], to);
    fputs(" 1\n", to);
}

/* ------------------------------------------------------------------ where there is no room */

/* Whether column a of a row comes before b. What is no number is last. */
static bool before(const float *row, int64_t a, int64_t b)
{
    return row[a] > row[b] || (isnan(row[b]) && !isnan(row[a]));
}

static void print_strongest(FILE *to, const plot_map *map, const float *row, bool utf8)
{
    int64_t best[STRONGEST + 1];
    int count = 0;
    for (int64_t j = 0; j < map->column_count; j++) {
        int at = count;
        for (; at > 0 && before(row, j, best[at - 1]); at--) best[at] = best[at - 1];
        best[at] = j;
        if (count < STRONGEST) count++;
    }
    for (int k = 0; k < count; k++)
        fprintf(to, "%s %s %.2f", k ? "," : "", token_label_of(map->columns[best[k]], utf8).text,
                (double)row[best[k]]);
}

static void print_list(FILE *to, const plot_map *map, bool utf8)
{
    for (int64_t i = 0; i < map->row_count; i++) {
        fprintf(to, "%s:", token_label_of(map->rows[i], utf8).text);
        print_strongest(to, map, map->weights + i * map->column_count, utf8);
        fputc('\n', to);
    }
}

void map_print(FILE *to, const plot_map *map, const map_style *style)
{
    int widest = 1;
    const int lines = longest(map, style->utf8, &widest);
    const int left = widest_row(map, style->utf8) + 2; /* a blank and the frame */
    const int64_t room =
        (style->width - left - 1) / (map->column_count > 0 ? map->column_count : 1);
    fprintf(to, "%s\n", map->title);
    if (room < widest) {
        print_list(to, map, style->utf8);
        return;
    }
    const int cell = room < 2 ? 1 : 2; /* which makes squares of most terminals' characters */
    print_head(to, map, style->utf8, lines, left, cell);
    print_rows(to, map, style->utf8, left, cell);
}
