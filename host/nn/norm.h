/* Layer normalisation of what enters a layer: its parameters, and what it keeps of a pass. */
#ifndef WL_NORM_H
#define WL_NORM_H

#include <wordloom/nn/parameters.h>

WL_BEGIN

typedef struct wl_norm {
    wl_parameters *parameters;
    int64_t D;
    int32_t weight, bias; /* numbers of its parameters */
} wl_norm;

/* Announces the parameters NAME.norm.weight and NAME.norm.bias, each of D numbers. */
void wl_norm_add(wl_norm *norm, wl_parameters *parameters, int64_t D, const char *name);
/* Makes the weight 1; the bias stays 0. */
wl_status wl_norm_begin(const wl_norm *norm, wl_error *error);

typedef struct wl_norm_pass {
    const wl_norm *norm;
    wl_tensor x;          /* STORED [T,B,D]: the caller's */
    wl_tensor y;          /* STORED [T,B,D] */
    wl_tensor mean, rstd; /* REAL [TB]: kept for backward */
} wl_norm_pass;

/* Takes the tensors from the arena, but for the caller's. */
void wl_norm_carve(wl_norm_pass *pass, const wl_norm *norm, wl_arena *arena, int64_t T, int64_t B);

/* The calls of a pass, as wl_recurrent_forward and wl_recurrent_backward are: see
 * <wordloom/nn/recurrent.h>. From the gradient at y in `d`, to that at x in its place. */
wl_status wl_norm_forward(const wl_norm_pass *pass, size_t *bytes);
wl_status wl_norm_backward(const wl_norm_pass *pass, const wl_tensor *d, size_t *bytes);

WL_END
#endif
