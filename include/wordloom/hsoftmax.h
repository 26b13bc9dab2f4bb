/* Hierarchical softmax: words are the leaves of a binary tree, and the probability of a word is
 * that of the way to it, a decision at each inner node (Morin & Bengio 2005, "Hierarchical
 * Probabilistic Neural Network Language Model", section 3; over a Huffman tree: Mikolov et al.
 * 2013, "Distributed Representations of Words and Phrases", equation 3). A score costs as many
 * products as the way is long, about log2 W of them for W words.
 *
 * The way to word w passes the nodes nodes[first] .. nodes[first + length - 1], which are rows of
 * the table; paths[w] = { first, length, left }. At the first `left` of them it goes left, at the
 * others right; beyond that their order means nothing. <wordloom/nn/huffman.h> makes both tables.
 *
 *   s[n,k] = h[n] . table[samples[n,k]]          sample k is node k on the way to targets[n]
 *   -log p(targets[n])  =  - sum_{k<left} log sigmoid(s[n,k]) - sum_{k>=left} log sigmoid(-s[n,k])
 *   loss   = scale sum_n -log p(targets[n])
 *   g[n,k] = scale (sigmoid(s[n,k]) - [k < left])  the gradient at s[n,k]
 *   dh[n]  = sum_k g[n,k] table[samples[n,k]]      dtable[samples[n,k]] += g[n,k] h[n]
 *
 * So samples and g are what negative sampling has too: the gradient of the table is
 * embedding_scatter, embedding_compact or embedding_update of h by them, and the backward calls of
 * both families do the same.
 *
 * A target of -1 has no loss; any other outside 0..W-1 has none either, and is reported by
 * wl_ctx_sync. A path that leaves `nodes`, is longer than K, or has a node that is no row of the
 * table, is treated as empty, without a report. */
#ifndef WORDLOOM_HSOFTMAX_H
#define WORDLOOM_HSOFTMAX_H

#include <wordloom/negative_sampling.h>

WL_BEGIN

typedef struct wl_hsoftmax_forward_args {
    size_t size;
    wl_tensor h;       /* in  STORED [N,D] strided                                       */
    wl_tensor table;   /* in  STORED [V,D] strided: of inner nodes                       */
    wl_tensor targets; /* in  ID     [N] words; -1 absent                                */
    wl_tensor paths;   /* in  I32    [W,3]                                               */
    wl_tensor nodes;   /* in  I32    [E]                                                 */
    wl_tensor loss;    /* out REAL   [1]                                                 */
    wl_tensor g;       /* out REAL   [N,K] kept for backward, K no less than any length  */
    wl_tensor samples; /* out I32    [N,K] kept for backward; -1 past the end of the way */
    wl_tensor dh;      /* out STORED [N,D] strided, optional: in the same pass           */
    double scale;      /* host: of loss and gradients; 1/N for their mean                */
} wl_hsoftmax_forward_args;

WL_API wl_status wl_hsoftmax_forward(wl_ctx *ctx, const wl_hsoftmax_forward_args *args);
WL_API wl_status wl_hsoftmax_forward_workspace(wl_ctx *ctx, const wl_hsoftmax_forward_args *args,
                                               size_t *bytes);

/* h, table, dh and dtable as above; samples and g as written by forward. */
typedef wl_negative_sampling_backward_args wl_hsoftmax_backward_args;

WL_API wl_status wl_hsoftmax_backward(wl_ctx *ctx, const wl_hsoftmax_backward_args *args);
WL_API wl_status wl_hsoftmax_backward_workspace(wl_ctx *ctx, const wl_hsoftmax_backward_args *args,
                                                size_t *bytes);

WL_END
#endif
