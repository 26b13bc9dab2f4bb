/* A call of a recurrent cell by kernels that keep its weights on chip. A cell is a struct for each
 * direction: see stationary_forward.cuh and stationary_backward.cuh. */
#ifndef WL_STATIONARY_CALL_CUH
#define WL_STATIONARY_CALL_CUH

#include "stationary_backward.cuh"
#include "stationary_forward.cuh"
#include "stationary_grid.cuh"

/* f of a type, for a call that is one for kernels with stationary weights at all. */
template <class F> wl_status if_stationary(const wl_recurrence &n, bool *ran, F f)
{
    const bool suits = n.T >= 2 && n.B > 0 && n.B <= INT32_MAX / (2 * MOST_BLOCKS) && n.H > 0 &&
                       n.H <= INT32_MAX / 8 && !n.zoneout.on && !n.cell_zoneout.on &&
                       n.meeting != WL_IN_TWO;
    *ran = false;
    if (suits && n.x->dtype == WL_F16) return f(__half());
    if (suits && n.x->dtype == WL_BF16) return f(__nv_bfloat16());
    if (suits && n.x->dtype == WL_F32) return f(float());
    return WL_OK;
}

/* The steps of a forward call whose inputs' sums are there, by one kernel; the state at the end
 * goes where the one at the beginning was. *ran: whether there is such a way on this device. */
template <class Cell>
wl_status run_stationary_forward(wl_ctx *ctx, const wl_recurrence &n,
                                 const wl_recurrence_space &space, const Cell &cell, bool *ran)
{
    const wl_status status = cluster_forward(ctx, n, space, cell, ran);
    return status || *ran ? status : grid_forward(ctx, n, space, cell, ran);
}

/* The steps of a backward call, by one kernel: gradients at the gates, and in `carry` that at the
 * initial state. */
template <class Cell>
wl_status run_stationary_backward(wl_ctx *ctx, const wl_recurrence &n,
                                  const wl_recurrence_space &space, const Cell &cell, bool *ran)
{
    const wl_status status = cluster_backward(ctx, n, space, cell, ran);
    return status || *ran ? status : grid_backward(ctx, n, space, cell, ran);
}

#endif
