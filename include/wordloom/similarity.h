/* The rows of a table that are nearest to queries by cosine, and those that complete analogies.
 *
 *   norms      inverse[v] = 1 / |table[v]|
 *   topk       score[q,v] = cos(q, v) = queries[q] . table[v] / (|queries[q]| |table[v]|)
 *   multiply   score[q,v] = s(b,v) s(c,v) / (s(a,v) + 0.001), where a, b and c are queries[q] and
 *              s = (1 + cos) / 2: "a is to b as c is to v" by 3CosMul (Levy and Goldberg 2014,
 *              "Linguistic Regularities in Sparse and Explicit Word Representations", section 6)
 *
 * The last two answer, for each q, the K rows with the greatest scores, the best first and of equal
 * scores the lower id. Rows that `excluded` names are left out, and so is a score of NaN or
 * -infinity, which come of rows that are not finite or of products beyond f32. What is left of the
 * K gets the id -1 and the score 0. Queries may have any length: those of topk may be sums of
 * others, as by 3CosAdd. A row or query of zeros, or shorter than 2^-126, counts as one whose
 * cosine with everything is 0. Scores come tile by tile into the workspace, whose size does not
 * grow with Q times V.
 *
 * An excluded id outside 0..V-1 excludes nothing and is reported by wl_ctx_sync, but for -1. */
#ifndef WORDLOOM_SIMILARITY_H
#define WORDLOOM_SIMILARITY_H

#include <wordloom/context.h>

WL_BEGIN

/* K at most. */
enum { WL_SIMILARITY_MOST = 1024 };

typedef struct wl_similarity_norms_args {
    size_t size;
    wl_tensor table;   /* in  STORED [V,D] strided */
    wl_tensor inverse; /* out REAL   [V]           */
} wl_similarity_norms_args;

WL_API wl_status wl_similarity_norms(wl_ctx *ctx, const wl_similarity_norms_args *args);
WL_API wl_status wl_similarity_norms_workspace(wl_ctx *ctx, const wl_similarity_norms_args *args,
                                               size_t *bytes);

typedef struct wl_similarity_topk_args {
    size_t size;
    wl_tensor table;    /* in  STORED [V,D] strided                             */
    wl_tensor inverse;  /* in  REAL   [V], as norms has it                      */
    wl_tensor queries;  /* in  STORED [Q,D]                                     */
    wl_tensor excluded; /* in  ID     [Q,E] optional; -1 absent                 */
    wl_tensor ids;      /* out ID     [Q,K]                                     */
    wl_tensor scores;   /* out REAL   [Q,K]                                     */
} wl_similarity_topk_args;

WL_API wl_status wl_similarity_topk(wl_ctx *ctx, const wl_similarity_topk_args *args);
WL_API wl_status wl_similarity_topk_workspace(wl_ctx *ctx, const wl_similarity_topk_args *args,
                                              size_t *bytes);

typedef struct wl_similarity_multiply_args {
    size_t size;
    wl_tensor table;    /* in  STORED [V,D] strided             */
    wl_tensor inverse;  /* in  REAL   [V], as norms has it      */
    wl_tensor queries;  /* in  STORED [Q,3,D]: a, b and c       */
    wl_tensor excluded; /* in  ID     [Q,E] optional; -1 absent */
    wl_tensor ids;      /* out ID     [Q,K]                     */
    wl_tensor scores;   /* out REAL   [Q,K]                     */
} wl_similarity_multiply_args;

WL_API wl_status wl_similarity_multiply(wl_ctx *ctx, const wl_similarity_multiply_args *args);
WL_API wl_status wl_similarity_multiply_workspace(wl_ctx *ctx,
                                                  const wl_similarity_multiply_args *args,
                                                  size_t *bytes);

WL_END
#endif
