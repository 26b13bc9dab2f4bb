/* Activations: a function of every element.
 *
 *   WL_IDENTITY  y = x                        y' = 1
 *   WL_RELU      y = max(x, 0)                y' = [x > 0]      (Nair and Hinton 2010)
 *   WL_SIGMOID   y = 1 / (1 + e^-x)           y' = y (1 - y)
 *   WL_TANH      y = tanh x                   y' = 1 - y^2
 *   WL_GELU      y = x P(x),                  y' = P(x) + x e^(-x^2 / 2) / sqrt(2 pi)
 *                P(x) = (1 + erf(x / sqrt 2)) / 2, the exact form
 *                (Hendrycks and Gimpel 2016, "Gaussian Error Linear Units (GELUs)", section 2)
 *
 * linear has the same as the end of its product. */
#ifndef WORDLOOM_ACTIVATION_H
#define WORDLOOM_ACTIVATION_H

#include <wordloom/context.h>

WL_BEGIN

enum { WL_IDENTITY = 0, WL_RELU = 1, WL_SIGMOID = 2, WL_TANH = 3, WL_GELU = 4 };

typedef struct wl_activation_forward_args {
    size_t size;
    wl_tensor x;  /* in  STORED [N,D] strided              */
    wl_tensor y;  /* out STORED [N,D] strided, may be x    */
    int32_t kind; /* host: WL_IDENTITY, ...                */
} wl_activation_forward_args;

WL_API wl_status wl_activation_forward(wl_ctx *ctx, const wl_activation_forward_args *args);
WL_API wl_status wl_activation_forward_workspace(wl_ctx *ctx,
                                                 const wl_activation_forward_args *args,
                                                 size_t *bytes);

/* dx = dy y'(x) */
typedef struct wl_activation_backward_args {
    size_t size;
    wl_tensor x;  /* in  STORED [N,D] strided: forward's, so that y was not in its place */
    wl_tensor dy; /* in  STORED [N,D] strided                                            */
    wl_tensor dx; /* out STORED [N,D] strided, may be dy                                 */
    int32_t kind; /* host: as given to forward                                           */
} wl_activation_backward_args;

WL_API wl_status wl_activation_backward(wl_ctx *ctx, const wl_activation_backward_args *args);
WL_API wl_status wl_activation_backward_workspace(wl_ctx *ctx,
                                                  const wl_activation_backward_args *args,
                                                  size_t *bytes);

WL_END
#endif
