/* The end of a training step: gradients are clipped by their norm and move the parameters, unless
 * they are not finite. What it counts lies on the device, where it decides. */
#ifndef WL_DESCENT_H
#define WL_DESCENT_H

#include "lookup.h"

WL_BEGIN

enum { WL_DESCENT_MOST_BAD = 25 /* steps in a row that end a run */ };

typedef struct wl_descent {
    wl_parameters *parameters;
    double clip;          /* the norm at most; 0: any */
    uint64_t seed;        /* of stochastic rounding */
    wl_tensor loss;       /* REAL [1]: of the step; the caller's */
    wl_tensor loss_scale; /* REAL [1] of f16: what gradients are multiples of; else none */
    wl_tensor lr;         /* REAL [1] */
    wl_tensor step;       /* I64 [1]: steps that count */
    wl_tensor sum, scale; /* REAL [1]: squares of all gradients, and what comes of them */
    wl_tensor total;      /* REAL [1]: losses of the steps that count */
    wl_tensor skipped;    /* I64 [1]: steps that do not, */
    wl_tensor in_a_row;   /* I64 [1]: and how many of them lately */
    wl_tensor clean;      /* I64 [1]: of the loss scale */
} wl_descent;

/* Takes the tensors from the arena; the rest is the caller's. */
void wl_descent_carve(wl_descent *descent, wl_arena *arena);
/* The counts of a run that begins. */
wl_status wl_descent_begin(const wl_descent *descent, wl_error *error);
wl_status wl_descent_set_rate(const wl_descent *descent, double lr, wl_error *error);

/* All gradients become 0. Where `bytes` is not null these only raise it, as calls of a pass do. */
wl_status wl_descent_clear(const wl_descent *descent, size_t *bytes);
/* Moves the parameters and the tables that were looked up, of which the list ends with null. */
wl_status wl_descent_update(const wl_descent *descent, const wl_lookup_pass *const *looked_up,
                            size_t *bytes);

/* What was counted since the last call, of `total`; since the run began, of the others. Waits. */
typedef struct wl_descent_tally {
    float total;
    int64_t skipped, in_a_row;
} wl_descent_tally;
wl_status wl_descent_fetch(const wl_descent *descent, wl_descent_tally *out, wl_error *error);

WL_END
#endif
