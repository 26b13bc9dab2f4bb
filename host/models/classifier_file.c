/* Files of the classifier: see <docs/architecture.md>, "Files". */
#include "classifier.h"

#include "../nn/model_tensors.h"

#include <stdlib.h>

static const char model_name[] = "classifier", classes_name[] = "classes";

static int64_t list_tensors(const wl_classifier *m, wl_model_tensor_at list[WL_MODEL_MOST_TENSORS])
{
    return wl_model_list(list, (const wl_lookup *[]){ NULL }, &m->parameters);
}

wl_status wl_classifier_write(wl_classifier *m, const char *path, wl_error *error)
{
    wl_model_tensor_at list[WL_MODEL_MOST_TENSORS];
    char *config = wl_classifier_json(&m->config);
    const wl_model_contents contents = { .ctx = m->ctx,
                                         .model = model_name,
                                         .config = config,
                                         .list = list,
                                         .count = list_tensors(m, list),
                                         .vocabularies = { { classes_name, m->classes } } };
    const wl_status status = wl_model_write(&contents, path, error);
    free(config);
    return status;
}

/* ------------------------------------------------------------------ reading */

/* What the tensors tell of the configuration, over what the metadata have. */
static wl_status tell_config(const wl_safetensors *file, wl_classifier_config *c, int64_t *D,
                             wl_error *error)
{
    const char *json = wl_safetensors_metadata(file, "config");
    const wl_safetensor *first;
    wl_error why = { "" };
    wl_status status = wl_model_check(file, model_name, error);
    if (!status && json)
        status = wl_classifier_parse_config(c, json, wl_safetensors_name(file), error);
    if (!status) status = wl_model_tensor(file, "layer.0.weight", 2, &first, error);
    if (status) return status;
    c->hidden = first->shape[0];
    *D = first->shape[1];
    c->dtype = first->dtype;
    if (c->dtype != WL_F32 && c->dtype != WL_F16 && c->dtype != WL_BF16) c->dtype = WL_F32;
    if (*D < 1 || *D > WL_POINTS_MOST_FEATURES)
        return wl_model_bad_shape(file, first, "1 to 65536 numbers a row", error);
    return wl_classifier_check_config(c, &why) ? wl_model_bad_config(file, &why, error) : WL_OK;
}

/* Memory is only taken for what the file has. */
static wl_status load_tensors(wl_classifier *m, wl_safetensors *file, wl_error *error)
{
    wl_model_tensor_at list[WL_MODEL_MOST_TENSORS];
    wl_status status = wl_model_find_tensors(file, list, list_tensors(m, list), error);
    if (!status) status = wl_parameters_create(&m->parameters, error);
    if (!status) status = wl_model_load_tensors(m->ctx, file, list, list_tensors(m, list), error);
    return status ? status : wl_parameters_settle(&m->parameters, error);
}

static wl_status load(wl_classifier **out, wl_ctx *ctx, wl_safetensors *file, wl_error *error)
{
    wl_classifier_config c = wl_classifier_defaults();
    wl_vocabulary *classes = NULL;
    int64_t D = 0;
    wl_status status = tell_config(file, &c, &D, error);
    if (!status) status = wl_model_words(&classes, file, classes_name, error);
    if (!status && wl_vocabulary_size(classes) == 0)
        status = wl_error_set(error, WL_BAD_FILE, "%s: tensor %s: expected a class, found none",
                              wl_safetensors_name(file), classes_name);
    if (!status) status = wl_classifier_announce(out, ctx, &c, D, classes, WL_NO_RULE, error);
    if (status) {
        wl_vocabulary_destroy(classes);
        return status;
    }
    (*out)->own = classes;
    status = load_tensors(*out, file, error);
    if (!status) return WL_OK;
    wl_classifier_destroy(*out);
    *out = NULL;
    return status;
}

wl_status wl_classifier_open(wl_classifier **out, wl_ctx *ctx, const char *path, wl_error *error)
{
    wl_safetensors *file;
    *out = NULL;
    wl_status status = wl_safetensors_open(&file, path, error);
    if (status) return status;
    status = load(out, ctx, file, error);
    wl_safetensors_close(file);
    return status;
}
