/* A sparse matrix times a dense one.
 *
 *   y[n,k]  =  sum of values[e] x[columns[e],k] over e from offsets[n] to offsets[n+1] - 1
 *
 * The matrix lies in compressed sparse rows. What of offsets is out of 0..M is brought within, and
 * an end before its begin gives no entries; an entry with a column out of bounds adds nothing.
 * Entries add up in their order, each row for itself. */
#ifndef WORDLOOM_SPMM_H
#define WORDLOOM_SPMM_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_spmm_args {
    size_t size;
    wl_tensor offsets; /* in  I64  [N+1] ascending           */
    wl_tensor columns; /* in  ID   [M]                       */
    wl_tensor values;  /* in  REAL [M]                       */
    wl_tensor x;       /* in  REAL [C,K] strided             */
    wl_tensor y;       /* out REAL [N,K] strided             */
} wl_spmm_args;

WL_API wl_status wl_spmm(wl_ctx *ctx, const wl_spmm_args *args);
WL_API wl_status wl_spmm_workspace(wl_ctx *ctx, const wl_spmm_args *args, size_t *bytes);

WL_END
#endif
