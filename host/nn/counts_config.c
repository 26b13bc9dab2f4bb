/* The configuration of counting: defaults, limits, and its form in files. */
#include "fields.h"

#include <wordloom/nn/counts.h>

#include <math.h>

static const char *const methods[] = { "count", "ppmi", NULL };
static const char *const distances[] = { "uniform", "harmonic", "linear", NULL };

/* in files */
static const wl_field fields[] = {
    { .name = "method",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_counts_config, method),
      .choices = methods },
    { .name = "window",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_counts_config, window),
      .low = 1,
      .high = 1000 },
    { .name = "distance-weights",
      .kind = WL_FIELD_CHOICE,
      .offset = offsetof(wl_counts_config, distances),
      .choices = distances },
    { .name = "context-power",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_counts_config, power),
      .low = 0,
      .high = 1 },
    { .name = "shift",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_counts_config, shift),
      .low = 1,
      .high = 1e9 },
    { .name = "epsilon",
      .kind = WL_FIELD_REAL,
      .offset = offsetof(wl_counts_config, eps),
      .low = 0,
      .high = 1 },
    { 0 },
};

/* not in files, for it changes nothing */
static const wl_field memory[] = {
    { .name = "memory",
      .kind = WL_FIELD_INTEGER,
      .offset = offsetof(wl_counts_config, memory),
      .low = WL_COUNTS_LEAST_MEMORY,
      .high = 0x1p62 },
    { 0 },
};

wl_counts_config wl_counts_defaults(void)
{
    return (wl_counts_config){
        .window = 2,
        .memory = 1 << 30,
        .distances = WL_DISTANCE_UNIFORM,
        .method = WL_COUNTS,
        .power = 1,
        .shift = 1,
        .eps = 1e-8,
    };
}

wl_status wl_counts_check(const wl_counts_config *c, wl_error *error)
{
    const wl_status status = wl_fields_check(fields, c, "counts", error);
    return status ? status : wl_fields_check(memory, c, "counts", error);
}

char *wl_counts_json(const wl_counts_config *c) { return wl_fields_json(fields, c); }
