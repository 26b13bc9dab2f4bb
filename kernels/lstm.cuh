/* What the files of the LSTM's kernels share. */
#ifndef WL_LSTM_CUH
#define WL_LSTM_CUH

#include "../host/ops/lstm.h"
#include "recurrence.cuh"

/* The steps of a call by one kernel that keeps the recurrent weights on chip; forward once the
 * inputs' sums are there, the state at the end going where the one at the beginning was; backward
 * between begin_backward and end_backward. *ran: whether there is such a way for the call on this
 * device. */
wl_status lstm_stationary_forward(wl_ctx *ctx, const wl_recurrence &n,
                                  const wl_lstm_forward_args *a, const wl_recurrence_space &space,
                                  bool *ran);
wl_status lstm_stationary_backward(wl_ctx *ctx, const wl_recurrence &n,
                                   const wl_lstm_backward_args *a, const wl_recurrence_space &space,
                                   bool *ran);

/* The gradients at the four gates of W units, and at the cell state before. */
template <int W>
__device__ void cell_gradient(float (&gate)[4][W], float (&dc)[W], const float (&before)[W],
                              const float (&c)[W], const float (&dh)[W])
{
    for (int w = 0; w < W; w++) {
        const float i = gate[0][w], f = gate[1][w], g = gate[2][w], o = gate[3][w];
        const float tanh_c = tanhf(c[w]);
        const float d = dc[w] + dh[w] * o * (1 - tanh_c * tanh_c);
        gate[0][w] = d * g * i * (1 - i);
        gate[1][w] = d * before[w] * f * (1 - f);
        gate[2][w] = d * i * (1 - g * g);
        gate[3][w] = dh[w] * tanh_c * o * (1 - o);
        dc[w] = d * f;
    }
}

#endif
