/* Reading the golden files, and the comparison with them. */
#include "golden.h"

#include <wordloom/nn/safetensors.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { CTEST_SKIPPED = 77 };

/* rule 7 of numerics.md: of the largest value of a tensor */
static const double rule_7 = 1e-9;

typedef struct tensor {
    wl_safetensor header;
    int64_t count;
    double *value;
} tensor;

struct golden {
    char name[64];
    wl_safetensors *file;
    int64_t tensors;
    tensor *tensor;
};

/* ------------------------------------------------------------------ loading */

static const char *directory(void)
{
    const char *given = getenv("WORDLOOM_GOLDEN");
    return given && *given ? given : WORDLOOM_SOURCE_DIR "/../shared/golden";
}

static bool is_missing(void)
{
    struct stat about;
    return stat(directory(), &about) || !S_ISDIR(about.st_mode);
}

static double element(const void *bytes, int32_t dtype, int64_t i)
{
    switch (dtype) {
    case WL_F64: return ((const double *)bytes)[i];
    case WL_I32: return ((const int32_t *)bytes)[i];
    case WL_U8: return ((const uint8_t *)bytes)[i];
    default: return NAN;
    }
}

static void load(tensor *out, golden *g, int64_t index)
{
    wl_error error = { "" };
    out->header = *wl_safetensors_at(g->file, index);
    out->count = wl_safetensors_elements(&out->header);
    void *bytes = malloc((size_t)out->header.bytes + 1);
    out->value = malloc((size_t)(out->count + 1) * sizeof *out->value);
    if (!bytes || !out->value) fail_msg("no memory for %s", g->name);
    if (wl_safetensors_read(g->file, &out->header, bytes, &error)) fail_msg("%s", error.text);
    for (int64_t i = 0; i < out->count; i++) out->value[i] = element(bytes, out->header.dtype, i);
    free(bytes);
}

golden *golden_open(const char *name)
{
    char path[4096];
    wl_error error = { "" };
    if (is_missing()) {
        print_message("skipped: no golden files in %s; set WORDLOOM_GOLDEN\n", directory());
        skip();
    }
    golden *g = calloc(1, sizeof *g);
    if (!g) fail_msg("no memory for %s", name);
    snprintf(g->name, sizeof g->name, "%s", name);
    snprintf(path, sizeof path, "%s/layers/%s.safetensors", directory(), name);
    if (wl_safetensors_open(&g->file, path, &error)) fail_msg("%s", error.text);
    g->tensors = wl_safetensors_count(g->file);
    g->tensor = calloc((size_t)g->tensors + 1, sizeof *g->tensor);
    if (!g->tensor) fail_msg("no memory for %s", name);
    for (int64_t i = 0; i < g->tensors; i++) load(&g->tensor[i], g, i);
    return g;
}

void golden_close(golden *g)
{
    for (int64_t i = 0; i < g->tensors; i++) free(g->tensor[i].value);
    wl_safetensors_close(g->file);
    free(g->tensor);
    free(g);
}

const char *golden_name(const golden *g, int64_t i)
{
    return i < g->tensors ? g->tensor[i].header.name : NULL;
}

static const tensor *find(const golden *g, const char *name)
{
    for (int64_t i = 0; i < g->tensors; i++)
        if (!strcmp(g->tensor[i].header.name, name)) return &g->tensor[i];
    fail_msg("%s has no tensor %s", g->name, name);
    return NULL;
}

const double *golden_values(const golden *g, const char *tensor) { return find(g, tensor)->value; }

int64_t golden_axis(const golden *g, const char *tensor, int axis)
{
    return find(g, tensor)->header.shape[axis];
}

int64_t golden_count(const golden *g, const char *tensor) { return find(g, tensor)->count; }

int golden_result(int failed) { return failed ? failed : is_missing() ? CTEST_SKIPPED : 0; }

/* ------------------------------------------------------------------ cases */

op_case golden_case(const char *op, const char *sizes, ...)
{
    char text[256];
    va_list values;
    va_start(values, sizes);
    vsnprintf(text, sizeof text, sizes, values);
    va_end(values);
    return made(op, text);
}

void put_golden(op_case *c, const char *row, const golden *g, const char *tensor)
{
    const int at = case_row(c, row);
    if (at >= 0 && c->count[at] != golden_count(g, tensor))
        fail_msg("%s of %s has other than %lld elements", tensor, g->name, (long long)c->count[at]);
    put_values(c, row, golden_values(g, tensor));
}

void put_everywhere(op_case *c, const char *row, double value)
{
    const int at = case_row(c, row);
    if (at < 0 || !c->value[at]) fail_msg("%s has no %s", c->spec->name, row);
    for (int64_t i = 0; i < c->count[at]; i++) c->value[at][i] = value;
}

/* Inputs as they are after a float has held them, so that every backend starts from the same. */
static void round_inputs(op_case *c)
{
    for (int row = 0; c->spec->arg[row].name; row++) {
        const wl_arg *arg = &c->spec->arg[row];
        const bool real = arg->kind == WL_REAL || arg->kind == WL_STORED;
        if (!real || !c->value[row] || arg->role == WL_OUT) continue;
        for (int64_t i = 0; i < c->count[row]; i++)
            c->value[row][i] = (double)(float)c->value[row][i];
    }
}

outcome golden_run(const op_case *c)
{
    outcome o;
    op_case rounded;
    verdict why;
    if (case_copy(&rounded, c)) fail_msg("no memory for %s", c->spec->name);
    round_inputs(&rounded);
    for (const wl_backend *const *b = backends_under_test(); *b; b++)
        if (!agrees_on(*b, &rounded, why)) fail_msg("%s", why);
    case_free(&rounded);
    if (execute(&o, c, &wl_ref_oracle_backend)) fail_msg("%s", o.trouble);
    return o;
}

const double *row_of(const outcome *o, const char *row)
{
    const int at = case_row(o->of, row);
    if (at < 0 || !o->value[at]) fail_msg("%s writes no %s", o->of->spec->name, row);
    return o->value[at];
}

void golden_row(double *to, op_case *c, const char *row)
{
    outcome o = golden_run(c);
    memcpy(to, row_of(&o, row), (size_t)c->count[case_row(c, row)] * sizeof *to);
    outcome_free(&o);
    case_free(c);
}

/* ------------------------------------------------------------------ comparison */

void reproduces_values(const char *what, const double *right, const double *got, int64_t count)
{
    double error = 0, most = 0;
    for (int64_t i = 0; i < count; i++) {
        const double e = fabs(got[i] - right[i]);
        error = isnan(e) ? INFINITY : fmax(error, e);
        most = fmax(most, fabs(right[i]));
    }
    if (count == 0 || !(error <= rule_7 * most))
        fail_msg("%s is off by %.3g of %.3g in %lld values", what, error, most, (long long)count);
}

void reproduces(const golden *g, const char *tensor, const double *got)
{
    char what[256];
    snprintf(what, sizeof what, "%s of %s", tensor, g->name);
    reproduces_values(what, golden_values(g, tensor), got, golden_count(g, tensor));
}

static double *difference(const double *of, const double *from, int64_t count)
{
    double *made = malloc((size_t)(count + 1) * sizeof *made);
    if (!made) fail_msg("no memory for %lld differences", (long long)count);
    for (int64_t i = 0; i < count; i++) made[i] = of[i] - from[i];
    return made;
}

void reproduces_move(const golden *g, const char *before, const char *after, const double *from,
                     const double *got)
{
    char what[256];
    const int64_t count = golden_count(g, after);
    double *right = difference(golden_values(g, after), golden_values(g, before), count);
    double *moved = difference(got, from, count);
    snprintf(what, sizeof what, "the move to %s of %s", after, g->name);
    reproduces(g, after, got);
    reproduces_values(what, right, moved, count);
    free(right), free(moved);
}
