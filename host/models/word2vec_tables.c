/* The tables of the word2vec model on their way through the host: to callers and to files. */
#include "word2vec.h"

#include "../core/storage.h"
#include "../data/subword.h"

#include <stdlib.h>
#include <string.h>

wl_status wl_word2vec_pass(wl_word2vec *m, const wl_tensor *table, bool out,
                           wl_word2vec_visit *visit, void *user, wl_error *error)
{
    const int64_t all = table->shape[0], most = ((int64_t)1 << 20) / m->D + 1;
    const size_t row = (size_t)m->D * wl_dtype_size(table->dtype);
    char *host = malloc((size_t)(most < all ? most : all) * row);
    if (!host) return wl_error_set(error, WL_NO_MEMORY, "no memory to move a table");
    wl_status status = WL_OK;
    for (int64_t from = 0; !status && from < all; from += most) {
        const int64_t rows = all - from < most ? all - from : most;
        const size_t bytes = (size_t)rows * row;
        char *device = (char *)table->data + (size_t)from * row;
        if (out && (status = wl_ctx_copy(m->ctx, host, device, bytes)))
            wl_word2vec_failed(m, status, error);
        if (!status) status = visit(user, host, from, rows, error);
        if (!status && !out && (status = wl_ctx_copy(m->ctx, device, host, bytes)))
            wl_word2vec_failed(m, status, error);
    }
    free(host);
    return status;
}

/* ------------------------------------------------------------------ as floats */

/* Where rows 0..rows-1 of a table go as floats, without their padding; a null `to` takes none. */
typedef struct floats {
    const wl_word2vec *model;
    int64_t rows;
    float *to;   /* [rows,dim] */
    float *rest; /* [R-rows,dim]: the rows after them, or null */
} floats;

static float load(const void *p, int32_t dtype, int64_t i)
{
    switch (dtype) {
    case WL_F16: return wl_f32_of_f16(((const uint16_t *)p)[i]);
    case WL_BF16: return wl_f32_of_bf16(((const uint16_t *)p)[i]);
    default: return ((const float *)p)[i];
    }
}

static wl_status take_floats(void *user, void *host, int64_t from, int64_t rows, wl_error *error)
{
    const floats *f = user;
    const wl_word2vec *m = f->model;
    const int64_t dim = m->config.dim;
    (void)error;
    for (int64_t row = 0; row < rows; row++) {
        const int64_t at = from + row;
        float *to = at < f->rows ? f->to : f->rest;
        if (!to) continue;
        to += (at < f->rows ? at : at - f->rows) * dim;
        for (int64_t i = 0; i < dim; i++) to[i] = load(host, m->config.dtype, row * m->D + i);
    }
    return WL_OK;
}

wl_status wl_word2vec_tables(wl_word2vec *m, float *input, float *output, wl_error *error)
{
    floats in = { m, m->V, input, NULL }, out = { m, m->V, output, NULL };
    wl_status status =
        input ? wl_word2vec_pass(m, &m->input, true, take_floats, &in, error) : WL_OK;
    if (!status && output) status = wl_word2vec_pass(m, &m->output, true, take_floats, &out, error);
    return status;
}

/* ------------------------------------------------------------------ writing */

static void free_parts(wl_vectors *v)
{
    free(v->table);
    free(v->output);
    free(v->config);
    free(v->subwords);
    free(v->own);
}

static float *rows_of(int64_t rows, int64_t dim, bool *good)
{
    float *made = malloc((size_t)(rows * dim) * sizeof *made + 1);
    *good = *good && made;
    return made;
}

/* The vectors of words with n-grams, from `own` and `subwords`. */
static void compose(wl_vectors *v)
{
    for (int64_t id = 0; id < v->V; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(v->words, id, &length);
        wl_subword_mean(&v->subword, v->own + id * v->D, v->subwords, v->D, word, length,
                        v->table + id * v->D);
    }
}

static wl_status fill(wl_word2vec *m, wl_vectors *v, wl_error *error)
{
    floats in = { m, m->V, v->own ? v->own : v->table, v->subwords };
    wl_status status = wl_word2vec_pass(m, &m->input, true, take_floats, &in, error);
    if (!status && v->output) status = wl_word2vec_tables(m, NULL, v->output, error);
    if (!status && v->own) compose(v);
    return status;
}

wl_status wl_word2vec_write(wl_word2vec *m, const char *path, wl_vectors_format format,
                            wl_error *error)
{
    const int64_t dim = m->config.dim;
    const bool grams = m->config.subword.buckets > 0;
    bool good = true;
    /* the writer changes nothing of the vocabulary, but wl_vectors may own one and so has no const
     */
    wl_vectors v = { .V = m->V, .D = dim, .words = (wl_vocabulary *)m->words };
    v.subword = m->config.subword;
    v.table = rows_of(m->V, dim, &good);
    if (format == WL_VECTORS_SAFETENSORS && !m->tree) v.output = rows_of(m->V, dim, &good);
    if (grams) v.own = rows_of(m->V, dim, &good);
    if (grams) v.subwords = rows_of(v.subword.buckets, dim, &good);
    v.config = wl_word2vec_json(&m->config);
    wl_status status = good && v.config
                           ? fill(m, &v, error)
                           : wl_error_set(error, WL_NO_MEMORY, "%s: no memory to write it", path);
    if (!status) status = wl_vectors_write(&v, path, format, error);
    free_parts(&v);
    return status;
}
