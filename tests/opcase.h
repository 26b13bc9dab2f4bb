/* A call of any operator, made from its contract: sizes in, values in double. Tests and
 * benchmarks share it. */
#ifndef OPCASE_H
#define OPCASE_H

#include "../host/core/op.h"

WL_BEGIN

/* How ids are drawn: skewed, so that some repeat; all alike; by Zipf's law. */
typedef enum case_ids { CASE_SKEWED, CASE_UNIFORM, CASE_ZIPF } case_ids;

typedef struct op_case {
    const wl_op_spec *spec;
    char text[256]; /* the sizes as given: "N=7 D=3 V=5 dtype=bf16" */
    uint64_t seed;
    wl_dims dims;
    int32_t stored, id; /* the dtypes of STORED and ID */
    case_ids ids;
    int64_t pad, offset;         /* elements between strided rows; before the first */
    int64_t swap;                /* 1: axes 0 and 1 of strided [T,B,X] lie the other way round */
    wl_tensor like[WL_MAX_ARGS]; /* dtype and shape of each tensor row; ndim 0: absent */
    int64_t count[WL_MAX_ARGS];  /* its elements */
    double *value[WL_MAX_ARGS];  /* their values, inputs already rounded to their dtype */
    double scalar[WL_MAX_ARGS];  /* of host rows */
} op_case;

/* Makes a case; words of `text`, separated by spaces, in any order:
 *
 *   N=7               a size letter                dtype=f32|f16|bf16   of STORED
 *   id=i32|i64        of ID                        -weights             leave an optional row out
 *   rule.kind=5       a host scalar                pad=3                strides of strided rows
 *   offset=1          elements of misalignment     bad=2                ids out of bounds
 *   swap=1            strided [T,B,X] batch first  ids=uniform|zipf     else skewed
 *
 * A backward operator takes the words of its forward one too. Sizes not named are 1. Rows get
 * values by their makers, from `seed`; what a backward operator shares with its forward one comes
 * from running that on the oracle. Returns 0, or -1 with the reason in `trouble`. */
int case_make(op_case *out, const char *op, const char *text, uint64_t seed, char trouble[256]);
/* The forward case that a backward case belongs to: the same words, inputs and scalars. */
int case_forward(op_case *out, const op_case *backward, char trouble[256]);
int case_copy(op_case *out, const op_case *from);
void case_free(op_case *c);

int case_row(const op_case *c, const char *name); /* -1: none */
bool case_writes(const op_case *c, int row);      /* out, acc or state, and present */

/* Least bytes that the call moves, and its floating-point operations (0: not counted). */
double case_bytes(const op_case *c);
double case_flops(const op_case *c);

WL_END
#endif
