/* The configuration of the classifier: defaults, ranges, and JSON by the options' names. */
#include "classifier.h"

#include "../nn/fields.h"

#include <math.h>

const char *const wl_classifier_activations[] = {
    [WL_IDENTITY] = "identity", [WL_RELU] = "relu", [WL_SIGMOID] = "sigmoid",
    [WL_TANH] = "tanh",         [WL_GELU] = "gelu", NULL
};
const char *const wl_classifier_optimizers[] = { "sgd",     "momentum", "nesterov", "adagrad",
                                                 "rmsprop", "adam",     NULL };
static const char *const dtypes[] = { "", "f32", "", "f16", "bf16", NULL };

wl_classifier_config wl_classifier_defaults(void)
{
    return (wl_classifier_config){ .hidden = 64,
                                   .activation = WL_RELU,
                                   .dtype = WL_F32,
                                   .seed = 1,
                                   .batch = 30,
                                   .epochs = 300,
                                   .optimizer = WL_ADAM,
                                   .lr = 0.01,
                                   .decay = 1 };
}

static const wl_field fields[] = {
    { .name = "hidden",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_classifier_config, hidden),
      .low = 1,
      .high = 65536 },
    { .name = "activation",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_classifier_config, activation),
      .choices = wl_classifier_activations },
    { .name = "dtype",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_classifier_config, dtype),
      .choices = dtypes },
    { .name = "seed", .kind = WL_FIELD_SEED, .offset = offsetof(wl_classifier_config, seed) },
    { .name = "batch",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_classifier_config, batch),
      .low = 1,
      .high = 65536 },
    { .name = "epochs",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_classifier_config, epochs),
      .low = 1,
      .high = 100000 },
    { .name = "optimizer",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_classifier_config, optimizer),
      .choices = wl_classifier_optimizers },
    { .name = "lr",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_classifier_config, lr),
      .low = 1e-30,
      .high = 1e6 },
    { .name = "clip",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_classifier_config, clip),
      .high = HUGE_VAL },
    { .name = "decay",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_classifier_config, decay),
      .high = 1 },
    { .name = "patience",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_classifier_config, patience),
      .high = 100000 },
    { 0 },
};

wl_status wl_classifier_check_config(const wl_classifier_config *c, wl_error *error)
{
    return wl_fields_check(fields, c, "classifier", error);
}

char *wl_classifier_json(const wl_classifier_config *c) { return wl_fields_json(fields, c); }

wl_status wl_classifier_parse_config(wl_classifier_config *c, const char *json, const char *source,
                                     wl_error *error)
{
    return wl_fields_parse(fields, c, json, source, error);
}
