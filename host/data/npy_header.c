/* The header of .npy files: a dictionary as Python writes it, in whatever order and spacing. */
#include "npy_header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 10000, ALIGNED = 64 };

/* What belongs to one reading. */
typedef struct parser {
    wl_reader *reader;
    wl_npy_header *out;
    char text[LONGEST + 1], *p; /* ends with a 0 */
    int64_t begin;              /* byte of the file where text is */
    wl_error *error;
} parser;

static wl_status expected(const parser *a, const char *what)
{
    return wl_error_set(a->error, WL_BAD_FILE, "%s: byte %" PRId64 ": expected %s, found \"%.16s\"",
                        wl_reader_name(a->reader), a->begin + (a->p - a->text), what, a->p);
}

/* Whether the next sign is this one, which is then behind. */
static int take(parser *a, char sign)
{
    a->p += strspn(a->p, " \n\t");
    if (*a->p != sign || !sign) return 0;
    a->p++;
    return 1;
}

static int take_name(parser *a, const char *name)
{
    size_t length = strlen(name);
    a->p += strspn(a->p, " \n\t");
    if (strncmp(a->p, name, length) != 0) return 0;
    a->p += length;
    return 1;
}

static wl_status take_string(parser *a, char *to, size_t room)
{
    char quote = take(a, '\'') ? '\'' : take(a, '"') ? '"' : 0;
    char *end = quote ? strchr(a->p, quote) : NULL;
    if (!end || (size_t)(end - a->p) >= room) return expected(a, "a short string in quotes");
    memcpy(to, a->p, (size_t)(end - a->p));
    to[end - a->p] = 0;
    a->p = end + 1;
    return WL_OK;
}

static wl_status take_size(parser *a, int64_t *size)
{
    char *begin = a->p += strspn(a->p, " \n\t");
    *size = 0;
    for (; *a->p >= '0' && *a->p <= '9'; a->p++)
        if (__builtin_mul_overflow(*size, (int64_t)10, size) ||
            __builtin_add_overflow(*size, (int64_t)(*a->p - '0'), size))
            return expected(a, "a size below 2^63");
    return a->p > begin ? WL_OK : expected(a, "a size of an axis");
}

static wl_status take_shape(parser *a)
{
    if (!take(a, '(')) return expected(a, "a shape in brackets");
    int more = 1;
    for (a->out->ndim = 0; !take(a, ')'); more = take(a, ',')) {
        int64_t size;
        if (!more) return expected(a, "a comma or the end of the shape");
        wl_status status = take_size(a, &size);
        if (status) return status;
        if (a->out->ndim < 2) a->out->shape[a->out->ndim] = size;
        if (a->out->ndim < 3) a->out->ndim++;
    }
    return WL_OK;
}

static wl_status take_entry(parser *a, int *seen)
{
    char key[16];
    wl_status status = take_string(a, key, sizeof key);
    if (status) return status;
    if (!take(a, ':')) return expected(a, "a colon");
    if (strcmp(key, "descr") == 0) {
        *seen |= 1;
        return take_string(a, a->out->descr, sizeof a->out->descr);
    }
    if (strcmp(key, "fortran_order") == 0) {
        *seen |= 2;
        a->out->fortran = take_name(a, "True");
        return a->out->fortran || take_name(a, "False") ? WL_OK : expected(a, "True or False");
    }
    *seen |= 4;
    return strcmp(key, "shape") == 0 ? take_shape(a)
                                     : expected(a, "the value of descr, fortran_order or shape");
}

static wl_status take_all(parser *a)
{
    int seen = 0, more = 1;
    if (!take(a, '{')) return expected(a, "a dictionary");
    for (; !take(a, '}'); more = take(a, ',')) {
        wl_status status = more ? take_entry(a, &seen) : expected(a, "a comma or the end");
        if (status) return status;
    }
    if (seen != 7) return expected(a, "descr, fortran_order and shape before");
    a->p += strspn(a->p, " \n\t");
    return *a->p ? expected(a, "nothing behind the dictionary") : WL_OK;
}

/* The bytes of the dictionary into text. */
static wl_status read_text(parser *a)
{
    unsigned char first[12];
    wl_status status = wl_reader_read(a->reader, first, 8, a->error);
    if (status) return status;
    if (memcmp(first, "\x93NUMPY", 6) != 0 || first[6] < 1 || first[6] > 3 || first[7] != 0)
        return wl_error_set(a->error, WL_BAD_FILE,
                            "%s: byte 0: expected \\x93NUMPY and a version from 1.0 to 3.0, found "
                            "version %d.%d",
                            wl_reader_name(a->reader), first[6], first[7]);
    size_t bytes = first[6] == 1 ? 2 : 4;
    memset(first + 8, 0, 4);
    status = wl_reader_read(a->reader, first + 8, bytes, a->error);
    if (status) return status;
    uint32_t length =
        first[8] | (uint32_t)first[9] << 8 | (uint32_t)first[10] << 16 | (uint32_t)first[11] << 24;
    if (length > LONGEST)
        return wl_error_set(a->error, WL_BAD_FILE,
                            "%s: byte 8: expected a header of at most %d bytes, found %" PRIu32,
                            wl_reader_name(a->reader), LONGEST, length);
    a->begin = wl_reader_position(a->reader);
    a->text[length] = 0;
    status = wl_reader_read(a->reader, a->text, length, a->error);
    a->p = a->text + strlen(a->text);
    if (!status && a->p != a->text + length) return expected(a, "a header of text");
    a->p = a->text;
    return status;
}

wl_status wl_npy_read_header(wl_npy_header *out, wl_reader *reader, wl_error *error)
{
    parser a = { .reader = reader, .out = out, .error = error };
    *out = (wl_npy_header){ .ndim = 0 };
    wl_status status = read_text(&a);
    return status ? status : take_all(&a);
}

wl_status wl_npy_write_header(wl_writer *writer, int64_t V, int64_t D, wl_error *error)
{
    enum { PRELUDE = 10, BYTES = 2 * ALIGNED };
    char header[BYTES + 1];
    memcpy(header, "\x93NUMPY\x01\x00\x00\x00", PRELUDE);
    header[8] = BYTES - PRELUDE;
    int n = snprintf(
        header + PRELUDE, sizeof header - PRELUDE,
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%" PRId64 ", %" PRId64 "), }", V, D);
    memset(header + PRELUDE + n, ' ', (size_t)(BYTES - PRELUDE - n - 1));
    header[BYTES - 1] = '\n';
    return wl_writer_write(writer, header, BYTES, error);
}
