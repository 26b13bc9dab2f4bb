/* The calls of <wordloom/lstm.h> as recurrences. */
#ifndef WL_LSTM_CALL_H
#define WL_LSTM_CALL_H

#include "recurrence.h"

static inline wl_recurrence wl_lstm_forward_of(const wl_dims *d, const wl_lstm_forward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 4, &a->x, &a->s, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.sums = &a->gates;
    n.cells = true;
    n.zoneout =
        wl_zoneout_of(&a->step, a->zoneout, a->seed, a->layer, a->expected, WL_PURPOSE_ZONEOUT);
    n.cell_zoneout =
        wl_zoneout_of(&a->step, a->zoneout_c, a->seed, a->layer, a->expected, WL_PURPOSE_ZONEOUT_C);
    return n;
}

static inline wl_recurrence wl_lstm_backward_of(const wl_dims *d, const wl_lstm_backward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 4, &a->x, &a->s, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.dx = wl_if_present(&a->dx);
    n.ds = wl_if_present(&a->ds);
    n.cells = true;
    n.zoneout = wl_zoneout_of(&a->step, a->zoneout, a->seed, a->layer, 0, WL_PURPOSE_ZONEOUT);
    n.cell_zoneout =
        wl_zoneout_of(&a->step, a->zoneout_c, a->seed, a->layer, 0, WL_PURPOSE_ZONEOUT_C);
    return n;
}

#endif
