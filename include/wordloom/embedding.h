/* Embedding: rows of a table picked by token id, and what training does to them.
 *
 *   gather          y[n] = table[ids[n]]
 *   gather_pooled   y[n] = 1/c[n] sum_k weights[n,k] table[ids[n,k]]
 *   scatter         dtable[ids[n,k]] += 1/c[n] weights[n,k] dy[n]
 *
 * c[n] is the number of slots that hold an id if `mean` is set (a row without any gives 0), else
 * 1; absent weights are 1. Scatter is the adjoint of both gathers (of the plain one with K = 1,
 * and ids of shape [N,1]). With weights it also gives the gradient of any sum of weighted rows,
 * such as that of negative sampling's output table. (Pooled context vectors: Mikolov et al. 2013,
 * "Efficient Estimation of Word Representations in Vector Space", section 3.1.)
 *
 * An id outside 0..V-1 is skipped and reported by wl_ctx_sync; a plain gather then writes zeros.
 * -1 marks an empty slot where the row says "-1 absent", and is no error. */
#ifndef WORDLOOM_EMBEDDING_H
#define WORDLOOM_EMBEDDING_H

#include <wordloom/context.h>
#include <wordloom/optimizer.h>

WL_BEGIN

typedef struct wl_embedding_gather_args {
    size_t size;
    wl_tensor table; /* in  STORED [V,D] strided */
    wl_tensor ids;   /* in  ID     [N]           */
    wl_tensor y;     /* out STORED [N,D] strided */
} wl_embedding_gather_args;

WL_API wl_status wl_embedding_gather(wl_ctx *ctx, const wl_embedding_gather_args *args);
WL_API wl_status wl_embedding_gather_workspace(wl_ctx *ctx, const wl_embedding_gather_args *args,
                                               size_t *bytes);

typedef struct wl_embedding_gather_pooled_args {
    size_t size;
    wl_tensor table;   /* in  STORED [V,D] strided         */
    wl_tensor ids;     /* in  ID     [N,K] -1 absent       */
    wl_tensor weights; /* in  REAL   [N,K] optional        */
    wl_tensor y;       /* out STORED [N,D] strided         */
    int32_t mean;      /* 0: the sum; 1: divided by the present slots */
} wl_embedding_gather_pooled_args;

WL_API wl_status wl_embedding_gather_pooled(wl_ctx *ctx,
                                            const wl_embedding_gather_pooled_args *args);
WL_API wl_status wl_embedding_gather_pooled_workspace(wl_ctx *ctx,
                                                      const wl_embedding_gather_pooled_args *args,
                                                      size_t *bytes);

/* Deterministic: each row adds its contributions in an order that the ids alone decide. */
typedef struct wl_embedding_scatter_args {
    size_t size;
    wl_tensor ids;     /* in  ID     [N,K] -1 absent */
    wl_tensor weights; /* in  REAL   [N,K] optional  */
    wl_tensor dy;      /* in  STORED [N,D] strided   */
    wl_tensor dtable;  /* acc REAL   [V,D] strided   */
    int32_t mean;      /* as in gather_pooled        */
} wl_embedding_scatter_args;

WL_API wl_status wl_embedding_scatter(wl_ctx *ctx, const wl_embedding_scatter_args *args);
WL_API wl_status wl_embedding_scatter_workspace(wl_ctx *ctx, const wl_embedding_scatter_args *args,
                                                size_t *bytes);

/* The same sums by atomic additions: needs no workspace, but on CUDA the order, and so the last
 * bits, differ from run to run. */
typedef struct wl_embedding_scatter_atomic_args {
    size_t size;
    wl_tensor ids;     /* in  ID     [N,K] -1 absent */
    wl_tensor weights; /* in  REAL   [N,K] optional  */
    wl_tensor dy;      /* in  STORED [N,D] strided   */
    wl_tensor dtable;  /* acc REAL   [V,D] strided   */
    int32_t mean;      /* as in gather_pooled        */
} wl_embedding_scatter_atomic_args;

WL_API wl_status wl_embedding_scatter_atomic(wl_ctx *ctx,
                                             const wl_embedding_scatter_atomic_args *args);
WL_API wl_status wl_embedding_scatter_atomic_workspace(wl_ctx *ctx,
                                                       const wl_embedding_scatter_atomic_args *args,
                                                       size_t *bytes);

/* The gradient of the table as its distinct rows, in ascending order, and one sum for each. Only
 * the first count[0] of rows and sums are written. With a cap > 0, a row that more than `cap`
 * slots name has its sum scaled by cap/slots: this keeps a mini-batch of frequent words stable. */
typedef struct wl_embedding_compact_args {
    size_t size;
    wl_tensor ids;     /* in  ID     [N,K] -1 absent                    */
    wl_tensor weights; /* in  REAL   [N,K] optional                     */
    wl_tensor dy;      /* in  STORED [N,D] strided                      */
    wl_tensor rows;    /* out I64    [NK]  the distinct ids, ascending  */
    wl_tensor count;   /* out I64    [1]   how many there are           */
    wl_tensor sums;    /* out REAL   [NK,D]                             */
    int64_t V;         /* host: ids lie in 0..V-1                       */
    double cap;        /* host: 0 for none                              */
    int32_t mean;      /* as in gather_pooled                           */
} wl_embedding_compact_args;

WL_API wl_status wl_embedding_compact(wl_ctx *ctx, const wl_embedding_compact_args *args);
WL_API wl_status wl_embedding_compact_workspace(wl_ctx *ctx, const wl_embedding_compact_args *args,
                                                size_t *bytes);

/* compact and optimizer_update_rows in one: each row that is looked up has its contributions
 * summed in order and is updated once, where it lies; nothing of the size of the table or of the
 * gradient is written. Rows that are not looked up stay as they are (Adam is lazy). */
typedef struct wl_embedding_update_args {
    size_t size;
    wl_tensor table;     /* state STORED [V,D] strided        */
    wl_tensor m;         /* state REAL   [V,D] where the rule has a first moment  */
    wl_tensor v;         /* state REAL   [V,D] where the rule has a second moment */
    wl_tensor ids;       /* in    ID     [N,K] -1 absent      */
    wl_tensor weights;   /* in    REAL   [N,K] optional       */
    wl_tensor dy;        /* in    STORED [N,D] strided        */
    wl_update_rule rule; /* see optimizer.h                   */
    double cap;          /* host: as in compact               */
    int32_t mean;        /* as in gather_pooled               */
} wl_embedding_update_args;

WL_API wl_status wl_embedding_update(wl_ctx *ctx, const wl_embedding_update_args *args);
WL_API wl_status wl_embedding_update_workspace(wl_ctx *ctx, const wl_embedding_update_args *args,
                                               size_t *bytes);

WL_END
#endif
