/* Parameters of <wordloom/nn/parameters.h>. */
#include <wordloom/half.h>
#include <wordloom/nn/parameters.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

enum { ALIGNMENT = 64 /* elements: 256 bytes of f32, 128 of 16 bits */ };

static wl_status failed(const wl_parameters *p, wl_status status, wl_error *error)
{
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(p->ctx)) : WL_OK;
}

int32_t wl_parameters_add(wl_parameters *p, int64_t rows, int64_t columns, const char *name, ...)
{
    wl_parameter *one = &p->list[p->count];
    va_list list;
    *one = (wl_parameter){ .ndim = columns ? 2 : 1,
                           .real = !columns,
                           .shape = { rows, columns },
                           .offset = p->size,
                           .count = rows * (columns ? columns : 1) };
    va_start(list, name);
    vsnprintf(one->name, sizeof one->name, name, list);
    va_end(list);
    p->size += (one->count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return p->count++;
}

static bool has_m(int32_t rule)
{
    return rule == WL_MOMENTUM || rule == WL_NESTEROV || rule == WL_NESTEROV_NEW_VELOCITY ||
           rule == WL_ADAM;
}

static bool has_v(int32_t rule)
{
    return rule == WL_ADAGRAD || rule == WL_RMSPROP || rule == WL_ADAM;
}

static wl_status carve(void *owner, wl_arena *arena)
{
    wl_parameters *p = owner;
    const int64_t size[4] = { p->size };
    p->value = wl_arena_take(arena, WL_F32, 1, size);
    if (p->rule != WL_NO_RULE) p->gradient = wl_arena_take(arena, WL_F32, 1, size);
    if (has_m(p->rule)) p->m = wl_arena_take(arena, WL_F32, 1, size);
    if (has_v(p->rule)) p->v = wl_arena_take(arena, WL_F32, 1, size);
    if (p->dtype != WL_F32) p->copy = wl_arena_take(arena, p->dtype, 1, size);
    return WL_OK;
}

static wl_status clear(wl_parameters *p, const wl_tensor *t)
{
    const wl_optimizer_clear_args a = { .size = sizeof a, .x = *t };
    return t->ndim ? wl_optimizer_clear(p->ctx, &a) : WL_OK;
}

wl_status wl_parameters_create(wl_parameters *p, wl_error *error)
{
    wl_status status = wl_arena_create(&p->arena, p->ctx, carve, p, error);
    if (status) return status;
    const wl_tensor *const rows[] = { &p->value, &p->gradient, &p->m, &p->v };
    for (int i = 0; i < 4 && !status; i++) status = clear(p, rows[i]);
    return status ? failed(p, status, error) : wl_parameters_settle(p, error);
}

void wl_parameters_destroy(wl_parameters *p)
{
    wl_arena_destroy(&p->arena);
    *p = (wl_parameters){ 0 };
}

/* A parameter's part of a flat row. */
static wl_tensor part(const wl_parameter *one, const wl_tensor *flat)
{
    wl_tensor t = { .dtype = flat->dtype, .ndim = one->ndim };
    if (flat->data) t.data = (char *)flat->data + (size_t)one->offset * wl_dtype_size(flat->dtype);
    for (int i = 0; i < 2; i++) t.shape[i] = one->shape[i];
    return t;
}

wl_tensor wl_parameters_at(const wl_parameters *p, int32_t number)
{
    const wl_parameter *one = &p->list[number];
    return part(one, p->copy.ndim && !one->real ? &p->copy : &p->value);
}

wl_tensor wl_parameters_gradient(const wl_parameters *p, int32_t number)
{
    return part(&p->list[number], &p->gradient);
}

wl_tensor wl_parameters_value(const wl_parameters *p, int32_t number)
{
    return part(&p->list[number], &p->value);
}

wl_status wl_parameters_settle(wl_parameters *p, wl_error *error)
{
    const wl_half_narrow_args a = { .size = sizeof a, .x = p->value, .y = p->copy };
    return p->copy.ndim ? failed(p, wl_half_narrow(p->ctx, &a), error) : WL_OK;
}
