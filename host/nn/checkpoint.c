/* Checkpoints of <wordloom/nn/checkpoint.h>. */
#include <wordloom/nn/checkpoint.h>
#include <wordloom/nn/safetensors.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 4 << 20, MOST_TENSORS = 512 };

static const char checksum_name[] = "checksum";

/* A checkpoint with what goes into its file besides the tensors. */
typedef struct job {
    const wl_checkpoint *c;
    const char *path;
    char model[64], text[32];
    char *words; /* the vocabulary's bytes */
    size_t length;
} job;

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the checkpoint", path);
}

static wl_status describe(job *j, const wl_checkpoint *c, const char *path, wl_error *error)
{
    *j = (job){ .c = c, .path = path };
    if (c->count > MOST_TENSORS)
        return wl_error_set(error, WL_OUT_OF_RANGE, "%s: expected at most %d tensors", path,
                            MOST_TENSORS);
    snprintf(j->model, sizeof j->model, "%s checkpoint", c->model);
    snprintf(j->text, sizeof j->text, "%016" PRIx64, c->text);
    if (!c->config || wl_vocabulary_encode(c->words, &j->words, &j->length))
        return no_memory(path, error);
    return WL_OK;
}

static int64_t elements_of(const wl_tensor *t)
{
    int64_t n = t->ndim > 0;
    for (int32_t i = 0; i < t->ndim; i++) n *= t->shape[i];
    return n;
}

static size_t bytes_of(const wl_tensor *t)
{
    return (size_t)elements_of(t) * wl_dtype_size(t->dtype);
}

static bool is_there(const wl_checkpoint_tensor *t) { return elements_of(&t->tensor) > 0; }

/* ------------------------------------------------------------------ saving */

/* The tensors in the order of the file; answers how many. */
static int64_t list_entries(const job *j, wl_safetensors_entry entries[MOST_TENSORS + 2])
{
    int64_t n = 0;
    for (int64_t i = 0; i < j->c->count; i++) {
        const wl_checkpoint_tensor *t = &j->c->tensors[i];
        if (!is_there(t)) continue;
        entries[n] = (wl_safetensors_entry){ t->name, t->tensor.dtype, t->tensor.ndim, { 0 } };
        memcpy(entries[n++].shape, t->tensor.shape, sizeof t->tensor.shape);
    }
    entries[n++] = (wl_safetensors_entry){ "vocabulary", WL_U8, 1, { (int64_t)j->length } };
    entries[n++] = (wl_safetensors_entry){ checksum_name, WL_I64, 1, { 1 } };
    return n;
}

static wl_status copied(const wl_ctx *ctx, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(ctx)) : WL_OK;
}

/* A tensor passes through the host in pieces: each is handed over after it came from the device, or
 * before it goes there. */
typedef wl_status piece_call(void *user, char *bytes, size_t from, size_t count, wl_error *error);

static wl_status in_pieces(const wl_checkpoint_tensor *t, bool out, piece_call *call, void *user,
                           const char *path, wl_error *error)
{
    const size_t all = bytes_of(&t->tensor);
    char *base = t->tensor.data, *room = t->ctx ? malloc(PIECE) : NULL;
    wl_status status = WL_OK;
    if (!t->ctx) return call(user, base, 0, all, error);
    if (!room) return no_memory(path, error);
    for (size_t from = 0; from < all && !status; from += PIECE) {
        const size_t count = all - from < PIECE ? all - from : PIECE;
        if (out) status = copied(t->ctx, wl_ctx_copy(t->ctx, room, base + from, count), error);
        if (!status) status = call(user, room, from, count, error);
        if (!status && !out)
            status = copied(t->ctx, wl_ctx_copy(t->ctx, base + from, room, count), error);
    }
    free(room);
    return status;
}

static wl_status append_piece(void *user, char *bytes, size_t from, size_t count, wl_error *error)
{
    (void)from;
    return wl_safetensors_writer_append(user, bytes, count, error);
}

static wl_status append_all(const job *j, wl_safetensors_writer *to, wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t i = 0; i < j->c->count && !status; i++)
        if (is_there(&j->c->tensors[i]))
            status = in_pieces(&j->c->tensors[i], true, append_piece, to, j->path, error);
    if (!status) status = wl_safetensors_writer_append(to, j->words, j->length, error);
    if (status) return status;
    const uint64_t checksum = wl_safetensors_writer_checksum(to);
    return wl_safetensors_writer_append(to, &checksum, sizeof checksum, error);
}

static wl_status write_file(const job *j, wl_error *error)
{
    const wl_safetensors_pair metadata[] = { { "format", "wordloom" },
                                             { "model", j->model },
                                             { "config", j->c->config },
                                             { "text", j->text } };
    wl_safetensors_entry entries[MOST_TENSORS + 2];
    wl_safetensors_writer *writer;
    wl_status status = wl_safetensors_writer_open(&writer, j->path, entries,
                                                  list_entries(j, entries), metadata, 4, error);
    if (status) return status;
    status = append_all(j, writer, error);
    if (!status) status = wl_safetensors_writer_commit(writer, error);
    wl_safetensors_writer_close(writer);
    return status;
}

wl_status wl_checkpoint_save(const wl_checkpoint *c, const char *path, wl_error *error)
{
    job j;
    wl_status status = describe(&j, c, path, error);
    if (!status) status = write_file(&j, error);
    free(j.words);
    return status;
}

/* ------------------------------------------------------------------ checking */

static wl_status bad(const wl_safetensors *file, const char *what, wl_error *error)
{
    return wl_error_set(error, WL_BAD_FILE, "%s: expected %s", wl_safetensors_name(file), what);
}

static wl_status other(const wl_safetensors *file, const char *what, wl_error *error)
{
    return wl_error_set(error, WL_OUT_OF_RANGE, "%s: the checkpoint is of another run: %s differs",
                        wl_safetensors_name(file), what);
}

static wl_status check_bytes(const job *j, wl_safetensors *file, wl_error *error)
{
    const wl_safetensor *last = wl_safetensors_at(file, wl_safetensors_count(file) - 1);
    const char *model = wl_safetensors_metadata(file, "model");
    char wanted[80];
    uint64_t told, found;
    snprintf(wanted, sizeof wanted, "a checkpoint of %s", j->c->model);
    if (!model || strcmp(model, j->model)) return bad(file, wanted, error);
    if (!last || strcmp(last->name, checksum_name) || last->bytes != sizeof told)
        return bad(file, "a tensor checksum of eight bytes at its end", error);
    wl_status status = wl_safetensors_checksum(file, last, &found, error);
    if (!status) status = wl_safetensors_read(file, last, &told, error);
    if (status || told == found) return status;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: expected the checksum %016" PRIx64 ", found %016" PRIx64
                        ": the file was changed or cut",
                        wl_safetensors_name(file), told, found);
}

/* The first option that both configurations do not have alike, and how each has it. */
static wl_status compare_options(const wl_safetensors *file, json_t *saved, json_t *now,
                                 wl_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach(now, name, value)
    {
        json_t *was = json_object_get(saved, name);
        if (json_equal(value, was)) continue;
        char *one = json_dumps(was, JSON_ENCODE_ANY), *two = json_dumps(value, JSON_ENCODE_ANY);
        const wl_status status =
            wl_error_set(error, WL_OUT_OF_RANGE,
                         "%s: the checkpoint is of another run: its %s is %s, that of this run %s",
                         wl_safetensors_name(file), name, one ? one : "none", two ? two : "none");
        free(one);
        free(two);
        return status;
    }
    return other(file, "the configuration", error);
}

static wl_status check_config(const job *j, const wl_safetensors *file, wl_error *error)
{
    const char *text = wl_safetensors_metadata(file, "config");
    if (!text) return bad(file, "a configuration", error);
    if (!strcmp(text, j->c->config)) return WL_OK;
    json_t *saved = json_loads(text, 0, NULL), *now = json_loads(j->c->config, 0, NULL);
    const wl_status status = compare_options(file, saved, now, error);
    json_decref(saved);
    json_decref(now);
    return status;
}

static bool same_form(const wl_safetensor *t, const wl_tensor *wanted)
{
    bool same = t->dtype == wanted->dtype && t->ndim == wanted->ndim;
    for (int32_t i = 0; i < wanted->ndim && same; i++) same = t->shape[i] == wanted->shape[i];
    return same;
}

/* A piece of a tensor's bytes in the file; the same ones are wanted. */
typedef struct comparison {
    wl_safetensors *file;
    const wl_safetensor *tensor;
    bool same;
} comparison;

static wl_status compare_piece(void *user, char *bytes, size_t from, size_t count, wl_error *error)
{
    comparison *c = user;
    wl_safetensor part = *c->tensor;
    char *found = malloc(count + 1);
    if (!found) return no_memory(wl_safetensors_name(c->file), error);
    part.offset += (int64_t)from;
    part.bytes = (int64_t)count;
    const wl_status status = wl_safetensors_read(c->file, &part, found, error);
    c->same = c->same && !status && !memcmp(found, bytes, count);
    free(found);
    return status;
}

/* The file has the tensor in its form and, where it is fixed, with its bytes. */
static wl_status check_tensor(wl_safetensors *file, const wl_checkpoint_tensor *t, wl_error *error)
{
    comparison c = { file, wl_safetensors_find(file, t->name), true };
    wl_status status = WL_OK;
    if (!is_there(t)) return WL_OK;
    if (!c.tensor) return bad(file, "the tensors of a checkpoint", error);
    if (!same_form(c.tensor, &t->tensor)) return other(file, t->what, error);
    if (t->fixed) status = in_pieces(t, true, compare_piece, &c, wl_safetensors_name(file), error);
    return status || c.same ? status : other(file, t->what, error);
}

static wl_status check_tensors(const job *j, wl_safetensors *file, wl_error *error)
{
    const wl_checkpoint_tensor words = {
        .name = "vocabulary",
        .tensor = { j->words, WL_U8, 1, { (int64_t)j->length }, { 0 } },
        .fixed = 1,
        .what = "the vocabulary"
    };
    const char *text = wl_safetensors_metadata(file, "text");
    wl_status status = check_tensor(file, &words, error);
    for (int64_t i = 0; i < j->c->count && !status; i++)
        status = check_tensor(file, &j->c->tensors[i], error);
    if (status) return status;
    return text && !strcmp(text, j->text) ? WL_OK : other(file, "the text", error);
}

/* ------------------------------------------------------------------ loading */

/* Reads a piece of the tensor. */
static wl_status read_piece(void *user, char *bytes, size_t from, size_t count, wl_error *error)
{
    const comparison *c = user;
    wl_safetensor part = *c->tensor;
    part.offset += (int64_t)from;
    part.bytes = (int64_t)count;
    return wl_safetensors_read(c->file, &part, bytes, error);
}

/* The state that lies on a device, or in the host's memory. */
static wl_status read_state(const job *j, wl_safetensors *file, bool on_device, wl_error *error)
{
    wl_status status = WL_OK;
    for (int64_t i = 0; i < j->c->count && !status; i++) {
        const wl_checkpoint_tensor *t = &j->c->tensors[i];
        comparison c = { file, wl_safetensors_find(file, t->name), true };
        if (t->fixed || !is_there(t) || (t->ctx != NULL) != on_device) continue;
        status = in_pieces(t, false, read_piece, &c, wl_safetensors_name(file), error);
    }
    return status;
}

static wl_status load(const job *j, wl_safetensors *file, wl_error *error)
{
    wl_status status = check_bytes(j, file, error);
    if (!status) status = check_config(j, file, error);
    if (!status) status = check_tensors(j, file, error);
    if (!status) status = read_state(j, file, false, error);
    if (!status && j->c->check) status = j->c->check(j->c->user, wl_safetensors_name(file), error);
    return status ? status : read_state(j, file, true, error);
}

wl_status wl_checkpoint_load(const wl_checkpoint *c, const char *path, wl_error *error)
{
    wl_safetensors *file;
    job j;
    wl_status status = describe(&j, c, path, error);
    if (!status) status = wl_safetensors_open(&file, path, error);
    if (!status) {
        status = load(&j, file, error);
        wl_safetensors_close(file);
    }
    free(j.words);
    return status;
}
