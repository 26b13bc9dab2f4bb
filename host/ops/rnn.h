/* The calls of <wordloom/rnn.h> as recurrences. */
#ifndef WL_RNN_CALL_H
#define WL_RNN_CALL_H

#include "recurrence.h"

static inline wl_recurrence wl_rnn_forward_of(const wl_dims *d, const wl_rnn_forward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 1, &a->x, &a->s, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.sums = &a->h;
    n.zoneout =
        wl_zoneout_of(&a->step, a->zoneout, a->seed, a->layer, a->expected, WL_PURPOSE_ZONEOUT);
    return n;
}

static inline wl_recurrence wl_rnn_backward_of(const wl_dims *d, const wl_rnn_backward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 1, &a->x, &a->s, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.dx = wl_if_present(&a->dx);
    n.ds = wl_if_present(&a->ds);
    n.zoneout = wl_zoneout_of(&a->step, a->zoneout, a->seed, a->layer, 0, WL_PURPOSE_ZONEOUT);
    return n;
}

#endif
