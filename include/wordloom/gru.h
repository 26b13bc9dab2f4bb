/* GRU over whole sequences (Cho et al. 2014, "Learning Phrase Representations using RNN
 * Encoder-Decoder", section 2.3), where to reset being the caller's choice.
 *
 *   r, z  =  sigmoid(W x[t] + R h[t-1] + b)       gate rows of W, R and b are ordered r, z, n
 *   n     =  tanh(W x[t] + b + r q)   q = R h[t-1] + bn      WL_RESET_AFTER: PyTorch, cuDNN
 *   n     =  tanh(W x[t] + b + R q)   q = r h[t-1]           WL_RESET_BEFORE: the paper, the book
 *   h[t]  =  (1 - z) n + z h[t-1]
 *
 * t runs from 0 up or, with `reverse`, from T-1 down (h[t-1] is then h[t+1]). h[-1] is h0, or 0
 * where that is absent. PyTorch and cuDNN have the same layout, with b as two vectors: of r and z
 * this b is the sum, for n it is the input's, and bn the recurrent one. (The paper and the book
 * write z for this 1 - z, or this z; negate its rows to convert.)
 *
 * With `lengths`, sequence b ends before step lengths[b] (below 0 counts as 0, above T as T). Past
 * its end its h is 0, its state holds, its incoming gradients dh are ignored and dx is 0; in
 * reverse it begins at its last step. hT is the state after the last step that ran.
 *
 * 16-bit storage: h is rounded at each step, before it enters the next, and with WL_RESET_BEFORE
 * q before its product; products, gates and gradients to parameters are f32. Backward rounds the
 * gradients before the gates (and at q, with WL_RESET_AFTER) to STORED. */
#ifndef WORDLOOM_GRU_H
#define WORDLOOM_GRU_H

#include <wordloom/context.h>

WL_BEGIN

enum { WL_RESET_AFTER = 0, WL_RESET_BEFORE = 1 };

typedef struct wl_gru_forward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor w;       /* in  STORED [3H,D]                                      */
    wl_tensor r;       /* in  STORED [3H,H]                                      */
    wl_tensor b;       /* in  REAL   [3H] optional                               */
    wl_tensor bn;      /* in  REAL   [H] optional; WL_RESET_BEFORE: has none     */
    wl_tensor lengths; /* in  I32    [B] optional: 0..T                          */
    wl_tensor h;       /* out STORED [T,B,H] strided                             */
    wl_tensor gates;   /* out STORED [T,B,4H] r, z, n, q, kept for backward; 0
                          past a sequence's end                                  */
    wl_tensor hT;      /* out STORED [B,H] optional                              */
    int32_t reverse;   /* host: 0 or 1                                           */
    int32_t reset;     /* host: WL_RESET_AFTER or WL_RESET_BEFORE                */
} wl_gru_forward_args;

WL_API wl_status wl_gru_forward(wl_ctx *ctx, const wl_gru_forward_args *args);
WL_API wl_status wl_gru_forward_workspace(wl_ctx *ctx, const wl_gru_forward_args *args,
                                          size_t *bytes);

typedef struct wl_gru_backward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor w;       /* in  STORED [3H,D]                                      */
    wl_tensor r;       /* in  STORED [3H,H]                                      */
    wl_tensor lengths; /* in  I32    [B] optional: 0..T                          */
    wl_tensor h;       /* in  STORED [T,B,H] strided, as forward wrote it        */
    wl_tensor gates;   /* in  STORED [T,B,4H] as forward wrote it                */
    wl_tensor dh;      /* in  STORED [T,B,H] strided optional                    */
    wl_tensor dhT;     /* in  STORED [B,H] optional                              */
    wl_tensor dx;      /* out STORED [T,B,D] strided optional                    */
    wl_tensor dh0;     /* out STORED [B,H] optional                              */
    wl_tensor dw;      /* acc REAL   [3H,D]                                      */
    wl_tensor dr;      /* acc REAL   [3H,H]                                      */
    wl_tensor db;      /* acc REAL   [3H] optional                               */
    wl_tensor dbn;     /* acc REAL   [H] optional; WL_RESET_BEFORE: has none     */
    int32_t reverse;   /* host: 0 or 1                                           */
    int32_t reset;     /* host: WL_RESET_AFTER or WL_RESET_BEFORE                */
} wl_gru_backward_args;

WL_API wl_status wl_gru_backward(wl_ctx *ctx, const wl_gru_backward_args *args);
WL_API wl_status wl_gru_backward_workspace(wl_ctx *ctx, const wl_gru_backward_args *args,
                                           size_t *bytes);

WL_END
#endif
