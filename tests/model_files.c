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

void put_file(const held_file *f, const char *name)
{
    wl_safetensors_entry *entries = calloc((size_t)f->count, sizeof *entries);
    wl_safetensors_pair metadata[3];
    wl_safetensors_writer *writer;
    wl_error error = { "" };
    int64_t pairs = 0;
    assert_non_null(entries);
    for (int64_t i = 0; i < f->count; i++) entries[i] = f->tensors[i].entry;
    for (int i = 0; i < 3; i++)
        if (f->metadata[i].value) metadata[pairs++] = f->metadata[i];
    if (wl_safetensors_writer_open(&writer, in_folder(name), entries, f->count, metadata, pairs,
                                   &error))
        fail_msg("%s", error.text);
    for (int64_t i = 0; i < f->count; i++) {
        const held_tensor *t = &f->tensors[i];
        if (wl_safetensors_writer_append(writer, t->bytes, t->length, &error))
            fail_msg("%s", error.text);
    }
    if (wl_safetensors_writer_commit(writer, &error)) fail_msg("%s", error.text);
    wl_safetensors_writer_close(writer);
    free(entries);
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
