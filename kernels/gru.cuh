/* What the files of the GRU's kernels share. */
#ifndef WL_GRU_CUH
#define WL_GRU_CUH

#include "../host/ops/gru.h"
#include "recurrence.cuh"

/* The steps of a call that resets after the product, by one kernel that keeps the recurrent weights
 * on chip; forward once the inputs' sums are there, the state at the end going where the one at the
 * beginning was; backward between begin_backward and end_backward. *ran: whether there is such a
 * way for the call on this device. */
wl_status gru_stationary_forward(wl_ctx *ctx, const wl_recurrence &n, const wl_gru_forward_args *a,
                                 const wl_recurrence_space &space, bool *ran);
wl_status gru_stationary_backward(wl_ctx *ctx, const wl_recurrence &n,
                                  const wl_gru_backward_args *a, const wl_recurrence_space &space,
                                  bool *ran);

#endif
