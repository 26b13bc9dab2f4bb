/* Dropout: each element is kept with probability 1 - p, and what is kept is scaled so that the
 * mean stays ("inverted"; Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks
 * from Overfitting", sections 4 and 10).
 *
 *   y[t,n] = x[t,n] m[t,n] / (1 - p) + residual[t,n]          dx[t,n] = dy[t,n] m[t,n] / (1 - p)
 *
 * where a residual, what goes round the layers that made x, may be left out; its gradient is dy (He
 * et al. 2016, "Deep Residual Learning for Image Recognition", section 3.2). With a p of 0 nothing
 * is drawn, and forward is that sum.
 * m is 0 or 1, and never stored: backward draws it again from the same p, seed, step, layer and
 * `locked`. With `locked` all T rows have one mask m[n] (Gal and Ghahramani 2016, "A Theoretically
 * Grounded Application of Dropout in Recurrent Neural Networks", section 4). What is dropped is 0,
 * whatever it was. Evaluation needs no call: the mean is right already.
 *
 * The draws: with i = (8 skipped + t) N + n, or n where `locked`, m is 1 if the bits i mod 8 of
 * draw i / 8 are at least round(65536 p), so that p is held to 2^-17; the draw is Philox4x32-10
 * keyed by seed, counted by {i / 8 (64 bits), step[0], 7 + 65536 layer}, and its bits j are the
 * lower (j even) or upper half of word j / 2. The same for every backend, type and number of
 * threads. */
#ifndef WORDLOOM_DROPOUT_H
#define WORDLOOM_DROPOUT_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_dropout_forward_args {
    size_t size;
    wl_tensor x;    /* in  STORED [T,N]                                                         */
    wl_tensor step; /* in  I64    [1]   counts the draws: another number, other masks           */
    wl_tensor mask; /* in  U8     [T,N] optional: taken instead of drawing and of locked; not 0
                       is kept                                                                  */
    wl_tensor residual; /* in STORED [T,N] optional                                             */
    wl_tensor y;        /* out STORED [T,N] may be x                                            */
    double p;           /* host: the probability of being dropped; 0 to under 1                 */
    uint64_t seed;      /* host                                                                 */
    int32_t layer;      /* host: 0 to 65535; layers of one seed and step draw apart by it       */
    int32_t locked;     /* host: 0 a draw for every element, 1 one mask for all T               */
    int32_t skipped;    /* host: eights of rows before these: so a tensor's parts are dropped as
                           the whole of it would be                                             */
} wl_dropout_forward_args;

WL_API wl_status wl_dropout_forward(wl_ctx *ctx, const wl_dropout_forward_args *args);
WL_API wl_status wl_dropout_forward_workspace(wl_ctx *ctx, const wl_dropout_forward_args *args,
                                              size_t *bytes);

typedef struct wl_dropout_backward_args {
    size_t size;
    wl_tensor dy;   /* in  STORED [T,N]                           */
    wl_tensor step; /* in  I64    [1]   as given to forward       */
    wl_tensor mask; /* in  U8     [T,N] optional: likewise        */
    wl_tensor dx;   /* out STORED [T,N] may be dy                 */
    double p;       /* host: as given to forward, like what follows */
    uint64_t seed;
    int32_t layer;
    int32_t locked;
    int32_t skipped;
} wl_dropout_backward_args;

WL_API wl_status wl_dropout_backward(wl_ctx *ctx, const wl_dropout_backward_args *args);
WL_API wl_status wl_dropout_backward_workspace(wl_ctx *ctx, const wl_dropout_backward_args *args,
                                               size_t *bytes);

WL_END
#endif
