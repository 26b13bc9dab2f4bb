/* Writing a safetensors file: the header from the caller's list, then the tensors as they come. */
#include "safetensors_dtype.h"
#include "utf8.h"

#include <wordloom/nn/file.h>
#include <wordloom/nn/safetensors.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct wl_safetensors_writer {
    char *name;
    wl_writer *writer;
    int64_t expected, appended; /* bytes of tensors */
    XXH3_state_t *sum;          /* of all bytes so far */
};

static wl_status refuse(const char *path, const char *kind, const char *name, const char *what,
                        wl_error *error)
{
    return wl_error_set(error, WL_OUT_OF_RANGE, "%s: %s %.64s: expected %s", path, kind, name,
                        what);
}

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for its header", path);
}

/* A new member of a JSON object, which takes `value`. -1: no memory. */
static int member(json_t *object, const char *key, json_t *value)
{
    return value ? json_object_set_new(object, key, value) : -1;
}

static int append(json_t *array, int64_t value)
{
    return json_array_append_new(array, json_integer(value));
}

/* A string as JSON; *length receives the bytes it takes there. Null: no memory. */
static json_t *string_of(const char *text, size_t *length)
{
    json_t *string = json_string(text);
    *length = string ? json_dumpb(string, NULL, 0, JSON_ENCODE_ANY) : 0;
    return string;
}

/* Checks that a string can stand in the header. */
static wl_status check_string(const char *path, const char *kind, const char *text, wl_error *error)
{
    size_t length = strlen(text);
    if (wl_invalid_utf8(text, length) < length) return refuse(path, kind, text, "UTF-8", error);
    json_t *string = string_of(text, &length);
    json_decref(string);
    if (!string) return no_memory(path, error);
    if (length <= WL_SAFETENSORS_MAX_STRING) return WL_OK;
    return refuse(path, kind, text, "at most 1048576 bytes as JSON", error);
}

/* The bytes of an entry, or -1 where its dtype or shape is none. */
static int64_t size_of(const wl_safetensors_entry *entry)
{
    const wl_safetensors_dtype *dtype = wl_safetensors_dtype_of(entry->dtype);
    if (!dtype || entry->ndim < 0 || entry->ndim > WL_SAFETENSORS_MAX_DIMS) return -1;
    int64_t bytes = 1;
    for (int i = 0; i < entry->ndim; i++) {
        if (entry->shape[i] < 0) return -1;
        if (__builtin_mul_overflow(bytes, entry->shape[i], &bytes)) return -1;
    }
    if (__builtin_mul_overflow(bytes, (int64_t)dtype->bits, &bytes)) return -1;
    return bytes / 8;
}

/* {"dtype":..,"shape":[..],"data_offsets":[..]}; null: no memory. */
static json_t *describe(const wl_safetensors_entry *entry, int64_t begin, int64_t end)
{
    json_t *object = json_object(), *shape = json_array(), *span = json_array();
    int failed = member(object, "dtype", json_string(wl_safetensors_dtype_of(entry->dtype)->name));
    for (int i = 0; i < entry->ndim; i++) failed |= append(shape, entry->shape[i]);
    failed |= append(span, begin) | append(span, end);
    failed |= member(object, "shape", shape);
    failed |= member(object, "data_offsets", span);
    if (!failed) return object;
    json_decref(object);
    return NULL;
}

static wl_status add_entry(json_t *header, const char *path, const wl_safetensors_entry *entry,
                           int64_t *end, wl_error *error)
{
    wl_status status = check_string(path, "tensor", entry->name, error);
    if (status) return status;
    if (!*entry->name || strcmp(entry->name, "__metadata__") == 0 ||
        json_object_get(header, entry->name))
        return refuse(path, "tensor", entry->name, "a name that no other has", error);
    int64_t begin = *end, bytes = size_of(entry);
    if (bytes < 0 || __builtin_add_overflow(begin, bytes, end))
        return refuse(path, "tensor", entry->name,
                      "a wl_dtype, 0 to 8 axes of 0 or more, and less than 2^63 bits", error);
    return member(header, entry->name, describe(entry, begin, *end)) ? no_memory(path, error)
                                                                     : WL_OK;
}

static wl_status add_metadata(json_t *header, const char *path, const wl_safetensors_pair *pairs,
                              int64_t count, wl_error *error)
{
    if (count == 0) return WL_OK;
    json_t *map = json_object();
    if (member(header, "__metadata__", map)) return no_memory(path, error);
    for (int64_t i = 0; i < count; i++) {
        wl_status status = check_string(path, "__metadata__", pairs[i].key, error);
        if (!status) status = check_string(path, "__metadata__", pairs[i].value, error);
        if (status) return status;
        if (json_object_get(map, pairs[i].key))
            return refuse(path, "__metadata__", pairs[i].key, "a key that no other has", error);
        if (member(map, pairs[i].key, json_string(pairs[i].value))) return no_memory(path, error);
    }
    return WL_OK;
}

static wl_status put(wl_safetensors_writer *writer, const void *from, size_t bytes, wl_error *error)
{
    if (XXH3_64bits_update(writer->sum, from, bytes) != XXH_OK)
        return no_memory(writer->name, error);
    return wl_writer_write(writer->writer, from, bytes, error);
}

/* The length, the header, and spaces up to a multiple of 8. */
static wl_status write_header(wl_safetensors_writer *writer, const json_t *header, wl_error *error)
{
    char *text = json_dumps(header, JSON_COMPACT);
    if (!text) return no_memory(writer->name, error);
    size_t length = strlen(text);
    uint64_t padded = (length + 7) / 8 * 8;
    wl_status status = WL_OK;
    if (padded > WL_SAFETENSORS_MAX_HEADER)
        status = wl_error_set(error, WL_OUT_OF_RANGE,
                              "%s: expected a header of at most %d bytes, found %zu", writer->name,
                              WL_SAFETENSORS_MAX_HEADER, length);
    if (!status) status = put(writer, &padded, sizeof padded, error);
    if (!status) status = put(writer, text, length, error);
    if (!status) status = put(writer, "       ", padded - length, error);
    free(text);
    return status;
}

static wl_status begin(wl_safetensors_writer *writer, const json_t *header, const char *path,
                       wl_error *error)
{
    writer->name = strdup(path);
    writer->sum = XXH3_createState();
    if (!writer->name || !writer->sum || XXH3_64bits_reset(writer->sum) != XXH_OK)
        return no_memory(path, error);
    wl_status status = wl_writer_open(&writer->writer, path, error);
    return status ? status : write_header(writer, header, error);
}

wl_status wl_safetensors_writer_open(wl_safetensors_writer **out, const char *path,
                                     const wl_safetensors_entry *entries, int64_t count,
                                     const wl_safetensors_pair *metadata, int64_t metadata_count,
                                     wl_error *error)
{
    *out = NULL;
    wl_safetensors_writer *writer = calloc(1, sizeof *writer);
    json_t *header = json_object();
    wl_status status = writer && header
                           ? add_metadata(header, path, metadata, metadata_count, error)
                           : no_memory(path, error);
    for (int64_t i = 0; i < count && !status; i++)
        status = add_entry(header, path, &entries[i], &writer->expected, error);
    if (!status) status = begin(writer, header, path, error);
    json_decref(header);
    if (status)
        wl_safetensors_writer_close(writer);
    else
        *out = writer;
    return status;
}

wl_status wl_safetensors_writer_append(wl_safetensors_writer *writer, const void *data,
                                       size_t bytes, wl_error *error)
{
    if (bytes > (uint64_t)(writer->expected - writer->appended))
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: expected %lld bytes of tensors in all, found at least %zu more",
                            writer->name, (long long)writer->expected,
                            bytes - (size_t)(writer->expected - writer->appended));
    wl_status status = put(writer, data, bytes, error);
    if (!status) writer->appended += (int64_t)bytes;
    return status;
}

uint64_t wl_safetensors_writer_checksum(const wl_safetensors_writer *writer)
{
    return XXH3_64bits_digest(writer->sum);
}

wl_status wl_safetensors_writer_commit(wl_safetensors_writer *writer, wl_error *error)
{
    if (writer->appended != writer->expected)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "%s: expected %lld bytes of tensors, found %lld", writer->name,
                            (long long)writer->expected, (long long)writer->appended);
    return wl_writer_commit(writer->writer, error);
}

void wl_safetensors_writer_close(wl_safetensors_writer *writer)
{
    if (!writer) return;
    wl_writer_close(writer->writer);
    XXH3_freeState(writer->sum);
    free(writer->name);
    free(writer);
}
