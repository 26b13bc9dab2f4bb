/* Examples of <wordloom/nn/examples.h>: all strings in one block of bytes, and where each begins.
 */
#include "examples.h"

#include "../core/philox.h"
#include "tokenize.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wordloom/nn/file.h>
#include <xxhash.h>

struct wl_examples {
    char *bytes;    /* of each pair: the source, 0, the target, 0 */
    int64_t *start; /* [2 size + 1]: string k is bytes[start[k]] to bytes[start[k + 1] - 2] */
    int64_t size;
    size_t byte_room, pair_room;
};

/* ------------------------------------------------------------------ in memory */

wl_status wl_examples_create(wl_examples **out)
{
    *out = NULL;
    wl_examples *e = calloc(1, sizeof *e);
    if (!e) return WL_NO_MEMORY;
    e->start = calloc(1, sizeof *e->start);
    if (!e->start) {
        free(e);
        return WL_NO_MEMORY;
    }
    *out = e;
    return WL_OK;
}

void wl_examples_destroy(wl_examples *e)
{
    if (!e) return;
    free(e->bytes);
    free(e->start);
    free(e);
}

static wl_status make_room(wl_examples *e, size_t more)
{
    const size_t needed = (size_t)e->start[2 * e->size] + more;
    if (needed > e->byte_room) {
        size_t room = e->byte_room + e->byte_room / 2 + 64;
        if (room < needed) room = needed;
        char *bytes = realloc(e->bytes, room);
        if (!bytes) return WL_NO_MEMORY;
        e->bytes = bytes;
        e->byte_room = room;
    }
    if ((size_t)e->size < e->pair_room) return WL_OK;
    const size_t room = e->pair_room + e->pair_room / 2 + 16;
    int64_t *start = realloc(e->start, (2 * room + 1) * sizeof *start);
    if (!start) return WL_NO_MEMORY;
    e->start = start;
    e->pair_room = room;
    return WL_OK;
}

static void put(wl_examples *e, int64_t string, const char *from, size_t length)
{
    char *to = e->bytes + e->start[string];
    memcpy(to, from, length);
    to[length] = 0;
    e->start[string + 1] = e->start[string] + (int64_t)length + 1;
}

wl_status wl_examples_add(wl_examples *e, const char *source, size_t source_length,
                          const char *target, size_t target_length)
{
    if (e->size == INT32_MAX) return WL_OUT_OF_RANGE;
    if (make_room(e, source_length + target_length + 2)) return WL_NO_MEMORY;
    put(e, 2 * e->size, source, source_length);
    put(e, 2 * e->size + 1, target, target_length);
    e->size++;
    return WL_OK;
}

static const char *string_of(const wl_examples *e, int64_t string, size_t *length)
{
    if (length) *length = (size_t)(e->start[string + 1] - e->start[string] - 1);
    return e->bytes + e->start[string];
}

int64_t wl_examples_size(const wl_examples *e) { return e->size; }

const char *wl_examples_source(const wl_examples *e, int64_t i, size_t *length)
{
    return string_of(e, 2 * i, length);
}

const char *wl_examples_target(const wl_examples *e, int64_t i, size_t *length)
{
    return string_of(e, 2 * i + 1, length);
}

uint64_t wl_examples_hash(const wl_examples *e)
{
    const size_t strings = 2 * (size_t)e->size;
    const uint64_t lengths = XXH3_64bits(e->start, (strings + 1) * sizeof *e->start);
    return XXH3_64bits_withSeed(e->bytes, (size_t)e->start[strings], lengths);
}

/* ------------------------------------------------------------------ reading */

typedef enum form { UNDECIDED, TABS, UNDERSCORES } form;

typedef struct reading {
    wl_examples *examples;
    wl_reader *reader;
    int64_t line;
    form form;
    wl_error *error;
} reading;

typedef struct piece {
    const char *bytes;
    size_t length;
} piece;

static piece without_spaces(piece p)
{
    while (p.length > 0 && p.bytes[0] == ' ') p.bytes++, p.length--;
    while (p.length > 0 && p.bytes[p.length - 1] == ' ') p.length--;
    return p;
}

/* Takes off what lies before the first `end`; false: there is none, and all is taken. */
static bool take_until(piece *rest, char end, piece *taken)
{
    const char *found = memchr(rest->bytes, end, rest->length);
    *taken = *rest;
    if (!found) return false;
    taken->length = (size_t)(found - rest->bytes);
    *rest = (piece){ found + 1, rest->length - taken->length - 1 };
    return true;
}

static form form_of(piece line)
{
    if (memchr(line.bytes, '\t', line.length)) return TABS;
    return memchr(line.bytes, '_', line.length) ? UNDERSCORES : UNDECIDED;
}

static wl_status expected(const reading *r, const char *what, const char *found)
{
    return wl_error_set(r->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected %s between source and target, found %s",
                        wl_reader_name(r->reader), r->line, what, found);
}

static wl_status cut_at_tabs(const reading *r, piece line, piece *source, piece *target)
{
    if (!take_until(&line, '\t', source)) return expected(r, "a tab", "none");
    take_until(&line, '\t', target);
    return WL_OK;
}

static wl_status cut_at_underscore(const reading *r, piece line, piece *source, piece *target)
{
    if (!take_until(&line, '_', source)) return expected(r, "one _", "none");
    if (take_until(&line, '_', target)) return expected(r, "one _", "more");
    *source = without_spaces(*source);
    *target = without_spaces(*target);
    return WL_OK;
}

static wl_status add(const reading *r, piece source, piece target)
{
    const wl_status status =
        wl_examples_add(r->examples, source.bytes, source.length, target.bytes, target.length);
    if (status == WL_OUT_OF_RANGE)
        return wl_error_set(r->error, status,
                            "%s: line %" PRId64 ": expected at most 2^31 - 1 pairs",
                            wl_reader_name(r->reader), r->line);
    if (status)
        return wl_error_set(r->error, status, "%s: line %" PRId64 ": no memory for it",
                            wl_reader_name(r->reader), r->line);
    return WL_OK;
}

/* A line that begins at byte `at` of the file. */
static wl_status take_line(reading *r, piece line, int64_t at)
{
    piece source = line, target = line;
    wl_status status =
        wl_check_line(wl_reader_name(r->reader), r->line, at, line.bytes, line.length, r->error);
    if (status) return status;
    if (line.length > 0 && line.bytes[line.length - 1] == '\r') line.length--;
    if (without_spaces(line).length == 0) return WL_OK;
    if (r->form == UNDECIDED) r->form = form_of(line);
    if (r->form == UNDECIDED) return expected(r, "a tab, or one _,", "neither");
    status = r->form == TABS ? cut_at_tabs(r, line, &source, &target)
                             : cut_at_underscore(r, line, &source, &target);
    if (status || (source.length == 0 && target.length == 0)) return status;
    return add(r, source, target);
}

static wl_status read_all(reading *r)
{
    static const unsigned char newline[256] = { ['\n'] = 1 };
    wl_token line = { .stop = '\n' };
    while (line.stop >= 0) {
        const int64_t at = wl_reader_position(r->reader);
        r->line++;
        wl_status status = wl_reader_token(r->reader, newline, &line, r->error);
        if (status) return status;
        const size_t mark =
            at == 0 && line.length >= 3 && !memcmp(line.bytes, "\xef\xbb\xbf", 3) ? 3 : 0;
        status = take_line(r, (piece){ line.bytes + mark, line.length - mark }, at + (int64_t)mark);
        if (status) return status;
    }
    if (r->examples->size) return WL_OK;
    return wl_error_set(r->error, WL_BAD_FILE,
                        "%s: line %" PRId64 ": expected a pair of source and target, found the end",
                        wl_reader_name(r->reader), r->line);
}

wl_status wl_examples_read(wl_examples **out, const char *path, wl_error *error)
{
    reading r = { .error = error };
    *out = NULL;
    wl_status status = wl_reader_open(&r.reader, path, error);
    if (status) return status;
    if (wl_examples_create(&r.examples))
        status = wl_error_set(error, WL_NO_MEMORY, "%s: no memory to read it", path);
    if (!status) status = read_all(&r);
    wl_reader_close(r.reader);
    if (status)
        wl_examples_destroy(r.examples);
    else
        *out = r.examples;
    return status;
}

/* ------------------------------------------------------------------ splitting */

/* Whether one of `left` that are left is among the `wanted` of them that are still to be drawn. */
static bool is_drawn(uint64_t seed, int64_t i, int64_t wanted, int64_t left)
{
    const wl_random drawn = wl_philox(seed, (uint64_t)i, 0, WL_PURPOSE_SPLIT);
    const uint64_t n = (uint64_t)left; /* below 2^31: of 64 bits times n, the upper part */
    return (int64_t)((drawn.word[1] * n + (drawn.word[0] * n >> 32)) >> 32) < wanted;
}

/* Selection sampling (Knuth, The Art of Computer Programming, volume 2, section 3.4.2). */
static wl_status deal(wl_examples *kept, wl_examples *held, const wl_examples *all, int64_t wanted,
                      uint64_t seed)
{
    wl_status status = WL_OK;
    for (int64_t i = 0; i < all->size && !status; i++) {
        size_t n, m;
        const char *source = wl_examples_source(all, i, &n);
        const char *target = wl_examples_target(all, i, &m);
        const bool drawn = is_drawn(seed, i, wanted, all->size - i);
        wanted -= drawn;
        status = wl_examples_add(drawn ? held : kept, source, n, target, m);
    }
    return status;
}

wl_status wl_examples_split(wl_examples **kept, wl_examples **held, const wl_examples *all,
                            int64_t held_count, uint64_t seed, wl_error *error)
{
    *kept = *held = NULL;
    if (held_count < 1 || held_count >= all->size)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "expected to hold back 1 to %" PRId64 " of %" PRId64
                            " pairs, so that some are left, found %" PRId64,
                            all->size - 1, all->size, held_count);
    wl_status status = wl_examples_create(kept);
    if (!status) status = wl_examples_create(held);
    if (!status) status = deal(*kept, *held, all, held_count, seed);
    if (!status) return WL_OK;
    wl_examples_destroy(*kept);
    wl_examples_destroy(*held);
    *kept = *held = NULL;
    return wl_error_set(error, status, "no memory to split %" PRId64 " pairs", all->size);
}
