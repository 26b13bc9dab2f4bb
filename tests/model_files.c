/* See model_files.h. */
#include "model_files.h"

void change_digit(const char *from, const char *to, const char *field, char digit)
{
    size_t length;
    char *bytes = read_bytes(in_folder(from), &length);
    char *at = memmem(bytes, length, field, strlen(field));
    assert_non_null(at);
    at[strlen(field)] = digit;
    write_bytes(in_folder(to), bytes, length);
    free(bytes);
}

/* ------------------------------------------------------------------ damage */

static void open_damaged(wl_ctx *ctx, open_model *open, const char *bytes, size_t length)
{
    wl_error error = { "" };
    remove(in_folder("damaged")); /* some file systems flush what is cut and written again */
    write_bytes(in_folder("damaged"), bytes, length);
    const wl_status status = open(ctx, in_folder("damaged"), &error);
    assert_true(status == WL_OK || status == WL_BAD_FILE);
    if (status) assert_true(*error.text);
}

void assert_survives_damage(const char *name, wl_ctx *ctx, open_model *open)
{
    size_t length;
    char *bytes = read_bytes(in_folder(name), &length);
    const size_t header =
        8 + (size_t)(unsigned char)bytes[0] + 256 * (size_t)(unsigned char)bytes[1];
    for (size_t at = 0; at < length; at += 3) {
        if (at >= header && at < length - 40) at = length - 40;
        const char was = bytes[at];
        bytes[at] ^= at % 2 ? 1 : 0x50;
        open_damaged(ctx, open, bytes, length);
        bytes[at] = was;
    }
    for (size_t cut = 0; cut < length; cut += 61) open_damaged(ctx, open, bytes, cut);
    free(bytes);
}

/* ------------------------------------------------------------------ tensors */

static held_tensor hold_tensor(wl_safetensors *file, int64_t i)
{
    const wl_safetensor *t = wl_safetensors_at(file, i);
    wl_error error = { "" };
    held_tensor h = { .entry = { t->name, t->dtype, t->ndim, { 0 } },
                      .bytes = malloc((size_t)t->bytes + 1),
                      .length = (size_t)t->bytes };
    assert_non_null(h.bytes);
    memcpy(h.entry.shape, t->shape, sizeof t->shape);
    if (wl_safetensors_read(file, t, h.bytes, &error)) fail_msg("%s", error.text);
    return h;
}

held_file hold_file(const char *name)
{
    held_file f = { .metadata = { { "format", NULL }, { "model", NULL }, { "config", NULL } } };
    wl_error error = { "" };
    if (wl_safetensors_open(&f.file, in_folder(name), &error)) fail_msg("%s", error.text);
    f.count = wl_safetensors_count(f.file);
    f.tensors = calloc((size_t)f.count, sizeof *f.tensors);
    assert_non_null(f.tensors);
    for (int64_t i = 0; i < f.count; i++) f.tensors[i] = hold_tensor(f.file, i);
    for (int i = 0; i < 3; i++)
        f.metadata[i].value = wl_safetensors_metadata(f.file, f.metadata[i].key);
    return f;
}

void release_file(held_file *f)
{
    for (int64_t i = 0; i < f->count; i++) free(f->tensors[i].bytes);
    free(f->tensors);
    wl_safetensors_close(f->file);
}

static void print_string(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++) fprintf(to, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    fputc('"', to);
}

static void print_tensor(FILE *to, const wl_safetensors_entry *e, size_t from, size_t length)
{
    static const char *const dtypes[] = {
        [WL_F32] = "F32", [WL_F64] = "F64", [WL_F16] = "F16", [WL_BF16] = "BF16",
        [WL_I32] = "I32", [WL_I64] = "I64", [WL_U8] = "U8"
    };
    fprintf(to, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", e->name, dtypes[e->dtype]);
    for (int i = 0; i < e->ndim; i++) fprintf(to, i ? ",%lld" : "%lld", (long long)e->shape[i]);
    fprintf(to, "],\"data_offsets\":[%zu,%zu]}", from, from + length);
}

/* As by the format's page, and without the waiting for the disk that wordloom's own writer does. */
void put_file(const held_file *f, const char *name)
{
    char *header;
    size_t length, at = 0;
    FILE *to = open_memstream(&header, &length);
    assert_non_null(to);
    fputs("{\"__metadata__\":{\"by\":\"a test\"", to);
    for (int i = 0; i < 3; i++) {
        if (!f->metadata[i].value) continue;
        fprintf(to, ",\"%s\":", f->metadata[i].key);
        print_string(to, f->metadata[i].value);
    }
    fputc('}', to);
    for (int64_t i = 0; i < f->count; at += f->tensors[i++].length)
        print_tensor(to, &f->tensors[i].entry, at, f->tensors[i].length);
    fputc('}', to);
    assert_int_equal(fclose(to), 0);
    remove(in_folder(name));
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    for (int i = 0; i < 8; i++) fputc((int)(length >> 8 * i & 255), file);
    fwrite(header, 1, length, file);
    for (int64_t i = 0; i < f->count; i++)
        fwrite(f->tensors[i].bytes, 1, f->tensors[i].length, file);
    assert_int_equal(fclose(file), 0);
    free(header);
}

held_tensor *held(const held_file *f, const char *tensor)
{
    for (int64_t i = 0; i < f->count; i++)
        if (strcmp(f->tensors[i].entry.name, tensor) == 0) return &f->tensors[i];
    fail_msg("no tensor %s", tensor);
    return NULL;
}

void reshape(held_tensor *t, int64_t rows, int64_t columns)
{
    const size_t length = (size_t)(rows * (columns ? columns : 1)) * wl_dtype_size(t->entry.dtype);
    char *bytes = calloc(length + 1, 1);
    assert_non_null(bytes);
    if (t->bytes) memcpy(bytes, t->bytes, length < t->length ? length : t->length);
    free(t->bytes);
    t->bytes = bytes;
    t->length = length;
    t->entry.ndim = columns ? 2 : 1;
    t->entry.shape[0] = rows;
    t->entry.shape[1] = columns;
}

void add_tensor(held_file *f, const char *name, int64_t rows, int64_t columns)
{
    f->tensors = realloc(f->tensors, (size_t)(f->count + 1) * sizeof *f->tensors);
    assert_non_null(f->tensors);
    held_tensor *t = &f->tensors[f->count++];
    *t = (held_tensor){ .entry = { .name = name, .dtype = WL_F32 } };
    reshape(t, rows, columns);
}

void drop_tensor(held_file *f, const char *tensor)
{
    held_tensor *t = held(f, tensor);
    free(t->bytes);
    memmove(t, t + 1, (size_t)(f->tensors + --f->count - t) * sizeof *t);
}
