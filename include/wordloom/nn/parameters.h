/* Dense parameters of a model: values, gradients and moments, each kind in one flat row of the
 * device's memory, so that one call clears, sums or updates all of them. Where storage is 16-bit
 * the values stay in f32, and operators read a rounded copy. */
#ifndef WORDLOOM_NN_PARAMETERS_H
#define WORDLOOM_NN_PARAMETERS_H

#include <wordloom/nn/memory.h>
#include <wordloom/optimizer.h>

WL_BEGIN

/* A tensor's place in the flat rows, which begins at a multiple of 64 elements. */
typedef struct wl_parameter {
    char name[64]; /* as in model files: "rnn.0.w" */
    int32_t ndim;  /* 1 or 2 */
    int32_t real;  /* 1: operators take it as REAL, such as a bias */
    int64_t shape[4];
    int64_t offset, count; /* elements */
} wl_parameter;

enum { WL_MOST_PARAMETERS = 256 };

typedef struct wl_parameters {
    wl_ctx *ctx;
    int32_t dtype; /* of STORED */
    int32_t rule;  /* WL_SGD, ...; or WL_NO_RULE: there are neither gradients nor moments */
    int32_t count;
    int64_t size; /* elements of a flat row */
    wl_parameter list[WL_MOST_PARAMETERS];
    wl_arena arena;
    wl_tensor value, gradient, m, v; /* REAL [size]; m and v where the rule has them */
    wl_tensor copy;                  /* STORED [size], for 16 bits */
} wl_parameters;

enum { WL_NO_RULE = -1 };

/* Announces a parameter and answers its number. `columns` of 0: a row of `rows` numbers that
 * operators take as REAL; else a STORED [rows,columns]. The name is cut at 63 bytes. */
WL_API int32_t wl_parameters_add(wl_parameters *parameters, int64_t rows, int64_t columns,
                                 const char *name, ...) __attribute__((format(printf, 4, 5)));

/* Allocates what was announced, all of it zero. WL_NO_MEMORY. */
WL_API wl_status wl_parameters_create(wl_parameters *parameters, wl_error *error);
WL_API void wl_parameters_destroy(wl_parameters *parameters); /* takes one that is all zero */

/* A parameter as operators read it; its values in f32; its gradient. After the values were written
 * the copy in 16 bits is stale until wl_parameters_settle. */
WL_API wl_tensor wl_parameters_at(const wl_parameters *parameters, int32_t number);
WL_API wl_tensor wl_parameters_value(const wl_parameters *parameters, int32_t number);
WL_API wl_tensor wl_parameters_gradient(const wl_parameters *parameters, int32_t number);

/* Rounds the values to the copy, where there is one. */
WL_API wl_status wl_parameters_settle(wl_parameters *parameters, wl_error *error);

WL_END
#endif
