/* Configurations by tables: see fields.h. */
#include "fields.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A field's value as a number; a seed always is within its limits. */
static double number_of(const wl_field *f, const void *config)
{
    const void *at = (const char *)config + f->offset;
    switch (f->kind) {
    case WL_FIELD_INTEGER: return (double)*(const int64_t *)at;
    case WL_FIELD_REAL: return *(const double *)at;
    case WL_FIELD_SEED: return 0;
    default: return *(const int32_t *)at;
    }
}

static int64_t choices_of(const wl_field *f)
{
    int64_t n = 0;
    while (f->choices[n]) n++;
    return n;
}

static bool fits(const wl_field *f, const void *config)
{
    const double value = number_of(f, config);
    switch (f->kind) {
    case WL_FIELD_SEED: return true;
    case WL_FIELD_FLAG: return value == 0 || value == 1;
    case WL_FIELD_CHOICE:
        return value >= 0 && value < (double)choices_of(f) && *f->choices[(int)value];
    default: return value >= f->low && value <= f->high;
    }
}

wl_status wl_fields_check(const wl_field *fields, const void *config, const char *model,
                          wl_error *error)
{
    for (const wl_field *f = fields; f->name; f++) {
        const double value = number_of(f, config);
        const double high = f->kind == WL_FIELD_FLAG     ? 1
                            : f->kind == WL_FIELD_CHOICE ? (double)choices_of(f) - 1
                                                         : f->high;
        if (!fits(f, config))
            return wl_error_set(error, WL_OUT_OF_RANGE, "%s: %s is %g, expected %g to %g", model,
                                f->name, value, f->low, high);
    }
    return WL_OK;
}

static json_t *json_of(const wl_field *f, const void *config)
{
    const void *at = (const char *)config + f->offset;
    switch (f->kind) {
    case WL_FIELD_INTEGER: return json_integer(*(const int64_t *)at);
    case WL_FIELD_REAL: return json_real(*(const double *)at);
    case WL_FIELD_SEED: return json_integer((json_int_t) * (const uint64_t *)at);
    case WL_FIELD_FLAG: return json_boolean(*(const int32_t *)at);
    default: return json_string(f->choices[*(const int32_t *)at]);
    }
}

char *wl_fields_json(const wl_field *fields, const void *config)
{
    json_t *object = json_object();
    int failed = 0;
    for (const wl_field *f = fields; f->name; f++)
        failed |= json_object_set_new(object, f->name, json_of(f, config));
    char *text = failed ? NULL : json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(object);
    return text;
}

/* Sets a field to a member's value; false: it is of another type. */
static bool take(const wl_field *f, void *config, const json_t *value)
{
    void *at = (char *)config + f->offset;
    switch (f->kind) {
    case WL_FIELD_INTEGER:
        *(int64_t *)at = json_integer_value(value);
        return json_is_integer(value);
    case WL_FIELD_SEED:
        *(uint64_t *)at = (uint64_t)json_integer_value(value);
        return json_is_integer(value);
    case WL_FIELD_REAL: *(double *)at = json_number_value(value); return json_is_number(value);
    case WL_FIELD_FLAG: *(int32_t *)at = json_is_true(value); return json_is_boolean(value);
    default: break;
    }
    for (int32_t i = 0; json_is_string(value) && f->choices[i]; i++) {
        *(int32_t *)at = i;
        if (!strcmp(json_string_value(value), f->choices[i])) return true;
    }
    return false;
}

static wl_status parse(const wl_field *fields, void *config, const json_t *object,
                       const char *source, wl_error *error)
{
    for (const wl_field *f = fields; f->name; f++) {
        const json_t *value = json_object_get(object, f->name);
        if (!value || (take(f, config, value) && fits(f, config))) continue;
        return wl_error_set(error, WL_BAD_FILE, "%s: %s is not a value that it can have", source,
                            f->name);
    }
    return WL_OK;
}

wl_status wl_fields_parse(const wl_field *fields, void *config, const char *json,
                          const char *source, wl_error *error)
{
    json_error_t why;
    json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, &why);
    wl_status status = WL_OK;
    if (json_is_object(object))
        status = parse(fields, config, object, source, error);
    else
        status = wl_error_set(error, WL_BAD_FILE, "%s: expected a JSON object (%s)", source,
                              object ? "found another value" : why.text);
    json_decref(object);
    return status;
}
