/* Features put beside each other, and steps put in another order: what lies between layers, moved
 * and summed.
 *
 *   concat               y[n]    =  [ a[n] ; b[n] ]                  F = D + E features
 *   concat_backward      [ da[n] ; db[n] ]  =  dy[n]                 a split
 *   broadcast            y[t,b]  =  x[b]
 *   broadcast_backward   dx[b]   =  sum_t dy[t,b]
 *   reverse              y[t,b]  =  x[lengths[b] - 1 - t, b]         0 from t = lengths[b] on
 *   transpose            y[b,t]  =  x[t,b]
 *
 * Without lengths every sequence has all T steps; below 0 counts as 0, above T as T. Reverse undoes
 * itself, and is its own gradient (what lies past a sequence's end has none); transpose is its own
 * too, with T and B the other way round. What is moved keeps its bits. The sum is of f32 in the
 * order of t, and rounded once. */
#ifndef WORDLOOM_REARRANGE_H
#define WORDLOOM_REARRANGE_H

#include <wordloom/context.h>

WL_BEGIN

typedef struct wl_rearrange_concat_args {
    size_t size;
    wl_tensor a; /* in  STORED [N,D] strided            */
    wl_tensor b; /* in  STORED [N,E] strided            */
    wl_tensor y; /* out STORED [N,F] strided; F = D + E */
} wl_rearrange_concat_args;

/* WL_BAD_SHAPE: F is not D + E. */
WL_API wl_status wl_rearrange_concat(wl_ctx *ctx, const wl_rearrange_concat_args *args);
WL_API wl_status wl_rearrange_concat_workspace(wl_ctx *ctx, const wl_rearrange_concat_args *args,
                                               size_t *bytes);

/* A gradient that is left out is of the features that are not the other's. */
typedef struct wl_rearrange_concat_backward_args {
    size_t size;
    wl_tensor dy; /* in  STORED [N,F] strided; F = D + E                 */
    wl_tensor da; /* out STORED [N,D] strided; optional where db is there */
    wl_tensor db; /* out STORED [N,E] strided; optional where da is there */
} wl_rearrange_concat_backward_args;

/* WL_MISSING: neither da nor db. WL_BAD_SHAPE: F is not D + E, or less than the one that is there.
 */
WL_API wl_status wl_rearrange_concat_backward(wl_ctx *ctx,
                                              const wl_rearrange_concat_backward_args *args);
WL_API wl_status wl_rearrange_concat_backward_workspace(
    wl_ctx *ctx, const wl_rearrange_concat_backward_args *args, size_t *bytes);

typedef struct wl_rearrange_broadcast_args {
    size_t size;
    wl_tensor x; /* in  STORED [B,D] strided   */
    wl_tensor y; /* out STORED [T,B,D] strided */
} wl_rearrange_broadcast_args;

WL_API wl_status wl_rearrange_broadcast(wl_ctx *ctx, const wl_rearrange_broadcast_args *args);
WL_API wl_status wl_rearrange_broadcast_workspace(wl_ctx *ctx,
                                                  const wl_rearrange_broadcast_args *args,
                                                  size_t *bytes);

typedef struct wl_rearrange_broadcast_backward_args {
    size_t size;
    wl_tensor dy; /* in  STORED [T,B,D] strided */
    wl_tensor dx; /* out STORED [B,D] strided   */
} wl_rearrange_broadcast_backward_args;

WL_API wl_status wl_rearrange_broadcast_backward(wl_ctx *ctx,
                                                 const wl_rearrange_broadcast_backward_args *args);
WL_API wl_status wl_rearrange_broadcast_backward_workspace(
    wl_ctx *ctx, const wl_rearrange_broadcast_backward_args *args, size_t *bytes);

typedef struct wl_rearrange_reverse_args {
    size_t size;
    wl_tensor x;       /* in  STORED [T,B,D] strided   */
    wl_tensor lengths; /* in  I32    [B] optional: 0..T */
    wl_tensor y;       /* out STORED [T,B,D] strided   */
} wl_rearrange_reverse_args;

WL_API wl_status wl_rearrange_reverse(wl_ctx *ctx, const wl_rearrange_reverse_args *args);
WL_API wl_status wl_rearrange_reverse_workspace(wl_ctx *ctx, const wl_rearrange_reverse_args *args,
                                                size_t *bytes);

typedef struct wl_rearrange_transpose_args {
    size_t size;
    wl_tensor x; /* in  STORED [T,B,D] strided */
    wl_tensor y; /* out STORED [B,T,D] strided */
} wl_rearrange_transpose_args;

WL_API wl_status wl_rearrange_transpose(wl_ctx *ctx, const wl_rearrange_transpose_args *args);
WL_API wl_status wl_rearrange_transpose_workspace(wl_ctx *ctx,
                                                  const wl_rearrange_transpose_args *args,
                                                  size_t *bytes);

WL_END
#endif
