/* The classifier: its parameters, made, drawn and freed. */
#include "classifier.h"

#include "../nn/floats.h"

#include <math.h>
#include <stdlib.h>

wl_status wl_classifier_failed(const wl_classifier *m, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(m->ctx)) : WL_OK;
}

wl_status wl_classifier_announce(wl_classifier **out, wl_ctx *ctx,
                                 const wl_classifier_config *config, int64_t D,
                                 const wl_vocabulary *classes, int32_t rule, wl_error *error)
{
    const wl_status status = wl_classifier_check_config(config, error);
    wl_classifier *m = status ? NULL : calloc(1, sizeof *m);
    *out = m;
    if (status) return status;
    if (!m) return wl_error_set(error, WL_NO_MEMORY, "no memory for a model");
    m->ctx = ctx;
    m->config = *config;
    m->classes = classes;
    m->D = D;
    m->C = wl_vocabulary_size(classes);
    m->parameters.ctx = ctx;
    m->parameters.dtype = config->dtype;
    m->parameters.rule = rule;
    m->at.lr = config->lr;
    m->at.best = INFINITY;
    const int64_t width[3] = { D, config->hidden, m->C };
    for (int l = 0; l < 2; l++) {
        m->weight[l] =
            wl_parameters_add(&m->parameters, width[l + 1], width[l], "layer.%d.weight", l);
        m->bias[l] = wl_parameters_add(&m->parameters, width[l + 1], 0, "layer.%d.bias", l);
    }
    return WL_OK;
}

/* Weights with a deviation of 1 / sqrt(inputs), or of sqrt(2 / inputs) before units of which half
 * are 0 (He et al. 2015, "Delving Deep into Rectifiers", section 2.2); biases 0. */
static wl_status draw(wl_classifier *m, wl_error *error)
{
    const wl_classifier_config *c = &m->config;
    const bool halved = c->activation == WL_RELU || c->activation == WL_GELU;
    wl_status status = WL_OK;
    for (int l = 0; l < 2 && !status; l++) {
        const wl_tensor weight = wl_parameters_value(&m->parameters, m->weight[l]);
        const double inputs = (double)weight.shape[1], gain = l == 0 && halved ? 2 : 1;
        status = wl_floats_draw(m->ctx, &weight, (uint32_t)m->weight[l], sqrt(gain / inputs),
                                c->seed, error);
    }
    return status ? status : wl_parameters_settle(&m->parameters, error);
}

wl_status wl_classifier_create(wl_classifier **out, wl_ctx *ctx, const wl_classifier_config *config,
                               int64_t D, const wl_vocabulary *classes, wl_error *error)
{
    wl_status status =
        wl_classifier_announce(out, ctx, config, D, classes, config->optimizer, error);
    if (!status) status = wl_parameters_create(&(*out)->parameters, error);
    if (!status) status = draw(*out, error);
    if (!status) return WL_OK;
    wl_classifier_destroy(*out);
    *out = NULL;
    return status;
}

void wl_classifier_destroy(wl_classifier *m)
{
    if (!m) return;
    wl_classifier_run_destroy(m->run);
    free(m->epochs);
    wl_parameters_destroy(&m->parameters);
    wl_vocabulary_destroy(m->own);
    free(m);
}

const wl_classifier_config *wl_classifier_configuration(const wl_classifier *m)
{
    return &m->config;
}

const wl_vocabulary *wl_classifier_classes(const wl_classifier *m) { return m->classes; }
int64_t wl_classifier_features(const wl_classifier *m) { return m->D; }

int64_t wl_classifier_parameters(const wl_classifier *m)
{
    return m->config.hidden * (m->D + 1) + m->C * (m->config.hidden + 1);
}

wl_status wl_classifier_check_points(const wl_classifier *m, const wl_points *points,
                                     wl_error *error)
{
    const int64_t D = wl_points_features(points);
    if (D == m->D) return WL_OK;
    return wl_error_set(error, WL_OUT_OF_RANGE,
                        "the model has points of %lld numbers, but these are of %lld",
                        (long long)m->D, (long long)D);
}
