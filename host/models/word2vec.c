/* The word2vec model: its configuration, its memory, and the tables as they begin and as they are
 * read and written. */
#include "word2vec.h"

#include "../core/philox.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

wl_word2vec_config wl_word2vec_defaults(void)
{
    return (wl_word2vec_config){
        .dim = 100,
        .window = 5,
        .negative = 5,
        .epochs = 5,
        .batch = 256,
        .sample = 1e-3,
        .power = 0.75,
        .lr = 0.025,
        .min_lr_fraction = 1e-4,
        .cap = 64,
        .seed = 1,
        .dtype = WL_F32,
        .optimizer = WL_SGD,
    };
}

wl_status wl_word2vec_failed(const wl_word2vec *m, wl_status status, wl_error *error)
{
    return wl_error_set(error, status, "%s", wl_ctx_error(m->ctx));
}

/* ------------------------------------------------------------------ configuration */

static wl_status check_config(const wl_word2vec_config *c, wl_error *error)
{
    const struct {
        const char *name;
        double value, low, high;
    } fields[] = {
        { "dim", (double)c->dim, 1, 65536 },
        { "window", (double)c->window, 1, 1000 },
        { "negative", (double)c->negative, 1, 1000 },
        { "epochs", (double)c->epochs, 1, 100000 },
        { "batch", (double)c->batch, 1, 1048576 },
        { "sample", c->sample, 0, HUGE_VAL },
        { "power", c->power, -10, 10 },
        { "lr", c->lr, 1e-30, 1000 },
        { "min_lr_fraction", c->min_lr_fraction, 0, 1 },
        { "cap", c->cap, 0, HUGE_VAL },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!(fields[i].value >= fields[i].low && fields[i].value <= fields[i].high))
            return wl_error_set(error, WL_OUT_OF_RANGE, "word2vec: %s is %g, expected %g to %g",
                                fields[i].name, fields[i].value, fields[i].low, fields[i].high);
    if (c->dtype != WL_F32 && c->dtype != WL_F16 && c->dtype != WL_BF16)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "word2vec: dtype is %s, expected f32, f16 or bf16",
                            wl_dtype_name(c->dtype));
    if (c->optimizer != WL_SGD && c->optimizer != WL_ADAGRAD && c->optimizer != WL_ADAM)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "word2vec: optimizer is %d, expected WL_SGD, WL_ADAGRAD or WL_ADAM",
                            (int)c->optimizer);
    return WL_OK;
}

static char *config_json(const wl_word2vec_config *c)
{
    static const char *const optimizers[] = {
        [WL_SGD] = "sgd", [WL_ADAGRAD] = "adagrad", [WL_ADAM] = "adam"
    };
    json_t *json = json_pack(
        "{s:s, s:I, s:I, s:I, s:f, s:f, s:I, s:f, s:f, s:I, s:f, s:s, s:s, s:I}", "method",
        "skipgram", "dim", (json_int_t)c->dim, "window", (json_int_t)c->window, "negative",
        (json_int_t)c->negative, "sample", c->sample, "noise-power", c->power, "epochs",
        (json_int_t)c->epochs, "lr", c->lr, "min-lr-fraction", c->min_lr_fraction, "batch",
        (json_int_t)c->batch, "cap", c->cap, "optimizer", optimizers[c->optimizer], "dtype",
        wl_dtype_name(c->dtype), "seed", (json_int_t)c->seed);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(json);
    return text;
}

/* ------------------------------------------------------------------ making */

static void carve_table(wl_word2vec *m, wl_arena *arena, wl_word2vec_table *table)
{
    const int64_t shape[4] = { m->V, m->config.dim };
    table->rows = wl_arena_take_rows(arena, m->config.dtype, m->V, m->config.dim, 64);
    if (m->config.optimizer == WL_ADAM) table->m = wl_arena_take(arena, WL_F32, 2, shape);
    if (m->config.optimizer != WL_SGD) table->v = wl_arena_take(arena, WL_F32, 2, shape);
}

static wl_status carve_parameters(void *model, wl_arena *arena)
{
    wl_word2vec *m = model;
    carve_table(m, arena, &m->input);
    carve_table(m, arena, &m->output);
    m->step = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ 1 });
    return WL_OK;
}

static wl_status build(wl_word2vec *m, wl_error *error)
{
    const wl_skipgram_config streamed = { m->config.window, m->config.negative, m->config.batch,
                                          m->config.sample, m->config.seed };
    wl_status status = wl_noise_create(&m->noise, m->words, m->config.power, error);
    if (!status) status = wl_skipgram_create(&m->batches, &streamed, m->words, m->noise, error);
    if (!status) status = wl_arena_create(&m->parameters, m->ctx, carve_parameters, m, error);
    if (!status)
        status = wl_arena_create(&m->activations, m->ctx, wl_word2vec_carve_step, m, error);
    if (status) return status;
    m->staging = malloc((size_t)m->staged.shape[0]);
    if (!m->staging) return wl_error_set(error, WL_NO_MEMORY, "no memory for a mini-batch");
    return wl_word2vec_initialise(m, error);
}

wl_status wl_word2vec_create(wl_word2vec **out, wl_ctx *ctx, const wl_word2vec_config *config,
                             const wl_vocabulary *words, wl_error *error)
{
    *out = NULL;
    wl_status status = check_config(config, error);
    if (status) return status;
    wl_word2vec *m = calloc(1, sizeof *m);
    if (!m) return wl_error_set(error, WL_NO_MEMORY, "no memory for a model");
    m->ctx = ctx;
    m->config = *config;
    m->words = words;
    m->V = wl_vocabulary_size(words);
    m->K = 1 + config->negative;
    m->max_pairs = config->batch * 2 * config->window;
    status = build(m, error);
    if (status)
        wl_word2vec_destroy(m);
    else
        *out = m;
    return status;
}

void wl_word2vec_destroy(wl_word2vec *m)
{
    if (!m) return;
    wl_arena_destroy(&m->activations);
    wl_arena_destroy(&m->parameters);
    wl_skipgram_destroy(m->batches);
    wl_noise_destroy(m->noise);
    free(m->staging);
    free(m);
}

/* ------------------------------------------------------------------ tables */

static float load(const void *p, int32_t dtype, int64_t i)
{
    switch (dtype) {
    case WL_F16: return wl_f32_of_f16(((const uint16_t *)p)[i]);
    case WL_BF16: return wl_f32_of_bf16(((const uint16_t *)p)[i]);
    default: return ((const float *)p)[i];
    }
}

static void store(void *p, int32_t dtype, int64_t i, float x)
{
    switch (dtype) {
    case WL_F16: ((uint16_t *)p)[i] = wl_f16_of_f32(x); break;
    case WL_BF16: ((uint16_t *)p)[i] = wl_bf16_of_f32(x); break;
    default: ((float *)p)[i] = x; break;
    }
}

/* A table passes through the host in pieces of some megabytes. */
typedef struct piece {
    const wl_tensor *table;
    int64_t stride, rows; /* of elements; at once */
    char *host;
} piece;

static wl_status piece_create(piece *out, const wl_tensor *table, wl_error *error)
{
    const int64_t stride = table->stride[0] ? table->stride[0] : table->shape[1];
    const int64_t rows = ((int64_t)1 << 20) / stride + 1;
    *out = (piece){ table, stride, rows < table->shape[0] ? rows : table->shape[0], NULL };
    out->host = calloc((size_t)(out->rows * stride), wl_dtype_size(table->dtype));
    return out->host ? WL_OK : wl_error_set(error, WL_NO_MEMORY, "no memory to move a table");
}

static char *piece_place(const piece *p, int64_t row)
{
    return (char *)p->table->data + (size_t)(row * p->stride) * wl_dtype_size(p->table->dtype);
}

static int64_t piece_rows(const piece *p, int64_t from)
{
    return p->table->shape[0] - from < p->rows ? p->table->shape[0] - from : p->rows;
}

static size_t piece_bytes(const piece *p, int64_t rows)
{
    return (size_t)(rows * p->stride) * wl_dtype_size(p->table->dtype);
}

/* Uniform in -range..range; the same numbers, but for rounding, whatever the dtype. */
static void draw_rows(const piece *p, int64_t from, int64_t rows, double range, uint64_t seed)
{
    const int64_t D = p->table->shape[1];
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t i = 0; i < D; i++) {
            const uint64_t element = (uint64_t)((from + row) * D + i);
            const wl_random r = wl_philox(seed, element / 4, 0, WL_PURPOSE_INITIAL);
            const double unit = (r.word[element % 4] + 0.5) * 0x1p-32;
            store(p->host, p->table->dtype, row * p->stride + i, (float)((2 * unit - 1) * range));
        }
    }
}

/* range 0: zeros */
static wl_status fill_table(wl_word2vec *m, const wl_tensor *table, double range, wl_error *error)
{
    if (table->ndim == 0) return WL_OK;
    piece p;
    wl_status status = piece_create(&p, table, error);
    for (int64_t row = 0; !status && row < table->shape[0]; row += p.rows) {
        const int64_t rows = piece_rows(&p, row);
        if (range > 0) draw_rows(&p, row, rows, range, m->config.seed);
        status = wl_ctx_copy(m->ctx, piece_place(&p, row), p.host, piece_bytes(&p, rows));
        if (status) wl_word2vec_failed(m, status, error);
    }
    free(p.host);
    return status;
}

wl_status wl_word2vec_initialise(wl_word2vec *m, wl_error *error)
{
    const int64_t zero = 0;
    wl_status status = wl_ctx_copy(m->ctx, m->step.data, &zero, sizeof zero);
    if (status) return wl_word2vec_failed(m, status, error);
    status = fill_table(m, &m->input.rows, 0.5 / (double)m->config.dim, error);
    if (!status) status = fill_table(m, &m->output.rows, 0, error);
    if (!status) status = fill_table(m, &m->input.m, 0, error);
    if (!status) status = fill_table(m, &m->input.v, 0, error);
    if (!status) status = fill_table(m, &m->output.m, 0, error);
    return status ? status : fill_table(m, &m->output.v, 0, error);
}

static wl_status read_table(wl_word2vec *m, const wl_tensor *table, float *to, wl_error *error)
{
    const int64_t D = table->shape[1];
    piece p;
    wl_status status = piece_create(&p, table, error);
    for (int64_t from = 0; !status && from < table->shape[0]; from += p.rows) {
        const int64_t rows = piece_rows(&p, from);
        status = wl_ctx_copy(m->ctx, p.host, piece_place(&p, from), piece_bytes(&p, rows));
        if (status) wl_word2vec_failed(m, status, error);
        for (int64_t row = 0; !status && row < rows; row++)
            for (int64_t i = 0; i < D; i++)
                to[(from + row) * D + i] = load(p.host, table->dtype, row * p.stride + i);
    }
    free(p.host);
    return status;
}

wl_status wl_word2vec_tables(wl_word2vec *m, float *input, float *output, wl_error *error)
{
    wl_status status = input ? read_table(m, &m->input.rows, input, error) : WL_OK;
    if (!status && output) status = read_table(m, &m->output.rows, output, error);
    return status;
}

wl_status wl_word2vec_write(wl_word2vec *m, const char *path, wl_vectors_format format,
                            wl_error *error)
{
    const size_t elements = (size_t)(m->V * m->config.dim);
    const int both = format == WL_VECTORS_SAFETENSORS;
    /* the writer changes nothing of the vocabulary, but wl_vectors may own one and so has no const
     */
    wl_vectors vectors = { .V = m->V, .D = m->config.dim, .words = (wl_vocabulary *)m->words };
    vectors.table = malloc(elements * sizeof *vectors.table);
    vectors.output = both ? malloc(elements * sizeof *vectors.output) : NULL;
    vectors.config = config_json(&m->config);
    wl_status status = WL_NO_MEMORY;
    if (vectors.table && vectors.config && (vectors.output || !both))
        status = wl_word2vec_tables(m, vectors.table, vectors.output, error);
    else
        wl_error_set(error, status, "%s: no memory to write it", path);
    if (!status) status = wl_vectors_write(&vectors, path, format, error);
    free(vectors.table);
    free(vectors.output);
    free(vectors.config);
    return status;
}
