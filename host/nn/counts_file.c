/* Counts as a model file: see <wordloom/nn/counts.h>. */
#include "../data/model_file.h"

#include <wordloom/nn/counts.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static wl_status no_memory(const char *path, wl_error *error)
{
    return wl_error_set(error, WL_NO_MEMORY, "%s: no memory for the counts", path);
}

void wl_counts_destroy(wl_counts *counts)
{
    wl_sparse_destroy(&counts->matrix);
    wl_vocabulary_destroy(counts->words);
    free(counts->config);
    *counts = (wl_counts){ 0 };
}

/* ------------------------------------------------------------------ reading */

/* A row of numbers of one dtype, into new memory. */
static wl_status load_row(void **out, int64_t *count, wl_safetensors *file, const char *name,
                          int32_t dtype, wl_error *error)
{
    const char *path = wl_safetensors_name(file);
    const wl_safetensor *tensor;
    const wl_status status = wl_model_tensor(file, name, 1, &tensor, error);
    if (status) return status;
    if (tensor->dtype != dtype)
        return wl_error_set(error, WL_BAD_FILE, "%s: tensor %s: expected %s, found %s", path, name,
                            dtype == WL_I64 ? "I64" : "I32", tensor->dtype_name);
    *count = tensor->shape[0];
    *out = malloc((size_t)tensor->bytes + 1);
    if (!*out) return no_memory(path, error);
    return wl_safetensors_read(file, tensor, *out, error);
}

static wl_status load_values(wl_sparse *m, wl_safetensors *file, wl_error *error)
{
    static const char name[] = "matrix.values";
    const char *path = wl_safetensors_name(file);
    const wl_safetensor *tensor;
    size_t bytes;
    wl_status status = wl_model_tensor(file, name, 1, &tensor, error);
    if (status) return status;
    if (tensor->shape[0] != m->count)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: tensor %s: expected %" PRId64
                            " of them, one for each column, found %" PRId64,
                            path, name, m->count, tensor->shape[0]);
    if (__builtin_mul_overflow((size_t)m->count, sizeof *m->value, &bytes) ||
        !(m->value = malloc(bytes + 1)))
        return no_memory(path, error);
    status = wl_safetensors_read_f32(file, tensor, m->value, error);
    for (int64_t i = 0; i < m->count && !status; i++)
        if (!isfinite(m->value[i]))
            status = wl_error_set(error, WL_BAD_FILE,
                                  "%s: tensor %s: number %" PRId64
                                  ": expected a finite number, found %g",
                                  path, name, i, (double)m->value[i]);
    return status;
}

static wl_status check_offsets(const wl_sparse *m, const char *path, wl_error *error)
{
    if (m->rows < 1 || m->rows > INT32_MAX)
        return wl_error_set(error, WL_BAD_FILE,
                            "%s: tensor matrix.offsets: expected 2 to 2^31 of them, found %" PRId64,
                            path, m->rows + 1);
    for (int64_t i = 0; i <= m->rows; i++) {
        const int64_t least = i ? m->offsets[i - 1] : 0;
        const int64_t most = i ? m->count : 0;
        if (m->offsets[i] < least || m->offsets[i] > most)
            return wl_error_set(error, WL_BAD_FILE,
                                "%s: tensor matrix.offsets: number %" PRId64 ": expected %" PRId64
                                " to %" PRId64 ", found %" PRId64,
                                path, i, least, most, m->offsets[i]);
    }
    if (m->offsets[m->rows] == m->count) return WL_OK;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: tensor matrix.offsets: expected %" PRId64
                        " at last, one for each column, found %" PRId64,
                        path, m->count, m->offsets[m->rows]);
}

static wl_status check_columns(const wl_sparse *m, const char *path, wl_error *error)
{
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t at = m->offsets[i]; at < m->offsets[i + 1]; at++) {
            const int64_t least = at > m->offsets[i] ? (int64_t)m->column[at - 1] + 1 : 0;
            if (m->column[at] < least || m->column[at] >= m->columns)
                return wl_error_set(error, WL_BAD_FILE,
                                    "%s: tensor matrix.columns: number %" PRId64 ", of row %" PRId64
                                    ": expected %" PRId64 " to %" PRId64 ", found %" PRId32,
                                    path, at, i, least, m->columns - 1, m->column[at]);
        }
    return WL_OK;
}

static wl_status load_matrix(wl_sparse *m, wl_safetensors *file, wl_error *error)
{
    const char *path = wl_safetensors_name(file);
    int64_t offsets = 0;
    void *row = NULL;
    wl_status status = load_row(&row, &offsets, file, "matrix.offsets", WL_I64, error);
    m->offsets = row;
    m->rows = m->columns = offsets - 1;
    if (status) return status;
    row = NULL;
    status = load_row(&row, &m->count, file, "matrix.columns", WL_I32, error);
    m->column = row;
    if (!status) status = check_offsets(m, path, error);
    if (!status) status = check_columns(m, path, error);
    return status ? status : load_values(m, file, error);
}

static wl_status load_words(wl_counts *c, wl_safetensors *file, wl_error *error)
{
    const wl_status status = wl_model_words(&c->words, file, "vocabulary", error);
    if (status || wl_vocabulary_size(c->words) == c->matrix.rows) return status;
    return wl_error_set(error, WL_BAD_FILE,
                        "%s: tensor vocabulary: expected %" PRId64
                        " words, one for each row of the matrix, found %" PRId64,
                        wl_safetensors_name(file), c->matrix.rows, wl_vocabulary_size(c->words));
}

static wl_status load_config(wl_counts *c, const wl_safetensors *file, wl_error *error)
{
    const char *config = wl_safetensors_metadata(file, "config");
    c->config = config ? strdup(config) : NULL;
    return config && !c->config ? no_memory(wl_safetensors_name(file), error) : WL_OK;
}

wl_status wl_counts_read(wl_counts *out, const char *path, wl_error *error)
{
    wl_safetensors *file;
    *out = (wl_counts){ 0 };
    wl_status status = wl_safetensors_open(&file, path, error);
    if (status) return status;
    status = wl_model_check(file, "counts", error);
    if (!status) status = load_matrix(&out->matrix, file, error);
    if (!status) status = load_words(out, file, error);
    if (!status) status = load_config(out, file, error);
    wl_safetensors_close(file);
    if (status) wl_counts_destroy(out);
    return status;
}

int wl_counts_recognise(const char *path)
{
    struct stat about;
    wl_safetensors *file;
    if (stat(path, &about) || !S_ISREG(about.st_mode)) return 0;
    if (wl_safetensors_open(&file, path, NULL)) return 0;
    const int counts = wl_model_check(file, "counts", NULL) == WL_OK;
    wl_safetensors_close(file);
    return counts;
}

/* ------------------------------------------------------------------ writing */

static wl_status begin(const wl_counts *c, const char *path, size_t words,
                       wl_safetensors_writer **out, wl_error *error)
{
    const wl_safetensors_entry entries[] = {
        { "matrix.offsets", WL_I64, 1, { c->matrix.rows + 1 } },
        { "matrix.columns", WL_I32, 1, { c->matrix.count } },
        { "matrix.values", WL_F32, 1, { c->matrix.count } },
        { "vocabulary", WL_U8, 1, { (int64_t)words } },
    };
    const wl_safetensors_pair metadata[] = { { "format", "wordloom" },
                                             { "model", "counts" },
                                             { "config", c->config } };
    return wl_safetensors_writer_open(out, path, entries, 4, metadata, c->config ? 3 : 2, error);
}

wl_status wl_counts_write(const wl_counts *c, const char *path, wl_error *error)
{
    const wl_sparse *m = &c->matrix;
    const size_t n = (size_t)m->count;
    char *words;
    size_t length;
    if (wl_vocabulary_encode(c->words, &words, &length)) return no_memory(path, error);
    const struct {
        const void *data;
        size_t bytes;
    } parts[] = { { m->offsets, ((size_t)m->rows + 1) * sizeof *m->offsets },
                  { m->column, n * sizeof *m->column },
                  { m->value, n * sizeof *m->value },
                  { words, length } };
    wl_safetensors_writer *writer = NULL;
    wl_status status = begin(c, path, length, &writer, error);
    for (int i = 0; i < 4 && !status; i++)
        status = wl_safetensors_writer_append(writer, parts[i].data, parts[i].bytes, error);
    if (!status) status = wl_safetensors_writer_commit(writer, error);
    wl_safetensors_writer_close(writer);
    free(words);
    return status;
}
