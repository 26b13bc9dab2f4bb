/* Sums of many elements in an order that no device changes. */
#ifndef WL_SUMS_CUH
#define WL_SUMS_CUH

#include "device.cuh"

/* to[0] = (add ? to[0] : 0) + the sum of n floats. One block: a thread adds every 256th in
 * double, then a tree. For n up to some 100,000; sum parts first where there are more. */
wl_status sum_floats(wl_ctx *ctx, float *to, const float *from, int64_t n, bool add);

/* to[h] += the sum over n of x[n,h], for N rows of H elements of STORED, `pitch` apart: the bias's
 * part of a product's gradient. `parts` is WL_COLUMN_PARTS x H floats of workspace. */
wl_status add_columns(wl_ctx *ctx, float *to, const void *x, int32_t dtype, int64_t pitch,
                      int64_t N, int64_t H, float *parts);

/* to[h] += the sum over n_parts rows of parts[part,h]. */
wl_status add_parts(wl_ctx *ctx, float *to, const float *parts, int64_t n_parts, int64_t H);

#endif
