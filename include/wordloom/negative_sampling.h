/* Negative sampling: a target word told from K-1 drawn ones by the logistic loss (Mikolov et al.
 * 2013, "Distributed Representations of Words and Phrases", equation 4).
 *
 *   s[n,k] = h[n] . table[samples[n,k]]          slot 0 is the target, the rest are negatives
 *   loss   = scale sum_n ( -log sigmoid(s[n,0]) - sum_{k>0} log sigmoid(-s[n,k]) )
 *   g[n,k] = scale (sigmoid(s[n,k]) - [k = 0])   the gradient at s[n,k]
 *   dh[n]  = sum_k g[n,k] table[samples[n,k]]    dtable[samples[n,k]] += g[n,k] h[n]
 *
 * The gradient of the table is embedding_scatter, embedding_compact or embedding_update of h with
 * g as weights: a table that is only looked up needs no dense gradient.
 *
 * In the shared variant one set of K negatives serves all N rows (Ji et al. 2016, "Parallelizing
 * Word2Vec in Shared and Distributed Memory", section 3), so that scores and gradients are matrix
 * products.
 *
 * An id of -1 is an empty slot: no loss, no gradient. Any other id outside 0..V-1 is treated so
 * too, and reported by wl_ctx_sync. */
#ifndef WORDLOOM_NEGATIVE_SAMPLING_H
#define WORDLOOM_NEGATIVE_SAMPLING_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_negative_sampling_forward_args {
    size_t size;
    wl_tensor h;       /* in  STORED [N,D] strided                              */
    wl_tensor table;   /* in  STORED [V,D] strided                              */
    wl_tensor samples; /* in  ID     [N,K] -1 absent                            */
    wl_tensor loss;    /* out REAL   [1]                                        */
    wl_tensor g;       /* out REAL   [N,K] kept for backward                    */
    wl_tensor dh;      /* out STORED [N,D] strided, optional: in the same pass  */
    double scale;      /* host: of loss and gradients; 1/N for their mean       */
} wl_negative_sampling_forward_args;

WL_API wl_status wl_negative_sampling_forward(wl_ctx *ctx,
                                              const wl_negative_sampling_forward_args *args);
WL_API wl_status wl_negative_sampling_forward_workspace(
    wl_ctx *ctx, const wl_negative_sampling_forward_args *args, size_t *bytes);

typedef struct wl_negative_sampling_backward_args {
    size_t size;
    wl_tensor h;       /* in  STORED [N,D] strided                     */
    wl_tensor table;   /* in  STORED [V,D] strided                     */
    wl_tensor samples; /* in  ID     [N,K] -1 absent                   */
    wl_tensor g;       /* in  REAL   [N,K] as written by forward       */
    wl_tensor dloss;   /* in  REAL   [1]   optional; absent is 1       */
    wl_tensor dh;      /* out STORED [N,D] strided, optional           */
    wl_tensor dtable;  /* acc REAL   [V,D] strided, optional           */
} wl_negative_sampling_backward_args;

WL_API wl_status wl_negative_sampling_backward(wl_ctx *ctx,
                                               const wl_negative_sampling_backward_args *args);
WL_API wl_status wl_negative_sampling_backward_workspace(
    wl_ctx *ctx, const wl_negative_sampling_backward_args *args, size_t *bytes);

typedef struct wl_negative_sampling_shared_forward_args {
    size_t size;
    wl_tensor h;         /* in  STORED [N,D]                               */
    wl_tensor table;     /* in  STORED [V,D] strided                       */
    wl_tensor targets;   /* in  ID     [N] -1 absent                       */
    wl_tensor negatives; /* in  ID     [K] -1 absent                       */
    wl_tensor loss;      /* out REAL   [1]                                 */
    wl_tensor gt;        /* out REAL   [N]   the gradient at a target's score    */
    wl_tensor gn;        /* out REAL   [N,K] the gradient at a negative's score  */
    double scale;        /* host: as above                                 */
} wl_negative_sampling_shared_forward_args;

WL_API wl_status wl_negative_sampling_shared_forward(
    wl_ctx *ctx, const wl_negative_sampling_shared_forward_args *args);
WL_API wl_status wl_negative_sampling_shared_forward_workspace(
    wl_ctx *ctx, const wl_negative_sampling_shared_forward_args *args, size_t *bytes);

typedef struct wl_negative_sampling_shared_backward_args {
    size_t size;
    wl_tensor h;          /* in  STORED [N,D]                                       */
    wl_tensor table;      /* in  STORED [V,D] strided                               */
    wl_tensor targets;    /* in  ID     [N] -1 absent                               */
    wl_tensor negatives;  /* in  ID     [K] -1 absent                               */
    wl_tensor gt;         /* in  REAL   [N]   as written by forward                 */
    wl_tensor gn;         /* in  REAL   [N,K] as written by forward                 */
    wl_tensor dloss;      /* in  REAL   [1]   optional; absent is 1                 */
    wl_tensor dh;         /* out STORED [N,D]                                       */
    wl_tensor dnegatives; /* out REAL   [K,D] of the K shared rows, to be scattered
                             by `negatives` (the targets' part: `gt` as weights of h) */
    wl_tensor dtable;     /* acc REAL   [V,D] strided, optional: both parts, dense  */
} wl_negative_sampling_shared_backward_args;

WL_API wl_status wl_negative_sampling_shared_backward(
    wl_ctx *ctx, const wl_negative_sampling_shared_backward_args *args);
WL_API wl_status wl_negative_sampling_shared_backward_workspace(
    wl_ctx *ctx, const wl_negative_sampling_shared_backward_args *args, size_t *bytes);

WL_END
#endif
