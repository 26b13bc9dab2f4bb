/* The functions of <wordloom/activation.h> and their slopes: of the activation operators, and of
 * linear. */
#ifndef WL_ACTIVATION_CUH
#define WL_ACTIVATION_CUH

#include "device.cuh"

/* The probability of less than x in the standard normal distribution. */
__device__ inline float normal_below(float x) { return 0.5f * erfcf(-0.70710678f * x); }

__device__ inline float activation_value(int32_t kind, float x)
{
    switch (kind) {
    case WL_RELU: return x < 0 ? 0.0f : x; /* NaN stays */
    case WL_SIGMOID: return 1 / (1 + expf(-x));
    case WL_TANH: return tanhf(x);
    case WL_GELU: return x * normal_below(x);
    default: return x;
    }
}

/* The derivative at x; of sigmoid and tanh by e / (1 + e)^2, which is right where 1 - y is lost. */
__device__ inline float activation_slope_at(int32_t kind, float x)
{
    switch (kind) {
    case WL_RELU: return x > 0 ? 1.0f : 0.0f;
    case WL_SIGMOID: {
        const float e = expf(-fabsf(x));
        return e / ((1 + e) * (1 + e));
    }
    case WL_TANH: {
        const float e = expf(-2 * fabsf(x));
        return 4 * e / ((1 + e) * (1 + e));
    }
    case WL_GELU: return normal_below(x) + x * (0.39894228f * expf(-0.5f * x * x));
    default: return 1;
    }
}

/* The derivative where the value is y: of relu, sigmoid and tanh. GELU has two such places. */
__device__ inline float activation_slope_of(int32_t kind, float y)
{
    switch (kind) {
    case WL_RELU: return y > 0 ? 1.0f : 0.0f;
    case WL_SIGMOID: return y * (1 - y);
    default: return 1 - y * y; /* WL_TANH */
    }
}

#endif
