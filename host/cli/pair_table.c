/* Tables of examples: see pair_table.h. */
#include "pair_table.h"

#include "text_width.h"

enum { MARK = 5, GAP = 2, NARROWEST = 8 }; /* columns */

static const pair_row names = { .cell = { "source", "expected", "found" } };

/* Bytes of a control character that a text begins with; 0: it does not. */
static size_t control(const char *text)
{
    const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[first != 0];
    if ((first > 0 && first < ' ') || first == 0x7f) return 1;
    return first == 0xc2 && second >= 0x80 && second < 0xa0 ? 2 : 0;
}

/* Bytes and columns of a text's first character, with the accents over it; 0 at its end. */
static size_t next(const char *text, int *columns)
{
    const size_t acts = control(text);
    *columns = 1;
    if (acts) return acts;
    const size_t length = text_character(text, columns);
    for (size_t at = 1; at < length; at++)
        if (control(text + at)) return at;
    return length;
}

static int width_of(const char *text)
{
    int width = 0, columns;
    for (size_t length; (length = next(text, &columns)) > 0; text += length) width += columns;
    return width;
}

/* The text in `room` columns, and blanks behind it where others follow. */
static void print_cell(FILE *to, const char *text, int room, bool last, bool utf8)
{
    const int width = width_of(text), most = width > room ? room - 1 : room;
    int at = 0, columns;
    for (size_t length; (length = next(text, &columns)) > 0 && at + columns <= most;
         text += length, at += columns)
        fprintf(to, "%.*s", control(text) ? 1 : (int)length, control(text) ? "?" : text);
    if (width > room) fputs(utf8 ? "\u2026" : "~", to), at++;
    if (!last) fprintf(to, "%*s", room - at + GAP, "");
}

static void print_row(FILE *to, const char *mark, const pair_row *row, const int room[PAIR_CELLS],
                      bool utf8)
{
    fprintf(to, "%-*s", MARK + GAP, mark);
    for (int i = 0; i < PAIR_CELLS; i++)
        print_cell(to, row->cell[i], room[i], i == PAIR_CELLS - 1, utf8);
    fputc('\n', to);
}

/* As wide as their widest cells; where that is too much the widest columns get narrower. */
static void fit(int room[PAIR_CELLS], const pair_row *rows, int64_t count, int width)
{
    int sum = MARK + PAIR_CELLS * GAP;
    for (int i = 0; i < PAIR_CELLS; i++) {
        room[i] = width_of(names.cell[i]);
        for (int64_t r = 0; r < count; r++) {
            const int wanted = width_of(rows[r].cell[i]);
            if (wanted > room[i]) room[i] = wanted < width ? wanted : width;
        }
        sum += room[i];
    }
    for (; sum > width; sum--) {
        int widest = 0;
        for (int i = 1; i < PAIR_CELLS; i++)
            if (room[i] > room[widest]) widest = i;
        if (room[widest] <= NARROWEST) return;
        room[widest]--;
    }
}

void pair_table_print(FILE *to, const pair_row *rows, int64_t count, int width, bool utf8)
{
    int room[PAIR_CELLS];
    fit(room, rows, count, width);
    print_row(to, "", &names, room, utf8);
    for (int64_t i = 0; i < count; i++)
        print_row(to, rows[i].right ? "right" : "wrong", &rows[i], room, utf8);
}
