/* The public calls: each is checked against its contract, once for every backend, and handed to
 * the context's backend. */
#include "op.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const wl_op_spec *const wl_op_specs[WL_OPERATORS] = {
#define WL_OP(op) &wl_##op##_spec,
#include "ops.def"
#undef WL_OP
};

const wl_op_spec *wl_op_find(const char *name)
{
    for (int i = 0; i < WL_OPERATORS; i++)
        if (!strcmp(wl_op_specs[i]->name, name)) return wl_op_specs[i];
    return NULL;
}

wl_determinism wl_op_determinism(const char *name)
{
    const wl_op_spec *spec = name ? wl_op_find(name) : NULL;
    return spec ? spec->determinism : (wl_determinism)0;
}

int64_t *wl_dim(wl_dims *d, char letter)
{
    return (int64_t *)(void *)((char *)d + (size_t)(letter - 'A') * sizeof(int64_t));
}

enum { UNBOUND = -1, TEXT = 96 };

/* What a check carries from row to row. */
typedef struct check {
    wl_ctx *ctx;
    const wl_op_spec *spec;
    const char *args;
    wl_dims *dims;
    int32_t stored; /* the dtype that the first STORED tensor bound, or 0 */
    bool query;     /* data pointers are not looked at */
} check;

static const wl_tensor *tensor_of(const check *c, const wl_arg *arg)
{
    return (const wl_tensor *)(const void *)(c->args + arg->offset);
}

/* "[7,4]" */
static const char *shape_text(char *out, int32_t ndim, const int64_t *shape)
{
    int at = snprintf(out, TEXT, "[");
    for (int32_t i = 0; i < ndim && i < 4; i++)
        at += snprintf(out + at, (size_t)(TEXT - at), i ? ",%lld" : "%lld", (long long)shape[i]);
    snprintf(out + at, (size_t)(TEXT - at), "]");
    return out;
}

/* One axis of a shape such as "4H", "NK" or "D+S": its constant factor, its letters, and what is
 * added: a letter, or a number. */
typedef struct axis {
    int64_t factor;
    char letters[4];
    int count;
    char more;
    int64_t constant;
} axis;

static axis next_axis(const char **shape)
{
    axis a = { 0 };
    const char *s = *shape;
    while (*s >= '0' && *s <= '9') a.factor = 10 * a.factor + (*s++ - '0');
    while (*s >= 'A' && *s <= 'Z' && a.count < 4) a.letters[a.count++] = *s++;
    if (a.count && !a.factor) a.factor = 1;
    if (*s == '+') {
        s++;
        if (*s >= 'A' && *s <= 'Z') a.more = *s++;
        while (*s >= '0' && *s <= '9') a.constant = 10 * a.constant + (*s++ - '0');
    }
    while (*s == ' ') s++;
    *shape = s;
    return a;
}

/* What is added to an axis: nothing where no argument has bound the letter. */
static int64_t more_of(const axis *a, const wl_dims *dims)
{
    const int64_t more = a->more ? *wl_dim((wl_dims *)(uintptr_t)dims, a->more) : 0;
    return more == UNBOUND ? 0 : more + a->constant;
}

/* Whether an axis of this size fits; a letter that stands alone is bound by its first use. */
static bool match_axis(const axis *a, int64_t size, wl_dims *dims)
{
    int64_t want = a->factor;
    size -= more_of(a, dims);
    if (a->count == 1 && size >= 0) {
        int64_t *dim = wl_dim(dims, a->letters[0]);
        if (*dim == UNBOUND && size % a->factor == 0) *dim = size / a->factor;
    }
    for (int i = 0; i < a->count; i++) {
        const int64_t dim = *wl_dim(dims, a->letters[i]);
        if (dim == UNBOUND || __builtin_mul_overflow(want, dim, &want)) return false;
    }
    return size == want;
}

static bool match_shape(const char *shape, const wl_tensor *t, wl_dims *dims)
{
    int32_t i = 0;
    for (; *shape; i++) {
        const axis a = next_axis(&shape);
        if (i == t->ndim || t->shape[i] < 0 || !match_axis(&a, t->shape[i], dims)) return false;
    }
    return i == t->ndim;
}

/* "[N,D] = [7,?]": a shape in letters and in the sizes that are bound. */
static const char *wanted_text(char *out, const char *shape, const wl_dims *dims)
{
    char letters[TEXT / 2] = "", sizes[TEXT / 2] = "";
    size_t l = 0, s = 0;
    while (*shape) {
        const char *begin = shape;
        const axis a = next_axis(&shape);
        int64_t want = a.factor;
        for (int i = 0; i < a.count; i++) {
            const int64_t dim = *wl_dim((wl_dims *)(uintptr_t)dims, a.letters[i]);
            want = dim == UNBOUND || want == UNBOUND ? UNBOUND : want * dim;
        }
        if (want != UNBOUND) want += more_of(&a, dims);
        int width = 0;
        while (begin[width] && begin[width] != ' ') width++;
        l +=
            (size_t)snprintf(letters + l, sizeof letters - l, "%s%.*s", l ? "," : "", width, begin);
        if (want == UNBOUND)
            s += (size_t)snprintf(sizes + s, sizeof sizes - s, "%s?", s ? "," : "");
        else
            s += (size_t)snprintf(sizes + s, sizeof sizes - s, "%s%lld", s ? "," : "",
                                  (long long)want);
        if (l >= sizeof letters || s >= sizeof sizes) break;
    }
    snprintf(out, 2 * TEXT, "[%s] = [%s]", letters, sizes);
    return out;
}

static wl_status check_dtype(check *c, const wl_arg *arg)
{
    const int32_t real = c->ctx->backend->real, dtype = tensor_of(c, arg)->dtype;
    const char *want = NULL;
    bool ok = false;
    switch (arg->kind) {
    case WL_REAL: ok = dtype == real, want = wl_dtype_name(real); break;
    case WL_STORED:
        ok = dtype == real || (real == WL_F32 && (dtype == WL_F16 || dtype == WL_BF16));
        want = real == WL_F32 ? "f32, f16 or bf16" : wl_dtype_name(real);
        if (ok && c->stored) ok = dtype == c->stored, want = wl_dtype_name(c->stored);
        if (ok) c->stored = dtype;
        break;
    case WL_ID: ok = dtype == WL_I32 || dtype == WL_I64, want = "i32 or i64"; break;
    case WL_INT32: ok = dtype == WL_I32, want = "i32"; break;
    case WL_INT64: ok = dtype == WL_I64, want = "i64"; break;
    case WL_BYTE: ok = dtype == WL_U8, want = "u8"; break;
    default: break;
    }
    if (ok) return WL_OK;
    return wl_fail(c->ctx, WL_BAD_DTYPE, "%s: %s: dtype is %s, expected %s", c->spec->name,
                   arg->name, wl_dtype_name(dtype), want);
}

static wl_status check_shape(check *c, const wl_arg *arg)
{
    const wl_tensor *t = tensor_of(c, arg);
    char found[TEXT], wanted[2 * TEXT];
    if (t->ndim < 1 || t->ndim > 4)
        return wl_fail(c->ctx, WL_BAD_SHAPE, "%s: %s: ndim is %d, expected 1 to 4", c->spec->name,
                       arg->name, (int)t->ndim);
    if (!match_shape(arg->shape, t, c->dims))
        return wl_fail(c->ctx, WL_BAD_SHAPE, "%s: %s: shape is %s, expected %s", c->spec->name,
                       arg->name, shape_text(found, t->ndim, t->shape),
                       wanted_text(wanted, arg->shape, c->dims));
    int64_t count = 1;
    for (int32_t i = 0; i < t->ndim; i++)
        if (__builtin_mul_overflow(count, t->shape[i], &count) || count > INT64_MAX / 16)
            return wl_fail(c->ctx, WL_BAD_SHAPE, "%s: %s: shape %s has too many elements",
                           c->spec->name, arg->name, shape_text(found, t->ndim, t->shape));
    return WL_OK;
}

/* Strides are none at all, or 1 for the innermost axis and such that no two entries overlap. */
static bool strides_fit(const wl_tensor *t, bool strided)
{
    int64_t dense = 1;
    bool is_dense = true, zero = true;
    for (int32_t i = t->ndim - 1; i >= 0; i--) {
        if (t->stride[i] < 0) return false;
        zero = zero && t->stride[i] == 0;
        is_dense = is_dense && (t->shape[i] <= 1 || t->stride[i] == dense);
        dense *= t->shape[i];
    }
    if (zero || is_dense || dense == 0) return true;
    if (!strided || t->stride[t->ndim - 1] != 1) return false;
    int64_t reach = 1; /* of the axes with smaller strides */
    bool used[4] = { false };
    for (int32_t round = 0; round < t->ndim; round++) {
        int32_t least = -1;
        for (int32_t i = 0; i < t->ndim; i++)
            if (!used[i] && (least < 0 || t->stride[i] < t->stride[least])) least = i;
        used[least] = true;
        if (t->shape[least] <= 1) continue;
        if (t->stride[least] < reach) return false;
        if (__builtin_mul_overflow(t->stride[least], t->shape[least], &reach)) return false;
    }
    return reach <= INT64_MAX / 16;
}

static wl_status check_memory(check *c, const wl_arg *arg)
{
    const wl_tensor *t = tensor_of(c, arg);
    char found[TEXT];
    if (!strides_fit(t, arg->strided))
        return wl_fail(c->ctx, WL_BAD_STRIDE, "%s: %s: strides are %s, expected %s", c->spec->name,
                       arg->name, shape_text(found, t->ndim, t->stride),
                       arg->strided ? "1 for the last axis and no overlap" : "dense ones");
    if (c->query) return WL_OK;
    int64_t count = 1;
    for (int32_t i = 0; i < t->ndim; i++) count *= t->shape[i];
    if (!t->data && count)
        return wl_fail(c->ctx, WL_MISSING, "%s: %s: data is null, expected %lld elements",
                       c->spec->name, arg->name, (long long)count);
    const size_t size = wl_dtype_size(t->dtype);
    if ((uintptr_t)t->data % size)
        return wl_fail(c->ctx, WL_MISALIGNED,
                       "%s: %s: data is %p, expected a multiple of %zu bytes", c->spec->name,
                       arg->name, t->data, size);
    return WL_OK;
}

static wl_status check_tensor(check *c, const wl_arg *arg)
{
    const wl_tensor *t = tensor_of(c, arg);
    if (!wl_present(t) && arg->optional) return WL_OK;
    if (!wl_present(t))
        return wl_fail(c->ctx, WL_MISSING, "%s: %s: is missing, expected shape [%s]", c->spec->name,
                       arg->name, arg->shape);
    wl_status status = check_dtype(c, arg);
    if (!status) status = check_shape(c, arg);
    return status ? status : check_memory(c, arg);
}

static wl_status check_scalar(check *c, const wl_arg *arg)
{
    const void *field = c->args + arg->offset;
    double value = 0;
    switch (arg->kind) {
    case WL_DOUBLE: value = *(const double *)field; break;
    case WL_CHOICE: value = *(const int32_t *)field; break;
    case WL_LENGTH:
        value = (double)*(const int64_t *)field;
        *wl_dim(c->dims, arg->shape[0]) = *(const int64_t *)field;
        break;
    default: return WL_OK;
    }
    if (value >= arg->low && value <= arg->high) return WL_OK;
    return wl_fail(c->ctx, WL_OUT_OF_RANGE, "%s: %s: is %g, expected %g to %g", c->spec->name,
                   arg->name, value, arg->low, arg->high);
}

typedef struct extent {
    uintptr_t begin, end;
} extent;

static extent extent_of(const wl_tensor *t)
{
    int64_t last = 0;
    for (int32_t i = 0; i < t->ndim; i++) {
        if (t->shape[i] == 0) return (extent){ 0, 0 };
        last += (t->shape[i] - 1) * wl_stride(t, i);
    }
    const uintptr_t begin = (uintptr_t)t->data;
    return (extent){ begin, begin + (uintptr_t)(last + 1) * wl_dtype_size(t->dtype) };
}

/* Whether a row says so of the other, and both are one view. */
static bool may_share(const check *c, const wl_arg *a, const wl_arg *b)
{
    const wl_tensor *x = tensor_of(c, a), *y = tensor_of(c, b);
    bool ok = (a->alias && !strcmp(a->alias, b->name)) || (b->alias && !strcmp(b->alias, a->name));
    ok = ok && x->data == y->data;
    for (int32_t i = 0; ok && i < x->ndim; i++) ok = wl_stride(x, i) == wl_stride(y, i);
    return ok;
}

static wl_status check_aliasing(const check *c)
{
    for (const wl_arg *a = c->spec->arg; a->name; a++) {
        if (a->role == WL_HOST || a->role == WL_IN || !wl_present(tensor_of(c, a))) continue;
        const extent x = extent_of(tensor_of(c, a));
        for (const wl_arg *b = c->spec->arg; b->name; b++) {
            if (a == b || b->role == WL_HOST || !wl_present(tensor_of(c, b))) continue;
            const extent y = extent_of(tensor_of(c, b));
            if (x.begin < y.end && y.begin < x.end && !may_share(c, a, b))
                return wl_fail(c->ctx, WL_ALIASED,
                               "%s: %s: shares memory with %s, expected memory of its own",
                               c->spec->name, a->name, b->name);
        }
    }
    return WL_OK;
}

/* Copies the caller's struct over a zeroed one of today's size. */
static wl_status complete(wl_ctx *ctx, const wl_op_spec *spec, const void *args, char *full)
{
    size_t size = 0;
    if (args) memcpy(&size, args, sizeof size);
    if (!args)
        return wl_fail(ctx, WL_MISSING, "%s: args is null, expected wl_%s_args", spec->name,
                       spec->name);
    if (size < sizeof size + sizeof(wl_tensor) || size > spec->args_size)
        return wl_fail(ctx, WL_BAD_SIZE, "%s: size is %zu, expected sizeof(wl_%s_args) = %zu",
                       spec->name, size, spec->name, spec->args_size);
    memset(full, 0, spec->args_size);
    memcpy(full, args, size);
    return WL_OK;
}

static wl_status check_rows(check *c)
{
    for (char letter = 'A'; letter <= 'Z'; letter++) *wl_dim(c->dims, letter) = UNBOUND;
    wl_status status = WL_OK;
    for (const wl_arg *arg = c->spec->arg; arg->name && !status; arg++)
        status = arg->role == WL_HOST ? check_scalar(c, arg) : check_tensor(c, arg);
    if (!status && !c->query) status = check_aliasing(c);
    if (!status && c->spec->check) status = c->spec->check(c->ctx, c->dims, c->args);
    return status;
}

static size_t workspace_of(const check *c)
{
    return c->spec->workspace ? c->spec->workspace(c->ctx->backend, c->dims, c->args) : 0;
}

wl_status wl_op_check(wl_ctx *ctx, const wl_op_spec *spec, const void *args, void *full,
                      wl_dims *dims)
{
    check c = { .ctx = ctx, .spec = spec, .args = full, .dims = dims };
    wl_status status = complete(ctx, spec, args, full);
    if (!status) status = check_rows(&c);
    if (status) return status;
    const size_t need = workspace_of(&c);
    if (need > ctx->workspace_bytes)
        return wl_fail(ctx, WL_NO_WORKSPACE, "%s: workspace: has %zu bytes, expected %zu",
                       spec->name, ctx->workspace_bytes, need);
    return WL_OK;
}

wl_status wl_op_query(wl_ctx *ctx, const wl_op_spec *spec, const void *args, void *full,
                      size_t *bytes)
{
    wl_dims dims;
    check c = { .ctx = ctx, .spec = spec, .args = full, .dims = &dims, .query = true };
    *bytes = 0;
    wl_status status = complete(ctx, spec, args, full);
    if (!status) status = check_rows(&c);
    if (!status) *bytes = workspace_of(&c);
    return status;
}

#define WL_OP(op)                                                                                  \
    wl_status wl_##op(wl_ctx *ctx, const wl_##op##_args *args)                                     \
    {                                                                                              \
        wl_##op##_args full;                                                                       \
        wl_dims dims;                                                                              \
        int previous = 0;                                                                          \
        wl_status status = ctx->backend->enter(ctx, &previous);                                    \
        if (status) return status;                                                                 \
        status = wl_op_check(ctx, &wl_##op##_spec, args, &full, &dims);                            \
        if (!status) status = ctx->backend->kernels.op(ctx, &dims, &full);                         \
        ctx->backend->leave(ctx, previous);                                                        \
        return status;                                                                             \
    }                                                                                              \
    wl_status wl_##op##_workspace(wl_ctx *ctx, const wl_##op##_args *args, size_t *bytes)          \
    {                                                                                              \
        wl_##op##_args full;                                                                       \
        int previous = 0;                                                                          \
        wl_status status = ctx->backend->enter(ctx, &previous);                                    \
        if (status) return status;                                                                 \
        status = wl_op_query(ctx, &wl_##op##_spec, args, &full, bytes);                            \
        ctx->backend->leave(ctx, previous);                                                        \
        return status;                                                                             \
    }
#include "ops.def"
#undef WL_OP
