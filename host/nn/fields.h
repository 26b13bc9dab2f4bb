/* A configuration's fields as a table, which drives its limits and its form in files: a JSON object
 * by the names of the program's options. */
#ifndef WL_FIELDS_H
#define WL_FIELDS_H

#include <stddef.h>

#include <wordloom/nn/error.h>

WL_BEGIN

typedef enum wl_field_kind {
    WL_FIELD_INTEGER = 1, /* int64_t */
    WL_FIELD_REAL,        /* double */
    WL_FIELD_FLAG,        /* int32_t, 0 or 1 */
    WL_FIELD_CHOICE,      /* int32_t, the number of a choice */
    WL_FIELD_SEED,        /* uint64_t */
} wl_field_kind;

typedef struct wl_field {
    const char *name;
    wl_field_kind kind;
    size_t offset;
    double low, high;           /* of a number */
    const char *const *choices; /* end with null; an empty one cannot be chosen */
} wl_field;

/* `fields` end with a null name. WL_OUT_OF_RANGE names the field, its value and what was expected;
 * `model` begins the message. */
wl_status wl_fields_check(const wl_field *fields, const void *config, const char *model,
                          wl_error *error);

/* The caller frees it. Null: no memory. */
char *wl_fields_json(const wl_field *fields, const void *config);

/* Sets the fields that the object has; others keep their values, and members that are no field are
 * passed over. WL_BAD_FILE: no JSON object, or a member of another type or out of range; `source`
 * begins the message. WL_NO_MEMORY. */
wl_status wl_fields_parse(const wl_field *fields, void *config, const char *json,
                          const char *source, wl_error *error);

WL_END
#endif
