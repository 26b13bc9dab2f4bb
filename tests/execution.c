/* Cases laid out in a backend's memory, called, and read back. */
#include "execution.h"

#include "../host/core/storage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer what follows a buffer is its red zone, which sees reads as well. */
#if defined(__SANITIZE_ADDRESS__)
enum { GUARD = 256, GUARD_AFTER = 0 };
#else
enum { GUARD = 256, GUARD_AFTER = 256 };
#endif
enum { GUARD_BYTE = 0xa5, FRESH = 0xff };

wl_status call_operator(int number, wl_ctx *ctx, const void *args)
{
    switch (number) {
#define WL_OP(op)                                                                                  \
    case WL_NUMBER_##op:                                                                           \
        return wl_##op(ctx, args);
#include "../host/core/ops.def"
#undef WL_OP
    default: return WL_UNSUPPORTED;
    }
}

wl_status call_workspace(int number, wl_ctx *ctx, const void *args, size_t *bytes)
{
    switch (number) {
#define WL_OP(op)                                                                                  \
    case WL_NUMBER_##op:                                                                           \
        return wl_##op##_workspace(ctx, args, bytes);
#include "../host/core/ops.def"
#undef WL_OP
    default: return WL_UNSUPPORTED;
    }
}

int operator_number(const wl_op_spec *spec)
{
    for (int i = 0; i < WL_OPERATORS; i++)
        if (wl_op_specs[i] == spec) return i;
    return -1;
}

/* ------------------------------------------------------------------ layout */

/* The dtype that a backend takes where the case has f32 or 16 bits. */
static int32_t native(const wl_backend *backend, const wl_arg *arg, int32_t dtype)
{
    const bool real = arg->kind == WL_REAL || arg->kind == WL_STORED;
    return real && backend->real == WL_F64 ? WL_F64 : dtype;
}

static void put(void *p, int32_t dtype, int64_t i, double v)
{
    switch (dtype) {
    case WL_F64: ((double *)p)[i] = v; break;
    case WL_F32: ((float *)p)[i] = (float)v; break;
    case WL_F16: ((uint16_t *)p)[i] = wl_f16_of_f32((float)v); break;
    case WL_BF16: ((uint16_t *)p)[i] = wl_bf16_of_f32((float)v); break;
    case WL_I64: ((int64_t *)p)[i] = (int64_t)v; break;
    case WL_I32: ((int32_t *)p)[i] = (int32_t)v; break;
    default: ((uint8_t *)p)[i] = (uint8_t)v; break;
    }
}

static double get(const void *p, int32_t dtype, int64_t i)
{
    switch (dtype) {
    case WL_F64: return ((const double *)p)[i];
    case WL_F32: return (double)((const float *)p)[i];
    case WL_F16: return (double)wl_f32_of_f16(((const uint16_t *)p)[i]);
    case WL_BF16: return (double)wl_f32_of_bf16(((const uint16_t *)p)[i]);
    case WL_I64: return (double)((const int64_t *)p)[i];
    case WL_I32: return (double)((const int32_t *)p)[i];
    default: return ((const uint8_t *)p)[i];
    }
}

/* The case's tensor as the backend is to see it, but for its data. */
static wl_tensor layout(const op_case *c, int row, const wl_backend *backend)
{
    wl_tensor t = c->like[row];
    t.dtype = native(backend, &c->spec->arg[row], t.dtype);
    if (!c->spec->arg[row].strided || (c->pad == 0 && !c->swap)) return t;
    t.stride[t.ndim - 1] = 1;
    for (int i = t.ndim - 2; i >= 0; i--)
        t.stride[i] = (t.stride[i + 1] * t.shape[i + 1]) + (i == t.ndim - 2 ? c->pad : 0);
    if (c->swap && t.ndim == 3) {
        t.stride[0] = t.stride[1];
        t.stride[1] = t.stride[0] * t.shape[0];
    }
    return t;
}

static bool is_dense(const wl_tensor *t) { return !t->stride[t->ndim - 1]; }

/* Where the i-th element in the case's order lies. */
static int64_t place(const wl_tensor *t, int64_t i)
{
    int64_t at = 0;
    if (is_dense(t)) return i;
    for (int axis = t->ndim - 1; axis >= 0; axis--) {
        at += i % t->shape[axis] * wl_stride(t, axis);
        i /= t->shape[axis];
    }
    return at;
}

/* Elements from the first to past the last. */
static int64_t span(const wl_tensor *t)
{
    int64_t last = 0;
    for (int axis = 0; axis < t->ndim; axis++) {
        if (t->shape[axis] == 0) return 0;
        last += (t->shape[axis] - 1) * wl_stride(t, axis);
    }
    return last + 1;
}

/* All elements of dense rows, most of which are large. */
static void put_all(void *p, int32_t dtype, const double *v, int64_t n)
{
    switch (dtype) {
    case WL_F64: memcpy(p, v, (size_t)n * sizeof *v); break;
    case WL_F32:
        for (int64_t i = 0; i < n; i++) ((float *)p)[i] = (float)v[i];
        break;
    default:
        for (int64_t i = 0; i < n; i++) put(p, dtype, i, v[i]);
    }
}

/* A row's bytes between the guards: fresh where the case leaves it to the call. */
static char *host_image(const op_case *c, int row, const wl_tensor *t, size_t bytes)
{
    char *image = malloc(bytes + 1);
    const size_t skip = (size_t)c->offset * wl_dtype_size(t->dtype);
    if (!image) return NULL;
    memset(image, FRESH, bytes);
    if (c->spec->arg[row].role == WL_OUT) return image;
    if (is_dense(t)) put_all(image + skip, t->dtype, c->value[row], c->count[row]);
    for (int64_t i = 0; i < c->count[row] && !is_dense(t); i++)
        put(image + skip, t->dtype, place(t, i), c->value[row][i]);
    return image;
}

static int guarded_alloc(bound_case *b, int row, size_t bytes, const void *image)
{
    char guard[GUARD];
    void *block = NULL;
    memset(guard, GUARD_BYTE, sizeof guard);
    if (wl_ctx_alloc(b->ctx, &block, GUARD + bytes + GUARD_AFTER)) return -1;
    b->block[row] = block;
    b->bytes[row] = bytes;
    return wl_ctx_copy(b->ctx, b->block[row], guard, GUARD) ||
                   wl_ctx_copy(b->ctx, b->block[row] + GUARD, image, bytes) ||
                   wl_ctx_copy(b->ctx, b->block[row] + GUARD + bytes, guard, GUARD_AFTER)
               ? -1
               : 0;
}

static int bind_row(bound_case *b, int row)
{
    const op_case *c = b->of;
    const wl_arg *arg = &c->spec->arg[row];
    void *field = b->args.bytes + arg->offset;
    switch (arg->kind) {
    case WL_DOUBLE: *(double *)field = c->scalar[row]; return 0;
    case WL_CHOICE: *(int32_t *)field = (int32_t)c->scalar[row]; return 0;
    case WL_SEED: *(uint64_t *)field = (uint64_t)c->scalar[row]; return 0;
    case WL_LENGTH: *(int64_t *)field = (int64_t)c->scalar[row]; return 0;
    default: break;
    }
    if (!c->value[row]) return 0;
    wl_tensor t = layout(c, row, b->ctx->backend);
    const size_t skip = (size_t)c->offset * wl_dtype_size(t.dtype);
    const size_t bytes = (size_t)span(&t) * wl_dtype_size(t.dtype) + skip;
    char *image = host_image(c, row, &t, bytes);
    const int failed = !image || guarded_alloc(b, row, bytes, image);
    free(image);
    t.data = failed ? NULL : b->block[row] + GUARD + skip;
    memcpy(field, &t, sizeof t);
    return failed ? -1 : 0;
}

size_t planted_workspace_cut;

static int bind_workspace(bound_case *b)
{
    size_t told = 0;
    if (call_workspace(operator_number(b->of->spec), b->ctx, b->args.bytes, &told)) return -1;
    const size_t bytes = told > planted_workspace_cut ? told - planted_workspace_cut : told;
    char *image = malloc(bytes + 1);
    if (!image) return -1;
    memset(image, FRESH, bytes);
    const int failed = guarded_alloc(b, WL_MAX_ARGS, bytes, image);
    free(image);
    if (!failed) wl_ctx_set_workspace(b->ctx, b->block[WL_MAX_ARGS] + GUARD, told);
    return failed;
}

int case_bind(bound_case *out, const op_case *c, const wl_backend *backend, char trouble[256])
{
    memset(out, 0, sizeof *out);
    out->of = c;
    snprintf(trouble, 256, "no memory");
    if (c->spec->args_size > sizeof out->args || wl_ctx_create_on(&out->ctx, backend, 0)) return -1;
    *(size_t *)(void *)out->args.bytes = c->spec->args_size;
    int failed = 0;
    for (int row = 0; c->spec->arg[row].name && !failed; row++) failed = bind_row(out, row);
    if (!failed) failed = bind_workspace(out);
    if (failed) {
        if (*wl_ctx_error(out->ctx)) snprintf(trouble, 256, "%.255s", wl_ctx_error(out->ctx));
        bound_free(out);
    }
    return failed;
}

wl_tensor *bound_tensor(bound_case *b, int row)
{
    return (wl_tensor *)(void *)(b->args.bytes + b->of->spec->arg[row].offset);
}

wl_status bound_call(bound_case *b)
{
    return call_operator(operator_number(b->of->spec), b->ctx, b->args.bytes);
}

void bound_free(bound_case *b)
{
    for (int row = 0; row <= WL_MAX_ARGS && b->ctx; row++) wl_ctx_free(b->ctx, b->block[row]);
    wl_ctx_destroy(b->ctx);
    b->ctx = NULL;
}

/* ------------------------------------------------------------------ reading back */

static bool is_all(const char *p, size_t n, int byte)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] != (unsigned char)byte) return false;
    return true;
}

static uint64_t hash_of(uint64_t hash, const char *p, size_t n) /* as FNV-1a, eight bytes a time */
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t eight = 0;
        memcpy(&eight, p + i, n - i < 8 ? n - i : 8);
        hash = (hash ^ eight) * 1099511628211u;
        hash ^= hash >> 32;
    }
    return hash;
}

/* The entries of a row that the call was to write: all, or as many as its count says. */
static int64_t written(const op_case *c, int row, const outcome *o)
{
    const char *count = c->spec->arg[row].count;
    if (!count || c->like[row].shape[0] == 0) return c->count[row];
    const int64_t entries = (int64_t)o->value[case_row(c, count)][0];
    return entries * (c->count[row] / c->like[row].shape[0]);
}

/* Reads a row between its guards. What the call was not to write must be as it was. */
static const char *read_row(outcome *o, bound_case *b, int row, const char *image)
{
    const op_case *c = b->of;
    const wl_tensor *t = bound_tensor(b, row);
    const size_t size = wl_dtype_size(t->dtype), bytes = b->bytes[row];
    const char *data = image + (size_t)c->offset * size;
    char *before = host_image(c, row, t, bytes);
    if (!before) return "no memory to check";
    const char *trouble = NULL;
    if (!case_writes(c, row)) {
        if (memcmp(before, image, bytes)) trouble = "changed its input";
        free(before);
        return trouble;
    }
    o->value[row] = malloc((size_t)(c->count[row] + 1) * sizeof(double));
    if (!o->value[row]) {
        free(before);
        return "no memory to check";
    }
    const int64_t to_write = written(c, row, o);
    char *left = before + (data - image); /* only what is not written counts: */
    if (is_dense(t)) memcpy(left, data, (size_t)to_write * size);
    for (int64_t i = 0; i < to_write && !is_dense(t); i++)
        memcpy(left + (size_t)place(t, i) * size, data + (size_t)place(t, i) * size, size);
    for (int64_t i = 0; i < c->count[row]; i++) o->value[row][i] = get(data, t->dtype, place(t, i));
    if (memcmp(before, image, bytes)) trouble = "wrote between or past the entries of";
    o->hash = hash_of(o->hash, image, bytes);
    free(before);
    return trouble;
}

static int check_block(outcome *o, bound_case *b, int row)
{
    const size_t bytes = b->bytes[row];
    const char *name = row == WL_MAX_ARGS ? "its workspace" : b->of->spec->arg[row].name;
    const char *trouble = NULL;
    char *image = malloc(GUARD + bytes + GUARD_AFTER);
    if (!image || wl_ctx_copy(b->ctx, image, b->block[row], GUARD + bytes + GUARD_AFTER))
        trouble = "could not read back";
    else if (!is_all(image, GUARD, GUARD_BYTE))
        trouble = "wrote before";
    else if (!is_all(image + GUARD + bytes, GUARD_AFTER, GUARD_BYTE))
        trouble = "wrote past";
    else if (row < WL_MAX_ARGS)
        trouble = read_row(o, b, row, image + GUARD);
    free(image);
    if (trouble) snprintf(o->trouble, 128, "%s %s", trouble, name);
    return trouble ? -1 : 0;
}

/* "…: OP "sizes" on BACKEND, seed 1": enough to repeat it */
static void name_the_case(outcome *o, const wl_backend *backend)
{
    char what[sizeof o->trouble];
    memcpy(what, o->trouble, sizeof what);
    snprintf(o->trouble, sizeof o->trouble, "%.300s: %s \"%.150s\" on %s, seed %llu", what,
             o->of->spec->name, o->of->text, backend->name, (unsigned long long)o->of->seed);
}

int bound_outcome(outcome *out, bound_case *b)
{
    const op_case *c = b->of;
    int failed = 0;
    out->of = c;
    out->hash = 14695981039346656037u;
    for (int counted = 0; counted < 2; counted++) /* counts come before what they count */
        for (int row = 0; c->spec->arg[row].name; row++)
            if (b->block[row] && !c->spec->arg[row].count == !counted)
                failed |= check_block(out, b, row);
    return failed ? failed : check_block(out, b, WL_MAX_ARGS);
}

int execute(outcome *out, const op_case *c, const wl_backend *backend)
{
    bound_case b;
    memset(out, 0, sizeof *out);
    out->of = c;
    int failed = case_bind(&b, c, backend, out->trouble);
    if (!failed) {
        out->trouble[0] = 0;
        out->status = bound_call(&b);
        if (!out->status) out->status = wl_ctx_sync(b.ctx);
        if (out->status) snprintf(out->trouble, 300, "%.299s", wl_ctx_error(b.ctx));
        failed = out->status ? -1 : 0;
        if (!failed || out->status == WL_BAD_ID) failed |= bound_outcome(out, &b);
        bound_free(&b);
    }
    if (failed) name_the_case(out, backend);
    return failed;
}

void outcome_free(outcome *o)
{
    for (int row = 0; row < WL_MAX_ARGS; row++) free(o->value[row]);
    memset(o->value, 0, sizeof o->value);
}
