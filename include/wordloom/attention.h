/* Attention of T queries over S keys, a sequence at a time: each query gets a mean of the values,
 * weighted by how well it and their keys agree.
 *
 *   a[t,b,s]  =  exp(e[t,b,s]) / sum_r exp(e[t,b,r])            s, r < lengths[b]
 *   y[t,b]    =  sum_s a[t,b,s] v[s,b]
 *   lse[t,b]  =  log sum_s exp(e[t,b,s])
 *
 * The scores e are of two kinds. Luong's dot product (Luong et al. 2015, "Effective Approaches to
 * Attention-based Neural Machine Translation", section 3.1), with scale = 1 as published:
 *
 *   e[t,b,s]  =  scale q[t,b] . k[s,b]                          attention_forward
 *
 * and Bahdanau's (Bahdanau et al. 2015, "Neural Machine Translation by Jointly Learning to Align
 * and Translate", appendix A.1.2), whose two products belong to layers before this one:
 *
 *   e[t,b,s]  =  sum_h u[h] tanh(q[t,b,h] + k[s,b,h])           attention_additive_forward
 *
 * The exponentials are taken less the greatest score, found as keys come (Milakov and Gimelshein
 * 2018, "Online normalizer calculation for softmax"). Backward has the weights again from lse,
 *
 *   da[t,b,s]  =  dy[t,b] . v[s,b]        dv[s,b]  =  sum_t a[t,b,s] dy[t,b]
 *   de[t,b,s]  =  a[t,b,s] (da[t,b,s] - dy[t,b] . y[t,b])
 *
 * and from de the gradients at what the scores were made of. Neither way stores a tensor over both
 * T and S, but for the weights where they are asked for.
 *
 * With `lengths`, sequence b has the keys before lengths[b] (below 0 counts as 0, above S as S).
 * Past its end weights, dk and dv are 0. A sequence without keys has y, lse and gradients of 0. */
#ifndef WORDLOOM_ATTENTION_H
#define WORDLOOM_ATTENTION_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_attention_forward_args {
    size_t size;
    wl_tensor q;       /* in  STORED [T,B,H] strided                                  */
    wl_tensor k;       /* in  STORED [S,B,H] strided                                  */
    wl_tensor v;       /* in  STORED [S,B,D] strided optional: k, and D is H          */
    wl_tensor lengths; /* in  I32    [B] optional: 0..S                               */
    wl_tensor y;       /* out STORED [T,B,D] strided                                  */
    wl_tensor weights; /* out REAL   [T,B,S] optional: a                              */
    wl_tensor lse;     /* out REAL   [T,B] kept for backward                          */
    double scale;      /* host: of the scores, 1e-6 to 1e6; 1, or often 1/sqrt(H)     */
} wl_attention_forward_args;

WL_API wl_status wl_attention_forward(wl_ctx *ctx, const wl_attention_forward_args *args);
WL_API wl_status wl_attention_forward_workspace(wl_ctx *ctx, const wl_attention_forward_args *args,
                                                size_t *bytes);

typedef struct wl_attention_backward_args {
    size_t size;
    wl_tensor q;       /* in  STORED [T,B,H] strided                                  */
    wl_tensor k;       /* in  STORED [S,B,H] strided                                  */
    wl_tensor v;       /* in  STORED [S,B,D] strided optional: as to forward          */
    wl_tensor lengths; /* in  I32    [B] optional: 0..S                               */
    wl_tensor y;       /* in  STORED [T,B,D] strided, as forward wrote it             */
    wl_tensor lse;     /* in  REAL   [T,B] as forward wrote it                        */
    wl_tensor dy;      /* in  STORED [T,B,D] strided                                  */
    wl_tensor dq;      /* out STORED [T,B,H] strided                                  */
    wl_tensor dk;      /* out STORED [S,B,H] strided; without v the sum of both its gradients */
    wl_tensor dv;      /* out STORED [S,B,D] strided optional: there where v is       */
    double scale;      /* host: forward's                                             */
} wl_attention_backward_args;

WL_API wl_status wl_attention_backward(wl_ctx *ctx, const wl_attention_backward_args *args);
WL_API wl_status wl_attention_backward_workspace(wl_ctx *ctx,
                                                 const wl_attention_backward_args *args,
                                                 size_t *bytes);

typedef struct wl_attention_additive_forward_args {
    size_t size;
    wl_tensor q;       /* in  STORED [T,B,H] strided                                  */
    wl_tensor k;       /* in  STORED [S,B,H] strided                                  */
    wl_tensor u;       /* in  REAL   [H]                                              */
    wl_tensor v;       /* in  STORED [S,B,D] strided                                  */
    wl_tensor lengths; /* in  I32    [B] optional: 0..S                               */
    wl_tensor y;       /* out STORED [T,B,D] strided                                  */
    wl_tensor weights; /* out REAL   [T,B,S] optional: a                              */
    wl_tensor lse;     /* out REAL   [T,B] kept for backward                          */
} wl_attention_additive_forward_args;

WL_API wl_status wl_attention_additive_forward(wl_ctx *ctx,
                                               const wl_attention_additive_forward_args *args);
WL_API wl_status wl_attention_additive_forward_workspace(
    wl_ctx *ctx, const wl_attention_additive_forward_args *args, size_t *bytes);

typedef struct wl_attention_additive_backward_args {
    size_t size;
    wl_tensor q;       /* in  STORED [T,B,H] strided                                  */
    wl_tensor k;       /* in  STORED [S,B,H] strided                                  */
    wl_tensor u;       /* in  REAL   [H]                                              */
    wl_tensor v;       /* in  STORED [S,B,D] strided                                  */
    wl_tensor lengths; /* in  I32    [B] optional: 0..S                               */
    wl_tensor y;       /* in  STORED [T,B,D] strided, as forward wrote it             */
    wl_tensor lse;     /* in  REAL   [T,B] as forward wrote it                        */
    wl_tensor dy;      /* in  STORED [T,B,D] strided                                  */
    wl_tensor dq;      /* out STORED [T,B,H] strided                                  */
    wl_tensor dk;      /* out STORED [S,B,H] strided                                  */
    wl_tensor du;      /* acc REAL   [H]                                              */
    wl_tensor dv;      /* out STORED [S,B,D] strided                                  */
} wl_attention_additive_backward_args;

WL_API wl_status wl_attention_additive_backward(wl_ctx *ctx,
                                                const wl_attention_additive_backward_args *args);
WL_API wl_status wl_attention_additive_backward_workspace(
    wl_ctx *ctx, const wl_attention_additive_backward_args *args, size_t *bytes);

WL_END
#endif
