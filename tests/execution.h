/* A case laid out in a backend's memory, called, and read back. */
#ifndef EXECUTION_H
#define EXECUTION_H

#include "opcase.h"

WL_BEGIN

/* The references that only tests have. */
extern const wl_backend wl_ref_oracle_backend;
extern const wl_backend wl_ref_plain0_backend, wl_ref_plain1_backend, wl_ref_plain2_backend;

/* Calls operator number `number` through its public function. */
wl_status call_operator(int number, wl_ctx *ctx, const void *args);
wl_status call_workspace(int number, wl_ctx *ctx, const void *args, size_t *bytes);
int operator_number(const wl_op_spec *spec);

/* A case bound to memory of its own: ready to be called over and over. */
typedef struct bound_case {
    const op_case *of;
    wl_ctx *ctx;
    char *block[WL_MAX_ARGS + 1];  /* allocations; the last is the workspace */
    size_t bytes[WL_MAX_ARGS + 1]; /* of each, between its guards */
    union {
        max_align_t align;
        char bytes[2048];
    } args;
} bound_case;

/* Outputs start as 0xff (NaN); inputs, accumulators and states as the case has them. Every
 * buffer has guards. Returns 0, or -1 with the reason in `trouble`. */
int case_bind(bound_case *out, const op_case *c, const wl_backend *backend, char trouble[256]);
wl_tensor *bound_tensor(bound_case *b, int row);
wl_status bound_call(bound_case *b);
void bound_free(bound_case *b);

/* A mistake to plant: the workspace is this much smaller than what its operator is told. */
extern size_t planted_workspace_cut;

/* What a call left behind. */
typedef struct outcome {
    const op_case *of;
    wl_status status;           /* of the call, or else of the sync */
    char trouble[600];          /* "" where all is well */
    double *value[WL_MAX_ARGS]; /* of the rows that the call writes, in the case's order */
    uint64_t hash;              /* of their bytes */
} outcome;

/* Reads back what calls on a bound case have left by now. Returns 0 if guards and padding are
 * untouched and inputs unchanged; else -1, with the reason in `trouble`. `out` starts as zero. */
int bound_outcome(outcome *out, bound_case *b);

/* Binds, calls, waits and reads back. Returns 0 if the call succeeded, guards and padding are
 * untouched and inputs unchanged; else -1, with the reason and how to repeat it in `trouble`. */
int execute(outcome *out, const op_case *c, const wl_backend *backend);
void outcome_free(outcome *o);

WL_END
#endif
