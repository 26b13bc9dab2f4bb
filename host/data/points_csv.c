/* Points from comma-separated values, a line at a time. */
#include "points.h"

#include "decimal.h"
#include "lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 64 };

typedef struct column {
    char *text; /* text[length] is 0 */
    size_t length;
} column;

/* What belongs to one reading. */
typedef struct reading {
    wl_points *points; /* null before the first of them */
    wl_reader *reader;
    locale_t plain;
    int64_t line;
    bool begun;      /* whether a line was read that a header may be */
    column *columns; /* of a line, */
    float *values;   /* and its numbers */
    int64_t count, room;
    wl_error *error;
} reading;

static wl_status expected(const reading *r, int64_t number, const char *what, const column *found)
{
    return wl_error_set(r->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": column %" PRId64 ": expected %s, found \"%.*s\"",
                        wl_reader_name(r->reader), r->line, number + 1, what,
                        (int)(found->length < SHOWN ? found->length : SHOWN), found->text);
}

static wl_status no_memory(const reading *r)
{
    return wl_error_set(r->error, WL_NO_MEMORY, "%s: line %" PRId64 ": no memory for it",
                        wl_reader_name(r->reader), r->line);
}

/* ------------------------------------------------------------------ columns */

static char *skip_spaces(char *at)
{
    while (*at == ' ' || *at == '\t') at++;
    return at;
}

/* A column in quotes, where two of them stand for one; *rest: what follows the last. Null: it has
 * no end. */
static char *unquote(char *at, column *out, char **rest)
{
    char *to = at;
    out->text = at;
    for (; *at; at++) {
        if (*at == '"' && at[1] != '"') break;
        if (*at == '"') at++;
        *to++ = *at;
    }
    if (!*at) return NULL;
    *rest = at + 1;
    out->length = (size_t)(to - out->text);
    return to;
}

/* Takes the next column off the rest of a line; its text is ended once that is read. */
static wl_status take_column(const reading *r, char **rest, column *out, char **end)
{
    char *at = skip_spaces(*rest);
    if (*at != '"') {
        out->text = at;
        *rest = at + strcspn(at, ",");
        for (*end = *rest; *end > at && strchr(" \t", (*end)[-1]); (*end)--)
            ;
        out->length = (size_t)(*end - at);
        return WL_OK;
    }
    *end = unquote(at + 1, out, rest);
    if (!*end) return expected(r, r->count, "a closing quote", &(column){ at, strlen(at) });
    *rest = skip_spaces(*rest);
    if (**rest && **rest != ',')
        return expected(r, r->count, "a comma after the closing quote",
                        &(column){ *rest, strlen(*rest) });
    return WL_OK;
}

static wl_status make_room(reading *r)
{
    if (r->count < r->room) return WL_OK;
    const int64_t room = r->room * 2 + 16;
    column *columns = realloc(r->columns, (size_t)room * sizeof *columns);
    if (!columns) return no_memory(r);
    r->columns = columns;
    float *values = realloc(r->values, (size_t)room * sizeof *values);
    if (!values) return no_memory(r);
    r->values = values;
    r->room = room;
    return WL_OK;
}

static wl_status split(reading *r, char *line)
{
    char *rest = line, *end;
    for (r->count = 0;;) {
        wl_status status = make_room(r);
        if (!status) status = take_column(r, &rest, &r->columns[r->count], &end);
        if (status) return status;
        r->count++;
        const bool last = !*rest;
        *end = 0;
        if (last) return WL_OK;
        rest++;
    }
}

/* ------------------------------------------------------------------ points */

/* The place of the first column that should be a number and is none; -1: all are. *numbers: how
 * many are. */
static int64_t read_numbers(const reading *r, int64_t *numbers)
{
    int64_t bad = -1;
    *numbers = 0;
    for (int64_t i = 0; i < r->count - 1; i++) {
        const column *c = &r->columns[i];
        float *to = &r->values[i];
        const bool good = !wl_decimal_read(c->text, c->length, r->plain, to) && isfinite(*to);
        if (!good && bad < 0) bad = i;
        *numbers += good;
    }
    return bad;
}

static wl_status check_count(reading *r)
{
    const int64_t D = r->count - 1;
    if (r->points && D != r->points->D)
        return wl_error_set(r->error, WL_BAD_FILE,
                            "%s: line %" PRId64 ": expected %" PRId64 " columns, found %" PRId64,
                            wl_reader_name(r->reader), r->line, r->points->D + 1, r->count);
    if (D < 1 || D > WL_POINTS_MOST_FEATURES)
        return wl_error_set(r->error, WL_BAD_FILE,
                            "%s: line %" PRId64
                            ": expected 1 to %d numbers and a class, apart by commas, found "
                            "%" PRId64 " column%s",
                            wl_reader_name(r->reader), r->line, WL_POINTS_MOST_FEATURES, r->count,
                            r->count == 1 ? "" : "s");
    return WL_OK;
}

static wl_status add_point(reading *r)
{
    const column *last = &r->columns[r->count - 1];
    wl_status status = WL_OK;
    if (!r->points)
        status = wl_points_begin(&r->points, r->count - 1, wl_reader_name(r->reader), r->error);
    if (status) return status;
    status = wl_points_add(r->points, r->values, last->text, last->length);
    if (status == WL_OUT_OF_RANGE) return expected(r, r->count - 1, "a class", last);
    return status ? no_memory(r) : WL_OK;
}

static wl_status read_record(void *user, int64_t number, char *line, wl_error *error)
{
    reading *r = user;
    (void)error;
    r->line = number;
    wl_status status = split(r, line);
    if (!status) status = check_count(r);
    if (status) return status;
    int64_t numbers;
    const int64_t bad = read_numbers(r, &numbers);
    const bool header = numbers == 0 && !r->begun;
    r->begun = true;
    if (header) return WL_OK;
    return bad < 0 ? add_point(r) : expected(r, bad, "a finite number", &r->columns[bad]);
}

static wl_status read_all(reading *r)
{
    const wl_status status = wl_lines_read(r->reader, read_record, r, &r->line, r->error);
    if (status || r->points) return status;
    return wl_error_set(r->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected a point, its numbers and its class, found "
                        "the end",
                        wl_reader_name(r->reader), r->line);
}

wl_status wl_points_read(wl_points **out, const char *path, wl_error *error)
{
    reading r = { .error = error };
    *out = NULL;
    r.plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!r.plain) return wl_error_set(error, WL_NO_MEMORY, "%s: no memory to read it", path);
    wl_status status = wl_reader_open(&r.reader, path, error);
    if (!status) status = read_all(&r);
    wl_reader_close(r.reader);
    freelocale(r.plain);
    free(r.columns);
    free(r.values);
    if (status)
        wl_points_destroy(r.points);
    else
        *out = r.points;
    return status;
}
