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
 * With `s`, each step reads s[b] as well as x[t,b]: W [s; x[t]] is meant by W x[t] above, whose
 * product with s is made once a sequence.
 *
 * With `lengths`, sequence b ends before step lengths[b] (below 0 counts as 0, above T as T). Past
 * its end its h is 0, its state holds, its incoming gradients dh are ignored and dx is 0; in
 * reverse it begins at its last step. hT and cT are the states after the last step that ran.
 *
 * Zoneout (Krueger et al. 2017, "Zoneout: Regularizing RNNs by Randomly Preserving Hidden
 * Activations", section 3), where a step is given and a probability is not 0: a part of the states
 * holds. With masks of 0 and 1, drawn for each element and step, 1 with probability `zoneout` of h
 * and `zoneout_c` of c,
 *
 *   c~    =  f c[t-1] + i g                   c[t]  =  mc c[t-1] + (1 - mc) c~
 *   h~    =  o tanh(c~)                       h[t]  =  mh h[t-1] + (1 - mh) h~
 *
 * or, with `expected`, these probabilities in the place of the masks: in evaluation, which has no
 * gradient. What is not taken does not enter the sum, were it NaN. Masks are not stored: backward
 * draws them again, from the same probabilities, step, seed and layer.
 *
 * The draws: with n = (t B + b) H + j, unit j of sequence b holds at step t if the bits n mod 8 of
 * draw n / 8 are below round(65536 p), p being its probability; the draw is that of dropout.h, but
 * for the last word of its counter: 8 + 65536 layer for h, 9 + 65536 layer for c. t counts from 0
 * in every call: calls that share a sequence are told apart by their steps.
 *
 * 16-bit storage: h is rounded at each step, before it enters the next; products, gates, cell
 * states and gradients to parameters are f32. Backward rounds the gradient at z to STORED, and its
 * sum over the steps, which `s` needs; it has c~ from the stored gates where c holds. */
#ifndef WORDLOOM_LSTM_H
#define WORDLOOM_LSTM_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_lstm_forward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor c0;      /* in  REAL   [B,H] optional                              */
    wl_tensor w;       /* in  STORED [4H,D+S]                                    */
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
    wl_tensor step;    /* in  I64    [1] optional: counts the draws; absent: no zoneout */
    double zoneout;    /* host: the probability that h holds; 0 to under 1 */
    double zoneout_c;  /* host: the same of c */
    uint64_t seed;     /* host: of the draws */
    int32_t layer;     /* host: 0 to 65535; layers of one seed and step draw apart by it */
    int32_t expected;  /* host: 0 draws, 1 the mean of these (evaluation) */
    wl_tensor s;       /* in  STORED [B,S] optional: what each step of a sequence reads */
} wl_lstm_forward_args;

WL_API wl_status wl_lstm_forward(wl_ctx *ctx, const wl_lstm_forward_args *args);
WL_API wl_status wl_lstm_forward_workspace(wl_ctx *ctx, const wl_lstm_forward_args *args,
                                           size_t *bytes);

typedef struct wl_lstm_backward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor c0;      /* in  REAL   [B,H] optional                              */
    wl_tensor w;       /* in  STORED [4H,D+S]                                    */
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
    wl_tensor dw;      /* acc REAL   [4H,D+S]                                    */
    wl_tensor dr;      /* acc REAL   [4H,H]                                      */
    wl_tensor db;      /* acc REAL   [4H] optional                               */
    int32_t reverse;   /* host: 0 or 1                                           */
    wl_tensor step;    /* in  I64    [1] optional: counts the draws; absent: no zoneout */
    double zoneout;    /* host: the probability that h holds; 0 to under 1 */
    double zoneout_c;  /* host: the same of c */
    uint64_t seed;     /* host: of the draws */
    int32_t layer;     /* host: 0 to 65535; layers of one seed and step draw apart by it */
    int32_t expected;  /* host: 0: what is evaluated has no gradient */
    wl_tensor s;       /* in  STORED [B,S] optional */
    wl_tensor ds;      /* out STORED [B,S] optional: where there is s */
} wl_lstm_backward_args;

WL_API wl_status wl_lstm_backward(wl_ctx *ctx, const wl_lstm_backward_args *args);
WL_API wl_status wl_lstm_backward_workspace(wl_ctx *ctx, const wl_lstm_backward_args *args,
                                            size_t *bytes);

WL_END
#endif
