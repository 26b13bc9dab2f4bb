/* What the files of the RNN's kernels share. */
#ifndef WL_RNN_CUH
#define WL_RNN_CUH

#include "../host/ops/rnn.h"
#include "recurrence.cuh"

/* The steps of a call by one kernel that keeps the recurrent weights on chip; forward once the
 * inputs' sums are there, the state at the end going where the one at the beginning was; backward
 * between begin_backward and end_backward. *ran: whether there is such a way for the call on this
 * device. */
wl_status rnn_stationary_forward(wl_ctx *ctx, const wl_recurrence &n, const wl_rnn_forward_args *a,
                                 const wl_recurrence_space &space, bool *ran);
wl_status rnn_stationary_backward(wl_ctx *ctx, const wl_recurrence &n,
                                  const wl_rnn_backward_args *a, const wl_recurrence_space &space,
                                  bool *ran);

#endif
