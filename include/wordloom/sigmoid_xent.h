/* Binary cross entropy of logits.
 *
 *   loss[n]  =  sum_d - t[n,d] log p[n,d] - (1 - t[n,d]) log(1 - p[n,d])     p = sigmoid(x)
 *            =  sum_d max(x, 0) - x t + log(1 + e^-|x|)
 *   dx[n,d]  =  (p[n,d] - t[n,d]) dloss / N
 *
 * The loss is the mean over the N rows (0 without rows) or, with WL_LOSS_SUM, their sum (N is 1 in
 * the gradient). */
#ifndef WORDLOOM_SIGMOID_XENT_H
#define WORDLOOM_SIGMOID_XENT_H

#include <wordloom/context.h>
#include <wordloom/softmax_xent.h>

WL_BEGIN

typedef struct wl_sigmoid_xent_forward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [N,D] strided           */
    wl_tensor targets; /* in  STORED [N,D] strided; 0 to 1   */
    wl_tensor loss;    /* out REAL   [1]                     */
    int32_t reduction; /* host: WL_LOSS_MEAN or WL_LOSS_SUM  */
} wl_sigmoid_xent_forward_args;

WL_API wl_status wl_sigmoid_xent_forward(wl_ctx *ctx, const wl_sigmoid_xent_forward_args *args);
WL_API wl_status wl_sigmoid_xent_forward_workspace(wl_ctx *ctx,
                                                   const wl_sigmoid_xent_forward_args *args,
                                                   size_t *bytes);

typedef struct wl_sigmoid_xent_backward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [N,D] strided                */
    wl_tensor targets; /* in  STORED [N,D] strided; 0 to 1        */
    wl_tensor dloss;   /* in  REAL   [1] optional; absent is 1    */
    wl_tensor dx;      /* out STORED [N,D] strided; may be x      */
    int32_t reduction; /* host: as given to forward               */
} wl_sigmoid_xent_backward_args;

WL_API wl_status wl_sigmoid_xent_backward(wl_ctx *ctx, const wl_sigmoid_xent_backward_args *args);
WL_API wl_status wl_sigmoid_xent_backward_workspace(wl_ctx *ctx,
                                                    const wl_sigmoid_xent_backward_args *args,
                                                    size_t *bytes);

WL_END
#endif
