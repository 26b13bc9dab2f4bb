/* The word2vec model before training: its tables' first numbers, the rows of n-grams, and what
 * subsampling keeps. */
#include "word2vec.h"

#include "../core/philox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1 << 20 };

/* ------------------------------------------------------------------ n-grams */

static int64_t count_pieces(const wl_word2vec *m, int64_t id)
{
    size_t length;
    const char *word = wl_vocabulary_word(m->words, id, &length);
    return wl_subword_rows(&m->config.subword, word, length, NULL, 0);
}

static wl_status measure_pieces(wl_word2vec *m, wl_error *error)
{
    for (int64_t id = 0; id < m->V; id++) {
        const int64_t n = count_pieces(m, id);
        if (n > LONGEST || m->G > INT32_MAX - n)
            return wl_error_set(error, WL_OUT_OF_RANGE,
                                "n-grams: expected at most %d of a word and 2^31 - 1 in all, found "
                                "%lld of \"%.64s\"",
                                LONGEST, (long long)n, wl_vocabulary_word(m->words, id, NULL));
        m->G += n;
        if (n > m->longest) m->longest = n;
    }
    return WL_OK;
}

wl_status wl_word2vec_list_pieces(wl_word2vec *m, wl_error *error)
{
    if (m->config.subword.buckets == 0) return WL_OK;
    if (m->config.subword.buckets > INT32_MAX - m->V)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "word2vec: expected less than 2^31 words and buckets together, found "
                            "%lld and %lld",
                            (long long)m->V, (long long)m->config.subword.buckets);
    const wl_status status = measure_pieces(m, error);
    if (status || m->G == 0) return status;
    m->host_spans = malloc((size_t)(2 * m->V) * sizeof *m->host_spans);
    m->host_pieces = malloc((size_t)m->G * sizeof *m->host_pieces);
    if (!m->host_spans || !m->host_pieces)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for the words' n-grams");
    int64_t at = 0;
    for (int64_t id = 0; id < m->V; id++) {
        size_t length;
        const char *word = wl_vocabulary_word(m->words, id, &length);
        const int64_t n =
            wl_subword_rows(&m->config.subword, word, length, m->host_pieces + at, m->G - at);
        m->host_spans[2 * id] = (int32_t)at;
        m->host_spans[2 * id + 1] = (int32_t)n;
        for (int64_t i = at; i < at + n; i++) m->host_pieces[i] += (int32_t)m->V;
        at += n;
    }
    return WL_OK;
}

/* ------------------------------------------------------------------ tables */

static void store(void *p, int32_t dtype, int64_t i, float x)
{
    switch (dtype) {
    case WL_F16: ((uint16_t *)p)[i] = wl_f16_of_f32(x); break;
    case WL_BF16: ((uint16_t *)p)[i] = wl_bf16_of_f32(x); break;
    default: ((float *)p)[i] = x; break;
    }
}

static wl_status clear_rows(void *model, void *host, int64_t from, int64_t rows, wl_error *error)
{
    const wl_word2vec *m = model;
    (void)from, (void)error;
    memset(host, 0, (size_t)(rows * m->D) * wl_dtype_size(m->config.dtype));
    return WL_OK;
}

/* Uniform in -init_range/dim..init_range/dim; the same numbers, but for rounding, whatever the
 * dtype. */
static wl_status draw_rows(void *model, void *host, int64_t from, int64_t rows, wl_error *error)
{
    const wl_word2vec *m = model;
    const int64_t dim = m->config.dim;
    const double range = m->config.init_range / (double)dim;
    clear_rows(model, host, from, rows, error);
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < dim; i++) {
            const uint64_t element = (uint64_t)((from + row) * dim + i);
            const wl_random r = wl_philox(m->config.seed, element / 4, 0, WL_PURPOSE_INITIAL);
            const double unit = (r.word[element % 4] + 0.5) * 0x1p-32;
            store(host, m->config.dtype, row * m->D + i, (float)((2 * unit - 1) * range));
        }
    }
    return WL_OK;
}

/* ------------------------------------------------------------------ subsampling */

/* word2vec.c: (sqrt(f / sample) + 1) sample / f, f being the word's share of the text. (Mikolov
 * et al. 2013 print sqrt(sample / f).) */
static double keep_probability(double count, double total, double sample)
{
    const double f = count / total;
    if (sample <= 0 || f <= 0) return 1;
    return (sqrt(f / sample) + 1) * sample / f;
}

/* As 32 random bits are compared with it: p 2^32, less 1. */
static uint32_t threshold(double p)
{
    if (p >= 1) return UINT32_MAX;
    return p * 0x1p32 < 1 ? 0 : (uint32_t)(p * 0x1p32) - 1;
}

static wl_status send(wl_word2vec *m, const wl_tensor *to, const void *from, wl_error *error)
{
    const int64_t n = to->shape[0] * (to->ndim > 1 ? to->shape[1] : 1);
    const wl_status status =
        wl_ctx_copy(m->ctx, to->data, from, (size_t)n * wl_dtype_size(to->dtype));
    return status ? wl_word2vec_failed(m, status, error) : WL_OK;
}

static wl_status send_thresholds(wl_word2vec *m, wl_error *error)
{
    const double total = (double)wl_vocabulary_kept_tokens(m->words);
    uint32_t *keep = malloc((size_t)m->V * sizeof *keep);
    if (!keep) return wl_error_set(error, WL_NO_MEMORY, "no memory for the words' probabilities");
    for (int64_t i = 0; i < m->V; i++)
        keep[i] = threshold(
            keep_probability((double)wl_vocabulary_count(m->words, i), total, m->config.sample));
    const wl_status status = send(m, &m->keep, keep, error);
    free(keep);
    return status;
}

wl_status wl_word2vec_initialise(wl_word2vec *m, wl_error *error)
{
    wl_status status = wl_word2vec_pass(m, &m->input, false, draw_rows, m, error);
    if (!status) status = wl_word2vec_pass(m, &m->output, false, clear_rows, m, error);
    if (!status) status = send(m, &m->columns, wl_noise_columns(m->noise), error);
    if (!status) status = send_thresholds(m, error);
    if (!status && m->tree) status = send(m, &m->paths, wl_huffman_paths(m->tree), error);
    if (!status && m->tree) status = send(m, &m->nodes, wl_huffman_nodes(m->tree), error);
    if (!status && m->G) status = send(m, &m->spans, m->host_spans, error);
    if (!status && m->G) status = send(m, &m->pieces, m->host_pieces, error);
    return status;
}
