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

const char *const wl_lm_levels[] = { [WL_TEXT_WORD] = "word", [WL_TEXT_CHAR] = "char", NULL };
static const char *const dtypes[] = { "", "f32", "", "f16", "bf16", NULL };
const char *const wl_lm_optimizers[] = { "sgd",     "momentum", "nesterov", "adagrad",
                                         "rmsprop", "adam",     NULL };

static const wl_field fields[] = {
    { .name = "level",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_lm_config, level),
      .choices = wl_lm_levels },
    { .name = "cell",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_lm_config, cell),
      .choices = wl_cells },
    { .name = "layers",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_lm_config, layers),
      .low = 1,
      .high = WL_LM_MOST_LAYERS },
    { .name = "embed",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_lm_config, embed),
      .low = 1,
      .high = 65536 },
    { .name = "hidden",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_lm_config, hidden),
      .low = 1,
      .high = 65536 },
    { .name = "tie", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_lm_config, tie) },
    { .name = "dropout",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_lm_config, dropout),
      .high = 0.999 },
    { .name = "variational", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_lm_config, variational) },
    { .name = "weight-drop",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_lm_config, weight_drop),
      .high = 0.999 },
    { .name = "zoneout",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_lm_config, zoneout),
      .high = 0.999 },
    { .name = "zoneout-c",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_lm_config, zoneout_c),
      .high = 0.999 },
    { .name = "residual", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_lm_config, residual) },
    { .name = "norm", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_lm_config, norm) },
    { .name = "dtype",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_lm_config, dtype),
      .choices = dtypes },
    { .name = "seed", .kind = WL_FIELD_SEED, .offset = offsetof(wl_lm_config, seed) },
    { .name = "batch",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_lm_config, batch),
      .low = 1,
      .high = 65536 },
    { .name = "time",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_lm_config, time),
      .low = 1,
      .high = 65536 },
    { .name = "epochs",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_lm_config, epochs),
      .low = 1,
      .high = 100000 },
    { .name = "optimizer",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_lm_config, optimizer),
      .choices = wl_lm_optimizers },
    { .name = "lr",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_lm_config, lr),
      .low = 1e-30,
      .high = 1e6 },
    { .name = "clip",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_lm_config, clip),
      .high = HUGE_VAL },
    { .name = "decay", .kind = WL_FIELD_REAL, .offset = offsetof(wl_lm_config, decay), .high = 1 },
    { .name = "patience",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_lm_config, patience),
      .high = 100000 },
    { 0 },
};

wl_status wl_lm_check_config(const wl_lm_config *c, wl_error *error)
{
    const wl_status status = wl_fields_check(fields, c, "lm", error);
    if (!status && c->zoneout_c > 0 && c->cell != WL_CELL_LSTM)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "lm: zoneout-c is %g and cell %s, expected 0 with any but lstm, which "
                            "alone has cell states",
                            c->zoneout_c, wl_cells[c->cell]);
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
