/* The JSON header of a safetensors file. jansson reads it a piece at a time, a name, a string or
 * the description of one tensor, so that no header can make it take more than a few megabytes. */
#include "safetensors_header.h"
#include "safetensors_dtype.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DESCRIPTION = 1 << 16, SHOWN = 64 };

typedef struct scanner {
    wl_safetensors *file;
    size_t at; /* in the header */
    int64_t tensor_room, metadata_room;
    int has_metadata;
    wl_error *error;
} scanner;

static long long place(const scanner *s) { return 8 + (long long)s->at; }

static const char *name_of(const scanner *s) { return wl_reader_name(s->file->reader); }

static wl_status no_memory(const scanner *s)
{
    return wl_error_set(s->error, WL_NO_MEMORY, "%s: byte %lld: no memory for the header",
                        name_of(s), place(s));
}

/* The next byte that is no white space, or 0 at the end of the header. */
static char peek(scanner *s)
{
    static const char gaps[] = " \t\r\n";
    const char *header = s->file->header;
    while (s->at < s->file->header_length && memchr(gaps, header[s->at], sizeof gaps - 1)) s->at++;
    return s->at < s->file->header_length ? header[s->at] : 0;
}

static int take(scanner *s, char byte)
{
    if (peek(s) != byte) return 0;
    s->at++;
    return 1;
}

/* Says what stands at s->at in place of what should. */
static wl_status wrong_byte(const scanner *s, const char *what)
{
    if (s->at >= s->file->header_length)
        return wl_error_set(s->error, WL_BAD_FILE,
                            "%s: byte %lld: expected %s, found the end of the header", name_of(s),
                            place(s), what);
    return wl_error_set(s->error, WL_BAD_FILE, "%s: byte %lld: expected %s, found 0x%02x",
                        name_of(s), place(s), what,
                        (unsigned)(unsigned char)s->file->header[s->at]);
}

static wl_status expected(scanner *s, const char *what)
{
    peek(s);
    return wrong_byte(s, what);
}

/* One JSON value of at most `limit` bytes, of which *length receives the number. */
static wl_status read_value(scanner *s, size_t limit, const char *what, json_t **out,
                            size_t *length)
{
    *out = NULL;
    if (!peek(s)) return expected(s, what);
    size_t left = s->file->header_length - s->at;
    size_t given = left < limit ? left : limit;
    json_error_t trouble;
    errno = 0;
    *out = json_loadb(s->file->header + s->at, given,
                      JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &trouble);
    *length = (size_t)trouble.position;
    if (*out) return WL_OK;
    if (errno == ENOMEM) return no_memory(s); /* which jansson may call an invalid token */
    if (given < left && *length >= given)
        return wl_error_set(s->error, WL_BAD_FILE,
                            "%s: byte %lld: expected %s of at most %zu bytes, found more",
                            name_of(s), place(s), what, limit);
    return wl_error_set(s->error, WL_BAD_FILE, "%s: byte %lld: expected %s, found bad JSON: %s",
                        name_of(s), place(s) + trouble.position, what, trouble.text);
}

/* A string, unescaped in place: never longer than it was written, quotes included. */
static wl_status read_string(scanner *s, const char *what, const char **out)
{
    if (peek(s) != '"') return expected(s, what);
    json_t *value;
    size_t length;
    wl_status status = read_value(s, WL_SAFETENSORS_MAX_STRING, what, &value, &length);
    if (status) return status;
    char *to = s->file->header + s->at;
    memcpy(to, json_string_value(value), json_string_length(value) + 1);
    json_decref(value);
    s->at += length;
    *out = to;
    return WL_OK;
}

/* Grows an array by an eighth, so that memory follows what was read. */
static int make_room(void *array, int64_t count, int64_t *room, size_t item_size)
{
    if (count < *room) return 0;
    int64_t larger = *room + *room / 8 + 16;
    void **pointer = array;
    void *items = realloc(*pointer, (size_t)larger * item_size);
    if (!items) return -1;
    *pointer = items;
    *room = larger;
    return 0;
}

static wl_status read_pair(scanner *s, wl_safetensors_pair *pair)
{
    wl_status status = read_string(s, "a key of __metadata__", &pair->key);
    if (!status && !take(s, ':')) return expected(s, "a colon");
    if (!status) status = read_string(s, "a string of __metadata__", &pair->value);
    return status;
}

static wl_status read_metadata(scanner *s)
{
    wl_safetensors *file = s->file;
    if (s->has_metadata)
        return wl_error_set(s->error, WL_BAD_FILE,
                            "%s: byte %lld: expected __metadata__ once, found it again", name_of(s),
                            place(s));
    s->has_metadata = 1;
    if (!take(s, '{')) return expected(s, "{ after __metadata__");
    if (take(s, '}')) return WL_OK;
    do {
        if (make_room(&file->metadata, file->metadata_count, &s->metadata_room,
                      sizeof *file->metadata))
            return no_memory(s);
        wl_status status = read_pair(s, &file->metadata[file->metadata_count]);
        if (status) return status;
        file->metadata_count++;
    } while (take(s, ','));
    return take(s, '}') ? WL_OK : expected(s, "a comma or } in __metadata__");
}

static wl_status bad_tensor(const scanner *s, const char *name, const char *what)
{
    return wl_error_set(s->error, WL_BAD_FILE, "%s: tensor %.*s: expected %s", name_of(s), SHOWN,
                        name, what);
}

/* Integers of 0 or more into `to`, at most `most`. Answers how many, or -1. */
static int read_integers(const json_t *array, int64_t *to, size_t most)
{
    size_t n = json_array_size(array);
    if (!json_is_array(array) || n > most) return -1;
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(array, i);
        to[i] = json_is_integer(item) ? json_integer_value(item) : -1;
        if (to[i] < 0) return -1;
    }
    return (int)n;
}

/* Whether shape times element size is `bytes`, with nothing overflowing on the way. */
static int fills(const wl_safetensor *tensor, int bits)
{
    int64_t product = 1;
    for (int i = 0; i < tensor->ndim; i++)
        if (__builtin_mul_overflow(product, tensor->shape[i], &product)) return 0;
    if (__builtin_mul_overflow(product, (int64_t)bits, &product)) return 0;
    return product % 8 == 0 && product / 8 == tensor->bytes;
}

static wl_status fill_tensor(scanner *s, const json_t *value, wl_safetensor *tensor)
{
    const char *name = tensor->name;
    const json_t *dtype_name = json_object_get(value, "dtype");
    if (json_object_size(value) != 3 || !json_is_string(dtype_name))
        return bad_tensor(s, name, "dtype (a string), shape and data_offsets, and no more");
    const wl_safetensors_dtype *dtype = wl_safetensors_dtype_named(json_string_value(dtype_name));
    if (!dtype)
        return wl_error_set(s->error, WL_BAD_FILE,
                            "%s: tensor %.*s: expected a dtype such as F32 or BF16, found %.*s",
                            name_of(s), SHOWN, name, SHOWN, json_string_value(dtype_name));
    int64_t span[2];
    tensor->dtype = dtype->dtype;
    tensor->dtype_name = dtype->name;
    tensor->ndim =
        read_integers(json_object_get(value, "shape"), tensor->shape, WL_SAFETENSORS_MAX_DIMS);
    if (tensor->ndim < 0) return bad_tensor(s, name, "a shape of up to 8 sizes of 0 or more");
    if (read_integers(json_object_get(value, "data_offsets"), span, 2) != 2 || span[0] > span[1])
        return bad_tensor(s, name, "data_offsets [begin, end] with 0 <= begin <= end");
    tensor->offset = span[0];
    tensor->bytes = span[1] - span[0];
    if (fills(tensor, dtype->bits)) return WL_OK;
    return wl_error_set(s->error, WL_BAD_FILE,
                        "%s: tensor %.*s: expected data_offsets that span its shape in %s, found "
                        "a span of %lld bytes",
                        name_of(s), SHOWN, name, dtype->name, (long long)tensor->bytes);
}

static wl_status read_tensor(scanner *s, const char *name)
{
    wl_safetensors *file = s->file;
    if (peek(s) != '{') return expected(s, "{ and the description of a tensor");
    json_t *value;
    size_t length;
    wl_status status =
        read_value(s, MAX_DESCRIPTION, "the description of a tensor", &value, &length);
    if (status) return status;
    if (make_room(&file->tensors, file->count, &s->tensor_room, sizeof *file->tensors)) {
        json_decref(value);
        return no_memory(s);
    }
    wl_safetensor *tensor = &file->tensors[file->count];
    *tensor = (wl_safetensor){ .name = name };
    status = fill_tensor(s, value, tensor);
    json_decref(value);
    s->at += length;
    if (!status) file->count++;
    return status;
}

static wl_status read_member(scanner *s)
{
    const char *name;
    wl_status status = read_string(s, "the name of a tensor", &name);
    if (status) return status;
    if (!take(s, ':')) return expected(s, "a colon");
    return strcmp(name, "__metadata__") == 0 ? read_metadata(s) : read_tensor(s, name);
}

wl_status wl_safetensors_parse(wl_safetensors *file, wl_error *error)
{
    scanner s = { .file = file, .error = error };
    if (file->header_length == 0 || file->header[0] != '{')
        return wrong_byte(&s, "{ at the start of the header");
    s.at = 1;
    if (!take(&s, '}')) {
        wl_status status;
        do status = read_member(&s);
        while (!status && take(&s, ','));
        if (status) return status;
        if (!take(&s, '}')) return expected(&s, "a comma or }");
    }
    peek(&s);
    return s.at == file->header_length ? WL_OK : expected(&s, "the end of the header");
}
