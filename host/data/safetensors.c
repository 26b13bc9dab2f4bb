/* Opening a safetensors file: the length of the header, the order of the tensors, and their data.
 */
#include "safetensors_dtype.h"
#include "safetensors_header.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { SHOWN = 64 };

static wl_status read_header(wl_safetensors *file, wl_error *error)
{
    const char *name = wl_reader_name(file->reader);
    uint64_t length;
    wl_status status = wl_reader_read(file->reader, &length, sizeof length, error);
    if (status) return status;
    uint64_t rest = (uint64_t)wl_reader_size(file->reader) - sizeof length;
    if (length > WL_SAFETENSORS_MAX_HEADER || length > rest)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: byte 0: expected a header of at most %d bytes within the %llu "
                            "that follow, found a length of %llu",
                            name, WL_SAFETENSORS_MAX_HEADER, (unsigned long long)rest,
                            (unsigned long long)length);
    file->header_length = length;
    file->header = malloc(length + 1);
    if (!file->header)
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for a header of %llu bytes", name,
                            (unsigned long long)length);
    file->header[length] = 0;
    return wl_reader_read(file->reader, file->header, length, error);
}

/* Gives back what an array grew beyond its items. Failing to is harmless. */
static void trim(void *array, int64_t count, size_t item_size)
{
    void **pointer = array;
    void *smaller = count > 0 ? realloc(*pointer, (size_t)count * item_size) : NULL;
    if (smaller) *pointer = smaller;
}

/* Tensors without bytes come before the one that begins where they lie. */
static int by_offset(const void *left, const void *right)
{
    const wl_safetensor *a = left, *b = right;
    if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    return strcmp(a->name, b->name);
}

static wl_status check_spans(wl_safetensors *file, int64_t data, wl_error *error)
{
    const char *name = wl_reader_name(file->reader);
    int64_t end = 0, start = wl_reader_size(file->reader) - data;
    for (int64_t i = 0; i < file->count; i++) {
        wl_safetensor *tensor = &file->tensors[i];
        if (tensor->offset != end)
            return wl_error_set(error, WL_BAD_FILE,
                                "%s: tensor %.*s: expected data_offsets that begin at %lld, where "
                                "the bytes before it end, found %lld",
                                name, SHOWN, tensor->name, (long long)end,
                                (long long)tensor->offset);
        if (tensor->bytes > data - end)
            return wl_error_set(error, WL_BAD_FILE,
                                "%s: tensor %.*s: expected data_offsets within the %lld bytes that "
                                "follow the header, found an end at %lld",
                                name, SHOWN, tensor->name, (long long)data,
                                (long long)(tensor->offset + tensor->bytes));
        end += tensor->bytes;
        tensor->offset += start;
    }
    if (end == data) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: byte %lld: expected the end of the file after the last tensor, found "
                        "%lld more bytes",
                        name, (long long)(start + end), (long long)(data - end));
}

static int by_tensor_name(const void *left, const void *right, void *tensors)
{
    const wl_safetensor *all = tensors;
    return strcmp(all[*(const uint32_t *)left].name, all[*(const uint32_t *)right].name);
}

static wl_status index_names(wl_safetensors *file, wl_error *error)
{
    const char *name = wl_reader_name(file->reader);
    file->by_name = malloc((size_t)file->count * sizeof *file->by_name + 1);
    if (!file->by_name)
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for %lld tensors", name,
                            (long long)file->count);
    for (int64_t i = 0; i < file->count; i++) file->by_name[i] = (uint32_t)i;
    qsort_r(file->by_name, (size_t)file->count, sizeof *file->by_name, by_tensor_name,
            file->tensors);
    for (int64_t i = 1; i < file->count; i++) {
        const char *one = file->tensors[file->by_name[i]].name;
        if (strcmp(one, file->tensors[file->by_name[i - 1]].name) != 0) continue;
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: tensor %.*s: expected each name once, found it again", name, SHOWN,
                            one);
    }
    return WL_OK;
}

static int by_key(const void *left, const void *right)
{
    const wl_safetensors_pair *a = left, *b = right;
    return strcmp(a->key, b->key);
}

static wl_status index_metadata(wl_safetensors *file, wl_error *error)
{
    wl_safetensors_pair *pairs = file->metadata;
    if (file->metadata_count > 0) qsort(pairs, (size_t)file->metadata_count, sizeof *pairs, by_key);
    for (int64_t i = 1; i < file->metadata_count; i++) {
        if (strcmp(pairs[i].key, pairs[i - 1].key) != 0) continue;
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: __metadata__ %.*s: expected each key once, found it again",
                            wl_reader_name(file->reader), SHOWN, pairs[i].key);
    }
    return WL_OK;
}

static wl_status load(wl_safetensors *file, wl_error *error)
{
    wl_reader_seek(file->reader, 0);
    wl_status status = read_header(file, error);
    if (!status) status = wl_safetensors_parse(file, error);
    if (status) return status;
    trim(&file->tensors, file->count, sizeof *file->tensors);
    trim(&file->metadata, file->metadata_count, sizeof *file->metadata);
    if (file->count > 0)
        qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, by_offset);
    int64_t data = wl_reader_size(file->reader) - 8 - (int64_t)file->header_length;
    status = check_spans(file, data, error);
    if (!status) status = index_names(file, error);
    if (!status) status = index_metadata(file, error);
    return status;
}

wl_status wl_safetensors_take(wl_safetensors **out, wl_reader *reader, wl_error *error)
{
    *out = NULL;
    wl_safetensors *file = calloc(1, sizeof *file);
    if (!file) {
        wl_error_set(error, WL_NO_MEMORY, "%s: no memory to open it", wl_reader_name(reader));
        wl_reader_close(reader);
        return WL_NO_MEMORY;
    }
    file->reader = reader;
    wl_status status = load(file, error);
    if (status)
        wl_safetensors_close(file);
    else
        *out = file;
    return status;
}

wl_status wl_safetensors_open(wl_safetensors **out, const char *path, wl_error *error)
{
    *out = NULL;
    wl_reader *reader;
    wl_status status = wl_reader_open(&reader, path, error);
    return status ? status : wl_safetensors_take(out, reader, error);
}

void wl_safetensors_close(wl_safetensors *file)
{
    if (!file) return;
    wl_reader_close(file->reader);
    free(file->header);
    free(file->tensors);
    free(file->by_name);
    free(file->metadata);
    free(file);
}

const char *wl_safetensors_name(const wl_safetensors *file) { return wl_reader_name(file->reader); }

int64_t wl_safetensors_count(const wl_safetensors *file) { return file->count; }

const wl_safetensor *wl_safetensors_at(const wl_safetensors *file, int64_t index)
{
    return index >= 0 && index < file->count ? &file->tensors[index] : NULL;
}

const wl_safetensor *wl_safetensors_find(const wl_safetensors *file, const char *name)
{
    int64_t low = 0, high = file->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        const wl_safetensor *tensor = &file->tensors[file->by_name[middle]];
        int order = strcmp(name, tensor->name);
        if (order == 0) return tensor;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *wl_safetensors_metadata(const wl_safetensors *file, const char *key)
{
    if (file->metadata_count == 0) return NULL;
    wl_safetensors_pair wanted = { key, NULL };
    const wl_safetensors_pair *pair =
        bsearch(&wanted, file->metadata, (size_t)file->metadata_count, sizeof wanted, by_key);
    return pair ? pair->value : NULL;
}

int64_t wl_safetensors_elements(const wl_safetensor *tensor)
{
    int64_t product = 1;
    for (int i = 0; i < tensor->ndim; i++) product *= tensor->shape[i];
    return product;
}

wl_status wl_safetensors_read(wl_safetensors *file, const wl_safetensor *tensor, void *to,
                              wl_error *error)
{
    wl_reader_seek(file->reader, tensor->offset);
    return wl_reader_read(file->reader, to, (size_t)tensor->bytes, error);
}

wl_status wl_safetensors_read_f32(wl_safetensors *file, const wl_safetensor *tensor, float *to,
                                  wl_error *error)
{
    enum { STAGED = 2048 };
    if (tensor->dtype == WL_F32) return wl_safetensors_read(file, tensor, to, error);
    const wl_safetensors_dtype *dtype = wl_safetensors_dtype_named(tensor->dtype_name);
    if (!dtype->widen)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: tensor %.*s: expected F32, F16, BF16 or F64, found %s",
                            wl_reader_name(file->reader), SHOWN, tensor->name, dtype->name);
    wl_status status = WL_OK;
    double stage[STAGED];
    int64_t left = wl_safetensors_elements(tensor);
    wl_reader_seek(file->reader, tensor->offset);
    for (size_t n; left > 0 && !status; left -= (int64_t)n, to += n) {
        n = left < STAGED ? (size_t)left : STAGED;
        status = wl_reader_read(file->reader, stage, n * (size_t)dtype->bits / 8, error);
        if (!status) dtype->widen(to, stage, n);
    }
    return status;
}

static wl_status sum_bytes(wl_reader *reader, int64_t left, XXH3_state_t *sum, wl_error *error)
{
    char bytes[1 << 14];
    wl_status status = WL_OK;
    wl_reader_seek(reader, 0);
    for (size_t n; left > 0 && !status; left -= (int64_t)n) {
        n = left < (int64_t)sizeof bytes ? (size_t)left : sizeof bytes;
        status = wl_reader_read(reader, bytes, n, error);
        if (!status && XXH3_64bits_update(sum, bytes, n) != XXH_OK) status = WL_NO_MEMORY;
    }
    return status;
}

wl_status wl_safetensors_checksum(wl_safetensors *file, const wl_safetensor *before, uint64_t *out,
                                  wl_error *error)
{
    XXH3_state_t *sum = XXH3_createState();
    if (!sum || XXH3_64bits_reset(sum) != XXH_OK) {
        XXH3_freeState(sum);
        return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for a checksum",
                            wl_reader_name(file->reader));
    }
    wl_status status = sum_bytes(file->reader, before->offset, sum, error);
    *out = XXH3_64bits_digest(sum);
    XXH3_freeState(sum);
    return status;
}
