/* The configuration of word2vec: defaults, limits, and its form in files. */
#include "word2vec.h"

#include <jansson.h>
#include <math.h>

wl_word2vec_config wl_word2vec_defaults(void)
{
    return (wl_word2vec_config){
        .dim = 100,
        .window = 5,
        .negative = 5,
        .epochs = 5,
        .batch = 0,
        .workers = 1,
        .sample = 1e-3,
        .power = 0.75,
        .lr = 0.025,
        .min_lr_fraction = 0.004,
        .cap = -1,
        .init_range = 0.5,
        .seed = 1,
        .dtype = WL_F32,
        .method = WL_SKIPGRAM,
        .negatives = WL_NEGATIVES_PER_WINDOW,
        .context = WL_CONTEXT_MEAN,
    };
}

/* Measured against gensim (docs/performance.md): updates that do not see each other overshoot, with
 * negatives a pair by more the larger the batch, while a row that is capped learns too little. */
void wl_word2vec_settle_config(wl_word2vec_config *c)
{
    const bool sampled = c->loss == WL_WORD2VEC_NEGATIVE && c->method == WL_SKIPGRAM;
    const bool pair = sampled && c->negatives == WL_NEGATIVES_PER_PAIR;
    if (c->batch == 0) c->batch = pair ? 64 : 256;
    if (c->cap < 0) c->cap = pair ? 64 : sampled ? 12 : 16;
}

wl_status wl_word2vec_check_config(const wl_word2vec_config *c, wl_error *error)
{
    const struct {
        const char *name;
        double value, low, high;
    } fields[] = {
        { "dim", (double)c->dim, 1, 65536 },
        { "window", (double)c->window, 1, 1000 },
        { "negative", (double)c->negative, 0, 1000 },
        { "epochs", (double)c->epochs, 1, 100000 },
        { "batch", (double)c->batch, 0, 1048576 },
        { "workers", (double)c->workers, 1, 1048576 },
        { "sample", c->sample, 0, HUGE_VAL },
        { "power", c->power, -10, 10 },
        { "lr", c->lr, 1e-30, 1000 },
        { "min_lr_fraction", c->min_lr_fraction, 0, 1 },
        { "cap", c->cap, -1, HUGE_VAL },
        { "init_range", c->init_range, 0, 1e6 },
        { "subword.min", c->subword.min, 0, 64 },
        { "subword.max", c->subword.max, 0, 64 },
        { "subword.buckets", (double)c->subword.buckets, 0, INT32_MAX },
        { "method", c->method, WL_SKIPGRAM, WL_CBOW },
        { "loss", c->loss, WL_WORD2VEC_NEGATIVE, WL_WORD2VEC_SOFTMAX },
        { "negatives", c->negatives, WL_NEGATIVES_PER_WINDOW, WL_NEGATIVES_PER_PAIR },
        { "context", c->context, WL_CONTEXT_MEAN, WL_CONTEXT_SUM },
        { "hogwild", c->hogwild, 0, 1 },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!(fields[i].value >= fields[i].low && fields[i].value <= fields[i].high))
            return wl_error_set(error, WL_OUT_OF_RANGE, "word2vec: %s is %g, expected %g to %g",
                                fields[i].name, fields[i].value, fields[i].low, fields[i].high);
    if (c->loss == WL_WORD2VEC_SOFTMAX && (c->hogwild || c->subword.buckets > 0))
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "word2vec: the softmax over all words has neither hogwild nor n-grams");
    if (c->dtype == WL_F32 || c->dtype == WL_F16 || c->dtype == WL_BF16) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE, "word2vec: dtype is %s, expected f32, f16 or bf16",
                        wl_dtype_name(c->dtype));
}

/* A new member. -1: no memory. */
static int add(json_t *object, const char *name, json_t *value)
{
    return value ? json_object_set_new(object, name, value) : -1;
}

static int add_n_grams(json_t *object, const wl_subword *s)
{
    if (s->buckets == 0) return 0;
    return add(object, "subword", json_sprintf("%d-%d", (int)s->min, (int)s->max)) |
           add(object, "buckets", json_integer(s->buckets));
}

char *wl_word2vec_json(const wl_word2vec_config *c)
{
    static const char *const methods[] = { "skipgram", "cbow" };
    static const char *const losses[] = { "negative", "hs", "softmax" };
    static const char *const negatives[] = { "window", "pair" };
    static const char *const contexts[] = { "mean", "corrected", "sum" };
    json_t *o = json_object();
    int failed = add(o, "method", json_string(methods[c->method]));
    failed |= add(o, "loss", json_string(losses[c->loss]));
    failed |= add(o, "hogwild", json_boolean(c->hogwild));
    failed |= add(o, "dim", json_integer(c->dim));
    failed |= add(o, "window", json_integer(c->window));
    failed |= add(o, "negative", json_integer(c->negative));
    failed |= add(o, "negatives-per", json_string(negatives[c->negatives]));
    failed |= add(o, "context", json_string(contexts[c->context]));
    failed |= add(o, "sample", json_real(c->sample));
    failed |= add(o, "noise-power", json_real(c->power));
    failed |= add(o, "epochs", json_integer(c->epochs));
    failed |= add(o, "lr", json_real(c->lr));
    failed |= add(o, "min-lr-fraction", json_real(c->min_lr_fraction));
    failed |= add(o, "batch", json_integer(c->batch));
    failed |= add(o, "cap", json_real(c->cap));
    failed |= add(o, "init-range", json_real(c->init_range));
    failed |= add(o, "dtype", json_string(wl_dtype_name(c->dtype)));
    failed |= add(o, "seed", json_integer((json_int_t)c->seed));
    failed |= add_n_grams(o, &c->subword);
    char *text = failed ? NULL : json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(o);
    return text;
}
