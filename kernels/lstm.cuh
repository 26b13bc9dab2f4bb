/* What the files of the LSTM's kernels share. */
#ifndef WL_LSTM_CUH
#define WL_LSTM_CUH

#include "../host/ops/lstm.h"
#include "recurrence.cuh"

/* The steps of a forward call whose inputs' sums are there, by one kernel that keeps the recurrent
 * weights on chip; the state at the end goes where the one at the beginning was. *ran: whether
 * there is such a way for the call on this device. */
wl_status run_stationary(wl_ctx *ctx, const wl_recurrence &n, const wl_lstm_forward_args *a,
                         const wl_recurrence_space &space, bool *ran);

#endif
