/* Layer normalisation (Ba, Kiros and Hinton 2016, "Layer Normalization", section 3, with the gain
 * and the bias of its equation 4): each row is brought to mean 0 and variance 1.
 *
 *   mean[n]  =  sum_d x[n,d] / D
 *   rstd[n]  =  1 / sqrt( sum_d (x[n,d] - mean[n])^2 / D + eps )
 *   z[n,d]   =  (x[n,d] - mean[n]) rstd[n]               y[n,d]  =  weight[d] z[n,d] + bias[d]
 *
 * and backward, with g[n,d] = weight[d] dy[n,d],
 *
 *   dx[n,d]  =  rstd[n] ( g[n,d] - sum_e g[n,e] / D - z[n,d] sum_e g[n,e] z[n,e] / D )
 *   dweight[d]  +=  sum_n dy[n,d] z[n,d]                 dbias[d]  +=  sum_n dy[n,d]
 *
 * A weight that is left out is 1, a bias 0. The variance is that of the row as it stands, over D,
 * found from the distances to the mean; of rows without features the mean is 0. */
#ifndef WORDLOOM_LAYERNORM_H
#define WORDLOOM_LAYERNORM_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_layernorm_forward_args {
    size_t size;
    wl_tensor x;      /* in  STORED [N,D] strided                 */
    wl_tensor weight; /* in  REAL   [D]   optional: 1             */
    wl_tensor bias;   /* in  REAL   [D]   optional: 0             */
    wl_tensor y;      /* out STORED [N,D] strided                 */
    wl_tensor mean;   /* out REAL   [N]                           */
    wl_tensor rstd;   /* out REAL   [N]                           */
    double eps;       /* host: added to the variance; 1e-12 to 1, often 1e-5 */
} wl_layernorm_forward_args;

WL_API wl_status wl_layernorm_forward(wl_ctx *ctx, const wl_layernorm_forward_args *args);
WL_API wl_status wl_layernorm_forward_workspace(wl_ctx *ctx, const wl_layernorm_forward_args *args,
                                                size_t *bytes);

typedef struct wl_layernorm_backward_args {
    size_t size;
    wl_tensor dy;      /* in  STORED [N,D] strided                */
    wl_tensor x;       /* in  STORED [N,D] strided                */
    wl_tensor weight;  /* in  REAL   [D]   optional: as to forward */
    wl_tensor mean;    /* in  REAL   [N]   forward's, and         */
    wl_tensor rstd;    /* in  REAL   [N]                          */
    wl_tensor dx;      /* out STORED [N,D] strided; may be dy     */
    wl_tensor dweight; /* acc REAL   [D]   optional               */
    wl_tensor dbias;   /* acc REAL   [D]   optional               */
} wl_layernorm_backward_args;

WL_API wl_status wl_layernorm_backward(wl_ctx *ctx, const wl_layernorm_backward_args *args);
WL_API wl_status wl_layernorm_backward_workspace(wl_ctx *ctx,
                                                 const wl_layernorm_backward_args *args,
                                                 size_t *bytes);

WL_END
#endif
