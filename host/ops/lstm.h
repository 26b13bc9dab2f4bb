/* The calls of <wordloom/lstm.h> as recurrences. */
#ifndef WL_LSTM_CALL_H
#define WL_LSTM_CALL_H

#include "recurrence.h"

static inline wl_recurrence wl_lstm_forward_of(const wl_dims *d, const wl_lstm_forward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 4, &a->x, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.sums = &a->gates;
    n.cells = true;
    return n;
}

static inline wl_recurrence wl_lstm_backward_of(const wl_dims *d, const wl_lstm_backward_args *a)
{
    wl_recurrence n =
        wl_recurrence_of(d, 4, &a->x, &a->h0, &a->w, &a->r, &a->lengths, &a->h, a->reverse);
    n.dx = wl_if_present(&a->dx);
    n.cells = true;
    return n;
}

#endif
