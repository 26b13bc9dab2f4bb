/* LSTM over whole sequences (Hochreiter and Schmidhuber 1997; with the forget gate of Gers et al.
 * 2000, "Learning to Forget", section 3; without peepholes).
 *
 *   z[t]  =  W x[t] + R h[t-1] + b
 *   i, f, o  =  sigmoid(z)      g  =  tanh(z)      gate rows of W, R and b are ordered i, f, g, o
 *   c[t]  =  f c[t-1] + i g     h[t]  =  o tanh(c[t])
 *
 * t runs from 0 up or, with `reverse`, from T-1 down (h[t-1] is then h[t+1]). h[-1] and c[-1] are
 * h0 and c0, or 0 where these are absent. PyTorch and cuDNN have the same layout, with b as two
 * vectors of which this is the sum.
 *
 * With `lengths`, sequence b ends before step lengths[b] (below 0 counts as 0, above T as T). Past
 * its end its h is 0, its state holds, its incoming gradients dh are ignored and dx is 0; in
 * reverse it begins at its last step. hT and cT are the states after the last step that ran.
 *
 * 16-bit storage: h is rounded at each step, before it enters the next; products, gates, cell
 * states and gradients to parameters are f32. Backward rounds the gradient at z to STORED. */
#ifndef WORDLOOM_LSTM_H
#define WORDLOOM_LSTM_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_lstm_forward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor c0;      /* in  REAL   [B,H] optional                              */
    wl_tensor w;       /* in  STORED [4H,D]                                      */
    wl_tensor r;       /* in  STORED [4H,H]                                      */
    wl_tensor b;       /* in  REAL   [4H] optional                               */
    wl_tensor lengths; /* in  I32    [B] optional: 0..T                          */
    wl_tensor h;       /* out STORED [T,B,H] strided                             */
    wl_tensor c;       /* out REAL   [T,B,H] cell states, kept for backward      */
    wl_tensor gates;   /* out STORED [T,B,4H] i, f, g, o, kept for backward; 0
                          past a sequence's end                                  */
    wl_tensor hT;      /* out STORED [B,H] optional                              */
    wl_tensor cT;      /* out REAL   [B,H] optional                              */
    int32_t reverse;   /* host: 0 or 1                                           */
} wl_lstm_forward_args;

WL_API wl_status wl_lstm_forward(wl_ctx *ctx, const wl_lstm_forward_args *args);
WL_API wl_status wl_lstm_forward_workspace(wl_ctx *ctx, const wl_lstm_forward_args *args,
                                           size_t *bytes);

typedef struct wl_lstm_backward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor c0;      /* in  REAL   [B,H] optional                              */
    wl_tensor w;       /* in  STORED [4H,D]                                      */
    wl_tensor r;       /* in  STORED [4H,H]                                      */
    wl_tensor lengths; /* in  I32    [B] optional: 0..T                          */
    wl_tensor h;       /* in  STORED [T,B,H] strided, as forward wrote it        */
    wl_tensor c;       /* in  REAL   [T,B,H] as forward wrote it                 */
    wl_tensor gates;   /* in  STORED [T,B,4H] as forward wrote it                */
    wl_tensor dh;      /* in  STORED [T,B,H] strided optional                    */
    wl_tensor dhT;     /* in  STORED [B,H] optional                              */
    wl_tensor dcT;     /* in  REAL   [B,H] optional                              */
    wl_tensor dx;      /* out STORED [T,B,D] strided optional                    */
    wl_tensor dh0;     /* out STORED [B,H] optional                              */
    wl_tensor dc0;     /* out REAL   [B,H] optional                              */
    wl_tensor dw;      /* acc REAL   [4H,D]                                      */
    wl_tensor dr;      /* acc REAL   [4H,H]                                      */
    wl_tensor db;      /* acc REAL   [4H] optional                               */
    int32_t reverse;   /* host: 0 or 1                                           */
} wl_lstm_backward_args;

WL_API wl_status wl_lstm_backward(wl_ctx *ctx, const wl_lstm_backward_args *args);
WL_API wl_status wl_lstm_backward_workspace(wl_ctx *ctx, const wl_lstm_backward_args *args,
                                            size_t *bytes);

WL_END
#endif
