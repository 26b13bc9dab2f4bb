/* A fully connected layer, with an activation as the end of its product.
 *
 *   sum[n,h] = sum_d x[n,d] w[h,d] + b[h]        y = f(sum), f of <wordloom/activation.h>
 *   dsum     = dy f'(sum)                        dx = dsum w
 *   dw      += dsum^T x                          db[h] += sum_n dsum[n,h]
 *
 * Of relu, sigmoid and tanh f' follows from y, so that `sum` need not be kept; of GELU it does not.
 * With 16-bit storage and an activation, dsum is rounded to STORED before its products. */
#ifndef WORDLOOM_LINEAR_H
#define WORDLOOM_LINEAR_H

#include <wordloom/activation.h>
#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_linear_forward_args {
    size_t size;
    wl_tensor x;        /* in  STORED [N,D] strided                                  */
    wl_tensor w;        /* in  STORED [H,D]                                          */
    wl_tensor b;        /* in  REAL   [H]   optional                                 */
    wl_tensor y;        /* out STORED [N,H] strided                                  */
    wl_tensor sum;      /* out STORED [N,H] optional: before the activation, for the
                           backward pass of GELU                                     */
    int32_t activation; /* host: WL_IDENTITY, ...                                    */
} wl_linear_forward_args;

WL_API wl_status wl_linear_forward(wl_ctx *ctx, const wl_linear_forward_args *args);
WL_API wl_status wl_linear_forward_workspace(wl_ctx *ctx, const wl_linear_forward_args *args,
                                             size_t *bytes);

typedef struct wl_linear_backward_args {
    size_t size;
    wl_tensor x;        /* in  STORED [N,D] strided                                  */
    wl_tensor w;        /* in  STORED [H,D]                                          */
    wl_tensor y;        /* in  STORED [N,H] strided, optional: relu, sigmoid and tanh need it  */
    wl_tensor sum;      /* in  STORED [N,H] optional: GELU needs it                  */
    wl_tensor dy;       /* in  STORED [N,H] strided                                  */
    wl_tensor dx;       /* out STORED [N,D] strided, optional                        */
    wl_tensor dw;       /* acc REAL   [H,D]                                          */
    wl_tensor db;       /* acc REAL   [H]   optional                                 */
    int32_t activation; /* host: as given to forward                                 */
} wl_linear_backward_args;

WL_API wl_status wl_linear_backward(wl_ctx *ctx, const wl_linear_backward_args *args);
WL_API wl_status wl_linear_backward_workspace(wl_ctx *ctx, const wl_linear_backward_args *args,
                                              size_t *bytes);

WL_END
#endif
