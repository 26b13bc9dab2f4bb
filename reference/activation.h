/* The functions of <wordloom/activation.h> and their slopes: of the activation operators, and of
 * linear. */
#ifndef WL_REF_ACTIVATION_H
#define WL_REF_ACTIVATION_H

#include "ref.h"

/* The standard normal distribution at x. */
typedef struct normal {
    real below;   /* the probability of less than x */
    real density; /* its derivative */
} normal;

#ifdef WL_REF_DOUBLE
static inline normal normal_at(real x)
{
    return (normal){ 0.5 * erfc(-x * 0.70710678118654752440),
                     0.39894228040143267794 * exp(-x * x / 2) };
}
#else
/* e^(x^2 / 2) times the probability of more than x, for x in 0..13, by a polynomial in
 * (x - 3) / (x + 3) that was fitted at the nodes of Chebyshev: within 2e-8 of itself. */
static inline float normal_tail(float x)
{
    const float v = (x - 3) / (x + 3);
    float p = 5.27577639e-5f;
    p = p * v + 1.13975111e-4f;
    p = p * v - 3.39185255e-4f;
    p = p * v - 9.82343893e-4f;
    p = p * v + 2.9046836e-3f;
    p = p * v + 6.13165075e-3f;
    p = p * v - 4.62133355e-2f;
    p = p * v + 1.23225073e-1f;
    p = p * v - 2.06402617e-1f;
    return p * v + 1.21513947e-1f;
}

/* `below` within 3 / 2^24, and small values within 1e-5 of themselves, since x^2 is a float. Under
 * 1e-38 it is 0. No branch, so that loops over it vectorise. */
static inline normal normal_at(real x)
{
    const float far = fabsf(x), at = far > 13.0f ? 13.0f : far;
    const float e = far > 13.0f ? 0.0f : exponential(-0.5f * at * at);
    const float beyond = e * normal_tail(at);
    return (normal){ x < 0 ? beyond : 1 - beyond, 0.39894228f * e };
}
#endif

static inline __attribute__((always_inline)) real activation_value(int32_t kind, real x)
{
    switch (kind) {
    case WL_RELU: return x < 0 ? 0 : x; /* NaN stays */
    case WL_SIGMOID: return logistic_function(x);
    case WL_TANH: return hyperbolic_tangent(x);
    case WL_GELU: return x * normal_at(x).below;
    default: return x;
    }
}

/* The derivative at x; of sigmoid and tanh by e / (1 + e)^2, which is right where 1 - y is lost. */
static inline __attribute__((always_inline)) real activation_slope_at(int32_t kind, real x)
{
    const real away = x < 0 ? -x : x;
    switch (kind) {
    case WL_RELU: return x > 0 ? 1 : 0;
    case WL_SIGMOID: {
        const real e = exponential(-away);
        return e / ((1 + e) * (1 + e));
    }
    case WL_TANH: {
        const real e = exponential(-2 * away);
        return 4 * e / ((1 + e) * (1 + e));
    }
    case WL_GELU: {
        const normal p = normal_at(x);
        return p.below + x * p.density;
    }
    default: return 1;
    }
}

/* The derivative where the value is y: of relu, sigmoid and tanh. GELU has two such places. */
static inline __attribute__((always_inline)) real activation_slope_of(int32_t kind, real y)
{
    switch (kind) {
    case WL_RELU: return y > 0 ? 1 : 0;
    case WL_SIGMOID: return y * (1 - y);
    default: return 1 - y * y; /* WL_TANH */
    }
}

/* ------------------------------------------------------------------ n elements of one kind
 * The kind is a constant within each loop. */

static inline __attribute__((always_inline)) void activate_as(int32_t kind, real *x, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) x[i] = activation_value(kind, x[i]);
}

static inline void activate(int32_t kind, real *x, int64_t n)
{
    switch (kind) {
    case WL_RELU: activate_as(WL_RELU, x, n); break;
    case WL_SIGMOID: activate_as(WL_SIGMOID, x, n); break;
    case WL_TANH: activate_as(WL_TANH, x, n); break;
    case WL_GELU: activate_as(WL_GELU, x, n); break;
    default: break;
    }
}

static inline __attribute__((always_inline)) void slope_at_as(int32_t kind, real *dy, const real *x,
                                                              int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) dy[i] *= activation_slope_at(kind, x[i]);
}

/* dy times the slope at x */
static inline void times_slope_at(int32_t kind, real *dy, const real *x, int64_t n)
{
    switch (kind) {
    case WL_RELU: slope_at_as(WL_RELU, dy, x, n); break;
    case WL_SIGMOID: slope_at_as(WL_SIGMOID, dy, x, n); break;
    case WL_TANH: slope_at_as(WL_TANH, dy, x, n); break;
    case WL_GELU: slope_at_as(WL_GELU, dy, x, n); break;
    default: break;
    }
}

static inline __attribute__((always_inline)) void slope_of_as(int32_t kind, real *dy, const real *y,
                                                              int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) dy[i] *= activation_slope_of(kind, y[i]);
}

/* dy times the slope where the value is y; not of GELU */
static inline void times_slope_of(int32_t kind, real *dy, const real *y, int64_t n)
{
    switch (kind) {
    case WL_RELU: slope_of_as(WL_RELU, dy, y, n); break;
    case WL_SIGMOID: slope_of_as(WL_SIGMOID, dy, y, n); break;
    case WL_TANH: slope_of_as(WL_TANH, dy, y, n); break;
    default: break;
    }
}

#endif
