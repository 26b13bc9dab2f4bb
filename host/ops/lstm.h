/* The calls of <wordloom/lstm.h> as recurrences. */
#ifndef WL_LSTM_CALL_H
#define WL_LSTM_CALL_H

#include "recurrence.h"

static inline wl_recurrence wl_lstm_forward_of(const wl_dims *d, const wl_lstm_forward_args *a)
{
    return (wl_recurrence){
        .T = d->T,
        .B = d->B,
        .D = d->D,
        .H = d->H,
        .G = 4,
        .x = &a->x,
        .h0 = wl_if_present(&a->h0),
        .w = &a->w,
        .r = &a->r,
        .lengths = wl_if_present(&a->lengths),
        .h = &a->h,
        .dx = NULL,
        .reverse = a->reverse != 0,
    };
}

static inline wl_recurrence wl_lstm_backward_of(const wl_dims *d, const wl_lstm_backward_args *a)
{
    return (wl_recurrence){
        .T = d->T,
        .B = d->B,
        .D = d->D,
        .H = d->H,
        .G = 4,
        .x = &a->x,
        .h0 = wl_if_present(&a->h0),
        .w = &a->w,
        .r = &a->r,
        .lengths = wl_if_present(&a->lengths),
        .h = &a->h,
        .dx = wl_if_present(&a->dx),
        .reverse = a->reverse != 0,
    };
}

#endif
