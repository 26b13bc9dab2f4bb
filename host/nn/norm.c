/* Layer normalisation of what enters a layer: see norm.h. */
#include "norm.h"

#include "floats.h"
#include "queue.h"

#include <stdlib.h>

static const double eps = 1e-5;

void wl_norm_add(wl_norm *l, wl_parameters *parameters, int64_t D, const char *name)
{
    *l = (wl_norm){ .parameters = parameters, .D = D };
    l->weight = wl_parameters_add(parameters, D, 0, "%s.norm.weight", name);
    l->bias = wl_parameters_add(parameters, D, 0, "%s.norm.bias", name);
}

wl_status wl_norm_begin(const wl_norm *l, wl_error *error)
{
    const wl_tensor weight = wl_parameters_value(l->parameters, l->weight);
    float *ones = malloc((size_t)l->D * sizeof *ones + 1);
    if (!ones)
        return wl_error_set(error, WL_NO_MEMORY, "no memory for %lld numbers", (long long)l->D);
    for (int64_t d = 0; d < l->D; d++) ones[d] = 1;
    const wl_status status = wl_floats_send(l->parameters->ctx, &weight, ones, error);
    free(ones);
    return status;
}

void wl_norm_carve(wl_norm_pass *p, const wl_norm *l, wl_arena *arena, int64_t T, int64_t B)
{
    const int64_t rows[4] = { T * B };
    p->norm = l;
    p->y = wl_arena_take(arena, l->parameters->dtype, 3, (int64_t[4]){ T, B, l->D });
    p->mean = wl_arena_take(arena, WL_F32, 1, rows);
    p->rstd = wl_arena_take(arena, WL_F32, 1, rows);
}

/* A [T,B,D] as its rows. */
static wl_tensor as_rows(const wl_tensor *t)
{
    return (wl_tensor){ t->data, t->dtype, 2, { t->shape[0] * t->shape[1], t->shape[2] }, { 0 } };
}

wl_status wl_norm_forward(const wl_norm_pass *p, size_t *bytes)
{
    const wl_norm *l = p->norm;
    const wl_layernorm_forward_args a = { .size = sizeof a,
                                          .x = as_rows(&p->x),
                                          .weight = wl_parameters_at(l->parameters, l->weight),
                                          .bias = wl_parameters_at(l->parameters, l->bias),
                                          .y = as_rows(&p->y),
                                          .mean = p->mean,
                                          .rstd = p->rstd,
                                          .eps = eps };
    return wl_queue_layernorm_forward(l->parameters->ctx, &a, bytes);
}

wl_status wl_norm_backward(const wl_norm_pass *p, const wl_tensor *d, size_t *bytes)
{
    const wl_norm *l = p->norm;
    const wl_layernorm_backward_args a = {
        .size = sizeof a,
        .dy = as_rows(d),
        .x = as_rows(&p->x),
        .weight = wl_parameters_at(l->parameters, l->weight),
        .mean = p->mean,
        .rstd = p->rstd,
        .dx = as_rows(d),
        .dweight = wl_parameters_gradient(l->parameters, l->weight),
        .dbias = wl_parameters_gradient(l->parameters, l->bias),
    };
    return wl_queue_layernorm_backward(l->parameters->ctx, &a, bytes);
}
