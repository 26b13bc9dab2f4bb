/* The configuration of the sequence-to-sequence model: defaults, ranges, and JSON by the options'
 * names. */
#include "seq2seq.h"

#include "../nn/fields.h"

#include <math.h>

wl_seq2seq_config wl_seq2seq_defaults(void)
{
    return (wl_seq2seq_config){ .model = WL_SEQ2SEQ_PLAIN,
                                .score = WL_SCORE_DOT,
                                .level = WL_TEXT_CHAR,
                                .cell = WL_CELL_LSTM,
                                .layers = 1,
                                .embed = 16,
                                .hidden = 128,
                                .dtype = WL_F32,
                                .seed = 1,
                                .batch = 128,
                                .pool = 1,
                                .epochs = 10,
                                .optimizer = WL_ADAM,
                                .lr = 0.001,
                                .clip = 5,
                                .decay = 1 };
}

const char *const wl_seq2seq_models[] = { [WL_SEQ2SEQ_PLAIN] = "plain",
                                          [WL_SEQ2SEQ_PEEKY] = "peeky",
                                          [WL_SEQ2SEQ_ATTENTION] = "attention",
                                          NULL };
const char *const wl_seq2seq_scores[] = {
    [WL_SCORE_DOT] = "dot", [WL_SCORE_GENERAL] = "general", [WL_SCORE_ADDITIVE] = "additive", NULL
};
const char *const wl_seq2seq_optimizers[] = { "sgd",     "momentum", "nesterov", "adagrad",
                                              "rmsprop", "adam",     NULL };
static const char *const levels[] = { [WL_TEXT_WORD] = "word", [WL_TEXT_CHAR] = "char", NULL };
static const char *const dtypes[] = { "", "f32", "", "f16", "bf16", NULL };

static const wl_field fields[] = {
    { .name = "model",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_seq2seq_config, model),
      .choices = wl_seq2seq_models },
    { .name = "score",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_seq2seq_config, score),
      .choices = wl_seq2seq_scores },
    { .name = "level",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_seq2seq_config, level),
      .choices = levels },
    { .name = "cell",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_seq2seq_config, cell),
      .choices = wl_cells },
    { .name = "reverse", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_seq2seq_config, reverse) },
    { .name = "bidirectional",
      .kind = WL_FIELD_FLAG,
      .offset = offsetof(wl_seq2seq_config, bidirectional) },
    { .name = "layers",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_seq2seq_config, layers),
      .low = 1,
      .high = WL_SEQ2SEQ_MOST_LAYERS },
    { .name = "residual", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_seq2seq_config, residual) },
    { .name = "embed",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_seq2seq_config, embed),
      .low = 1,
      .high = 65536 },
    { .name = "hidden",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_seq2seq_config, hidden),
      .low = 1,
      .high = 65536 },
    { .name = "shared", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_seq2seq_config, shared) },
    { .name = "tie", .kind = WL_FIELD_FLAG, .offset = offsetof(wl_seq2seq_config, tie) },
    { .name = "dropout",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_seq2seq_config, dropout),
      .high = 0.999 },
    { .name = "smoothing",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_seq2seq_config, smoothing),
      .high = 0.999 },
    { .name = "dtype",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_seq2seq_config, dtype),
      .choices = dtypes },
    { .name = "seed", .kind = WL_FIELD_SEED, .offset = offsetof(wl_seq2seq_config, seed) },
    { .name = "batch",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_seq2seq_config, batch),
      .low = 1,
      .high = 65536 },
    { .name = "pool",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_seq2seq_config, pool),
      .low = 1,
      .high = 65536 },
    { .name = "epochs",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_seq2seq_config, epochs),
      .low = 1,
      .high = 100000 },
    { .name = "optimizer",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_seq2seq_config, optimizer),
      .choices = wl_seq2seq_optimizers },
    { .name = "lr",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_seq2seq_config, lr),
      .low = 1e-30,
      .high = 1e6 },
    { .name = "clip",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_seq2seq_config, clip),
      .high = HUGE_VAL },
    { .name = "decay",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_seq2seq_config, decay),
      .high = 1 },
    { .name = "patience",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_seq2seq_config, patience),
      .high = 100000 },
    { 0 },
};

/* What fields must be to each other. */
static wl_status check_together(const wl_seq2seq_config *c, wl_error *error)
{
    const int64_t read = c->hidden + wl_seq2seq_context_width(c);
    if (c->bidirectional && c->hidden % 2)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "seq2seq: hidden is %lld, expected an even number with bidirectional, "
                            "for half the units read backwards",
                            (long long)c->hidden);
    if (c->tie && c->embed != read)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "seq2seq: embed is %lld, expected %lld with tie, as wide as what the "
                            "output of a %s model reads",
                            (long long)c->embed, (long long)read, wl_seq2seq_models[c->model]);
    if (c->score != WL_SCORE_DOT && c->model != WL_SEQ2SEQ_ATTENTION)
        return wl_error_set(error, WL_OUT_OF_RANGE,
                            "seq2seq: score is %s and model %s, expected dot with any but "
                            "attention, which alone scores",
                            wl_seq2seq_scores[c->score], wl_seq2seq_models[c->model]);
    return WL_OK;
}

wl_status wl_seq2seq_check_config(const wl_seq2seq_config *c, wl_error *error)
{
    const wl_status status = wl_fields_check(fields, c, "seq2seq", error);
    return status ? status : check_together(c, error);
}

char *wl_seq2seq_json(const wl_seq2seq_config *c) { return wl_fields_json(fields, c); }

wl_status wl_seq2seq_parse_config(wl_seq2seq_config *c, const char *json, const char *source,
                                  wl_error *error)
{
    return wl_fields_parse(fields, c, json, source, error);
}
