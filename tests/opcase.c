/* Calls of operators made from their contracts. */
#include "opcase.h"

#include "../host/core/philox.h"
#include "execution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ random values */

static double uniform(uint64_t seed, int row, int64_t i) /* 0..1 */
{
    const wl_random r = wl_philox(seed, (uint64_t)i, (uint32_t)row, 1000);
    return ((double)(r.word[0] >> 5) * 0x1p26 + (double)(r.word[1] >> 6)) * 0x1p-53;
}

static double rounded(double x, int32_t dtype)
{
    switch (dtype) {
    case WL_F16: return (double)wl_f32_of_f16(wl_f16_of_f32((float)x));
    case WL_BF16: return (double)wl_f32_of_bf16(wl_bf16_of_f32((float)x));
    case WL_F32: return (double)(float)x;
    default: return x;
    }
}

/* From 0 to below `bound`, from numbers in 0..1. By Zipf's law n is drawn about as often as 1 / (n
 * + 1.5): its logarithm is uniform. */
static double draw_id(case_ids how, double u, double w, double bound)
{
    if (how == CASE_UNIFORM) return floor(u * bound);
    if (how == CASE_ZIPF) return fmin(floor(exp(u * log1p(bound))), bound) - 1;
    return floor(u * w * bound);
}

/* An id; sometimes absent; out of bounds on request. */
static double make_id(const op_case *c, const wl_arg *arg, int row, int64_t i, int64_t bad)
{
    const int64_t bound = arg->bound ? *wl_dim((wl_dims *)(uintptr_t)&c->dims, arg->bound) : 2;
    const double u = uniform(c->seed, row, 2 * i), w = uniform(c->seed, row, 2 * i + 1);
    if (i < bad) return i % 2 ? (double)bound : -2.0 - (double)i;
    if (arg->absent && (w < 0.125 || bound == 0)) return -1;
    return draw_id(c->ids, u, w, (double)bound);
}

/* 32 bits as a signed number */
static double make_bits(const op_case *c, int row, int64_t i)
{
    return floor(uniform(c->seed, row, i) * 0x1p32) - 0x1p31;
}

/* A place below `bound`, and at most L from there on that are below it too. */
static double make_span(const op_case *c, int row, int64_t i, int64_t bound)
{
    const double first = floor(uniform(c->seed, row, i - i % 2) * (double)bound);
    const double most = fmin((double)c->dims.L, (double)bound - first);
    return i % 2 ? floor(uniform(c->seed, row, i) * (most + 1)) : first;
}

static double make_path(const op_case *c, int row, int64_t i, int64_t bound)
{
    const double first = floor(uniform(c->seed, row, i - i % 3) * (double)bound);
    const double most = fmin(fmax((double)c->dims.H, (double)c->dims.K), (double)bound - first);
    const double length = floor(uniform(c->seed, row, i - i % 3 + 1) * (most + 1));
    return i % 3 == 0   ? first
           : i % 3 == 1 ? length
                        : floor(uniform(c->seed, row, i) * (length + 1));
}

static double make_integer(const op_case *c, const wl_arg *arg, int row, int64_t i, int64_t bad)
{
    const int64_t bound = arg->bound ? *wl_dim((wl_dims *)(uintptr_t)&c->dims, arg->bound) : 0;
    switch (arg->maker) {
    case WL_DISTINCT: /* a walk with a step coprime to any bound below it */
        return i < bad ? (double)(bound + i) : (double)((i * 7919 + 1) % (bound ? bound : 1));
    case WL_COUNT: return (double)(bound - bound / 3);
    case WL_STEP: return 3 + (double)i;
    case WL_LENGTHS:
        return i == 0   ? 0
               : i == 1 ? (double)bound
                        : floor(uniform(c->seed, row, i) * (double)bound);
    case WL_ALIASES: {
        const double u = uniform(c->seed, row, i);
        return floor(i % 2 ? u * (double)c->like[row].shape[0] : u * 0x1p32 - 0x1p31);
    }
    case WL_BITS: return make_bits(c, row, i);
    case WL_SPANS: return make_span(c, row, i, bound);
    case WL_PATHS: return make_path(c, row, i, bound);
    case WL_OFFSETS: { /* short parts first, then longer ones */
        const double last = (double)(c->count[row] - 1), part = last > 0 ? (double)i / last : 0;
        return floor((double)bound * part * part);
    }
    default: return make_id(c, arg, row, i, bad);
    }
}

static double make_real(const op_case *c, const wl_arg *arg, int row, int64_t i, int32_t dtype)
{
    const double u = uniform(c->seed, row, i);
    return rounded(arg->maker == WL_POSITIVE ? 0.05 + 0.9 * u : 2 * u - 1, dtype);
}

static void fill(op_case *c, int row, int64_t bad)
{
    const wl_arg *arg = &c->spec->arg[row];
    const int32_t dtype = c->like[row].dtype;
    const bool real = arg->kind == WL_REAL || arg->kind == WL_STORED;
#pragma omp parallel for if (c->count[row] > 100000)
    for (int64_t i = 0; i < c->count[row]; i++)
        c->value[row][i] = arg->role == WL_OUT ? NAN
                           : real              ? make_real(c, arg, row, i, dtype)
                                               : make_integer(c, arg, row, i, bad);
}

/* ------------------------------------------------------------------ the text */

static bool word(const char *text, const char *name, char *value, size_t size)
{
    const size_t length = strlen(name);
    for (const char *at = text; *at;) {
        const size_t width = strcspn(at, " ");
        if (width > length && !strncmp(at, name, length) && at[length] == '=') {
            snprintf(value, size, "%.*s", (int)(width - length - 1), at + length + 1);
            return true;
        }
        at += width;
        at += strspn(at, " ");
    }
    return false;
}

static double number(const char *text, const char *name, double otherwise)
{
    char value[64];
    return word(text, name, value, sizeof value) ? strtod(value, NULL) : otherwise;
}

static bool left_out(const char *text, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = text; (at = strchr(at, '-')); at++)
        if ((at == text || at[-1] == ' ') && !strncmp(at + 1, name, length) &&
            (at[length + 1] == ' ' || !at[length + 1]))
            return true;
    return false;
}

static int32_t dtype_named(const char *name)
{
    for (int32_t d = WL_F32; d <= WL_U8; d++)
        if (!strcmp(wl_dtype_name(d), name)) return d;
    return 0;
}

/* False: there is no such way to draw ids. */
static bool ids_named(case_ids *out, const char *name)
{
    static const char *const names[] = { "skewed", "uniform", "zipf" };
    for (int i = 0; i < 3; i++) {
        *out = (case_ids)i;
        if (!strcmp(names[i], name)) return true;
    }
    return false;
}

/* Whether an operator knows a word of so many characters. */
static bool knows(const wl_op_spec *spec, const char *at, size_t width)
{
    static const char *const known[] = {
        "dtype", "id", "pad", "swap", "offset", "bad", "ids", NULL
    };
    const size_t name = strcspn(at, "= ");
    if (width > 2 && name == 1 && *at >= 'A' && *at <= 'Z') return true;
    for (int i = 0; known[i]; i++)
        if (name == strlen(known[i]) && !strncmp(at, known[i], name)) return true;
    for (const wl_arg *arg = spec->arg; arg->name; arg++) {
        const size_t length = strlen(arg->name);
        if (arg->role == WL_HOST && name == length && !strncmp(at, arg->name, name)) return true;
        if (*at == '-' && width == length + 1 && !strncmp(at + 1, arg->name, length)) return true;
    }
    return false;
}

/* Every word must mean something, if only to the forward operator of a backward one: a typing error
 * in a test is no test. */
static int check_words(const op_case *c, char trouble[256])
{
    const wl_op_spec *forward = c->spec->gradient_of ? wl_op_find(c->spec->gradient_of) : NULL;
    for (const char *at = c->text + strspn(c->text, " "); *at;) {
        const size_t width = strcspn(at, " ");
        if (!knows(c->spec, at, width) && !(forward && knows(forward, at, width))) {
            snprintf(trouble, 256, "%s: unknown word in \"%s\": %.*s", c->spec->name, c->text,
                     (int)width, at);
            return -1;
        }
        at += width;
        at += strspn(at, " ");
    }
    return 0;
}

/* ------------------------------------------------------------------ rows */

static int64_t axis_size(const wl_dims *dims, const char **shape)
{
    int64_t size = 0;
    const char *s = *shape;
    while (*s >= '0' && *s <= '9') size = 10 * size + (*s++ - '0');
    if (size == 0) size = *s >= 'A' && *s <= 'Z' ? 1 : 0;
    while (*s >= 'A' && *s <= 'Z') size *= *wl_dim((wl_dims *)(uintptr_t)dims, *s++);
    if (*s == '+') {
        const bool letter = *++s >= 'A' && *s <= 'Z';
        size += letter ? *wl_dim((wl_dims *)(uintptr_t)dims, *s) : *s - '0';
        s++;
    }
    while (*s == ' ') s++;
    *shape = s;
    return size;
}

static int32_t dtype_of(const op_case *c, wl_kind kind)
{
    switch (kind) {
    case WL_REAL: return WL_F32;
    case WL_STORED: return c->stored;
    case WL_ID: return c->id;
    case WL_INT32: return WL_I32;
    case WL_INT64: return WL_I64;
    case WL_BYTE: return WL_U8;
    default: return 0;
    }
}

static int make_row(op_case *c, int row, int64_t bad)
{
    const wl_arg *arg = &c->spec->arg[row];
    if (arg->role == WL_HOST) {
        const bool length = arg->kind == WL_LENGTH;
        c->scalar[row] = number(c->text, arg->name,
                                length ? (double)*wl_dim(&c->dims, arg->shape[0]) : arg->tests[0]);
        return 0;
    }
    if (arg->optional && left_out(c->text, arg->name)) return 0;
    wl_tensor *t = &c->like[row];
    t->dtype = dtype_of(c, arg->kind);
    c->count[row] = 1;
    for (const char *shape = arg->shape; *shape; t->ndim++) {
        t->shape[t->ndim] = axis_size(&c->dims, &shape);
        c->count[row] *= t->shape[t->ndim];
    }
    c->value[row] = malloc((size_t)(c->count[row] + 1) * sizeof(double));
    if (!c->value[row]) return -1;
    fill(c, row, bad);
    return 0;
}

/* The words that an operator knows. */
static void words_of(char out[256], const wl_op_spec *spec, const char *text)
{
    *out = 0;
    for (const char *at = text + strspn(text, " "); *at;) {
        const size_t width = strcspn(at, " ");
        if (knows(spec, at, width)) {
            if (*out) strcat(out, " ");
            strncat(out, at, width);
        }
        at += width;
        at += strspn(at, " ");
    }
}

int case_forward(op_case *out, const op_case *backward, char trouble[256])
{
    char text[256];
    words_of(text, wl_op_find(backward->spec->gradient_of), backward->text);
    if (case_make(out, backward->spec->gradient_of, text, backward->seed, trouble)) return -1;
    for (int row = 0; out->spec->arg[row].name; row++) {
        const int theirs = case_row(backward, out->spec->arg[row].name);
        if (theirs < 0) continue;
        out->scalar[row] = backward->scalar[theirs];
        if (out->spec->arg[row].role == WL_IN && out->value[row] && backward->value[theirs])
            memcpy(out->value[row], backward->value[theirs],
                   (size_t)out->count[row] * sizeof(double));
    }
    return 0;
}

/* What backward reads of forward's results: forward's own outputs for the same inputs. */
static int chain(op_case *c, char trouble[256])
{
    op_case forward;
    outcome o;
    if (!c->spec->gradient_of) return 0;
    if (case_forward(&forward, c, trouble)) return -1;
    const int failed = execute(&o, &forward, &wl_ref_oracle_backend);
    if (failed) snprintf(trouble, 256, "%.255s", o.trouble);
    for (int row = 0; !failed && forward.spec->arg[row].name; row++) {
        const int mine = case_row(c, forward.spec->arg[row].name);
        if (mine < 0 || forward.spec->arg[row].role != WL_OUT || !o.value[row]) continue;
        for (int64_t i = 0; i < c->count[mine]; i++)
            c->value[mine][i] = rounded(o.value[row][i], c->like[mine].dtype);
    }
    outcome_free(&o);
    case_free(&forward);
    return failed;
}

/* What an argument that is left out would add to a shape, as S to "D+S", is 0. */
static void settle_absent(op_case *c)
{
    for (const wl_arg *arg = c->spec->arg; arg->name; arg++) {
        const char *more = arg->shape ? strchr(arg->shape, '+') : NULL;
        for (const wl_arg *from = c->spec->arg; more && from->name; from++)
            if (from->optional && from->role == WL_IN && strchr(from->shape, more[1]) &&
                left_out(c->text, from->name))
                *wl_dim(&c->dims, more[1]) = 0;
    }
}

int case_make(op_case *out, const char *op, const char *text, uint64_t seed, char trouble[256])
{
    char name[16];
    memset(out, 0, sizeof *out);
    out->spec = wl_op_find(op);
    snprintf(out->text, sizeof out->text, "%s", text);
    if (!out->spec || strlen(text) >= sizeof out->text) {
        snprintf(trouble, 256, "no operator %s, or too long a text", op);
        return -1;
    }
    if (check_words(out, trouble)) return -1;
    out->seed = seed;
    for (char letter = 'A'; letter <= 'Z'; letter++)
        *wl_dim(&out->dims, letter) = (int64_t)number(text, (char[2]){ letter, 0 }, 1);
    settle_absent(out);
    out->stored = word(text, "dtype", name, sizeof name) ? dtype_named(name) : WL_F32;
    out->id = word(text, "id", name, sizeof name) ? dtype_named(name) : WL_I32;
    if (word(text, "ids", name, sizeof name) && !ids_named(&out->ids, name)) {
        snprintf(trouble, 256, "%s: ids=%s, expected skewed, uniform or zipf", op, name);
        return -1;
    }
    out->pad = (int64_t)number(text, "pad", 0);
    out->offset = (int64_t)number(text, "offset", 0);
    out->swap = (int64_t)number(text, "swap", 0);
    for (int row = 0; out->spec->arg[row].name; row++)
        if (make_row(out, row, (int64_t)number(text, "bad", 0))) {
            snprintf(trouble, 256, "%s: no memory for a case", op);
            case_free(out);
            return -1;
        }
    if (chain(out, trouble)) {
        case_free(out);
        return -1;
    }
    return 0;
}

int case_copy(op_case *out, const op_case *from)
{
    *out = *from;
    memset(out->value, 0, sizeof out->value);
    for (int row = 0; row < WL_MAX_ARGS; row++) {
        if (!from->value[row]) continue;
        const size_t bytes = (size_t)(from->count[row] + 1) * sizeof(double);
        out->value[row] = malloc(bytes);
        if (!out->value[row]) return -1;
        memcpy(out->value[row], from->value[row], bytes - sizeof(double));
    }
    return 0;
}

void case_free(op_case *c)
{
    for (int row = 0; row < WL_MAX_ARGS; row++) free(c->value[row]);
    memset(c->value, 0, sizeof c->value);
}

int case_row(const op_case *c, const char *name)
{
    for (int row = 0; c->spec->arg[row].name; row++)
        if (!strcmp(c->spec->arg[row].name, name)) return row;
    return -1;
}

bool case_writes(const op_case *c, int row)
{
    const wl_role role = c->spec->arg[row].role;
    return c->value[row] && (role == WL_OUT || role == WL_ACC || role == WL_STATE);
}

double case_bytes(const op_case *c)
{
    double bytes = 0;
    if (c->spec->bytes)
        return c->spec->bytes(&c->dims, sizeof(float), wl_dtype_size(c->stored),
                              wl_dtype_size(c->id));
    for (int row = 0; c->spec->arg[row].name; row++) {
        const wl_role role = c->spec->arg[row].role;
        if (!c->value[row]) continue;
        bytes += (role == WL_ACC || role == WL_STATE ? 2.0 : 1.0) * (double)c->count[row] *
                 (double)wl_dtype_size(c->like[row].dtype);
    }
    return bytes;
}

double case_flops(const op_case *c) { return c->spec->flops ? c->spec->flops(&c->dims) : 0; }
