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
 * With `s`, each step reads s[b] as well as x[t,b]: W [s; x[t]] is meant by W x[t] above, whose
 * product with s is made once a sequence.
 *
 * With `lengths`, sequence b ends before step lengths[b] (below 0 counts as 0, above T as T). Past
 * its end its h is 0, its state holds, its incoming gradients dh are ignored and dx is 0; in
 * reverse it begins at its last step. hT is the state after the last step that ran.
 *
 * Zoneout (Krueger et al. 2017, "Zoneout: Regularizing RNNs by Randomly Preserving Hidden
 * Activations", section 3), where a step is given and `zoneout` is not 0: a part of the state
 * holds. With a mask m of 0 and 1, drawn for each element and step, 1 with that probability,
 *
 *   h[t]  =  m h[t-1] + (1 - m) h~    h~ being what stands above, (1 - z) n + z h[t-1]
 *
 * or, with `expected`, that probability in the place of m: in evaluation, which has no gradient.
 * What is not taken does not enter the sum, were it NaN. Masks are not stored: backward draws them
 * again, from the same zoneout, step, seed and layer.
 *
 * The draws: with n = (t B + b) H + j, unit j of sequence b holds at step t if the bits n mod 8 of
 * draw n / 8 are below round(65536 zoneout); the draw is that of dropout.h, but for the last word
 * of its counter: 8 + 65536 layer. t counts from 0 in every call: calls that share a sequence are
 * told apart by their steps.
 *
 * 16-bit storage: h is rounded at each step, before it enters the next, and with WL_RESET_BEFORE
 * q before its product; products, gates and gradients to parameters are f32. Backward rounds the
 * gradients before the gates (and at q, with WL_RESET_AFTER) to STORED, and their sums over the
 * steps, which `s` needs. */
#ifndef WORDLOOM_GRU_H
#define WORDLOOM_GRU_H

#include <wordloom/context.h>

WL_BEGIN

enum { WL_RESET_AFTER = 0, WL_RESET_BEFORE = 1 };

typedef struct wl_gru_forward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor w;       /* in  STORED [3H,D+S]                                    */
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
    wl_tensor step;    /* in  I64    [1] optional: counts the draws; absent: no zoneout */
    double zoneout;    /* host: the probability that h holds; 0 to under 1 */
    uint64_t seed;     /* host: of the draws */
    int32_t layer;     /* host: 0 to 65535; layers of one seed and step draw apart by it */
    int32_t expected;  /* host: 0 draws, 1 the mean of these (evaluation) */
    wl_tensor s;       /* in  STORED [B,S] optional: what each step of a sequence reads */
} wl_gru_forward_args;

WL_API wl_status wl_gru_forward(wl_ctx *ctx, const wl_gru_forward_args *args);
WL_API wl_status wl_gru_forward_workspace(wl_ctx *ctx, const wl_gru_forward_args *args,
                                          size_t *bytes);

typedef struct wl_gru_backward_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided                             */
    wl_tensor h0;      /* in  STORED [B,H] optional                              */
    wl_tensor w;       /* in  STORED [3H,D+S]                                    */
    wl_tensor r;       /* in  STORED [3H,H]                                      */
    wl_tensor lengths; /* in  I32    [B] optional: 0..T                          */
    wl_tensor h;       /* in  STORED [T,B,H] strided, as forward wrote it        */
    wl_tensor gates;   /* in  STORED [T,B,4H] as forward wrote it                */
    wl_tensor dh;      /* in  STORED [T,B,H] strided optional                    */
    wl_tensor dhT;     /* in  STORED [B,H] optional                              */
    wl_tensor dx;      /* out STORED [T,B,D] strided optional                    */
    wl_tensor dh0;     /* out STORED [B,H] optional                              */
    wl_tensor dw;      /* acc REAL   [3H,D+S]                                    */
    wl_tensor dr;      /* acc REAL   [3H,H]                                      */
    wl_tensor db;      /* acc REAL   [3H] optional                               */
    wl_tensor dbn;     /* acc REAL   [H] optional; WL_RESET_BEFORE: has none     */
    int32_t reverse;   /* host: 0 or 1                                           */
    int32_t reset;     /* host: WL_RESET_AFTER or WL_RESET_BEFORE                */
    wl_tensor step;    /* in  I64    [1] optional: counts the draws; absent: no zoneout */
    double zoneout;    /* host: the probability that h holds; 0 to under 1 */
    uint64_t seed;     /* host: of the draws */
    int32_t layer;     /* host: 0 to 65535; layers of one seed and step draw apart by it */
    int32_t expected;  /* host: 0: what is evaluated has no gradient */
    wl_tensor s;       /* in  STORED [B,S] optional */
    wl_tensor ds;      /* out STORED [B,S] optional: where there is s */
} wl_gru_backward_args;

WL_API wl_status wl_gru_backward(wl_ctx *ctx, const wl_gru_backward_args *args);
WL_API wl_status wl_gru_backward_workspace(wl_ctx *ctx, const wl_gru_backward_args *args,
                                           size_t *bytes);

WL_END
#endif
