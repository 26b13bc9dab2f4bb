/* The configuration of the language model: defaults, ranges, and JSON by the options' names. */
#include "lm.h"

#include "../nn/fields.h"

#include <math.h>

wl_lm_config wl_lm_defaults(void)
{
    return (wl_lm_config){ .level = WL_TEXT_WORD,
                           .cell = WL_CELL_LSTM,
                           .layers = 1,
                           .embed = 100,
                           .hidden = 100,
                           .dtype = WL_F32,
                           .seed = 1,
                           .batch = 20,
                           .time = 35,
                           .epochs = 4,
                           .optimizer = WL_SGD,
                           .lr = 20,
                           .clip = 0.25,
                           .decay = 0.25 };
}

static const char *const levels[] = { [WL_TEXT_WORD] = "word", [WL_TEXT_CHAR] = "char", NULL };
static const char *const cells[] = { "rnn", "gru", "lstm", NULL };
static const char *const dtypes[] = { "", "f32", "", "f16", "bf16", NULL };
static const char *const rules[] = { "sgd",     "momentum", "nesterov", "adagrad",
                                     "rmsprop", "adam",     NULL };

#define PLACE(field) offsetof(wl_lm_config, field)

static const wl_field fields[] = {
    { "level", WL_FIELD_CHOICE, PLACE(level), .choices = levels },
    { "cell", WL_FIELD_CHOICE, PLACE(cell), .choices = cells },
    { "layers", WL_FIELD_INTEGER, PLACE(layers), 1, WL_LM_MOST_LAYERS },
    { "embed", WL_FIELD_INTEGER, PLACE(embed), 1, 65536 },
    { "hidden", WL_FIELD_INTEGER, PLACE(hidden), 1, 65536 },
    { "tie", WL_FIELD_FLAG, PLACE(tie) },
    { "residual", WL_FIELD_FLAG, PLACE(residual) },
    { "dropout", WL_FIELD_REAL, PLACE(dropout), 0, 0.999 },
    { "dtype", WL_FIELD_CHOICE, PLACE(dtype), .choices = dtypes },
    { "seed", WL_FIELD_SEED, PLACE(seed) },
    { "batch", WL_FIELD_INTEGER, PLACE(batch), 1, 65536 },
    { "time", WL_FIELD_INTEGER, PLACE(time), 1, 65536 },
    { "epochs", WL_FIELD_INTEGER, PLACE(epochs), 1, 100000 },
    { "optimizer", WL_FIELD_CHOICE, PLACE(optimizer), .choices = rules },
    { "lr", WL_FIELD_REAL, PLACE(lr), 1e-30, 1e6 },
    { "clip", WL_FIELD_REAL, PLACE(clip), 0, HUGE_VAL },
    { "decay", WL_FIELD_REAL, PLACE(decay), 0, 1 },
    { "patience", WL_FIELD_INTEGER, PLACE(patience), 0, 100000 },
    { 0 },
};

wl_status wl_lm_check_config(const wl_lm_config *c, wl_error *error)
{
    const wl_status status = wl_fields_check(fields, c, "lm", error);
    if (status || !c->tie || c->embed == c->hidden) return status;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "lm: embed is %lld and hidden %lld, expected the same for both with tie",
                        (long long)c->embed, (long long)c->hidden);
}

char *wl_lm_json(const wl_lm_config *c) { return wl_fields_json(fields, c); }

wl_status wl_lm_parse_config(wl_lm_config *c, const char *json, const char *source, wl_error *error)
{
    return wl_fields_parse(fields, c, json, source, error);
}
