/* Sums of many numbers in an order that no device changes. */
#ifndef WL_SUMS_CUH
#define WL_SUMS_CUH

#include "device.cuh"

/* to[0] = (add ? to[0] : 0) + the sum of n floats. One block: a thread adds every 256th in
 * double, then a tree. For n up to some 100,000; sum parts first where there are more. */
wl_status sum_floats(wl_ctx *ctx, float *to, const float *from, int64_t n, bool add);

/* to[j] += the sum of column j of a [rows,columns] of STORED, rows `pitch` apart. A block has 32
 * columns: each warp adds every 8th row, then a tree. */
wl_status add_columns(wl_ctx *ctx, float *to, int32_t dtype, const void *from, int64_t rows,
                      int64_t columns, int64_t pitch);

#endif
