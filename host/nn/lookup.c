/* Embeddings of models: see lookup.h. */
#include "lookup.h"

#include "floats.h"
#include "queue.h"

void wl_lookup_add(wl_lookup *l, wl_parameters *parameters, int64_t V, int64_t E, bool dense,
                   const char *name)
{
    *l = (wl_lookup){ .parameters = parameters, .V = V, .E = E, .number = -1, .name = name };
    l->table = (wl_tensor){ .dtype = parameters->dtype, .ndim = 2, .shape = { V, E } };
    if (dense) l->number = wl_parameters_add(parameters, V, E, "%s", name);
}

static wl_status carve_table(void *owner, wl_arena *arena)
{
    wl_lookup *l = owner;
    const int64_t shape[4] = { l->V, l->E };
    l->table = wl_arena_take(arena, l->table.dtype, 2, shape);
    if (l->parameters->m.ndim) l->m = wl_arena_take(arena, WL_F32, 2, shape);
    if (l->parameters->v.ndim) l->v = wl_arena_take(arena, WL_F32, 2, shape);
    return WL_OK;
}

static wl_status clear(const wl_lookup *l, const wl_tensor *t)
{
    const wl_optimizer_clear_args a = { .size = sizeof a,
                                        .x = { t->data, WL_F32, 1, { l->V * l->E }, { 0 } } };
    return t->ndim ? wl_optimizer_clear(l->parameters->ctx, &a) : WL_OK;
}

wl_status wl_lookup_create(wl_lookup *l, wl_error *error)
{
    wl_ctx *ctx = l->parameters->ctx;
    if (l->number >= 0) return WL_OK;
    wl_status status = wl_arena_create(&l->arena, ctx, carve_table, l, error);
    if (status) return status;
    status = clear(l, &l->m);
    if (!status) status = clear(l, &l->v);
    return status ? wl_error_set(error, status, "%s", wl_ctx_error(ctx)) : WL_OK;
}

void wl_lookup_destroy(wl_lookup *l) { wl_arena_destroy(&l->arena); }

wl_tensor wl_lookup_at(const wl_lookup *l)
{
    return l->number < 0 ? l->table : wl_parameters_at(l->parameters, l->number);
}

wl_tensor wl_lookup_value(const wl_lookup *l)
{
    return l->number < 0 ? l->table : wl_parameters_value(l->parameters, l->number);
}

wl_status wl_lookup_draw(const wl_lookup *l, int32_t number, uint64_t seed, wl_error *error)
{
    const wl_tensor value = wl_lookup_value(l);
    if (l->number >= 0) number = l->number;
    return wl_floats_draw(l->parameters->ctx, &value, (uint32_t)number, 0.01, seed, error);
}

/* ------------------------------------------------------------------ passes */

void wl_lookup_carve(wl_lookup_pass *p, const wl_lookup *l, wl_arena *arena, int64_t T, int64_t B,
                     bool training)
{
    const int64_t n = T * B;
    p->lookup = l;
    p->y = wl_arena_take(arena, l->parameters->dtype, 3, (int64_t[4]){ T, B, l->E });
    if (!training || l->number >= 0) return;
    p->rows = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ n });
    p->count = wl_arena_take(arena, WL_I64, 1, (int64_t[4]){ 1 });
    p->sums = wl_arena_take(arena, WL_F32, 2, (int64_t[4]){ n, l->E });
}

/* The [T,B,E] as rows. */
static wl_tensor as_rows(const wl_lookup_pass *p, const wl_tensor *t)
{
    const int64_t n = p->ids.shape[0] * p->ids.shape[1];
    return (wl_tensor){ t->data, t->dtype, 2, { n, p->lookup->E }, { 0 } };
}

wl_status wl_lookup_forward(const wl_lookup_pass *p, size_t *bytes)
{
    const int64_t n = p->ids.shape[0] * p->ids.shape[1];
    const wl_embedding_gather_args a = { .size = sizeof a,
                                         .table = wl_lookup_at(p->lookup),
                                         .ids = { p->ids.data, p->ids.dtype, 1, { n }, { 0 } },
                                         .y = as_rows(p, &p->y) };
    return wl_queue_embedding_gather(p->lookup->parameters->ctx, &a, bytes);
}

wl_status wl_lookup_backward(const wl_lookup_pass *p, const wl_tensor *dy, size_t *bytes)
{
    const wl_lookup *l = p->lookup;
    const int64_t n = p->ids.shape[0] * p->ids.shape[1];
    const wl_tensor ids = { p->ids.data, p->ids.dtype, 2, { n, 1 }, { 0 } };
    if (l->number >= 0) {
        const wl_embedding_scatter_args a = {
            .size = sizeof a,
            .ids = ids,
            .dy = as_rows(p, dy),
            .dtable = wl_parameters_gradient(l->parameters, l->number),
        };
        return wl_queue_embedding_scatter(l->parameters->ctx, &a, bytes);
    }
    const wl_embedding_compact_args a = { .size = sizeof a,
                                          .ids = ids,
                                          .dy = as_rows(p, dy),
                                          .rows = p->rows,
                                          .count = p->count,
                                          .sums = p->sums,
                                          .V = l->V };
    return wl_queue_embedding_compact(l->parameters->ctx, &a, bytes);
}
