/* Co-occurrence: how often words stand near each other, and how much more often than by chance.
 *
 *   count   C[i,j] = sum over places p, and distances d in 1..W, of weights[d-1] for each of the
 *           places p - d and p + d that holds j while p holds i, in one sentence with it
 *   ppmi    y[n] = max(0, log2(C[n] total / (row_sums[i] column_sums[j]) + eps) - shift)
 *
 * C is symmetric. Weights are whole numbers, and so are their sums: exact up to 2^63, whatever the
 * order. All 1 count pairs; L/1, L/2, ..., L/W, with L a multiple of 1..W, are GloVe's reciprocals
 * in units of 1/L (Pennington, Socher & Manning 2014, section 4.2); W, ..., 2, 1 are word2vec's
 * mean over its windows, in units of 1/W.
 *
 * PPMI is positive pointwise mutual information in bits (Church & Hanks 1990; eps as in Saito,
 * "Deep Learning from Scratch 2", section 2.4.1). To smooth the contexts' distribution, give each
 * column sum to the power alpha, and as total the sum of those; to shift by k negatives, log2 k
 * (Levy, Goldberg & Dagan 2015, sections 3.2 and 3.1).
 *
 * An id out of bounds is reported by wl_ctx_sync. */
#ifndef WORDLOOM_COOCCURRENCE_H
#define WORDLOOM_COOCCURRENCE_H

#include <wordloom/context.h>

WL_BEGIN

/* The sums as the entries that are named by a pair, in the order of their keys i V + j. Only the
 * first count[0] of keys and sums are written. To count a long text in pieces, let each begin with
 * the last W tokens of the piece before it: pairs among the first `old` tokens are left out. */
typedef struct wl_cooccurrence_count_args {
    size_t size;
    wl_tensor tokens;  /* in  ID  [N] -1, and what is out of bounds, ends a sentence */
    wl_tensor weights; /* in  I64 [W] of a neighbour at distance 1 to W              */
    wl_tensor keys;    /* out I64 [2WN] ascending                                    */
    wl_tensor sums;    /* out I64 [2WN]                                              */
    wl_tensor count;   /* out I64 [1] how many there are                             */
    int64_t V;         /* host: ids lie in 0..V-1; V is at most 2^31                 */
    int64_t old;       /* host: tokens whose pairs are counted already               */
} wl_cooccurrence_count_args;

WL_API wl_status wl_cooccurrence_count(wl_ctx *ctx, const wl_cooccurrence_count_args *args);
WL_API wl_status wl_cooccurrence_count_workspace(wl_ctx *ctx,
                                                 const wl_cooccurrence_count_args *args,
                                                 size_t *bytes);

/* An entry at a time, wherever the entries of the matrix lie: its row, its column, its value. An
 * entry of 0 or less, or with an id out of bounds, gives 0. Arithmetic is in double. */
typedef struct wl_cooccurrence_ppmi_args {
    size_t size;
    wl_tensor rows;        /* in  ID   [N]                                  */
    wl_tensor columns;     /* in  ID   [N]                                  */
    wl_tensor values;      /* in  REAL [N]                                  */
    wl_tensor row_sums;    /* in  REAL [R]                                  */
    wl_tensor column_sums; /* in  REAL [C]                                  */
    wl_tensor y;           /* out REAL [N] may be values                    */
    double total;          /* host: the sum of the column sums              */
    double eps;            /* host: added within the logarithm              */
    double shift;          /* host: bits to subtract                        */
} wl_cooccurrence_ppmi_args;

WL_API wl_status wl_cooccurrence_ppmi(wl_ctx *ctx, const wl_cooccurrence_ppmi_args *args);
WL_API wl_status wl_cooccurrence_ppmi_workspace(wl_ctx *ctx, const wl_cooccurrence_ppmi_args *args,
                                                size_t *bytes);

WL_END
#endif
