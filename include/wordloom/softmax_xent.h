/* Softmax and cross entropy over a vocabulary, of logits or of the linear layer that makes them.
 *
 *   p[n,v]   =  exp(z[n,v] - lse[n])          lse[n]  =  log sum_v exp(z[n,v])
 *   loss[n]  =  - sum_v q[n,v] log p[n,v]     q  =  (1 - s) [v = labels[n]] + s / V
 *   dz[n,v]  =  (p[n,v] - q[n,v]) dloss / C
 *
 * s is the smoothing of labels (Szegedy et al. 2016, "Rethinking the Inception Architecture",
 * section 7). A label of -1 is ignored: its row has neither loss nor gradient. The loss is the mean
 * over the labels that count, C of them (0 where there are none), or with WL_LOSS_SUM their sum
 * (C = 1 in the gradient).
 *
 * The linear pair has z = x w^T + b and never stores the N x V logits: it works through some
 * hundred rows at a time, and backward is a whole training step of an output layer, with the loss
 * (as Wijmans et al. 2024, "Cut Your Losses in Large-Vocabulary Language Models", do it in blocks
 * on chip). With 16-bit storage logits are f32, and dz is rounded to STORED before its products:
 * small gradients in f16 want a loss scale as dloss. */
#ifndef WORDLOOM_SOFTMAX_XENT_H
#define WORDLOOM_SOFTMAX_XENT_H

#include <wordloom/context.h>

WL_BEGIN

enum { WL_LOSS_MEAN = 0, WL_LOSS_SUM = 1 };

typedef struct wl_softmax_xent_forward_args {
    size_t size;
    wl_tensor logits;  /* in  STORED [N,V] strided                               */
    wl_tensor labels;  /* in  ID     [N] -1 absent                               */
    wl_tensor loss;    /* out REAL   [1]                                         */
    wl_tensor losses;  /* out REAL   [N] optional: each row's; 0 for one ignored */
    wl_tensor lse;     /* out REAL   [N] for backward                            */
    wl_tensor count;   /* out I64    [1] labels that count, for backward         */
    double smoothing;  /* host: s, 0 to under 1                                  */
    int32_t reduction; /* host: WL_LOSS_MEAN or WL_LOSS_SUM                      */
} wl_softmax_xent_forward_args;

WL_API wl_status wl_softmax_xent_forward(wl_ctx *ctx, const wl_softmax_xent_forward_args *args);
WL_API wl_status wl_softmax_xent_forward_workspace(wl_ctx *ctx,
                                                   const wl_softmax_xent_forward_args *args,
                                                   size_t *bytes);

typedef struct wl_softmax_xent_backward_args {
    size_t size;
    wl_tensor logits;  /* in  STORED [N,V] strided                    */
    wl_tensor labels;  /* in  ID     [N] -1 absent                    */
    wl_tensor lse;     /* in  REAL   [N] as forward wrote it          */
    wl_tensor count;   /* in  I64    [1] as forward wrote it          */
    wl_tensor dloss;   /* in  REAL   [1] optional; absent is 1        */
    wl_tensor dlogits; /* out STORED [N,V] strided; may be logits     */
    double smoothing;  /* host: as given to forward, like reduction   */
    int32_t reduction;
} wl_softmax_xent_backward_args;

WL_API wl_status wl_softmax_xent_backward(wl_ctx *ctx, const wl_softmax_xent_backward_args *args);
WL_API wl_status wl_softmax_xent_backward_workspace(wl_ctx *ctx,
                                                    const wl_softmax_xent_backward_args *args,
                                                    size_t *bytes);

typedef struct wl_softmax_xent_linear_forward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [N,D] strided                               */
    wl_tensor w;       /* in  STORED [V,D]                                       */
    wl_tensor b;       /* in  REAL   [V] optional                                */
    wl_tensor labels;  /* in  ID     [N] -1 absent                               */
    wl_tensor loss;    /* out REAL   [1]                                         */
    wl_tensor losses;  /* out REAL   [N] optional: each row's; 0 for one ignored */
    wl_tensor count;   /* out I64    [1] optional: labels that count             */
    double smoothing;  /* host: s, 0 to under 1                                  */
    int32_t reduction; /* host: WL_LOSS_MEAN or WL_LOSS_SUM                      */
} wl_softmax_xent_linear_forward_args;

WL_API wl_status wl_softmax_xent_linear_forward(wl_ctx *ctx,
                                                const wl_softmax_xent_linear_forward_args *args);
WL_API wl_status wl_softmax_xent_linear_forward_workspace(
    wl_ctx *ctx, const wl_softmax_xent_linear_forward_args *args, size_t *bytes);

/* Reads nothing that forward wrote: a training step needs no forward. */
typedef struct wl_softmax_xent_linear_backward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [N,D] strided                               */
    wl_tensor w;       /* in  STORED [V,D]                                       */
    wl_tensor b;       /* in  REAL   [V] optional                                */
    wl_tensor labels;  /* in  ID     [N] -1 absent                               */
    wl_tensor dloss;   /* in  REAL   [1] optional; absent is 1                   */
    wl_tensor loss;    /* out REAL   [1]                                         */
    wl_tensor losses;  /* out REAL   [N] optional: each row's; 0 for one ignored */
    wl_tensor count;   /* out I64    [1] optional: labels that count             */
    wl_tensor dx;      /* out STORED [N,D] strided, optional                     */
    wl_tensor dw;      /* acc REAL   [V,D]                                       */
    wl_tensor db;      /* acc REAL   [V] optional                                */
    double smoothing;  /* host: s, 0 to under 1                                  */
    int32_t reduction; /* host: WL_LOSS_MEAN or WL_LOSS_SUM                      */
} wl_softmax_xent_linear_backward_args;

WL_API wl_status wl_softmax_xent_linear_backward(wl_ctx *ctx,
                                                 const wl_softmax_xent_linear_backward_args *args);
WL_API wl_status wl_softmax_xent_linear_backward_workspace(
    wl_ctx *ctx, const wl_softmax_xent_linear_backward_args *args, size_t *bytes);

WL_END
#endif
