/* The calls of <wordloom/gru.h> as recurrences. */
#ifndef WL_GRU_CALL_H
#define WL_GRU_CALL_H

#include "recurrence.h"

static inline wl_recurrence wl_gru_forward_of(const wl_dims *d, const wl_gru_forward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 3, &a->x, &a->s, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.sums = &a->gates;
    n.meeting = a->reset == WL_RESET_BEFORE ? WL_IN_TWO : WL_APART;
    n.zoneout =
        wl_zoneout_of(&a->step, a->zoneout, a->seed, a->layer, a->expected, WL_PURPOSE_ZONEOUT);
    return n;
}

static inline wl_recurrence wl_gru_backward_of(const wl_dims *d, const wl_gru_backward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 3, &a->x, &a->s, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.dx = wl_if_present(&a->dx);
    n.ds = wl_if_present(&a->ds);
    n.meeting = a->reset == WL_RESET_BEFORE ? WL_IN_TWO : WL_APART;
    n.zoneout = wl_zoneout_of(&a->step, a->zoneout, a->seed, a->layer, 0, WL_PURPOSE_ZONEOUT);
    return n;
}

/* The gate that h[t-1] enters through r: n. */
static inline wl_gates wl_gru_reset_gates(void)
{
    const wl_gates n = { 2, 1 };
    return n;
}

/* q [T,B,H] within the gates. */
static inline wl_tensor wl_gru_q(const wl_recurrence *a, const wl_tensor *gates)
{
    wl_tensor q = *gates;
    q.data = (char *)gates->data + (size_t)(3 * a->H) * wl_dtype_size(gates->dtype);
    q.shape[2] = a->H;
    q.stride[0] = a->B * 4 * a->H;
    q.stride[1] = 4 * a->H;
    q.stride[2] = 1;
    return q;
}

#endif
